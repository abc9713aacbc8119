"""Passes over the rows of several problems: their steps, and what they expect of them.

One read of the columns serves all problems that take part.
"""

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.kernels._jit import part, summing_part
from regkit.kernels.linear.loss_model import IMBALANCE, SHIFT
from regkit.kernels.linear.loss_products import (
    ABREAST,
    combine_one,
    combine_three,
    correlate_one,
    correlate_three,
)
from regkit.kernels.linear.loss_steps import STRIP, LossRows, advance_strip
from regkit.kernels.linear.loss_together import FOLLOW, Together

# Rows of the columns that are read at a time: they stay in cache.
_BLOCK = 2 * STRIP

# What a pass over the rows adds up.
OF_DIVERGENCE, OF_SQUARE, OF_BALANCE, OF_SIZE, OF_TERMS = 0, 1, 2, 3, 4


@summing_part
def _extrapolate(
    together: Together, k: int | np.int64, start: int, weighted: Floats
) -> float:
    """Extrapolate residuals of problem k to the alpha of the first; start from there.

    With eta the linear predictor of the first, d its change since the last alpha, and D
    what that of problem k was above it, the residual r, a function of the predictor, is

        r(last eta + D + d) = r(last eta + D) + (r(eta) - r(last eta))
                              + (r'(eta) - r'(last eta)) D + O(D² d).

    The model goes back from there by d: its residual at no step is this plus
    ``weight * d``. It is left in ``dual``, and in ``weighted`` times the rows' shares;
    returned is the sum of those.
    """
    rows, working = together.rows, together.working
    m = weighted.shape[0]
    end = start + m
    eta, last_eta = rows.eta[0, start:end], together.last_eta[start:end]
    residual = rows.residual[0, start:end]
    last_residual = together.last_residual[start:end]
    curvature = rows.curvature[0, start:end]
    last_curvature = working.settled[0, start:end]
    own_eta, own = rows.eta[k, start:end], rows.residual[k, start:end]
    weight, share = rows.weight[k, start:end], rows.share[k, start:end]
    dual = rows.dual[k, start:end]
    total = 0.0
    for i in range(m):
        d = eta[i] - last_eta[i]
        bend = (last_curvature[i] - curvature[i]) * (own_eta[i] - last_eta[i])
        dual[i] = own[i] + (residual[i] - last_residual[i]) + bend + weight[i] * d
        weighted[i] = share[i] * dual[i]
        total += weighted[i]
    return total


@summing_part
def _weigh(share: Floats, dual: Floats, weighted: Floats) -> None:
    for i in range(weighted.shape[0]):
        weighted[i] = share[i] * dual[i]


@part
def correlate(
    together: Together,
    columns: Floats,
    size: int,
    who: Indices,
    answers: Indices,
) -> None:
    """Write the columns' products with the rows of some problems."""
    rows, products = together.rows, together.products
    figures = together.working.figures
    n = rows.dual.shape[1]
    for k in who:
        products[k, :size] = 0.0
        if answers[k] == FOLLOW:
            figures[k, IMBALANCE] = 0.0
    here = np.empty_like(who)
    room = np.empty((answers.shape[0], _BLOCK))
    for start in range(0, n, _BLOCK):
        m = min(_BLOCK, n - start)
        count = _find_here(rows.share, who, start, m, here)
        for k in here[:count]:
            if answers[k] == FOLLOW:
                figures[k, IMBALANCE] += _extrapolate(together, k, start, room[k, :m])
            else:
                end = start + m
                _weigh(rows.share[k, start:end], rows.dual[k, start:end], room[k, :m])
        g = 0
        while g + ABREAST <= count:
            a, b, c = here[g], here[g + 1], here[g + 2]
            correlate_three(
                columns,
                size,
                (room[a, :m], room[b, :m], room[c, :m]),
                start,
                (products[a], products[b], products[c]),
            )
            g += ABREAST
        for a in here[g:count]:
            correlate_one(columns, size, room[a, :m], start, products[a])
    for k in who:
        for j in range(size):
            products[k, j] *= together.ratio[k, j]


@summing_part
def _take(rows: LossRows, since: Floats, is_fresh: bool, sums: Floats) -> None:
    """Put some rows where they have advanced to.

    Adds up the square, under the model, of all changes since its residual was the
    rows' own, which are the last alone where ``is_fresh``, and the three sums of
    `losses.balance`.
    """
    y, share, weight, change = rows.y, rows.share, rows.weight, rows.change
    eta, reached, dual, moved = rows.eta, rows.reached, rows.dual, rows.moved
    square = total = size = terms = 0.0
    for i in range(change.shape[0]):
        passed = change[i] if is_fresh else since[i] + change[i]
        since[i] = passed
        square += share[i] * weight[i] * passed * passed
        eta[i] = reached[i]
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
    share: Floats,
    who: Indices,
    start: int,
    m: int,
    here: Indices,
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
    columns: Floats,
    size: int,
    who: Indices,
    is_fresh: NDArray[np.bool_],
    sums: Floats,
) -> None:
    """Take the rows of some problems along their steps.

    ``is_fresh`` says where the model's residual was the rows' own before.
    """
    rows, step, since = together.rows, together.step, together.working.since
    n = rows.eta.shape[1]
    for k in who:
        sums[k, :] = 0.0
        for j in range(size):
            step[k, j] *= together.ratio[k, j]
    used = _used(step, who, size)
    room = np.empty((4, _BLOCK))
    bits = room[3].view(np.int64)
    reached, moved = np.empty(_BLOCK), np.empty(_BLOCK)
    change = np.empty((sums.shape[0], _BLOCK))
    here = np.empty_like(who)
    for start in range(0, n, _BLOCK):
        m = min(_BLOCK, n - start)
        end = start + m
        count = _find_here(rows.share, who, start, m, here)
        for k in here[:count]:
            change[k, :m] = together.working.figures[k, SHIFT]
        g = 0
        while g + ABREAST <= count:
            a, b, c = here[g], here[g + 1], here[g + 2]
            combine_three(
                columns,
                used,
                (step[a], step[b], step[c]),
                (change[a, :m], change[b, :m], change[c, :m]),
                start,
            )
            g += ABREAST
        for a in here[g:count]:
            combine_one(columns, used, step[a], change[a, :m], start)
        for k in here[:count]:
            own = LossRows(
                rows.code,
                rows.power,
                rows.y[0, start:end],
                rows.share[k, start:end],
                rows.weight[k, start:end],
                rows.eta[k, start:end],
                rows.dual[k, start:end],
                change[k, :m],
                reached[:m],
                moved[:m],
                rows.residual[k, start:end],
                rows.curvature[k, start:end],
            )
            sums[k, OF_DIVERGENCE] += advance_strip(own, np.int64(0), m, room, bits)
            _take(own, since[k, start:end], is_fresh[k], sums[k])


@part
def _used(step: Floats, who: Indices, size: int) -> Indices:
    """Return the columns that some of these problems move along."""
    used = np.empty(size, dtype=np.int64)
    count = 0
    for j in range(size):
        for k in who:
            if step[k, j] != 0.0:
                used[count] = j
                count += 1
                break
    return used[:count]


@part
def go_back(together: Together, k: int | np.int64, columns: Floats, size: int) -> None:
    """Write to ``reached`` where the rows of problem k were before the last step."""
    rows, step = together.rows, together.step[k]
    change = rows.change[k]
    change[:] = together.working.figures[k, SHIFT]
    combine_one(columns, np.flatnonzero(step[:size]), step, change, np.int64(0))
    rows.reached[k] = rows.eta[k] - change
