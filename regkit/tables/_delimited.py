"""Delimited text into columns of cells: the dialect by CleverCSV, the cells by `csv`.

Why these two: of forty small files in the dialects that people send each other
(``benchmarks/table_readers.py``), this pair reads the most as they were meant. Sniffers
that come with a data frame take the header's commas for delimiters, read apostrophes
as text, or drop lines in silence.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from typing import NamedTuple

from regkit.tables._sentences import TableError

_SAMPLE = 1 << 16
_NUMBER = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?")
_SEP_LINE = re.compile(r"\"?sep=(.)\"?[;,\t]*\r?(\n|\r)", re.IGNORECASE)


_WORDS = "total totals sum average mean summe gesamt totaal totale somme suma итого"
_TOTALS = frozenset(_WORDS.split()) | {"grand total"}


class Delimited(NamedTuple):
    """What a delimited text holds."""

    names: list[str]
    columns: list[list[str]]
    """Cells of each column, stripped of blanks."""
    lines: list[int]
    """The line on which each row ends."""
    notes: list[str]


class _Dialect(NamedTuple):
    delimiter: str
    quotechar: str
    escapechar: str | None


def read_delimited(text: str, source: str) -> Delimited:
    """Read text with a header line.

    Parameters
    ----------
    text : str
        The whole file.
    source : str
        Its name, for messages.

    Raises
    ------
    TableError
        No rows, no header, rows of different lengths, a name given twice.
    """
    n_skipped = 0
    if found := _SEP_LINE.match(text):
        # Excel's way to name the delimiter.
        text, n_skipped = text[found.end() :], 1
        dialect = _Dialect(found[1], '"', None)
    else:
        dialect = _sniff(text)
    rows, lines = _rows(text, dialect, source)
    lines = [line + n_skipped for line in lines]
    if not rows:
        raise TableError(f"{source} is empty")
    notes: list[str] = []
    start = find_header([len(row) for row in rows], rows)
    if start:
        shown = " ".join(rows[0]).strip()
        notes.append(
            f"{start} {'line' if start == 1 else 'lines'} above the header of {source} "
            f"left out: {shown[:40]!r}"
        )
        rows, lines = rows[start:], lines[start:]
    n_named = len(rows[0])
    rows = _even_out(rows)
    if len(rows[0]) > n_named:
        notes.append(
            f"the rows of {source} have one cell more than its header: the first is "
            "taken for a name of the row"
        )
    if len(rows) > 2 and _is_total(rows[-1]):
        notes.append(
            f"the last line of {source}, {' '.join(filter(None, rows[-1]))[:40]!r}, is "
            "left out"
        )
        del rows[-1], lines[-1]
    header = check_header(rows[0], source, dialect.delimiter)
    if len(rows) < 2:
        raise TableError(f"{source} has no rows below its header line")
    width = len(header)
    for row, line in zip(rows, lines, strict=True):
        if len(row) != width:
            raise TableError(
                f"{source}, line {line}: {len(row)} fields where the header has {width}"
            )
    columns = [list(map(str.strip, cells)) for cells in zip(*rows[1:], strict=True)]
    return Delimited(header, columns, lines[1:], notes)


def _sniff(text: str) -> _Dialect:
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE:
        sample = sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample
    found = None
    if find_spec("clevercsv") is not None:
        import clevercsv

        with suppress(clevercsv.Error):
            found = clevercsv.Sniffer().sniff(sample, verbose=False)
    if found is not None:
        quote = found.quotechar or '"'
        return _Dialect(found.delimiter or ",", quote, found.escapechar or None)
    try:  # without the extra ``tables``: good for plain files
        plain = csv.Sniffer().sniff(sample, ",;\t|")
    except csv.Error:
        return _Dialect(",", '"', None)
    return _Dialect(plain.delimiter, plain.quotechar or '"', None)


def _reader(text: str, dialect: _Dialect) -> Iterator[list[str]]:
    return csv.reader(
        io.StringIO(text, newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quotechar,
        escapechar=dialect.escapechar,
        skipinitialspace=True,
    )


def _rows(
    text: str, dialect: _Dialect, source: str
) -> tuple[list[list[str]], list[int]]:
    """Return the rows that hold anything, and the line on which each ends."""
    reader = _reader(text, dialect)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if any(row) and (len(row[0]) > 0 or "".join(row).strip()):
                rows.append(row)
                lines.append(reader.line_num)  # type: ignore[attr-defined]
    except csv.Error as error:
        line = reader.line_num  # type: ignore[attr-defined]
        raise TableError(f"{source}, line {line}: {error}") from None
    return rows, lines


def find_header(widths: list[int], rows: list[list[str]]) -> int:
    """Return how many rows stand above the header: titles and comments.

    They have fewer cells than the rest of the table, or begin with ``#``.
    """
    usual = Counter(widths[:1000]).most_common(1)[0][0]
    for k, row in enumerate(rows[:20]):
        if row[0].startswith("#") and len(rows) > k + 1 and len(row) != usual:
            continue
        filled = sum(bool(cell.strip()) for cell in row)
        if usual <= 2 or filled >= max(2, min(usual - 1, 0.6 * usual)):
            return k if len(row) >= usual - 1 else 0
    return 0


def _is_total(row: list[str]) -> bool:
    """Tell whether a row sums up the rows above: it says so, and has empty cells."""
    filled = [cell.strip() for cell in row if cell.strip()]
    word = filled[0].casefold().rstrip(": ") if filled else ""
    return word in _TOTALS and len(filled) < len(row)


def _even_out(rows: list[list[str]]) -> list[list[str]]:
    """Mend two habits: a delimiter at the end of all rows, row names without a name."""
    header, rest = rows[0], rows[1:]
    if not rest:
        return rows
    if all(not row[-1].strip() for row in rest):
        if len(rest[0]) == len(header) + 1:
            return [header, *(row[:-1] for row in rest)]
        if not header[-1].strip() and len(rest[0]) == len(header) > 1:
            return [row[:-1] for row in rows]
    elif all(len(row) == len(header) + 1 for row in rest) and (
        # Names of rows differ; equal ones are parts of numbers with decimal commas.
        len({row[0] for row in rest}) == len(rest)
    ):
        return [["", *header], *rest]
    return rows


def check_header(cells: list[str], source: str, delimiter: str = "") -> list[str]:
    """Return the names of the columns.

    Raises
    ------
    TableError
        A single column, numbers in place of names, a name given twice.
    """
    names = [
        " ".join(cell.split()) or f"column {k}" for k, cell in enumerate(cells, start=1)
    ]
    if len(names) < 2:
        raise TableError(
            f"{source} has a single column, {names[0]!r}: separate columns by commas, "
            "semicolons, tabs or bars"
        )
    if all(_NUMBER.fullmatch(name) for name in names):
        raise TableError(
            f"the first line of {source} holds numbers: put a line with the column "
            "names above them"
        )
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise TableError(
            f"{source} has more than one column named {repeated[0]!r}: rename one"
        )
    return names
