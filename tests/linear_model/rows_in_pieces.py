"""Rows that are read in pieces, and the forms that pieces come in."""

import string
from itertools import pairwise

import numpy as np
import pandas as pd
import scipy.sparse as sp

from regkit import RowChunks

N = 530
SLICES = [slice(a, b) for a, b in [(0, 1), (1, 90), (90, 400), (400, N)]]
BLOCKS = (1, 199, 0, 300, 30)


def draw_rows(n_columns):
    """Return columns far from zero that depend on each other, and the generator."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, n_columns))
    X = X @ rng.standard_normal((n_columns, n_columns)) + 10.0
    X[:, 4] *= rng.random(N) < 0.2
    return X, rng


def frame_of(X):
    """Name the columns by letters."""
    return pd.DataFrame(X, columns=list(string.ascii_lowercase[: X.shape[1]]))


def chunked_forms(X, y, weight):
    """Yield a name, chunks, and what of y and weight does not come with them."""
    frame = frame_of(X)
    yield "array", RowChunks(X, chunk_rows=77), y, weight
    yield "csr", RowChunks(sp.csr_array(X), chunk_rows=100), y, weight
    mixed = [sp.csc_array(X[s]) if s.start else X[s] for s in SLICES]
    yield "mixed", RowChunks(mixed), y, weight
    threes = RowChunks(lambda: ((X[s], y[s], weight[s]) for s in SLICES))
    yield "threes", threes, None, None
    yield "frames", RowChunks(lambda: (frame[s] for s in SLICES)), y, weight


def sparse_dask_array(X, sizes=BLOCKS):
    """Blocks of rows, in Compressed Sparse Row form; those without rows left out."""
    import dask  # optional, as tests that use it say
    import dask.array as da

    empty = sp.csr_array((0, 0))
    blocks = [
        da.from_delayed(
            dask.delayed(sp.csr_array)(X[a:b]), (b - a, X.shape[1]), meta=empty
        )
        for a, b in pairwise(np.cumsum((0, *sizes)))
        if b > a
    ]
    return da.concatenate(blocks)
