"""Files that hold a table: delimited text, Excel, Parquet, JSON, packed or piped."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import json
import lzma
import re
import sys
import zipfile
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from regkit.tables._delimited import check_header, find_header, read_delimited
from regkit.tables._frames import RawColumn, from_objects, raw_columns, to_text
from regkit.tables._needs import require
from regkit.tables._sentences import TableError, name_list, unknown_column

_UNPACKERS = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\x00": lzma.decompress,
}
_MARKS = {  # the first that fits: UTF-16's begins UTF-32's
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_GUESSED = {"cp1252": "Windows-1252", "latin-1": "Latin-1"}
_FOREIGN = re.compile(r"\w*[^\x00-\x7f][\w\x80-\xff]*")


@dataclass(frozen=True, eq=False)
class FileTable:
    """A table as a file holds it; `TableEncoder` takes it as it takes a frame.

    Attributes
    ----------
    raw_columns : list of RawColumn
        Names and cells.
    source : str
        Name of the file.
    lines : list of int or None
        The line of the file on which each row ends; None for files without lines.
    notes : list of str
        What was left out above the table.
    """

    raw_columns: list[RawColumn]
    source: str
    lines: list[int] | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [column.name for column in self.raw_columns]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.raw_columns[0].values)

    def place(self, row: int) -> str:
        """Say where a row stands: ``"on line 7"``."""
        return (
            f"in row {row + 1}" if self.lines is None else f"on line {self.lines[row]}"
        )

    def require_column(self, name: str) -> None:
        """Raise TableError, with the names that are close, when there is no column."""
        if name not in self.names:
            raise TableError(unknown_column(name, self.names, self.source))

    def to_frame(self) -> Any:
        """Return the table as a pandas data frame; cells of text as they stand."""
        pandas = require("pandas", "a data frame")
        return pandas.DataFrame({c.name: c.values for c in self.raw_columns})


def read_table(
    path: str | Path, *, encoding: str | None = None, sheet: str | None = None
) -> FileTable:
    r"""Read a file that holds a table with a header line.

    Delimited text (the delimiter and quotes are recognized, as are titles above the
    header and Excel's ``sep=;``), Excel and OpenDocument sheets, Parquet, Feather, JSON
    lines and JSON records; each also packed by gzip, bzip2, xz or zip.

    Parameters
    ----------
    path : str or Path
        The file, ``"-"`` for standard input.
    encoding : str, default=None
        Encoding of text; by default UTF-8, UTF-16 with its mark, else Windows-1252.
    sheet : str, default=None
        Name of the sheet of a workbook; by default the first.

    Returns
    -------
    table : FileTable
        Cells as they stand: `TableEncoder` reads them, ``table.to_frame()`` gives a
        data frame.

    Raises
    ------
    TableError
        With one sentence: no such file, no table, rows of different lengths.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from regkit import TableEncoder, read_table
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "houses.csv")
    ...     _ = path.write_text("area;town\n1.850,5;north\n950,25;south\n")
    ...     table = read_table(path)
    >>> TableEncoder().fit_transform(table)
    array([[1.8505e+03, 0.0000e+00],
           [9.5025e+02, 1.0000e+00]])
    """
    source = "standard input" if str(path) == "-" else str(path)
    raw = _unpack(_read_bytes(path), source)
    if not raw.strip():
        raise TableError(f"{source} is empty")
    if raw.startswith(b"PAR1"):
        return _read_arrow(raw, source, "pyarrow.parquet")
    if raw.startswith(b"ARROW1"):
        return _read_arrow(raw, source, "pyarrow.feather")
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _read_workbook(raw, source, sheet)
    text, guessed = _decode(raw, source, encoding)
    if text.lstrip()[:1] in ("{", "["):
        return _read_json(text, source)
    found = read_delimited(text, source)
    columns = [
        RawColumn(name, "text", cells)
        for name, cells in zip(found.names, found.columns, strict=True)
    ]
    return FileTable(columns, source, found.lines, [*guessed, *found.notes])


def _read_bytes(path: str | Path) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise TableError(f"cannot read {path}: {reason}") from None


def _unpack(raw: bytes, source: str) -> bytes:
    for mark, unpack in _UNPACKERS.items():
        if raw.startswith(mark):
            try:
                return unpack(raw)
            except (OSError, EOFError, lzma.LZMAError) as error:
                raise TableError(f"{source} cannot be unpacked: {error}") from None
    if raw.startswith(b"\x28\xb5\x2f\xfd"):
        raise TableError(f"{source} is packed by zstd: unpack it first")
    if raw.startswith(b"PK\x03\x04"):
        return _unzip(raw, source)
    return raw


def _unzip(raw: bytes, source: str) -> bytes:
    """Return the only file of an archive; a workbook, an archive too, stays packed."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = [n for n in archive.namelist() if not n.endswith("/")]
            if "[Content_Types].xml" in names or "mimetype" in names:
                return raw
            names = [name for name in names if not name.startswith("__MACOSX")]
            if len(names) != 1:
                raise TableError(
                    f"{source} holds {len(names)} files: unpack it and pass one"
                )
            return archive.read(names[0])
    except zipfile.BadZipFile as error:
        raise TableError(f"{source} cannot be unpacked: {error}") from None


