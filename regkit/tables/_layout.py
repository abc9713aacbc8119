"""Where in a sheet of rows the table is: titles, units and totals around it.

People put a title above a table, units below its header, and sums and sources at its
end. What is left out is said, with its line; whatever else does not fit is an error.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from math import isclose
from typing import NamedTuple

from regkit._text import count
from regkit.tables._missing import AMONG_NUMBERS
from regkit.tables._numbers import read_numbers

Rows = Sequence[Sequence[str]]

_NUMBER = re.compile(
    r"[-+\u2212(]?[$€£¥]?\s?\d[\d.,' \u00a0\u202f\u2019]*(%|[eE][-+]?\d+)?\)?"
)
_YEAR = re.compile(r"(1[89]|20)\d\d")
_RULE = re.compile(r"[-=+|:\s]*[-=]{3,}[-=+|:\s]*")
_WORDS = """
total totals sum average mean median summe gesamt durchschnitt mittelwert totaal somme
moyenne suma media soma totale итого всего 合計 合计 总计
"""
_TOTALS = frozenset(_WORDS.split()) | {"grand total", "grand totals", "sub total"}
_LOOKED_AT = 20


class Layout(NamedTuple):
    """Where the parts of a table stand among the rows."""

    names: list[str]
    """Names of the columns, as they stand."""
    header: int
    """Position of their row."""
    body: list[int]
    """Positions of the rows of the table."""
    notes: list[str]
    """What was left out."""


def find_table(
    rows: Rows, widths: Sequence[int], place: Callable[[int], str], source: str
) -> Layout:
    """Find the header and the body among the rows.

    Parameters
    ----------
    rows : sequence of sequence of str
        Rows that hold anything.
    widths : sequence of int
        Number of cells of each.
    place : callable
        Says where the row at a position stands, such as ``"line 7"``.
    source : str
        Name of the file, for the notes.
    """
    usual = Counter(widths[:1000]).most_common(1)[0][0]
    notes: list[str] = []
    kept = [k for k, row in enumerate(rows) if not _is_rule(row, k, len(rows))]
    comments = [k for k in kept if rows[k][0].startswith("#") and widths[k] != usual]
    start = _find_header([k for k in kept if k not in comments], rows, widths, usual)
    above = [k for k in kept if k < start]
    if above:
        shown = " ".join(rows[above[0]]).strip()
        lines = count(len(above), "line")
        notes.append(f"{lines} above the header of {source} left out: {shown[:40]!r}")
    body = [k for k in kept if k > start]
    if inside := [k for k in comments if k > start]:
        body = [k for k in body if k not in inside]
        notes.append(
            _say(f"{place(inside[0])} of {source}", rows[inside[0]], "left out")
        )
    names = list(rows[start])
    if above and len(set(names)) < len(names) and len(rows[above[-1]]) == len(names):
        names = _join(rows[above[-1]], names)
    if body and (second := _second_header(names, [rows[k] for k in body[:_LOOKED_AT]])):
        names, what = second
        shown_row = rows[body[0]] if what == "units" else rows[start]
        at = body[0] if what == "units" else start
        notes.append(_say(f"{place(at)} of {source}", shown_row, f"read as {what}"))
        del body[0]
    again = [k for k in body if rows[k] == rows[start]]
    if again:
        notes.append(f"{place(again[0])} of {source} repeats the header: left out")
        body = [k for k in body if rows[k] != rows[start]]
    if below := _footers(rows, body, widths, usual):
        what = "the last line" if len(below) == 1 else f"the last {len(below)} lines"
        notes.append(_say(f"{what} of {source}", rows[below[0]], "left out"))
        body = body[: -len(below)]
    if len(body) > 1 and _is_total(rows, body):
        notes.append(_say(f"the last line of {source}", rows[body[-1]], "left out"))
        del body[-1]
    return Layout(names, start, body, notes)


def _say(where: str, row: Sequence[str], what: str) -> str:
    shown = " ".join(filter(None, map(str.strip, row)))[:40]
    return f"{where}, {shown!r}: {what}"


def _is_rule(row: Sequence[str], k: int, n_rows: int) -> bool:
    """Whether a row is a line drawn with dashes, above or below the table."""
    cells = [cell for cell in row if cell.strip()] if k < 5 or k > n_rows - 4 else []
    return bool(cells) and all(map(_RULE.fullmatch, cells))


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell.strip()) is not None


def _is_data(row: Sequence[str]) -> bool:
    """Whether a row holds a number that is no year, as headers do not."""
    return any(_is_number(cell) and not _YEAR.fullmatch(cell.strip()) for cell in row)


def _find_header(kept: list[int], rows: Rows, widths: Sequence[int], usual: int) -> int:
    """Return the position of the header below titles, which have fewer cells."""
    for k, after in zip(kept[:_LOOKED_AT], [*kept[1:], kept[-1]], strict=False):
        row = rows[k]
        filled = sum(bool(cell.strip()) for cell in row)
        data_follow = widths[after] == usual and _is_data(rows[after])
        if widths[k] == usual - 1 and not data_follow:
            continue  # the header of named rows has one cell fewer, and so have titles
        if usual <= 2 or filled >= max(2, min(usual - 1, 0.6 * usual)):
            return k if widths[k] >= usual - 1 else kept[0]
        if widths[k] == usual and data_follow and not _is_data(row):
            return k  # names are missing
    return kept[0]


def _second_header(names: list[str], rows: Rows) -> tuple[list[str], str] | None:
    """Return the names, when the first row continues the header rather than be data.

    It does where it holds text in columns that hold numbers below.
    """
    first, rest = rows[0], rows[1:]
    if len(rest) < 2 or len(first) != len(names) or any(map(_is_number, first)):
        return None
    clashes = [
        cell
        for j, cell in enumerate(first)
        if cell.strip()
        and cell.strip().casefold() not in AMONG_NUMBERS
        and all(j < len(row) and _is_number(row[j]) for row in rest)
    ]
    if not clashes or (len(clashes) == 1 and clashes[0].strip()[:1] not in "(["):
        return None
    neither = any(
        not (a.strip() or b.strip()) for a, b in zip(names, first, strict=True)
    )
    if neither or all(cell.strip() for cell in names):
        return names, "units"
    if all(first) and len(set(first)) == len(first):
        return list(first), "titles of the columns below"
    return _join(names, first), "titles of the columns below"


def _join(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Put the titles of merged cells before the names of the columns below them."""
    joined, group = [], ""
    for title, name in zip(upper, lower, strict=True):
        group = title.strip() or group
        joined.append(f"{group} {name.strip()}".strip())
    return joined


