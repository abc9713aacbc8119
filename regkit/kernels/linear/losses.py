"""Losses row by row: values, derivatives, and what a dual point leaves of the gap.

Each loss f(y, z) is convex in the linear predictor z. For a row of label y:

    logistic        log(1 + e^z) - y z                        0 <= y <= 1
    Poisson         e^z - y z                                 y >= 0
    Gamma           z + y e^-z                                y > 0
    Tweedie(r)      e^((2-r)z) / (2-r) + y e^((1-r)z) / (r-1)     y >= 0, 1 < r < 2
    squared hinge   max(0, 1 - y z)²                          y = -1 or 1
    hinge           max(0, 1 - y z)                           y = -1 or 1
    squares         (y - z)² / 2

The hinge comes smoothed: for m = 1 - y z between 0 and its ``power`` d it is
m² / (2 d), and m - d/2 beyond.

``residual`` is -f'(z) and ``curvature`` f''(z). A dual point u has one entry per row;
by Fenchel and Young, ``f(z) + f*(-u) + u z >= 0``, with equality at the residual.
It is evaluated as a sum of non-negative terms in the difference between the two, free
of the cancellation that the formula as it stands would suffer.
"""

from typing import NamedTuple

import numpy as np

from regkit._types import Floats
from regkit.kernels._jit import (
    uncounted_kernel,
    uncounted_part,
    uncounted_summing_kernel,
    uncounted_summing_part,
)

LOGISTIC = 0
POISSON = 1
GAMMA = 2
TWEEDIE = 3
SQUARED_HINGE = 4
HINGE = 5
SQUARES = 6

# Below this the series of a difference is more accurate than the difference.
_SERIES = 1e-2
# Newton steps allowed to a scalar equation; they converge quadratically.
_MOST_STEPS = 100


class Differentiated(NamedTuple):
    """Rows, and the derivatives of a loss at their linear predictors."""

    y: Floats
    share: Floats
    eta: Floats
    residual: Floats
    curvature: Floats


@uncounted_part
def entropy(x: float) -> float:
    """Return (1 + x) log(1 + x) - x, accurate for small x too; infinite below -1."""
    if abs(x) < _SERIES:
        tail = 1.0 / 20.0 - x * (1.0 / 30.0 - x * (1.0 / 42.0 - x / 56.0))
        return x * x * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 12.0 - x * tail)))
    if x < -1.0:
        return np.inf
    if x == -1.0:
        return 1.0
    if x == np.inf:
        return np.inf
    return float((1.0 + x) * np.log1p(x) - x)


@uncounted_part
def _exponential(x: float) -> float:
    """Return e^x - 1 - x, accurate for small x too."""
    if abs(x) < _SERIES:
        tail = 1.0 / 120.0 + x * (1.0 / 720.0 + x * (1.0 / 5040.0 + x / 40320.0))
        return x * x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * tail)))
    return float(np.expm1(x) - x)


@uncounted_part
def value(code: int | np.int64, power: float, y: float, z: float) -> float:
    """Return f(y, z)."""
    if code == LOGISTIC:
        rest = (1.0 - y) * z if z > 0.0 else -y * z
        return float(np.log1p(np.exp(-abs(z))) + rest)
    if code == POISSON:
        return float(np.exp(z) - y * z)
    if code == GAMMA:
        return float(z + y * np.exp(-z))
    if code == TWEEDIE:
        other = np.exp((1.0 - power) * z) * y if y > 0.0 else 0.0
        first = np.exp((2.0 - power) * z) / (2.0 - power)
        return float(first + other / (power - 1.0))
    if code == SQUARES:
        return 0.5 * (y - z) * (y - z)
    margin = max(0.0, 1.0 - y * z)
    if code == SQUARED_HINGE:
        return margin * margin
    if margin < power:
        return 0.5 * margin * margin / power
    return margin - 0.5 * power


@uncounted_part
def derivatives(
    code: int | np.int64, power: float, y: float, z: float
) -> tuple[float, float]:
    """Return -f'(z) and f''(z)."""
    if code == LOGISTIC:
        e = np.exp(-abs(z))
        near = 1.0 / (1.0 + e)
        far = e * near
        # Neither probability is had by subtracting the other from 1.
        if z >= 0.0:
            return y * far - (1.0 - y) * near, near * far
        return y * near - (1.0 - y) * far, near * far
    if code == POISSON:
        mean = np.exp(z)
        return y - mean, mean
    if code == GAMMA:
        ratio = y * np.exp(-z)
        return ratio - 1.0, ratio
    if code == TWEEDIE:
        first = np.exp((2.0 - power) * z)
        second = y * np.exp((1.0 - power) * z) if y > 0.0 else 0.0
        return second - first, (2.0 - power) * first + (power - 1.0) * second
    if code == SQUARES:
        return y - z, 1.0
    margin = 1.0 - y * z
    if margin <= 0.0:
        return 0.0, 0.0
    if code == SQUARED_HINGE:
        return 2.0 * y * margin, 2.0
    if margin < power:
        return y * (margin / power), 1.0 / power
    return y, 0.0


