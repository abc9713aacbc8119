"""Losses of a panel with their derivatives by the network's outputs.

Arrays are lines: outputs (n_outputs, PANEL), targets (n_targets, PANEL). Every loss is
averaged over targets, so that its scale does not change with their number.

After the outputs of the losses of a mean there may be some more a target, quantiles of
y that show how far off they may be. Their losses add to the slopes, not to the values.
"""

import math
from typing import Any

from numpy.typing import NDArray

from regkit._types import Floats
from regkit.kernels._jit import inlined_kernel
from regkit.kernels.networks.tiles import PANEL

# (n_lines, PANEL), or weights of one line.
Lines = NDArray[Any]

SQUARED = 0
ABSOLUTE = 1
HUBER = 2
QUANTILE = 3
GAUSSIAN = 4
POISSON = 5
BINARY = 6
SOFTMAX = 7

# The log-variance of the Gaussian loss is held within ± this.
LOG_VARIANCE_LIMIT = 10.0
# The logarithm of expected counts likewise.
LOG_MEAN_LIMIT = 20.0


@inlined_kernel
def loss_and_slopes(
    loss: int,
    parameter: float,
    levels: Floats,
    outputs: Lines,
    targets: Lines,
    weights: Lines,
    slopes: Lines,
    scale: float,
) -> float:
    """Return Σ_i weights_i loss_i; ``slopes`` get its derivatives times ``scale``.

    ``parameter`` is Huber's delta or the share of label smoothing of the softmax loss;
    ``levels`` are the quantiles, each with an output a target where there are any.
    """
    if loss == GAUSSIAN:
        return _gaussian(outputs, targets, weights, slopes, scale)
    if loss == BINARY:
        return _binary(outputs, targets, weights, slopes, scale)
    if loss == SOFTMAX:
        return _softmax(outputs, targets, weights, slopes, scale, parameter)
    n_targets, n_levels = targets.shape[0], levels.shape[0]
    several = outputs.shape[0] // n_targets
    total = 0.0
    if loss == POISSON:
        total = _poisson(outputs, targets, weights, slopes, scale)
    # The first outputs have the loss itself; where it is the quantile loss, all have.
    for k in range(1 if loss == POISSON else 0, several):
        is_level = loss == QUANTILE or k > 0
        level = levels[k if loss == QUANTILE else k - 1] if is_level else parameter
        part = _residual(
            QUANTILE if is_level else loss,
            level,
            outputs[k * n_targets : (k + 1) * n_targets],
            targets,
            weights,
            slopes[k * n_targets : (k + 1) * n_targets],
            scale / n_levels if loss == QUANTILE else scale,
        )
        if loss == QUANTILE:
            total += part / n_levels
        elif k == 0:
            total += part
    return total


@inlined_kernel
def _poisson(
    outputs: Lines, targets: Lines, weights: Lines, slopes: Lines, scale: float
) -> float:
    """Half the deviance, y log(y/μ) - y + μ, of a mean μ = exp z."""
    n_targets = targets.shape[0]
    share = scale / n_targets
    total: float = 0.0
    for t in range(n_targets):
        for i in range(PANEL):
            z, y = float(outputs[t, i]), float(targets[t, i])
            weight = float(weights[i])
            mean = math.exp(min(max(z, -LOG_MEAN_LIMIT), LOG_MEAN_LIMIT))
            least = y * math.log(y) if y > 0.0 else 0.0
            total += weight * (mean - y * z + least - y)
            slopes[t, i] = share * weight * (mean - y)
    return float(total / n_targets)


@inlined_kernel
def _residual(
    loss: int,
    parameter: float,
    outputs: Lines,
    targets: Lines,
    weights: Lines,
    slopes: Lines,
    scale: float,
) -> float:
    """Losses of the residual r = output - target.

    Squared: r²/2. Absolute: |r|. Huber: r²/2 where |r| ≤ δ, else δ(|r| - δ/2).
    Quantile q: -q r where r < 0, else (1 - q) r.
    """
    n_targets = targets.shape[0]
    real = outputs.dtype.type
    zero, half = real(0.0), real(0.5)
    share = real(scale / n_targets)
    delta = real(parameter)
    under, over = real(-parameter), real(1.0 - parameter)
    if loss == ABSOLUTE:
        under, over = real(-1.0), real(1.0)
    total: float = 0.0
    for t in range(n_targets):
        output, target, slope = outputs[t], targets[t], slopes[t]
        part = zero
        if loss == SQUARED:
            for i in range(PANEL):
                r = output[i] - target[i]
                g = weights[i] * r
                part += half * g * r
                slope[i] = share * g
        elif loss == HUBER:
            for i in range(PANEL):
                r = output[i] - target[i]
                g = min(max(r, -delta), delta)
                part += weights[i] * g * (r - half * g)
                slope[i] = share * weights[i] * g
        else:
            for i in range(PANEL):
                r = output[i] - target[i]
                g = over if r > zero else (under if r < zero else zero)
                part += weights[i] * g * r
                slope[i] = share * weights[i] * g
        total += float(part)
    return float(total / n_targets)


