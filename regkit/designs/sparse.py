"""A sparse X in memory, CSC or CSR; centered implicitly, never densified."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import EPS, Floats, Indices
from regkit.designs.moments import Moments, mirrored, subtract_outer
from regkit.designs.protocols import ColumnStore, WeightedColumns
from regkit.designs.sparse_columns import COST_OF_A_COLUMN, SparseColumns
from regkit.designs.sparse_storage import Storage, with_stored
from regkit.designs.weighted_rows import WeightedRows, norm, read_only
from regkit.kernels.linear import sparse as kernels
from regkit.kernels.linear.columns import ColumnBlock
from regkit.parallel.threads import by_shares

# Beyond this many deviations, subtracting m_j m_l from a raw product costs more than 3
# of 16 digits. Only a column whose zeros have next to no weight can be that far from
# zero: that one is centered entry by entry, its zeros of positive weight stored.
_FAR_FROM_ZERO = 30.0
# Sums of products (1 MB) that stay in a processor's cache while rows pass by.
_IN_CACHE = 1 << 17


class SparseDesign(WeightedRows):
    """Z for a sparse X; X is read and never written."""

    is_sparse = True

    def __init__(
        self,
        X: Any | Storage,
        sample_weight: Floats | None,
        fit_intercept: bool,
        standardize: bool,
    ) -> None:
        # Designs of the same X with other weights share one storage.
        self._shared = X if isinstance(X, Storage) else Storage(X)
        self._stored = self._shared
        n_samples, self.n_features = self._stored.by_columns.shape
        super().__init__(sample_weight, n_samples, fit_intercept)
        self.standardize = standardize
        self._roots = np.sqrt(self.weights)
        self._gram: Floats | None = None  # once formed, for the next target

        means, variance = kernels.moments(*self._columns, self.weights)
        noise = 4.0 * EPS * np.abs(means)
        variance[np.sqrt(variance) <= noise] = 0.0
        self._means, self._variance = means, variance
        self._sums = means  # Σ p_i x_ij of the entries as they are kept
        self._center = means.copy() if fit_intercept else np.zeros(self.n_features)
        # Other means are a few deviations large: their rounding does not matter.
        self.offset_rest = np.zeros(self.n_features)
        if fit_intercept:
            self._center_far_columns()

    def _center_far_columns(self) -> None:
        """Subtract the means of columns far from zero in a copy of X."""
        far = np.abs(self._means) > _FAR_FROM_ZERO * np.sqrt(self._variance)
        if not far.any():
            return
        X = with_stored(self._stored.by_columns, far, self.weights > 0.0)
        for j in np.flatnonzero(far):
            X.data[X.indptr[j] : X.indptr[j + 1]] -= self._means[j]
        self._stored = Storage(X)
        # What is left of the means, and variances free of cancellation.
        left, variance = kernels.moments(*self._columns, self.weights)
        is_constant = self._variance[far] == 0.0
        self._variance[far] = np.where(is_constant, 0.0, variance[far])
        means = np.where(far, self._means + left, self._means)
        self.offset_rest = np.where(far, left - (means - self._means), 0.0)
        self._means = means
        self._center = np.where(far, left, self._center)
        self._sums = np.where(far, left, self._sums)

    @property
    def _columns(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        return _arrays(self._stored.by_columns)

    @property
    def shared_columns(self) -> None:
        return None

    @cached_property
    def offset(self) -> Floats:
        return self._means if self.fit_intercept else np.zeros(self.n_features)

    @cached_property
    def scale(self) -> Floats:
        if not self.standardize:
            return np.ones(self.n_features)
        deviation = np.sqrt(self._variance)
        deviation[deviation == 0.0] = 1.0
        return deviation

    @cached_property
    def lengths(self) -> Floats:
        square = self._variance
        if not self.fit_intercept:
            square = square + self._means**2
        lengths: Floats = np.sqrt(square) / self.scale
        return lengths

    @cached_property
    def sizes(self) -> Floats:
        # A move of the residual keeps its weighted sum zero (or nothing is centered):
        # stored entries alone count.
        sums = kernels.absolute_sums(*self._columns) / self.scale
        return np.stack([self.lengths, sums])

    def distances(self, move: Floats) -> Floats:
        return np.array([norm(move), np.abs(self._roots * move).max()])

    @cached_property
    def constant(self) -> NDArray[np.bool_]:
        is_zero: NDArray[np.bool_] = self.lengths == 0.0
        return is_zero

    @property
    def has_gram(self) -> bool:
        return self._gram is not None

    def correlate(self, residual: Floats) -> Floats:
        if residual.ndim == 2:
            return np.stack([self.correlate(r) for r in residual.T], axis=1)
        return self.correlate_columns(residual, np.arange(self.n_features))

    def correlate_columns(self, residual: Floats, columns: Indices) -> Floats:
        weight = self.weighted(residual)
        data, indices, indptr = self._columns

        def multiply(share: Indices) -> Floats:
            products: Floats = kernels.correlate(
                data, indices, indptr, share, self._center, weight
            )
            return products

        products = by_shares(multiply, columns, self._costs(columns))
        return products / self.scale[columns] if self.standardize else products

    def correlate_together(
        self,
        designs: Sequence["SparseDesign"],
        residuals: Sequence[Floats],
        columns: Indices,
    ) -> Floats:
        asked = list(zip(designs, residuals, strict=True))
        if any(design._stored is not self._stored for design in designs):
            return np.stack([d.correlate_columns(r, columns) for d, r in asked])
        weights = np.zeros((self.n_samples, -(-len(designs) // 3) * 3))
        for k, (design, residual) in enumerate(asked):
            weights[:, k] = design.weighted(residual)

        def multiply(share: Indices) -> Floats:
            products: Floats = kernels.correlate_together(
                *self._columns, share, weights
            )
            return products

        costs = self._costs(columns) * (weights.shape[1] // 3)
        found = by_shares(multiply, columns, costs).T[: len(designs)].copy()
        for k, design in enumerate(designs):
            found[k] -= design._center[columns] * weights[:, k].sum()
            found[k] /= design.scale[columns]
        return found

    def _costs(self, columns: Indices) -> Indices:
        """Return what a pass over each column costs, in stored entries."""
        indptr = self._stored.by_columns.indptr
        costs: Indices = indptr[columns + 1] - indptr[columns] + COST_OF_A_COLUMN
        return costs

    def gram(self, target: Floats) -> tuple[Floats, Floats]:
        if self._gram is None:
            gram, _ = self._products_by_rows(
                self.weights, np.empty((self.n_samples, 0))
            )
            if self.fit_intercept:
                subtract_outer(gram, self._center, self._center)
            self._gram = self._scaled(gram)
        return self._gram, self.correlate(target)

    def guessed_center(self) -> Floats:
        # Entries are multiplied as they are kept: only columns far from zero centered.
        return self.offset - self._center

    def moments(
        self, rows: Indices, weight: Floats | None, y: Floats, center: Floats
    ) -> Moments:
        beside = np.zeros((self.n_samples, 2))
        spread, target = beside.T
        spread[rows] = 1.0 if weight is None else weight
        target[:] = spread * y
        gram, (shift, products) = self._products_by_rows(spread.copy(), beside)
        return Moments(
            int(np.count_nonzero(spread)),
            float(spread.sum()),
            shift,
            gram,
            products,
            float(target.sum()),
            float(target @ y),
        )

    def adopt(self, moments: Moments, center: Floats, y: Floats) -> None:
        shift = moments.shift / moments.weight
        gram = moments.gram / moments.weight
        if self.fit_intercept:
            subtract_outer(gram, shift, shift)
        self._gram = self._scaled(gram)

    def _scaled(self, gram: Floats) -> Floats:
        """Bring the Gram matrix of centered columns to their units, in place."""
        if self.standardize:
            gram /= self.scale
            gram /= self.scale[:, None]
        return gram

    def row_gram(self, column_weights: Floats) -> Floats:
        """Return ``Z diag(column_weights) Zᵀ``, shape (n, n).

        Only stored entries are multiplied; the center is subtracted from the result.
        """
        scaled = column_weights / self.scale**2
        rows = self._stored.by_rows.astype(np.float64)
        weighted = rows.multiply(scaled[None, :]).tocsr()
        gram: Floats = (weighted @ rows.T).toarray()
        cross = weighted @ self._center
        gram -= cross
        gram -= cross[:, None]
        gram += scaled @ self._center**2
        gram *= self._roots
        gram *= self._roots[:, None]
        return gram

    def materialize(self, rows: slice = slice(None)) -> Floats:
        """Return these rows of Z, with every entry: for a few rows at a time."""
        entries: Floats = self._stored.by_rows[rows].toarray() - self._center
        entries *= self._roots[rows, None]
        return entries / self.scale

    def predict(self, coef: Floats) -> Floats:
        return self.centered(*self.combine(np.arange(self.n_features), coef))

    def combine(self, columns: Indices, coef: Floats) -> tuple[Floats, float]:
        """Return the rows' sums Σ_j x_ij b_j / s_j, and the same sum of the means."""
        scaled = coef / self.scale[columns]
        sums: Floats = kernels.combine(*self._columns, columns, scaled, self.n_samples)
        return sums, float(np.einsum("i,i->", self._center[columns], scaled))

    def centered(self, sums: Floats, mean: float) -> Floats:
        """Return ``Z[:, columns] @ coef`` from what `combine` returns."""
        combined: Floats = self._roots * (sums - mean)
        return combined

    def gram_rows(
        self, columns: Indices, stored: Indices, position: NDArray[np.int32]
    ) -> Floats:
        """Return ``Z[:, columns]ᵀ Z[:, stored]``; ``position[l]`` is where l is."""

        def multiply(share: Indices) -> Floats:
            rows: Floats = kernels.gram_rows(
                *self._columns,
                *_arrays(self._stored.by_rows),
                self.weights,
                share,
                position,
                len(stored),
            )
            return rows

        # Each entry meets those of its row.
        costs = (1 + self._in_a_row) * self._costs(columns)
        products = by_shares(multiply, columns, costs)
        subtract_outer(products, self._center[columns], self._center[stored])
        if self.standardize:
            products /= np.outer(self.scale[columns], self.scale[stored])
        return products

    def _products_by_rows(
        self, weight: Floats, beside: Floats
    ) -> tuple[Floats, Floats]:
        """Return ``Σ_i weight_i x_ij x_il`` and ``Σ_i x_ij beside_ic``, c by c.

        Of the entries as they are kept; rows of weight zero are left out of both.
        """
        p, rows = self.n_features, _arrays(self._stored.by_rows)
        # Every strip of sums is another walk along the rows.
        n_strips = min(p * p // _IN_CACHE, self._in_a_row**2 // 8) + 1

        def multiply(share: Indices) -> Floats:
            first = int(share[0]) if len(share) else 0
            width = -(-p // n_strips)
            found: Floats = kernels.products_by_rows(
                *rows, weight, beside, first, first + len(share), p, width
            )
            return found

        every = np.arange(p)
        # Each entry meets those behind it.
        costs = (1 + self._in_a_row * (p - every) // p) * self._costs(every)
        found = by_shares(multiply, every, costs)
        return mirrored(found[:, :p]), found[:, p:].T.copy()

    @property
    def _in_a_row(self) -> int:
        """How many entries a row stores, on average."""
        return int(self._stored.by_rows.nnz // self.n_samples)

    def block(self, columns: Indices) -> Any:
        """Return columns as coordinate descent sweeps over them: side by side.

        In this order they are read one after the other; in X, each would be
        fetched from somewhere else.
        """
        data, indices, indptr = self._columns
        counts = indptr[columns + 1] - indptr[columns]
        bounds = np.concatenate([[0], np.cumsum(counts)]).astype(indptr.dtype)
        at = np.arange(bounds[-1]) + np.repeat(indptr[columns] - bounds[:-1], counts)
        data, indices = data[at], indices[at]
        scale = self.scale[columns]
        if self.standardize:
            data = data / np.repeat(scale, counts)
        # Equal weights need no second copy of the entries.
        weighted, weight = data, float(self.weights[0])
        if np.any(self.weights != weight):
            weighted, weight = data * self.weights[indices], 1.0
        return ColumnBlock(
            data,
            weighted,
            weight,
            indices,
            bounds,
            self._center[columns] / scale,
            self._sums[columns] / scale,
        )

    def weighted(self, residual: Floats) -> Floats:
        """Return what entries of X, not of Z, are to be multiplied by."""
        return self._roots * residual

    def unweighted(self, target: Floats) -> Floats:
        """Return the rows of ``target`` as they were before weighting."""
        # Rows of weight zero take no part: their entries are never read back.
        return target / np.where(self._roots > 0.0, self._roots, 1.0)

    def gather(self, columns: Indices) -> Floats:
        """Return columns of Z as dense rows, shape (len(columns), n): for few."""
        gathered = np.empty((len(columns), self.n_samples))
        X = self._stored.by_columns
        for at, j in enumerate(columns):
            stored = slice(X.indptr[j], X.indptr[j + 1])
            gathered[at] = -self._center[j]
            gathered[at, X.indices[stored]] += X.data[stored]
        return gathered * self._roots / self.scale[columns, None]

    def reweighted(self, sample_weight: Floats) -> "SparseDesign":
        return SparseDesign(
            self._shared, sample_weight, self.fit_intercept, self.standardize
        )

    def fitted(self, rows: Indices, columns: Indices, coefs: Floats) -> Floats:
        X = self._shared.by_rows[rows][:, columns]
        fitted: Floats = X @ coefs - self.offset[columns] @ coefs
        return fitted

    def row_predictor(self, coefs: Floats) -> Callable[[slice], Floats]:
        scaled = coefs / self.scale[:, None]
        center = self._center @ scaled
        by_rows = self._stored.by_rows

        def predict(rows: slice) -> Floats:
            predicted: Floats = by_rows[rows] @ scaled
            predicted -= center
            return predicted

        return predict

    def n_stored(self, columns: Indices) -> int:
        indptr = self._stored.by_columns.indptr
        return int((indptr[columns + 1] - indptr[columns]).sum())

    def columns(self) -> ColumnStore:
        return SparseColumns(self)

    def weighted_columns(self, every: bool) -> WeightedColumns:
        # Loaded here: least squares do without changing weights.
        from regkit.designs.weighted_columns import SparseWorkingColumns

        return SparseWorkingColumns(self)


def _arrays(X: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    # Unsigned indices spare kernels a test for each entry, whether it is negative.
    unsigned = np.uint64 if X.indices.dtype.itemsize == 8 else np.uint32
    return read_only(X.data), read_only(X.indices.view(unsigned)), read_only(X.indptr)
