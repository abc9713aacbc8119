"""Temperature scaling: how far outputs of a classifier must be shrunk or stretched."""

import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

from regkit._types import Floats

# Limits of the logarithm, and the deviation of its prior: few rows teach little. (With
# 0.5 a table of 300 rows had 1% more log loss, with 0.25 one of 750 rows 0.2% more.)
_FARTHEST = 4.0
_PRIOR = 0.35
_SMALLEST = 1e-15
# Variance of outputs from fold to fold, in variances between the networks of a fold: 0
# to 3.5 where these differ by their seed alone, less where they begin with other waves.
_OF_ROWS = 0.5
# How far the mean of many networks lowers the logarithm of T, where held-out rows see
# one of them at a time: by 0.2 to 0.3 on seven tables, with early stopping or without.
_FALL = 1 / 3


def probabilities_of(outputs: Floats, independent: bool) -> Floats:
    """Turn outputs (..., n_outputs) into probabilities (..., n_classes).

    Parameters
    ----------
    outputs : ndarray
        Of a softmax, or of logistic units.
    independent : bool
        Whether every unit is a label of its own; otherwise a single unit is the second
        of two classes.
    """
    if not independent and outputs.shape[-1] > 1:
        powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
        shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
        return shares
    smaller = np.exp(-np.abs(outputs))
    positive = np.where(outputs >= 0, 1.0, smaller) / (1.0 + smaller)
    if independent:
        return positive
    negative = np.where(outputs >= 0, smaller, 1.0) / (1.0 + smaller)
    return np.concatenate([negative, positive], axis=-1)


def log_probabilities_of(outputs: Floats, independent: bool) -> Floats:
    """Return logarithms of `probabilities_of`, finite also where those are zero."""
    if independent:
        return np.asarray(-np.logaddexp(0.0, -outputs))
    if outputs.shape[1] == 1:
        outputs = np.hstack([np.zeros_like(outputs), outputs])
    largest = outputs.max(axis=1, keepdims=True)
    mass = np.exp(outputs - largest).sum(axis=1, keepdims=True)
    return np.asarray(outputs - largest - np.log(mass))


def log_likelihood(probabilities: Floats, targets: Floats, independent: bool) -> Floats:
    """Return the logarithm of the probability of what was seen, (n,).

    Parameters
    ----------
    probabilities : ndarray (n, n_classes)
    targets : ndarray (n, n_targets)
        Numbers of classes in one column, or labels that are 0 or 1.
    independent : bool
        Whether they are labels.
    """
    if independent:
        seen = np.where(targets > 0.5, probabilities, 1.0 - probabilities)
        logs: Floats = np.log(np.maximum(seen, _SMALLEST)).sum(axis=1)
        return logs
    numbers = targets[:, 0].round().astype(np.int64)
    own = np.take_along_axis(probabilities, numbers[:, None], axis=1)[:, 0]
    return np.log(np.maximum(own, _SMALLEST))


class HeldOutGroup(NamedTuple):
    """Rows held out from some networks, whose probabilities are averaged."""

    outputs: Floats
    """(n_networks, n, n_outputs)"""
    targets: Floats
    """(n, n_targets), see `log_likelihood`."""
    weights: Floats
    """(n,)"""


def fit_temperature(
    groups: list[HeldOutGroup], independent: bool, n_members: int, n_folds: int
) -> float:
    """Return T > 0 that makes probabilities of outputs / T most likely.

    Guo, Pleiss, Sun & Weinberger (2017), with a normal prior of log T.

    Parameters
    ----------
    groups : list of HeldOutGroup
    independent : bool
        See `log_likelihood`.
    n_members : int
        How many networks are averaged for new rows. A mean of more networks is less
        sure, and needs a lower temperature: its logarithm is taken to fall with the
        variance of the outputs, from that of each network alone to that of the groups'
        means, and further on. Where groups have one network, which does not show this,
        it falls by up to a third, but not below 0.
    n_folds : int
        How many sets of rows these learned from. Networks of a group learned from the
        same, and do not show the variance from fold to fold, which is taken to be
        half as large as that between the networks of a group.
    """
    together = _log_temperature(groups, independent)
    count = min(len(each.outputs) for each in groups)
    if count >= n_members:
        return math.exp(together)
    if count == 1:  # nothing shows how fast it falls
        fall = (1 - 1 / n_members) * min(max(together, 0.0), _FALL)
        return math.exp(together - fall)
    each_alone = [
        HeldOutGroup(outputs[None], group.targets, group.weights)
        for group in groups
        for outputs in group.outputs
    ]
    alone = _log_temperature(each_alone, independent)
    gain = 1 - 1 / n_members + _OF_ROWS * (1 - 1 / n_folds)
    share = gain / (1 - 1 / count)
    found = alone + share * (together - alone)
    return math.exp(min(max(found, -_FARTHEST), _FARTHEST))


def _log_temperature(groups: list[HeldOutGroup], independent: bool) -> float:
    """Return the logarithm of T for these groups as they are."""
    scale = sum(len(each.weights) for each in groups) / sum(
        float(each.weights.sum()) for each in groups
    )

    def loss(log_t: float) -> float:
        found = 0.5 * (log_t / _PRIOR) ** 2
        for outputs, targets, weights in groups:
            shares = probabilities_of(outputs * math.exp(-log_t), independent)
            logs = log_likelihood(shares.mean(axis=0), targets, independent)
            found -= scale * float(weights @ logs)
        return found

    found = minimize_scalar(
        loss, bounds=(-_FARTHEST, _FARTHEST), method="bounded", options={"xatol": 1e-3}
    )
    return float(found.x)
