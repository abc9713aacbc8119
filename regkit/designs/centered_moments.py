"""Means and centered cross-products of rows: all that a linear model needs of them."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from regkit._types import Floats
from regkit.designs.factory import make_design


@dataclass(slots=True)
class CenteredMoments:
    """Weighted mean of the columns of [X, y], and their products about it.

    Those of disjoint rows add up by the pairwise formula of Chan, Golub and LeVeque
    (1979): the products of both parts, plus what the distance d of their means
    contributes, ``w v / (w + v) d dᵀ``. No sum of raw squares is ever formed, so large
    means cost no digits.

    Attributes
    ----------
    n_features : int
        p; the columns from there on are targets.
    n_samples : int
        Rows of positive weight.
    total_weight : float
        Σ w.
    mean, rest : ndarray (p + T,)
        The mean is their unevaluated sum: means of many deviations, rounded once,
        would spoil the distances between them.
    cross : ndarray (p + T, p + T)
        Σ w (z - mean)(z - mean)ᵀ over the rows z of [X, y].
    """

    n_features: int
    n_samples: int
    total_weight: float
    mean: Floats
    rest: Floats
    cross: Floats

    @classmethod
    def empty(cls, n_features: int, n_targets: int) -> Self:
        """Return the moments of no rows."""
        width = n_features + n_targets
        mean, rest = np.zeros(width), np.zeros(width)
        return cls(n_features, 0, 0.0, mean, rest, np.zeros((width, width)))

    @classmethod
    def of_rows(cls, X: Any, Y: Floats, sample_weight: Floats | None) -> Self:
        """Return the moments of rows in memory, from one read of X.

        Parameters
        ----------
        X : ndarray, CSR or CSC (n, p), float32 or float64
        Y : ndarray (n, T)
        sample_weight : ndarray (n,) or None
            With a positive sum.
        """
        n, p = X.shape
        design = make_design(X, sample_weight)
        target, mean = design.center(Y)
        root = np.full(n, n**-0.5)
        if sample_weight is not None:
            root = np.sqrt(sample_weight / design.total_weight)
            n = int(np.count_nonzero(sample_weight))
        # What the rounded mean has left in the target.
        rest = root @ target
        target -= np.outer(root, rest)
        cross = np.empty((p + len(rest), p + len(rest)))
        cross[:p, :p], cross[:p, p:] = design.gram(target)
        # What a constant column leaves is rounding error, of either sign.
        cross[:p][design.constant] = 0.0
        cross[:, :p][:, design.constant] = 0.0
        cross[p:, :p] = cross[:p, p:].T
        cross[p:, p:] = target.T @ target
        cross *= design.total_weight
        mean = np.concatenate([design.offset, mean])
        rest = np.concatenate([design.offset_rest, rest])
        return cls(p, n, design.total_weight, mean, rest, cross)

    @property
    def is_finite(self) -> bool:
        """Whether no square has overflowed, and no entry was NaN or infinite."""
        diagonal = self.cross.diagonal()
        return bool(np.isfinite(diagonal).all() and np.isfinite(self.mean).all())

    def copy(self) -> Self:
        """Return a copy that shares no array."""
        return type(self)(
            self.n_features,
            self.n_samples,
            self.total_weight,
            self.mean.copy(),
            self.rest.copy(),
            self.cross.copy(),
        )

    def merge(self, other: "CenteredMoments") -> None:
        """Add the moments of other rows, in place."""
        if other.total_weight == 0.0:
            return
        total = self.total_weight + other.total_weight
        share = other.total_weight / total
        distance = (other.mean - self.mean) + (other.rest - self.rest)
        self.cross += other.cross
        # In this order no product of two weights can overflow.
        self.cross += np.outer((self.total_weight * share) * distance, distance)
        step = share * distance + self.rest
        mean = self.mean + step
        # Knuth's exact sum, whichever of the two is larger.
        added = mean - self.mean
        self.rest = (self.mean - (mean - added)) + (step - added)
        self.mean = mean
        self.total_weight = total
        self.n_samples += other.n_samples
