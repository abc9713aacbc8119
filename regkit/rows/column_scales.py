"""Standard deviations of the columns of rows in memory."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_array
from sklearn.utils.sparsefuncs import mean_variance_axis

from regkit._types import Floats


def column_scales(X: Any, n_features: int) -> Floats:
    """Compute the standard deviation of each column, dense or sparse.

    Raises
    ------
    ValueError
        When X is not usable, or has not the columns of a path.
    """
    X = check_array(X, accept_sparse=("csr", "csc"), dtype=[np.float64, np.float32])
    if X.shape[1] != n_features:
        raise ValueError(f"X has {X.shape[1]} columns, but the path has {n_features}.")
    if sp.issparse(X):
        variances = mean_variance_axis(X, axis=0)[1]
        return np.sqrt(np.asarray(variances, dtype=np.float64))
    return np.asarray(X.std(axis=0), dtype=np.float64)