@uncounted_part
def _tweedie_gap(power: float, y: float, z: float, excess: float) -> float:
    """Return f(z) - f(t) - f'(t) (z - t) for the t with f'(t) = f'(z) + excess."""
    first = np.exp((2.0 - power) * z)
    second = y * np.exp((1.0 - power) * z) if y > 0.0 else 0.0
    if excess == 0.0:
        return 0.0
    if second == 0.0 and excess <= -first:
        return float(first / (2.0 - power)) if excess == -first else np.inf
    # h = z - t solves first (e^(-(2-r)h) - 1) - second (e^((r-1)h) - 1) = excess, whose
    # left-hand side falls.
    a, b = 2.0 - power, power - 1.0
    low, high = (-np.inf, 0.0) if excess > 0.0 else (0.0, np.inf)
    h = -excess / (a * first + b * second)
    h = min(max(h, -1.0 / max(a, b)), 1.0 / max(a, b))
    for _ in range(_MOST_STEPS):
        miss = first * np.expm1(-a * h) - second * np.expm1(b * h) - excess
        if miss > 0.0:
            low = h
        else:
            high = h
        slope = a * first * np.exp(-a * h) + b * second * np.exp(b * h)
        step = miss / slope
        following = h + step
        if not low < following < high:
            if low == -np.inf:
                following = 2.0 * h - 1.0
            elif high == np.inf:
                following = 2.0 * h + 1.0
            else:
                following = 0.5 * (low + high)
        if abs(following - h) <= 1e-15 * abs(h):
            break
        h = following
    found = first * np.exp(-a * h) * _exponential(a * h) / a
    return float(found + second * np.exp(b * h) * _exponential(-b * h) / b)


@uncounted_part
def measure(
    code: int | np.int64, power: float, y: float, z: float, dual: float
) -> tuple[float, float, float]:
    """Return -f'(z), f''(z) and f(z) + f*(-dual) + dual z.

    The last is infinite outside the domain of f*.
    """
    if code == LOGISTIC:
        e = np.exp(-abs(z))
        near = 1.0 / (1.0 + e)
        far = e * near
        p, q = (near, far) if z >= 0.0 else (far, near)
        # Neither probability is had by subtracting the other from 1.
        residual = y * q - (1.0 - y) * p
        excess = residual - dual
        gap = 0.0
        if excess != 0.0:
            gap = p * entropy(excess / p) + q * entropy(-excess / q)
        return residual, p * q, gap
    residual, curvature = derivatives(code, power, y, z)
    excess = residual - dual
    gap = 0.0
    if code == POISSON:
        if excess != 0.0:
            gap = curvature * entropy(excess / curvature)
    elif code == GAMMA:
        if excess != 0.0:
            gap = curvature * entropy(-excess / curvature)
    elif code == TWEEDIE:
        gap = _tweedie_gap(power, y, z, excess)
    elif code == HINGE:
        b = y * dual
        margin = 1.0 - y * z
        if b < 0.0 or b > 1.0:
            gap = np.inf
        elif margin <= 0.0:
            gap = 0.5 * power * b * b - b * margin
        elif margin < power:
            gap = (margin - power * b) ** 2 / (2.0 * power)
        else:
            gap = (1.0 - b) * ((margin - power) + 0.5 * power * (1.0 - b))
    elif code == SQUARES:
        gap = 0.5 * excess * excess
    else:
        b = y * dual
        margin = 1.0 - y * z
        if b < 0.0:
            gap = np.inf
        elif margin <= 0.0:
            gap = 0.25 * b * b - b * margin
        else:
            gap = (margin - 0.5 * b) ** 2
    return residual, curvature, gap


