"""One split of the rows, and errors of the rows held out."""

from dataclasses import dataclass

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs import RowDesign
from regkit.solvers.results import PathResult

# Residuals of all alphas that are held at a time.
_ENTRIES = 1 << 20


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


def mean_squares(
    design: RowDesign,
    y: Floats,
    weight: Floats,
    path: PathResult,
    rows: Indices,
) -> Floats:
    """Return the weighted mean square of the residuals of ``rows``, shape (A,).

    Parameters
    ----------
    design : RowDesign
        Of the X that the path is about, with whatever weights.
    y : ndarray (n,)
    weight : ndarray (rows,)
        NaN comes out where all are zero.
    path : PathResult
    rows : ndarray of int
    """
    used, coefs = path.used()
    # About the design's means, so that large means take no digits.
    level = path.intercepts + design.offset[used] @ coefs
    step = max(16, _ENTRIES // max(len(used), coefs.shape[1]))
    squares = np.zeros(coefs.shape[1])
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        residual = design.fitted(rows[part], used, coefs)
        residual -= y[rows[part], None]
        residual += level
        squares += weight[part] @ np.square(residual, out=residual)
    with np.errstate(invalid="ignore"):
        mean: Floats = squares / weight.sum()
    return mean
