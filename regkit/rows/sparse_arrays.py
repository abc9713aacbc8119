"""Sparse matrices brought to the form that compiled code reads without looking.

SciPy's own conversions and products are compiled code too: byte order and indices are
checked before the first of them.
"""

from copy import copy
from typing import Any

import numpy as np

_INDICES = ("indices", "indptr", "offsets", "row", "col")


def native_sparse(X: Any) -> Any:
    """Return a sparse matrix of the same entries in the machine's byte order.

    Parameters
    ----------
    X : sparse matrix or array
        In any of SciPy's formats; not written to.

    Returns
    -------
    X : sparse matrix or array
        ``X`` itself where its arrays can be used as they are.

    Raises
    ------
    ValueError
        When the coordinates of a COO matrix are outside of its shape.
    """
    arrays = {name: getattr(X, name, None) for name in ("data", *_INDICES)}
    foreign = {
        name: np.require(array, array.dtype.newbyteorder("="), ("A",))
        for name, array in arrays.items()
        if isinstance(array, np.ndarray)
        and not (array.dtype.isnative and array.flags.aligned)
        and array.dtype.kind in "biuf"
    }
    if foreign:
        X = copy(X)
        for name, array in foreign.items():
            setattr(X, name, array)
    if X.format == "coo" and X.nnz:
        for axis, places in enumerate((X.row, X.col)):
            if places.min() < 0 or places.max() >= X.shape[axis]:
                raise ValueError(
                    "X is a broken COO matrix: its coordinates point outside its "
                    f"shape {X.shape}."
                )
    if X.format in ("csr", "csc", "bsr"):
        _check_indices(X)
    return X


def canonical_sparse(X: Any) -> Any:
    """Return a CSR or CSC matrix with sorted, unique indices of one integer type.

    Parameters
    ----------
    X : sparse matrix or array, CSR or CSC
        As `native_sparse` returns it; not written to.

    Returns
    -------
    X : sparse matrix or array
        ``X`` itself where it is in that form.
    """
    indices, indptr = X.indices, X.indptr
    if indices.dtype != indptr.dtype:
        X = type(X)((X.data, indices, indptr), shape=X.shape, copy=False)
        X.indices = indices.astype(np.int64)
        X.indptr = indptr.astype(np.int64)
    if not X.has_canonical_format:
        X = X.copy()  # summing duplicates works in place, and X is the user's
        X.sum_duplicates()
    return X


def _check_indices(X: Any) -> None:
    """Refuse indices that point outside of the shape, in time proportional to them."""
    indices, indptr = X.indices, X.indptr
    height, width = X.blocksize if X.format == "bsr" else (1, 1)
    shape = X.shape[0] // height, X.shape[1] // width
    n_major, n_minor = shape[::-1] if X.format == "csc" else shape
    if (
        len(indptr) != n_major + 1
        or indptr[0] != 0
        or indptr[-1] != len(indices)
        or len(indices) != len(X.data)
        or np.any(indptr[1:] < indptr[:-1])
        or (len(indices) and (indices.min() < 0 or indices.max() >= n_minor))
    ):
        raise ValueError(
            f"X is a broken {X.format.upper()} matrix: its indices or indptr point "
            f"outside its shape {X.shape}."
        )
