"""How far predictions may be off: spread, noise, intervals, entropies."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from regkit._types import Floats
from regkit.neural_network._ensemble import Ensemble
from regkit.neural_network._heads import Heads
from regkit.solvers.networks.scaling import Scaling

# The share of a deviation that epistemic uncertainty may be: a tenth is always noise.
MOST_EPISTEMIC = math.sqrt(0.99)
# A deviation that can still be divided by.
_SMALLEST = 1e-300


class RegressionUncertainty(NamedTuple):
    """Predictions and the parts of their uncertainty, each of y's shape.

    Attributes
    ----------
    mean : ndarray
        What `predict` returns.
    epistemic : ndarray
        Standard deviation over members and dropout masks: what more rows like these
        would reduce. Not more than what held-out rows show of all, which masks often
        exceed.
    noise : ndarray
        Standard deviation of y around the best prediction: what no row would reduce.
    total : ndarray
        Root of the sum of both squares: what ``predict(X, return_std=True)`` returns.
    """

    mean: Floats
    epistemic: Floats
    noise: Floats
    total: Floats


class ClassUncertainty(NamedTuple):
    """Class probabilities averaged over dropout masks, and their entropies in nats.

    Attributes
    ----------
    probabilities : ndarray (n_samples, n_classes)
        The average.
    entropy : ndarray (n_samples,)
        Predictive entropy: that of the average.
    noise : ndarray (n_samples,)
        The average of the masks' entropies: what no further row would reduce.
    epistemic : ndarray (n_samples,)
        The difference, the mutual information between class and mask.
    """

    probabilities: Floats
    entropy: Floats
    noise: Floats
    epistemic: Floats


def root_mean_square(values: Floats, weights: Floats | None = None) -> Floats:
    """Return √(Σ w v²) over the first axis, w summing to 1, without overflow."""
    size = np.max(np.abs(values), axis=0)
    size = np.where(size == 0.0, 1.0, size)
    found: Floats = size * np.sqrt(
        np.average(np.square(values / size), axis=0, weights=weights)
    )
    return found


def rest_of(total: Floats, part: Floats) -> Floats:
    """Return the root of a square less another one, at least a tenth of the first."""
    ratio = np.minimum(part / np.maximum(total, _SMALLEST), MOST_EPISTEMIC)
    rest: Floats = total * np.sqrt(1.0 - ratio**2)
    return rest


def epistemic_deviation(
    heads: Heads, ensemble: Ensemble, X: Any, n_passes: int
) -> Floats:
    """Return the deviation of predictions over members and masks, (n, n_targets)."""
    members = ensemble.members
    each = max(2, -(-n_passes // len(members)))
    unit = Scaling.none(heads.n_targets)
    parts = []
    if any(member.dropout.rates.any() for member in members):
        for number, member in enumerate(members):
            spread = member.spread(
                X, each, ensemble.seed + number, lambda raw: heads.means(raw, unit)
            )
            parts.append(spread * member.targets.scale)
    means = [heads.means(m.outputs(X, with_beside=False), m.targets) for m in members]
    if len(members) > 1:
        distance = root_mean_square(np.array(means) - np.mean(means, axis=0))
        among = distance * np.sqrt(len(members) / (len(members) - 1))
        parts = [np.hypot(part, among) for part in parts] or [among]
    if not parts:
        return np.zeros_like(means[0])
    return root_mean_square(np.array(parts))


def determination(truth: Floats, predicted: Floats, weights: Floats) -> float:
    """Return R², averaged over targets (n, n_targets); 0 where y does not vary."""
    residual = root_mean_square(truth - predicted, weights)
    spread = root_mean_square(
        truth - np.average(truth, axis=0, weights=weights), weights
    )
    with np.errstate(over="ignore"):  # targets far smaller than the outputs
        ratio = np.divide(residual, spread, out=np.ones_like(spread), where=spread > 0)
        return float(np.mean(1.0 - np.square(ratio)))


def gaussian_reach(coverage: float) -> float:
    """Return how many deviations cover a share of a normal distribution."""
    return NormalDist().inv_cdf(0.5 + coverage / 2)


def entropy(probabilities: Floats) -> Floats:
    """Return -Σ p log p over the last axis."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(probabilities > 0, probabilities * np.log(probabilities), 0.0)
    total: Floats = -parts.sum(axis=-1)
    return total
