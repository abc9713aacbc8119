"""The exact solver by orthogonal factors of the columns themselves.

A Gram matrix squares the condition of its columns: of columns whose means are a million
times their spread, without an intercept, it keeps too few digits to tell what is left
of one beside the others. A QR factorization of the columns keeps them, at the cost of
factoring anew at each step. So this solver follows where `ActiveSet` did not reach the
optimum, and where the working set is small.

It is a primal active-set method. With free columns F of signs s, the objective over the
hull of their cells, ``1/2 |y - Z b|² + alpha Σ_F (l1 s b + l2/2 b²)``, has its optimum
at ``b_F + d`` with

    (Z_FᵀZ_F + alpha L2) d = Z_Fᵀ r - alpha (l1 s + L2 b_F),   r = y - Z b.

Coefficients move there, or to the first that leaves its cell, which is then fixed;
where all cells hold, the column whose slope is most outside of its subdifferential is
freed. Where F is dependent, coefficients move along its null direction, along which the
objective is linear, and one column is exchanged for another. The objective never rises.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular

from regkit._types import EPS, Floats, Indices
from regkit.solvers.paths.certificate import Products
from regkit.solvers.paths.working_set import DualPoint, WorkingSet
from regkit.solvers.problem import sum_of_squares

# At most so many entries of the working set's columns are factored at each step.
MOST_ENTRIES = 1 << 18


class Orthogonal(WorkingSet):
    """A primal active-set method on QR factors of the working set's columns."""

    name = "qr"

    def _begin(self) -> None:
        self._rows = np.empty((0, self._design.n_samples))  # Z's columns, as rows
        self._coef = np.empty(0)
        self._sign = np.empty(0)  # of the free columns' cells, 0 where fixed
        self._free = np.empty(0, dtype=np.bool_)
        self._refused = np.empty(0, dtype=np.bool_)

    def add(self, columns: Indices) -> None:
        self._rows = np.concatenate([self._rows, self._design.gather(columns)])
        self.columns = np.concatenate([self.columns, columns])
        new = np.zeros(len(columns))
        self._coef = np.concatenate([self._coef, new])
        self.restart(self._coef)

    def restart(self, coef: Floats) -> None:
        self._coef = coef.copy()
        full, at = self._full.penalty, self.columns
        self._l1, self._l2 = full.l1[at], full.l2[at]
        self._lower, self._upper = full.lower[at], full.upper[at]
        self._length = np.sqrt(np.einsum("ij,ij->i", self._rows, self._rows))
        inside = (self._lower < coef) & (coef < self._upper)
        is_smooth = (self._l1 == 0.0) & (self._l2 == 0.0)
        self._free = inside & ((coef != 0.0) | is_smooth)
        self._sign = np.where(self._free, np.sign(coef), 0.0)
        self._refused = np.zeros(len(coef), dtype=np.bool_)

    def coef(self) -> Floats:
        return self._coef

    def residual(self) -> Floats:
        residual: Floats = self._full.target - self._coef @ self._rows
        return residual

    def correlate(self, residual: Floats) -> Floats | None:
        return None

    def gathered(self, chosen: Indices) -> Products:
        some = self._rows[chosen]
        return some @ some.T, lambda step: self._rows @ (step @ some)

    def dual_point(self, alpha: float) -> DualPoint | None:
        residual = self.residual()
        move, slopes = self.dual_move(residual, alpha)
        return DualPoint(residual - move, slopes, sum_of_squares(move))

    def dual_move(self, residual: Floats, alpha: float) -> tuple[Floats, Floats]:
        """Return a small move d, and the slopes ``Zᵀ(residual - d)`` that it aims at.

        ``residual - d`` is the nearest point at which the free columns' slopes are what
        the optimum asks for; the slopes (one per column of the working set) are nan
        where d does not bring them there up to rounding errors.
        """
        free = np.flatnonzero(self._free)
        aims = np.full(len(self.columns), np.nan)
        rows, length = self._rows[free], self._length[free]
        if not len(free) or not np.all(length > 0.0):
            return np.zeros_like(residual), aims
        aim = alpha * (
            self._l1[free] * self._sign[free] + self._l2[free] * self._coef[free]
        )
        unit = (rows / length[:, None]).T
        factor, triangle, order = qr(unit, mode="economic", pivoting=True)
        rank = self._rank(triangle, free)
        excess = ((rows @ residual - aim) / length)[order[:rank]]
        move = factor[:, :rank] @ solve_triangular(
            triangle[:rank, :rank], excess, trans="T"
        )
        is_met = np.abs(rows @ (residual - move) - aim) <= self._noise()[free]
        aims[free] = np.where(is_met, aim, np.nan)
        return move, aims

    def _rank(self, triangle: NDArray[Any], free: Indices) -> int:
        """Return the rank of the free columns, of unit length, by their triangle.

        What only the last bits of X set apart counts as dependent.
        """
        bits = self._full.penalty.last_bits[self.columns[free]] / self._length[free]
        size = np.sqrt(self._full.total)
        unknown = float(np.max(bits, initial=0.0)) / size if size > 0.0 else 0.0
        diagonal = np.abs(triangle.diagonal())
        least = max(8.0 * EPS * max(self._rows.shape), 4.0 * unknown)
        return int(np.count_nonzero(diagonal > least))

    def _noise(self) -> Floats:
        """Return what rounding may make of a slope."""
        fit = np.max(np.abs(self._coef) * self._length, initial=0.0)
        noise: Floats = 16.0 * EPS * self._length * (np.sqrt(self._full.total) + fit)
        return noise

    @property
    def is_doubtful(self) -> bool:
        return False

    def n_refused(self, columns: Indices) -> int:
        """Count those of ``columns`` that depend on others and stay fixed."""
        is_inside = (self._lower < self._coef) & (self._coef < self._upper)
        held = np.isin(self.columns, columns)
        return int(np.count_nonzero(held & is_inside & ~self._free))

    def refresh(self, correlation: Floats) -> None:
        """Nothing to learn: residuals are computed afresh at each step."""

    def minimize(self, alpha: float, goal: float) -> int:
        n_iter = 0
        self._refused[:] = False
        while n_iter < self._max_iter:
            if self._free.any():
                n_iter += self._settle(alpha, self._max_iter - n_iter)
            if not self._release(alpha):
                break
        return max(n_iter, 1)

    def _settle(self, alpha: float, max_iter: int) -> int:
        """Go to the optimum over the free columns' cells, fixing those that leave."""
        n_iter = 0
        is_refined = False
        while self._free.any() and n_iter < max_iter:
            n_iter += 1
            free = np.flatnonzero(self._free)
            step, is_null = self._direction(alpha, free)
            if not self._free[free].all():
                continue  # one that depends on the others was fixed
            if self._advance(free, step, is_bounded=not is_null):
                is_refined = False
            elif is_null or is_refined:
                break
            else:
                is_refined = True  # once more, for what rounding has left over
        return n_iter

    def _direction(self, alpha: float, free: Indices) -> tuple[Floats, bool]:
        """Return the step to the hull's optimum, or a direction without curvature.

        The last of ``free`` that depends on the others leaves where its direction
        gains nothing.
        """
        rows = self._rows[free]
        length = np.where(self._length[free] > 0.0, self._length[free], 1.0)
        sign, l1, l2 = self._sign[free], alpha * self._l1[free], alpha * self._l2[free]
        right = self.residual()
        columns = (rows / length[:, None]).T
        if l2.any():
            ridge = np.sqrt(l2)
            columns = np.concatenate([columns, np.diag(ridge / length)])
            right = np.concatenate([right, -ridge * self._coef[free]])
        factor, triangle, order = qr(columns, mode="economic", pivoting=True)
        rank = self._rank(triangle, free)
        head = triangle[:rank, :rank]
        linear = (l1 * sign / length)[order]
        if rank < len(free):
            # Along v the fit stays as it is: Z v = 0.
            null = np.zeros(len(free))
            null[order[rank]] = 1.0
            null[order[:rank]] = -solve_triangular(head, triangle[:rank, rank])
            slope = float(null @ (l1 * sign / length))
            scale = float(np.abs(null) @ (l1 / length))
            if abs(slope) > 1e3 * EPS * scale:
                return -np.sign(slope) * null / length, True
            self._fix(free[order[rank]], refused=True)
            return np.zeros(len(free)), True
        inner = factor[:, :rank].T @ right
        inner -= solve_triangular(head, linear[:rank], trans="T")
        step = np.empty(len(free))
        step[order] = solve_triangular(head, inner)
        return step / length, False

    def _advance(self, free: Indices, step: Floats, is_bounded: bool) -> bool:
        """Move until a coefficient leaves its cell; return whether one did."""
        coef, sign = self._coef[free], self._sign[free]
        is_kinked = self._l1[free] > 0.0
        low = np.where(is_kinked & (sign > 0), 0.0, self._lower[free])
        high = np.where(is_kinked & (sign < 0), 0.0, self._upper[free])
        low, high = (
            np.maximum(low, self._lower[free]),
            np.minimum(high, self._upper[free]),
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            room = np.where(step > 0.0, (high - coef) / step, (low - coef) / step)
        room = np.where(step == 0.0, np.inf, np.maximum(room, 0.0))
        first = int(np.argmin(room))
        share = room[first]
        if is_bounded and share >= 1.0:
            self._coef[free] = np.clip(coef + step, low, high)
            return False
        if not np.isfinite(share):
            return False
        self._coef[free] = np.clip(coef + share * step, low, high)
        wall = high[first] if step[first] > 0.0 else low[first]
        self._coef[free[first]] = wall
        self._fix(free[first])
        return True

    def _fix(self, place: int, refused: bool = False) -> None:
        self._free[place] = False
        self._sign[place] = 0.0
        self._refused[place] = refused

    def _release(self, alpha: float) -> bool:
        """Free the column that is most outside of its subdifferential, if any."""
        slope = self._rows @ self.residual() - alpha * self._l2 * self._coef
        threshold = alpha * self._l1
        low = np.where(self._coef > 0.0, threshold, -threshold)
        high = np.where(self._coef < 0.0, -threshold, threshold)
        up = np.where(self._coef < self._upper, slope - high, -np.inf)
        down = np.where(self._coef > self._lower, low - slope, -np.inf)
        noise = 0.25 * self._noise()
        excess = np.where(self._free | self._refused, -np.inf, np.maximum(up, down))
        with np.errstate(divide="ignore", invalid="ignore"):
            pull = np.where(excess > noise, excess / self._length, 0.0)
        if not pull.max(initial=0.0) > 0.0:
            return False
        place = int(np.argmax(pull))
        self._free[place] = True
        coef = self._coef[place]
        uphill = 1.0 if up[place] >= down[place] else -1.0
        self._sign[place] = np.sign(coef) if coef != 0.0 else uphill
        return True
