"""Normal scores of columns: skewed and heavy-tailed ones become normal."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from regkit._types import Floats

# Points of a column's distribution that are remembered.
_KNOTS = 1000
# Slopes between knots nearer than that overflow.
_CLOSEST = 1e-306


@dataclass(frozen=True, slots=True)
class Ranks:
    """Scores of columns, linear between knots and constant beyond them.

    Attributes
    ----------
    columns : ndarray (n_ranked,) of int
        The columns that have scores, ascending.
    starts : ndarray (n_ranked + 1,) of int
        Where the knots of each begin.
    knots, scores : ndarray (n_knots,)
        Values of the columns, ascending, and what they become.
    """

    columns: NDArray[np.int64]
    starts: NDArray[np.int64]
    knots: Floats
    scores: Floats

    @classmethod
    def of(cls, columns: list[int], scored: list[tuple[Floats, Floats]]) -> "Ranks":
        """Put the knots and scores of columns together."""
        none = np.empty(0)
        return cls(
            np.array(columns, dtype=np.int64),
            np.cumsum([0, *(len(knots) for knots, _ in scored)]),
            np.concatenate([none, *(knots for knots, _ in scored)]),
            np.concatenate([none, *(scores for _, scores in scored)]),
        )

    def score(self, number: int, values: Floats) -> Floats:
        """Return the scores of values of the ``number``-th ranked column."""
        part = slice(self.starts[number], self.starts[number + 1])
        knots, scores = self.knots[part], self.scores[part]
        # By halves, whose differences do not overflow.
        if np.diff(0.5 * knots).min(initial=np.inf) >= _CLOSEST:
            return np.interp(0.5 * values, 0.5 * knots, scores)
        right = np.clip(np.searchsorted(knots, values), 1, len(knots) - 1)
        below, above = knots[right - 1], knots[right]
        # By halves again, but not of subnormal numbers, which would be rounded.
        unit = np.where(np.maximum(-below, above) < 1.0, 1.0, 0.5)
        with np.errstate(over="ignore"):  # values far beyond the knots
            share = (unit * values - unit * below) / (unit * above - unit * below)
        share = np.clip(share, 0.0, 1.0)
        return scores[right - 1] + share * (scores[right] - scores[right - 1])


def normal_scores(values: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Return knots of a column and the normal quantiles of their ranks.

    The score of a value is Φ⁻¹ of the share of rows below it and of half of those that
    equal it. A weight counts as that many rows.

    Parameters
    ----------
    values : ndarray (n,)
        At least one of positive share.
    share : ndarray (n,)
        Weights that sum to 1.
    """
    order = np.argsort(values)
    values, share = values[order], share[order]
    begins = np.r_[True, values[1:] != values[:-1]]
    masses = np.add.reduceat(share, np.flatnonzero(begins))
    knots = values[begins]
    carried = masses > 0
    knots, masses = knots[carried], masses[carried]
    below = np.cumsum(masses)
    middle = below - 0.5 * masses
    if len(knots) > _KNOTS:
        wanted = np.searchsorted(below, np.linspace(0.0, below[-1], _KNOTS))
        kept = np.unique(np.minimum(wanted, len(knots) - 1))
        knots, middle = knots[kept], middle[kept]
    return knots, ndtri(middle / below[-1])


def many_valued(X: Any) -> NDArray[np.bool_]:
    """Return which columns hold more than two values, (n_features,)."""
    if isinstance(X, np.ndarray):
        return np.array([_has_many(X[:, j], False) for j in range(X.shape[1])])
    X = X.tocsc()
    bounds = zip(X.indptr[:-1], X.indptr[1:], strict=True)
    return np.array([_has_many(X.data[a:b], b - a < X.shape[0]) for a, b in bounds])


def _has_many(values: NDArray[Any], zero: bool) -> bool:
    """Tell it of one column, of which entries that are not stored may be zero."""
    if not len(values):
        return False
    least, most = values.min(), values.max()
    if zero:
        least, most = min(least, 0), max(most, 0)
    inside = (values != least) & (values != most)
    return bool(inside.any() or (zero and least < 0 < most))
