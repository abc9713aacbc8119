"""The elastic-net problem as users state it and as solvers see it, and its alphas."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from regkit._types import EPS, Floats, Indices
from regkit.designs import ColumnUnits, Design
from regkit.kernels.linear.certificate import (
    duality_gap,
    penalty_gap,
    shrinkages,
    wanted,
)
from regkit.kernels.linear.terms import Point, Terms

# With this many columns at most, their Gram matrix is formed whatever the rows.
FEW_COLUMNS = 500
# With this many at most it is formed where there are more rows than columns.
COLUMNS_OF_TALL = 3000
# Where y deviates from its mean by a smaller share, it is constant: what is left of it
# is the mean's rounding error.
ROUNDED_MEAN = 8.0 * EPS
_TINY = float(np.finfo(np.float64).tiny)
# The largest alpha of a grid where any would do.
_ANY_TOP = float(np.finfo(np.float64).resolution)
# An alpha below this share of its predecessor is approached in steps.
LARGEST_DROP = 0.6
# Below this share of the largest alpha the solution changes too little for that.
_SETTLED = 1e-3


@dataclass(frozen=True, slots=True)
class Penalty:
    """Penalty and box of ``alpha Σ f_j (ρ |b_j| + (1 - ρ)/2 b_j²)``, user's units.

    Attributes
    ----------
    l1_ratio : float in [0, 1]
        ρ.
    factor : ndarray (n_features,)
        f, non-negative; 0 leaves a column unpenalized, inf excludes it.
    lower, upper : ndarray (n_features,)
        The box, ``lower <= 0 <= upper``, infinite where there is no bound.
    """

    l1_ratio: float
    factor: Floats
    lower: Floats
    upper: Floats

    @classmethod
    def build(
        cls,
        n_features: int,
        l1_ratio: float = 1.0,
        factor: Floats | None = None,
        lower: Floats | float = -np.inf,
        upper: Floats | float = np.inf,
    ) -> Self:
        """Fill in defaults and spread scalars over the features."""
        return cls(
            l1_ratio,
            np.ones(n_features) if factor is None else factor,
            np.zeros(n_features) + lower,
            np.zeros(n_features) + upper,
        )

    def repeated(self, n_classes: int) -> Self:
        """Return the penalty of so many classes' coefficients, class after class."""
        of_columns = (self.factor, self.lower, self.upper)
        return type(self)(self.l1_ratio, *(np.tile(v, n_classes) for v in of_columns))

    @property
    def is_bounded(self) -> bool:
        """Whether any bound is finite."""
        return bool(np.isfinite(self.lower).any() or np.isfinite(self.upper).any())


