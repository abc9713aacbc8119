"""The deviance of counts and amounts, whose means are exponentials, by vectors.

With h = z - log y and g(x) = e^x - 1 - x, the loss above its least is

    Poisson      y g(h)
    Gamma        g(-h)
    Tweedie(r)   y^(2-r) (g((2-r) h) / (2-r) + g((1-r) h) / (r-1))

and where y is 0 the loss itself. That is what `losses.measure` gives at the dual point
zero; of Tweedie it solves an equation for it.
"""

import numpy as np

from regkit._types import Floats, Indices
from regkit.kernels._jit import fused_part, kernel
from regkit.kernels.linear.loss_steps import STRIP, exponentials
from regkit.kernels.linear.loss_values import logarithms
from regkit.kernels.linear.losses import GAMMA, POISSON, measure, weighted_sum

# Up to this the series of g is as accurate as the difference.
_SERIES = 0.25
# What `exponentials` and `logarithms` are for.
_LARGEST, _LEAST_LABEL = 700.0, 1e-300


@fused_part
def _add_excesses(
    factor: float,
    part: float,
    h: Floats,
    room: Floats,
    bits: Indices,
    found: Floats,
    m: int,
) -> None:
    """Add ``part * g(factor * h)`` to ``found``."""
    x, e = room[0], room[1]
    for i in range(m):
        x[i] = min(max(factor * h[i], -_LARGEST), _LARGEST)
    exponentials(x, e, room[2], bits, m)
    for i in range(m):
        v = x[i]
        t = 1.0 / 3628800.0 + v * (1.0 / 39916800.0 + v / 479001600.0)
        t = 1.0 / 40320.0 + v * (1.0 / 362880.0 + v * t)
        t = 1.0 / 720.0 + v * (1.0 / 5040.0 + v * t)
        t = 1.0 / 24.0 + v * (1.0 / 120.0 + v * t)
        series = v * v * (0.5 + v * (1.0 / 6.0 + v * t))
        found[i] += part * (series if abs(v) < _SERIES else (e[i] - 1.0) - v)


@fused_part
def _strip(
    code: int,
    power: float,
    y: Floats,
    share: Floats,
    eta: Floats,
    room: Floats,
    bits: tuple[Indices, Indices, Indices],
) -> float:
    """Return the sum of as many rows as there are; see below for the room."""
    m = y.shape[0]
    logs, h, found, of_zero = room[4], room[5], room[6], room[7]
    for i in range(m):
        logs[i] = y[i] if y[i] >= _LEAST_LABEL else 1.0
        found[i] = 0.0
    logarithms(logs, bits[1], room[3], bits[2], m)
    for i in range(m):
        h[i] = eta[i] - logs[i]
    if code == GAMMA:
        _add_excesses(-1.0, 1.0, h, room, bits[0], found, m)
    else:
        a = 1.0 if code == POISSON else 2.0 - power
        _add_excesses(a, 1.0 / a, h, room, bits[0], found, m)
        for i in range(m):
            of_zero[i] = room[1, i] / a
        if code != POISSON:
            _add_excesses(1.0 - power, 1.0 / (power - 1.0), h, room, bits[0], found, m)
        for i in range(m):
            room[0, i] = a * logs[i]
        exponentials(room[0], room[1], room[2], bits[0], m)
        for i in range(m):
            least = y[i] if code == POISSON else room[1, i]
            found[i] = found[i] * least if y[i] > 0.0 else of_zero[i]
    n_other = 0
    for i in range(m):
        is_usual = y[i] >= _LEAST_LABEL or (y[i] == 0.0 and code != GAMMA)
        is_usual = is_usual and abs(h[i]) < _LARGEST
        found[i] = found[i] if share[i] > 0.0 else 0.0
        n_other += 0 if is_usual else 1
    for i in range(m if n_other > 0 else 0):
        is_usual = y[i] >= _LEAST_LABEL or (y[i] == 0.0 and code != GAMMA)
        if share[i] > 0.0 and not (is_usual and abs(h[i]) < _LARGEST):
            _, _, found[i] = measure(code, power, y[i], eta[i], 0.0)
    return float(weighted_sum(found, share, m))


@kernel
def log_link_deviance(
    code: int, power: float, y: Floats, share: Floats, eta: Floats
) -> float:
    """Return Σ_i share_i (f(eta_i) - min f) for Poisson, Gamma or Tweedie."""
    room = np.empty((8, STRIP))
    bits = (room[2].view(np.int64), room[4].view(np.int64), room[3].view(np.int64))
    total = 0.0
    n = y.shape[0]
    for start in range(0, n, STRIP):
        strip = slice(start, min(start + STRIP, n))
        total += _strip(code, power, y[strip], share[strip], eta[strip], room, bits)
    return total
