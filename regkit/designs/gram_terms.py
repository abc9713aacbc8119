"""A least-squares problem by its products alone: few columns, whatever the rows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats


class GramTerms(NamedTuple):
    """The columns of Z, and the target, by their products with each other.

    Attributes
    ----------
    offset, scale, lengths : ndarray (p,)
        The columns' means, scales and norms; see `regkit.designs.ColumnUnits`.
    constant : ndarray (p,) of bool
    gram : ndarray (p, p)
        ZᵀZ.
    products : ndarray (p,)
        Zᵀ target.
    total : float
        |target|².
    target_mean : float
        Zero without an intercept.
    max_rank : int
        What the rank of Z cannot exceed, given its rows.
    """

    offset: Floats
    scale: Floats
    lengths: Floats
    constant: NDArray[np.bool_]
    gram: Floats
    products: Floats
    total: float
    target_mean: float
    max_rank: int