class ScaledPenalty(NamedTuple):
    """A penalty in the units of a design's columns, which the path solvers ask.

    ``alpha Σ l1_j |b_j| + l2_j b_j² / 2`` on a box, column by column; see
    `regkit.kernels.linear.active_set_state`. Excluded columns (infinite penalty factor,
    or constant) have an empty box. All arrays are (n_features,).

    Attributes
    ----------
    l1, l2, lower, upper : ndarray
    square : ndarray
        |z_j|².
    noise : ndarray
        Rounding error to expect in a correlation.
    last_bits : ndarray
        That, and what the last bits of X, far from zero, may add to it.
    """

    l1: Floats
    l2: Floats
    lower: Floats
    upper: Floats
    square: Floats
    noise: Floats
    last_bits: Floats

    @classmethod
    def of(cls, penalty: Penalty, columns: ColumnUnits, size: float) -> Self:
        """Express ``penalty`` in the units of ``columns``.

        ``size`` is the norm of what correlations are taken with: their rounding.
        """
        excluded = columns.constant | np.isinf(penalty.factor)
        factor = np.where(excluded, 1.0, penalty.factor)
        rounding = 32.0 * EPS * size
        noise = rounding * columns.lengths + _TINY
        return cls(
            l1=penalty.l1_ratio * factor,
            l2=(1.0 - penalty.l1_ratio) * factor,
            lower=np.where(excluded, 0.0, penalty.lower * columns.scale),
            upper=np.where(excluded, 0.0, penalty.upper * columns.scale),
            square=columns.lengths**2,
            noise=noise,
            last_bits=noise + rounding * np.abs(columns.offset) / columns.scale,
        )

    @property
    def is_open(self) -> NDArray[np.bool_]:
        """Which columns may have a nonzero coefficient."""
        open_: NDArray[np.bool_] = self.upper > self.lower
        return open_

    @property
    def is_unpenalized(self) -> NDArray[np.bool_]:
        """Which of them have no penalty."""
        free: NDArray[np.bool_] = (self.l1 == 0.0) & (self.l2 == 0.0)
        return free & self.is_open

    @property
    def is_ridged(self) -> bool:
        """Whether any column has an L2 penalty."""
        return bool((self.l2 > 0.0).any())

    @property
    def terms(self) -> Terms:
        """As kernels take it."""
        return Terms(self.l1, self.l2, self.lower, self.upper, self.square)

    @property
    def by_column(self) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """In the order of `regkit.kernels.linear.active_set_state.WorkingProblem`."""
        return self.l1, self.l2, self.lower, self.upper, self.noise

    def value(self, columns: Indices, coef: Floats) -> float:
        """Return the penalty of coefficients of ``columns``, less alpha."""
        return float(
            self.l1[columns] @ np.abs(coef) + 0.5 * (self.l2[columns] @ (coef * coef))
        )

    def restricted(self, columns: Indices) -> Self:
        """Return the penalty of some columns alone."""
        return type(self)(*(values[columns] for values in self))

    def largest_alpha(self, correlation: Floats) -> float:
        """Return the smallest alpha at which no penalized column enters.

        ``correlation`` is taken at the null model: z_jᵀ times the residual of the
        unpenalized columns' fit. Infinite where a column has an L2 penalty alone: no
        alpha keeps it out.
        """
        room = np.where(correlation > 0.0, self.upper, -self.lower)
        size = np.abs(correlation)
        open_ = (room > 0.0) & (size > self.noise)
        has_l1 = self.l1 > 0.0
        if not has_l1.all():
            if (open_ & ~has_l1 & (self.l2 > 0.0)).any():
                return np.inf
            open_ &= has_l1
        pulls = np.divide(size, self.l1, out=np.zeros_like(size), where=open_)
        return float(pulls.max(initial=0.0))

    def violations(
        self,
        columns: Indices,
        correlation: Floats,
        outside: NDArray[np.bool_],
        alpha: float,
    ) -> Indices:
        """Return those of ``columns`` outside that an optimum at ``alpha`` needs."""
        found: Indices = wanted(
            columns,
            correlation,
            self.l1,
            self.lower,
            self.upper,
            outside,
            alpha,
            self.noise,
        )
        return found

    def pull(self, correlation: Floats, columns: Indices) -> Floats:
        """Return the alphas at which ``columns`` would enter; infinite without l1."""
        with np.errstate(divide="ignore"):
            return np.abs(correlation[columns]) / self.l1[columns]

    def gap(self, at: Point, alpha: float, residual_square: float) -> float:
        """Return the duality gap of least squares at a point, shrunk residuals dual.

        See `regkit.kernels.linear.certificate.duality_gap`.
        """
        return float(duality_gap(at, self.terms, alpha, residual_square))

    def shrinkages(self, at: Point, alpha: float) -> tuple[float, float, float]:
        """Return the shares of a dual point worth trying, the largest first.

        See `regkit.kernels.linear.certificate.shrinkages`.
        """
        shares: tuple[float, float, float] = shrinkages(at, self.terms, alpha)
        return shares

    def shrunk_gap(self, at: Point, alpha: float, shrunk: float, scale: float) -> float:
        """Return what the penalty adds to the gap of any loss at a shrunk dual point.

        See `regkit.kernels.linear.certificate.penalty_gap`.
        """
        return float(penalty_gap(at, self.terms, alpha, shrunk, scale))

    def subdifferential(self, alpha: float, coef: Floats) -> tuple[Floats, Floats]:
        """Return the least and the largest slope that each penalty and box can hold."""
        threshold, ridge = alpha * self.l1, alpha * self.l2 * coef
        low = np.where(coef > 0.0, threshold, -threshold)
        high = np.where(coef < 0.0, -threshold, threshold)
        low = np.where(coef <= self.lower, -np.inf, low)
        high = np.where(coef >= self.upper, np.inf, high)
        return low + ridge, high + ridge


