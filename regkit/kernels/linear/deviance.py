"""The loss of rows above the least that any predictor reaches, summed.

That is what `losses.measure` gives at the dual point zero; of labels 0 and 1 it is the
loss itself, which takes no branch and no logarithm.
"""

import numpy as np

from regkit._types import Floats, Indices
from regkit.kernels._jit import fused_part, kernel
from regkit.kernels.linear.loss_steps import STRIP, exponentials
from regkit.kernels.linear.losses import LOGISTIC, measure, weighted_sum

# Terms of the series of log(1 + e), 0 <= e <= 1, in the squares of e / (2 + e).
_TERMS = 17


@fused_part
def _logistic_strip(
    y: Floats, share: Floats, eta: Floats, room: Floats, bits: Indices
) -> float:
    """Return the sum of as many rows as there are."""
    x, e, found = room[0], room[1], room[2]
    m = y.shape[0]
    for i in range(m):
        x[i] = max(-abs(eta[i]), -700.0)
    exponentials(x, e, room[3], bits, m)
    for i in range(m):
        s = e[i] / (2.0 + e[i])
        square = s * s
        tail = 0.0
        for k in range(_TERMS - 1, 0, -1):
            tail = square * (tail + 1.0 / (2 * k + 1))
        # log(1 + e^z) - y z, of which no part is lost where z is far on y's side.
        wrong = y[i] != (1.0 if eta[i] >= 0.0 else 0.0)
        value = 2.0 * (s + s * tail) + (abs(eta[i]) if wrong else 0.0)
        found[i] = value if share[i] > 0.0 else 0.0
    n_other = 0
    for i in range(m):
        is_plain = y[i] * (1.0 - y[i]) == 0.0 and eta[i] == eta[i]
        n_other += 0 if is_plain else 1
    if n_other > 0:
        for i in range(m):
            is_plain = y[i] * (1.0 - y[i]) == 0.0 and eta[i] == eta[i]
            if share[i] > 0.0 and not is_plain:
                _, _, found[i] = measure(np.int64(LOGISTIC), 0.0, y[i], eta[i], 0.0)
    return float(weighted_sum(found, share, m))


@kernel
def deviance(code: int, power: float, y: Floats, share: Floats, eta: Floats) -> float:
    """Return Σ_i share_i (f(eta_i) - min f)."""
    total = 0.0
    n = y.shape[0]
    if code == LOGISTIC:
        room = np.empty((4, STRIP))
        bits = room[3].view(np.int64)
        for start in range(0, n, STRIP):
            strip = slice(start, min(start + STRIP, n))
            total += _logistic_strip(y[strip], share[strip], eta[strip], room, bits)
        return total
    for i in range(n):
        if share[i] > 0.0:
            _, _, gap = measure(code, power, y[i], eta[i], 0.0)
            total += share[i] * gap
    return total
