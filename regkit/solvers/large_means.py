"""The path without an intercept, where columns' means exceed their deviations by far.

With means m, ZᵀZ = C + m mᵀ: two columns whose means are 1e7 deviations large are
parallel up to 1e-14, and of C nothing is left in the sum. So the two parts are kept
apart. Up to a constant,

    1/2 |y - Z b|² = 1/2 bᵀC b - cᵀb + 1/2 (t - mᵀb)²

with c the centred products and t the mean of y. A share of the last square, so small
that it costs C no digits, stays in the matrix; of the rest, only its derivative v is
kept: b minimises 1/2 bᵀC'b - (c' + v m)ᵀb plus the penalty, C' = C + share m mᵀ, for
the one v with v = (1 - share)(t - mᵀb). The difference of the two sides increases with
v, in straight pieces: Newton's steps find its zero in as many as there are changes of
the active set.
"""

import numpy as np
from scipy.linalg import solve_triangular

from regkit.designs import Design
from regkit.kernels.certificate import doubt, duality_gap
from regkit.kernels.hull import Problem
from regkit.solvers import exact
from regkit.solvers.complete_gram import CompleteGram
from regkit.solvers.problem import Floats, Penalty

_EPS = float(np.finfo(np.float64).eps)
_STEPS = 100


class LargeMeans(CompleteGram):
    """The problem on the centred Gram matrix, and the means beside it."""

    def __init__(
        self,
        design: Design,
        y: Floats,
        twin: tuple[Design, Floats],
        penalty: Penalty,
    ) -> None:
        """Take a design without an intercept, and its twin with one and its y."""
        centred, same = twin
        target, level = centred.centre(same)
        gram, products = centred.gram(target)
        self._level = float(level)
        self._means = (centred.offset + centred.offset_rest) / centred.scale
        spread = float(gram.diagonal().max(initial=0.0))
        largest = float(np.max(self._means**2))
        self._share = min(0.5, spread / largest) if spread > 0.0 else 0.5
        self._centred_products = products
        self._centred_total = float(target @ target)
        self._force = 0.0
        gram = gram + self._share * np.outer(self._means, self._means)
        self._base = products + self._share * self._level * self._means
        self._begin(design, y, penalty, gram, self._base.copy())

    def _fit_unpenalised(self, design: Design, alone: Problem) -> None:
        self._minimise(alone, 1.0, 1000, False)

    def _minimise(
        self, problem: Problem, alpha: float, max_iter: int, ridged: bool
    ) -> int:
        """Bring the state to the optimum at ``alpha``; count the systems."""
        state, means = self._state, self._means
        low, high = -np.inf, np.inf
        n_iter = 0
        for _ in range(_STEPS):
            n_iter += exact.minimise(
                problem, state, len(means), alpha, max_iter - n_iter, ridged
            )
            excess = self._force / (1.0 - self._share) - self._left(state.coef)
            size = abs(self._level) + float(np.abs(means) @ np.abs(state.coef))
            if abs(excess) <= 4.0 * _EPS * size or n_iter >= max_iter:
                break
            low, high = (low, self._force) if excess > 0.0 else (self._force, high)
            active = state.active[: state.size[0]]
            factor = state.factor[: len(active), : len(active)]
            half = solve_triangular(factor, means[active], lower=True)
            slope = 1.0 / (1.0 - self._share) + float(half @ half)
            force = self._force - excess / slope
            if not low < force < high:
                force = 0.5 * (low + high)
            if not low < force < high or not np.isfinite(force):
                break
            state.correlation[:] += (force - self._force) * means
            self._force = force
            problem.target[:] = self._base + force * means
        return n_iter

    def _left(self, coef: Floats) -> float:
        """Return the mean residual."""
        return self._level - float(self._means @ coef)

    def _gap(self, alpha: float, coef: Floats, slope: Floats) -> float:
        """Return the gap to the dual point whose mean is what ``slope`` is made of."""
        scaled, square = self.scaled, self._square
        left = self._left(coef)
        mean = self._force + self._share * left
        within = slope - mean * self._means
        residual_square = self._centred_total - float(
            coef @ (self._centred_products + within)
        )
        unsure = doubt(coef, square, self._centred_total)
        gap = duality_gap(
            self._every,
            coef,
            slope,
            scaled.l1,
            scaled.l2,
            scaled.lower,
            scaled.upper,
            square,
            alpha,
            max(unsure, residual_square) + mean**2,
        )
        return float(gap + unsure + 0.5 * (left - mean) ** 2)
