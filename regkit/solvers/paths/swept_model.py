"""The quadratic model of a loss on a large working set, by coordinate descent.

The model of `newton_model`, without its Gram matrix and factor: sweeps over the columns
keep the rows' linearized residuals up to date, one stored entry after the other. With
q = p w, and h_j the sum of q_i x_ij for columns as they are stored, row i's is

    p_i u_i = s_i + q_i o,   s = p r - Σ_j q x_j (b'_j - b_j),
    o = Σ_j h_j / S (b'_j - b_j) - (Σ p r) / S

so that it sums to zero at each step, the intercept eliminated, and no step touches rows
in which its column has no entry.
"""

from math import inf
from typing import Any, cast

import numpy as np

from regkit._types import EPS, Floats, Indices
from regkit.designs.protocols import GatheredColumns
from regkit.kernels.linear import coordinate_descent
from regkit.kernels.linear.active_set_state import WorkingProblem
from regkit.kernels.linear.terms import Terms
from regkit.solvers.paths import pivoting
from regkit.solvers.paths.newton_model import NewtonModel, inverse_of

_NO_MATRIX = np.empty((0, 0))
# Sweeps between two searches over the present signs, ...
_ROUND = 10
# ... which leave this share of the slopes where the signs may yet change.
_COARSE = 0.1
# Tolerances below this share of the penalty are rounding errors.
_ROUNDING = 8.0 * EPS
# Searches in a row that may leave more than half of the slopes.
_PATIENCE = 2


