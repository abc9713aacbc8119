"""A dense X in memory, float32 or float64, in either storage order."""

from collections.abc import Callable, Sequence

import numpy as np

from regkit._types import EPS, Floats, Indices
from regkit.designs.dense_columns import ColumnMajorColumns, RowMajorColumns
from regkit.designs.dense_products import (
    centered_products,
    row_products,
    times,
    transposed_times,
)
from regkit.designs.moments import Moments, subtract_outer
from regkit.designs.protocols import ColumnStore, WeightedColumns
from regkit.designs.weighted_rows import SAFE_RATIO, DenseRows, norm
from regkit.parallel.threads import by_shares

# The kernels are imported where they are called: BLAS makes most products.

# Bytes of X that are centered at a time on the way to a Gram matrix.
_CHUNK_BYTES = 1 << 22
# Below this share of the columns, one thread reading them beats BLAS on all.
_FEW = 0.4
# Up to this many entries, finding the means costs less than guessing them.
_SMALL = 1 << 17


class DenseDesign(DenseRows):
    """Products with Z for a dense X, which is read and never copied whole."""

    # Once formed: for the next target, and for the same one.
    has_gram = False
    _gram: Floats
    _target: Floats | None = None
    _products = np.empty(0)
    _row_gram: tuple[Floats, Floats] | None = None

    def _loses_digits(self, center: Floats, shift: Floats, square: Floats) -> bool:
        """Whether squares about ``center`` are too far from the variances."""
        far = (1.0 + SAFE_RATIO**2) * shift**2 > SAFE_RATIO**2 * square
        if not far.any():
            return False
        return bool(np.any(far & (np.abs(shift) > 4.0 * EPS * np.abs(center))))

    def _note_moments(self, center: Floats, shift: Floats, square: Floats) -> None:
        """Keep the means and variances that products about ``center`` give."""
        if self.fit_intercept or not self._loses_digits(center, shift, square):
            self.learn_moments(center, shift, square, is_near=True)

    def _is_safe(self) -> bool:
        """Whether raw products may be centered afterwards."""
        most = SAFE_RATIO**2 * np.sqrt(self.variances)
        return bool((np.abs(self.offset) <= most).all())

    def guessed_center(self) -> Floats:
        """Return what to subtract before a product; `gram` checks the guess.

        Zero, which saves a copy of every chunk, where a sample of rows shows means
        within a few deviations of it.
        """
        if not self.fit_intercept:
            return np.zeros(self.n_features)
        if self._X.size <= _SMALL:
            rough = transposed_times(
                self._X, self.weights.astype(self._X.dtype, copy=False)
            )
            return rough.astype(np.float64)
        sample = self._X[:: max(1, self.n_samples // 128)].astype(np.float64)
        means: Floats = sample.mean(axis=0)
        if np.all(np.abs(means) <= 0.5 * SAFE_RATIO * sample.std(axis=0)):
            return np.zeros(self.n_features)
        return means

    @property
    def sizes(self) -> Floats:
        return np.stack([self.lengths, self.lengths])

    def distances(self, move: Floats) -> Floats:
        return np.full(2, norm(move))

    def correlate(self, residual: Floats) -> Floats:
        is_quick = self._X.dtype == np.float64 and self._is_safe()
        if residual.ndim == 2 and not is_quick:
            return np.stack([self.correlate(r) for r in residual.T], axis=1)
        weight = self._root * residual.T
        if is_quick:
            products: Floats = transposed_times(self._X, weight)
            products -= np.multiply.outer(weight.sum(axis=-1), self.offset)
        else:
            from regkit.kernels.linear import dense as kernels

            if self._by_rows:
                products = kernels.correlate_rows(self._X, self.offset, weight)
            else:
                every = np.arange(self.n_features)
                products = kernels.correlate_columns(
                    self._X.T, every, self.offset, weight
                )
        return (products / self.scale if self.standardize else products).T

    def correlate_columns(self, residual: Floats, columns: Indices) -> Floats:
        if self._by_rows or len(columns) > _FEW * self.n_features:
            return self.correlate(residual)[columns]
        from regkit.kernels.linear import dense as kernels

        weight = self._root * residual
        products = kernels.correlate_columns(self._X.T, columns, self.offset, weight)
        return products / self.scale[columns] if self.standardize else products

    def correlate_together(
        self,
        designs: Sequence["DenseDesign"],
        residuals: Sequence[Floats],
        columns: Indices,
    ) -> Floats:
        weights = [d._root * r for d, r in zip(designs, residuals, strict=True)]
        center = self.offset
        if not self._by_rows:
            found = self._correlate_columns_together(np.stack(weights), columns)
        elif self._X.dtype == np.float64 and all(d._is_safe() for d in designs):
            found = transposed_times(self._X, np.stack(weights))[:, columns]
            center = 0.0 * center
        else:
            answers = zip(designs, residuals, strict=True)
            return np.stack([d.correlate(r)[columns] for d, r in answers])
        for products, weight, design in zip(found, weights, designs, strict=True):
            products -= (design.offset - center)[columns] * weight.sum()
            if self.standardize:
                products /= design.scale[columns]
        return found

    def _correlate_columns_together(self, weights: Floats, columns: Indices) -> Floats:
        """Return the rows' products with columns of X about ``offset``, F order."""
        from regkit.kernels.linear import dense as kernels

        # The kernel takes three rows at a time.
        padded = np.zeros((-(-len(weights) // 3) * 3, self.n_samples))
        padded[: len(weights)] = weights

        def multiply(share: Indices) -> Floats:
            products: Floats = kernels.correlate_columns_together(
                self._X.T, share, self.offset, padded
            )
            return products

        costs = np.full(len(columns), self.n_samples * len(weights) // 3)
        return by_shares(multiply, columns, costs).T[: len(weights)].copy()

    def gram(self, target: Floats) -> tuple[Floats, Floats]:
        if self.has_gram:
            return self._gram, self._products_with(target)
        center = self.guessed_center()
        gram, products, shift = centered_products(self._X, target, center, self._root)
        if self.fit_intercept and self._loses_digits(center, shift, gram.diagonal()):
            center = center + shift
            gram, products, shift = centered_products(
                self._X, target, center, self._root
            )
        self._note_moments(center, shift, gram.diagonal())
        return self._keep_gram(target, gram, products, shift)

    def _keep_gram(
        self, target: Floats, gram: Floats, products: Floats, shift: Floats
    ) -> tuple[Floats, Floats]:
        """Center and scale sums about a guessed center, and keep them."""
        if self.fit_intercept:
            # ``target`` is centered: ``products`` needs no correction.
            subtract_outer(gram, shift, shift)
        if self.standardize:
            gram /= self.scale
            gram /= self.scale[:, None]
            products = (products.T / self.scale).T
        self._gram, self.has_gram = gram, True
        self._target, self._products = target, products
        return gram, products

    def _products_with(self, target: Floats) -> Floats:
        known = self._target
        if known is not None and target.size == known.size:
            # One column of targets is as good as a single target.
            known = known.reshape(target.shape)
        if known is not None and np.array_equal(target, known):
            return self._products.reshape(-1, *target.shape[1:])
        return self.correlate(target)

    def moments(
        self, rows: Indices, weight: Floats | None, y: Floats, center: Floats
    ) -> Moments:
        if weight is None:
            root: Floats | float = 1.0
            n_rows, total, target = len(rows), float(len(rows)), y[rows]
        else:
            root = np.sqrt(weight)
            n_rows, total = int(np.count_nonzero(weight)), float(weight.sum())
            target = root * y[rows]
        gram, products, shift = centered_products(self._X, target, center, root, rows)
        level = float(root @ target if weight is not None else target.sum())
        square = float(target @ target)
        return Moments(n_rows, total, shift, gram, products, level, square)

    def adopt(self, moments: Moments, center: Floats, y: Floats) -> None:
        share = 1.0 / moments.weight
        shift = share * moments.shift
        gram = share * moments.gram
        products = share * moments.products
        if self.fit_intercept:
            products -= share * moments.level * shift
        self._note_moments(center, shift, gram.diagonal())
        self._keep_gram(self.center(y)[0], gram, products, shift)

    def row_gram(self, column_weights: Floats) -> Floats:
        """Return ``Z diag(column_weights) Zᵀ``, shape (n, n), from one read of X.

        The weights are non-negative; columns of weight 0 are left out. The last result
        is kept for the next call: not to be written to.
        """
        known = self._row_gram
        if known is None or not np.array_equal(known[0], column_weights):
            if self._is_plain_product(column_weights):
                gram = self._raw_row_gram(float(column_weights[0]))
            else:
                gram = self._gathered_row_gram(column_weights)
            self._row_gram = known = column_weights.copy(), gram
        return known[1]

    def _is_plain_product(self, column_weights: Floats) -> bool:
        """Whether the center may be taken out of the product afterwards."""
        if self._X.dtype != np.float64 or self.standardize:
            return False
        if np.any(column_weights != column_weights[0]):
            return False
        center = self.offset
        return float(center @ center) <= SAFE_RATIO * float(self.variances.sum())

    def _raw_row_gram(self, column_weight: float) -> Floats:
        from regkit.kernels.linear import dense as kernels

        gram = row_products(self._X)
        kernels.complete_row_products(
            gram,
            times(self._X, self.offset),
            float(self.offset @ self.offset),
            np.sqrt(column_weight) * np.broadcast_to(self._root, len(gram)),
        )
        return gram

    def _gathered_row_gram(self, column_weights: Floats) -> Floats:
        chosen = np.flatnonzero(column_weights)
        width = max(16, self.n_samples // 4, _CHUNK_BYTES // (8 * self.n_samples))
        gram = np.zeros((self.n_samples, self.n_samples))
        for start in range(0, len(chosen), width):
            columns = chosen[start : start + width]
            part = self.gather(columns)
            part *= np.sqrt(column_weights[columns])[:, None]
            gram += part.T @ part
        return gram

    def materialize(self, rows: slice = slice(None)) -> Floats:
        """Return these rows of Z."""
        entries: Floats = self._X[rows] - self.offset
        root = self._root
        entries *= root[rows, None] if isinstance(root, np.ndarray) else root
        if self.standardize:
            entries /= self.scale
        return entries

    def predict(self, coef: Floats) -> Floats:
        scaled = coef / self.scale
        return (times(self._X, scaled) - self.offset @ scaled) * self._root

    def row_predictor(self, coefs: Floats) -> Callable[[slice], Floats]:
        scaled = coefs / self.scale[:, None]
        is_raw = self._X.dtype == np.float64 and self._is_safe()
        center = self.offset @ scaled

        def predict(rows: slice) -> Floats:
            part = self._X[rows]
            if not is_raw:
                return np.asarray((part - self.offset) @ scaled)
            predicted: Floats = part @ scaled
            predicted -= center
            return predicted

        return predict

    def n_stored(self, columns: Indices) -> int:
        return int(self.n_samples * len(columns))

    def columns(self) -> ColumnStore:
        return RowMajorColumns(self) if self._by_rows else ColumnMajorColumns(self)

    def weighted_columns(self, every: bool) -> WeightedColumns:
        # Loaded here: least squares do without changing weights.
        from regkit.designs.weighted_columns import DenseColumns, DenseWorkingColumns

        return DenseColumns(self) if every else DenseWorkingColumns(self)

    def products(self, rows: Floats, columns: Indices) -> Floats:
        """Return ``rows @ Z[:, columns]`` for a few rows that sum to zero as Z's do."""
        found = self._correlate_columns_together(self._root * rows, columns)
        return found / self.scale[columns] if self.standardize else found

    def combine(self, columns: Indices, coef: Floats) -> Floats:
        """Return ``Z[:, columns] @ coef``, X in F order."""
        from regkit.kernels.linear import dense as kernels

        scaled = coef / self.scale[columns] if self.standardize else coef
        combined: Floats = kernels.combine_columns(
            self._X.T, columns, scaled, self.offset
        )
        combined *= self._root
        return combined

    def gather(self, columns: Indices) -> Floats:
        """Return the columns of Z as contiguous rows, shape (len(columns), n)."""
        return self._gathered(columns, self._root)

    def gather_unweighted(self, columns: Indices) -> Floats:
        """Return columns of (X - m) / s as contiguous rows, (len(columns), n)."""
        return self._gathered(columns, None)

    def _gathered(self, columns: Indices, root: Floats | float | None) -> Floats:
        gathered = np.ascontiguousarray(self._X[:, columns].T, dtype=np.float64)
        gathered -= self.offset[columns, None]
        if root is not None:
            gathered *= root
        if self.standardize:
            gathered /= self.scale[columns, None]
        return gathered
