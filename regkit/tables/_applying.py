"""Read a column in a reading that has been found, or say which cell does not fit."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import normalize

import numpy as np

from regkit._text import count
from regkit._types import Floats
from regkit.tables._booleans import is_flag, read_booleans
from regkit.tables._dates import to_date
from regkit.tables._frames import RawColumn, to_text
from regkit.tables._numbers import Notation, convert_numbers
from regkit.tables._sentences import CellError, Option
from regkit.tables.reading import ColumnReading, Kind, Levels, TypedColumn

_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))


def apply_reading(
    column: RawColumn, reading: ColumnReading, missing: tuple[Any, ...] = ()
) -> TypedColumn:
    """Read a column as another of the same name was read.

    Raises
    ------
    CellError
        For a cell that does not fit.
    """
    name = column.name
    if reading.kind == "drop":
        return TypedColumn(name, reading, np.zeros(len(column.values)))
    if reading.kind == "category":
        return TypedColumn(name, reading, _to_levels(column, reading))
    if column.dtype in ("number", "boolean"):
        values = without(column.values, missing)
        if reading.kind == "date":
            cells = to_text(values)
            return apply_reading(RawColumn(name, "text", cells), reading, missing)
        refuse_infinite(column, values)
        return TypedColumn(name, reading, values)
    if column.dtype == "date":
        if reading.kind != "date":
            raise CellError(f"column {name!r} holds a date", 0, ", not numbers")
        return TypedColumn(name, reading, _without_dates(column.values, missing))
    cells = column.values
    present = [c for c in dict.fromkeys(cells) if c.casefold() not in reading.missing]
    mapping: Mapping[str, Any]
    if reading.kind == "boolean":
        mapping = read_booleans([*present, "yes", "no"]) or {}
    elif reading.kind == "date":
        dates = ((cell, to_date(cell, reading.order)) for cell in present)
        mapping = {cell: date for cell, date in dates if date is not None}
    else:
        mapping = convert_numbers(present, reading.notation or Notation())
    strays = [cell for cell in present if cell not in mapping]
    if strays:
        raise stray_error(column, reading, strays)
    return TypedColumn(name, reading, fill_in(cells, mapping, reading.kind))


def fill_in(cells: Sequence[str], mapping: Mapping[str, Any], kind: Kind) -> Any:
    """Replace cells by their values, those without one by a missing value."""
    try:
        values = list(map(mapping.__getitem__, cells))
    except KeyError:
        nothing = np.datetime64("NaT", "s") if kind == "date" else np.nan
        every = dict.fromkeys(cells, nothing) | dict(mapping)
        values = list(map(every.__getitem__, cells))
    return np.array(values, dtype="datetime64[s]" if kind == "date" else np.float64)


def without(values: Floats, missing: tuple[Any, ...]) -> Any:
    """Put NaN where a number is one that the user calls missing."""
    for value in missing:
        try:
            values = np.where(values == float(value), np.nan, values)
        except (TypeError, ValueError):
            continue
    return values


def _without_dates(dates: Any, missing: tuple[Any, ...]) -> Any:
    """Put NaT where a day is one that the user calls missing."""
    days = [day for value in missing if (day := to_date(str(value), "ymd")) is not None]
    gone = np.isin(dates.astype("datetime64[D]"), np.array(days, "datetime64[D]"))
    return np.where(gone, np.datetime64("NaT", "s"), dates)


def refuse_infinite(column: RawColumn, values: Floats) -> None:
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        k = infinite[0]
        raise CellError(
            f"column {column.name!r} is {values[k]:g} (infinity)",
            k,
            "",
            [
                Option("missing", f"{values[k]:g}"),
                Option("readings", "drop", column.name),
            ],
        )


def stray_error(
    column: RawColumn,
    reading: ColumnReading,
    strays: Sequence[str],
    target: bool = False,
) -> CellError:
    """Say which cell does not fit; a target cannot be dropped, nor change its kind."""
    first = set(strays)
    row = next(k for k, cell in enumerate(column.values) if cell in first)
    cell = column.values[row]
    n_strays = sum(map(Counter(column.values).__getitem__, first))
    rows = f"{count(n_strays, 'row')} {'is' if n_strays == 1 else 'are'}"
    what = {"number": "numbers", "date": "dates", "boolean": "yes and no"}[reading.kind]
    wanted = str(reading.notation or "")
    # What the user says of a column, most of its cells may contradict.
    holds = "is to hold" if 2 * n_strays > len(column.values) else "holds"
    return CellError(
        f"column {column.name!r} {holds} {what}{' ' + wanted if wanted else ''}, but "
        f"{rows} not, such as {cell!r}",
        row,
        "",
        [
            Option("missing", cell),
            *(
                Option("readings", kind, column.name)
                for kind in ("category", "drop")
                if not target
            ),
        ],
    )


def spelled_flags(column: RawColumn) -> tuple[str, str]:
    """Return how a column writes false and true most often."""
    if column.dtype != "text":
        return "False", "True"
    counts = Counter(column.values)
    flags = read_booleans([*filter(is_flag, counts), "no", "yes"]) or {}
    first = {
        flag: max((c for c in counts if flags.get(c) is flag), key=counts.__getitem__)
        for flag in (False, True)
        if any(flags.get(c) is flag for c in counts)
    }
    return first.get(False, "no"), first.get(True, "yes")


# ------------------------------------------------------------------------ categories


def level_key(cell: str) -> str:
    """Return what cells of one level have in common: no case, single blanks."""
    if not cell.isascii():  # letters with accents come in two forms, some are unseen
        cell = normalize("NFC", cell).translate(_UNSEEN)
    return " ".join(cell.split()).casefold()


def _to_levels(column: RawColumn, reading: ColumnReading) -> Levels:
    if column.dtype == "boolean":
        words = {0.0: "False", 1.0: "True"}
        cells = [words.get(value, "") for value in column.values.tolist()]
    elif column.dtype in ("number", "date"):
        cells = to_text(column.values.tolist())
    else:
        cells = column.values
    counts = Counter(cells)
    groups: dict[str, list[str]] = {}
    for cell in counts:
        if cell.casefold() not in reading.missing:
            key = level_key(cell) if reading.merged else cell
            groups.setdefault(key, []).append(cell)
    # The spelling that most rows have stands for all.
    names = {
        key: min(group, key=lambda c: (-counts[c], c)) for key, group in groups.items()
    }
    order = sorted(groups, key=lambda key: _natural(names[key]))
    code = {cell: k for k, key in enumerate(order) for cell in groups[key]}
    codes = np.array([code.get(cell, -1) for cell in cells], dtype=np.int64)
    return Levels(codes, tuple(" ".join(names[key].split()) for key in order))


def _natural(name: str) -> tuple[float, str]:
    """Sort levels that are numbers by their size."""
    try:
        return float(name), ""
    except ValueError:
        return float("inf"), name.casefold()


def rare_below(n_rows: int) -> int:
    """Return the number of rows below which a level is rare."""
    return min(5, max(2, n_rows // 100)) if n_rows >= 50 else 1
