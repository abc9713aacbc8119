"""Tables as users have them: files read into frames, frames encoded into numbers."""

from typing import TYPE_CHECKING, Any

from regkit.tables._sentences import CellError, Note, TableError
from regkit.tables.files import FileTable, read_table
from regkit.tables.reading import ColumnReading, TypedTable
from regkit.tables.report import ColumnReport
from regkit.tables.target import Target

if TYPE_CHECKING:
    from regkit.tables.encoder import TableEncoder

__all__ = [
    "CellError",
    "ColumnReading",
    "ColumnReport",
    "FileTable",
    "Note",
    "TableEncoder",
    "TableError",
    "Target",
    "TypedTable",
    "read_table",
]


def __getattr__(name: str) -> Any:
    # Mistakes in a file or a column's name are reported before scikit-learn is loaded.
    if name == "TableEncoder":
        from regkit.tables.encoder import TableEncoder

        return TableEncoder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
