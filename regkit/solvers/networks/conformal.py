"""Intervals and sets that cover new rows with a stated probability.

Rows that were held out from the networks that predict them give scores. New rows are
covered where their score is not among the largest. With one group of rows this is
split-conformal (Lei et al. 2018): at least `coverage` of exchangeable new rows are
covered. With a group for each of several folds both are cross-conformal: intervals
around the mean of all networks, sets of the classes whose normal ranks, averaged over
groups, are not too large for such averages. About `coverage` of new rows are covered in
practice, without a bound that holds for all data. (CV+ of Barber, Candès, Ramdas &
Tibshirani 2021 and Romano, Sesia & Candès 2020 has the bound 2 `coverage` - 1, and
covers too many: a mean of ranks is seldom as large as one rank.)
"""

import math
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from regkit._types import Floats

# The least share of squared ranks that sets keep. Of twelve tables, eight fits of
# each, 90% sets covered 0.900 on average with it, 0.897 with 0.8 and 0.907 with 1.
_LEAST_SQUARE = 0.9


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


def joint(centers: Floats, spreads: Floats) -> tuple[Floats, Floats]:
    """Return what groups (n_groups, n) say together: the mean, and root mean square."""
    # In units of the largest, whose squares neither overflow nor vanish.
    unit = spreads.max(axis=0)
    return centers.mean(axis=0), unit * np.sqrt(np.square(spreads / unit).mean(axis=0))


def interval(
    centers: Floats,
    spreads: Floats,
    scores: Floats,
    coverage: float,
    share: float = 1.0,
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
    share : float
        How much of squared scores is left if the mean of the groups predicts.

    Returns
    -------
    lower, upper : ndarray (n,)
        The mean of the centers, and √share q times the spread to both sides, where q
        is the ⌈(N + 1) coverage⌉-th of N scores.
    """
    q = float(scores[rank_of(coverage, len(scores)) - 1])
    center, spread = joint(centers, spreads)
    half = q * spread * math.sqrt(share)
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


class ClassSets(NamedTuple):
    """What held-out rows show of sets of classes.

    Attributes
    ----------
    scores : ndarray
        1 less the probability of their class, of all held-out rows, each by its own
        group of networks, ascending.
    members : tuple of tuple of int
        The networks of each group.
    deviation : float
        Of the right class's mean rank on new rows, where that of one group's is 1.
    """

    scores: Floats
    members: tuple[tuple[int, ...], ...]
    deviation: float = 1.0

    def of(self, probabilities: list[Floats], coverage: float) -> NDArray[np.bool_]:
        """Return which classes belong to the set of each row, (n, n_classes).

        A class does whose normal ranks, averaged over groups, are below that of the
        coverage, in deviations of such averages. Of one group these are the sets of
        split-conformal prediction.

        Parameters
        ----------
        probabilities : list of ndarray (n, n_classes)
            Of each network.
        coverage : float
            In (0, 1).
        """
        n = len(self.scores)
        limit = float(ndtri(rank_of(coverage, n) / (n + 1))) * self.deviation
        return np.asarray(self._ranks(probabilities).mean(axis=0) < limit)

    def comparing(self, probabilities: list[Floats]) -> Self:
        """Return the same with the deviation of mean ranks.

        The mean of the groups' squared ranks, which is 1, is the square of their mean
        and their variance about it (Krogh & Vedelsby 1995). At most a tenth is taken
        for the latter.

        Parameters
        ----------
        probabilities : list of ndarray (n,)
            Of the right class of some rows, by each network.
        """
        apart = float(self._ranks(probabilities).var(axis=0).mean())
        return self._replace(deviation=math.sqrt(max(1.0 - apart, _LEAST_SQUARE)))

    def _ranks(self, probabilities: list[Floats]) -> Floats:
        """Return the normal ranks that each group gives to rows and classes."""
        each = [
            normal_ranks(
                1.0 - np.mean([probabilities[k] for k in own], axis=0), self.scores
            )
            for own in self.members
        ]
        return np.array(each)


def normal_ranks(found: Floats, scores: Floats) -> Floats:
    """Return normal scores of the ranks that new scores have among others."""
    smaller = np.searchsorted(scores, found, side="left")
    ranks: Floats = ndtri((smaller + 0.5) / (len(scores) + 1))
    return ranks
