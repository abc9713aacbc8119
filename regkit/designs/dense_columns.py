"""Columns of a dense X for a working set, in either storage order."""

from typing import Any, Protocol

import numpy as np

from regkit._types import Floats, Indices

# With so many new rows at most, a kernel forms their part of a Gram matrix: BLAS would
# copy all the others first, which is most of the work.
_FEW_ROWS = 48


class Gathers(Protocol):
    """What `RowMajorColumns` asks of a design."""

    n_samples: int

    def gather(self, columns: Indices) -> Floats:
        """Return columns of Z as contiguous rows."""


class MultipliesColumns(Gathers, Protocol):
    """What `ColumnMajorColumns` asks of a design."""

    def products(self, rows: Floats, columns: Indices) -> Floats:
        """Return ``rows @ Z[:, columns]`` for a few rows that sum to zero as Z's do."""

    def combine(self, columns: Indices, coef: Floats) -> Floats:
        """Return ``Z[:, columns] @ coef``."""

    def correlate_columns(self, residual: Floats, columns: Indices) -> Floats:
        """Return ``Z[:, columns]ᵀ residual``."""


class ColumnMajorColumns:
    """Columns of an X in F order where they are stored, shared by all designs of X."""

    def __init__(self, design: MultipliesColumns) -> None:
        self._design = design
        self._stored = np.empty(0, dtype=np.int64)

    def append(self, columns: Indices) -> None:
        self._stored = np.concatenate([self._stored, columns])

    def gram(self, first: int) -> Floats:
        new = self._design.gather(self._stored[first:])
        if len(new) <= _FEW_ROWS:
            return self._design.products(new, self._stored)
        # So many that BLAS is worth a copy of the others.
        others = self._design.gather(self._stored[:first])
        return np.concatenate([new @ others.T, new @ new.T], axis=1)

    def residual(self, target: Floats, coef: Floats) -> Floats:
        return target - self._design.combine(self._stored, coef)

    def correlate(self, residual: Floats) -> Floats:
        return self._design.correlate_columns(residual, self._stored)

    def block(self) -> tuple[Any, Indices]:
        return row_block(self._design.gather(self._stored)), np.arange(
            len(self._stored)
        )

    def sweep_residual(self, target: Floats, coef: Floats) -> Floats:
        return np.append(self.residual(target, coef), 0.0)


class GrowingRows:
    """Columns gathered into contiguous rows, with room for more."""

    def __init__(self, n_samples: int) -> None:
        self._rows = np.empty((0, n_samples))
        self._size = 0

    def _add(self, new: Floats) -> None:
        size = self._size + len(new)
        if size > len(self._rows):
            grown = np.empty((max(2 * len(self._rows), size), new.shape[1]))
            grown[: self._size] = self._rows[: self._size]
            self._rows = grown
        self._rows[self._size : size] = new
        self._size = size


class RowMajorColumns(GrowingRows):
    """Columns of Z gathered contiguously, centered, scaled and weighted."""

    def __init__(self, design: Gathers) -> None:
        super().__init__(design.n_samples)
        self._design = design

    def append(self, columns: Indices) -> None:
        self._add(self._design.gather(columns))

    def gram(self, first: int) -> Floats:
        stored = self._rows[: self._size]
        return stored[first:] @ stored.T

    def residual(self, target: Floats, coef: Floats) -> Floats:
        return target - coef @ self._rows[: self._size]

    def correlate(self, residual: Floats) -> Floats:
        return self._rows[: self._size] @ residual

    def block(self) -> tuple[Any, Indices]:
        return row_block(self._rows[: self._size]), np.arange(self._size)

    def sweep_residual(self, target: Floats, coef: Floats) -> Floats:
        return np.append(self.residual(target, coef), 0.0)


def row_block(rows: Floats) -> Any:
    """Return gathered columns as coordinate descent takes them."""
    # Loaded here: only coordinate descent needs it.
    from regkit.kernels.linear.columns import ColumnBlock

    size, n = rows.shape
    entries, zeros = rows.ravel(), np.zeros(size)
    return ColumnBlock(
        entries, entries, 1.0, None, n * np.arange(size + 1), zeros, zeros
    )
