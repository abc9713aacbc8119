"""Whether rows are held in memory or read chunk by chunk, by the type of X."""

from typing import Any

import numpy as np

from regkit.rows.row_chunks import RowChunks
from regkit.rows.sources import RowSource, is_dask
from regkit.rows.streamed import StreamedRows

# A memory map smaller than this (256 MB) is an array like any other.
_LARGE_MAP = 1 << 28


def as_source(X: Any) -> RowSource | None:
    """Return X as rows that are read in chunks, None where it is data in memory."""
    if type(X) is np.ndarray:
        return None
    if is_dask(X):
        # Dask is optional, and its import takes seconds.
        from regkit.rows.dask_rows import DaskRows

        return DaskRows(X)
    if isinstance(X, np.memmap) and X.ndim == 2 and X.nbytes >= _LARGE_MAP:
        X = RowChunks(X)
    return StreamedRows(X) if isinstance(X, RowChunks) else None
