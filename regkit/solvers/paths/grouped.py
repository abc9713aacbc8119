"""Multinomial paths with a penalty on the norm of a column's coefficients.

``alpha Σ_j f_j (ρ |B_j| + (1 - ρ)/2 |B_j|²)`` with the K coefficients B_j of column j:
a column is in the model for all classes, or for none. The path is `NewtonPath`'s; here
are what its models are minimized by, and the norms by which columns are screened and
dual points judged: u is feasible where ``|c_j| <= alpha f_j ρ`` for the K slopes c_j.
"""

from typing import Any

import numpy as np
from scipy import linalg

from regkit._types import Floats, Indices
from regkit.designs.class_columns import ClassDesign
from regkit.kernels.linear.groups import sweep
from regkit.kernels.linear.screening import BATCH
from regkit.kernels.linear.terms import Point
from regkit.solvers.paths.newton import NewtonPath
from regkit.solvers.paths.newton_model import NewtonModel
from regkit.solvers.paths.screening import Request, Screen
from regkit.solvers.problem import Penalty, ScaledPenalty

_MOST_STEPS = 60
# A group's conditions are met to this share of its threshold, and to no less than is
# asked of the gap in relative terms, times the second number.
_PRECISION, _OF_TOL = 1e-13, 0.02
# A Newton step costs as much as this times so many sweeps as there are coefficients.
_SWEEPS = 0.1
# Sweeps between two looks at the conditions.
_ROUND = 3
# Eigenvalues below this share of the largest are rounding errors.
_FLAT = 1e-14


class GroupedPenalty(ScaledPenalty):
    """`ScaledPenalty` of stacked columns whose classes are penalized together."""

    n_classes: int

    @classmethod
    def grouping(cls, penalty: ScaledPenalty, n_classes: int) -> "GroupedPenalty":
        """Take what one class's columns have for the groups'."""
        grouped = cls(*penalty)
        grouped.n_classes = n_classes
        return grouped

    def norms(self, vector: Floats) -> Floats:
        """Return each group's norm, (p,), from one entry per stacked column."""
        found: Floats = np.linalg.norm(vector.reshape(self.n_classes, -1), axis=0)
        return found

    @property
    def _own(self) -> tuple[Floats, Floats, Any]:
        """l1 and l2 of each group, and which groups count: penalized and open."""
        p = len(self.l1) // self.n_classes
        counts = self.is_open & ~self.is_unpenalized
        return self.l1[:p], self.l2[:p], counts[:p]

    def value(self, columns: Indices, coef: Floats) -> float:
        whole = np.zeros(len(self.l1))
        whole[columns] = coef
        norms = self.norms(whole)
        l1, l2, _ = self._own
        return float(l1 @ norms + 0.5 * (l2 @ norms**2))

    def largest_alpha(self, correlation: Floats) -> float:
        l1, l2, counts = self._own
        norms = self.norms(correlation)
        enters = counts & (norms > self.norms(self.noise))
        if np.any(enters & (l1 == 0.0) & (l2 > 0.0)):
            return np.inf
        return float((norms[enters] / l1[enters]).max(initial=0.0))

    def shrinkages(self, at: Point, alpha: float) -> tuple[float, float, float]:
        l1, l2, counts = self._own
        norms = self.norms(at.slope)
        over = counts & (norms > alpha * l1)
        shares = np.divide(alpha * l1, norms, out=np.ones_like(norms), where=over)
        needed = float(shares[l2 == 0.0].min(initial=1.0))
        return needed, min(needed, float(shares.min(initial=1.0))), 0.0

    def shrunk_gap(self, at: Point, alpha: float, shrunk: float, scale: float) -> float:
        l1, l2, counts = self._own
        norms, inner = self.norms(at.coef), at.slope * at.coef
        inner = shrunk * inner.reshape(self.n_classes, -1).sum(axis=0)
        excess = np.maximum(shrunk * self.norms(at.slope) - alpha * l1, 0.0)
        star = np.divide(
            excess**2, 2.0 * alpha * l2, out=np.zeros_like(excess), where=l2 > 0.0
        )
        parts = alpha * (l1 * norms + 0.5 * l2 * norms**2) + star - inner
        free = np.flatnonzero(self.is_unpenalized)
        own = super().shrunk_gap(at._replace(columns=free), alpha, shrunk, scale)
        return float(np.maximum(parts[counts], 0.0).sum()) + own


class GroupScreen(Screen):
    """`Screen` of whole groups: their correlations are always computed."""

    _penalty: GroupedPenalty

    def foresee(self, residual: Floats, alpha: float) -> Indices:
        return np.flatnonzero(self.outside)

    def request(self, residual: Floats, undecided: Indices, others: Indices) -> Request:
        return Request(residual, self._every)

    def settle(self, alpha: float) -> None:
        """Remember nothing: it is norms that enter, not single correlations."""

    def wanted(self, alpha: float, n_present: int) -> Indices:
        penalty = self._penalty
        p = len(self.outside) // penalty.n_classes
        norms = penalty.norms(self.correlation)
        limit = alpha * penalty.l1[:p] + penalty.norms(penalty.noise)
        groups = np.flatnonzero(self.outside[:p] & (norms > limit))
        most = max(BATCH, 2 * n_present) // penalty.n_classes + 1
        if len(groups) > most:
            excess = norms[groups] / np.maximum(limit[groups], 1e-300)
            groups = groups[np.argpartition(-excess, most)[:most]]
        return (groups + p * np.arange(penalty.n_classes)[:, None]).ravel()


