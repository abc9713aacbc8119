"""How far predictions of a regression may be off: spread, noise, intervals."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from regkit._types import Floats
from regkit.solvers.networks.scaling import weighted_sum

# A deviation that can still be divided by.
_SMALLEST = 1e-300


class RegressionUncertainty(NamedTuple):
    """Predictions and the parts of their uncertainty, each of y's shape.

    Attributes
    ----------
    mean : ndarray
        What `predict` returns.
    epistemic : ndarray
        Standard deviation over dropout masks: what more rows like these would reduce.
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


@dataclass(frozen=True, slots=True)
class Calibration:
    """Residuals of rows that were held out, relative to their predicted deviation.

    Attributes
    ----------
    scores : ndarray (n, n_targets)
        ``|y - prediction| / deviation``, sorted.
    """

    scores: Floats

    def reach(self, coverage: float) -> Floats:
        """Return how many deviations cover a share of new rows, one a target.

        Split-conformal: the ⌈(n + 1) coverage⌉-th smallest score covers at least that
        share when held-out and new rows are exchangeable (Lei et al. 2018).

        Raises
        ------
        ValueError
            When there are too few held-out rows for this coverage.
        """
        n = len(self.scores)
        rank = math.ceil((n + 1) * coverage - 1e-9)
        if rank > n:
            needed = math.ceil(coverage / (1.0 - coverage) - 1e-9)
            raise ValueError(
                f"coverage={coverage!r} needs at least {needed} held-out rows, there "
                f"are {n}: increase calibration_fraction or lower coverage."
            )
        return np.asarray(self.scores[rank - 1], dtype=np.float64)


class Judged(NamedTuple):
    """Predictions compared with the truth, row by row.

    Attributes
    ----------
    residuals : ndarray (n, n_targets)
        Absolute.
    epistemic, noise : ndarray (n, n_targets)
        Predicted deviations; the latter is 0 where it is yet to be estimated.
    weights : ndarray (n,)
    held_out : bool
        Whether nothing was learnt from these rows.
    """

    residuals: Floats
    epistemic: Floats
    noise: Floats
    weights: Floats
    held_out: bool


def noise_deviation(residuals: Floats, epistemic: Floats, weights: Floats) -> Floats:
    """Return the deviation of the noise that explains residuals, one a target.

    The mean square of residuals less the mean epistemic variance, but at least a
    hundredth of the former: the spread of dropout masks may exceed what residuals show.
    """
    share = weights / weights.sum()
    # Relative to the largest residual: squares neither overflow nor vanish.
    size = np.max(np.abs(residuals), axis=0)
    size[size == 0.0] = 1.0
    square = weighted_sum(share, np.square(residuals / size))
    with np.errstate(over="ignore"):
        rest = square - weighted_sum(share, np.square(epistemic / size))
    deviation: Floats = size * np.sqrt(np.maximum(rest, 0.01 * square))
    return np.maximum(deviation, _SMALLEST)


def gaussian_reach(coverage: float) -> float:
    """Return how many deviations cover a share of a normal distribution."""
    return NormalDist().inv_cdf(0.5 + coverage / 2)


def entropy(probabilities: Floats) -> Floats:
    """Return -Σ p log p over the last axis."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(probabilities > 0, probabilities * np.log(probabilities), 0.0)
    total: Floats = -parts.sum(axis=-1)
    return total
