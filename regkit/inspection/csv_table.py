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

from regkit.inspection._csv_rows import Cells, TableError, read_columns

_Floats = NDArray[np.float64]

# What pandas reads as missing, lower-cased, and the question mark of the UCI files.
_MISSING = frozenset(
    ("", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "-nan", "?", ".")
)
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
        Names of the columns of X; ``"colour=red"`` for the level of a category.
    notes : list of str
        One sentence for each column that was left out.
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

    The delimiter (comma, semicolon, tab or bar) is recognised. A column of text is a
    category: it becomes one 0/1 column a level, none of them dropped, so that no
    level is the reference and a penalty treats all alike; a category of two levels
    becomes a single column. Text with more than 100 levels (or more than a fifth of
    the rows) and columns that only count the rows are left out with a note.

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
        Unreadable file, unknown column, missing values, text among numbers, nothing
        to predict from.
    """
    columns, lines = read_columns(Path(path))
    for name in (target, *drop, *category):
        if name not in columns:
            raise TableError(_unknown_column(name, list(columns), path))
    if target in drop or target in category:
        raise TableError(f"the target {target!r} cannot be dropped or be a category")

    for name in drop:
        columns.pop(name, None)
    _refuse_missing(columns, lines, target)
    y = _target_values(columns.pop(target), lines, target)

    features: dict[str, _Floats] = {}
    notes: list[str] = []
    for name, cells in columns.items():
        numbers = None if name in category else _to_floats(cells)
        if numbers is not None:
            _refuse_infinite(f"column {name!r}", numbers, lines)
            reason = _why_not_number(numbers)
            encoded = {name: numbers}
        else:
            if name not in category:
                _refuse_stray_text(name, cells, lines)
            levels = sorted(set(cells))
            reason = _why_not_category(levels, len(cells), forced=name in category)
            encoded = {} if reason else _one_hot(name, np.array(cells), levels)
        if reason:
            notes.append(f"column {name!r} {reason}: left out")
        else:
            features |= encoded
    if not features:
        raise TableError(f"no column of {path} is left to predict {target!r} from")
    return Table(np.column_stack(list(features.values())), y, list(features), notes)


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


def _refuse_missing(
    columns: dict[str, Cells], lines: Sequence[int], target: str
) -> None:
    """Name the columns with missing values, and say what to do about them."""
    holes = {
        name: [
            line
            for cell, line in zip(cells, lines, strict=True)
            if cell.lower() in _MISSING
        ]
        for name, cells in columns.items()
    }
    holes = {name: where for name, where in holes.items() if where}
    if not holes:
        return
    named = [
        f"{name!r} ({len(where)} {'row' if len(where) == 1 else 'rows'}, "
        f"{'' if len(where) == 1 else 'first on '}line {where[0]})"
        for name, where in list(holes.items())[:4]
    ]
    more = f" and {len(holes) - 4} more columns" if len(holes) > 4 else ""
    remedy = "fill them in or delete those rows"
    if target not in holes:
        first = next(iter(holes))
        remedy += f", or leave a column out with --drop {_quote(first)}"
    raise TableError(f"missing values in {', '.join(named)}{more}: {remedy}")


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