def _footers(
    rows: Rows, body: list[int], widths: Sequence[int], usual: int
) -> list[int]:
    """Return the positions of a remark below the table: one cell, which is no number.

    Of a table of two columns, a row with its second cell empty is a row, and so it is
    where other rows have one cell too.
    """
    start = len(body)
    while start > 2:
        row = rows[body[start - 1]]
        filled = [cell for cell in row if cell.strip()]
        alone = widths[body[start - 1]] == 1 < usual
        if not (alone or (usual > 2 and len(filled) == 1 and row[0].strip())):
            break
        if re.match(r"[-+]?[$€£]?\d", filled[0].strip()):
            break
        start -= 1
    below = body[start:]
    if all(rows[k][0].strip().casefold() in AMONG_NUMBERS for k in below):
        return []
    lone = any(sum(map(bool, rows[k])) == 1 for k in body[: min(start, 1000)])
    return [] if lone and any(widths[k] > 1 for k in below) else below


def _is_total(rows: Rows, body: list[int]) -> bool:
    """Whether the last row sums up the others: by its word, or by its sums."""
    last = rows[body[-1]]
    filled = [j for j, cell in enumerate(last) if cell.strip()]
    words = [j for j in filled if last[j].strip().rstrip(": ").casefold() in _TOTALS]
    some_empty = len(filled) < len(last)
    if words and (some_empty or any(_sums_up(rows, body, j) for j in filled)):
        return True
    numbers = [j for j in filled if _is_number(last[j])]
    return (
        some_empty
        and len(body) > 3
        and numbers == filled
        and all(_sums_up(rows, body, j) for j in numbers)
    )


def _sums_up(rows: Rows, body: list[int], j: int) -> bool:
    """Whether the last cell of a column is the sum of the others."""
    cells = [rows[k][j].strip() for k in body if j < len(rows[k])]
    if len(cells) < len(body) or not _is_number(cells[-1]):
        return False
    present = [cell for cell in cells if cell.casefold() not in AMONG_NUMBERS]
    try:
        values = read_numbers(dict.fromkeys(present)).values
    except ValueError:
        return False
    if not all(cell in values for cell in present):
        return False
    *others, last = (values[cell] for cell in present)
    return bool(others) and last != 0 and isclose(sum(others), last, rel_tol=1e-6)
