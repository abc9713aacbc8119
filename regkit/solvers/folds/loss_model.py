"""The quadratic model of a loss, made of sums over rows.

As `regkit.solvers.paths.newton_model` has it, on all columns that may be used: second
derivatives G, products c of the columns with residuals, the intercepts eliminated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.designs.centered_moments import CenteredMoments
from regkit.kernels.linear.active_set_state import WorkingProblem
from regkit.kernels.linear.cholesky import BLOCK
from regkit.solvers.folds.loss_passes import pairs
from regkit.solvers.losses import overflowing
from regkit.solvers.paths import pivoting
from regkit.solvers.problem import ScaledPenalty, next_alpha


class Units(NamedTuple):
    """In what units a model has the columns, and which of them."""

    columns: Indices
    """The columns that the second derivatives are of."""
    center: Floats
    """(columns,), subtracted."""
    scale: Floats
    """(columns,), divided by."""
    fit_intercept: bool
    max_iter: int


class Minimum(NamedTuple):
    """Where a model is least."""

    coef: Floats
    """(width * columns,)"""
    shift: Floats
    """(width,), the step of the intercepts."""
    correlation: Floats
    """(width * columns,), of the linearized residual."""


class SummedModel:
    """The model of one problem, of ``width`` predictors a row."""

    def __init__(
        self,
        moments: list[CenteredMoments],
        total: float,
        penalty: ScaledPenalty,
        units: Units,
    ) -> None:
        """Put the model together.

        Parameters
        ----------
        moments : list of CenteredMoments
            Weighted by second derivatives, for every pair of classes.
        total : float
            The sum of the rows' weights.
        penalty : ScaledPenalty
            Of all classes' columns, class after class.
        units : Units
        """
        size, p = len(penalty.l1), len(units.columns)
        width = int((2 * len(moments)) ** 0.5)
        gram = np.zeros((size, size))
        self._sums = np.zeros((size, width))  # h
        matrix = np.zeros((width, width))  # S
        is_centered = width == 1 and units.fit_intercept
        for (k, m), found in zip(pairs(width), moments, strict=True):
            sign = 1.0 if k == m else -1.0
            weight = sign * found.total_weight / total
            mean = (found.mean[:p] - units.center + found.rest[:p]) / units.scale
            block = sign / total * found.cross[:p, :p] / units.scale
            block /= units.scale[:, None]
            if not is_centered:
                block += weight * np.outer(mean, mean)
            rows, columns = slice(k * p, (k + 1) * p), slice(m * p, (m + 1) * p)
            gram[rows, columns] = gram[columns, rows] = block
            self._sums[rows, m] = self._sums[columns, k] = weight * mean
            matrix[k, m] = matrix[m, k] = weight
        self._inverse = _inverse(matrix)
        self._fit_intercept = units.fit_intercept
        if units.fit_intercept and not is_centered:
            gram -= (self._sums @ self._inverse) @ self._sums.T
        self._max_iter = units.max_iter
        self._ridged = penalty.is_ridged
        self._problem = WorkingProblem(gram, np.zeros(size), *penalty.by_column)
        self._state = pivoting.empty_state(size, size + 2 * BLOCK)
        self._is_new = True
        self._start = np.zeros(size)
        self._imbalance = np.zeros(width)

    def center_on(self, coef: Floats, products: Floats, imbalance: Floats) -> None:
        """Take the model around a point.

        Parameters
        ----------
        coef : ndarray (width * columns,)
        products : ndarray (width * columns,)
            Of the columns with the residuals there.
        imbalance : ndarray (width,)
            The residuals' sums.
        """
        self._start, self._imbalance = coef, imbalance
        correlation = products
        if self._fit_intercept:
            correlation = products - self._sums @ (self._inverse @ imbalance)
        problem, state = self._problem, self._state
        problem.target[:] = correlation + problem.gram @ coef
        state.coef[:], state.correlation[:] = coef, correlation
        inside = (problem.lower < coef) & (coef < problem.upper)
        free = (coef != 0.0) & inside
        active = np.flatnonzero(free)
        state.free[:] = free
        state.side[:] = np.where(problem.l1 > 0.0, np.sign(coef), 0.0)
        state.active[: len(active)] = active
        state.size[0] = len(active)
        self._is_new = True

    def minimize(self, alpha: float, reached: float, top: float) -> Minimum:
        """Find the least of the model and the penalty.

        From the last one found, which belongs to about the penalty ``reached``.
        """
        state, size = self._state, len(self._start)
        while True:
            reached = next_alpha(reached, alpha, top)
            ridged = self._ridged or self._is_new
            with overflowing():
                pivoting.minimize(
                    self._problem, state, size, reached, ridged, self._max_iter
                )
            self._is_new = False
            if reached <= alpha:
                break
        coef = state.coef.copy()
        shift = np.zeros(len(self._imbalance))
        if self._fit_intercept:
            step = coef - self._start
            shift = self._inverse @ (self._imbalance - step @ self._sums)
        return Minimum(coef, shift, state.correlation.copy())

    @property
    def is_refused(self) -> NDArray[np.bool_]:
        """Which columns stay at zero, not free, as those that depend on others."""
        stays = pivoting.stays_inside(self._problem, self._state)
        return np.asarray(stays & (self._state.coef == 0.0))


def _inverse(total: Floats) -> Floats:
    """Return S⁻¹, or S⁺ where the intercepts of all classes may move together."""
    if len(total) > 1:
        return np.asarray(np.linalg.pinv(total, rcond=1e-13, hermitian=True))
    # (Where no row has a curvature, the intercept stays.)
    return np.divide(1.0, total, out=np.zeros_like(total), where=total > 0.0)
