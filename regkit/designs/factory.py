"""The choice of a design by the type of X."""

from functools import singledispatch
from typing import Any

import numpy as np

from regkit._types import Floats
from regkit.designs.dense import DenseDesign
from regkit.designs.protocols import RowDesign


@singledispatch
def make_design(
    X: Any,
    sample_weight: Floats | None = None,
    fit_intercept: bool = True,
    standardize: bool = False,
) -> RowDesign:
    """Wrap a validated X.

    Parameters
    ----------
    X : ndarray (C- or F-contiguous) or CSR/CSC, float32 or float64, (n, p)
        Never written to.
    sample_weight : ndarray (n,) or None
        Non-negative, with a positive sum.
    fit_intercept : bool
        Center the columns by their weighted means.
    standardize : bool
        Scale the columns by their weighted standard deviations.
    """
    # Not dense, so sparse, with kernels of its own to be loaded.
    from regkit.designs.sparse import SparseDesign

    return SparseDesign(X, sample_weight, fit_intercept, standardize)


make_design.register(np.ndarray, DenseDesign)
