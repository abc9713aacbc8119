"""From what is passed to a fit to rows by their use."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from regkit._sklearn import feature_names
from regkit._types import Floats
from regkit.neural_network._chunked import Chunks, Stream, TargetEncoding
from regkit.neural_network._data import Table, no_rows
from regkit.neural_network._folds import cautious_weights
from regkit.neural_network._frames import FrameReader, as_table
from regkit.rows.bad_values import is_missing
from regkit.rows.inputs import check_fit_data, check_predict_X, check_sample_weight
from regkit.rows.open import as_source
from regkit.solvers.networks.scaling import Scaling, ScalingMoments

# What n_members="auto" is: two a fold for as long as time is no matter, then one.
_MANY_MEMBERS = 10
_FEW_MEMBERS = 5
_MANY_ROWS = 20_000


MOST_FOLDS = 5
"""Folds that members validate on, at most."""


def _as_drawn(weights: NDArray[Any], biases: NDArray[Any]) -> None:
    """Leave the last layer as it is."""


class Goal(NamedTuple):
    """What a subclass makes of y."""

    targets: Floats
    """(n, n_targets), for the kernels."""
    n_outputs: int
    loss: str
    loss_parameter: float
    attributes: dict[str, Any]
    """Fitted attributes that y decides."""
    n_beside: int = 0
    levels: tuple[float, ...] = (0.5,)
    start: Callable[[NDArray[Any], NDArray[Any]], None] = _as_drawn
    """Changes weights and biases of the last layer before training."""
    reader: FrameReader | None = None
    """Of categories and missing values, where there are any."""
    n_features: int = 0


class Parts(NamedTuple):
    """Rows by their use."""

    learn: Table
    """Those that networks are trained on."""
    validate: Table
    """Those that determine when to stop, and which epoch is kept."""
    calibrate: Table
    """Those that determine how wide intervals are."""
    stream: Stream | None = None
    """All rows to learn from, where ``learn`` is only a sample of them."""
    fold: int | None = None
    """Which fold the rows to validate on are, where others learn from them."""

    @property
    def n_rows(self) -> int:
        """Rows to learn from."""
        return len(self.learn.weights) if self.stream is None else self.stream.n_rows

    @property
    def holds_out(self) -> bool:
        """Whether there are rows not to learn from."""
        return bool(len(self.validate.weights) or len(self.calibrate.weights))


class FitInput(NamedTuple):
    """What was passed to a fit, checked."""

    table: Table
    """All rows, or a sample of them."""
    goal: Goal
    names: NDArray[Any] | None
    chunks: Chunks | None
    """The rows of which ``table`` is a sample."""
    encoding: TargetEncoding | None
    n_rows: int | None = None
    """How many were passed, those without weight counted, where ``table`` holds all."""

    def grouped(self, groups: Any, seed: int) -> "FitInput":
        """Return which rows belong together.

        Raises
        ------
        ValueError, TypeError
            When there is not one entry a row, one is missing, there is one group only,
            or rows are in chunks.
        """
        if self.chunks is not None or self.n_rows is None or self.table.numbers is None:
            raise TypeError("groups needs rows in memory, and X is in chunks.")
        groups = np.asarray(groups)
        if groups.shape != (self.n_rows,):
            raise ValueError(
                f"groups must have one entry a row: X has {self.n_rows} rows, groups "
                f"has the shape {groups.shape}."
            )
        missing = [row for row, each in enumerate(groups.tolist()) if is_missing(each)]
        if missing:
            raise ValueError(f"groups must not be missing, as in row {missing[0]}.")
        try:
            _, numbers = np.unique(groups[self.table.numbers], return_inverse=True)
        except TypeError as error:
            raise TypeError(f"groups must be of one kind: {error}.") from None
        count = int(numbers.max()) + 1
        if count < 2:
            raise ValueError("groups must hold at least two groups, got one.")
        order = np.random.default_rng(seed).permutation(count)
        return self._replace(table=replace(self.table, groups=order[numbers]))


def _check_rows_left(table: Table) -> None:
    if not len(table.weights):
        raise ValueError("class_weight leaves no row with a positive weight.")


def check_names(
    name: str,
    columns: NDArray[Any] | None,
    other: str,
    expected: NDArray[Any] | None,
) -> None:
    """Compare names of columns, where both have any.

    Raises
    ------
    ValueError
        Naming the first column that is another one.
    """
    if columns is None or expected is None or len(columns) != len(expected):
        return
    differs = np.flatnonzero(columns != expected)
    if len(differs):
        at = differs[0]
        raise ValueError(
            f"{name} must have the columns of {other} in the same order: column {at} "
            f"of {name} is {columns[at]!r}, of {other} {expected[at]!r}."
        )


def kinds_of(parts: list[Parts]) -> list[int]:
    """Return 0 or 1 for each member, by turns: of two on the same fold, one is each."""
    n_folds = len({each.fold for each in parts})
    return [(k % n_folds + k // n_folds) % 2 for k in range(len(parts))]


class RowsByUse:
    """Checks rows, in memory or in chunks, and parts them; subclasses say what y is."""

    n_members: Any
    categorical_features: Any
    _ensemble: Any
    early_stopping: bool
    validation_fraction: float
    buffer_chunks: int
    standardize: Any

    def _take(
        self, X: Any, y: Any, sample_weight: Any, fresh: bool, seed: int
    ) -> FitInput:
        """Check what was passed; of rows in chunks, draw a sample."""
        source = as_source(X)
        if source is None:
            y = None if y is None else self._plain_y(y)
            names = feature_names(X)
            reader = self.__dict__.get("_reader")
            if fresh:
                reader = FrameReader.learn(X, self.categorical_features)
            read = X if reader is None else reader.read(X)
            plain = read if reader is None else np.where(np.isnan(read), 0.0, read)
            data = check_fit_data(self, plain, self._numbers(y), sample_weight)
            data = data._replace(feature_names=names)
            if reader is not None:
                data = data._replace(X=read)
            goal = self._make_goal(y, data.y, fresh)
            goal = goal._replace(reader=reader, n_features=data.X.shape[1])
            weights = data.sample_weight
            if weights is None:
                weights = np.ones(len(goal.targets))
            weights = self._row_weights(y, weights, self._class_weight)
            numbers = np.arange(len(weights))
            table = Table(data.X, goal.targets, weights, numbers, names=names)
            table = table.without_weightless()
            _check_rows_left(table)
            return FitInput(table, goal, data.feature_names, None, None, len(weights))
        chunks = Chunks(self, source, y, sample_weight, self._plain_y)
        summary = self._summary()
        sample = chunks.survey(seed, summary, self.buffer_chunks)
        goal = self._make_goal(summary.y, summary.y, fresh)
        goal = goal._replace(n_features=sample.rows().X.shape[1])
        class_weight = summary.class_weight(self._class_weight)
        encoding = TargetEncoding(
            lambda y: self._targets(y, goal, "y"),
            lambda y, weights: self._row_weights(y, weights, class_weight),
            chunks.names,
        )
        table = encoding.table(sample.rows())
        _check_rows_left(table)
        held = chunks.n_chunks <= self.buffer_chunks
        return FitInput(table, goal, chunks.names, None if held else chunks, encoding)

    def _stream(
        self, given: FitInput, validate: Table, calibrate: Table
    ) -> Stream | None:
        """Count what is left to learn from where it is read in chunks."""
        if given.chunks is None or given.encoding is None:
            return None
        numbers = [part.numbers for part in (validate, calibrate)]
        return Stream(
            given.chunks,
            given.encoding,
            np.concatenate([each for each in numbers if each is not None]),
            of_columns=self.standardize is True,
            of_targets=bool(getattr(self, "standardize_target", False)),
        )

    def _share_out(
        self, given: FitInput, n_members: int, seed: int, validation: Table | None
    ) -> list[Parts]:
        """Give each member its rows.

        Several members validate on a fold each, which the others learn from (of more
        members than folds some share one); a single one on a share of the rows; all of
        them on ``validation`` where it is given.
        """
        table = given.table
        calibrate = none = no_rows(table)
        fraction = float(getattr(self, "calibration_fraction", 0.0))
        if fraction > 0:
            table, calibrate = table.split(
                fraction, seed, False, "calibration_fraction"
            )
        if validation is not None:
            parts = [Parts(table, validation, calibrate)] * n_members
        elif n_members > 1:
            self._warn_of_validation(given)
            n_folds = min(n_members, MOST_FOLDS, max(2, table.n_units))
            pairs = table.folds(n_folds, seed, self._stratify)
            parts = [
                Parts(*pairs[k % n_folds], calibrate, fold=k % n_folds)
                for k in range(n_members)
            ]
        elif self.early_stopping:
            self._warn_of_validation(given)
            share, name = float(self.validation_fraction), "validation_fraction"
            pair = table.split(share, seed, self._stratify, name)
            parts = [Parts(*pair, calibrate)]
        else:
            parts = [Parts(table, none, calibrate)]
        return [
            each._replace(
                validate=self._cautious(each.validate).in_halves(),
                stream=self._stream(
                    given, none if validation else each.validate, calibrate
                ),
            )
            for each in parts
        ]

    def _number_of_members(self, given: FitInput, validates: bool) -> int:
        """Resolve "auto": fewer of many rows, one of rows in chunks or of one row."""
        if self.n_members != "auto":
            return int(self.n_members)
        if given.chunks is not None:
            return 1
        n = len(given.table.weights)
        many = _FEW_MEMBERS if n > _MANY_ROWS else _MANY_MEMBERS
        return many if validates or n > 1 else 1

    def _cautious(self, table: Table) -> Table:
        """Weigh rows that validate."""
        labels = table.labels(self._stratify)
        if self._class_weight is None or labels is None or not len(labels):
            return table
        return replace(table, weights=cautious_weights(labels, table.weights))

    def _check_validation(
        self, X_val: Any, y_val: Any, sample_weight_val: Any, given: FitInput
    ) -> Table:
        if not isinstance(X_val, np.ndarray) and as_source(X_val) is not None:
            raise TypeError(
                f"X_val must be in memory, got {type(X_val).__name__}; it is read "
                "after every epoch."
            )
        check_names("X_val", feature_names(X_val), "X", given.names)
        try:
            X_val = self._read(
                given.goal.reader,
                X_val,
                given.goal.n_features,
                lambda: self._scaling(given.table).center,
            )
            targets = self._targets(y_val, given.goal, "y_val")
        except ValueError as error:
            raise ValueError(f"X_val and y_val: {error}") from error
        n = len(targets)
        if n != X_val.shape[0]:
            raise ValueError(
                "X_val and y_val must have the same number of rows: X_val has "
                f"{X_val.shape[0]}, y_val has {n}."
            )
        weights = np.ones(n)
        if sample_weight_val is not None:
            try:
                weights = check_sample_weight(sample_weight_val, n, allow_zero=False)
            except ValueError as error:
                raise ValueError(f"sample_weight_val: {error}") from error
        names, numbers = given.table.names, np.arange(n)
        table = Table(X_val, targets, weights, numbers, names=names, suffix="_val")
        return table.without_weightless()

    def _read(
        self,
        reader: FrameReader | None,
        X: Any,
        n_features: int,
        center: Callable[[], Floats],
    ) -> Any:
        """Check rows to predict for.

        Where no number was missing before, one that is missing now is taken for the
        ``center`` of its column, which is found then only.
        """
        if reader is None:
            if FrameReader.learn(X, None) is None:
                return check_predict_X(self, X, n_features)
            filled = FrameReader({}).read(X)
            missing = np.isnan(filled)
            check_predict_X(self, np.where(missing, 0.0, filled), n_features)
            return np.where(missing, center(), filled)
        X = as_table(X)
        is_table = not sp.issparse(X) and len(getattr(X, "shape", ())) == 2
        same = is_table and X.shape[1] == n_features and not np.ma.is_masked(X)
        found = reader.read(X) if same else X
        plain = np.where(np.isnan(found), 0.0, found) if found is not X else X
        check_predict_X(self, plain, n_features)
        return found

    # What subclasses decide.
    _stratify = False

    def _scaling(self, table: Table, moments: ScalingMoments | None = None) -> Scaling:
        """Learn how columns are scaled; from their moments where these are known."""
        raise NotImplementedError

    def _numbers(self, y: Any) -> Any:
        """Give what `check_fit_data` can check as numbers."""
        return y

    def _warn_of_validation(self, given: FitInput) -> None:
        """Say which rows can never validate."""

    def _make_goal(self, y: Any, checked: Floats, fresh: bool) -> Goal:
        raise NotImplementedError

    def _plain_y(self, y: Any) -> NDArray[Any]:
        """Check a y, or a chunk's, and convert it to an array."""
        raise NotImplementedError

    def _summary(self) -> Any:
        """Give what sums y up chunk by chunk, for `_make_goal`."""
        raise NotImplementedError

    def _targets(self, y: Any, goal: Goal, name: str) -> Floats:
        """Encode more rows of y, called ``name``, as the goal encodes it."""
        raise NotImplementedError

    _class_weight: Any = None

    def _row_weights(self, y: Any, weights: Floats, class_weight: Any) -> Floats:
        return weights
