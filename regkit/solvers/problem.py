"""The elastic-net problem as users state it, as solvers see it, and the way back."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from regkit._types import EPS, Floats, Indices
from regkit.designs import ColumnUnits, Design
from regkit.kernels.linear.certificate import (
    duality_gap,
    penalty_gap,
    shrinkages,
    wanted,
)
from regkit.kernels.linear.terms import Point, Terms
from regkit.solvers.results import PathResult

# With this many columns at most, their Gram matrix is formed whatever the rows.
FEW_COLUMNS = 500
# With this many at most it is formed where there are more rows than columns.
COLUMNS_OF_TALL = 3000
_TINY = float(np.finfo(np.float64).tiny)


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
        return bool(np.any(np.isfinite(self.lower)) or np.any(np.isfinite(self.upper)))


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
        return bool(np.any(self.l2 > 0.0))

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
        open_ = (room > 0.0) & (np.abs(correlation) > self.noise)
        if np.any(open_ & (self.l1 == 0.0) & (self.l2 > 0.0)):
            return np.inf
        enters = open_ & (self.l1 > 0.0)
        pulls = np.abs(correlation[enters]) / self.l1[enters]
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
    if is_rounding(total, float(mean)):
        return Target(np.zeros_like(target), float(mean), 0.0)
    return Target(target, float(mean), total)


def is_rounding(total: float, mean: float) -> bool:
    """Whether y is constant: what is left of it is its mean's rounding error."""
    return bool(total**0.5 <= 8.0 * EPS * abs(mean))


def sum_of_squares(vector: Floats) -> float:
    """Return |vector|² without BLAS, whose threads go on spinning for a while.

    They would take the cores from the threads that read X next.
    """
    return float(np.einsum("i,i->", vector, vector))


class Solved(NamedTuple):
    """Solutions for some alphas: CSC columns in Z's units, and figures."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    values: Floats
    gaps: Floats
    residual_squares: Floats
    """|r|², of targets as the design weights them."""
    n_iters: NDArray[np.int64]
    is_unique: bool
    name: str


class CenteredTarget(Protocol):
    """What is known of a target."""

    @property
    def target_mean(self) -> float: ...
    @property
    def total(self) -> float: ...


def as_result(
    columns: ColumnUnits,
    penalty: Penalty,
    problem: CenteredTarget,
    alphas: Floats,
    solved: Solved,
    tol: float,
) -> PathResult:
    """Bring coefficients to the user's units and add the intercepts."""
    n_solved = len(solved.gaps)
    gaps, null_objective = solved.gaps, 0.5 * problem.total
    if not np.all(np.isfinite(columns.lengths)):
        # Squares overflow: nothing is certified.
        gaps = np.full(n_solved, np.inf)
    at = solved.indices
    values = solved.values / columns.scale[at]
    if penalty.is_bounded:
        values = np.clip(values, penalty.lower[at], penalty.upper[at])
    coefs = sparse.csc_array(
        (values, solved.indices, solved.indptr), shape=(len(columns.scale), n_solved)
    )
    return PathResult(
        alphas=alphas[:n_solved],
        coefs=coefs,
        intercepts=problem.target_mean - np.asarray(coefs.T @ columns.offset),
        dual_gaps=gaps,
        null_objectives=np.full(n_solved, null_objective),
        losses=0.5 * solved.residual_squares,
        n_iters=solved.n_iters,
        converged=gaps <= tol * null_objective,
        unique=solved.is_unique,
        solver=solved.name,
    )
