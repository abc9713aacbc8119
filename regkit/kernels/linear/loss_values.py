"""What a loss comes to where its derivatives are known, which takes no exponentials."""

import numpy as np

from regkit._types import Floats, Indices
from regkit.kernels._jit import kernel, part, uncounted_summing_part
from regkit.kernels.linear.losses import (
    GAMMA,
    LOGISTIC,
    POISSON,
    TWEEDIE,
    Differentiated,
    objective,
    value,
    weighted_sum,
)

# A probability that is had by subtracting from 1 has digits enough from here on.
_LIKELY = 1e-6
# Rows that are read at a time: they stay in cache.
_STRIP = 256


@part
def logarithms(
    x: Floats, bits: Indices, number: Floats, exponent: Indices, m: int
) -> None:
    """Replace the first positive entries of ``x`` by their logarithms, by vectors.

    ``bits`` are those of ``x``, ``exponent`` those of ``number``. With x = f 2^k,
    1 <= f < 2, and s = (f - √2) / (f + √2), log f is log(2) / 2 + 2 artanh(s); k, put
    behind the exponent of 2^52, is a number.
    """
    for i in range(m):
        exponent[i] = (bits[i] >> 52) | 0x4330000000000000
        bits[i] = (bits[i] & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000
    for i in range(m):
        s = (x[i] - 1.4142135623730951) / (x[i] + 1.4142135623730951)
        q = s * s
        t = 1.0 / 15.0 + q * (1.0 / 17.0 + q / 19.0)
        t = 1.0 / 9.0 + q * (1.0 / 11.0 + q * (1.0 / 13.0 + q * t))
        t = 1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q * t))
        k = number[i] - 4503599627371519.0
        x[i] = (k + 0.5) * 0.6931471805599453 + 2.0 * (s + s * q * t)


@part
def _logistic_values(y: Floats, share: Floats, eta: Floats, residual: Floats) -> float:
    """Return what `objective` does for the logistic loss, by vector instructions.

    A row's loss is -log of what its class's probability is, 1 - |residual|.
    """
    chance, number = np.empty(_STRIP), np.empty(_STRIP)
    bits, exponent = chance.view(np.int64), number.view(np.int64)
    total = 0.0
    n = y.shape[0]
    for start in range(0, n, _STRIP):
        m = min(_STRIP, n - start)
        rest = 0
        for i in range(m):
            label, own = y[start + i], 1.0 - abs(residual[start + i])
            is_plain = (label * label == label) & (own >= _LIKELY)
            chance[i] = own if is_plain else 1.0
            rest += 0 if is_plain else 1
        logarithms(chance, bits, number, exponent, m)
        total -= weighted_sum(chance, share[start : start + m], m)
        for i in range(start, start + m if rest else start):
            is_plain = y[i] * y[i] == y[i] and 1.0 - abs(residual[i]) >= _LIKELY
            if share[i] > 0.0 and not is_plain:
                total += share[i] * value(np.int64(LOGISTIC), 0.0, y[i], eta[i])
    return total


@uncounted_summing_part
def _log_link_values(code: int, power: float, rows: Differentiated) -> float:
    """Return what `objective` does for counts and amounts."""
    y, share, eta, residual, curvature = rows
    total = 0.0
    n = y.shape[0]
    if code == POISSON:
        for i in range(n):
            total += share[i] * (curvature[i] - y[i] * eta[i])
    elif code == GAMMA:
        for i in range(n):
            total += share[i] * (curvature[i] + eta[i])
    else:
        a, b = 2.0 - power, power - 1.0
        for i in range(n):
            mean = curvature[i] - b * residual[i]
            total += share[i] * (mean / a + (mean + residual[i]) / b)
    return total


@kernel
def value_at(code: int, power: float, rows: Differentiated) -> float:
    """Return what `objective` does, by the derivatives, which take no exponentials.

    (Not a `summing_kernel`: sums reordered in `logarithms` would be wrong.)
    """
    if code == LOGISTIC:
        return _logistic_values(rows.y, rows.share, rows.eta, rows.residual)
    if code > TWEEDIE:
        return objective(code, power, rows.y, rows.share, rows.eta)
    return _log_link_values(code, power, rows)
