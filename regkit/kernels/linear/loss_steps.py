"""Steps of the linear predictor under a loss: all rows in one pass, gap included.

Rows are independent, so that a step, the derivatives where it ends, the linearized
residual and the rows' part of the duality gap take one pass; for a dense X the
columns' products with the new residuals are made in the same pass.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.kernels._jit import fused_part, kernel, part, summing_part, uncounted_part
from regkit.kernels.linear.losses import (
    GAMMA,
    LOGISTIC,
    POISSON,
    SQUARED_HINGE,
    measure,
    weighted_sum,
)

# Rows of X in F order that are read at a time: they stay in cache.
STRIP = 256
# Up to this the series of an entropy is as accurate as the function.
SERIES = 0.06


class LossRows(NamedTuple):
    """Where the rows are, and where a step of the linear predictor takes them."""

    code: int
    power: float
    y: Floats
    share: Floats  # the rows' weights, which sum to 1
    weight: Floats  # second derivatives of the quadratic model
    eta: Floats
    dual: Floats
    change: Floats  # of eta
    # What is written:
    reached: Floats  # eta + change
    moved: Floats  # dual - weight * change
    residual: Floats  # -f' at what is reached
    curvature: Floats  # f'' there


@uncounted_part
def _advance_each(rows: LossRows, start: int | np.int64, m: int) -> float:
    """Take ``m`` rows along ``change``; return their part of the gap."""
    y, share = rows.y[start : start + m], rows.share[start : start + m]
    eta, change = rows.eta[start : start + m], rows.change[start : start + m]
    dual, weight = rows.dual[start : start + m], rows.weight[start : start + m]
    reached, moved = rows.reached[start : start + m], rows.moved[start : start + m]
    residual = rows.residual[start : start + m]
    curvature = rows.curvature[start : start + m]
    total = 0.0
    for i in range(m):
        z, u = eta[i] + change[i], dual[i] - weight[i] * change[i]
        reached[i], moved[i] = z, u
        residual[i] = curvature[i] = 0.0
        if share[i] > 0.0:
            residual[i], curvature[i], gap = measure(rows.code, rows.power, y[i], z, u)
            total += share[i] * gap
    return total


@uncounted_part
def _advance_squared_hinge(
    rows: LossRows, start: int | np.int64, m: int, gap: Floats
) -> float:
    """Do as `_advance_each`, without a branch."""
    y, share = rows.y[start : start + m], rows.share[start : start + m]
    eta, change = rows.eta[start : start + m], rows.change[start : start + m]
    dual, weight = rows.dual[start : start + m], rows.weight[start : start + m]
    reached, moved = rows.reached[start : start + m], rows.moved[start : start + m]
    residual = rows.residual[start : start + m]
    curvature = rows.curvature[start : start + m]
    for i in range(m):
        z = eta[i] + change[i]
        u = dual[i] - weight[i] * change[i]
        reached[i], moved[i] = z, u
        b, margin = y[i] * u, 1.0 - y[i] * z
        inside = max(margin, 0.0)
        is_used = share[i] > 0.0
        residual[i] = 2.0 * y[i] * inside if is_used else 0.0
        curvature[i] = 2.0 if is_used and margin > 0.0 else 0.0
        rest = inside - 0.5 * b
        found = rest * rest - b * min(margin, 0.0) if b >= 0.0 else np.inf
        gap[i] = found if is_used else 0.0
    return weighted_sum(gap, share, m)


@fused_part
def exponentials(
    x: Floats, out: Floats, shifted: Floats, bits: Indices, m: int
) -> None:
    """Write e^x for -700 <= x <= 700, by vector instructions, to one unit or two.

    ``bits`` are those of ``shifted``. With x = k log 2 + r the series gives e^r, and
    what adding 1.5 2^52 leaves in the last bits is k, the exponent of 2.
    """
    for i in range(m):
        shifted[i] = x[i] * 1.4426950408889634 + 6755399441055744.0
    for i in range(m):
        k = shifted[i] - 6755399441055744.0
        r = (x[i] - k * 0.6931471803691238) - k * 1.9082149292705877e-10
        t = 1.0 / 479001600.0 + r / 6227020800.0
        t = 1.0 / 3628800.0 + r * (1.0 / 39916800.0 + r * t)
        t = 1.0 / 40320.0 + r * (1.0 / 362880.0 + r * t)
        t = 1.0 / 720.0 + r * (1.0 / 5040.0 + r * t)
        t = 1.0 / 24.0 + r * (1.0 / 120.0 + r * t)
        t = 0.5 + r * (1.0 / 6.0 + r * t)
        out[i] = 1.0 + (r + r * r * t)
    for i in range(m):
        bits[i] = (bits[i] << 52) + (1023 << 52)
    for i in range(m):
        out[i] *= shifted[i]


@fused_part
def entropy_series(x: float) -> float:
    """Return what `losses.entropy` does, for absolute x below `SERIES`."""
    t = 1.0 / 132.0 - x * (1.0 / 156.0 - x * (1.0 / 182.0 - x / 210.0))
    t = 1.0 / 72.0 - x * (1.0 / 90.0 - x * (1.0 / 110.0 - x * t))
    t = 1.0 / 30.0 - x * (1.0 / 42.0 - x * (1.0 / 56.0 - x * t))
    return x * x * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 12.0 - x * (1.0 / 20.0 - x * t))))


@fused_part
def _advance_logistic(
    rows: LossRows, start: int | np.int64, m: int, room: Floats, bits: Indices
) -> float:
    """Do as `_advance_each`, without a branch but for few rows."""
    x, e, gap = room[0], room[1], room[2]
    y, share = rows.y[start : start + m], rows.share[start : start + m]
    eta, change = rows.eta[start : start + m], rows.change[start : start + m]
    dual, weight = rows.dual[start : start + m], rows.weight[start : start + m]
    reached, moved = rows.reached[start : start + m], rows.moved[start : start + m]
    residual = rows.residual[start : start + m]
    curvature = rows.curvature[start : start + m]
    for i in range(m):
        z = eta[i] + change[i]
        reached[i] = z
        x[i] = max(-abs(z), -700.0)
    exponentials(x, e, room[3], bits, m)
    for i in range(m):
        near = 1.0 / (1.0 + e[i])
        far = e[i] * near
        p = near if reached[i] >= 0.0 else far
        q = far if reached[i] >= 0.0 else near
        r = y[i] * q - (1.0 - y[i]) * p
        u = dual[i] - weight[i] * change[i]
        moved[i] = u
        a, b = (r - u) / p, (u - r) / q
        is_used = share[i] > 0.0
        residual[i] = r if is_used else 0.0
        curvature[i] = near * far if is_used else 0.0
        found = p * entropy_series(a) + q * entropy_series(b)
        gap[i] = found if is_used else 0.0
        x[i] = max(abs(a), abs(b)) if is_used else 0.0
    n_wide = 0
    for i in range(m):
        n_wide += 0 if x[i] < SERIES else 1
    if n_wide > 0:
        for i in range(m):
            if not x[i] < SERIES:
                _, _, gap[i] = measure(
                    rows.code, rows.power, y[i], reached[i], moved[i]
                )
    return weighted_sum(gap, share, m)


@fused_part
def _advance_log_link(
    rows: LossRows, start: int | np.int64, m: int, room: Floats, bits: Indices
) -> float:
    """Do as `_advance_each` for Poisson or Gamma, likewise.

    With q = e^z or y e^-z, the residual is y - q or q - 1, and q the curvature.
    """
    x, e, gap = room[0], room[1], room[2]
    y, share = rows.y[start : start + m], rows.share[start : start + m]
    eta, change = rows.eta[start : start + m], rows.change[start : start + m]
    dual, weight = rows.dual[start : start + m], rows.weight[start : start + m]
    reached, moved = rows.reached[start : start + m], rows.moved[start : start + m]
    residual = rows.residual[start : start + m]
    curvature = rows.curvature[start : start + m]
    is_poisson = rows.code == POISSON
    sign = 1.0 if is_poisson else -1.0
    for i in range(m):
        z = eta[i] + change[i]
        reached[i] = z
        x[i] = min(max(sign * z, -700.0), 700.0)
    exponentials(x, e, room[3], bits, m)
    for i in range(m):
        q = e[i] if is_poisson else y[i] * e[i]
        r = y[i] - q if is_poisson else q - 1.0
        u = dual[i] - weight[i] * change[i]
        moved[i] = u
        a = sign * (r - u) / q
        is_used = share[i] > 0.0
        residual[i] = r if is_used else 0.0
        curvature[i] = q if is_used else 0.0
        gap[i] = q * entropy_series(a) if is_used else 0.0
        wide = abs(a) + (0.0 if abs(x[i]) < 700.0 else np.inf)
        x[i] = wide if is_used else 0.0
    n_wide = 0
    for i in range(m):
        n_wide += 0 if x[i] < SERIES else 1
    if n_wide > 0:
        for i in range(m):
            if not x[i] < SERIES:
                residual[i], curvature[i], gap[i] = measure(
                    rows.code, rows.power, y[i], reached[i], moved[i]
                )
    return weighted_sum(gap, share, m)


@part
def advance_strip(
    rows: LossRows, start: int | np.int64, m: int, room: Floats, bits: Indices
) -> float:
    """Take rows from ``start`` on along ``change``; return their part of the gap."""
    n_used = 0
    for i in range(start, start + m):
        n_used += 1 if rows.share[i] > 0.0 else 0
    if n_used == 0:
        for i in range(start, start + m):
            rows.reached[i] = rows.eta[i] + rows.change[i]
            rows.moved[i] = rows.dual[i] - rows.weight[i] * rows.change[i]
            rows.residual[i] = rows.curvature[i] = 0.0
        return 0.0
    if rows.code == LOGISTIC:
        return _advance_logistic(rows, start, m, room, bits)
    if rows.code == POISSON or rows.code == GAMMA:
        return _advance_log_link(rows, start, m, room, bits)
    if rows.code == SQUARED_HINGE:
        return _advance_squared_hinge(rows, start, m, room[0])
    return _advance_each(rows, start, m)


@part
def advance_all(rows: LossRows) -> float:
    """Do what `advance` does, for kernels."""
    room = np.empty((4, STRIP))
    bits = room[3].view(np.int64)
    total = 0.0
    n = rows.y.shape[0]
    for start in range(0, n, STRIP):
        total += advance_strip(rows, start, min(STRIP, n - start), room, bits)
    return total


@kernel
def advance(rows: LossRows) -> float:
    """Take all rows along ``change``; return the rows' part of the gap."""
    return advance_all(rows)


