"""Intervals and sets that cover new rows with a stated probability.

Rows that were held out from the networks that predict them give scores. New rows are
covered where their score is not among the largest. With one group of rows this is
split-conformal (Lei et al. 2018): at least `coverage` of exchangeable new rows are
covered. With a group for each of K folds, sets of classes are CV+ (Barber, Candès,
Ramdas & Tibshirani 2021; Romano, Sesia & Candès 2020): at least
2 `coverage` - 1 - (1 - K/n) / (K + 1) are, and about `coverage` in practice. Intervals
are cross-conformal around the mean of all networks: about `coverage` in practice,
without a bound that holds for all data.
"""

import math

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats

# The least share of the variance of held-out rows that intervals keep.
_LEAST_VARIANCE = 0.9


def least_rows(coverage: float) -> int:
    """Return how many scores a coverage needs."""
    return math.ceil(coverage / (1.0 - coverage) - 1e-9)


def rank_of(coverage: float, n: int) -> int:
    """Return which of n scores, from 1 and in ascending order, is large enough.

    Raises
    ------
    ValueError
        When there are too few.
    """
    rank = math.ceil((n + 1) * coverage - 1e-9)
    if rank > n:
        raise ValueError(
            f"coverage={coverage!r} needs at least {least_rows(coverage)} held-out "
            f"rows, there are {n}: set more rows apart or lower coverage."
        )
    return rank


def interval(
    centers: Floats, spreads: Floats, scores: Floats, coverage: float
) -> tuple[Floats, Floats]:
    """Return the ends of intervals.

    Parameters
    ----------
    centers, spreads : ndarray (n_groups, n)
        Predictions of the networks of each group, and what scores are multiples of.
    scores : ndarray
        |y - center| / spread of all held-out rows, each by its own group, ascending.
    coverage : float
        In (0, 1).

    Returns
    -------
    lower, upper : ndarray (n,)
        The mean of the centers, and q times the spread to both sides, where q is the
        ⌈(N + 1) coverage⌉-th of N scores. The groups err more than their mean does: the
        mean of their squared errors is its squared error and the mean square of what
        they are off it (the ambiguity of Krogh & Vedelsby 1995), which is subtracted
        from the squared spread, up to a tenth of this.
    """
    q = float(scores[rank_of(coverage, len(scores)) - 1])
    center = centers.mean(axis=0)
    # In units of the largest, whose squares neither overflow nor vanish.
    unit = spreads.max(axis=0)
    spread = unit * np.sqrt(np.square(spreads / unit).mean(axis=0))
    # A score of 1 is a deviation only where scores say so.
    deviation = spread * min(float(np.sqrt(np.mean(np.square(scores)))), q)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        ambiguity = np.square((centers - center) / deviation).mean(axis=0)
    share = np.fmax(1.0 - np.nan_to_num(ambiguity), _LEAST_VARIANCE)
    half = q * spread * np.sqrt(share)
    return center - half, center + half


def interval_score(
    lower: Floats, upper: Floats, truth: Floats, coverage: float
) -> float:
    """Return the mean interval score, less is better.

    The width, and 2 / (1 - `coverage`) times how far y is outside (Winkler 1972;
    Gneiting & Raftery 2007).
    """
    outside = np.maximum(lower - truth, 0.0) + np.maximum(truth - upper, 0.0)
    return float(np.mean(upper - lower + 2.0 / (1.0 - coverage) * outside))


def class_sets(
    probabilities: Floats, scores: list[Floats], coverage: float
) -> NDArray[np.bool_]:
    """Return which classes belong to the set of each row, (n, n_classes).

    Parameters
    ----------
    probabilities : ndarray (n_groups, n, n_classes)
        Of the networks of each group.
    scores : list of ndarray
        1 less the probability of their class, of each group's held-out rows, ascending.
    coverage : float
        In (0, 1).
    """
    n = sum(len(each) for each in scores)
    rank_of(coverage, n)
    smaller = sum(
        np.searchsorted(each, 1.0 - group, side="left")
        for group, each in zip(probabilities, scores, strict=True)
    )
    return np.asarray(smaller < (n + 1) * coverage - 1e-9)