class GroupedModel(NewtonModel):
    """`NewtonModel` whose columns come in whole groups, and stay.

    Sweeps over the groups find those that are zero; Newton steps on the others, whose
    penalties are smooth, the digits where sweeps would cost more.

    Attributes
    ----------
    precision : float
        The share of a group's threshold to which its conditions are met.
    """

    precision = _PRECISION
    _drops = False
    _penalty: GroupedPenalty
    _members: Indices = np.empty((0, 0), dtype=np.int64)
    _values: Floats = np.empty((0, 0))
    _vectors: Floats = np.empty((0, 0, 0))
    _known: tuple[int, int] = (-1, -1)

    @property
    def n_active(self) -> int:
        return int(np.count_nonzero(self.coef))

    def _group(self) -> None:
        """Find the places of each group's entries, and their part of G."""
        if self._known == (self.n_grams, self.size):
            return
        self._known = (self.n_grams, self.size)
        classes, own = np.divmod(
            self.columns, len(self._penalty.l1) // self._penalty.n_classes
        )
        order = np.lexsort((classes, own))
        members = order.reshape(-1, self._penalty.n_classes)
        # (Excluded columns are zero and stay.)
        members = members[self._penalty.is_open[self.columns[members[:, 0]]]]
        blocks = self._problem.gram[members[:, :, None], members[:, None, :]]
        values, vectors = np.linalg.eigh(blocks)
        self._members = members
        # Larger ones than they are make shorter steps: a group may have no curvature.
        self._values = np.maximum(values, _FLAT * values.max(initial=0.0))
        self._vectors = np.ascontiguousarray(vectors)

    def _minimize(self, alpha: float) -> None:
        self._group()
        size, members = self.size, self._members
        if not len(members):
            return
        gram, coef, correlation = self._problem.gram, self.coef, self.correlation
        target, first = self._problem.target[:size], members[:, 0]
        a, q = alpha * self._problem.l1[first], alpha * self._problem.l2[first]
        noise = self._problem.noise[:size][members].max(axis=1)
        penalties, last = np.column_stack([a, q]), np.inf
        for _ in range(_MOST_STEPS):
            correlation[:] = target - gram[:size, :size] @ coef
            self._sweep(penalties, noise)
            correlation[:] = target - gram[:size, :size] @ coef
            slope, off = self._conditions(a, q, noise)
            worst = float(off.max())
            if worst <= 1.0 or (worst < 1e3 and not worst < 0.5 * last):
                break
            last = worst
            self._step(slope, a, q)

    def _sweep(self, penalties: Floats, noise: Floats) -> None:
        """Sweep, and on while that comes to the end before a Newton step would."""
        a, q = penalties.T
        left, last, most = np.inf, np.inf, _SWEEPS * self.n_active
        while True:
            for _ in range(_ROUND):
                sweep(
                    self._problem.gram,
                    self._members,
                    self._values,
                    self._vectors,
                    penalties,
                    self.coef,
                    self.correlation,
                )
            off = self._conditions(a, q, noise)[1]
            left, last, most = float(off.max()), left, most - _ROUND
            if left <= 1.0 or most <= 0.0 or not left < last:
                break
            if last < np.inf and np.log(left) > most / _ROUND * np.log(last / left):
                break

    def _conditions(self, a: Floats, q: Floats, noise: Floats) -> tuple[Floats, Floats]:
        """Return groups' slopes, and how far they are off in units of rounding."""
        members = self._members
        B, c = self.coef[members], self.correlation[members]
        norms = np.linalg.norm(B, axis=1)
        unit = np.divide(B, norms[:, None], out=np.zeros_like(B), where=B != 0.0)
        slope = c - a[:, None] * unit - q[:, None] * B
        off = np.linalg.norm(slope, axis=1)
        off = np.where(norms > 0.0, off, np.maximum(off - a, 0.0))
        return slope, off / (self.precision * a + noise)

    def _step(self, slope: Floats, a: Floats, q: Floats) -> None:
        """Take a Newton step on the groups that are not zero."""
        norms = np.linalg.norm(self.coef[self._members], axis=1)
        used = np.flatnonzero(norms > 0.0)
        if not len(used):
            return
        members, a, q, norms = self._members[used], a[used], q[used], norms[used]
        n_entries = members.shape[1]
        places = members.ravel()
        hessian = self._problem.gram[np.ix_(places, places)]
        unit = self.coef[members] / norms[:, None]
        bend = np.eye(n_entries) - unit[:, :, None] * unit[:, None, :]
        bend *= (a / norms)[:, None, None]
        bend += q[:, None, None] * np.eye(n_entries)
        n_used = len(used)
        by_group = hessian.reshape(n_used, n_entries, n_used, n_entries)
        by_group[np.arange(n_used), :, np.arange(n_used), :] += bend
        steps = _inside(by_group, self.coef[members], slope[used])
        if steps is not None:
            self._go(places, steps, members, a, q)

    def _go(
        self,
        places: Indices,
        steps: tuple[Floats, Floats],
        members: Indices,
        a: Floats,
        q: Floats,
    ) -> None:
        """Take the first step where it lowers the model.

        Otherwise the second, to where a first group ends, or half as far again.
        """
        B, plain = self.coef[members], steps[1]
        gram, whole = self._problem.gram[: self.size, : self.size], np.zeros(self.size)
        pull, square = self.correlation[places], (B**2).sum(axis=1)
        inward = -(B * plain).sum(axis=1)
        ends = np.divide(
            square, inward, out=np.full(len(B), np.inf), where=inward > square
        )
        moved, length = B + steps[0], min(1.0, float(ends.min()))
        for _ in range(30):
            change = moved - B
            # |b + d| - |b| without a difference of numbers of one size.
            inner = ((2.0 * B + change) * change).sum(axis=1)
            sizes = np.linalg.norm(moved, axis=1) + np.sqrt(square)
            flat = change.ravel()
            whole[places] = flat
            total = 0.5 * float(whole @ (gram @ whole)) - float(pull @ flat)
            if total + float(np.sum(a * inner / sizes + 0.5 * q * inner)) <= 0.0:
                self.coef[places] = moved.ravel()
                return
            moved = B + length * plain
            moved[ends <= length] = 0.0
            length *= 0.5


