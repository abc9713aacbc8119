"""Three paths walking down the alphas in lockstep, compiled as a whole.

What the path driver of `regkit.solvers.paths.walk` does for one path, for three at a
time, each on its own working set: the columns that matter to any of them are read
once (`three_views`). The walk stops where more memory is wanted, which
`regkit.solvers.folds.lockstep` sees to; before it, `moments` measures the columns.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.kernels._jit import kernel, part, summing_kernel
from regkit.kernels.linear.active_set import minimize
from regkit.kernels.linear.active_set_state import problem_at, state_at
from regkit.kernels.linear.certificate import duality_gap, in_span
from regkit.kernels.linear.lockstep_state import (
    Found,
    Past,
    PathTerms,
    View,
    WorkingSets,
)
from regkit.kernels.linear.primal import minimize_from
from regkit.kernels.linear.screening import ENLARGED, EXCESS, MANY, ROUNDED_SUM
from regkit.kernels.linear.terms import Point, Terms
from regkit.kernels.linear.three_views import (
    SharedColumns,
    correlate,
    extend,
    residuals_of,
)

# Columns looked at together: their bounds stay in the first-level cache.
_STRIP = 1024
# Columns expected to exceed this share of the next threshold are admitted.
LIKELY = 0.99
# What stops the walk.
END, ROOM, STUCK = 0, 1, 2


@summing_kernel
def moments(
    transposed: NDArray[Any], columns: Indices, offset: Floats, weights: Floats
) -> Floats:
    """Return Σ_i w_ri d and Σ_i w_ri d², d = x_ij - offset_j, shape (columns, r, 2).

    The number of rows r of ``weights`` is a multiple of 3.
    """
    n = transposed.shape[1]
    out = np.empty((columns.shape[0], weights.shape[0], 2))
    for c in range(columns.shape[0]):
        column = transposed[columns[c]]
        center = offset[columns[c]]
        for r in range(0, weights.shape[0], 3):
            w0, w1, w2 = weights[r], weights[r + 1], weights[r + 2]
            f0 = f1 = f2 = s0 = s1 = s2 = 0.0
            for i in range(n):
                d = np.float64(column[i]) - center
                e = d * d
                f0 += w0[i] * d
                f1 += w1[i] * d
                f2 += w2[i] * d
                s0 += w0[i] * e
                s1 += w1[i] * e
                s2 += w2[i] * e
            out[c, r, 0], out[c, r + 1, 0], out[c, r + 2, 0] = f0, f1, f2
            out[c, r, 1], out[c, r + 1, 1], out[c, r + 2, 1] = s0, s1, s2
    return out


@part
def undecided(
    past: Past,
    residuals: Floats,
    terms: PathTerms,
    is_held: NDArray[np.bool_],
    alpha: float,
) -> Indices:
    """Return the columns that are held or may exceed ``alpha * l1`` in any path.

    As `certificate.foresee` does for one path, but without writing the
    correlations: those of the others are below ``alpha * l1``, which suffices.
    """
    least_l1 = terms.least_l1
    p = least_l1.shape[0]
    shares = np.empty((3, 2))
    norms = np.empty(3)
    for k in range(3):
        own, move = in_span(past.residuals[k], residuals[k])
        square = 0.0
        for i in range(move.shape[0]):
            square += move[i] * move[i]
        shares[k, 0], shares[k, 1] = own[0], own[1]
        norms[k] = ENLARGED * np.sqrt(square)
        norms[k] += abs(own[0]) * past.errors[k, 0] + abs(own[1]) * past.errors[k, 1]
    most = np.empty(_STRIP)
    found = np.empty(p, dtype=np.int64)
    count = 0
    for first in range(0, p, _STRIP):
        m = _STRIP if p - first > _STRIP else p - first
        for j in range(m):
            most[j] = -1.0
        for k in range(3):
            share, other, norm = shares[k, 0], shares[k, 1], norms[k]
            x = past.correlation[k, 0, first : first + m]
            y = past.correlation[k, 1, first : first + m]
            length = terms.lengths[k, first : first + m]
            for j in range(m):  # (no branch: compiled to vector instructions)
                bound = abs(share * x[j] + other * y[j]) + length[j] * norm
                most[j] = bound if bound > most[j] else most[j]
        for j in range(m):
            # Counted or not without a branch, which cannot be predicted.
            found[count] = first + j
            is_above = most[j] > alpha * least_l1[first + j]
            count += is_above | is_held[first + j]
    return found[:count]


@part
def is_wanted(terms: PathTerms, view: View, k: int, j: int, slope: float) -> bool:
    """Whether path k may move column j, of more than ``slope`` rounding error."""
    if view.inside[k, j] or slope <= terms.noise[k, j]:
        return False
    is_rising = view.correlation[k, j] > 0.0
    room: float = terms.upper[k, j] if is_rising else -terms.lower[k, j]
    return room > 0.0


@part
def want_missed(
    columns: Indices, terms: PathTerms, view: View, work: WorkingSets, alpha: float
) -> bool:
    """Note which of ``columns`` each path lacks at ``alpha``; say if there is any."""
    is_any = False
    for k in range(3):
        count = 0
        for j in columns:
            threshold = alpha * terms.l1[k, j]
            slope = abs(view.correlation[k, j]) - threshold * (1.0 + EXCESS)
            if slope > 0.0 and is_wanted(terms, view, k, j, slope):
                work.wanted[k, count] = j
                count += 1
        work.n_wanted[k] = count
        is_any = is_any or count > 0
    return is_any


@part
def want_expected(
    columns: Indices,
    terms: PathTerms,
    view: View,
    work: WorkingSets,
    number: int,
    step: float,
    alpha: float,
) -> None:
    """Note which of ``columns`` each path is expected to want at the next ``alpha``.

    Correlations are expected to move on by ``step`` times their last move, or to stay
    where a column was not read at the last alpha as well.
    """
    count = columns.shape[0]
    steps = np.empty(count)
    for c in range(count):
        j = columns[c]
        steps[c] = step if view.seen[j] == number - 1 else 0.0
        view.seen[j] = number
    for k in range(3):
        n_wanted = 0
        for c in range(count):
            j = columns[c]
            now = view.correlation[k, j]
            expected = abs(now + steps[c] * (now - view.before[k, j]))
            view.before[k, j] = now
            slope = expected - alpha * terms.l1[k, j]
            if slope > 0.0 and is_wanted(terms, view, k, j, slope):
                work.wanted[k, n_wanted] = j
                n_wanted += 1
        work.n_wanted[k] = n_wanted


@part
def take_in(X: SharedColumns, terms: PathTerms, view: View, work: WorkingSets) -> None:
    """Add the columns that each path lacks to its working set."""
    problem, state, sizes = work.problem, work.state, work.sizes
    before = sizes.copy()
    for k in range(3):
        for c in range(work.n_wanted[k]):
            a, j = sizes[k] + c, work.wanted[k, c]
            work.columns[k, a] = j
            view.inside[k, j] = True
            view.is_held[j] = True
            problem.target[k, a] = terms.products[k, j]
            problem.l1[k, a] = terms.l1[k, j]
            problem.l2[k, a] = terms.l2[k, j]
            problem.lower[k, a] = terms.lower[k, j]
            problem.upper[k, a] = terms.upper[k, j]
            problem.noise[k, a] = terms.noise[k, j]
            state.correlation[k, a] = view.correlation[k, j]
        sizes[k] += work.n_wanted[k]
        work.n_wanted[k] = 0
    extend(X, work.columns, before, sizes, problem.gram)


@part
def minimize_each(work: WorkingSets, alpha: float, max_iter: int, ridged: bool) -> None:
    """Minimize over each path's working set."""
    problem, state = work.problem, work.state
    for k in range(3):
        size = work.sizes[k]
        for a in range(size):
            work.starts[k, a] = state.coef[k, a]
        one, its = problem_at(problem, k), state_at(state, k)
        n_iter, is_solved = minimize(one, its, size, alpha, max_iter, ridged)
        if not is_solved:
            start = work.starts[k, :size]
            n_iter += minimize_from(one, its, start, alpha, max_iter - n_iter)
        work.n_iter[k] += n_iter


