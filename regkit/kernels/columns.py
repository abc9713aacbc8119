"""Two operations on one column of Z, for dense and sparse storage alike.

A coordinate-descent kernel written on `correlation` and `subtract` compiles for both
storages; which one is decided when Numba sees the type of ``block``.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from regkit.kernels._jit import summing_kernel

# Options of the overloads' own compilation: as a summing kernel's.
_OPTIONS = {"fastmath": {"reassoc", "contract", "nsz"}, "error_model": "numpy"}


class DenseBlock(NamedTuple):
    """Columns of Z as contiguous rows; the residual is y - Z b itself."""

    rows: NDArray[np.float64]


class SparseBlock(NamedTuple):
    """Columns of X, sparse; the residual is kept without its centring.

    With t = y - X (b / s), stored in ``residual[:n]``, and the one number
    o = Σ_j m_j b_j / s_j in ``residual[n]``, the residual of row i before weighting is
    t_i + o. Its weighted sum is zero when columns and y are centred, so a column's
    correlation costs its stored entries and never n.
    """

    data: NDArray[Any]
    weighted: NDArray[np.float64]  # data times the weight of its row
    indices: NDArray[Any]
    indptr: NDArray[Any]
    offset: NDArray[np.float64]
    mean: NDArray[np.float64]  # Σ weighted, whether or not it is subtracted
    scale: NDArray[np.float64]


def correlation(block: Any, j: int, residual: NDArray[np.float64]) -> float:
    """Return z_jᵀ residual."""
    raise NotImplementedError("compiled code only")


def subtract(block: Any, j: int, step: float, residual: NDArray[np.float64]) -> None:
    """Subtract ``step`` times column j from the residual."""
    raise NotImplementedError("compiled code only")


@summing_kernel
def _dense_correlation(
    row: NDArray[np.float64], residual: NDArray[np.float64]
) -> float:
    total = 0.0
    for i in range(row.shape[0]):
        total += row[i] * residual[i]
    return total


@summing_kernel
def _sparse_correlation(
    weighted: NDArray[Any], rows: NDArray[Any], residual: NDArray[np.float64]
) -> float:
    total = 0.0
    for t in range(weighted.shape[0]):
        total += np.float64(weighted[t]) * residual[rows[t]]
    return total


@overload(correlation, jit_options=_OPTIONS)
def _correlation(block: Any, j: Any, residual: Any) -> Any:
    if _is(block, DenseBlock):

        def dense(block: Any, j: Any, residual: Any) -> Any:
            return _dense_correlation(block.rows[j], residual)

        return dense
    if _is(block, SparseBlock):

        def compressed(block: Any, j: Any, residual: Any) -> Any:
            first, last = block.indptr[j], block.indptr[j + 1]
            total = _sparse_correlation(
                block.weighted[first:last], block.indices[first:last], residual
            )
            return (total + residual[-1] * block.mean[j]) / block.scale[j]

        return compressed
    return None


@overload(subtract, jit_options=_OPTIONS)
def _subtract(block: Any, j: Any, step: Any, residual: Any) -> Any:
    if _is(block, DenseBlock):

        def dense(block: Any, j: Any, step: Any, residual: Any) -> Any:
            row = block.rows[j]
            for i in range(row.shape[0]):
                residual[i] -= step * row[i]

        return dense
    if _is(block, SparseBlock):

        def compressed(block: Any, j: Any, step: Any, residual: Any) -> Any:
            scaled = step / block.scale[j]
            for t in range(block.indptr[j], block.indptr[j + 1]):
                residual[block.indices[t]] -= scaled * np.float64(block.data[t])
            residual[-1] += scaled * block.offset[j]

        return compressed
    return None


def _is(block: Any, kind: type) -> bool:
    named = isinstance(block, (types.NamedTuple, types.NamedUniTuple))
    return named and block.instance_class is kind
