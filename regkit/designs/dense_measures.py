"""What is known of a dense X's columns: means, deviations and norms."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import EPS, Floats
from regkit.designs.base import SAFE_RATIO, RowWeights, norm, read_only
from regkit.designs.dense_products import moments_by_rows, transposed_times

# Up to this many entries, finding the means costs less than guessing them.
_SMALL = 1 << 17
# Where a variance is below this share of the guessed mean's squared error, the square
# of the one has drowned in that of the other.
_LOST = 1e-4


class MeasuredColumns:
    """The columns of a dense X in the units of Z: from one pass, or a Gram matrix."""

    def __init__(
        self,
        X: NDArray[Any],
        sample_weight: Floats | None,
        fit_intercept: bool,
        standardize: bool,
    ) -> None:
        self.n_samples, self.n_features = X.shape
        self._X = read_only(X)
        self.transposed: NDArray[Any] = self._X.T
        self._by_rows = bool(X.flags.c_contiguous)
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        weights = RowWeights.of(sample_weight, self.n_samples)
        self.weights, self._root, self.total_weight, n_positive = weights
        self._row_weights = weights
        self.max_rank = n_positive - bool(fit_intercept)

    @property
    def means(self) -> Floats:
        """The columns' means, whether or not they are subtracted."""
        return self._statistics[0]

    @cached_property
    def _statistics(self) -> tuple[Floats, Floats]:
        """The means and the mean squares about them, to full accuracy."""
        return self._recovered(*self._moments(self._X, self._rough_means()))

    def _recovered(
        self, means: Floats, variance: Floats, shift: Floats
    ) -> tuple[Floats, Floats]:
        """Compute anew where the guess was off by more than a column varies."""
        lost = np.flatnonzero(variance < _LOST * shift**2)
        if len(lost):
            chosen = self._X[:, lost]
            again = read_only(
                np.ascontiguousarray(chosen)
                if self._by_rows
                else np.asfortranarray(chosen)
            )
            means[lost], variance[lost], _ = self._moments(again, means[lost])
        return means, variance

    def _moments(self, X: NDArray[Any], guess: Floats) -> tuple[Floats, Floats, Floats]:
        """Return means, variances, and how far ``guess`` was from the means."""
        if self._by_rows:
            shift, square = moments_by_rows(X, guess, self.weights)
        else:
            # Loaded where BLAS does not do.
            from regkit.kernels.linear import dense as kernels

            shift, square = kernels.moments_columns(X.T, guess, self.weights)
        return *self._settle(guess, shift, square), shift

    def _rough_means(self) -> Floats:
        means = transposed_times(self._X, self.weights.astype(self._X.dtype))
        return means.astype(np.float64)

    def _settle(
        self, guess: Floats, shift: Floats, square: Floats
    ) -> tuple[Floats, Floats]:
        """Turn moments about ``guess`` into means and variances."""
        variance = np.maximum(0.0, square - shift * shift)
        means = guess + shift
        # A constant column's deviation is its mean's rounding error.
        variance[np.sqrt(variance) <= 4.0 * EPS * np.abs(means)] = 0.0
        self._rest = shift - (means - guess)
        return means, variance

    @cached_property
    def offset(self) -> Floats:
        if self.fit_intercept:
            return self._statistics[0]
        return np.zeros(self.n_features)

    @property
    def offset_rest(self) -> Floats:
        if not self.fit_intercept:
            return np.zeros(self.n_features)
        _ = self._statistics  # measures it
        return self._rest

    @cached_property
    def scale(self) -> Floats:
        if not self.standardize:
            return np.ones(self.n_features)
        deviation = np.sqrt(self._statistics[1])
        deviation[deviation == 0.0] = 1.0
        return deviation

    @cached_property
    def lengths(self) -> Floats:
        means, square = self._statistics
        if not self.fit_intercept:
            square = square + means * means
        return np.sqrt(square) / self.scale

    @cached_property
    def sizes(self) -> Floats:
        return np.stack([self.lengths, self.lengths])

    def distances(self, move: Floats) -> Floats:
        return np.full(2, norm(move))

    @cached_property
    def constant(self) -> NDArray[np.bool_]:
        is_zero: NDArray[np.bool_] = self.lengths == 0.0
        return is_zero

    @cached_property
    def _is_safe(self) -> bool:
        """Whether raw products may be centered afterwards."""
        deviation = np.sqrt(self._statistics[1])
        return bool(np.all(np.abs(self.offset) <= SAFE_RATIO**2 * deviation))

    def learn_moments(self, center: Floats, shift: Floats, square: Floats) -> None:
        """Take the means and variances from moments about ``center``."""
        if "_statistics" not in self.__dict__:
            settled = self._settle(center, shift, square)
            self._statistics = self._recovered(*settled, shift)

    def _loses_digits(self, center: Floats, shift: Floats, square: Floats) -> bool:
        """Tell whether squares about ``center`` are too far from the variances."""
        far = np.abs(shift) > SAFE_RATIO * np.sqrt(
            np.maximum(0.0, square - shift * shift)
        )
        return bool(np.any(far & (np.abs(shift) > 4.0 * EPS * np.abs(center))))

    def _note_moments(self, center: Floats, shift: Floats, square: Floats) -> None:
        """Keep the means and variances that products about ``center`` give."""
        if "_statistics" in self.__dict__:
            return
        if self.fit_intercept or not self._loses_digits(center, shift, square):
            self._statistics = self._settle(center, shift, square)

    def guessed_center(self) -> Floats:
        """Return what to subtract before a product; `gram` checks the guess.

        Zero, which saves a copy of every chunk, where a sample of rows shows means
        within a few deviations of it.
        """
        if not self.fit_intercept:
            return np.zeros(self.n_features)
        if self._X.size <= _SMALL:
            return self._rough_means()
        sample = self._X[:: max(1, self.n_samples // 128)].astype(np.float64)
        means: Floats = sample.mean(axis=0)
        if np.all(np.abs(means) <= 0.5 * SAFE_RATIO * sample.std(axis=0)):
            return np.zeros(self.n_features)
        return means
