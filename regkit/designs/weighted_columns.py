"""Columns of X under row weights that change while center and scale stay.

Newton's method weights the rows anew at every step; standardization, the center and
the penalty belong to the rows' own weights and stay. So these stores hold columns of
(X - m) / s, rows not weighted, and take weights with each call.
"""

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from regkit._types import Floats, Indices
from regkit.designs.base import read_only
from regkit.designs.dense_products import by_row_shares, centered_products
from regkit.designs.protocols import ColumnUnits
from regkit.kernels.linear import losses
from regkit.kernels.linear import sparse as kernels

if TYPE_CHECKING:
    from regkit.designs.dense import DenseDesign
    from regkit.designs.sparse import SparseDesign


# Fewer entries than this are not worth a second thread.
_WORTHWHILE = 1 << 18


class WeightedColumns(Protocol):
    """Columns of (X - m) / s, in order of their arrival."""

    def append(self, columns: Indices) -> None:
        """Take ``columns`` in."""

    def keep(self, places: Indices) -> None:
        """Drop all columns but those at ``places``, which are ascending."""

    def combine(self, coef: Floats) -> Floats:
        """Return the rows' sums Σ_j x_ij coef_j."""

    def correlate(self, weight: Floats) -> Floats:
        """Return the columns' sums Σ_i weight_i x_ij."""

    def gram(self, weight: Floats, first: int) -> tuple[Floats, Floats]:
        """Return ``Σ_i weight_i x_ij x_il`` and ``Σ_i weight_i x_ij``.

        For columns j from ``first`` on, and all l: shapes (stored - first, stored) and
        (stored - first,). Weights are non-negative.
        """

    def total(self, weight: Floats) -> Any:
        """Return the weights' sum: `gram` of a column of ones."""

    def costs(self) -> tuple[float, float]:
        """Return what `advance` with its products and what `gram` take.

        In units of a multiplication inside a large matrix product: others wait for
        memory.
        """

    def advance(
        self, coef: Floats, shift: Floats, rows: Any
    ) -> tuple[float, Floats | None]:
        """Take the rows along ``shift + Σ_j x_ij coef_j``, in one read of X.

        ``rows`` are those of a loss, `regkit.kernels.linear.losses.Rows` or of classes;
        ``shift`` has one entry per intercept. Returns the rows' part of the gap, and
        the columns' products with their new residuals, weighted; None where those are
        better asked for by `correlate`.
        """


class GatheredColumns(WeightedColumns, Protocol):
    """A store that is not of all columns where they are."""

    def class_gram(
        self,
        classes: Indices,
        places: Indices,
        weight: Floats,
        root: Floats,
        first: int,
    ) -> tuple[Floats, Floats]:
        """Return `gram` of columns of several classes, each with its own coefficient.

        Entry e is the column at ``places[e]`` for class ``classes[e]``; ``weight``,
        shape (K, n), are a row's weight p times the classes' probabilities P, and
        ``root`` are sqrt(p), 1 where p is 0: the weight of a pair of classes is
        ``p (P_k [k = l] - P_k P_l)``. The sums have a column per class.
        """


class WeightedDesign(ColumnUnits, Protocol):
    """What a path asks of a design whose rows it weights anew."""

    fit_intercept: bool
    n_samples: int
    n_features: int
    max_rank: int

    @property
    def weights(self) -> Floats:
        """The rows' own weights p, shape (n_samples,)."""

    @property
    def sizes(self) -> Floats:
        """How far a move of a residual can change correlations; see `Columns`."""

    def distances(self, move: Floats) -> Floats:
        """Return the two norms of a move of the residual that ``sizes`` refer to."""

    def correlate(self, residual: Floats) -> Floats:
        """Return all columns' products with a residual times sqrt(p)."""

    def correlate_columns(self, residual: Floats, columns: Indices) -> Floats:
        """Return some columns' products."""

    def weighted_columns(self, every: bool) -> WeightedColumns:
        """Return an empty store of columns, for row weights that change."""


