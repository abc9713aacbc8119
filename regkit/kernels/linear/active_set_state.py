"""What the two active-set kernels share: the problem, its state, and steps.

For working-set columns z_j (centered, scaled, rows multiplied by the square root of
their weight) with Gram matrix G = ZᵀZ and q = Zᵀy, minimize over the box

    1/2 |y - Z b|² + alpha Σ_j ( l1_j |b_j| + l2_j b_j² / 2 ),   lower <= b <= upper.

A coordinate is either *free*, inside a cell on which its penalty is smooth (one side
of zero, or the whole box where l1_j = 0), or *fixed* at zero or at a bound. Over the
linear hull of the free coordinates' cells the optimum solves a linear system, through
a maintained Cholesky factor.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.kernels._jit import (
    inlined_kernel,
    outlined,
    uncounted_part,
    uncounted_summing_part,
)
from regkit.kernels.linear import cholesky
from regkit.kernels.linear.terms import Terms

# Share of the threshold by which a subgradient may exceed it and count as met.
THRESHOLD_SLACK = 1e-12
# Correlations are kept up to date by differences until the coefficients have traveled
# this many times their own size.
FAR = 10.0


class WorkingProblem(NamedTuple):
    """The problem on the working set; arrays have room for columns to come."""

    gram: Floats
    target: Floats  # q
    l1: Floats
    l2: Floats
    lower: Floats
    upper: Floats
    noise: Floats  # rounding error to expect in a correlation


class State(NamedTuple):
    """What the solver keeps between calls; every call leaves it consistent."""

    coef: Floats
    correlation: Floats  # q - G coef
    free: NDArray[np.bool_]
    side: Floats  # of a free coordinate's cell: -1, +1, or 0 (no l1)
    active: Indices  # the free coordinates in the factor's order
    factor: Floats
    size: Indices  # [0]: number of free coordinates


class Workspace(NamedTuple):
    """Room that calls need, and what they leave for the next of the same state.

    Where all free coordinates meet their conditions at some alpha, those at another
    have the right-hand side ``l1 * side`` times the distance of the two, whose forward
    substitution the factor's growth leaves as it is: it is kept.
    """

    leaving: NDArray[np.bool_]  # (n,)
    entering: Indices  # (n,)
    queue: Indices  # (2 n,)
    step: Floats  # (n,)
    forward: Floats  # (n,): L⁻¹ (l1 * side)
    known: Indices  # [0]: how many of its entries are right
    met: Floats  # [0]: the alpha at which the conditions are met, NaN at none


@inlined_kernel
def problem_at(problem: WorkingProblem, k: int | np.int64) -> WorkingProblem:
    """Return the k-th of several problems, whose arrays have one more dimension."""
    return WorkingProblem(
        problem.gram[k],
        problem.target[k],
        problem.l1[k],
        problem.l2[k],
        problem.lower[k],
        problem.upper[k],
        problem.noise[k],
    )


@inlined_kernel
def state_at(state: State, k: int | np.int64) -> State:
    """Return that of the k-th of several problems."""
    return State(
        state.coef[k],
        state.correlation[k],
        state.free[k],
        state.side[k],
        state.active[k],
        state.factor[k],
        state.size[k],
    )


@inlined_kernel
def terms_of(problem: WorkingProblem, square: Floats) -> Terms:
    """Return what a certificate needs of the penalty."""
    return Terms(problem.l1, problem.l2, problem.lower, problem.upper, square)


@uncounted_part
def admit(
    problem: WorkingProblem, state: State, alpha: float, queue: Indices, n_queue: int
) -> int:
    """Free the queued coordinates; return how many are free.

    Those that depend on the others stay fixed.
    """
    before = state.size[0]
    k = cholesky.append(
        state.factor,
        state.active,
        before,
        problem.gram,
        problem.l2,
        alpha,
        queue,
        n_queue,
    )
    state.size[0] = k
    for i in range(before, k):
        state.free[state.active[i]] = True
    return k


@uncounted_summing_part
@outlined
def shift_correlation(
    gram: Floats, columns: Indices, step: Floats, correlation: Floats, n: int
) -> None:
    """Compute ``correlation[:n] -= step @ gram[columns, :n]``, step maybe longer."""
    k = len(columns)
    i = 0
    while i + 4 <= k:
        g0, g1 = gram[columns[i]], gram[columns[i + 1]]
        g2, g3 = gram[columns[i + 2]], gram[columns[i + 3]]
        s0, s1, s2, s3 = step[i], step[i + 1], step[i + 2], step[i + 3]
        for j in range(n):
            correlation[j] -= s0 * g0[j] + s1 * g1[j] + s2 * g2[j] + s3 * g3[j]
        i += 4
    while i < k:
        g0 = gram[columns[i]]
        s0 = step[i]
        for j in range(n):
            correlation[j] -= s0 * g0[j]
        i += 1


@uncounted_part
def correlate_afresh(
    problem: WorkingProblem, state: State, n: int, support: Indices, values: Floats
) -> None:
    """Compute the correlations from the coefficients; the last two are overwritten."""
    count = 0
    for j in range(n):
        state.correlation[j] = problem.target[j]
        if state.coef[j] != 0.0:
            support[count] = j
            values[count] = state.coef[j]
            count += 1
    shift_correlation(problem.gram, support[:count], values, state.correlation, n)


@uncounted_part
def without_drift(
    problem: WorkingProblem,
    state: State,
    n: int,
    traveled: float,
    support: Indices,
    values: Floats,
) -> float:
    """Compute the correlations afresh where updates have left too much rounding.

    Every update leaves behind errors in proportion to its step. Steps to the optimum
    of an ill-conditioned hull go far out, and come back at the walls: after those the
    correlations would not be the coefficients' own. Returns what was traveled since
    the correlations were last computed. ``support`` and ``values``, (n,), are
    overwritten.
    """
    size = 0.0
    for j in range(n):
        if state.coef[j] != 0.0:
            size += abs(state.coef[j]) * np.sqrt(problem.gram[j, j])
            if traveled <= FAR * size:  # the others will not change that
                break
    if traveled <= FAR * size:
        return traveled
    correlate_afresh(problem, state, n, support, values)
    return size


@uncounted_part
def cell(problem: WorkingProblem, j: int, side: float) -> tuple[float, float]:
    """Return the interval in which coordinate ``j`` stays on its side of zero."""
    low = problem.lower[j]
    high = problem.upper[j]
    if side > 0.0:
        low = 0.0
    elif side < 0.0:
        high = 0.0
    return low, high


@uncounted_part
def violation(problem: WorkingProblem, state: State, j: int, alpha: float) -> float:
    """Return by how much fixed coordinate ``j`` violates its condition, signed."""
    value = state.coef[j]
    threshold = alpha * problem.l1[j]
    slack = problem.noise[j] + THRESHOLD_SLACK * threshold
    pull = state.correlation[j] - alpha * problem.l2[j] * value
    if value < problem.upper[j]:
        rise: float = pull - (threshold if value >= 0.0 else -threshold)
        if rise > slack:
            return rise
    if value > problem.lower[j]:
        fall: float = pull - (threshold if value > 0.0 else -threshold)
        if fall < -slack:
            return fall
    return 0.0


@uncounted_part
def newton_direction(
    problem: WorkingProblem, state: State, alpha: float, step: Floats
) -> None:
    """Write the step from the free coordinates to the optimum of their hull."""
    k = state.size[0]
    for i in range(k):
        j = state.active[i]
        step[i] = state.correlation[j] - alpha * (
            problem.l2[j] * state.coef[j] + problem.l1[j] * state.side[j]
        )
    cholesky.solve_lower(state.factor, k, step)
    cholesky.solve_upper(state.factor, k, step)
