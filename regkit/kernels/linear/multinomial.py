"""The multinomial loss, row by row: log Σ_k e^z_k - z_y, all classes' predictors.

A row's residuals are ``Y - P`` for the indicators Y of its class and probabilities P;
the second derivative is ``diag(P) - P Pᵀ``. Arrays have a row per class.
"""

from typing import NamedTuple

import numpy as np

from regkit._types import Floats, Indices
from regkit.kernels._jit import fused_part, kernel, part
from regkit.kernels.linear.loss_steps import (
    SERIES,
    STRIP,
    entropy_series,
    exponentials,
)
from regkit.kernels.linear.losses import entropy, weighted_sum


class ClassRows(NamedTuple):
    """As `regkit.kernels.linear.loss_steps.LossRows`: (K, n), ``share`` alone (n,)."""

    y: Floats  # 1 for the row's class, 0 for others
    share: Floats
    weight: Floats  # the probabilities P of the quadratic model
    eta: Floats
    dual: Floats
    change: Floats
    reached: Floats
    moved: Floats
    residual: Floats
    curvature: Floats  # the probabilities P at what is reached


@part
def _probabilities(eta: Floats, i: int, out: Floats) -> tuple[float, float]:
    """Write row i's probabilities; return its largest predictor and the log sum."""
    n_classes = eta.shape[0]
    largest = -np.inf
    for k in range(n_classes):
        largest = max(largest, eta[k, i])
    total = 0.0
    for k in range(n_classes):
        out[k] = np.exp(eta[k, i] - largest)
        total += out[k]
    for k in range(n_classes):
        out[k] /= total
    return largest, float(np.log(total))


@part
def _residual(y: float, k: int, p: Floats) -> float:
    """Return y - p_k, without subtracting from 1 a probability next to it."""
    if y != 1.0:
        return y - float(p[k])
    rest = 0.0
    for m in range(p.shape[0]):
        rest += p[m] if m != k else 0.0
    return rest


@fused_part
def _reach(rows: ClassRows, start: int, m: int, room: Floats, bits: Indices) -> None:
    """Go with ``m`` rows; ``curvature`` becomes a multiple of the probabilities."""
    level, likeliest, mean, largest = room[0], room[1], room[2], room[3]
    level[:], likeliest[:], mean[:], largest[:] = 0.0, -1.0, 0.0, -np.inf
    for k in range(rows.y.shape[0]):
        eta, change = rows.eta[k, start : start + m], rows.change[k, start : start + m]
        weight, reached = rows.weight[k, start:], rows.reached[k, start : start + m]
        for i in range(m):
            reached[i] = eta[i] + change[i]
            largest[i] = max(largest[i], reached[i])
            # Beside the likeliest class's: of that one nearly nothing is left.
            is_likelier = weight[i] > likeliest[i]
            level[i] = change[i] if is_likelier else level[i]
            likeliest[i] = weight[i] if is_likelier else likeliest[i]
    for k in range(rows.y.shape[0]):
        change, weight = rows.change[k, start : start + m], rows.weight[k, start:]
        for i in range(m):
            mean[i] += weight[i] * (change[i] - level[i])
    for k in range(rows.y.shape[0]):
        change, weight = rows.change[k, start : start + m], rows.weight[k, start:]
        dual, moved = rows.dual[k, start : start + m], rows.moved[k, start : start + m]
        reached, curvature = rows.reached[k, start:], rows.curvature[k, start:]
        x = room[4]
        for i in range(m):
            moved[i] = dual[i] - weight[i] * (change[i] - level[i] - mean[i])
            x[i] = max(reached[i] - largest[i], -700.0)
        exponentials(x, curvature, room[5], bits, m)


@fused_part
def _compare(rows: ClassRows, start: int, m: int, room: Floats) -> float:
    """Write probabilities and residuals of ``m`` rows; return their part of the gap."""
    total, others, x, gap = room[0], room[1], room[2], room[3]
    total[:], others[:], gap[:] = 0.0, 0.0, 0.0
    share = rows.share[start : start + m]
    for k in range(rows.y.shape[0]):
        curvature, y = rows.curvature[k, start:], rows.y[k, start : start + m]
        for i in range(m):
            total[i] += curvature[i]
            others[i] += 0.0 if y[i] == 1.0 else curvature[i]
    for k in range(rows.y.shape[0]):
        curvature, y = rows.curvature[k, start:], rows.y[k, start : start + m]
        residual, moved = rows.residual[k, start:], rows.moved[k, start : start + m]
        for i in range(m):
            p = curvature[i] / total[i]
            # (1 - p of the row's own class, without a difference.)
            r = others[i] / total[i] if y[i] == 1.0 else y[i] - p
            is_used = share[i] > 0.0
            e = (r - moved[i]) / p
            curvature[i] = p if is_used else 0.0
            residual[i] = r if is_used else 0.0
            gap[i] += p * entropy_series(e) if abs(e) < SERIES else 0.0
            x[i] = e if is_used else 0.0
        n_wide = 0
        for i in range(m):
            n_wide += 0 if abs(x[i]) < SERIES else 1
        if n_wide > 0:
            for i in range(m):
                if not abs(x[i]) < SERIES:
                    gap[i] += curvature[i] * entropy(x[i])
    return weighted_sum(gap, share, m)


@kernel
def advance(rows: ClassRows) -> float:
    """Take all rows along ``change``; return the rows' part of the gap."""
    total, n = 0.0, rows.y.shape[1]
    room = np.empty((6, STRIP))
    bits = room[5].view(np.int64)
    for start in range(0, n, STRIP):
        m = min(STRIP, n - start)
        _reach(rows, start, m, room, bits)
        total += _compare(rows, start, m, room)
    return total


@kernel
def differentiate(
    y: Floats, share: Floats, eta: Floats, residual: Floats, curvature: Floats
) -> None:
    """Write ``Y - P`` and P; zeros for rows of no weight."""
    n_classes, n = y.shape
    p = np.empty(n_classes)
    for i in range(n):
        if share[i] > 0.0:
            _probabilities(eta, i, p)
        for k in range(n_classes):
            residual[k, i] = curvature[k, i] = 0.0
            if share[i] > 0.0:
                residual[k, i] = _residual(y[k, i], k, p)
                curvature[k, i] = p[k]


@kernel
def objective(y: Floats, share: Floats, eta: Floats) -> float:
    """Return the mean loss."""
    n_classes, n = y.shape
    p = np.empty(n_classes)
    total = 0.0
    for i in range(n):
        if share[i] > 0.0:
            largest, log_sum = _probabilities(eta, i, p)
            value = log_sum
            for k in range(n_classes):
                if y[k, i] > 0.0:
                    value += y[k, i] * (largest - eta[k, i])
            total += share[i] * value
    return total


@kernel
def divergence(
    y: Floats, share: Floats, eta: Floats, dual: Floats, shrunk: float
) -> float:
    """Return the rows' part of the gap at ``shrunk * dual``."""
    total = 0.0
    n_classes, n = y.shape
    p = np.empty(n_classes)
    for i in range(n):
        if share[i] > 0.0:
            _probabilities(eta, i, p)
            for k in range(n_classes):
                excess = _residual(y[k, i], k, p) - shrunk * dual[k, i]
                if excess != 0.0:
                    total += share[i] * p[k] * entropy(excess / p[k])
    return total
