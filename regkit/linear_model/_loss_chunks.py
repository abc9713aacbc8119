"""Classes and counts where rows are read in chunks: the problem, opened by a pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.linear_model._labels import (
    class_factors,
    classes_of_parts,
    codes_among,
    distinct_labels,
    encode_labels,
    refuse_far_weights,
    refuse_without_weight,
)
from regkit.linear_model._loss_problem import (
    FALLS_TO_ZERO,
    IS_SEPARATED,
    LARGE_PREDICTOR,
    AnyLossProblem,
)
from regkit.linear_model._loss_reducer import LossReducer
from regkit.linear_model._problem import PathRequest, Setup, TrainingRows
from regkit.linear_model._source_reducer import MOST_SUMMED_UP
from regkit.linear_model._underflow import refuse_small_moments
from regkit.rows.inputs import check_y, is_dask
from regkit.rows.open import as_source
from regkit.rows.sources import Encode, RowSource, plain_targets
from regkit.solvers.folds.in_memory import FoldPaths, PathTask
from regkit.solvers.folds.loss_setup import LossSetup
from regkit.solvers.folds.out_of_core_losses import RowsInPasses
from regkit.solvers.losses import Loss
from regkit.solvers.multinomial import Multinomial
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult
from regkit.solvers.separation_in_passes import endless_columns


@dataclass(frozen=True)
class ChunkedLossProblem(AnyLossProblem):
    """Rows that are read pass by pass.

    Attributes
    ----------
    rows : RowsInPasses
        The rows and their folds.
    reducer : LossReducer
    labels_of : ndarray or None
        The classes.
    """

    # Predictions are as far off as the root of the gap, and a Newton step, which
    # squares the error, takes one pass.
    aim = 1e-4

    rows: RowsInPasses
    reducer: LossReducer
    labels_of: NDArray[Any] | None

    @property
    def loss(self) -> Loss | Multinomial:
        """The loss of a row."""
        return self.rows.setup.loss

    @property
    def offset(self) -> Any:
        """What is added to the linear predictors, as it was passed."""
        return self.reducer.offset

    @property
    def width(self) -> int:
        """How many rows of coefficients are one problem, with one gap."""
        return self.loss.width

    @property
    def classes(self) -> NDArray[Any] | None:
        """The classes, of labels."""
        return self.labels_of

    @property
    def total_weight(self) -> float:
        """The sum of the weights, of rows and classes together."""
        return float(self.rows.class_weights(-1).sum())

    @property
    def n_targets(self) -> int:
        """Rows of coefficients: one, or as many as there are classes."""
        return self.rows.n_outputs

    def of_target(self, number: int) -> ChunkedLossProblem:
        """Return the problem itself: of several, one class cannot be told apart.

        Raises
        ------
        ValueError
            Where each class is a problem of its own.
        """
        if self.n_targets > self.width:
            raise ValueError(
                f"{self.setup.name} needs the rows in memory for the path of one class "
                f"of {self.n_targets}."
            )
        return self

    def alpha_grid(self, penalty: Penalty, n_alphas: int, eps: float) -> Floats:
        """Return alphas from the smallest without nonzero coefficients down."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            return self.rows.alpha_grid(penalty, n_alphas, eps)

    def path(self, asked: PathRequest) -> PathResult:
        """Solve all targets for strictly decreasing alphas: (n_alphas, n_targets)."""
        settings, max_nonzero = asked.settings, asked.max_nonzero
        solve, options = self.rows.solve_whole, (settings.tol, settings.max_iter)
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            found = solve(asked.penalty, asked.alphas, *options, asked.start)
        if max_nonzero is None:
            return found
        counts = np.diff(found.coefs.indptr).reshape(found.shape).sum(axis=1)
        too_many = np.flatnonzero(counts > max_nonzero)
        return found.until(int(too_many[0])) if len(too_many) else found

    def _endless(
        self, result: PathResult, free: Indices, fold: TrainingRows | None
    ) -> tuple[Indices, str] | None:
        """Find them by a pass, and some more where predictors are large."""
        least = self._least_penalized(result)
        coefs, intercepts = least.coefs.T, least.intercepts
        if result.converged.all():
            largest = self.reducer.largest_predictor(coefs, intercepts)
            if largest <= LARGE_PREDICTOR:
                return None
        columns = endless_columns(
            partial(self.reducer.look_along, None if fold is None else fold.number),
            np.column_stack([coefs[:, free], intercepts]),
            0 if self.classes is None else len(self.classes),
            free,
            (self.limits.lower, self.limits.upper),
            self.setup.fit_intercept,
        )
        if columns is None:
            return None
        return columns, FALLS_TO_ZERO if self.classes is None else IS_SEPARATED


class Kind(NamedTuple):
    """What a kind of targets asks of a fit."""

    loss: Loss | Multinomial
    targets: Callable[[Floats], Floats]
    """Turns y into targets, (n_targets, n)."""
    classes: NDArray[Any] | None
    class_weight: Any


class ChunkData(NamedTuple):
    """Rows that are read in chunks, and what belongs to them."""

    source: RowSource
    y: Any
    """Numbers, where it is one of all rows."""
    sample_weight: Any
    offset: Any
    encode: Encode
    """Turns a y that comes in parts into numbers."""
    n_folds: int = 0
    labels: Indices | None = None
    """The folds that hold rows out."""

    def all_targets(self) -> Floats:
        """Return all of y, as numbers."""
        if self.y is not None and not is_dask(self.y):
            return np.asarray(self.y)
        return np.concatenate(self.source.each_target(self.y, self.encode))


