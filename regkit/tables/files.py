"""Files that hold a table: delimited text, Excel, Parquet, JSON, packed or piped."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
import sys
import zipfile
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from regkit.tables._delimited import check_header, read_delimited
from regkit.tables._frames import RawColumn, from_objects, raw_columns, to_text
from regkit.tables._json import json_columns
from regkit.tables._layout import find_table
from regkit.tables._needs import require
from regkit.tables._sentences import TableError, name_list, quote, unknown_column

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
_CALLED = {"cp1252": "Windows-1252", "latin-1": "Latin-1"}
# Not those of DOS and old Macs, for which a few accents are often mistaken.
_SAVED = re.compile(r"windows-12|iso-8859-|koi8|cp9|shift|euc|gb|big5|johab|tis")
# Signs between letters, or before them, as in no word.
_ODD = re.compile(
    r"[^\W\d_][\xa1-\xb6\xb8-\xbf][^\W\d_]"
    r"|(?<!\w)[\xa3\xa5\xa6\xa9\xac\xae\xaf\xb1-\xb6\xb8\xb9\xbc-\xbe][^\W\d_]{2}"
)
_SAMPLE = 1 << 16
# What the endings of names stand for.
_PROMISED = {
    ".xlsx": "an Excel workbook",
    ".xlsm": "an Excel workbook",
    ".xlsb": "an Excel workbook",
    ".xls": "an Excel workbook",
    ".ods": "an OpenDocument workbook",
    ".parquet": "a Parquet file",
    ".feather": "a Feather file",
    ".arrow": "an Arrow file",
}
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
        """Say where a row is: ``"on line 7"``."""
        return (
            f"in row {row + 1}" if self.lines is None else f"on line {self.lines[row]}"
        )

    def require_column(self, name: str) -> None:
        """Raise TableError, with the names that are close, when there is no column."""
        if name not in self.names:
            raise TableError(unknown_column(name, self.names, self.source))

    def to_frame(self) -> Any:
        """Return the table as a pandas data frame; cells of text as they are."""
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
        Encoding of text; by default UTF-8 or UTF-16, else what `chardet` finds or
        Windows-1252, which a note says.
    sheet : str, default=None
        Name of the sheet of a workbook; by default the first that holds a table.

    Returns
    -------
    table : FileTable
        Cells as they are written: `TableEncoder` reads them, ``table.to_frame()`` gives
        a data frame.

    Raises
    ------
    TableError
        With one sentence: no such file, no table, rows of different lengths, ``sheet``
        of what is no workbook, ``encoding`` of what is not text.

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
    is_workbook = raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"))
    if sheet is not None and not is_workbook:
        raise TableError(f"{source} is no workbook, and has no sheet {sheet!r}")
    is_arrow = raw.startswith((b"PAR1", b"ARROW1"))
    if encoding is not None and (is_workbook or is_arrow):
        raise TableError(f"{source} is not text, and has no encoding {encoding!r}")
    if is_workbook:
        return _read_workbook(raw, source, sheet)
    if is_arrow:
        kind = "parquet" if raw.startswith(b"PAR1") else "feather"
        return _read_arrow(raw, source, f"pyarrow.{kind}")
    try:
        return _read_text(raw, source, encoding)
    except TableError as error:
        promised = _PROMISED.get(Path(source).suffix.lower())
        if promised is None:
            raise
        raise TableError(
            f"{error} (the name says {promised}, which the file is not)"
        ) from None


def _read_text(raw: bytes, source: str, encoding: str | None) -> FileTable:
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
                return _unpack(unpack(raw), source)
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
        marked = _utf16_without_mark(raw)
        if marked is None:
            raise TableError(f"{source} is not a text file: save the table as CSV")
    guesses = [marked] if marked else ["utf-8-sig", *_guess(raw), "cp1252", "latin-1"]
    for guess in [encoding] if encoding else guesses:
        try:
            text = raw.decode(guess)
        except LookupError:
            raise TableError(f"there is no encoding {encoding!r}") from None
        except UnicodeDecodeError:
            continue
        text = text.rstrip("\x1a")  # the end of a file in DOS
        if encoding or marked or guess == "utf-8-sig":
            return text, []
        found = _FOREIGN.search(text)
        shown = found[0][:40] if found else ""
        return text, [
            f"{source} is not in UTF-8: read as {_CALLED.get(guess, guess)}, which "
            f"shows {shown!r} (`--encoding`, or `encoding=` in Python, names another)"
        ]
    raise TableError(f"{source} is not text in {encoding or str(marked).upper()}")


def _utf16_without_mark(raw: bytes) -> str | None:
    """Tell UTF-16 by its lines, which only one order of its bytes has."""
    for guess in ("utf-16-le", "utf-16-be"):
        text = raw[: 4096 & ~1].decode(guess, errors="replace")
        if "\n" in text and "\0" not in text and "\ufffd" not in text[:-1]:
            return guess
    return None


def _guess(raw: bytes) -> list[str]:
    """Ask chardet for the encoding, and believe it where Windows-1252 is no rival.

    Most files that are not in UTF-8 are in Windows-1252, and with few accents chardet
    mistakes one encoding for another. Other Latin letters need a sign within a word, as
    Windows-1252 would show there; letters of other scripts must stand side by side.
    """
    if raw.isascii() or find_spec("chardet") is None:
        return []
    import chardet

    sample = raw[:_SAMPLE]
    name = str(chardet.detect(sample)["encoding"] or "")
    if not _SAVED.match(name.casefold()):
        return []
    foreign = re.findall(r"[^\x00-\x7f]+", sample.decode(name, errors="ignore"))
    latin = all(c < "\u0370" for run in foreign for c in run)
    if latin:
        believed = _ODD.search(sample.decode("cp1252", errors="ignore")) is not None
    else:
        believed = 2 * sum(map(len, foreign)) >= 3 * len(foreign)
    return [name] if believed else []


def _read_arrow(raw: bytes, source: str, module: str) -> FileTable:
    pyarrow = require("pyarrow", f"reading {source}")
    try:
        found = import_module(module).read_table(io.BytesIO(raw))
    except (pyarrow.ArrowException, OSError) as error:
        raise TableError(f"{source} cannot be read: {error}") from None
    return FileTable(raw_columns(found)[0], source)


def _read_json(text: str, source: str) -> FileTable:
    columns = json_columns(text, source)
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
        sheets = {
            name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for name in (names if sheet is None else [sheet])
        }
    except calamine.CalamineError as error:
        raise TableError(f"{source} is no workbook: {error}") from None
    chosen = next((n for n in sheets if _holds_table(sheets[n])), next(iter(sheets)))
    table = _read_sheet(sheets[chosen], f"the sheet {chosen!r} of {source}")
    if sheet is None and len(names) > 1:
        other = next(name for name in names if name != chosen)
        table.notes.insert(
            0,
            f"of {len(names)} sheets of {source}, {chosen!r} is read (`--sheet "
            f"{quote(other)}`, or `sheet={other!r}` in Python, reads another)",
        )
    return replace(table, source=source)


def _holds_table(rows: list[list[Any]]) -> bool:
    """Whether a sheet has two columns and two rows, unlike one of remarks."""
    return sum(sum(map(bool, to_text(row))) > 1 for row in rows[:1000]) > 1


def _read_sheet(rows: list[list[Any]], source: str) -> FileTable:
    texts = [to_text(row) for row in rows]
    kept = [k for k, text in enumerate(texts) if any(text)]
    if not kept:
        raise TableError(f"{source} is empty")
    # Cells count from the first column that holds anything.
    left = min(next(j for j, cell in enumerate(texts[k]) if cell) for k in kept)
    ends = [max(j for j, cell in enumerate(texts[k]) if cell) + 1 for k in kept]
    right = max(ends)
    found = find_table(
        [texts[k][left:right] for k in kept],
        [end - left for end in ends],
        lambda at: f"row {kept[at] + 1}",
        source,
    )
    if not found.body:
        raise TableError(f"{source} has no rows below its header line")
    right = left + max(ends[at] - left for at in [*found.body, found.header])
    header = check_header(found.names[: right - left], source)
    body = [kept[at] for at in found.body]
    columns = [
        from_objects(name, [_none_if_blank(rows[k][j]) for k in body])
        for j, name in enumerate(header, start=left)
    ]
    return FileTable(columns, source, [k + 1 for k in body], found.notes)


def _none_if_blank(cell: Any) -> Any:
    return None if isinstance(cell, str) and not cell.strip() else cell
