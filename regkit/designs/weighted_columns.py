"""Columns of X under row weights that change while center and scale stay.

Newton's method weights the rows anew at every step; standardization, the center and
the penalty belong to the rows' own weights and stay. So these stores hold columns of
(X - m) / s, rows not weighted, and take weights with each call.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from regkit._types import Floats, Indices
from regkit.designs.class_weights import PairWeights, own_weights
from regkit.designs.dense_columns import GrowingRows, row_block
from regkit.designs.dense_products import by_row_shares, centered_products
from regkit.designs.protocols import is_few
from regkit.designs.sparse_columns import joined
from regkit.designs.weighted_rows import read_only
from regkit.kernels.linear import class_gram, loss_steps
from regkit.kernels.linear import sparse as kernels

# Fewer entries than this are not worth a second thread.
_WORTHWHILE = 1 << 18
# With so many new entries at most, a kernel forms their rows of a Gram matrix.
_FEW_ENTRIES = 48


class GathersUnweighted(Protocol):
    """What `DenseWorkingColumns` asks of a design."""

    n_samples: int

    def gather_unweighted(self, columns: Indices) -> Floats:
        """Return columns of (X - m) / s as contiguous rows, (len(columns), n)."""


class ReadsRows(GathersUnweighted, Protocol):
    """What `DenseColumns` asks of a design: see `DenseDesign`."""

    @property
    def transposed(self) -> NDArray[Any]: ...
    @property
    def weights(self) -> Floats: ...
    @property
    def offset(self) -> Floats: ...
    @property
    def scale(self) -> Floats: ...
    def correlate(self, residual: Floats) -> Floats: ...


class StoresBlocks(Protocol):
    """What `SparseWorkingColumns` asks of a design."""

    n_samples: int

    def block(self, columns: Indices) -> Any:
        """Return columns as coordinate descent sweeps over them: side by side."""


class DenseWorkingColumns(GrowingRows):
    """Columns of a dense X, gathered into contiguous rows."""

    is_additive = True

    def __init__(self, design: GathersUnweighted) -> None:
        super().__init__(design.n_samples)
        self._design = design

    @property
    def entries(self) -> Floats:
        return self._rows

    def append(self, columns: Indices) -> None:
        self._add(self._design.gather_unweighted(columns))

    def keep(self, places: Indices) -> None:
        for to, place in enumerate(places.tolist()):
            if to != place:
                self._rows[to] = self._rows[place]
        self._size = len(places)

    def combine(self, coef: Floats) -> Floats:
        used = np.flatnonzero(coef)
        if 2 * len(used) < self._size:
            return np.asarray(coef[used] @ self._rows[used])
        return np.asarray(coef @ self._rows[: self._size])

    def correlate(self, weight: Floats) -> Floats:
        return np.asarray(self._rows[: self._size] @ weight)

    def class_combine(
        self, classes: Indices, places: Indices, coef: Floats, n_classes: int
    ) -> Floats:
        spread = np.zeros((n_classes, self._size))
        spread[classes, places] = coef
        return np.asarray(spread @ self._rows[: self._size])

    def class_correlate(
        self, classes: Indices, places: Indices, weight: Floats
    ) -> Floats:
        found: Floats = (self._rows[: self._size] @ weight.T)[places, classes]
        return found

    def class_gram(
        self, classes: Indices, places: Indices, weight: PairWeights, first: int
    ) -> tuple[Floats, Floats]:
        rows, share = self._rows, weight.share
        if first > 0 and len(classes) - first <= _FEW_ENTRIES:
            found: tuple[Floats, Floats] = class_gram.dense_rows(
                rows, classes, places, share, first
            )
            return found
        # So many that BLAS is worth copies of the columns.
        joint = rows[places] * share[classes]
        gram = -(joint[first:] @ joint.T)
        sums = -(joint[first:] @ share.T)
        for k, alike in enumerate(own_weights(share)):
            mine = np.flatnonzero(classes == k)
            new = mine[mine >= first]
            weighted = rows[places[new]] * alike
            gram[np.ix_(new - first, mine)] = weighted @ rows[places[mine]].T
            sums[new - first, k] = weighted.sum(axis=1)
        return gram, sums

    def gram(self, weight: Floats, first: int) -> tuple[Floats, Floats]:
        stored = self._rows[: self._size]
        few = is_few(weight)
        if few:
            used = np.flatnonzero(weight)
            stored, weight = stored[:, used], weight[used]
        if first or few:
            new = stored[first:] * weight
            return new @ stored.T, new.sum(axis=1)
        scaled = stored * np.sqrt(weight)
        return scaled @ scaled.T, stored @ weight

    def swept(self, weight: Floats) -> tuple[Any, Floats]:
        stored = self._rows[: self._size]
        bent = stored * weight
        squares = np.einsum("ji,ji->j", stored, bent)
        block = row_block(stored)
        sums = bent.sum(axis=1)
        return block._replace(data=bent.ravel(), offset=0.0 * sums, mean=sums), squares

    def total(self, weight: Floats) -> float:
        return float(weight.sum())

    def costs(self) -> tuple[float, float]:
        entries = float(self._rows.shape[1] * self._size)
        return 15.0 * entries, 0.5 * entries * self._size

    def advance(
        self, coef: Floats, shift: Floats, rows: Any
    ) -> tuple[float, Floats | None]:
        np.add(self.combine(coef), shift, out=rows.change)
        return float(loss_steps.advance(rows)), None


class DenseColumns:
    """All columns of a dense X, read where they are."""

    is_additive = True

    def __init__(self, design: ReadsRows) -> None:
        self._design = design
        self._scale = design.scale
        self._center = design.offset
        self._X = design.transposed.T

    @property
    def entries(self) -> None:
        return None

    def append(self, columns: Indices) -> None:
        """Nothing to do: every column is there."""

    def keep(self, places: Indices) -> None:
        """Nothing to do: every column stays."""

    def combine(self, coef: Floats) -> Floats:
        used = np.flatnonzero(coef)
        return np.asarray(coef[used] @ self._design.gather_unweighted(used))

    def correlate(self, weight: Floats) -> Floats:
        root = np.sqrt(self._design.weights)
        # (Rows of no weight have none here either.)
        return self._design.correlate(weight / np.where(root > 0.0, root, 1.0))

    def gram(self, weight: Floats, first: int) -> tuple[Floats, Floats]:
        if is_few(weight):
            used = np.flatnonzero(weight)
            part = (self._X[used] - self._center) / self._scale
            bent = part[:, first:].T * weight[used]
            return bent @ part, bent.sum(axis=1)
        root = np.sqrt(weight)
        nothing = np.zeros(len(root))
        gram, _, sums = centered_products(self._X, nothing, self._center, root)
        gram /= self._scale
        gram /= self._scale[:, None]
        return gram[first:], (sums / self._scale)[first:]

    def total(self, weight: Floats) -> float:
        return float(weight.sum())

    def costs(self) -> tuple[float, float]:
        entries = float(self._X.size)
        return 28.0 * entries, 0.5 * entries * self._X.shape[1]

    def advance(
        self, coef: Floats, shift: Floats, rows: Any
    ) -> tuple[float, Floats | None]:
        scaled, intercept = coef / self._scale, float(shift[0])
        in_c_order = self._X.flags.c_contiguous
        X = self._X if in_c_order else self._X.T

        def advance_rows(share: slice) -> tuple[float, Floats]:
            found = np.zeros(len(scaled))
            begin, end = share.start, share.stop
            gap = loss_steps.advance_dense(
                X,
                not in_c_order,
                self._center,
                scaled,
                intercept,
                rows,
                begin,
                end,
                found,
            )
            return gap, found

        if self._X.size < _WORTHWHILE:
            gap, products = advance_rows(slice(0, len(self._X)))
            return gap, products / self._scale
        gaps, found = zip(*by_row_shares(advance_rows, self._X), strict=True)
        return float(sum(gaps)), sum(found[1:], found[0]) / self._scale


class SparseWorkingColumns:
    """Columns of a sparse X, side by side; centered after each product."""

    is_additive = True

    def __init__(self, design: StoresBlocks) -> None:
        self._design = design
        self._n = design.n_samples
        self._block = design.block(np.empty(0, dtype=np.int64))
        self._by_rows: Any = None
        self._in_row = np.zeros(self._n)  # stored entries
        # Of several classes: the weights, their shares by row, and the entries' sums.
        self._pairs: PairWeights | None = None
        self._by_row = np.empty((0, 0))
        self._class_sums = np.empty((0, 0))

    @property
    def entries(self) -> None:
        return None

    def append(self, columns: Indices) -> None:
        new = self._design.block(columns)
        self._block = joined(self._block, new)
        self._in_row += self._count(new)
        self._by_rows = None

    def keep(self, places: Indices) -> None:
        block = self._block
        counts = np.diff(block.indptr)[places]
        bounds = np.concatenate([[0], np.cumsum(counts)]).astype(block.indptr.dtype)
        starts = block.indptr[places] - bounds[:-1]
        at = np.arange(bounds[-1]) + np.repeat(starts, counts)
        data = block.data[at]
        self._block = block._replace(
            data=data,
            weighted=data,
            indices=block.indices[at],
            indptr=bounds,
            offset=block.offset[places],
            mean=block.mean[places],
        )
        self._in_row = self._count(self._block)
        self._by_rows = None

    def _count(self, block: Any) -> Floats:
        """Return how many entries each row has."""
        signed = block.indices.view(block.indices.dtype.name[1:])
        return np.bincount(signed, minlength=self._n).astype(np.float64)

    @property
    def _size(self) -> int:
        return len(self._block.indptr) - 1

    def _stored(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        block = self._block
        return read_only(block.data), read_only(block.indices), read_only(block.indptr)

    def combine(self, coef: Floats) -> Floats:
        every = np.arange(self._size)
        sums: Floats = kernels.combine(*self._stored(), every, coef, self._n)
        sums -= self._block.offset @ coef
        return sums

    def correlate(self, weight: Floats) -> Floats:
        every = np.arange(self._size)
        found: Floats = kernels.correlate(
            *self._stored(), every, self._block.offset, weight
        )
        return found

    def gram(self, weight: Floats, first: int) -> tuple[Floats, Floats]:
        rows = self._rows()
        data, indices, indptr = self._stored()
        size = self._size
        new = np.arange(first, size)
        products: Floats = kernels.gram_rows(
            data,
            indices,
            indptr,
            read_only(rows.data),
            read_only(rows.indices.view(indices.dtype)),
            read_only(rows.indptr),
            weight,
            new,
            np.arange(size, dtype=np.int32),
            size,
        )
        total = float(weight.sum())
        center = self._block.offset
        nothing = np.zeros(size)
        sums = kernels.correlate(
            data, indices, indptr, np.arange(size), nothing, weight
        )
        products -= np.outer(center[first:], sums)
        products -= np.outer(sums[first:] - total * center[first:], center)
        return products, (sums - total * center)[first:]

    def swept(self, weight: Floats) -> tuple[Any, Floats]:
        block, every = self._block, np.arange(self._size)
        entries = block.data.astype(np.float64, copy=False)
        places = read_only(block.indices), read_only(block.indptr)
        nothing = np.zeros(self._size)
        sums, squares = (
            kernels.correlate(read_only(values), *places, every, nothing, weight)
            for values in (entries, entries * entries)
        )
        bent = entries * weight[block.indices]
        return block._replace(
            data=bent, weighted=entries, weight=1.0, offset=nothing, mean=sums
        ), squares

    def total(self, weight: Floats) -> float:
        return float(weight.sum())

    def costs(self) -> tuple[float, float]:
        counts = self._in_row
        return 60.0 * float(counts.sum()), 20.0 * float(counts @ counts)

    def class_combine(
        self, classes: Indices, places: Indices, coef: Floats, n_classes: int
    ) -> Floats:
        found = np.empty((n_classes, self._n))
        for k in range(n_classes):
            mine = np.flatnonzero(classes == k)
            held, own = places[mine], coef[mine]
            sums = kernels.combine(*self._stored(), held, own, self._n)
            found[k] = sums - self._block.offset[held] @ own
        return found

    def class_correlate(
        self, classes: Indices, places: Indices, weight: Floats
    ) -> Floats:
        found = np.empty(len(classes))
        for k, by_row in enumerate(weight):
            mine = np.flatnonzero(classes == k)
            found[mine] = kernels.correlate(
                *self._stored(), places[mine], self._block.offset, by_row
            )
        return found

    def class_gram(
        self, classes: Indices, places: Indices, weight: PairWeights, first: int
    ) -> tuple[Floats, Floats]:
        block, by_rows = self._block, self._rows()
        data, indices, indptr = self._stored()
        is_new = weight is not self._pairs or len(self._class_sums) != first
        if is_new:
            self._pairs = weight
            self._by_row = np.ascontiguousarray(weight.share.T)
            self._class_sums = np.empty((0, len(weight.share)))
        known = len(self._class_sums)
        of_column = np.argsort(places, kind="stable")
        bounds = np.searchsorted(places[of_column], np.arange(self._size + 1))
        gram, sums = class_gram.sparse_rows(
            class_gram.Stored(data, indices, indptr),
            class_gram.Stored(
                read_only(by_rows.data),
                read_only(by_rows.indices.view(indices.dtype)),
                read_only(by_rows.indptr),
            ),
            bounds,
            of_column,
            classes,
            places,
            self._by_row,
            known,
        )
        self._class_sums = np.concatenate([self._class_sums, sums])
        # Centered after the products, as all sums of sparse columns are.
        gram, sums = gram[first - known :], self._class_sums
        center, total = block.offset[places], weight.total
        new = classes[first:]
        gram -= center[first:, None] * sums[:, new].T
        gram -= sums[first:][:, classes] * center
        gram += np.outer(center[first:], center) * total[np.ix_(new, classes)]
        return gram, sums[first:] - center[first:, None] * total[new]

    def _by_columns(self) -> Any:
        block = self._block
        signed = block.indices.view(block.indices.dtype.name[1:])
        return sparse.csc_array(
            (block.data, signed, block.indptr), shape=(self._n, self._size)
        )

    def _rows(self) -> Any:
        """Return the same columns by rows."""
        if self._by_rows is None:
            self._by_rows = self._by_columns().tocsr()
        return self._by_rows

    def advance(
        self, coef: Floats, shift: Floats, rows: Any
    ) -> tuple[float, Floats | None]:
        np.add(self.combine(coef), shift, out=rows.change)
        return float(loss_steps.advance(rows)), None
