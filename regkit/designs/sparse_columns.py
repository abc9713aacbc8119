"""Columns of a sparse X for a working set."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.designs.weighted_rows import read_only
from regkit.kernels.linear import sparse as kernels
from regkit.parallel.threads import by_shares

# What it takes to come to a column, in units of a stored entry.
COST_OF_A_COLUMN = 16


def _stored(block: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    return read_only(block.data), read_only(block.indices), read_only(block.indptr)


class StoresColumns(Protocol):
    """What `SparseColumns` asks of a design."""

    n_samples: int
    n_features: int

    def gram_rows(
        self, columns: Indices, stored: Indices, position: NDArray[np.int32]
    ) -> Floats:
        """Return ``Z[:, columns]ᵀ Z[:, stored]``; ``position[l]`` is where l is."""

    def combine(self, columns: Indices, coef: Floats) -> tuple[Floats, float]:
        """Return the rows' sums Σ_j x_ij b_j / s_j, and the same sum of the means."""

    def centered(self, sums: Floats, mean: float) -> Floats:
        """Return ``Z[:, columns] @ coef`` from what `combine` returns."""

    def block(self, columns: Indices) -> Any:
        """Return columns as coordinate descent sweeps over them: side by side."""

    def weighted(self, residual: Floats) -> Floats:
        """Return what entries of X, not of Z, are to be multiplied by."""

    def unweighted(self, target: Floats) -> Floats:
        """Return the rows of ``target`` as they were before weighting."""


class SparseColumns:
    """The numbers of the stored columns, and the place of each."""

    def __init__(self, design: StoresColumns) -> None:
        self._design = design
        self._stored = np.empty(0, dtype=np.int64)
        self._position = np.full(design.n_features, -1, dtype=np.int32)
        self._n_rows = design.n_samples
        self._coef = np.empty(0)
        self._combined = np.zeros(self._n_rows), 0.0
        self._block: Any = None

    def append(self, columns: Indices) -> None:
        size = len(self._stored)
        self._stored = np.concatenate([self._stored, columns])
        self._position[columns] = np.arange(size, len(self._stored))

    def gram(self, first: int) -> Floats:
        new = self._stored[first:]
        return self._design.gram_rows(new, self._stored, self._position)

    def residual(self, target: Floats, coef: Floats) -> Floats:
        return target - self._design.centered(*self._combine(coef))

    def block(self) -> tuple[Any, Indices]:
        size = len(self._stored)
        if self._block is None:
            self._block = self._design.block(self._stored)
        held = len(self._block.indptr) - 1
        if held < size:
            new = self._design.block(self._stored[held:])
            self._block = joined(self._block, new)
        return self._block, np.arange(size)

    def correlate(self, residual: Floats) -> Floats:
        block, columns = self.block()
        weight = self._design.weighted(residual)

        def multiply(share: Indices) -> Floats:
            products: Floats = kernels.correlate(
                *_stored(block), share, block.offset, weight
            )
            return products

        return by_shares(multiply, columns, np.diff(block.indptr) + COST_OF_A_COLUMN)

    def sweep_residual(self, target: Floats, coef: Floats) -> Floats:
        sums, mean = self._combine(coef)
        return np.append(self._design.unweighted(target) - sums, mean)

    def _combine(self, coef: Floats) -> tuple[Floats, float]:
        """Return what `SparseDesign.combine` does; coefficients often come again."""
        held = len(self._coef)
        if not np.array_equal(coef[:held], self._coef) or coef[held:].any():
            self._coef = coef.copy()
            if self._block is None:
                self._combined = self._design.combine(self._stored, coef)
            else:
                block, columns = self.block()
                sums = kernels.combine(*_stored(block), columns, coef, self._n_rows)
                self._combined = sums, float(np.einsum("i,i->", block.offset, coef))
        return self._combined


def joined(first: Any, second: Any) -> Any:
    """Return the columns of two blocks side by side."""
    parts = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])
        for name in ("data", "indices", "offset", "mean")
    }
    parts["weighted"] = parts["data"]
    if first.weighted is not first.data:
        parts["weighted"] = np.concatenate([first.weighted, second.weighted])
    parts["indptr"] = np.concatenate(
        [first.indptr, first.indptr[-1] + second.indptr[1:]]
    )
    return first._replace(**parts)
