"""The duality gap of a solution, beside penalties as small as rounding errors too.

The kernel's dual point is the residual r, shrunk until every slope c = Zᵀr is within
its threshold. Where c_j is off the subdifferential of column j's penalty by a rounding
error e_j as large as the threshold, that shrinks the point to nothing, or divides a
square by however small a ridge: a true optimum has a gap as large as the objective.

So let E be columns of small penalties and move the point to theta = r - d with
d = Z_E u and G_EE u = e_E: there, E's slopes are what they ought to be. Any point that
is feasible bounds the optimum, and

    P(b) - D(kappa theta)
        = 1/2 |(1 - kappa) r + kappa d|²
          + Σ_j [h_j(b_j) + h*_j(kappa z_jᵀtheta) - kappa z_jᵀtheta b_j]
        <= (1 - kappa)² |r|² + |d|² + Σ_j [...].

What E adds is |d|² = e_Eᵀ G_EE⁻¹ e_E, twice what its joint Newton step would gain. The
other slopes move by -Zᵀd and are taken as they then are. Columns that depend on
each other have equal excesses; what rounding makes of that counts as if G_EE's
eigenvalues were no smaller than rounding errors.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from regkit._types import EPS, Floats, Indices
from regkit.kernels.linear.terms import Point
from regkit.solvers.losses import PathLoss
from regkit.solvers.problem import ScaledPenalty

# G_EE of columns E, and the function of u that gives Zᵀ Z_E u.
Products = tuple[Floats, Callable[[Floats], Floats]]
Gathered = Callable[[Indices], Products]

# Thresholds below this share of |z_j| |y|, and ridges below this share of |z_j|², are
# small: above, what rounding does to them costs no more than rounding does.
_SMALL = 1e-4
# With more such columns than this their linear system costs too much.
_MOST = 2000


class Certificate(NamedTuple):
    """What gaps of one problem are computed from.

    Attributes
    ----------
    penalty : ScaledPenalty
        Of p columns.
    total : float
        |y|².
    inside : ndarray of int
        Columns that ``gathered`` has: all with a nonzero coefficient, and more.
    gathered : callable
        Takes E as places in ``inside``, returns its `Products` with all columns inside.
    """

    penalty: ScaledPenalty
    total: float
    inside: Indices
    gathered: Gathered

    def gap(
        self, at: Point, alpha: float, residual_square: float, goal: float
    ) -> float:
        """Return the duality gap at a point, the best known where it exceeds ``goal``.

        ``residual_square`` is |r|².
        """
        gap = self.penalty.gap(at, alpha, residual_square)
        if gap <= goal:
            return gap
        moved = self._moved(at, alpha)
        if moved is None:
            return gap
        there = at._replace(slope=moved[0])
        found = self.penalty.gap(there, alpha, 2.0 * residual_square)
        return min(gap, found + moved[1])

    def _moved(self, at: Point, alpha: float) -> tuple[Floats, float] | None:
        """Return the slopes at a dual point moved to fit small penalties, and |d|²."""
        columns, coef, slope = at
        inside, penalty = self.inside, self.penalty
        own = penalty.restricted(inside)
        value, own_slope = coef[inside], slope[inside]
        length = np.sqrt(own.square)
        size = np.sqrt(self.total)
        largest = np.max(np.abs(value) * length, initial=0.0)
        noise = 16.0 * EPS * length * (size + largest)
        noise = np.maximum(noise, own.last_bits)
        low, high = own.subdifferential(alpha, value)
        is_small = alpha * own.l1 <= _SMALL * length * size
        is_small &= alpha * own.l2 <= _SMALL * own.square
        # Slopes at an end of their subdifferential, or outside, must not move out.
        is_held = (own_slope <= low + noise) | (own_slope >= high - noise)
        chosen = np.flatnonzero(is_small & is_held & (length > 0.0))
        if not 0 < len(chosen) <= _MOST:
            return None
        aim = np.clip(own_slope, low, high)[chosen]
        excess, unit = own_slope[chosen] - aim, length[chosen]
        if not excess.any():
            return None
        gram, shift = self.gathered(chosen)
        matrix = gram / unit / unit[:, None]
        if not np.all(np.isfinite(matrix)):
            return None
        values, vectors = np.linalg.eigh(matrix)
        inner = vectors.T @ (excess / unit)
        least = 4.0 * EPS * len(chosen)
        # Columns that nothing but their last bits sets apart count as dependent: with
        # the difference, coefficients of 1e10 could fit noise.
        unknown = np.max(own.last_bits[chosen] / unit)
        is_rounding = (values <= least) & (np.abs(inner) <= unknown)
        dropped = vectors @ np.where(is_rounding, inner, 0.0) * unit
        inner[is_rounding] = 0.0
        values = np.maximum(values, least)
        step = vectors @ (inner / values) / unit
        square = float(np.sum(inner**2 / values))
        moved = slope.copy()
        moved[inside] -= shift(step)
        # Solved for, it is met up to rounding errors; a threshold may be smaller still.
        places = inside[chosen]
        is_met = np.abs(moved[places] - aim - dropped) <= noise[chosen]
        moved[places] = np.where(is_met, aim, moved[places])
        # Of the others, which are zero, it is known how far d can move their slopes:
        # outwards, which shrinking mends, or past zero, where another bound may hold.
        outside = np.setdiff1d(columns, inside)
        reach = np.sqrt(penalty.square[outside] * square)
        if np.any(reach - np.abs(slope[outside]) > alpha * penalty.l1[outside]):
            return None
        moved[outside] += np.copysign(reach, slope[outside])
        return moved, square


class LossCertificate(NamedTuple):
    """What gaps of a loss beyond squares are computed from."""

    penalty: ScaledPenalty
    loss: PathLoss
    y: Floats
    share: Floats
    null_deviance: float

    def gap(
        self,
        at: Point,
        alpha: float,
        eta: Floats,
        dual: Floats,
        divergence: float,
        goal: float,
    ) -> float:
        """Return the duality gap at a point, the best known where it exceeds ``goal``.

        Parameters
        ----------
        at : Point
            Its slopes are correlations with ``dual``.
        alpha : float
        eta : ndarray (n,)
            Linear predictors.
        dual : ndarray (n,)
            A dual point, feasible on the working set.
        divergence : float
            What the rows add to the gap there.
        goal : float
        """
        loss, null = self.loss, self.null_deviance
        rows = self.y, self.share, eta
        own = loss.room(self.y, self.share, dual)
        gap, tried = np.inf, 2.0
        for share in self.penalty.shrinkages(at, alpha):
            shrunk = min(own, share)
            if shrunk >= tried:
                continue
            tried = shrunk
            # The rows' part is convex in the dual point; at zero it is their deviance,
            # which is below that of the null model.
            part = shrunk * divergence + (1.0 - shrunk) * null
            if not (1.0 - shrunk) * null <= 0.1 * goal:
                part = loss.divergence(*rows, dual, shrunk)
            part += self.penalty.shrunk_gap(at, alpha, shrunk, null)
            gap = min(gap, part)
        if gap <= goal:
            return float(gap)
        # Zero is dual feasible.
        size = self.penalty.value(at.columns, at.coef[at.columns])
        most = loss.deviance(*rows) + alpha * size
        return float(min(gap, most))


def within(gram: Floats) -> Gathered:
    """Return what a `Certificate` asks for, for columns of known Gram matrix."""
    return lambda chosen: (
        gram[np.ix_(chosen, chosen)],
        lambda step: gram[:, chosen] @ step,
    )
