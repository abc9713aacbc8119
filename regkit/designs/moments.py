"""Sums over rows of X and y from which the problem of any training fold follows.

All sums are about one common center close to the means of all rows, so that they can be
added and subtracted without the loss of digits that raw normal equations suffer. Where
rows are taken away that hold nearly all of a column, digits are lost all the same:
`Moments.keeps_digits` says so, and the caller forms the Gram matrix afresh.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas

from regkit._types import EPS, Floats, Indices
from regkit.designs.gram_terms import GramTerms

# A column may lose this many digits' worth: about 3 of 16.
_LOSS = 1e-3
# A deviation below this share of its mean is that of a constant column.
_ROUNDED = 4.0 * EPS
# Entries of a matrix that are subtracted at a time.
_AT_A_TIME = 1 << 14
# Columns of a block of products.
_ABREAST = 64


def subtract_outer(products: Floats, left: Floats, right: Floats) -> None:
    """Subtract ``left rightᵀ`` in place, without a second matrix of that size."""
    if products.flags.c_contiguous and products.dtype == np.float64:
        # BLAS takes a fifth of the time. Its matrices lie in F order.
        blas.dger(-1.0, right, left, a=products.T, overwrite_a=True)
        return
    step = 1 + _AT_A_TIME // (1 + len(right))
    for first in range(0, len(left), step):
        rows = slice(first, first + step)
        products[rows] -= left[rows, None] * right


def mirrored(half: Floats) -> Floats:
    """Return the symmetric matrix whose upper triangle ``half`` has, zeros below it.

    In blocks that stay in the cache while they are transposed.
    """
    p, step = len(half), 64
    whole = np.empty((p, p))
    for first in range(0, p, step):
        rows, behind = slice(first, first + step), slice(first + step, None)
        block, own = half[rows, behind], half[rows, rows]
        whole[rows, behind], whole[behind, rows] = block, block.T
        np.add(own, own.T, out=whole[rows, rows])
    np.fill_diagonal(whole, half.diagonal())
    return whole


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Weighted sums over some rows of ``d = x - center`` and ``t = y - level``.

    Attributes
    ----------
    n_rows : int
        Rows of positive weight.
    weight : float
        Σ w.
    shift : ndarray (p,)
        Σ w d.
    gram : ndarray (p, p)
        Σ w d dᵀ.
    products : ndarray (p,)
        Σ w t d.
    level : float
        Σ w t.
    square : float
        Σ w t².
    """

    n_rows: int
    weight: float
    shift: Floats
    gram: Floats
    products: Floats
    level: float
    square: float

    def __add__(self, other: Self) -> "Moments":
        return Moments(
            self.n_rows + other.n_rows,
            self.weight + other.weight,
            self.shift + other.shift,
            self.gram + other.gram,
            self.products + other.products,
            self.level + other.level,
            self.square + other.square,
        )

    def __sub__(self, other: Self) -> "Moments":
        return Moments(
            self.n_rows - other.n_rows,
            self.weight - other.weight,
            self.shift - other.shift,
            self.gram - other.gram,
            self.products - other.products,
            self.level - other.level,
            self.square - other.square,
        )

    def spread(self, is_centered: bool) -> Floats:
        """Return the weighted squares of each column, about its mean if centered."""
        square: Floats = self.gram.diagonal()
        return square - self.shift**2 / self.weight if is_centered else square

    def is_far(self, center: Floats) -> bool:
        """Whether the center of the sums is too far from the means."""
        shift = np.abs(self.shift) / self.weight
        lost = self.spread(True) < _LOSS * self.gram.diagonal()
        return bool(np.any(lost & (shift > _ROUNDED * np.abs(center))))

    def keeps_digits(self, of: Self, center: Floats, is_centered: bool) -> bool:
        """Whether every column's spread is still a share of what it came from.

        ``of`` are the sums of which these were left, about ``center``. A column that
        all of them find constant has nothing to lose.
        """
        lost = self.spread(is_centered) < _LOSS * of.gram.diagonal()
        least = of.weight * (_ROUNDED * center) ** 2
        return not np.any(lost & (of.spread(is_centered) > least))

    def keeps_target(self, of: Self, is_centered: bool) -> bool:
        """Tell the same of the target's spread."""
        drift = self.level**2 / self.weight if is_centered else 0.0
        return bool(self.square - drift >= _LOSS * of.square)

    def gram_terms(
        self, center: Floats, level: float, fit_intercept: bool, standardize: bool
    ) -> GramTerms:
        """Return the products of the columns of Z, and with the target.

        ``center`` and ``level`` are what the sums are about. Whether they have digits
        enough for that, `keeps_digits` and `keeps_target` say. The matrix of the sums
        becomes that of the result.
        """
        share = 1.0 / self.weight
        shift, drift = share * self.shift, share * self.level
        variances = share * self.spread(True) if standardize else None
        gram = self.gram
        gram *= share
        products, total = share * self.products, share * self.square
        offset, mean = np.zeros(len(shift)), 0.0
        if fit_intercept:
            subtract_outer(gram, shift, shift)
            products -= drift * shift
            total -= drift**2
            offset, mean = center + shift, level + drift
        lengths = np.sqrt(np.maximum(0.0, gram.diagonal()))
        lengths[lengths <= _ROUNDED * np.abs(offset)] = 0.0
        constant = lengths == 0.0
        scale = np.ones(len(shift))
        if variances is not None:
            scale = np.sqrt(np.maximum(0.0, variances))
            scale[constant | (scale == 0.0)] = 1.0
            gram /= scale
            gram /= scale[:, None]
            products /= scale
            lengths /= scale
        max_rank = self.n_rows - fit_intercept
        return GramTerms(
            offset, scale, lengths, constant, gram, products, total, mean, max_rank
        )

    def mean_squares(
        self, columns: Indices, first: Indices, coefs: Floats, levels: Floats
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the mean squares of ``t - levels - dᵀ coefs`` for K predictions.

        Parameters
        ----------
        columns : ndarray of int
            Those that ``coefs`` (K, columns) are about; the others have none.
        first : ndarray of int
            The first prediction that uses each, ascending.
        levels : ndarray (K,)

        Returns
        -------
        mean_squares : ndarray (K,)
        are_exact : ndarray (K,) of bool
            False where they are what rounding left of larger numbers.
        """
        fit = self._fits(columns, first, coefs)
        cross = coefs @ self.products[columns]
        drift = coefs @ self.shift[columns] - self.level
        constant = self.weight * levels**2
        squares = self.square - 2.0 * cross + fit + 2.0 * levels * drift + constant
        size = self.square + fit + constant
        # Products with coefficients that cancel each other are larger than their sum.
        largest = np.abs(coefs) @ np.sqrt(self.gram.diagonal()[columns])
        are_exact = (squares > 1e-6 * size) & (squares > 1e-9 * largest**2)
        return squares / self.weight, are_exact

    def _fits(self, columns: Indices, first: Indices, coefs: Floats) -> Floats:
        """Return ``bᵀ gram b`` for each of K predictions b.

        In blocks of columns, each with itself and those before it, for the predictions
        from the first that uses any of it: along a path a fifth of all products.
        """
        if len(columns) == len(self.gram) and not first.any():
            # In their order, and every block would be for all predictions.
            found: Floats = np.einsum("kj,kj->k", coefs @ self.gram, coefs)
            return found
        # (By rows, then by columns: four times as fast as both at once.)
        gram = np.take(self.gram[columns], columns, axis=1)
        fit = np.zeros(len(coefs))
        for begin in range(0, len(columns), _ABREAST):
            some, since = slice(begin, begin + _ABREAST), first[begin]
            gram[:begin, some] *= 2.0
            used = coefs[since:, : some.stop]
            inner = used @ gram[: some.stop, some]
            fit[since:] += np.einsum("kj,kj->k", coefs[since:, some], inner)
        return fit
