"""Rows as users pass them, checked: held in memory, or read chunk by chunk."""

from regkit.rows.row_chunks import RowChunks

__all__ = ["RowChunks"]