def is_small(design: Design) -> bool:
    """Whether the Gram matrix of all columns is there, or worth forming at once."""
    p = design.n_features
    few = p <= FEW_COLUMNS or p <= min(COLUMNS_OF_TALL, design.n_samples)
    return few or design.has_gram


class Target(NamedTuple):
    """A centered target, as a design weights it."""

    target: Floats
    target_mean: float
    total: float  # |target|²


class ScaledProblem(NamedTuple):
    """A least-squares problem in the units of a design's Z."""

    target: Floats
    target_mean: float
    total: float
    penalty: ScaledPenalty


def scale_problem(design: Design, y: Floats, penalty: Penalty) -> ScaledProblem:
    """Express ``y`` and ``penalty`` in the units of the design's columns."""
    target = center_target(design, y)
    return ScaledProblem(*target, ScaledPenalty.of(penalty, design, target.total**0.5))


def center_target(design: Design, y: Floats) -> Target:
    """Center ``y`` as the design's columns are; zero where it is constant."""
    target, mean = design.center(y)
    total = float(target @ target)
    if total**0.5 <= ROUNDED_MEAN * abs(float(mean)):
        return Target(np.zeros_like(target), float(mean), 0.0)
    return Target(target, float(mean), total)


def sum_of_squares(vector: Floats) -> float:
    """Return |vector|² without BLAS, whose threads go on spinning for a while.

    They would take the cores from the threads that read X next.
    """
    return float(np.einsum("i,i->", vector, vector))


def require_l1(penalty: Penalty) -> None:
    """Refuse a pure L2 penalty, of which no grid is known.

    Raises
    ------
    ValueError
        When ``penalty.l1_ratio`` is 0.
    """
    if penalty.l1_ratio == 0.0:
        raise ValueError(
            "alphas must be given when l1_ratio=0: no finite alpha makes all "
            "coefficients zero."
        )


def grid_below(top: float, n_alphas: int, eps: float) -> Floats:
    """Return alphas from ``top`` to ``eps`` of it, evenly spaced in their logarithm.

    A constant y has an alpha_max of 0: any positive grid serves. With an ``eps`` of 1
    the grid is alpha_max alone.
    """
    top = top or _ANY_TOP
    if eps == 1.0:
        return np.array([top])
    grid = np.geomspace(top, top * eps, n_alphas)
    grid[0] = top
    return grid


def next_alpha(reached: float, alpha: float, top: float) -> float:
    """Return the next alpha to solve for on the way from ``reached`` to ``alpha``.

    Block pivoting needs a start near the solution, so large drops are made in steps.
    """
    following = LARGEST_DROP * reached
    if following <= alpha or reached <= _SETTLED * top or reached == np.inf:
        return alpha
    return following


def add_stops(alphas: Floats, top: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the alphas and those on the way there, and whether each was asked for."""
    is_close = alphas[0] >= LARGEST_DROP * top
    if is_close and np.all(alphas[1:] >= LARGEST_DROP * alphas[:-1]):
        return alphas, np.ones(len(alphas), dtype=np.bool_)
    reached, found, are_kept = top, [], []
    for alpha in alphas.tolist():
        while (stop := next_alpha(reached, alpha, top)) > alpha:
            reached = stop
            found.append(stop)
            are_kept.append(False)
        reached = min(reached, alpha)
        found.append(alpha)
        are_kept.append(True)
    return np.array(found), np.array(are_kept)
