"""Weighted rows, as every design has them; a dense X and what its columns measure."""

import math
from typing import Any, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from regkit._types import EPS, Floats, Indices
from regkit.designs.dense_products import moments_by_rows, transposed_times

# While |mean| stays below this many deviations, centering after a product of raw
# values costs at most 3 of the 16 digits; beyond it the center goes into the product.
SAFE_RATIO = 30.0
# Where a variance is below this share of the guessed mean's squared error, the square
# of the one has drowned in that of the other.
_LOST = 1e-4

_T = TypeVar("_T")


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


class _Measured(Generic[_T]):
    """What is known of the columns once they are measured, at the latest when asked."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, design: "DenseRows", owner: type) -> _T:
        # (Reached until the design has an attribute of this name.)
        design.measure()
        found: _T = design.__dict__[self._name]
        return found


class DenseRows(WeightedRows):
    """A dense X, read and never written, and its columns once they are measured."""

    is_sparse = False

    # The columns' means, whether or not they are subtracted, and mean squares about
    # them, to full accuracy; `offset_rest` is what their rounding leaves over.
    means = _Measured[Floats]()
    variances = _Measured[Floats]()
    offset = _Measured[Floats]()
    offset_rest = _Measured[Floats]()
    scale = _Measured[Floats]()
    lengths = _Measured[Floats]()
    constant = _Measured[NDArray[np.bool_]]()

    def __init__(
        self,
        X: NDArray[Any],
        sample_weight: Floats | None = None,
        fit_intercept: bool = True,
        standardize: bool = False,
    ) -> None:
        super().__init__(sample_weight, len(X), fit_intercept)
        self.n_features = X.shape[1]
        self._X = read_only(X)
        self.transposed: NDArray[Any] = self._X.T
        self._by_rows = bool(X.flags.c_contiguous)
        self.standardize = standardize

    def measure(self) -> None:
        """Find the columns' means and norms, in one pass about rough means."""
        rough = transposed_times(
            self._X, self.weights.astype(self._X.dtype, copy=False)
        )
        means = rough.astype(np.float64)
        self.learn_moments(means, *self._moments(self._X, means))

    def _moments(self, X: NDArray[Any], center: Floats) -> tuple[Floats, Floats]:
        """Return Σ p d and Σ p d² for d = x - center."""
        if self._by_rows:
            return moments_by_rows(X, center, self.weights)
        # Loaded where BLAS does not do.
        from regkit.kernels.linear import dense as kernels

        shift, square = kernels.moments_columns(X.T, center, self.weights)
        return shift, square

    def learn_moments(
        self, center: Floats, shift: Floats, square: Floats, is_near: bool = False
    ) -> None:
        """Take the means and variances from moments about ``center``.

        They are computed anew where it was off by more than a column varies, unless
        it is known to be near.
        """
        if "means" in self.__dict__:
            return
        means, variances, rest = _means_and_variances(center, shift, square)
        if not is_near:
            lost = np.flatnonzero(variances < _LOST * shift**2)
            if len(lost):
                again = read_only(self._X[:, lost].copy("C" if self._by_rows else "F"))
                center = means[lost]
                means[lost], variances[lost], rest[lost] = _means_and_variances(
                    center, *self._moments(again, center)
                )
        self.means, self.variances = means, variances
        self.offset, self.offset_rest, norms = means, rest, np.sqrt(variances)
        self.scale = np.ones(self.n_features)
        if self.standardize:
            self.scale = np.where(norms > 0.0, norms, 1.0)
        if not self.fit_intercept:
            self.offset, self.offset_rest = np.zeros((2, self.n_features))
            norms = np.sqrt(variances + means * means)
        self.lengths = norms / self.scale if self.standardize else norms
        self.constant = self.lengths == 0.0

    @property
    def shared_columns(self) -> Self:
        return self

    def reweighted(self, sample_weight: Floats) -> Self:
        return type(self)(self._X, sample_weight, self.fit_intercept, self.standardize)

    def fitted(self, rows: Indices, columns: Indices, coefs: Floats) -> Floats:
        fitted: Floats = (self._X[np.ix_(rows, columns)] - self.offset[columns]) @ coefs
        return fitted


def _means_and_variances(
    guess: Floats, shift: Floats, square: Floats
) -> tuple[Floats, Floats, Floats]:
    """Turn moments about ``guess`` into means, variances, and rests of the means."""
    variances = np.maximum(0.0, square - shift * shift)
    means = guess + shift
    # A constant column's deviation is its mean's rounding error.
    variances[np.sqrt(variances) <= 4.0 * EPS * np.abs(means)] = 0.0
    return means, variances, shift - (means - guess)
