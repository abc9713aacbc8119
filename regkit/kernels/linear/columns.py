"""One column of a block: its product with a residual, and its subtraction from it.

A coordinate-descent kernel written on `product` and `subtract` compiles for dense and
sparse columns alike; which ones they are is decided when Numba sees whether ``indices``
is an array or None. Where Numba compiles nothing, the two are plain functions
that look at it themselves.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.kernels._jit import inlined, summing_kernel
from regkit.kernels.linear.sparse import stored_dot


class ColumnBlock(NamedTuple):
    """Columns over their scales, side by side; the residual is kept uncentered.

    With t = y - X b, stored in ``residual[:n]``, and the one number o = Σ_j m_j b_j in
    ``residual[n]``, the residual of row i before weighting is t_i + o. Its weighted sum
    is zero when columns and y are centered, so a column's correlation costs its stored
    entries and never n. Dense columns are Z's own: weighted and centered already.

    A loop over columns takes the fields out first: an array taken out of a tuple has
    its references counted, which costs as much as a sparse column does.
    """

    data: NDArray[Any]
    weighted: NDArray[Any]  # data times the weight of its row, over ``weight``
    weight: float
    indices: NDArray[Any] | None  # rows of the entries; None: every row
    indptr: NDArray[Any]
    offset: Floats
    mean: Floats  # Σ weight x, subtracted or not


def product(values: Any, indices: Any, first: Any, last: Any, residual: Any) -> float:
    """Return the product of the column stored from ``first`` to before ``last``."""
    chosen = _product_dense if indices is None else _product_sparse
    return float(chosen(values, indices, first, last, residual))


def subtract(
    values: Any, indices: Any, first: Any, last: Any, step: float, residual: Any
) -> None:
    """Subtract ``step`` times the column from the residual."""
    chosen = _subtract_dense if indices is None else _subtract_sparse
    chosen(values, indices, first, last, step, residual)


@summing_kernel
def _dot(row: Floats, residual: Floats) -> float:
    total = 0.0
    for i in range(row.shape[0]):
        total += row[i] * residual[i]
    return total


def _product_dense(values: Any, indices: Any, first: Any, last: Any, r: Any) -> Any:
    return _dot(values[first:last], r)


def _product_sparse(values: Any, indices: Any, first: Any, last: Any, r: Any) -> Any:
    return stored_dot(values, indices, first, last, r)


def _subtract_dense(
    values: Any, indices: Any, first: Any, last: Any, step: Any, residual: Any
) -> Any:
    row = values[first:last]
    for i in range(row.shape[0]):
        residual[i] -= step * row[i]


def _subtract_sparse(
    values: Any, indices: Any, first: Any, last: Any, step: Any, residual: Any
) -> Any:
    for t in range(first, last):
        residual[indices[t]] -= step * np.float64(values[t])


@inlined(product)
def _typed_product(values: Any, indices: Any, first: Any, last: Any, r: Any) -> Any:
    return _product_dense if indices is types.none else _product_sparse


@inlined(subtract)
def _typed_subtract(
    values: Any, indices: Any, first: Any, last: Any, step: Any, residual: Any
) -> Any:
    return _subtract_dense if indices is types.none else _subtract_sparse
