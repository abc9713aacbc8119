"""Weights of pairs of classes: p (P_k [k = l] - P_k P_l), and what intercepts need.

Where one class is all but certain, ``P_k - P_k^2`` and sums of it are differences of
numbers that agree in all digits. Here every number is a sum of non-negative ones.
"""

from typing import NamedTuple

import numpy as np

from regkit._types import Floats


class PairWeights(NamedTuple):
    """The weights of pairs of classes, row by row and in all.

    Attributes
    ----------
    share : ndarray (K, n)
        ``sqrt(p) P_k``: a row weighs a pair of two classes by ``-share_k share_l``.
    total : ndarray (K, K)
        The rows' sums.
    """

    share: Floats
    total: Floats

    @classmethod
    def of(cls, weight: Floats, root: Floats) -> "PairWeights":
        """Take ``p P``, shape (K, n), and ``sqrt(p)``, 1 where p is 0."""
        return cls(weight / root, class_total(weight, root))


def own_weights(share: Floats) -> Floats:
    """Return ``p P_k (1 - P_k)``, 1 - P_k as the sum of the others' probabilities.

    ``share`` is `PairWeights.share`. A difference from 1 would leave nothing of the
    weights of rows whose class is all but certain.
    """
    others = np.zeros_like(share)
    np.cumsum(share[:-1], axis=0, out=others[1:])
    others[:-1] += np.cumsum(share[:0:-1], axis=0)[::-1]
    return np.asarray(share * others)


def class_total(weight: Floats, root: Floats) -> Floats:
    """Return the sums over rows of ``p (P_k [k = l] - P_k P_l)``, shape (K, K).

    Rows of it sum to zero, which the diagonal is computed from: see `own_weights`.
    """
    share = weight / root
    total = -(share @ share.T)
    np.fill_diagonal(total, 0.0)
    np.fill_diagonal(total, -total.sum(axis=1))
    return np.asarray(total)


def class_inverse(total: Floats) -> Floats:
    """Return a generalized inverse of a `class_total`, the likeliest class left out.

    Elimination that keeps off-diagonals and row sums in place of the diagonal
    subtracts nothing: every entry has its digits, however far apart the classes'
    weights are (W. K. Grassmann, M. I. Taksar, D. P. Heyman: Regenerative analysis and
    steady state distributions for Markov chains. Oper. Res. 33 (1985) 1107-1116).
    Classes without any weight get zeros.
    """
    kept = np.delete(np.arange(len(total)), np.argmax(np.diag(total)))
    pairs = -total[np.ix_(kept, kept)]
    excess = -np.delete(total, kept, axis=1)[kept, 0]  # what a row sums to
    size = len(kept)
    factor, pivot = np.eye(size), np.zeros(size)
    for j in range(size):
        pivot[j] = pairs[j, j + 1 :].sum() + excess[j]
        if not pivot[j] > 0.0:
            continue
        share = pairs[j + 1 :, j] / pivot[j]
        pairs[j + 1 :, j + 1 :] += np.outer(share, pairs[j, j + 1 :])
        excess[j + 1 :] += share * excess[j]
        factor[j + 1 :, : j + 1] += np.outer(share, factor[j, : j + 1])
    inverse = np.zeros_like(total)
    scale = np.divide(1.0, pivot, out=np.zeros(size), where=pivot > 0.0)
    inverse[np.ix_(kept, kept)] = (factor.T * scale) @ factor
    return inverse
