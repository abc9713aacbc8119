"""What dense and sparse designs share."""

import math
from typing import Any

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


class WeightedRows:
    """The rows of a design, their weights brought to a sum of 1.

    Attributes
    ----------
    weights : ndarray (n,)
        p.
    total_weight : float
        Sum of the weights as they were given.
    fit_intercept : bool
    max_rank : int
        What Z's rank cannot exceed: rows of positive weight, less one for a center.
    """

    def __init__(
        self, sample_weight: Floats | None, n_samples: int, fit_intercept: bool
    ) -> None:
        """Normalize ``sample_weight`` (n,), of positive sum; None means 1 for all."""
        self.n_samples = n_samples
        self.fit_intercept = fit_intercept
        n_positive = n_samples
        # sqrt(p), a number where all are equal.
        self._root: Floats | float = n_samples**-0.5
        if sample_weight is None:
            self.total_weight = float(n_samples)
            self.weights: Floats = np.full(n_samples, 1.0 / n_samples)
        else:
            self.total_weight = float(sample_weight.sum())
            self.weights = sample_weight / self.total_weight
            self._root = np.sqrt(self.weights)
            n_positive = int(np.count_nonzero(sample_weight))
        self.max_rank = n_positive - bool(fit_intercept)

    def center(self, y: Floats) -> tuple[Floats, Any]:
        """Return sqrt(p) (y - mean) and the mean, zero without an intercept.

        For y (n,) or (n, T). The mean is corrected by what its rounding leaves over.
        """
        mean = np.zeros(y.shape[1:])
        centered = y
        for _ in range(2 if self.fit_intercept else 0):
            if y.size == len(y):  # not by BLAS, whose threads would wake for it
                part = np.add.reduce(self.weights * centered.ravel(), keepdims=True)
                mean = mean + part.reshape(y.shape[1:])
            else:
                mean = mean + self.weights @ centered
            centered = y - mean
        root = self._root
        if isinstance(root, np.ndarray) and y.ndim == 2:
            root = root[:, None]
        return centered * root, mean
