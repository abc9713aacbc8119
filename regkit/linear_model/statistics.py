"""Sufficient statistics: rows summed up once, merged anywhere, fitted from at will."""

from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from regkit.designs.centred_moments import CentredMoments
from regkit.designs.reduced import ReducedDesign
from regkit.linear_model._inputs import FitData, Floats, check_fit_data
from regkit.linear_model._limits import as_floats
from regkit.linear_model._statistics_checks import (
    NO_FOLD,
    check_fold,
    check_moments,
    check_names,
)

_FORMAT = 1  # of the files that `save` writes


class SufficientStatistics:
    r"""Weighted means and centred cross-products of rows, in one part per fold.

    A linear model's fit depends on its rows only through

    .. math::

        \sum_i w_i, \quad \bar z = \frac{\sum_i w_i z_i}{\sum_i w_i}, \quad
        \sum_i w_i (z_i - \bar z)(z_i - \bar z)^\top

    with :math:`z_i = (x_i, y_i)`: (p + T)² numbers, however many rows there are. They
    can be computed chunk by chunk, in several processes or at several times, merged in
    any order, kept in a file, and fitted from without the rows:
    ``LassoRegressor(alpha).fit_statistics(statistics)`` gives what ``fit`` gives for
    all rows together. Merging is centred [1]_: means of a million times the spread
    cost no digits.

    Parameters are those of `update`; a new object is empty, and takes the number of
    columns, their names and the number of targets from the first rows it sees.

    Attributes
    ----------
    n_samples : int
        Rows of positive weight.
    total_weight : float
        Sum of the weights.
    n_features : int or None
        Columns of X; None while empty.
    n_targets : int or None
        Columns of y; None while empty.
    feature_names : ndarray of shape (n_features,) or None
        Column names, where X had string column names.
    folds : list of int
        Labels of the folds seen, ascending.
    X_mean : ndarray of shape (n_features,)
        Weighted means of X.
    y_mean : float or ndarray of shape (n_targets,)
        Weighted mean of y.
    X_cross : ndarray of shape (n_features, n_features)
        :math:`\sum_i w_i (x_i - \bar x)(x_i - \bar x)^\top`.
    Xy_cross : ndarray of shape (n_features,) or (n_features, n_targets)
        :math:`\sum_i w_i (x_i - \bar x)(y_i - \bar y)`.
    y_cross : float or ndarray of shape (n_targets, n_targets)
        :math:`\sum_i w_i (y_i - \bar y)^2`.

    See Also
    --------
    LassoRegressor.fit_statistics : Fits from them.
    LassoRegressor.partial_fit : Updates statistics of its own, and fits.

    Notes
    -----
    Products have a rounding error of about 1e-16 of the columns' own sums of squares.
    So a fit whose residual is 1e-8 times as large as y and smaller, or columns that
    others determine up to 1e-7 of their spread, are at the end of what statistics can
    tell; rows can tell more. ``dual_gap_`` is computed from the statistics and
    includes an allowance for this error where it matters.

    References
    ----------
    .. [1] T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating formulae and a pairwise
       algorithm for computing sample variances", Stanford University, 1979.

    Examples
    --------
    >>> import numpy as np
    >>> from regkit import LassoRegressor, SufficientStatistics
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((1000, 3))
    >>> y = X @ [1.0, 0.0, -2.0] + 5.0
    >>> monday = SufficientStatistics().update(X[:400], y[:400])
    >>> tuesday = SufficientStatistics().update(X[400:], y[400:])
    >>> week = monday + tuesday
    >>> week
    SufficientStatistics(n_samples=1000, n_features=3)
    >>> LassoRegressor(alpha=0.1).fit_statistics(week).coef_.round(3)
    array([ 0.899,  0.   , -1.905])
    """

    def __init__(self) -> None:
        self._parts: dict[int, CentredMoments] = {}
        self._y_ndim = 1
        self.feature_names: NDArray[Any] | None = None

    # ------------------------------------------------------------------ taking rows in

    def update(
        self, X: Any, y: Any, sample_weight: Any = None, fold: Any = None
    ) -> Self:
        """Add rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows; the columns are those of the rows before.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, non-negative; None means 1 for all.
        fold : int or array-like of int of shape (n_samples,), default=None
            The fold in which the rows are held out, 0 or larger, for
            cross-validation; -1 or None: in none.

        Returns
        -------
        self : SufficientStatistics

        Raises
        ------
        ValueError, TypeError
            When the rows are not usable; nothing is added then.
        """
        data = check_fit_data(self, X, y, sample_weight, allow_zero_weights=True)
        return self.merge(of_rows(data, check_fold(fold, len(data.y))))

    def merge(self, other: "SufficientStatistics") -> Self:
        """Add the rows that other statistics stand for.

        Parameters
        ----------
        other : SufficientStatistics
            Of the same columns and targets, and of other rows: rows in both would
            count twice. Not changed.

        Returns
        -------
        self : SufficientStatistics

        Raises
        ------
        ValueError, TypeError
            When columns or targets differ; nothing is added then.
        """
        if not isinstance(other, SufficientStatistics):
            raise TypeError(
                f"other must be SufficientStatistics, got {type(other).__name__}."
            )
        if not other._parts:
            return self
        if self._parts:
            self._check_same_columns(other)
        else:
            self._y_ndim, self.feature_names = other._y_ndim, other.feature_names
        added = {label: part.copy() for label, part in other._parts.items()}
        for label, part in added.items():
            if label in self._parts:
                self._parts[label].merge(part)
            else:
                self._parts[label] = part
        return self

    def __iadd__(self, other: "SufficientStatistics") -> Self:
        return self.merge(other)

    def __add__(self, other: "SufficientStatistics") -> Self:
        if not isinstance(other, SufficientStatistics):
            return NotImplemented
        return self.copy().merge(other)

    def __radd__(self, other: Any) -> Self:
        # sum() begins with 0.
        return self.copy() if isinstance(other, int) and other == 0 else NotImplemented

    def copy(self) -> Self:
        """Return a copy that shares nothing."""
        return type(self)().merge(self)

    @classmethod
    def from_moments(
        cls,
        n_samples: int,
        total_weight: float,
        X_mean: Any,
        y_mean: Any,
        X_cross: Any,
        Xy_cross: Any,
        y_cross: Any,
        *,
        feature_names: Any = None,
        fold: int | None = None,
    ) -> Self:
        r"""Take statistics that were computed elsewhere: in SQL, say, or in Spark.

        Parameters
        ----------
        n_samples : int
            Rows of positive weight.
        total_weight : float
            Sum of the weights; the number of rows where there are none.
        X_mean : array-like of shape (n_features,)
            Weighted means of X.
        y_mean : float or array-like of shape (n_targets,)
            Weighted mean of y.
        X_cross : array-like of shape (n_features, n_features)
            :math:`\sum_i w_i (x_i - \bar x)(x_i - \bar x)^\top`; for equal weights,
            sample covariances times n - 1.
        Xy_cross : array-like of shape (n_features,) or (n_features, n_targets)
            :math:`\sum_i w_i (x_i - \bar x)(y_i - \bar y)`.
        y_cross : float or array-like of shape (n_targets, n_targets)
            :math:`\sum_i w_i (y_i - \bar y)^2`.
        feature_names : array-like of str of shape (n_features,), default=None
            Names of the columns.
        fold : int, default=None
            The fold in which these rows are held out.

        Returns
        -------
        statistics : SufficientStatistics

        Raises
        ------
        ValueError
            When shapes do not fit together or no rows can have these moments.
        """
        y_means = as_floats("y_mean", y_mean)
        x_means = as_floats("X_mean", X_mean)
        if x_means.ndim != 1 or not x_means.size or y_means.ndim > 1:
            raise ValueError(
                "X_mean must have shape (n_features,) and y_mean () or (n_targets,), "
                f"got {x_means.shape} and {y_means.shape}."
            )
        p, tail = len(x_means), y_means.shape
        blocks = {}
        for name, value, shape in (
            ("X_cross", X_cross, (p, p)),
            ("Xy_cross", Xy_cross, (p, *tail)),
            ("y_cross", y_cross, (*tail, *tail)),
        ):
            blocks[name] = as_floats(name, value)
            if blocks[name].shape != shape:
                raise ValueError(
                    f"{name} must have shape {shape} beside X_mean of shape {(p,)} and "
                    f"y_mean of shape {tail}, got {blocks[name].shape}."
                )
        n_targets = y_means.size
        mixed = blocks["Xy_cross"].reshape(p, n_targets)
        cross = np.block(
            [
                [blocks["X_cross"], mixed],
                [mixed.T, blocks["y_cross"].reshape(n_targets, n_targets)],
            ]
        )
        mean = np.concatenate([x_means, y_means.reshape(n_targets)])
        check_moments(n_samples, total_weight, mean, cross)
        made = cls()
        made._y_ndim = 1 + y_means.ndim
        made.feature_names = check_names(feature_names, p)
        label = NO_FOLD if fold is None else int(check_fold(fold, 1)[0])
        rest = np.zeros(len(mean))
        part = CentredMoments(p, int(n_samples), float(total_weight), mean, rest, cross)
        made._parts[label] = part
        return made

    # ------------------------------------------------------------------ what they hold

    @property
    def n_samples(self) -> int:
        """Rows of positive weight."""
        return sum(part.n_samples for part in self._parts.values())

    @property
    def total_weight(self) -> float:
        """Sum of the weights."""
        return sum(part.total_weight for part in self._parts.values())

    @property
    def n_features(self) -> int | None:
        """Columns of X; None while empty."""
        for part in self._parts.values():
            return part.n_features
        return None

    @property
    def n_targets(self) -> int | None:
        """Columns of y; None while empty."""
        for part in self._parts.values():
            return len(part.mean) - part.n_features
        return None

    @property
    def folds(self) -> list[int]:
        """Labels of the folds seen, ascending."""
        return sorted(label for label in self._parts if label != NO_FOLD)

    def fold(self, label: int) -> Self:
        """Return the statistics of the rows of one fold.

        Parameters
        ----------
        label : int
            One of `folds`.

        Returns
        -------
        statistics : SufficientStatistics
        """
        self._check_label(label)
        return self._with_parts([label])

    def without_fold(self, label: int) -> Self:
        """Return the statistics of all rows but those of one fold.

        They are summed up anew from the other folds: subtracting would lose digits.

        Parameters
        ----------
        label : int
            One of `folds`.

        Returns
        -------
        statistics : SufficientStatistics
        """
        self._check_label(label)
        return self._with_parts([other for other in self._parts if other != label])

    @property
    def X_mean(self) -> Floats:
        """Weighted means of X."""
        whole = self.moments()
        return whole.mean[: whole.n_features].copy()

    @property
    def y_mean(self) -> Any:
        """Weighted mean of y."""
        whole = self.moments()
        mean = whole.mean[whole.n_features :]
        return float(mean[0]) if self._y_ndim == 1 else mean.copy()

    @property
    def X_cross(self) -> Floats:
        """Products of X's columns about their means."""
        whole = self.moments()
        return whole.cross[: whole.n_features, : whole.n_features].copy()

    @property
    def Xy_cross(self) -> Floats:
        """Products of X's columns and y about their means."""
        whole = self.moments()
        cross = whole.cross[: whole.n_features, whole.n_features :].copy()
        return cross[:, 0] if self._y_ndim == 1 else cross

    @property
    def y_cross(self) -> Any:
        """Products of y about its mean."""
        whole = self.moments()
        cross = whole.cross[whole.n_features :, whole.n_features :]
        return float(cross[0, 0]) if self._y_ndim == 1 else cross.copy()

    def __repr__(self) -> str:
        if not self._parts:
            return "SufficientStatistics(n_samples=0)"
        shown = f"n_samples={self.n_samples}, n_features={self.n_features}"
        if self._y_ndim == 2:
            shown += f", n_targets={self.n_targets}"
        if self.folds:
            shown += f", n_folds={len(self.folds)}"
        return f"SufficientStatistics({shown})"

    # ---------------------------------------------------------------------- in a file

    def save(self, path: str | PathLike[str]) -> None:
        """Write to an ``.npz`` file, without pickle.

        Parameters
        ----------
        path : str or path
            Written as it is, whatever its suffix.
        """
        labels = sorted(self._parts)
        parts = [self._parts[label] for label in labels]
        arrays: dict[str, Any] = {
            "format": np.array(_FORMAT),
            "y_ndim": np.array(self._y_ndim),
            "n_features": np.array(self.n_features or 0),
            "labels": np.array(labels, dtype=np.int64),
            "n_samples": np.array([part.n_samples for part in parts], dtype=np.int64),
            "total_weight": np.array([part.total_weight for part in parts]),
        }
        for at, part in enumerate(parts):
            arrays[f"mean_{at}"] = np.stack([part.mean, part.rest])
            arrays[f"cross_{at}"] = part.cross
        if self.feature_names is not None:
            arrays["feature_names"] = self.feature_names.astype(np.str_)
        with open(path, "wb") as file:  # noqa: PTH123 (np.savez would add a suffix)
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a file that `save` wrote.

        Parameters
        ----------
        path : str or path

        Returns
        -------
        statistics : SufficientStatistics

        Raises
        ------
        ValueError
            When the file is something else.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = dict(file)
            made = cls._from_arrays(arrays)
        except OSError:
            raise
        except Exception as error:
            raise ValueError(
                f"{path} holds no statistics that this version can read: {error}."
            ) from None
        return made

    @classmethod
    def _from_arrays(cls, arrays: dict[str, Any]) -> Self:
        if arrays["format"] != _FORMAT:
            raise ValueError(f"its format is {arrays['format']}, not {_FORMAT}")
        made = cls()
        made._y_ndim = int(arrays["y_ndim"])
        if "feature_names" in arrays:
            made.feature_names = arrays["feature_names"].astype(object)
        for at, label in enumerate(arrays["labels"].tolist()):
            (mean, rest), cross = arrays[f"mean_{at}"], arrays[f"cross_{at}"]
            n_samples = int(arrays["n_samples"][at])
            weight = float(arrays["total_weight"][at])
            check_moments(n_samples, weight, mean, cross)
            made._parts[label] = CentredMoments(
                int(arrays["n_features"]), n_samples, weight, mean, rest, cross
            )
        return made

    # -------------------------------------------------------------------- for solvers

    def moments(self, without: int | None = None) -> CentredMoments:
        """Return the moments of all rows, or of all but one fold's.

        They are not to be written to.

        Raises
        ------
        ValueError
            While there are no rows of positive weight.
        """
        labels = sorted(label for label in self._parts if label != without)
        if not any(self._parts[label].total_weight > 0.0 for label in labels):
            rows = "rows" if without is None else f"rows but those of fold {without}"
            raise ValueError(f"These statistics hold no {rows} of positive weight.")
        if len(labels) == 1:
            return self._parts[labels[0]]
        whole = self._parts[labels[0]].copy()
        for label in labels[1:]:
            whole.merge(self._parts[label])
        return whole

    def part(self, label: int) -> CentredMoments:
        """Return the moments of one fold's rows; not to be written to."""
        return self._parts[label]

    def problem(
        self, fit_intercept: bool, standardize: bool
    ) -> tuple[ReducedDesign, Floats]:
        """Return a design that stands for the rows, and what stands for y."""
        design = ReducedDesign(self.moments(), fit_intercept, standardize)
        y = design.targets
        return design, np.ascontiguousarray(y[:, 0]) if self._y_ndim == 1 else y

    def _with_parts(self, labels: list[int]) -> Self:
        made = type(self)()
        made._y_ndim, made.feature_names = self._y_ndim, self.feature_names
        made._parts = {label: self._parts[label].copy() for label in labels}
        return made

    def _check_label(self, label: int) -> None:
        if label not in self.folds:
            raise ValueError(
                f"There is no fold {label!r} in these statistics: the folds are "
                f"{self.folds}."
            )

    def _check_same_columns(self, other: "SufficientStatistics") -> None:
        if other.n_features != self.n_features:
            raise ValueError(
                f"X has {other.n_features} features, but SufficientStatistics is "
                f"expecting {self.n_features} features as input."
            )
        if (other._y_ndim, other.n_targets) != (self._y_ndim, self.n_targets):
            raise ValueError(
                f"y must have {_targets(self)} as in the rows before, got "
                f"{_targets(other)}."
            )
        mine, theirs = self.feature_names, other.feature_names
        if (mine is None) != (theirs is None):
            which = "has no" if theirs is None else "has"
            raise ValueError(
                f"X {which} column names, unlike the rows before it in these "
                "statistics."
            )
        if mine is not None and theirs is not None:
            different = np.flatnonzero(mine != theirs)
            if different.size:
                at = different[0]
                raise ValueError(
                    f"Column {at} of X is {theirs[at]!r}, but {mine[at]!r} in the "
                    "rows before it in these statistics."
                )


def of_rows(data: FitData, labels: NDArray[np.int64]) -> SufficientStatistics:
    """Return the statistics of checked rows; ``labels`` are one, or one for each."""
    made = SufficientStatistics()
    made._y_ndim = data.y.ndim
    made.feature_names = data.feature_names
    X, Y = data.X, data.y.reshape(len(data.y), -1)
    present = np.unique(labels).tolist()
    if len(present) > 1 and hasattr(X, "tocsr"):
        X = X.tocsr()
    for label in present:
        rows: Any = slice(None)
        if len(present) > 1:
            rows = np.flatnonzero(labels == label)
        weight = None if data.sample_weight is None else data.sample_weight[rows]
        part = CentredMoments.empty(X.shape[1], Y.shape[1])
        if weight is None or weight.any():
            with np.errstate(over="ignore", invalid="ignore"):
                part = CentredMoments.of_rows(X[rows], Y[rows], weight)
        if not part.is_finite:
            raise ValueError(
                "Sums of squares of X or y overflow float64; rescale them."
            )
        made._parts[label] = part
    return made


def _targets(statistics: SufficientStatistics) -> str:
    if statistics._y_ndim == 1:
        return "shape (n_samples,)"
    return f"shape (n_samples, {statistics.n_targets})"
