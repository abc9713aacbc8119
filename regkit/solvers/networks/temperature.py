"""Temperature scaling: how far outputs of a classifier must be shrunk or stretched."""

import math

import numpy as np
from scipy.optimize import minimize_scalar

from regkit._types import Floats

# Limits of the logarithm, and the deviation of its prior: of few rows little is learnt.
_FARTHEST = 1.5
_PRIOR = 0.5
_SMALLEST = 1e-15


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


def fit_temperature(
    outputs: list[Floats], targets: Floats, weights: Floats, independent: bool
) -> float:
    """Return T > 0 that makes probabilities of outputs / T most likely.

    Guo, Pleiss, Sun & Weinberger (2017), with a normal prior of log T.

    Parameters
    ----------
    outputs : list of ndarray (n, n_outputs)
        Of networks whose probabilities are averaged, on rows held out from them.
    targets : ndarray (n, n_targets)
        See `log_likelihood`.
    weights : ndarray (n,)
    """
    weights = weights / weights.mean()

    def loss(log_t: float) -> float:
        shrunk = [probabilities_of(z * math.exp(-log_t), independent) for z in outputs]
        logs = log_likelihood(np.mean(shrunk, axis=0), targets, independent)
        return float(-(weights @ logs)) + 0.5 * (log_t / _PRIOR) ** 2

    found = minimize_scalar(
        loss, bounds=(-_FARTHEST, _FARTHEST), method="bounded", options={"xatol": 1e-3}
    )
    return math.exp(float(found.x))
