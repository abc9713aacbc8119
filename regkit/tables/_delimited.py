"""Delimited text into columns of cells: the dialect by CleverCSV, the cells by `csv`.

Why these two: of small files in the dialects that people send each other
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
from unicodedata import normalize

from regkit.tables._layout import find_table
from regkit.tables._sentences import TableError

_SAMPLE = 1 << 16
_NUMBER = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?")
_SEP_LINE = re.compile(r"\"?sep=(.)\"?[;,\t]*\r?(\n|\r)", re.IGNORECASE)


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
    if _ends_in_quotes(text, lines, dialect, n_skipped):
        line = lines[-2] + 1 if len(lines) > 1 else 1
        raise TableError(
            f"{source}, line {line}: a quotation mark is opened and never closed"
        )
    found_rows = find_table(
        rows, [len(row) for row in rows], lambda k: f"line {lines[k]}", source
    )
    notes = found_rows.notes
    lines = [lines[k] for k in found_rows.body]
    n_named = len(found_rows.names)
    rows = _even_out([found_rows.names, *(rows[k] for k in found_rows.body)])
    if len(rows[0]) > n_named:
        notes.append(
            f"the rows of {source} have one cell more than its header: the first is "
            "taken for a name of the row"
        )
    header = check_header(rows[0], source)
    if len(rows) < 2:
        raise TableError(f"{source} has no rows below its header line")
    width = len(header)
    for row, line in zip(rows[1:], lines, strict=True):
        if len(row) != width:
            raise TableError(
                f"{source}, line {line}: {len(row)} fields where the header has {width}"
            )
    columns = [list(map(str.strip, cells)) for cells in zip(*rows[1:], strict=True)]
    return Delimited(header, columns, lines, notes)


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
        delimiter = _usual_delimiter(sample, found.delimiter or "")
        quote = found.quotechar or '"'
        return _Dialect(delimiter or ",", quote, found.escapechar or None)
    try:  # without the extra ``tables``: good for plain files
        plain = csv.Sniffer().sniff(sample, ",;\t|")
    except csv.Error:
        return _Dialect(",", '"', None)
    return _Dialect(plain.delimiter, plain.quotechar or '"', None)


def _usual_delimiter(sample: str, found: str) -> str:
    """Prefer a usual delimiter that splits all lines alike to blanks within cells."""
    lines = [line for line in sample.splitlines()[:100] if line.strip()]
    for usual in ",;\t|" if found not in (*",;\t|", "") else "":
        counts = {line.count(usual) for line in lines}
        if len(counts) == 1 and counts.pop() and len(lines) > 1:
            return usual
    return found


def _reader(text: str, dialect: _Dialect, strict: bool = False) -> Iterator[list[str]]:
    return csv.reader(
        io.StringIO(text, newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quotechar,
        escapechar=dialect.escapechar,
        skipinitialspace=True,
        strict=strict,
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


def _ends_in_quotes(
    text: str, lines: list[int], dialect: _Dialect, n_skipped: int
) -> bool:
    """Whether the text ends within quotes, which swallow all rows after them."""
    first = lines[-2] - n_skipped if len(lines) > 1 else 0
    if lines[-1] - n_skipped - first < 2:
        return False
    tail = "".join(list(io.StringIO(text, newline=""))[first:])
    try:
        list(_reader(tail, dialect, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _even_out(rows: list[list[str]]) -> list[list[str]]:
    """Mend three habits: a delimiter at the end or start of rows, names of rows."""
    header, rest = rows[0], rows[1:]
    if not rest or len(header) < 2:
        return rows
    if not any(row[0].strip() for row in rows) and all(len(row) > 2 for row in rows):
        return _even_out([row[1:] for row in rows])
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


def check_header(cells: list[str], source: str) -> list[str]:
    """Return the names of the columns.

    Raises
    ------
    TableError
        A single column, numbers in place of names, a name given twice.
    """
    names = [
        " ".join(normalize("NFC", cell).split()) or f"column {k}"
        for k, cell in enumerate(cells, start=1)
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