@part
def remember(past: Past, residuals: Floats, correlation: Floats) -> None:
    """Keep the correlations of all columns with three residuals."""
    for k in range(3):
        square = 0.0
        for i in range(residuals.shape[1]):
            square += residuals[k, i] * residuals[k, i]
            past.residuals[k, 1, i] = past.residuals[k, 0, i]
            past.residuals[k, 0, i] = residuals[k, i]
        past.errors[k, 1] = past.errors[k, 0]
        past.errors[k, 0] = ROUNDED_SUM * np.sqrt(square)
        for j in range(correlation.shape[1]):
            past.correlation[k, 1, j] = past.correlation[k, 0, j]
            past.correlation[k, 0, j] = correlation[k, j]


@part
def certify(
    columns: Indices,
    residuals: Floats,
    terms: PathTerms,
    view: View,
    work: WorkingSets,
    alpha: float,
) -> float:
    """Compute the gaps; return the largest excess over a goal.

    ``columns`` are those above ``alpha * l1``, inside or not.
    """
    looked_at = np.empty(work.columns.shape[1] + columns.shape[0], dtype=np.int64)
    largest = -np.inf
    for k in range(3):
        square = 0.0
        for i in range(residuals.shape[1]):
            square += residuals[k, i] * residuals[k, i]
        count = work.sizes[k]
        for a in range(count):
            looked_at[a] = work.columns[k, a]
        for j in columns:
            if not view.inside[k, j]:
                looked_at[count] = j
                count += 1
        at = Point(looked_at[:count], view.coef[k], view.correlation[k])
        own = Terms(
            terms.l1[k],
            terms.l2[k],
            terms.lower[k],
            terms.upper[k],
            terms.squares[k],
        )
        gap = duality_gap(at, own, alpha, square)
        work.gaps[k] = gap
        work.residual_squares[k] = square
        # (A gap that is NaN is too large.)
        excess = gap - work.goals[k]
        largest = largest if excess <= largest else excess
    return largest


