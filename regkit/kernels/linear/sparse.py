"""Passes over compressed sparse columns, centered without being densified."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.kernels._jit import kernel, summing_kernel, summing_part

# Below this weight of a column's zeros it is summed up, not subtracted from 1.
_LITTLE = 1e-3


@summing_part
def _absent_weight(stored: NDArray[Any], weight: Floats) -> float:
    """Return the weight of the rows that are not among ``stored``, ascending."""
    absent = 0.0
    row = np.int64(0)
    for place in stored:
        while row < place:
            absent += weight[row]
            row += 1
        row += 1
    while row < weight.shape[0]:
        absent += weight[row]
        row += 1
    return absent


@summing_kernel
def moments(
    data: NDArray[Any], indices: NDArray[Any], indptr: NDArray[Any], weight: Floats
) -> tuple[Floats, Floats]:
    """Return each column's weighted mean and variance (weights sum to one)."""
    p = indptr.shape[0] - 1
    mean = np.empty(p)
    variance = np.empty(p)
    for j in range(p):
        center = 0.0
        stored = 0.0
        for t in range(indptr[j], indptr[j + 1]):
            w = weight[indices[t]]
            stored += w
            center += w * np.float64(data[t])
        # The weight of the zeros. Where little is left of 1, the difference is
        # rounding: a variance of 1e-16 would pass for a scale of 1e-8.
        unstored = 1.0 - stored
        if unstored < _LITTLE:
            unstored = _absent_weight(indices[indptr[j] : indptr[j + 1]], weight)
        shift = -unstored * center
        square = unstored * center * center
        for t in range(indptr[j], indptr[j + 1]):
            w = weight[indices[t]]
            distance = np.float64(data[t]) - center
            shift += w * distance
            square += w * distance * distance
        mean[j] = center + shift
        left = square - shift * shift
        variance[j] = 0.0 if left < 0.0 else left  # NaN where squares overflow
    return mean, variance


@summing_kernel
def absolute_sums(
    data: NDArray[Any], indices: NDArray[Any], indptr: NDArray[Any]
) -> Floats:
    """Return each column's sum of absolute stored entries."""
    p = indptr.shape[0] - 1
    sums = np.zeros(p)
    for j in range(p):
        for t in range(indptr[j], indptr[j + 1]):
            sums[j] += abs(np.float64(data[t]))
    return sums


@kernel
def stored_dot(
    values: NDArray[Any], rows: NDArray[Any], first: int, last: int, dense: Floats
) -> float:
    """Return Σ_t values_t dense[rows_t] for t from ``first`` to before ``last``.

    Four sums by hand: left to itself, the compiler gathers with vector instructions,
    which are slower than plain loads here, more so next to scattered stores.
    """
    s0 = s1 = s2 = s3 = 0.0
    whole = last - (last - first) % 4
    for t in range(first, whole, 4):
        s0 += np.float64(values[t]) * dense[rows[t]]
        s1 += np.float64(values[t + 1]) * dense[rows[t + 1]]
        s2 += np.float64(values[t + 2]) * dense[rows[t + 2]]
        s3 += np.float64(values[t + 3]) * dense[rows[t + 3]]
    for t in range(whole, last):
        s0 += np.float64(values[t]) * dense[rows[t]]
    return (s0 + s1) + (s2 + s3)


@kernel
def correlate(
    data: NDArray[Any],
    indices: NDArray[Any],
    indptr: NDArray[Any],
    columns: Indices,
    offset: Floats,
    weight: Floats,
) -> Floats:
    """Return Σ_i weight_i (x_ij - offset_j) for each j of ``columns``.

    The sum of the weights is next to zero where they are a centered residual's.
    """
    out = np.empty(columns.shape[0])
    total = 0.0
    for i in range(weight.shape[0]):
        total += weight[i]
    for c in range(columns.shape[0]):
        j = columns[c]
        product = stored_dot(data, indices, indptr[j], indptr[j + 1], weight)
        out[c] = product - offset[j] * total
    return out


