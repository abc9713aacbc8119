"""What dense and sparse designs share."""

import math
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats

# While |mean| stays below this many deviations, centering after a product of raw
# values costs at most 3 of the 16 digits; beyond it the center goes into the product.
SAFE_RATIO = 30.0


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view that cannot be written to.

    Numba compiles a kernel twice for arrays that sometimes can be and sometimes
    cannot; so X, however it came, never can.
    """
    view = array.view()
    view.flags.writeable = False
    return view


def norm(vector: Floats) -> float:
    """Return |vector| without BLAS, whose threads go on spinning for a while.

    They would take the cores from the threads that read X next.
    """
    return math.sqrt(np.einsum("i,i->", vector, vector))


class RowWeights(NamedTuple):
    """The weights of rows, brought to a sum of 1."""

    shares: Floats
    """p, (n,)"""
    root: Floats | float
    """sqrt(p), a number where all are equal."""
    total: float
    """Σ w"""
    n_positive: int
    """Rows of positive weight."""

    @classmethod
    def of(cls, sample_weight: Floats | None, n: int) -> Self:
        """Normalize ``sample_weight`` (n,), of positive sum; None means 1 for all."""
        if sample_weight is None:
            return cls(np.full(n, 1.0 / n), n**-0.5, float(n), n)
        total = float(sample_weight.sum())
        shares = sample_weight / total
        positive = int(np.count_nonzero(sample_weight))
        return cls(shares, np.sqrt(shares), total, positive)

    def center(self, y: Floats, fit_intercept: bool) -> tuple[Floats, Floats]:
        """Return sqrt(p) (y - mean) and the mean, zero without an intercept.

        For y (n,) or (n, T). The mean is corrected by what its rounding leaves over.
        """
        mean = np.zeros(y.shape[1:])
        if fit_intercept:
            mean = self._mean(y)
            mean = mean + self._mean(y - mean)
        root = self.root
        if isinstance(root, np.ndarray) and y.ndim == 2:
            root = root[:, None]
        return (y - mean) * root, mean

    def _mean(self, y: Floats) -> Floats:
        if y.size == len(y):  # not by BLAS, whose threads would wake for it
            mean: Floats = np.add.reduce(self.shares * y.ravel(), keepdims=True)
            return mean.reshape(y.shape[1:])
        return np.asarray(self.shares @ y)
