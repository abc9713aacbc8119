"""A fit before its penalty is known: rows, targets and limits, opened and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import EPS, Floats, Indices
from regkit.designs import Design
from regkit.linear_model._regularization_path import RegularizationPath
from regkit.linear_model._report import report
from regkit.linear_model._setup import Limits, Setup
from regkit.linear_model._source_reducer import Names
from regkit.solvers.folds.in_memory import PathSettings
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult

# Below this deviation squares have lost digits, or are zero: float64 ends at 1e-308.
_LEAST = 1e-145
# Range of a column of at most 1e10 rows that deviates by so little.
_WIDEST = 1e-140
# A range below this share of the largest entry is the rounding error of a constant.
_CONSTANT = 16.0 * EPS
# Columns that are copied at a time.
_BLOCK = 256


class Start(NamedTuple):
    """A solution to start from."""

    coefs: Floats
    """(n_targets, n_features), in the user's units."""
    intercepts: Floats
    """(n_targets,)"""


class PathRequest(NamedTuple):
    """What a problem is solved for."""

    penalty: Penalty
    alphas: Floats
    settings: PathSettings
    start: Start | None = None
    """Where to start from."""
    max_nonzero: int | None = None
    """A path ends before the first solution with more nonzero coefficients."""


class FitRows(NamedTuple):
    """Rows as the user passed them."""

    X: Any
    y: Any
    sample_weight: Any = None
    offset: Any = None
    caller: Any = None
    """The estimator or function that messages about X and y name."""


@dataclass(frozen=True)
class TrainingRows:
    """The rows that a fold trains on."""

    number: int
    n_folds: int
    rows: Indices | None = None
    """None where rows are not in memory."""

    def __str__(self) -> str:
        """Say which fold a message is about, after the name of the model."""
        return f", in fold {self.number} of {self.n_folds},"


@dataclass(frozen=True)
class Problem:
    """Base of the problems, one class per kind of loss and of data.

    Subclasses state `n_targets`, `alpha_grid` and `path`, and override
    what else their loss and their rows need.
    """

    setup: Setup
    limits: Limits
    feature_names: Names
    n_features: int
    """Columns of X."""

    @property
    def n_targets(self) -> int:
        """Rows of coefficients: targets, or classes."""
        raise NotImplementedError

    @property
    def y_ndim(self) -> int:
        """Dimensions of y as it was passed."""
        return 1

    def penalty(self, l1_ratio: float) -> Penalty:
        """Return the penalty that solvers take."""
        return Penalty.build(self.n_features, l1_ratio, *self.limits)

    def alpha_grid(self, penalty: Penalty, n_alphas: int, eps: float) -> Floats:
        """Return alphas from the smallest without nonzero coefficients down."""
        raise NotImplementedError

    def automatic_grid(self, penalty: Penalty, n_alphas: int, eps: float) -> Floats:
        """Return `alpha_grid` where there is one: strictly decreasing, (n_alphas,).

        Raises
        ------
        ValueError
            When there is no L1 penalty, so that no alpha makes all coefficients zero.
        """
        if penalty.l1_ratio == 0.0:
            raise ValueError(
                f"{self.setup.name} needs alphas. Automatic alpha grid generation is "
                "not supported for l1_ratio=0. Please supply a grid by providing your "
                "estimator with the appropriate `alphas=` argument."
            )
        return self.alpha_grid(penalty, n_alphas, eps)

    def path(self, asked: PathRequest) -> PathResult:
        """Solve for strictly decreasing alphas (n_alphas,), which all targets share.

        The result has the shape (n_alphas,), or (n_alphas, n_targets).
        """
        raise NotImplementedError

    def solve_each(self, asked: PathRequest) -> PathResult:
        """Solve every target for its alpha, (n_targets,); here all have the same.

        The result has the shape of the alphas.
        """
        return self.path(asked._replace(alphas=asked.alphas[:1])).at(0)

    def solve_many(self, asked: PathRequest) -> PathResult:
        """Solve every target for several alphas, in any order, repeated or not.

        The alphas are (n_values, n_targets), here the same for all targets. The result
        has their shape and order.
        """
        ascending, places = np.unique(asked.alphas[:, 0], return_inverse=True)
        decreasing = np.ascontiguousarray(ascending[::-1])
        found = self.path(asked._replace(alphas=decreasing))
        found = found.take(len(ascending) - 1 - places)
        return found.reshaped(*asked.alphas.shape)

    def criterion(self, name: str, penalty: Penalty, path: PathResult) -> Floats:
        """Return an information criterion along a path on all rows, (n_alphas,)."""
        raise NotImplementedError

    def report(
        self,
        result: PathResult,
        settings: PathSettings,
        *,
        kind: str = "alpha",
        fold: TrainingRows | None = None,
    ) -> None:
        """Raise or warn where solutions are not what was asked for.

        Parameters
        ----------
        result : PathResult
        settings : PathSettings
        kind : str
            What distinguishes the problems, as `report` takes it.
        fold : TrainingRows or None
            Of which fold; None for all rows.
        """
        is_certified = result.unique and result.converged.all()
        if is_certified and np.isfinite([result.dual_gaps, result.intercepts]).all():
            return
        report(
            self.setup.name if fold is None else f"{self.setup.name}{fold}",
            result,
            factor=self.limits.factor,
            standardize=self.setup.standardize,
            tol=settings.tol,
            max_iter=settings.max_iter,
            kind=kind,
        )

    def refuse_underflow(self) -> None:
        """Raise where squares of the rows underflow; after the fit, it costs little.

        Here nothing is left to do: moments are checked when they are summed up.
        """

    def attributes(self) -> dict[str, Any]:
        """Return the fitted attributes that do not depend on the solution."""
        fitted: dict[str, Any] = {"n_features_in_": self.n_features}
        if self.feature_names is not None:
            fitted["feature_names_in_"] = self.feature_names
        return fitted

    def path_attributes(self, result: PathResult) -> dict[str, Any]:
        """Return the fitted attributes of a path on all rows."""
        path = self.regularization_path(result)
        return {"path_": path, "coef_path_": path.coefs}

    def regularization_path(self, result: PathResult) -> RegularizationPath:
        """Turn a path (n_alphas,) into what users get."""
        coefs = result.coefs
        if not coefs.data.all():  # a zero may be stored
            coefs = coefs.copy()
            coefs.eliminate_zeros()
        return RegularizationPath(
            alphas=result.alphas,
            sparse_coefs=coefs,
            intercepts=result.intercepts,
            dual_gaps=result.dual_gaps,
            n_nonzero=np.diff(coefs.indptr),
            n_iters=result.n_iters,
            solver=result.solver,
            null_objective=float(result.null_objectives[0]),
            explained_deviance=result.explained(),
            feature_names_in_=self.feature_names,
        )


