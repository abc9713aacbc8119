"""A sparse X in memory, CSC or CSR; centred implicitly, never densified."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit.designs.base import ColumnStore, Floats, Indices
from regkit.kernels import sparse as kernels

# Beyond this many deviations, subtracting m_j m_l from a raw product costs too many
# digits: such columns (full or nearly, far from zero) are kept centred and dense.
_FAR_FROM_ZERO = 1e3


class SparseDesign:
    """Z for a sparse X; X is read and never written."""

    is_sparse = True

    def __init__(
        self,
        X: Any,
        sample_weight: Floats | None,
        fit_intercept: bool,
        standardize: bool,
    ) -> None:
        self.n_samples, self.n_features = X.shape
        if not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        self._by_columns = X.tocsc()
        self._given = X
        self._fit_intercept = fit_intercept
        self._standardize = standardize
        n = self.n_samples
        if sample_weight is None:
            self.total_weight = float(n)
            self._weight = np.full(n, 1.0 / n)
        else:
            self.total_weight = float(sample_weight.sum())
            self._weight = sample_weight / self.total_weight
        self._root = np.sqrt(self._weight)

    @cached_property
    def _by_rows(self) -> Any:
        return self._given.tocsr()

    @property
    def _columns(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        X = self._by_columns
        return X.data, X.indices, X.indptr

    @cached_property
    def _statistics(self) -> tuple[Floats, Floats]:
        means, variance = kernels.moments(*self._columns, self._weight)
        noise = 4.0 * np.finfo(np.float64).eps * np.abs(means)
        variance[np.sqrt(variance) <= noise] = 0.0
        return means, variance

    @cached_property
    def offset(self) -> Floats:
        if self._fit_intercept:
            return self._statistics[0]
        return np.zeros(self.n_features)

    @cached_property
    def scale(self) -> Floats:
        if not self._standardize:
            return np.ones(self.n_features)
        deviation = np.sqrt(self._statistics[1])
        deviation[deviation == 0.0] = 1.0
        return deviation

    @cached_property
    def lengths(self) -> Floats:
        means, square = self._statistics
        if not self._fit_intercept:
            square = square + means * means
        return np.sqrt(square) / self.scale

    @cached_property
    def constant(self) -> NDArray[np.bool_]:
        return self.lengths == 0.0

    @cached_property
    def far_from_zero(self) -> NDArray[np.bool_]:
        """The columns whose raw products lose digits when centred afterwards."""
        return np.abs(self.offset) > _FAR_FROM_ZERO * self.lengths * self.scale

    def centre(self, y: Floats) -> tuple[Floats, Any]:
        mean = np.zeros(y.shape[1:])
        if self._fit_intercept:
            mean = self._weight @ y
            mean = mean + self._weight @ (y - mean)
        root = self._root if y.ndim == 1 else self._root[:, None]
        return (y - mean) * root, mean

    def correlate(self, residual: Floats) -> Floats:
        if residual.ndim == 2:
            return np.stack([self.correlate(r) for r in residual.T], axis=1)
        return self.correlate_columns(residual, np.arange(self.n_features))

    def correlate_columns(self, residual: Floats, columns: Indices) -> Floats:
        weight = self._root * residual
        products = kernels.correlate(*self._columns, columns, self.offset, weight)
        return products / self.scale[columns] if self._standardize else products

    def gram(self, target: Floats) -> tuple[Floats, Floats]:
        store = self.columns()
        store.append(np.arange(self.n_features))
        return store.gram(0), self.correlate(target)

    def row_gram(self, column_weights: Floats) -> Floats:
        """Return ``Z diag(column_weights) Zᵀ``, shape (n, n).

        Only stored entries are multiplied; the centre is subtracted from the result.
        """
        scaled = column_weights / self.scale**2
        near = np.where(self.far_from_zero, 0.0, scaled)
        rows = self._by_rows.astype(np.float64)
        weighted = rows.multiply(near[None, :]).tocsr()
        gram: Floats = (weighted @ rows.T).toarray()
        cross = weighted @ self.offset
        gram -= cross
        gram -= cross[:, None]
        gram += near @ self.offset**2
        gram *= self._root
        gram *= self._root[:, None]
        for column in np.flatnonzero(self.far_from_zero & (scaled > 0.0)):
            dense = self.dense_column(int(column))
            gram += np.outer(column_weights[column] * dense, dense)
        return gram

    def materialise(self, rows: slice = slice(None)) -> Floats:
        """Return these rows of Z, with every entry: for a few rows at a time."""
        entries: Floats = self._by_rows[rows].toarray() - self.offset
        entries *= self._root[rows, None]
        return entries / self.scale

    def predict(self, coef: Floats) -> Floats:
        return self.combine(np.arange(self.n_features), coef)

    def combine(self, columns: Indices, coef: Floats) -> Floats:
        """Return ``Z[:, columns] @ coef``."""
        scaled = coef / self.scale[columns]
        far = self.far_from_zero[columns] & (coef != 0.0)
        near = np.where(far, 0.0, scaled)
        product = kernels.combine(*self._columns, columns, near, self.n_samples)
        combined: Floats = self._root * (product - self.offset[columns] @ near)
        for at in np.flatnonzero(far):
            combined += coef[at] * self.dense_column(int(columns[at]))
        return combined

    def gram_rows(self, columns: Indices, position: Indices, size: int) -> Floats:
        """Return Σ_i p_i x_ij x_il, l at ``position[l]``, neither centred nor scaled."""
        rows = self._by_rows
        products: Floats = kernels.gram_rows(
            *self._columns,
            rows.data,
            rows.indices,
            rows.indptr,
            self._weight,
            columns,
            position,
            size,
        )
        return products

    def dense_column(self, column: int) -> Floats:
        """Return one column of Z, with every entry."""
        X = self._by_columns
        values = np.full(self.n_samples, -self.offset[column])
        stored = slice(X.indptr[column], X.indptr[column + 1])
        values[X.indices[stored]] += X.data[stored].astype(np.float64)
        return values * self._root / self.scale[column]

    @cached_property
    def sparse_block(self) -> Any:
        """X as coordinate descent sweeps over it."""
        from regkit.kernels.columns import SparseBlock

        data, indices, indptr = self._columns
        weighted = data * self._weight[indices].astype(data.dtype)
        mean = self._statistics[0]
        return SparseBlock(
            data, weighted, indices, indptr, self.offset, mean, self.scale
        )

    def sweep_residual(self, target: Floats, columns: Indices, coef: Floats) -> Floats:
        """Return the unweighted residual without its centring, and the centring."""
        scaled = coef / self.scale[columns]
        product = kernels.combine(*self._columns, columns, scaled, self.n_samples)
        # Rows of weight zero take no part: what stands there is never read back.
        root = np.where(self._root > 0.0, self._root, 1.0)
        return np.append(target / root - product, self.offset[columns] @ scaled)

    def gather(self, columns: Indices) -> Floats:
        """Return columns of Z as dense rows, shape (len(columns), n): for few."""
        gathered = np.empty((len(columns), self.n_samples))
        for at, column in enumerate(columns):
            gathered[at] = self.dense_column(int(column))
        return gathered

    def n_stored(self, columns: Indices) -> int:
        indptr = self._by_columns.indptr
        return int((indptr[columns + 1] - indptr[columns]).sum())

    def columns(self) -> ColumnStore:
        return SparseColumns(self)


class SparseColumns:
    """The numbers of the stored columns, and where each stands."""

    def __init__(self, design: SparseDesign) -> None:
        self._design = design
        self._stored = np.empty(0, dtype=np.int64)
        self._position = np.full(design.n_features, -1, dtype=np.int64)

    def append(self, columns: Indices) -> None:
        size = len(self._stored)
        self._stored = np.concatenate([self._stored, columns])
        self._position[columns] = np.arange(size, len(self._stored))

    def gram(self, first: int) -> Floats:
        design, stored = self._design, self._stored
        new = stored[first:]
        gram = design.gram_rows(new, self._position, len(stored))
        gram -= np.outer(design.offset[new], design.offset[stored])
        gram /= np.outer(design.scale[new], design.scale[stored])
        if design.far_from_zero[stored].any():
            self._repair(gram, first)
        return gram

    def _repair(self, gram: Floats, first: int) -> None:
        """Overwrite the products of columns far from zero by exactly centred ones."""
        design, stored = self._design, self._stored
        for at in np.flatnonzero(design.far_from_zero[stored]):
            dense = design.dense_column(int(stored[at]))
            products = design.correlate(dense)[stored]
            gram[:, at] = products[first:]
            if at >= first:
                gram[at - first] = products

    def residual(self, target: Floats, coef: Floats) -> Floats:
        return target - self._design.combine(self._stored, coef)

    def block(self) -> tuple[Any, Indices]:
        return self._design.sparse_block, self._stored

    def sweep_residual(self, target: Floats, coef: Floats) -> Floats:
        return self._design.sweep_residual(target, self._stored, coef)