class SweptModel(NewtonModel):
    """`NewtonModel`, minimized up to ``tolerance``.

    Attributes
    ----------
    tolerance : float
        What a gradient that is left over may add to the duality gap.
    most_sweeps : int
        Sweeps in one minimization.
    n_sweeps : int
        How many were made.
    is_exact : bool
        Whether the last minimization left nothing but rounding errors.
    may_drop : bool
        Whether weak columns are dropped when it is formed next: once an alpha, for
        what is weak at a rough solution may be wanted again at the next one.
    """

    tolerance = 0.0
    most_sweeps = 0
    n_sweeps = 0
    is_exact = False
    may_drop = True

    _block: Any
    _square: Floats
    _dual: Floats
    _refused: Indices

    @classmethod
    def of(cls, model: NewtonModel, max_iter: int) -> "SweptModel":
        """Take over the columns and coefficients of ``model``, which loses them."""
        swept = cls(
            model._store, model._penalty, model._rank, model._fit_intercept, max_iter
        )
        swept._refused = model.columns[model.is_refused]
        swept.n_grams = model.n_grams
        swept._take_in(model.columns, model.correlation)
        swept.restart(model.coef)
        return swept

    @property
    def entries(self) -> None:
        return None

    @property
    def n_active(self) -> int:
        return int(np.count_nonzero(self.coef))

    def n_refused(self, columns: Indices) -> int:
        return int(np.count_nonzero(np.isin(self._refused, columns)))

    def _make_room(self, size: int) -> None:
        capacity = len(self._problem.target)
        if size <= capacity:
            return
        capacity = max(2 * capacity, size)

        _, *vectors = self._problem
        self._problem = WorkingProblem(
            _NO_MATRIX, *(pivoting.grown(v, (capacity,)) for v in vectors)
        )
        state = self._state
        self._state = state._replace(
            coef=pivoting.grown(state.coef, (capacity,)),
            correlation=pivoting.grown(state.correlation, (capacity,)),
            free=pivoting.grown(state.free, (capacity,)),
            side=pivoting.grown(state.side, (capacity,)),
        )

    def add(self, columns: Indices, products: Floats) -> None:
        self._store.append(columns)
        self._take_in(columns, products)

    def form(
        self,
        weight: Floats,
        share_residual: Floats,
        products: Floats | None,
        bound: float,
    ) -> None:
        bound = bound if self.may_drop else 0.0
        self.may_drop = False
        super().form(weight, share_residual, products, bound)

    def _weigh(self, weight: Floats) -> None:
        block, square = cast(GatheredColumns, self._store).swept(weight)
        if self._fit_intercept:
            total = np.atleast_2d(self._store.total(weight))
            self._inverse = inverse_of(total)
            self._sums = self._store.correlate(weight)[:, None]
            means = block.mean * self._inverse[0, 0]
            own = square - means * block.mean
            # A column that is constant where rows have curvature has none itself.
            square = np.where(own > 16.0 * EPS * square, own, 0.0)
            self._block = block._replace(offset=means)
        else:
            self._block = block._replace(mean=block.offset)
        self._square = square

    def rebase(self, share_residual: Floats, products: Floats | None) -> None:
        self._imbalance = np.atleast_1d(share_residual.sum())
        self._dual = share_residual
        if self._fit_intercept:
            shift = float(self._imbalance[0] * self._inverse[0, 0])
            self._dual = share_residual - shift * self.weight

    def restart(self, coef: Floats) -> None:
        self._state.coef[: self.size] = coef

    def _minimize(self, alpha: float) -> None:
        """Sweep, and go to the minimum over the signs that sweeps find, in turns."""
        l1, l2, lower, upper, _ = (vector[: self.size] for vector in self._problem[2:])
        terms, every = Terms(l1, l2, lower, upper, self._square), np.arange(self.size)
        # Below, steps of coordinates are rounding errors.
        least = _ROUNDING * alpha * float(terms.l1 @ np.abs(self.coef))
        tolerance = max(self.tolerance, least)
        self.is_exact = False
        goal = tolerance / max(float(np.abs(self.coef).sum()), 1e-300)
        left, share, last, patience = self.most_sweeps, _COARSE, inf, _PATIENCE
        while left > 0:
            state = np.append(self._dual, 0.0)
            most = min(_ROUND, left)
            n_sweeps = coordinate_descent.on_residual(
                self._block, every, terms, alpha, self.coef, state, tolerance, most
            )
            self._dual = state[:-1] + state[-1] * self.weight
            left -= n_sweeps
            if n_sweeps < most or left <= 0:
                self.is_exact = n_sweeps < most and tolerance == least
                break
            slope = self._slope(terms, alpha)
            worst = float(np.abs(slope).max(initial=0.0))
            if not worst < 0.5 * last and share == 0.0:
                patience -= 1
            if patience == 0:
                self.is_exact = True
                break
            last = worst
            n_products, is_inside = self._go_down(
                slope, terms, alpha, max(goal, share * worst), left
            )
            share = 0.0 if is_inside else _COARSE
            left -= n_products
        self.n_sweeps += self.most_sweeps - left

    def _slope(self, terms: Terms, alpha: float) -> Floats:
        """Return the objective's slopes along coefficients that may move.

        Those that are zero stay so, and those at their bounds.
        """
        coef = self.coef
        inside = (terms.lower < coef) & (coef < terms.upper)
        inside &= self._square + alpha * terms.l2 > 0.0
        is_free = inside & ((coef != 0.0) | (terms.l1 == 0.0))
        slope = self._store.correlate(self._dual)
        slope -= alpha * (terms.l1 * np.sign(coef) + terms.l2 * coef)
        return np.where(is_free, slope, 0.0)

    def _go_down(
        self, slope: Floats, terms: Terms, alpha: float, goal: float, most: int
    ) -> tuple[int, bool]:
        """Go to the minimum over coefficients of the present signs.

        By conjugate gradients with the diagonal as preconditioner, until no slope is
        above ``goal``. Returns the products made, and whether all kept their signs.
        """
        coef, rest = self.coef, slope.copy()
        is_free = slope != 0.0
        curvature = self._square + alpha * terms.l2
        step, change = np.zeros_like(coef), np.zeros_like(self._dual)
        scale = np.divide(1.0, curvature, out=np.zeros_like(curvature), where=is_free)
        direction, size = scale * rest, float(rest @ (scale * rest))
        n_products = 0
        while n_products < most and np.abs(rest).max(initial=0.0) > goal:
            n_products += 1
            moved = self._moved(direction)
            bent = self.weight * moved
            image = self._store.correlate(bent) + alpha * terms.l2 * direction
            bend = float(bent @ moved) + alpha * float(terms.l2 @ direction**2)
            if not 0.0 < bend < np.inf:
                break
            length = size / bend
            step += length * direction
            change += length * moved
            rest -= length * np.where(is_free, image, 0.0)
            scaled = scale * rest
            size, before = float(rest @ scaled), size
            direction = scaled + (size / before) * direction
        reached = _within(coef, coef + step, terms)
        is_inside = np.array_equal(reached, coef + step)
        if not is_inside:
            n_products += 1
            # To where a first one is held, or with all held that are to be.
            other, first = reached - coef, _first_end(coef, step, terms)
            step, change, moved = first * step, first * change, self._moved(other)

            def gain(by: Floats, change: Floats) -> float:
                bend = self.weight @ change**2 + alpha * (terms.l2 @ by**2)
                return float(slope @ by - 0.5 * bend)

            if gain(other, moved) > gain(step, change):
                change = moved
            else:
                reached = _within(coef, coef + step, terms)
        coef[:] = reached
        self._dual = self._dual - self.weight * change
        return n_products + 1, is_inside

    def _moved(self, step: Floats) -> Floats:
        """Return what a step of the coefficients does to the linear predictors."""
        moved = self._store.combine(step)
        if self._fit_intercept:
            moved -= float(self._inverse[0, 0] * (self._sums[:, 0] @ step))
        return moved

    def advance(
        self, step: Floats, shift: Floats, rows: Any
    ) -> tuple[float, Floats | None]:
        found = super().advance(step, shift, rows)
        # Sweeps do not keep the correlations, and they are those of the dual point.
        self._state.correlation[: self.size] = self._store.correlate(
            rows.share * rows.moved
        )
        return found


def _within(coef: Floats, moved: Floats, terms: Terms) -> Floats:
    """Return ``moved``, coefficients that change their sign or leave the box held."""
    kept = np.where((moved * coef < 0.0) & (terms.l1 > 0.0), 0.0, moved)
    return np.clip(kept, terms.lower, terms.upper)


def _first_end(coef: Floats, step: Floats, terms: Terms) -> float:
    """Return the share of ``step`` at which a first coefficient has to be held."""
    low = np.where((coef > 0.0) & (terms.l1 > 0.0), 0.0, terms.lower)
    high = np.where((coef < 0.0) & (terms.l1 > 0.0), 0.0, terms.upper)
    room = np.where(step > 0.0, high - coef, coef - low)
    moves = step != 0.0
    return min(1.0, float(np.min(room[moves] / np.abs(step[moves]), initial=1.0)))