@uncounted_part
def row_room(code: int, y: float, dual: float) -> float:
    """Return the largest share, at most 1, of ``dual`` in the domain of f*(-.)."""
    low, high = -np.inf, np.inf
    if code == LOGISTIC:
        low, high = y - 1.0, y
    elif code == POISSON:
        high = y
    elif code == GAMMA:
        low = -1.0
    elif code == TWEEDIE:
        high = np.inf if y > 0.0 else 0.0
    elif code == SQUARES:
        return 1.0
    elif y > 0.0:
        low, high = 0.0, (1.0 if code == HINGE else np.inf)
    else:
        low, high = (-1.0 if code == HINGE else -np.inf), 0.0
    if dual > high:
        return high / dual
    if dual < low:
        return low / dual
    return 1.0


@uncounted_summing_part
def weighted_sum(values: Floats, share: Floats, m: int) -> float:
    """Return Σ_i share_i values_i of the first ``m``."""
    total = 0.0
    for i in range(m):
        total += values[i] * share[i]
    return total


@uncounted_kernel
def objective(code: int, power: float, y: Floats, share: Floats, eta: Floats) -> float:
    """Return Σ_i share_i f(y_i, eta_i)."""
    total = 0.0
    for i in range(y.shape[0]):
        if share[i] > 0.0:
            total += share[i] * value(code, power, y[i], eta[i])
    return total


@uncounted_kernel
def differentiate(code: int, power: float, rows: Differentiated) -> None:
    """Write -f' and f'' of every row; zeros for rows of no weight."""
    y, eta, residual, curvature = rows.y, rows.eta, rows.residual, rows.curvature
    for i in range(y.shape[0]):
        residual[i] = curvature[i] = 0.0
        if rows.share[i] > 0.0:
            residual[i], curvature[i] = derivatives(code, power, y[i], eta[i])


@uncounted_kernel
def divergence(
    code: int,
    power: float,
    y: Floats,
    share: Floats,
    eta: Floats,
    dual: Floats,
    shrunk: float,
) -> float:
    """Return Σ_i share_i (f(eta_i) + f*(-shrunk dual_i) + shrunk dual_i eta_i)."""
    total = 0.0
    for i in range(y.shape[0]):
        if share[i] > 0.0:
            _, _, gap = measure(code, power, y[i], eta[i], shrunk * dual[i])
            total += share[i] * gap
    return total


@uncounted_summing_kernel
def balance(
    y: Floats, share: Floats, dual: Floats, n_classes: int | np.int64
) -> tuple[float, float, float]:
    """Return what shows whether a dual point is orthogonal to the intercepts.

    The largest of the classes' sums, the sum of the absolute entries, and that of the
    terms that residuals are differences of; entries are weighted by ``share``.
    """
    worst = size = terms = 0.0
    n = y.shape[0] // n_classes
    for k in range(n_classes):
        total = 0.0
        for i in range(k * n, (k + 1) * n):
            weighted = share[i] * dual[i]
            total += weighted
            size += abs(weighted)
            terms += share[i] * (abs(y[i]) + abs(y[i] - dual[i]))
        worst = max(worst, abs(total))
    return worst, size, terms


@uncounted_kernel
def room(code: int, y: Floats, share: Floats, dual: Floats) -> float:
    """Return the largest share, at most 1, of ``dual`` that every row allows."""
    least = 1.0
    for i in range(y.shape[0]):
        if share[i] > 0.0:
            least = min(least, row_room(code, y[i], dual[i]))
    return least


@uncounted_kernel
def best_shift(
    code: int, power: float, y: Floats, share: Floats, eta: Floats, start: float
) -> float:
    """Return the s at which Σ_i share_i f(y_i, eta_i + s) is least.

    Newton's method, kept inside the interval in which the derivative changes sign.
    """
    low, high = -np.inf, np.inf
    shift = start
    reach = 1.0
    for _ in range(_MOST_STEPS):
        slope = curvature = size = 0.0
        for i in range(y.shape[0]):
            if share[i] > 0.0:
                residual, second = derivatives(code, power, y[i], eta[i] + shift)
                slope += share[i] * residual
                curvature += share[i] * second
                size += share[i] * abs(residual)
        if abs(slope) <= 4e-16 * size:
            break
        if slope > 0.0:
            low = shift
        else:
            high = shift
        step = slope / curvature if curvature > 0.0 else np.inf
        following = shift + step
        if not (low < following < high and abs(step) < reach):
            if low == -np.inf:
                following = shift - reach
            elif high == np.inf:
                following = shift + reach
            elif not low < following < high:
                following = 0.5 * (low + high)
            reach *= 2.0
        if following == shift:
            break
        shift = following
    return shift
