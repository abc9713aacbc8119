"""Read a CSV file into columns of text, with an error that says what to do."""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

Cells = tuple[str, ...]

# What pandas reads as missing, lower-cased, and the question mark of the UCI files.
MISSING = frozenset(
    ("", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "-nan", "?", ".")
)

_DELIMITERS = (",", ";", "\t", "|")
_NUMBER = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?")


class TableError(ValueError):
    """A table cannot be used; the message is one sentence with the remedy."""


def read_columns(path: Path) -> tuple[dict[str, Cells], list[int]]:
    """Read a delimited text file with a header line.

    Returns
    -------
    columns : dict of str to tuple of str
        Cells of each column, stripped of blanks.
    lines : list of int
        The line of the file on which each row ends.

    Raises
    ------
    TableError
        No such file, no text, no header, a row of another length, a repeated name.
    """
    text = _read_text(path)
    delimiter = _find_delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append([cell.strip() for cell in row])
                lines.append(reader.line_num)
    except csv.Error as error:
        raise TableError(f"{path}, line {reader.line_num}: {error}") from None
    if len(rows) < 2:
        raise TableError(f"{path} has no rows below its header line")
    header = [name or f"column {k}" for k, name in enumerate(rows.pop(0), start=1)]
    del lines[0]
    _check_header(header, path)
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(header):
            raise TableError(
                f"{path}, line {line}: {len(row)} fields where the header has "
                f"{len(header)}"
            )
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    if delimiter == ";":
        columns = {name: _decimal_points(cells) for name, cells in columns.items()}
    return columns, lines


def _check_header(header: Sequence[str], path: Path) -> None:
    if len(header) < 2:
        raise TableError(
            f"{path} has a single column, {header[0]!r}: separate columns by "
            "commas, semicolons, tabs or bars"
        )
    if all(_NUMBER.fullmatch(name) for name in header):
        raise TableError(
            f"the first line of {path} holds numbers: put a line with the column "
            "names above them"
        )
    repeated = [name for name in header if header.count(name) > 1]
    if repeated:
        raise TableError(
            f"{path} has more than one column named {repeated[0]!r}: rename one"
        )


def _decimal_points(cells: Cells) -> Cells:
    """Turn 1,5 into 1.5 in a column of such numbers.

    Only files separated by semicolons write numbers so; elsewhere a comma inside a
    cell may well separate thousands, and is left to be refused.
    """
    if all(cell.lower() in MISSING or _NUMBER.fullmatch(cell) for cell in cells):
        return tuple(cell.replace(",", ".") for cell in cells)
    return cells


def _read_text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise TableError(f"cannot read {path}: {reason}") from None
    if b"\0" in raw[:4096] and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise TableError(f"{path} is not a text file: save the table as CSV")
    if not raw.strip():
        raise TableError(f"{path} is empty")
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        if encoding == "utf-16" and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            continue
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableError(f"{path} is not UTF-8 text: save the table as CSV in UTF-8")


def _find_delimiter(text: str) -> str:
    """Return the delimiter that splits the header into the most fields."""
    header = next(line for line in text.splitlines() if line.strip())
    return max(_DELIMITERS, key=lambda d: len(next(csv.reader([header], delimiter=d))))
