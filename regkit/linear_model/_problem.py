"""A fit before its penalty is known: rows, targets and limits, opened and checked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.linear_model._limits import check_bounds, check_penalty_factor
from regkit.linear_model._regularization_path import RegularizationPath
from regkit.linear_model._report import report
from regkit.linear_model._source_reducer import Names
from regkit.solvers.folds.in_memory import PathSettings
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult


class Limits(NamedTuple):
    """Penalty factors and bounds, checked."""

    factor: Floats | None
    """(n_features,) or None where all are 1."""
    lower: Floats | float
    """(n_features,) or one number for all."""
    upper: Floats | float
    """(n_features,) or one number for all."""

    @property
    def bounded(self) -> bool:
        """Whether any coefficient is limited at all."""
        return _is_finite(self.lower) or _is_finite(self.upper)


def _is_finite(side: Floats | float) -> bool:
    """Whether any bound of one side is finite."""
    if isinstance(side, float):
        return math.isfinite(side)
    return bool(np.isfinite(side).any())


class Setup(NamedTuple):
    """What a fit does with its rows, wherever they are, as the user said it."""

    name: str
    """Of the public class or function, for messages."""
    fit_intercept: bool
    standardize: bool
    positive: bool
    """Whether lower bounds are raised to 0."""
    bounds: Any
    """None, a pair of numbers or arrays of shape (n_features,), or a dict with a pair
    for each column it names, None for no bound; both sides must include 0."""
    penalty_factor: Any
    """None, or array-like of shape (n_features,), non-negative, inf allowed; or a dict
    with a number for each column it names: the others have 1."""

    @classmethod
    def of(cls, estimator: Any) -> Setup:
        """Read the parameters of an estimator."""
        return cls(
            type(estimator).__name__,
            bool(estimator.fit_intercept),
            bool(estimator.standardize),
            estimator.positive,
            estimator.bounds,
            estimator.penalty_factor,
        )

    def limits(self, n_features: int, names: NDArray[Any] | None = None) -> Limits:
        """Check the parameters that have an entry per feature, or name features.

        Parameters
        ----------
        n_features : int
            Number of columns of X.
        names : ndarray of str of shape (n_features,) or None
            Names of the columns, None where they have none.

        Returns
        -------
        limits : Limits
            Numbers stay numbers, so that the default costs nothing.

        Raises
        ------
        ValueError
            Naming the parameter, the feature and the value.
        """
        factor = None
        if self.penalty_factor is not None:
            factor = check_penalty_factor(self.penalty_factor, n_features, names)
        lower: Floats | float = -np.inf
        upper: Floats | float = np.inf
        if self.bounds is not None:
            lower, upper = check_bounds(self.bounds, n_features, names)
        if self.positive:
            lower = np.maximum(lower, 0.0) if self.bounds is not None else 0.0
        return Limits(factor, lower, upper)


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
    y_ndim: int = field(default=1, kw_only=True)
    """Dimensions of y as it was passed."""

    @property
    def n_targets(self) -> int:
        """Rows of coefficients: targets, or classes."""
        raise NotImplementedError

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

    def solution(self, result: PathResult) -> dict[str, Any]:
        """Return the fitted attributes of solutions of shape (n_targets,).

        Of one target they are those of a number, as scikit-learn's; where y had a
        second dimension all the same, the intercept keeps it.
        """
        coefs = result.dense()
        if len(coefs) > 1:
            return {
                "coef_": coefs,
                "intercept_": result.intercepts,
                "n_iter_": result.n_iters,
                "dual_gap_": result.dual_gaps,
                "solver_": result.solver,
            }
        return {
            "coef_": coefs[0],
            "intercept_": result.intercepts[0 if self.y_ndim == 1 else slice(1)],
            "n_iter_": int(result.n_iters[0]),
            "dual_gap_": result.dual_gaps[0],
            "solver_": result.solver,
        }

    def regularization_path(self, result: PathResult) -> RegularizationPath | None:
        """Turn a path (n_alphas,) into what users get.

        None where several targets with a problem each have no path together.
        """
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
