"""The multinomial loss, row by row: log Σ_k e^z_k - z_y, all classes' predictors.

A row's residuals are ``Y - P`` for the indicators Y of its class and probabilities P;
the second derivative is ``diag(P) - P Pᵀ``. Arrays have a row per class.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit.kernels._jit import kernel, part
from regkit.kernels.linear.losses import entropy


class ClassRows(NamedTuple):
    """As `regkit.kernels.linear.loss_steps.LossRows`: (K, n), ``share`` alone (n,)."""

    y: NDArray[np.float64]  # 1 for the row's class, 0 for others
    share: NDArray[np.float64]
    weight: NDArray[np.float64]  # the probabilities P of the quadratic model
    eta: NDArray[np.float64]
    dual: NDArray[np.float64]
    change: NDArray[np.float64]
    reached: NDArray[np.float64]
    moved: NDArray[np.float64]
    residual: NDArray[np.float64]
    curvature: NDArray[np.float64]  # the probabilities P at what is reached


@part
def _probabilities(
    eta: NDArray[np.float64], i: int, out: NDArray[np.float64]
) -> tuple[float, float]:
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
def _residual(y: float, k: int, p: NDArray[np.float64]) -> float:
    """Return y - p_k, without subtracting from 1 a probability next to it."""
    if y != 1.0:
        return y - float(p[k])
    rest = 0.0
    for m in range(p.shape[0]):
        rest += p[m] if m != k else 0.0
    return rest


@kernel
def advance(rows: ClassRows) -> float:
    """Take all rows along ``change``; return the rows' part of the gap."""
    n_classes, n = rows.y.shape
    p = np.empty(n_classes)
    total = 0.0
    for i in range(n):
        likely = np.int64(0)
        for k in range(n_classes):
            rows.reached[k, i] = rows.eta[k, i] + rows.change[k, i]
            if rows.weight[k, i] > rows.weight[likely, i]:
                likely = np.int64(k)
        # Beside the likeliest class's: of that one nearly nothing is left.
        level = rows.change[likely, i]
        mean = 0.0
        for k in range(n_classes):
            mean += rows.weight[k, i] * (rows.change[k, i] - level)
        share = rows.share[i]
        if share > 0.0:
            _probabilities(rows.reached, i, p)
        gap = 0.0
        for k in range(n_classes):
            change = rows.change[k, i] - level - mean
            moved = rows.dual[k, i] - rows.weight[k, i] * change
            rows.moved[k, i] = moved
            rows.residual[k, i] = rows.curvature[k, i] = 0.0
            if share > 0.0:
                residual = _residual(rows.y[k, i], k, p)
                rows.residual[k, i] = residual
                rows.curvature[k, i] = p[k]
                if residual != moved:
                    gap += p[k] * entropy((residual - moved) / p[k])
        total += share * gap
    return total


@kernel
def differentiate(
    y: NDArray[np.float64],
    share: NDArray[np.float64],
    eta: NDArray[np.float64],
    residual: NDArray[np.float64],
    curvature: NDArray[np.float64],
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
def objective(
    y: NDArray[np.float64], share: NDArray[np.float64], eta: NDArray[np.float64]
) -> float:
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
    y: NDArray[np.float64],
    share: NDArray[np.float64],
    eta: NDArray[np.float64],
    dual: NDArray[np.float64],
    shrunk: float,
) -> float:
    """Return the rows' part of the gap at ``shrunk * dual``."""
    n_classes, n = y.shape
    p = np.empty(n_classes)
    total = 0.0
    for i in range(n):
        if share[i] > 0.0:
            _probabilities(eta, i, p)
            for k in range(n_classes):
                excess = _residual(y[k, i], k, p) - shrunk * dual[k, i]
                if excess != 0.0:
                    total += share[i] * p[k] * entropy(excess / p[k])
    return total
