"""How a sparse X is kept: by columns, by rows, and with some columns centered."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Storage:
    """X by columns and, where that is asked for, by rows."""

    def __init__(self, X: Any) -> None:
        if not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        self._given = X
        self.by_columns = X.tocsc()

    @cached_property
    def by_rows(self) -> Any:
        return self._given.tocsr()


def with_stored(X: Any, columns: NDArray[np.bool_], rows: NDArray[np.bool_]) -> Any:
    """Return a float64 copy of a CSC X that stores these columns' zeros in ``rows``."""
    X = X.astype(np.float64, copy=True)
    counts = np.diff(X.indptr)
    lacking = np.flatnonzero(columns & (counts < X.shape[0]))
    if not len(lacking):
        return X
    values, indices, lengths = [], [], counts.copy()
    for j in range(X.shape[1]):
        stored = slice(X.indptr[j], X.indptr[j + 1])
        values.append(X.data[stored])
        indices.append(X.indices[stored])
        if columns[j]:
            absent = rows.copy()
            absent[X.indices[stored]] = False
            added = np.flatnonzero(absent)
            values.append(np.zeros(len(added)))
            indices.append(added.astype(X.indices.dtype))
            lengths[j] += len(added)
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(X.indptr.dtype)
    filled = (np.concatenate(values), np.concatenate(indices), indptr)
    return type(X)(filled, shape=X.shape)
