"""The elastic-net problem as users state it and as solvers see it."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from regkit._types import EPS, Floats
from regkit.designs import ColumnUnits, Design


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

    @property
    def is_bounded(self) -> bool:
        """Whether any bound is finite."""
        return bool(np.any(np.isfinite(self.lower)) or np.any(np.isfinite(self.upper)))


@dataclass(frozen=True, slots=True)
class ScaledProblem:
    """The problem in the units of a design's Z; see `regkit.kernels.linear.active_set`.

    Excluded columns (infinite penalty factor, or constant) have an empty box.
    """

    target: Floats
    target_mean: float
    total: float  # |target|²
    l1: Floats
    l2: Floats
    lower: Floats
    upper: Floats
    noise: Floats  # rounding error to expect in a correlation
    last_bits: Floats  # and what the last bits of X, far from zero, may add to it

    @property
    def null_objective(self) -> float:
        return 0.5 * self.total


def scale_problem(design: Design, y: Floats, penalty: Penalty) -> ScaledProblem:
    """Express ``y`` and ``penalty`` in the units of the design's columns."""
    target, mean = design.center(y)
    total = float(target @ target)
    if np.sqrt(total) <= 8.0 * EPS * abs(float(mean)):
        # A constant y: what is left of it is its mean's rounding error.
        target = np.zeros_like(target)
        total = 0.0
    return scaled_terms(design, penalty, target, float(mean), total)


def scaled_terms(
    columns: ColumnUnits,
    penalty: Penalty,
    target: Floats,
    target_mean: float,
    total: float,
) -> ScaledProblem:
    """Express ``penalty`` in the units of ``columns``; ``total`` is |target|²."""
    excluded = columns.constant | np.isinf(penalty.factor)
    factor = np.where(excluded, 1.0, penalty.factor)
    size = 32.0 * EPS * np.sqrt(total)
    noise = size * columns.lengths + np.finfo(np.float64).tiny
    return ScaledProblem(
        target=target,
        target_mean=target_mean,
        total=total,
        l1=penalty.l1_ratio * factor,
        l2=(1.0 - penalty.l1_ratio) * factor,
        lower=np.where(excluded, 0.0, penalty.lower * columns.scale),
        upper=np.where(excluded, 0.0, penalty.upper * columns.scale),
        noise=noise,
        last_bits=noise + size * np.abs(columns.offset) / columns.scale,
    )


def largest_alpha(correlation: Floats, problem: ScaledProblem) -> float:
    """Return the smallest alpha at which no penalized column enters.

    ``correlation`` is taken at the null model: z_jᵀ times the residual of the
    unpenalized columns' fit. Infinite where a column has an L2 penalty alone: no alpha
    keeps it out.
    """
    room = np.where(correlation > 0.0, problem.upper, -problem.lower)
    open_ = (room > 0.0) & (np.abs(correlation) > problem.noise)
    if np.any(open_ & (problem.l1 == 0.0) & (problem.l2 > 0.0)):
        return np.inf
    enters = open_ & (problem.l1 > 0.0)
    pulls = np.abs(correlation[enters]) / problem.l1[enters]
    return float(pulls.max(initial=0.0))


def sum_of_squares(vector: Floats) -> float:
    """Return |vector|² without BLAS, whose threads would go on spinning for a while.

    They would take the cores from the threads that read X next.
    """
    return float(np.einsum("i,i->", vector, vector))
