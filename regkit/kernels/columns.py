"""Two operations on one column of Z, for dense and sparse storage alike.

A coordinate-descent kernel written on `correlation` and `subtract` compiles for both
storages; which one is decided when Numba sees the type of ``block``. Where Numba is
told to compile nothing, the two are plain functions that look at it themselves.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from regkit.kernels._jit import inlined, summing_kernel
from regkit.kernels.sparse import stored_dot


class DenseBlock(NamedTuple):
    """Columns of Z as contiguous rows; the residual is y - Z b itself."""

    rows: NDArray[np.float64]


class SparseBlock(NamedTuple):
    """Columns of X over their scales, sparse; the residual is kept uncentred.

    With t = y - X b, stored in ``residual[:n]``, and the one number o = Σ_j m_j b_j in
    ``residual[n]``, the residual of row i before weighting is t_i + o. Its weighted sum
    is zero when columns and y are centred, so a column's correlation costs its stored
    entries and never n.
    """

    data: NDArray[Any]
    weighted: NDArray[Any]  # data times the weight of its row, over ``weight``
    weight: float
    indices: NDArray[Any]
    indptr: NDArray[Any]
    offset: NDArray[np.float64]
    mean: NDArray[np.float64]  # Σ weight x, subtracted or not


def correlation(block: Any, j: int, residual: NDArray[np.float64]) -> float:
    """Return z_jᵀ residual."""
    chosen = _correlate_dense if isinstance(block, DenseBlock) else _correlate_sparse
    return float(chosen(block, j, residual))


def subtract(block: Any, j: int, step: float, residual: NDArray[np.float64]) -> None:
    """Subtract ``step`` times column j from the residual."""
    chosen = _subtract_dense if isinstance(block, DenseBlock) else _subtract_sparse
    chosen(block, j, step, residual)


@summing_kernel
def _dot(row: NDArray[np.float64], residual: NDArray[np.float64]) -> float:
    total = 0.0
    for i in range(row.shape[0]):
        total += row[i] * residual[i]
    return total


def _correlate_dense(block: Any, j: Any, residual: Any) -> Any:
    return _dot(block.rows[j], residual)


def _correlate_sparse(block: Any, j: Any, residual: Any) -> Any:
    first, last = block.indptr[j], block.indptr[j + 1]
    total = stored_dot(block.weighted, block.indices, first, last, residual)
    return total * block.weight + residual[-1] * block.mean[j]


def _subtract_dense(block: Any, j: Any, step: Any, residual: Any) -> Any:
    row = block.rows[j]
    for i in range(row.shape[0]):
        residual[i] -= step * row[i]


def _subtract_sparse(block: Any, j: Any, step: Any, residual: Any) -> Any:
    for t in range(block.indptr[j], block.indptr[j + 1]):
        residual[block.indices[t]] -= step * np.float64(block.data[t])
    residual[-1] += step * block.offset[j]


@inlined(correlation)
def _typed_correlation(block: Any, j: Any, residual: Any) -> Any:
    return {DenseBlock: _correlate_dense, SparseBlock: _correlate_sparse}[_kind(block)]


@inlined(subtract)
def _typed_subtract(block: Any, j: Any, step: Any, residual: Any) -> Any:
    return {DenseBlock: _subtract_dense, SparseBlock: _subtract_sparse}[_kind(block)]


def _kind(block: types.NamedTuple | types.NamedUniTuple) -> Any:
    """Return the class of which Numba sees ``block`` as an instance."""
    return block.instance_class
