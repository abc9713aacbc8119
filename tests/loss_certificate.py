"""An outside judge of penalized fits of any loss of `tests.loss_formulas`.

The gap of a fit is `tests.loss_problem.LossProblem.gap_with` at the best dual point
known: the gradient at the best intercept beside the coefficients, or, where that leaves
more than ``goal``, the gradient at the optimum that `tests.loss_optimum` finds from
there. The latter gap is the fit's suboptimality, up to a small share of ``goal``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.loss_optimum import minimize
from tests.loss_problem import Array, LossProblem, state


@dataclass(frozen=True)
class LossCertificate:
    """How far a fit is at most from optimal, in the units of P."""

    primal: float
    """P; inf outside the box or where an excluded coefficient is not 0."""
    gap: float
    """An upper bound of P minus its least value."""
    null_deviance: float
    """Loss of the best constant prediction less that of a perfect one: the unit of
    ``tol``. Without an intercept the constant is the offset alone."""

    @property
    def dual(self) -> float:
        """A lower bound of the least value."""
        return self.primal - self.gap

    @property
    def relative_gap(self) -> float:
        """The gap over the null deviance."""
        return self.gap / self.null_deviance


def certify_loss(
    loss: str,
    X: Any,
    y: Any,
    coef: Any,
    intercept: Any,
    *,
    goal: float = 1e-14,
    **options: Any,
) -> LossCertificate:
    """Judge one fit; `options` are those of `tests.loss_problem.state`.

    Parameters
    ----------
    coef : (p,) or (K, p) array
        In the units of X.
    intercept : float or (K,) array
    goal : float
        A gap of this share of the null deviance need not be made smaller.
    """
    problem = state(loss, X, y, **options)
    coefs = np.atleast_2d(np.asarray(coef, dtype=problem.X.dtype))
    intercepts = np.atleast_1d(np.asarray(intercept, dtype=problem.X.dtype))
    null_deviance = problem.null_deviance()
    return LossCertificate(
        primal=float(problem.primal(coefs, intercepts)),
        gap=_gap(problem, coefs, intercepts, goal * null_deviance),
        null_deviance=null_deviance,
    )


def _gap(problem: LossProblem, coef: Array, intercept: Array, goal: float) -> float:
    z = problem.predictor(coef, intercept)
    gap = problem.gap(coef, z, z)
    if gap <= goal or not np.isfinite(problem.penalty(coef)):
        return gap
    best = minimize(problem, coef, intercept, 0.01 * goal)
    return min(gap, problem.gap(coef, z, problem.predictor(*best)))