def _inside(by_group: Floats, B: Floats, slope: Floats) -> tuple[Floats, Floats] | None:
    """Return Newton's step of groups B, those that it takes past zero ending there.

    The others' step is computed beside that: of columns that are nearly tied all
    but a few end so. ``by_group`` is the Hessian, (A, K, A, K). None where that has no
    factor, or is not finite.
    """
    step, square, plain = np.zeros_like(B), (B**2).sum(axis=1), None
    ends = np.zeros(len(B), dtype=np.bool_)
    if not (np.all(np.isfinite(by_group)) and np.all(np.isfinite(slope))):
        return None
    hessian = by_group.reshape(B.size, B.size)
    scale = 1.0 / np.sqrt(np.maximum(hessian.diagonal(), 1e-300))
    hessian = hessian * scale
    hessian *= scale[:, None]
    # (Coefficients of an unpenalized column may move together.)
    hessian[np.diag_indices_from(hessian)] = 1.0 + 1e-13
    part, kept = hessian, np.arange(B.size)
    while not ends.all():
        right_side = (scale * slope.ravel())[kept]
        if ends.any():
            kept, gone = (
                np.flatnonzero(np.repeat(e, B.shape[1])) for e in (~ends, ends)
            )
            step[ends] = -B[ends]
            part = hessian[np.ix_(kept, kept)]
            right_side = (scale * slope.ravel())[kept]
            right_side -= hessian[np.ix_(kept, gone)] @ (step.ravel() / scale)[gone]
        try:
            factor = linalg.cho_factor(part, check_finite=False)
        except linalg.LinAlgError:
            return None
        found = scale[kept] * linalg.cho_solve(factor, right_side, check_finite=False)
        step[~ends] = found.reshape(-1, B.shape[1])
        plain = step.copy() if plain is None else plain
        past = ~ends & (-(B * step).sum(axis=1) >= square)
        if not past.any():
            break
        ends |= past
    step[ends] = -B[ends]
    return step, step if plain is None else plain


class GroupedPath(NewtonPath):
    """`NewtonPath` of stacked columns with a penalty on each column's norm."""

    _design: ClassDesign
    penalty: GroupedPenalty
    _model: GroupedModel
    _model_type = GroupedModel
    _screen_type = GroupScreen
    _is_precise = False  # whether models are minimized up to rounding

    def _solve(self, alpha: float, max_iter: int = 1000) -> int:
        share = _OF_TOL * self._goal / self.null_deviance
        self._model.precision = max(0.0 if self._is_precise else share, _PRECISION)
        return super()._solve(alpha, max_iter)

    def _goes_on(self) -> bool:
        """Return whether a gap is left over that models minimized further may close."""
        self._is_precise = self.gap > self._goal and self._model.precision > _PRECISION
        return self._is_precise

    def _admit(self, columns: Indices) -> None:
        n_classes = self._design.n_classes
        p = len(self.coef) // n_classes
        groups = np.unique(columns % p)
        super()._admit((groups + p * np.arange(n_classes)[:, None]).ravel())

    def _scale(self, penalty: Penalty) -> ScaledPenalty:
        return GroupedPenalty.grouping(super()._scale(penalty), self._design.n_classes)