@summing_part
def _linear_rows(
    X: NDArray[Any],
    center: Floats,
    coef: Floats,
    shift: float,
    first: int,
    m: int,
    change: Floats,
) -> None:
    for i in range(m):
        row = X[first + i]
        total = 0.0
        for j in range(X.shape[1]):
            total += (np.float64(row[j]) - center[j]) * coef[j]
        change[i] = total + shift


@summing_part
def _products_of_rows(
    X: NDArray[Any],
    center: Floats,
    first: int,
    m: int,
    weight: Floats,
    products: Floats,
) -> None:
    for i in range(m):
        row = X[first + i]
        v = weight[i]
        for j in range(X.shape[1]):
            products[j] += v * (np.float64(row[j]) - center[j])


@summing_part
def _linear_columns(
    transposed: NDArray[Any],
    center: Floats,
    coef: Floats,
    shift: float,
    first: int,
    m: int,
    change: Floats,
) -> None:
    for i in range(m):
        change[i] = shift
    for j in range(transposed.shape[0]):
        step, mean = coef[j], center[j]
        if step == 0.0:
            continue
        column = transposed[j, first : first + m]
        for i in range(m):
            change[i] += step * (np.float64(column[i]) - mean)


@summing_part
def _products_of_columns(
    transposed: NDArray[Any],
    center: Floats,
    first: int,
    m: int,
    weight: Floats,
    products: Floats,
) -> None:
    for j in range(transposed.shape[0]):
        column = transposed[j, first : first + m]
        mean = center[j]
        total = 0.0
        for i in range(m):
            total += weight[i] * (np.float64(column[i]) - mean)
        products[j] += total


@kernel
def advance_dense(
    X: NDArray[Any],
    is_transposed: bool,
    center: Floats,
    coef: Floats,
    shift: float,
    rows: LossRows,
    first: int,
    last: int,
    products: Floats,
) -> float:
    """Step by ``shift + (X - center) coef`` from row ``first`` to before ``last``.

    Adds Σ_i share_i residual_i (x_ij - center_j) to ``products``. Both products with
    some rows of X are formed while those are in cache. ``X`` is in C order, or the
    transpose of one in F order.
    """
    room = np.empty((4, STRIP))
    bits = room[3].view(np.int64)
    weight = np.empty(STRIP)
    total = 0.0
    for start in range(first, last, STRIP):
        m = min(STRIP, last - start)
        change = rows.change[start : start + m]
        if is_transposed:
            _linear_columns(X, center, coef, shift, start, m, change)
        else:
            _linear_rows(X, center, coef, shift, start, m, change)
        total += advance_strip(rows, start, m, room, bits)
        for i in range(m):
            weight[i] = rows.share[start + i] * rows.residual[start + i]
        if is_transposed:
            _products_of_columns(X, center, start, m, weight, products)
        else:
            _products_of_rows(X, center, start, m, weight, products)
    return total