@summing_kernel
def correlate_together(
    data: NDArray[Any],
    indices: NDArray[Any],
    indptr: NDArray[Any],
    columns: Indices,
    weights: Floats,
) -> Floats:
    """Return Σ_i x_ij weights_ir for j of ``columns`` and every column r.

    The number of columns of ``weights`` is a multiple of 3; an entry's row of them is
    next to each other, and fetched once for three sums.
    """
    out = np.empty((columns.shape[0], weights.shape[1]))
    for c in range(columns.shape[0]):
        first, last = indptr[columns[c]], indptr[columns[c] + 1]
        for r in range(0, weights.shape[1], 3):
            s0 = s1 = s2 = 0.0
            for t in range(first, last):
                row = weights[indices[t]]
                value = np.float64(data[t])
                s0 += value * row[r]
                s1 += value * row[r + 1]
                s2 += value * row[r + 2]
            out[c, r], out[c, r + 1], out[c, r + 2] = s0, s1, s2
    return out


@kernel
def combine(
    data: NDArray[Any],
    indices: NDArray[Any],
    indptr: NDArray[Any],
    columns: Indices,
    coef: Floats,
    n_rows: int,
) -> Floats:
    """Return ``X[:, columns] @ coef``, columns of coefficient zero skipped."""
    out = np.zeros(n_rows)
    for c in range(columns.shape[0]):
        value = coef[c]
        if value == 0.0:
            continue
        j = columns[c]
        for t in range(indptr[j], indptr[j + 1]):
            out[indices[t]] += value * np.float64(data[t])
    return out


@kernel
def gram_rows(
    column_data: NDArray[Any],
    column_indices: NDArray[Any],
    column_indptr: NDArray[Any],
    row_data: NDArray[Any],
    row_indices: NDArray[Any],
    row_indptr: NDArray[Any],
    weight: Floats,
    columns: Indices,
    position: NDArray[np.int32],
    size: int,
) -> Floats:
    """Return Σ_i weight_i x_ij x_il for j in ``columns`` and l at ``position[l]`` >= 0.

    Walks down each column j (CSC) and along the rows it meets (CSR), so a product is
    formed only where both factors are stored.
    """
    out = np.zeros((columns.shape[0], size))
    for c in range(columns.shape[0]):
        row_out = out[c]
        j = columns[c]
        for t in range(column_indptr[j], column_indptr[j + 1]):
            i = column_indices[t]
            value = weight[i] * np.float64(column_data[t])
            if value == 0.0:  # rows that a fold leaves out
                continue
            for u in range(row_indptr[i], row_indptr[i + 1]):
                at = position[row_indices[u]]
                if at >= 0:
                    row_out[at] += value * np.float64(row_data[u])
    return out


@kernel
def products_by_rows(
    data: NDArray[Any],
    indices: NDArray[Any],
    indptr: NDArray[Any],
    weight: Floats,
    beside: Floats,
    first: int,
    last: int,
    n_columns: int,
    width: int,
) -> Floats:
    """Return Σ_i weight_i x_ij x_il for j from ``first`` to before ``last``.

    X is stored by rows (CSR), ascending, with ``n_columns``. Column j has products with
    itself and with columns behind it alone, zeros before them. Behind those stand
    Σ_i x_ij beside_ic for every column c of ``beside``. Rows of weight zero are left
    out of all.

    Walks along the rows: a row's entries meet those behind them, one after the other
    in memory. What that is added to is ``width`` columns' sums at a time, which stay in
    the cache.
    """
    n, m = beside.shape
    out = np.zeros((last - first, n_columns + m))
    reached = np.empty(n, dtype=np.int64)
    for i in range(n):
        t = np.int64(indptr[i])
        while t < indptr[i + 1] and np.int64(indices[t]) < first:
            t += 1
        reached[i] = t if weight[i] != 0.0 else np.int64(indptr[i + 1])
    for start in range(first, last, width):
        stop = start + width if start + width < last else last
        for i in range(n):
            t, end = reached[i], np.int64(indptr[i + 1])
            while t < end and np.int64(indices[t]) < stop:
                sums = out[np.int64(indices[t]) - first]
                value = weight[i] * np.float64(data[t])
                for u in range(t, end):
                    sums[indices[u]] += value * np.float64(data[u])
                for c in range(m):
                    sums[n_columns + c] += np.float64(data[t]) * beside[i, c]
                t += 1
            reached[i] = t
    return out
