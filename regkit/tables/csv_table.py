"""Read a CSV file into numbers: numeric columns, categories one-hot encoded.

Written for a person at a terminal: whatever cannot be used gets one sentence that
names the column and the line, and says what to do. Standard library and NumPy only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from regkit.tables._csv_rows import MISSING, Cells, TableError, read_columns

_Floats = NDArray[np.float64]

_MAX_LEVELS = 100
_MOSTLY_NUMBERS = 0.9


@dataclass(frozen=True, eq=False)
class Table:
    """A table of numbers ready for a regression.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_columns)
        Numeric columns in file order, each category in place as its levels.
    y : ndarray of shape (n_rows,)
        Target.
    feature_names : list of str
        Names of the columns of X; ``"color=red"`` for the level of a category.
    notes : list of str
        Sentences about columns that were left out and values that were missing.
    """

    X: _Floats
    y: _Floats
    feature_names: list[str]
    notes: list[str]


def read_csv(
    path: str | Path,
    target: str,
    *,
    drop: Sequence[str] = (),
    category: Sequence[str] = (),
) -> Table:
    """Read a CSV file with a header line.

    The delimiter (comma, semicolon, tab or bar) is recognized. A column of text is a
    category: it becomes one 0/1 column a level, none of them dropped, so that no
    level is the reference and a penalty treats all alike; a category of two levels
    becomes a single column. Text with more than 100 levels (or more than a fifth of
    the rows) and columns that only count the rows are left out with a note.

    Missing numbers become the median of their column, and a 0/1 column says where they
    were; missing text is a level of its own. The target must be complete.

    Parameters
    ----------
    path : str or Path
        File in UTF-8 (or Windows-1252).
    target : str
        Column to predict.
    drop : sequence of str, default=()
        Columns to leave out.
    category : sequence of str, default=()
        Columns of numbers that stand for categories, such as a postal code.

    Returns
    -------
    table : Table
        Features, target, names and notes.

    Raises
    ------
    TableError
        Unreadable file, unknown column, missing values of the target, text among
        numbers, nothing to predict from.
    """
    columns, lines = read_columns(Path(path))
    for name in (target, *drop, *category):
        if name not in columns:
            raise TableError(_unknown_column(name, list(columns), path))
    if target in drop or target in category:
        raise TableError(f"the target {target!r} cannot be dropped or be a category")

    for name in drop:
        columns.pop(name, None)
    _refuse_missing(target, columns[target], lines)
    y = _target_values(columns.pop(target), lines, target)

    features: dict[str, _Floats] = {}
    notes: list[str] = []
    holes = _Holes(lines)
    for name, cells in columns.items():
        encoded, reason = _encode(name, cells, name in category, holes)
        if reason:
            notes.append(f"column {name!r} {reason}: left out")
        else:
            features |= encoded
    features |= holes.indicators
    notes += holes.notes()
    if not features:
        raise TableError(f"no column of {path} is left to predict {target!r} from")
    return Table(np.column_stack(list(features.values())), y, list(features), notes)


class _Holes:
    """Missing values of the columns that are used, and what becomes of them."""

    def __init__(self, lines: Sequence[int]) -> None:
        self.lines = lines
        self.indicators: dict[str, _Floats] = {}
        self.numbers: dict[str, int] = {}
        self.text: dict[str, int] = {}

    def fill_numbers(
        self, name: str, present: NDArray[np.bool_], numbers: _Floats
    ) -> _Floats:
        """Put the median into the holes, and remember where they were."""
        if present.all():
            return numbers
        filled = np.full(present.size, np.median(numbers))
        filled[present] = numbers
        self.numbers[name] = int(np.count_nonzero(~present))
        where = (~present).astype(np.float64)
        if not any(np.array_equal(where, known) for known in self.indicators.values()):
            self.indicators[f"{name}=missing"] = where
        return filled

    def fill_text(self, name: str, present: NDArray[np.bool_], cells: Cells) -> Cells:
        """Make the holes a level of their own."""
        if present.all():
            return cells
        self.text[name] = int(np.count_nonzero(~present))
        return tuple(
            cell if there else "missing"
            for cell, there in zip(cells, present, strict=True)
        )

    def notes(self) -> list[str]:
        notes = []
        if self.numbers:
            notes.append(
                f"missing numbers in {_count_rows(self.numbers)}: filled with the "
                "column's median, and 0/1 columns say where"
            )
        if self.text:
            notes.append(
                f"missing text in {_count_rows(self.text)}: a category of its own"
            )
        return notes


def _encode(
    name: str, cells: Cells, forced: bool, holes: _Holes
) -> tuple[dict[str, _Floats], str | None]:
    """Turn a column into one or several of numbers, or say why it is left out."""
    present = np.array([cell.lower() not in MISSING for cell in cells])
    if not present.any():
        return {}, "is missing in every row"
    shown = tuple(c for c, there in zip(cells, present, strict=True) if there)
    lines = [line for line, there in zip(holes.lines, present, strict=True) if there]
    numbers = None if forced else _to_floats(shown)
    if numbers is not None:
        _refuse_infinite(f"column {name!r}", numbers, lines)
        if present.all() and (reason := _why_not_number(numbers)):
            return {}, reason
        filled = holes.fill_numbers(name, present, numbers)
        # Of a number that is the same wherever it is known, the holes say it all.
        return ({name: filled} if np.ptp(filled) > 0 else {}), None
    if not forced:
        _refuse_stray_text(name, shown, lines)
    levels = sorted(set(shown))
    if present.all() or len(levels) > 1:
        reason = _why_not_category(levels, len(cells), forced=forced)
        if reason:
            return {}, reason
    cells = holes.fill_text(name, present, cells)
    return _one_hot(name, np.array(cells), sorted(set(cells))), None


def _count_rows(holes: dict[str, int]) -> str:
    """Name up to four columns and the rows that are missing in each."""
    named = [
        f"{name!r} ({count} {'row' if count == 1 else 'rows'})"
        for name, count in list(holes.items())[:4]
    ]
    more = f" and {len(holes) - 4} more columns" if len(holes) > 4 else ""
    return ", ".join(named) + more


def _to_floats(cells: Cells) -> _Floats | None:
    """Return the column as numbers, or None when a cell is not one."""
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        return None


def _one_hot(
    name: str, cells: NDArray[np.str_], levels: list[str]
) -> dict[str, _Floats]:
    # Two levels as two columns would say the same thing twice.
    shown = levels[1:] if len(levels) == 2 else levels
    return {f"{name}={level}": (cells == level).astype(np.float64) for level in shown}


def _why_not_category(levels: list[str], n_rows: int, *, forced: bool) -> str | None:
    if len(levels) == 1:
        return f"is {levels[0]!r} in every row"
    if not forced and len(levels) > max(10, min(_MAX_LEVELS, n_rows // 5)):
        return (
            f"is text with {len(levels)} different values in {n_rows} rows, too many "
            "for a category"
        )
    return None


def _why_not_number(numbers: _Floats) -> str | None:
    if np.ptp(numbers) == 0:
        return f"is {numbers[0]:g} in every row"
    if numbers.size > 2 and numbers[0] in (0, 1) and np.all(np.diff(numbers) == 1):
        return "only counts the rows"
    return None


def _refuse_missing(target: str, cells: Cells, lines: Sequence[int]) -> None:
    """Say where the target has missing values, and what to do about them."""
    where = [
        line for cell, line in zip(cells, lines, strict=True) if cell.lower() in MISSING
    ]
    if where:
        at = f"1 row, line {where[0]}"
        if len(where) > 1:
            at = f"{len(where)} rows, first on line {where[0]}"
        raise TableError(
            f"missing values in the target {target!r} ({at}): fill them in or delete "
            "those rows"
        )


def _refuse_stray_text(name: str, cells: Cells, lines: Sequence[int]) -> None:
    """Refuse a column of numbers in which a few cells are something else."""
    stray = [
        (line, cell)
        for cell, line in zip(cells, lines, strict=True)
        if not _is_number(cell)
    ]
    if stray and 1 - len(stray) / len(cells) >= _MOSTLY_NUMBERS:
        line, cell = stray[0]
        raise TableError(
            f"column {name!r} holds numbers but for {len(stray)} of {len(cells)} rows, "
            f"such as {cell!r} on line {line}: correct them, or use --drop or "
            f"--category {_quote(name)}"
        )


def _target_values(cells: Cells, lines: Sequence[int], target: str) -> _Floats:
    y = _to_floats(cells)
    if y is None:
        line, cell = next(
            (line, cell)
            for cell, line in zip(cells, lines, strict=True)
            if not _is_number(cell)
        )
        raise TableError(
            f"the target {target!r} must hold numbers, but line {line} says {cell!r}"
        )
    _refuse_infinite(f"the target {target!r}", y, lines)
    if np.ptp(y) == 0:
        raise TableError(f"the target {target!r} is {y[0]:g} in every row")
    return y


def _refuse_infinite(what: str, numbers: _Floats, lines: Sequence[int]) -> None:
    infinite = np.flatnonzero(~np.isfinite(numbers))
    if infinite.size:
        k = infinite[0]
        raise TableError(
            f"{what} is {numbers[k]:g} on line {lines[k]}: only finite numbers can "
            "be used"
        )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _unknown_column(name: str, names: Sequence[str], path: str | Path) -> str:
    by_lower = {known.lower(): known for known in names}
    close = [
        by_lower[match] for match in get_close_matches(name.lower(), by_lower, n=3)
    ]
    if close:
        return f"{path} has no column {name!r}; did you mean {_list(close, 'or')}?"
    shown = _list(names[:8]) + (" ..." if len(names) > 8 else "")
    return f"{path} has no column {name!r}; its columns are {shown}"


def _list(names: Sequence[str], word: str = "and") -> str:
    quoted = [repr(name) for name in names]
    if len(quoted) == 1:
        return quoted[0]
    return f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"


def _quote(name: str) -> str:
    return f'"{name}"' if not name.replace("_", "").isalnum() else name