def refuse_underflow(
    name: str,
    design: Design,
    X: Any,
    y: Floats | None,
    sample_weight: Floats | None,
    feature_names: NDArray[Any] | None,
) -> None:
    """Raise where squares of a column of X or y in memory underflow float64.

    The columns' lengths are known after a fit; only columns that look constant are
    read again.

    Parameters
    ----------
    name : str
        Estimator or function.
    design : Design
        Of X.
    X : {ndarray, CSR, CSC} of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,) or (n_samples, n_targets), or None
        None where targets are not squared.
    sample_weight : ndarray of shape (n_samples,) or None
        Rows of weight 0 are left out.
    feature_names : ndarray of shape (n_features,) or None

    Raises
    ------
    ValueError
        With the column, or y, and the remedy.
    """
    rows: Any = slice(None)
    if sample_weight is not None and not sample_weight.all():
        rows = sample_weight > 0.0
    about_mean = design.fit_intercept
    if y is not None:
        # (Most are seen at a glance: a larger one varies by more, or is constant.)
        targets = y[rows]
        is_large = y.ndim == 1 and np.abs(targets).max() * _CONSTANT > _WIDEST
        if not is_large and _varies_too_little(targets, about_mean).any():
            _refuse(name, "y")
    is_small = design.lengths * design.scale < _LEAST
    if not is_small.any():
        return
    suspects = np.flatnonzero(is_small)
    for start in range(0, len(suspects), _BLOCK):
        block = suspects[start : start + _BLOCK]
        found = block[_varies_too_little(X[:, block][rows], about_mean)]
        if len(found):
            _refuse(name, _called(int(found[0]), feature_names))


def refuse_small_moments(
    name: str, magnitudes: Floats, n_features: int, feature_names: NDArray[Any] | None
) -> None:
    """Raise where squares of a column of X or y underflowed before they were summed.

    Of rows that are not at hand: a column of tiny mean counts as one that varies.

    Parameters
    ----------
    name : str
        Estimator or function.
    magnitudes : ndarray of shape (n_features + n_targets,)
        The larger of |mean| and the deviation, of the columns of X and of y.
    n_features : int
    feature_names : ndarray of shape (n_features,) or None

    Raises
    ------
    ValueError
        With the column, or y, and the remedy.
    """
    found = np.flatnonzero((magnitudes > 0.0) & (magnitudes < _LEAST))
    if len(found):
        first = int(found[0])
        _refuse(name, _called(first, feature_names) if first < n_features else "y")


def _varies_too_little(columns: Any, about_mean: bool) -> NDArray[np.bool_]:
    """Return which columns vary, but by less than squares can tell."""
    high, low = (_dense(columns.max(axis=0)), _dense(columns.min(axis=0)))
    largest = np.maximum(np.abs(high), np.abs(low))
    spread = high - low if about_mean else largest
    result: NDArray[np.bool_] = (spread > _CONSTANT * largest) & (spread < _WIDEST)
    return result


def _dense(row: Any) -> Floats:
    found = row.toarray() if hasattr(row, "toarray") else row
    return np.asarray(found, dtype=np.float64).ravel()


def _called(column: int, feature_names: NDArray[Any] | None) -> str:
    if feature_names is None:
        return f"column {column} of X"
    return f"column {str(feature_names[column])!r} of X"


def _refuse(name: str, what: str) -> None:
    raise ValueError(
        f"{name} cannot solve this problem in float64: squares of {what} underflow; "
        "rescale it."
    )
