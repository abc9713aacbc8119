"""How much less the mean of all networks errs than the networks of one fold.

Rows that were held out are predicted by the networks of their fold, new rows by the
mean of all, which errs less. Two things show by how much:

- where a fold has m networks, how much less they err together than each alone. If the
  mean square of the errors is less by d, chance makes d / (m - 1) of what is left: an
  m-th part of what it makes of one network's errors. Networks of different folds have
  also learned from different rows: their means vary k times as much as by chance alone.
  So the mean over g folds errs less by (1 - 1/g) k d / (m - 1). The squares are those
  of scores about the quantile that decides: the largest errors are often common to all
  networks, and a mean square over all rows would show those alone;
- where a fold has one network, how far these are off their mean: the mean of that
  square is what the mean errs less by (Krogh & Vedelsby 1995).
"""

import math
from typing import NamedTuple, Self

import numpy as np

from regkit._types import Floats
from regkit.solvers.networks.conformal import joint

# The least share of squared scores that is left, because few rows tell it.
_LEAST_SHARE = 0.25
# The same where folds have one network.
_LEAST_OF_ONE = 0.5
# The quantile whose square stands for all where a few scores are far larger.
_TYPICAL = 0.9


class Apart(NamedTuple):
    """How far networks are apart on some rows, in mean squares of spreads.

    Attributes
    ----------
    off_mean : float
        Of each fold's networks from the mean.
    between : float
        Of the means of folds that learned the row from each other, as a variance.
    chance : float
        The part of it that the networks of a fold show among themselves; 0 where folds
        have one network.
    """

    off_mean: float
    between: float = 0.0
    chance: float = 0.0

    @classmethod
    def of(
        cls,
        centers: Floats,
        spreads: Floats,
        members: tuple[tuple[int, ...], ...],
        held_out_by: int,
    ) -> Self:
        """Compare networks on rows that one fold held out.

        Parameters
        ----------
        centers : ndarray (n_networks, n)
        spreads : ndarray (n_folds, n)
        members : tuple of tuple of int
            The networks of each fold.
        held_out_by : int
            The fold whose networks did not learn these rows.
        """
        groups = [centers[list(own)] for own in members]
        means = np.array([each.mean(axis=0) for each in groups])
        center, spread = joint(means, spreads)
        with np.errstate(over="ignore", invalid="ignore"):
            off_mean = float(np.square((means - center) / spread).mean())
            if min(map(len, groups)) == 1 or len(groups) < 3:
                return cls(off_mean)
            del groups[held_out_by]
            means = np.delete(means, held_out_by, axis=0) / spread
            chance = [
                (each / spread).var(axis=0, ddof=1) / len(each) for each in groups
            ]
            return cls(
                off_mean,
                float(means.var(axis=0, ddof=1).mean()),
                float(np.mean(chance)),
            )

    def per_gain(self, members: tuple[tuple[int, ...], ...]) -> float:
        """Return what the mean of all gains, in gains of a fold over one network.

        It is 0 where nothing is known of chance.
        """
        if not 0.0 < self.chance < math.inf or not self.between < math.inf:
            return 0.0
        of_one = float(np.mean([1.0 / len(own) for own in members]))
        times = max(self.between / self.chance, 1.0)
        return (1.0 - 1.0 / len(members)) * times * of_one / (1.0 - of_one)


class Averaging(NamedTuple):
    """What is known about one target.

    Attributes
    ----------
    off_mean : float
        Of `Apart`.
    per_gain : float
        What the mean of all gains over the networks of a fold where these gain 1 over
        one of them; 0 if this is not known.
    alone : ndarray
        |y - center| / spread of held-out rows by each network of their fold, where the
        spread is that of all of these, ascending.
    """

    off_mean: float
    per_gain: float
    alone: Floats

    def share(self, scores: Floats, coverage: float) -> float:
        """Return how much is left of the square of a quantile of scores.

        Parameters
        ----------
        scores : ndarray (n,)
            |y - center| / spread of held-out rows, by all networks of their fold,
            ascending.
        coverage : float
            Of the quantile.
        """
        if self.per_gain:
            of_fold = _square_about(scores, coverage)
            if not 0.0 < of_fold < math.inf:
                return 1.0
            gain = max(_square_about(self.alone, coverage) / of_fold - 1.0, 0.0)
            return max(1.0 - self.per_gain * gain, _LEAST_SHARE)
        typical = float(scores[math.ceil(_TYPICAL * len(scores)) - 1])
        with np.errstate(over="ignore"):
            # A score of 1 is a deviation only where scores say so.
            variance = min(float(np.mean(np.square(scores))), typical * typical)
        if not 0.0 < variance < math.inf:
            return 1.0
        return max(1.0 - self.off_mean / variance, _LEAST_OF_ONE)


def _square_about(scores: Floats, coverage: float) -> float:
    """Return the mean square of the scores that half to twice as many exceed."""
    n, tail = len(scores), 1.0 - coverage
    last = n - math.floor(tail / 2 * n)
    first = min(n - math.ceil(min(2 * tail, 1.0) * n), last - 1)
    with np.errstate(over="ignore"):
        return float(np.mean(np.square(scores[first:last])))
