"""Passes over the rows of several problems: their steps, and what they expect of them.

One read of the columns serves all problems that take part.
"""

import numpy as np
from numpy.typing import NDArray

from regkit.kernels._jit import part, summing_part
from regkit.kernels.linear.loss_model import IMBALANCE, SHIFT
from regkit.kernels.linear.loss_products import (
    ABREAST,
    combine_one,
    combine_three,
    correlate_one,
    correlate_three,
)
from regkit.kernels.linear.loss_steps import STRIP, advance_strip
from regkit.kernels.linear.loss_together import FOLLOW, Together, rows_at

# Rows of the columns that are read at a time: they stay in cache.
_BLOCK = 2 * STRIP

# What a pass over the rows adds up.
OF_DIVERGENCE, OF_SQUARE, OF_BALANCE, OF_SIZE, OF_TERMS = 0, 1, 2, 3, 4


@summing_part
def _foretell(together: Together, k: int | np.int64, start: int, m: int) -> float:
    """Expect some residuals of problem k where the first has gone; start from there.

    With eta the linear predictor of the first, d its change since the last alpha, and D
    what that of problem k was above it, the residual r, a function of the predictor, is

        r(last eta + D + d) = r(last eta + D) + (r(eta) - r(last eta))
                              + (r'(eta) - r'(last eta)) D + O(D² d).

    The model goes back from there by d: its residual at no step is this plus
    ``weight * d``. It is left in ``dual`` and, weighted, in ``change``; returned is the
    latter's sum.
    """
    rows, working = together.rows, together.working
    end = start + m
    eta, last_eta = rows.eta[0, start:end], together.last_eta[start:end]
    residual = rows.residual[0, start:end]
    last_residual = together.last_residual[start:end]
    curvature = rows.curvature[0, start:end]
    last_curvature = working.settled[0, start:end]
    own_eta, own = rows.eta[k, start:end], rows.residual[k, start:end]
    weight, share = rows.weight[k, start:end], rows.share[k, start:end]
    dual, change = rows.dual[k, start:end], rows.change[k, start:end]
    since = working.since[k, start:end]
    total = 0.0
    for i in range(m):
        d = eta[i] - last_eta[i]
        bend = (last_curvature[i] - curvature[i]) * (own_eta[i] - last_eta[i])
        dual[i] = own[i] + (residual[i] - last_residual[i]) + bend + weight[i] * d
        since[i] = 0.0
        change[i] = share[i] * dual[i]
        total += change[i]
    return total


@part
def correlate(
    together: Together,
    columns: NDArray[np.float64],
    size: int,
    who: NDArray[np.int64],
    answers: NDArray[np.int64],
) -> None:
    """Write the columns' products with the rows of some problems."""
    change, products = together.rows.change, together.products
    figures = together.working.figures
    n = change.shape[1]
    for k in who:
        products[k, :size] = 0.0
        if answers[k] == FOLLOW:
            figures[k, IMBALANCE] = 0.0
    here = np.empty_like(who)
    for start in range(0, n, _BLOCK):
        m = min(_BLOCK, n - start)
        count = _find_here(together.rows.share, who, start, m, here)
        for k in here[:count]:
            if answers[k] == FOLLOW:
                figures[k, IMBALANCE] += _foretell(together, k, start, m)
        g = 0
        while g + ABREAST <= count:
            a, b, c = here[g], here[g + 1], here[g + 2]
            correlate_three(
                columns,
                size,
                (change[a], change[b], change[c]),
                start,
                m,
                (products[a], products[b], products[c]),
            )
            g += ABREAST
        for a in here[g:count]:
            correlate_one(columns, size, change[a], start, m, products[a])
    for k in who:
        for j in range(size):
            products[k, j] *= together.ratio[k, j]


@summing_part
def _take(
    together: Together, k: int | np.int64, start: int, m: int, sums: NDArray[np.float64]
) -> None:
    """Put some rows where they have advanced to, and what they were in ``reached``.

    Adds up the square, under the model, of all changes since its residual was the
    rows' own, and the three sums of `losses.balance`.
    """
    rows, end = together.rows, start + m
    y, share = rows.y[k, start:end], rows.share[k, start:end]
    weight, change = rows.weight[k, start:end], rows.change[k, start:end]
    since = together.working.since[k, start:end]
    eta, reached = rows.eta[k, start:end], rows.reached[k, start:end]
    dual, moved = rows.dual[k, start:end], rows.moved[k, start:end]
    square = total = size = terms = 0.0
    for i in range(m):
        since[i] += change[i]
        square += share[i] * weight[i] * since[i] * since[i]
        eta[i], reached[i] = reached[i], eta[i]
        u = moved[i]
        dual[i] = u
        total += share[i] * u
        size += share[i] * abs(u)
        terms += share[i] * (abs(y[i]) + abs(y[i] - u))
    sums[OF_SQUARE] += square
    sums[OF_BALANCE] += total
    sums[OF_SIZE] += size
    sums[OF_TERMS] += terms


@part
def _find_here(
    share: NDArray[np.float64],
    who: NDArray[np.int64],
    start: int,
    m: int,
    here: NDArray[np.int64],
) -> int:
    """List the problems that have some of these rows; return how many they are."""
    count = 0
    for k in who:
        for i in range(start, start + m):
            if share[k, i] > 0.0:
                here[count] = k
                count += 1
                break
    return count


@part
def move(
    together: Together,
    columns: NDArray[np.float64],
    size: int,
    who: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> None:
    """Take the rows of some problems along their steps."""
    rows, step = together.rows, together.step
    change = rows.change
    n = change.shape[1]
    used = np.empty(size, dtype=np.int64)
    n_used = 0
    for j in range(size):
        is_used = False
        for k in who:
            step[k, j] *= together.ratio[k, j]
            is_used |= step[k, j] != 0.0
        if is_used:
            used[n_used] = j
            n_used += 1
    used = used[:n_used]
    for k in who:
        sums[k, :] = 0.0
    room = np.empty((4, STRIP))
    bits = room[3].view(np.int64)
    here = np.empty_like(who)
    for start in range(0, n, STRIP):
        m = min(STRIP, n - start)
        count = _find_here(rows.share, who, start, m, here)
        for k in here[:count]:
            change[k, start : start + m] = together.working.figures[k, SHIFT]
        g = 0
        while g + ABREAST <= count:
            a, b, c = here[g], here[g + 1], here[g + 2]
            combine_three(
                columns,
                used,
                (step[a], step[b], step[c]),
                (change[a], change[b], change[c]),
                start,
                m,
            )
            g += ABREAST
        for a in here[g:count]:
            combine_one(columns, used, step[a], change[a], start, m)
        for k in here[:count]:
            own = rows_at(rows, k)
            sums[k, OF_DIVERGENCE] += advance_strip(own, start, m, room, bits)
            _take(together, k, start, m, sums[k])
