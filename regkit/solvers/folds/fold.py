"""One split of the rows."""

from dataclasses import dataclass

import numpy as np

from regkit._types import Floats, Indices


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows to train on and rows held out; a row given twice counts twice.

    Attributes
    ----------
    train, test : ndarray of int
    """

    train: Indices
    test: Indices

    def training_weight(self, sample_weight: Floats | None, n: int) -> Floats:
        """Return every row's weight in training, shape (n,)."""
        counts = np.bincount(self.train, minlength=n).astype(np.float64)
        return counts if sample_weight is None else counts * sample_weight

    def test_weight(self, sample_weight: Floats | None) -> Floats:
        """Return the weights of the rows held out, as many as ``test`` has."""
        if sample_weight is None:
            return np.ones(len(self.test))
        return sample_weight[self.test]

    def left_out(self, n: int) -> Indices | None:
        """Return the rows not trained on, where all others are trained on once."""
        counts = np.bincount(self.train, minlength=n)
        return np.flatnonzero(counts == 0) if counts.max() == 1 else None
