"""Intervals and sets that cover new rows with a stated probability.

Rows that were held out from the network that predicts them give scores. New rows are
predicted by the same networks, and one is covered where its score is not among the
largest. With one group of rows this is split-conformal (Lei et al. 2018): at least
`coverage` of exchangeable new rows are covered. With a group for each of K folds it is
CV+ (Barber, Candès, Ramdas & Tibshirani 2021): at least
2 `coverage` - 1 - (1 - K/n) / (K + 1) are, and about `coverage` in practice.
"""

import math

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats

# Halvings of the range of an end, which then is as exact as float64.
_HALVINGS = 60


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
    centers: Floats, spreads: Floats, scores: list[Floats], coverage: float
) -> tuple[Floats, Floats]:
    """Return the ends of intervals.

    Parameters
    ----------
    centers, spreads : ndarray (n_groups, n)
        Predictions of the networks of each group, and what scores are multiples of.
    scores : list of ndarray
        |y - center| / spread of each group's held-out rows, ascending.
    coverage : float
        In (0, 1).

    Returns
    -------
    lower, upper : ndarray (n,)
        With N scores in all, the upper end is the ⌈(N + 1) coverage⌉-th smallest of
        center_g + score_i spread_g, i of group g, and the lower end likewise.
    """
    rank = rank_of(coverage, sum(len(each) for each in scores))
    if len(scores) == 1:
        half = scores[0][rank - 1] * spreads[0]
        return centers[0] - half, centers[0] + half
    upper = _ranked(centers, spreads, scores, rank)
    lower = -_ranked(-centers, spreads, scores, rank)
    # Of a small coverage the ends may be the other way round: what lies between them.
    return np.minimum(lower, upper), np.maximum(lower, upper)


def _ranked(
    centers: Floats, spreads: Floats, scores: list[Floats], rank: int
) -> Floats:
    """Return the ``rank``-th smallest of all center_g + score_i spread_g."""
    groups = [
        (center, spread, each)
        for center, spread, each in zip(centers, spreads, scores, strict=True)
        if len(each)
    ]
    low = np.min([c + each[0] * s for c, s, each in groups], axis=0)
    high = np.max([c + each[-1] * s for c, s, each in groups], axis=0)
    for _ in range(_HALVINGS):
        middle = low + 0.5 * (high - low)
        count = sum(
            np.searchsorted(each, (middle - c) / s, side="right")
            for c, s, each in groups
        )
        enough = count >= rank
        high = np.where(enough, middle, high)
        low = np.where(enough, low, middle)
    ranked: Floats = high
    return ranked


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
