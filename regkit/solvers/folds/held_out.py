"""How far a path's predictions are from y, at every alpha."""

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.designs import RowDesign
from regkit.solvers.results import PathResult

# Residuals of all alphas that are held at a time.
_ENTRIES = 1 << 20


def mean_squares(
    design: RowDesign,
    y: Floats,
    weight: Floats,
    path: PathResult,
    rows: NDArray[np.int64],
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
