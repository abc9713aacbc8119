"""Rows that are not used where they are: how they are read, by the type of X."""

from typing import Any

from regkit.rows.inputs import is_dask, is_in_memory
from regkit.rows.row_chunks import RowChunks
from regkit.rows.sources import RowSource
from regkit.rows.streamed import StreamedRows


def as_source(X: Any) -> RowSource | None:
    """Return X as rows that are read in chunks, None where it is data in memory."""
    if is_in_memory(X):
        return None
    if is_dask(X):
        # Dask is optional, and its import takes seconds.
        from regkit.rows.dask_rows import DaskRows

        return DaskRows(X)
    return StreamedRows(X if isinstance(X, RowChunks) else RowChunks(X))
