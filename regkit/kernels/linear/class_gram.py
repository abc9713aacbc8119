"""Rows of the Gram matrix of columns of several classes.

Entry e is column ``places[e]`` of X for class ``classes[e]``, with a coefficient of its
own. Row i weighs the product of entries of classes k and l by ``-share_ik share_il``,
and of two of class k by ``share_ik Σ_(l != k) share_il``.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.kernels._jit import kernel, summing_kernel


class Stored(NamedTuple):
    """A compressed sparse matrix."""

    data: NDArray[Any]
    indices: NDArray[Any]
    indptr: NDArray[Any]


@summing_kernel
def dense_rows(
    rows: Floats, classes: Indices, places: Indices, share: Floats, first: int
) -> tuple[Floats, Floats]:
    """Return the rows of the entries from ``first`` on, and their sums by class.

    ``rows`` are X's columns; ``share`` has a row per class.
    """
    n_classes, n = share.shape
    size = classes.shape[0]
    n_new = size - first
    gram, sums = np.empty((n_new, size)), np.empty((n_new, n_classes))
    weighted = np.empty((n_new, n))
    others = np.zeros((n_new, n))
    for a in range(n_new):
        for m in range(n_classes):
            if m != classes[first + a]:
                for i in range(n):
                    others[a, i] += share[m, i]
    for m in range(n_classes):
        for a in range(n_new):
            k, to = classes[first + a], weighted[a]
            column, of_class = rows[places[first + a]], share[k]
            by, sign = (others[a], 1.0) if k == m else (share[m], -1.0)
            total = 0.0
            for i in range(n):
                to[i] = sign * column[i] * of_class[i] * by[i]
                total += to[i]
            sums[a, m] = total
        for b in range(size):
            if classes[b] == m:
                column = rows[places[b]]
                for a in range(n_new):
                    other, total = weighted[a], 0.0
                    for i in range(n):
                        total += other[i] * column[i]
                    gram[a, b] = total
    return gram, sums


@kernel
def sparse_rows(
    columns: Stored,
    rows: Stored,
    bounds: Indices,
    entries: Indices,
    classes: Indices,
    places: Indices,
    share: Floats,
    first: int,
) -> tuple[Floats, Floats]:
    """Return the rows of the entries from ``first`` on, and their sums by class.

    X comes as CSC and as CSR; those of its column j are
    ``entries[bounds[j] : bounds[j + 1]]``. ``share`` has a row per row of X.
    """
    data, indices, indptr = columns
    row_data, row_indices, row_indptr = rows
    n_new, n_classes = classes.shape[0] - first, share.shape[1]
    gram, sums = np.zeros((n_new, classes.shape[0])), np.zeros((n_new, n_classes))
    for a in range(n_new):
        j, k = places[first + a], classes[first + a]
        to, total = gram[a], sums[a]
        for t in range(indptr[j], indptr[j + 1]):
            i = indices[t]
            of_row = share[i]
            apart = -np.float64(data[t]) * of_row[k]
            others = 0.0
            for m in range(n_classes):
                if m != k:
                    others += of_row[m]
                    total[m] += apart * of_row[m]
            alike = -apart * others
            total[k] += alike
            for u in range(row_indptr[i], row_indptr[i + 1]):
                other, column = np.float64(row_data[u]), row_indices[u]
                for v in range(bounds[column], bounds[column + 1]):
                    b = entries[v]
                    m = classes[b]
                    to[b] += other * (alike if m == k else apart * of_row[m])
    return gram, sums