def _decode(raw: bytes, source: str, encoding: str | None) -> tuple[str, list[str]]:
    """Return the text, and a note where its encoding is a guess."""
    marked = next((name for mark, name in _MARKS.items() if raw.startswith(mark)), None)
    if encoding is None and marked is None and b"\0" in raw[:4096]:
        raise TableError(f"{source} is not a text file: save the table as CSV")
    guesses = [marked] if marked else ["utf-8-sig", "cp1252", "latin-1"]
    for guess in [encoding] if encoding else guesses:
        try:
            text = raw.decode(guess)
        except LookupError:
            raise TableError(f"there is no encoding {encoding!r}") from None
        except UnicodeDecodeError:
            continue
        if encoding or guess not in _GUESSED:
            return text, []
        shown = _FOREIGN.search(text)
        return text, [
            f"{source} is not in UTF-8: read as {_GUESSED[guess]}, which shows "
            f"{shown[0][:40] if shown else ''!r} (the option `encoding` names another)"
        ]
    raise TableError(f"{source} is not text in {encoding or str(marked).upper()}")


def _read_arrow(raw: bytes, source: str, module: str) -> FileTable:
    pyarrow = require("pyarrow", f"reading {source}")
    try:
        found = import_module(module).read_table(io.BytesIO(raw))
    except (pyarrow.ArrowException, OSError) as error:
        raise TableError(f"{source} cannot be read: {error}") from None
    return FileTable(raw_columns(found)[0], source)


def _read_json(text: str, source: str) -> FileTable:
    """Read JSON lines, a list of records, or an object of columns."""
    try:
        try:
            found = json.loads(text)
        except json.JSONDecodeError:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise TableError(f"{source} is no JSON table: {error}") from None
    if isinstance(found, dict) and all(isinstance(v, list) for v in found.values()):
        columns = found
    else:
        records = [found] if isinstance(found, dict) else found
        if not all(isinstance(record, dict) for record in records):
            raise TableError(f"{source} is no JSON table: it must hold records")
        names = dict.fromkeys(name for record in records for name in record)
        columns = {n: [record.get(n) for record in records] for n in names}
    if len({len(values) for values in columns.values()}) != 1:
        raise TableError(f"{source} is no JSON table: its columns differ in length")
    return FileTable([from_objects(n, values) for n, values in columns.items()], source)


def _read_workbook(raw: bytes, source: str, sheet: str | None) -> FileTable:
    calamine = require("python_calamine", f"reading {source}")
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(raw))
        names = list(book.sheet_names)
        if sheet is not None and sheet not in names:
            raise TableError(
                f"{source} has no sheet {sheet!r}; its sheets are {name_list(names)}"
            )
        chosen = names[0] if sheet is None else sheet
        rows = book.get_sheet_by_name(chosen).to_python(skip_empty_area=False)
    except calamine.CalamineError as error:
        raise TableError(f"{source} is no workbook: {error}") from None
    texts = [to_text(row) for row in rows]
    kept = [k for k, text in enumerate(texts) if any(text)]
    filled = [max(j for j, cell in enumerate(texts[k]) if cell) + 1 for k in kept]
    if not kept:
        raise TableError(f"the sheet {chosen!r} of {source} is empty")
    start = find_header(
        filled, [texts[k][:n] for k, n in zip(kept, filled, strict=True)]
    )
    width = max(filled[start:])
    header = check_header(texts[kept[start]][:width], source)
    body = kept[start + 1 :]
    if not body:
        raise TableError(f"{source} has no rows below its header line")
    columns = [
        from_objects(name, [_none_if_blank(rows[k][j]) for k in body])
        for j, name in enumerate(header)
    ]
    notes = []
    if sheet is None and len(names) > 1:
        notes.append(
            f"the first of {len(names)} sheets of {source} is read, {chosen!r} "
            f"(`--sheet {names[1]}` reads the next)"
        )
    return FileTable(columns, source, [k + 1 for k in body], notes)


def _none_if_blank(cell: Any) -> Any:
    return None if isinstance(cell, str) and not cell.strip() else cell