def chunk_source(X: Any, name: str, needs_rows: str | None) -> RowSource | None:
    """Return X as rows that are read in chunks, None where it is used in place.

    Parameters
    ----------
    X : object
        As the user passed it.
    name : str
        Of the estimator or function, for messages.
    needs_rows : str or None
        What cannot be had from chunks, if it was asked for. A memory map is then used
        in place.

    Raises
    ------
    TypeError
        For other chunks, with the remedy.
    """
    source = as_source(X)
    if source is None:
        return None
    if needs_rows is None and source.n_features > MOST_SUMMED_UP:
        needs_rows = (
            f"more than {MOST_SUMMED_UP:,} columns (X has {source.n_features:,})"
        )
    if needs_rows is None:
        return source
    if isinstance(X, np.ndarray):
        return None
    raise TypeError(
        f"{name} needs the rows of X in memory, or a memory map, for {needs_rows}, but "
        f"X comes in chunks ({type(X).__name__})."
    )


def open_classes(
    name: str, source: RowSource, y: Any
) -> tuple[NDArray[Any], Any, Encode]:
    """Find the classes; return them, y with numbers for labels, and how to encode.

    Where y comes with the chunks this takes a pass; labels may be of any kind.
    """
    if y is not None and not is_dask(y):
        labels = encode_labels(name, y)
        return labels.classes, labels.codes.astype(np.float64), plain_targets
    parts = source.each_target(y, distinct_labels)
    classes = classes_of_parts(name, parts)
    return classes, y, partial(codes_among, classes)


def open_chunks(setup: Setup, given: ChunkData, kind: Kind) -> ChunkedLossProblem:
    """State the problem on rows that are read in chunks; this takes a pass.

    Raises
    ------
    ValueError, TypeError
        When a parameter or the data is not usable; a chunk is named.
    """
    classes, n_features = kind.classes, given.source.n_features
    n_classes = 0 if classes is None else len(classes)
    width = kind.loss.width
    if width * n_features > MOST_SUMMED_UP:
        raise ValueError(
            f"{setup.name} takes rows in chunks with at most {MOST_SUMMED_UP:,} "
            f"coefficients at once, but {width} classes of {n_features:,} columns have "
            f"{width * n_features:,}: pass an array, a sparse matrix or a data frame."
        )
    offset = given.offset
    if offset is not None and not is_dask(offset):
        offset = check_y(setup.name, offset, "offset")
        wanted = 1 if width == 1 else 2
        if offset.ndim != wanted or (wanted == 2 and offset.shape[1] != width):
            per = "row of X" if width == 1 else f"row of X and class ({width} classes)"
            raise ValueError(
                f"offset must have one entry per {per}, got shape {offset.shape}."
            )
    reducer = LossReducer(
        given.source,
        given.y,
        given.sample_weight,
        offset,
        given.encode,
        n_classes,
        given.labels,
    )
    factors = None
    if classes is not None and kind.class_weight is not None:
        factors = partial(class_factors, kind.class_weight, classes)
    solver = LossSetup(
        kind.loss,
        kind.targets,
        n_classes,
        factors,
        setup.fit_intercept,
        setup.standardize,
    )
    with np.errstate(over="ignore", invalid="ignore"):  # `refuse_far_weights`
        rows = RowsInPasses(reducer, solver, given.n_folds)
    limits = setup.limits(rows.n_features, reducer.names)
    refuse_small_moments(setup.name, rows.column_sizes, rows.n_features, reducer.names)
    if classes is not None:
        _refuse_empty(setup.name, classes, rows, given.n_folds)
    elif not rows.mean_target > 0.0:
        raise ValueError(
            "y must not be 0 in every row of positive weight, as a share of all: "
            f"{setup.name} then has no finite intercept."
        )
    return ChunkedLossProblem(
        setup, limits, reducer.names, n_features, rows, reducer, classes
    )


def _refuse_empty(
    name: str, classes: NDArray[Any], rows: RowsInPasses, n_folds: int
) -> None:
    refuse_without_weight(classes, rows.class_totals(-1), f": {name} cannot fit it")
    refuse_without_weight(classes, rows.class_weights(-1), " after class_weight")
    refuse_far_weights(classes, rows.class_weights(-1))
    for k in range(n_folds):
        where = (
            f" in the training rows of fold {k}: use fewer folds, or a stratified "
            "splitter"
        )
        refuse_without_weight(classes, rows.class_totals(k), where)


class ChunkFolds:
    """The folds of rows that are read in chunks, as cross-validation asks for them."""

    def __init__(self, rows: RowsInPasses, error_scale: float) -> None:
        """Prepare the folds; a mean loss times ``error_scale`` is the error."""
        self._rows, self._error_scale = rows, error_scale
        self.test_weights = rows.test_weights

    def solve(self, task: PathTask) -> FoldPaths:
        """Solve the path on the training rows of every fold, and on all rows."""
        found = self._rows.solve(
            task.penalty,
            task.alphas,
            task.settings.tol,
            task.settings.max_iter,
            with_whole=task.with_whole,
        )
        return FoldPaths(found.whole, found.folds, self._error_scale * found.losses)


def look_up(table: Floats, y: Floats) -> Floats:
    """Return the targets of class numbers; ``table`` has a column per class."""
    return np.asarray(table[:, y.astype(np.intp)])


def as_rows(y: Floats) -> Floats:
    """Return targets that are y itself."""
    return y[None]