@inlined_kernel
def _gaussian(
    outputs: Lines, targets: Lines, weights: Lines, slopes: Lines, scale: float
) -> float:
    """½ (s + (y - μ)² exp(-s) + log 2π): outputs hold all μ, then all s = log σ²."""
    n_targets = targets.shape[0]
    share = scale / n_targets
    total: float = 0.0
    for t in range(n_targets):
        for i in range(PANEL):
            weight = float(weights[i])
            raw = float(outputs[n_targets + t, i])
            s = min(max(raw, -LOG_VARIANCE_LIMIT), LOG_VARIANCE_LIMIT)
            precision = math.exp(-s)
            r = float(outputs[t, i]) - float(targets[t, i])
            total += weight * 0.5 * (s + r * r * precision + math.log(2.0 * math.pi))
            slopes[t, i] = share * weight * r * precision
            # NaN passes through both comparisons.
            inside = 0.0 if abs(raw) > LOG_VARIANCE_LIMIT else 1.0
            slopes[n_targets + t, i] = (
                share * weight * inside * 0.5 * (1.0 - r * r * precision)
            )
    return float(total / n_targets)


@inlined_kernel
def _binary(
    outputs: Lines, targets: Lines, weights: Lines, slopes: Lines, scale: float
) -> float:
    """log(1 + exp z) - y z for every output z and label y in [0, 1]."""
    n_targets = targets.shape[0]
    share = scale / n_targets
    total: float = 0.0
    for t in range(n_targets):
        for i in range(PANEL):
            z, y = float(outputs[t, i]), float(targets[t, i])
            weight = float(weights[i])
            e = math.exp(-abs(z))
            total += weight * (max(z, 0.0) - y * z + math.log1p(e))
            probability = (1.0 if z >= 0.0 else e) / (1.0 + e)
            slopes[t, i] = share * weight * (probability - y)
    return float(total / n_targets)


@inlined_kernel
def _softmax(
    outputs: Lines,
    targets: Lines,
    weights: Lines,
    slopes: Lines,
    scale: float,
    smoothing: float,
) -> float:
    """-Σ_k p_k log softmax(z)_k; targets hold class numbers k in their only row.

    p is 1 for the row's class and 0 elsewhere, mixed with a share ``smoothing`` of the
    uniform distribution.
    """
    n_classes = outputs.shape[0]
    uniform = smoothing / n_classes
    total: float = 0.0
    for i in range(PANEL):
        label = int(targets[0, i])
        weight = float(weights[i])
        largest = float(outputs[0, i])
        for k in range(1, n_classes):
            largest = max(largest, float(outputs[k, i]))
        mass = 0.0
        mean = 0.0
        for k in range(n_classes):
            z = float(outputs[k, i]) - largest
            mean += z
            e = math.exp(z)
            mass += e
            slopes[k, i] = e
        own = float(outputs[label, i]) - largest
        total += weight * (math.log(mass) - (1.0 - smoothing) * own - uniform * mean)
        for k in range(n_classes):
            wanted = uniform + (1.0 - smoothing if k == label else 0.0)
            slopes[k, i] = scale * weight * (float(slopes[k, i]) / mass - wanted)
    return total


@inlined_kernel
def score_batch(
    loss: int,
    parameter: float,
    outputs: Lines,
    targets: Lines,
    weights: Lines,
    scores: Floats,
) -> None:
    """Add this batch's weighted squared errors (a target each) or hits (one number).

    Those of quantiles are of the one numbered by the ``parameter``. A row of several
    labels is hit when all of them are.
    """
    n_targets = targets.shape[0]
    if loss < BINARY:
        first = int(parameter) * n_targets if loss == QUANTILE else 0
        for t in range(n_targets):
            for i in range(PANEL):
                mean = float(outputs[first + t, i])
                if loss == POISSON:
                    mean = math.exp(min(max(mean, -LOG_MEAN_LIMIT), LOG_MEAN_LIMIT))
                r = mean - float(targets[t, i])
                scores[t] += float(weights[i]) * r * r
        return
    for i in range(PANEL):
        hit = True
        if loss == BINARY:
            for t in range(n_targets):
                hit = hit and ((outputs[t, i] > 0.0) == (targets[t, i] > 0.5))
        else:
            label = int(targets[0, i])
            for k in range(outputs.shape[0]):
                better = outputs[k, i] > outputs[label, i]
                tie = outputs[k, i] == outputs[label, i] and k < label
                hit = hit and not (better or tie)
        if hit:
            scores[0] += float(weights[i])
