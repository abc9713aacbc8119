"""Tables as users have them: files read into frames, frames encoded into numbers."""

from regkit.tables._sentences import CellError, Note, TableError
from regkit.tables.encoder import TableEncoder
from regkit.tables.files import FileTable, read_table
from regkit.tables.reading import ColumnReading, TypedTable
from regkit.tables.report import ColumnReport
from regkit.tables.target import Target

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