@part
def note(found: Found, work: WorkingSets, at: int) -> None:
    """Keep the solutions, the ``at``-th to be kept."""
    for k in range(3):
        stored = found.starts[k, at]
        for a in range(work.sizes[k]):
            if work.state.coef[k, a] != 0.0:
                found.columns[k, stored] = work.columns[k, a]
                found.values[k, stored] = work.state.coef[k, a]
                stored += 1
        found.starts[k, at + 1] = stored
        found.gaps[k, at] = work.gaps[k]
        found.residual_squares[k, at] = work.residual_squares[k]
        found.n_iter[k, at] = work.n_iter[k]
        work.n_iter[k] = 0


@kernel
def follow(
    X: SharedColumns,
    terms: PathTerms,
    targets: Floats,
    past: Past,
    view: View,
    work: WorkingSets,
    found: Found,
    alphas: Floats,
    is_kept: NDArray[np.bool_],
    at: int,
    max_iter: int,
    ridged: bool,
    most: int,
) -> tuple[int, int]:
    """Solve for one of ``alphas`` after the other, from the ``at``-th on.

    Returns the place in ``alphas``, from which it goes on when called again, and what
    has stopped it. `ROOM`: some path lacks more columns than there is room for, or more
    than ``most`` and than twice those it has. `STUCK`: a gap stays above its goal.
    `END`.
    """
    room, p = work.columns.shape[1], terms.least_l1.shape[0]
    while at < alphas.shape[0]:
        alpha = alphas[at]
        for k in range(3):
            size, count = work.sizes[k], work.n_wanted[k]
            if size + count > room or (count > most and count > 2 * size):
                return at, ROOM
            if found.starts[k, found.at[0]] + size + count > found.values.shape[1]:
                return at, ROOM
        take_in(X, terms, view, work)
        minimize_each(work, alpha, max_iter, ridged)

        # Correlations are expected to move on toward the next alpha as they last did.
        following = alpha
        if at + 1 < alphas.shape[0] and alphas[at + 1] < alpha:
            following = alphas[at + 1]
        step = 0.0
        if at > 0 and alpha < alphas[at - 1]:
            step = (alpha - following) / (alphas[at - 1] - alpha)
            step = step if step < 1.0 else 1.0
        likely = LIKELY * following
        residuals = residuals_of(X, work.columns, work.sizes, work.state.coef, targets)
        columns = undecided(past, residuals, terms, view.is_held, likely)
        is_complete = columns.shape[0] > MANY * p
        if is_complete:
            columns = np.empty(p, dtype=np.int64)
            for j in range(p):
                columns[j] = j
        limit, slopes = terms.least_l1, view.correlation
        above = correlate(X, columns, residuals, limit, alpha, slopes)
        if is_complete:
            remember(past, residuals, slopes)
        for k in range(3):
            for a in range(work.sizes[k]):
                j = work.columns[k, a]
                work.state.correlation[k, a] = slopes[k, j]
                view.coef[k, j] = work.state.coef[k, a]
        if want_missed(above, terms, view, work, alpha):
            continue
        excess = certify(above, residuals, terms, view, work, alpha)
        if excess <= 0.0:
            want_expected(columns, terms, view, work, at, step, likely)
            if is_kept[at]:
                note(found, work, found.at[0])
                found.at[0] += 1
            at += 1
            work.refined[0] = np.inf
        elif excess < 0.5 * work.refined[0]:
            # The systems are solved again for what the residuals leave over.
            work.refined[0] = excess
        else:
            return at, STUCK
    return at, END