class DenseWorkingColumns:
    """Columns of a dense X, gathered into contiguous rows."""

    def __init__(self, design: "DenseDesign") -> None:
        self._design = design
        self._rows = np.empty((0, design.n_samples))
        self._size = 0

    def append(self, columns: Indices) -> None:
        new = self._design.gather_unweighted(columns)
        size = self._size + len(columns)
        if size > len(self._rows):
            grown = np.empty((max(2 * len(self._rows), size), new.shape[1]))
            grown[: self._size] = self._rows[: self._size]
            self._rows = grown
        self._rows[self._size : size] = new
        self._size = size

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

    def class_gram(
        self,
        classes: Indices,
        places: Indices,
        weight: Floats,
        root: Floats,
        first: int,
    ) -> tuple[Floats, Floats]:
        rows = self._rows
        joint = rows[places] * (weight / root)[classes]
        gram = -(joint[first:] @ joint.T)
        sums = -(joint[first:] @ (weight / root).T)
        for k, own in enumerate(weight):
            mine = np.flatnonzero(classes == k)
            new = mine[mine >= first]
            weighted = rows[places[new]] * own
            gram[np.ix_(new - first, mine)] += weighted @ rows[places[mine]].T
            sums[new - first, k] += weighted.sum(axis=1)
        return gram, sums

    def gram(self, weight: Floats, first: int) -> tuple[Floats, Floats]:
        stored = self._rows[: self._size]
        if first:
            new = stored[first:] * weight
            return new @ stored.T, new.sum(axis=1)
        scaled = stored * np.sqrt(weight)
        return scaled @ scaled.T, stored @ weight

    def total(self, weight: Floats) -> float:
        return float(weight.sum())

    def costs(self) -> tuple[float, float]:
        entries = float(self._rows.shape[1] * self._size)
        return 15.0 * entries, 0.5 * entries * self._size

    def advance(
        self, coef: Floats, shift: Floats, rows: Any
    ) -> tuple[float, Floats | None]:
        np.add(self.combine(coef), shift, out=rows.change)
        return float(losses.advance(rows)), None


class DenseColumns:
    """All columns of a dense X, read where they are."""

    def __init__(self, design: "DenseDesign") -> None:
        self._design = design
        self._scale = design.scale
        self._center = design.offset
        self._X = design.transposed.T

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

        def visit(share: slice) -> tuple[float, Floats]:
            found = np.zeros(len(scaled))
            begin, end = share.start, share.stop
            gap = losses.advance_dense(
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
            gap, products = visit(slice(0, len(self._X)))
            return gap, products / self._scale
        gaps, found = zip(*by_row_shares(visit, self._X), strict=True)
        return float(sum(gaps)), sum(found[1:], found[0]) / self._scale


class SparseWorkingColumns:
    """Columns of a sparse X, side by side; centered after each product."""

    def __init__(self, design: "SparseDesign") -> None:
        self._design = design
        self._n = design.n_samples
        self._block = design.block(np.empty(0, dtype=np.int64))
        self._by_rows: Any = None

    def append(self, columns: Indices) -> None:
        from regkit.designs.sparse_columns import joined

        self._block = joined(self._block, self._design.block(columns))
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
        self._by_rows = None

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

    def total(self, weight: Floats) -> float:
        return float(weight.sum())

    def costs(self) -> tuple[float, float]:
        counts = np.diff(self._rows().indptr).astype(np.float64)
        return 60.0 * float(counts.sum()), 20.0 * float(counts @ counts)

    def class_gram(
        self,
        classes: Indices,
        places: Indices,
        weight: Floats,
        root: Floats,
        first: int,
    ) -> tuple[Floats, Floats]:
        block = self._block
        columns = sparse.csc_array(
            (
                block.data,
                block.indices.view(block.indices.dtype.name[1:]),
                block.indptr,
            ),
            shape=(self._n, self._size),
        )[:, places]
        of_entry = np.repeat(classes, np.diff(columns.indptr))
        joint = columns.copy()
        joint.data = columns.data * (weight / root)[of_entry, columns.indices]
        gram = -(joint[:, first:].T @ joint).toarray()
        sums = -(joint.T @ (weight / root).T)
        for k, own in enumerate(weight):
            mine = np.flatnonzero(classes == k)
            new = mine[mine >= first]
            weighted = columns[:, mine]
            weighted.data = weighted.data * own[weighted.indices]
            products = (columns[:, new].T @ weighted).toarray()
            gram[np.ix_(new - first, mine)] += products
            sums[mine, k] += weighted.sum(axis=0)
        # Centered after the products, as all sums of sparse columns are.
        center = block.offset[places]
        total = np.diag(weight.sum(axis=1)) - (weight / root) @ (weight / root).T
        gram -= center[first:, None] * sums[:, classes[first:]].T
        gram -= sums[first:][:, classes] * center
        gram += (
            np.outer(center[first:], center) * total[np.ix_(classes[first:], classes)]
        )
        sums = sums - center[:, None] * total[classes]
        return gram, sums[first:]

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
        return float(losses.advance(rows)), None
