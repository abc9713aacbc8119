"""Sufficient statistics: rows summed up once, merged anywhere, fitted from at will."""

from __future__ import annotations

from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from regkit._describe import described_as
from regkit._types import Floats
from regkit.designs.centered_moments import CenteredMoments
from regkit.linear_model._source_reducer import sum_up
from regkit.linear_model._statistics_checks import (
    check_fold,
    check_moments,
    check_names,
    check_same_columns,
    join_moments,
)
from regkit.linear_model._statistics_file import read, write
from regkit.linear_model._sums import SumsByFold
from regkit.rows.sources import NO_FOLD


class SufficientStatistics:
    r"""Weighted means and centered cross-products of rows, in one part per fold.

    A linear model's fit depends on its rows only through

    .. math::

        \sum_i w_i, \quad \bar z = \frac{\sum_i w_i z_i}{\sum_i w_i}, \quad
        \sum_i w_i (z_i - \bar z)(z_i - \bar z)^\top

    with :math:`z_i = (x_i, y_i)`: (p + T)² numbers, however many rows there are. They
    can be computed chunk by chunk, in several processes or at several times, merged in
    any order, kept in a file, and fitted from without the rows:
    ``LassoRegressor(alpha).fit_statistics(statistics)`` gives what ``fit`` gives for
    all rows together. Merging is centered [1]_: means of a million times the spread
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
    show; the rows show more. ``dual_gap_`` is computed from the statistics and
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
        self._sums = SumsByFold()

    # ------------------------------------------------------------------ taking rows in

    def update(
        self, X: Any, y: Any = None, sample_weight: Any = None, fold: Any = None
    ) -> Self:
        """Add rows to those that are summed up.

        Calls can be chained, and rows come in any order.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Rows; the columns are those of the rows before. `RowChunks`, large memory
            maps and Dask collections are read in chunks, as by `LassoRegressor.fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets. None where `RowChunks` bring them.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, non-negative; None means 1 for all.
        fold : int or array-like of int of shape (n_samples,), default=None
            The fold in which the rows are held out, 0 or larger, for
            cross-validation; -1 or None: in none. One fold for each row costs another
            pass where `RowChunks` bring y.

        Returns
        -------
        self : SufficientStatistics

        Raises
        ------
        ValueError, TypeError
            When the rows are not usable; nothing is added then.
        """
        return self.merge(type(self)._of(sum_up(self, X, y, sample_weight, fold)))

    @described_as(update)
    def merge(self, other: SufficientStatistics) -> Self:
        """Add the rows of other statistics.

        Parameters
        ----------
        other : SufficientStatistics
            Of the same columns and targets, and of other rows: rows in both would
            count twice. Not changed.

        Raises
        ------
        ValueError, TypeError
            When columns or targets differ; nothing is added then.
        """
        if not isinstance(other, SufficientStatistics):
            raise TypeError(
                f"other must be SufficientStatistics, got {type(other).__name__}."
            )
        if not other._sums.parts:
            return self
        if self._sums.parts:
            check_same_columns(self._sums, other._sums)
        self._sums.merge(other._sums)
        return self

    def __iadd__(self, other: SufficientStatistics) -> Self:
        return self.merge(other)

    def __add__(self, other: SufficientStatistics) -> Self:
        if not isinstance(other, SufficientStatistics):
            return NotImplemented
        return self.copy().merge(other)

    def __radd__(self, other: Any) -> Self:
        # sum() begins with 0.
        return self.copy() if isinstance(other, int) and other == 0 else NotImplemented

    def copy(self) -> Self:
        """Copy the statistics.

        Returns
        -------
        statistics : SufficientStatistics
            Sharing no array with this one.
        """
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
        mean, cross = join_moments(X_mean, y_mean, X_cross, Xy_cross, y_cross)
        check_moments(n_samples, total_weight, mean, cross)
        p = len(X_cross)
        names = check_names(feature_names, p)
        label = NO_FOLD if fold is None else int(check_fold(fold, 1)[0])
        rest = np.zeros(len(mean))
        part = CenteredMoments(
            p, int(n_samples), float(total_weight), mean, rest, cross
        )
        return cls._of(SumsByFold({label: part}, 1 + np.ndim(y_mean), names))

    @classmethod
    def _of(cls, sums: SumsByFold) -> Self:
        made = cls()
        made._sums = sums
        return made

    # ------------------------------------------------------------------ what they hold

    @property
    def feature_names(self) -> NDArray[Any] | None:
        """Column names, where X had string column names."""
        return self._sums.names

    @property
    def n_samples(self) -> int:
        """Rows of positive weight."""
        return sum(part.n_samples for part in self._sums.parts.values())

    @property
    def total_weight(self) -> float:
        """Sum of the weights."""
        return sum(part.total_weight for part in self._sums.parts.values())

    @property
    def n_features(self) -> int | None:
        """Columns of X; None while empty."""
        return self._sums.n_features

    @property
    def n_targets(self) -> int | None:
        """Columns of y; None while empty."""
        return self._sums.n_targets

    @property
    def folds(self) -> list[int]:
        """Labels of the folds seen, ascending."""
        return self._sums.folds

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

    @described_as(fold)
    def without_fold(self, label: int) -> Self:
        """Return the statistics of all rows but those of one fold.

        They are summed up anew from the other folds: subtracting would lose digits.
        """
        self._check_label(label)
        return self._with_parts([k for k in self._sums.parts if k != label])

    @property
    def X_mean(self) -> Floats:
        """Weighted means of X."""
        whole = self._sums.moments()
        return whole.mean[: whole.n_features].copy()

    @property
    def y_mean(self) -> Any:
        """Weighted mean of y."""
        whole = self._sums.moments()
        mean = whole.mean[whole.n_features :]
        return mean[0] if self._sums.y_ndim == 1 else mean.copy()

    @property
    def X_cross(self) -> Floats:
        """Products of X's columns about their means."""
        whole = self._sums.moments()
        return whole.cross[: whole.n_features, : whole.n_features].copy()

    @property
    def Xy_cross(self) -> Floats:
        """Products of X's columns and y about their means."""
        whole = self._sums.moments()
        cross = whole.cross[: whole.n_features, whole.n_features :].copy()
        return cross[:, 0] if self._sums.y_ndim == 1 else cross

    @property
    def y_cross(self) -> Any:
        """Products of y about its mean."""
        whole = self._sums.moments()
        cross = whole.cross[whole.n_features :, whole.n_features :]
        return cross[0, 0] if self._sums.y_ndim == 1 else cross.copy()

    def __repr__(self) -> str:
        if not self._sums.parts:
            return "SufficientStatistics(n_samples=0)"
        shown = f"n_samples={self.n_samples}, n_features={self.n_features}"
        if self._sums.y_ndim == 2:
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
        write(path, self._sums)

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
        OSError
            When there is no such file.
        ValueError
            When the file holds something else.
        """
        return cls._of(read(path))

    def _with_parts(self, labels: list[int]) -> Self:
        parts = {label: self._sums.parts[label].copy() for label in labels}
        return type(self)._of(SumsByFold(parts, self._sums.y_ndim, self.feature_names))

    def _check_label(self, label: int) -> None:
        if label not in self.folds:
            raise ValueError(
                f"There is no fold {label!r} in these statistics: the folds are "
                f"{self.folds}."
            )


def check_statistics(statistics: Any) -> SumsByFold:
    """Return what an estimator fits from, or raise for anything else."""
    if not isinstance(statistics, SufficientStatistics):
        raise TypeError(
            f"statistics must be SufficientStatistics, got {type(statistics).__name__}."
        )
    return statistics._sums
