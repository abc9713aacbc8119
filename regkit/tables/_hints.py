"""Numbers that are none: identifiers, row numbers, codes, marks for missing values."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from regkit.tables._names import names_code, names_identifier, names_rank
from regkit.tables._sentences import Note, Option

_Floats = NDArray[np.float64]


def why_identifier(name: str, values: _Floats) -> str:
    """Say why whole numbers only name the rows; ``""`` when they do not.

    Parameters
    ----------
    name : str
        Name of the column.
    values : ndarray of shape (n_rows,)
        Its numbers, NaN for missing.
    """
    n = values.size
    if n < 3 or not _are_whole(values):
        return ""
    called = names_identifier(name)
    steps = np.diff(values)
    n_distinct = np.unique(values).size
    if n_distinct < n:
        many = n_distinct > max(20, min(100, n // 5))
        return f"names {n_distinct} things by number" if called and many else ""
    years = values.min() >= 1800 and values.max() <= 2100
    if years and not called:
        return ""
    if np.all(steps == 1) or np.all(steps == -1):
        return "only counts the rows"
    if n < 10:
        return ""
    rank = names_rank(name) and values.min() in (0, 1)
    if np.ptp(values) == n - 1 and not rank:
        return "holds the numbers of the rows in another order"
    return "is another whole number in every row, an identifier" if called else ""


def number_notes(name: str, values: _Floats) -> tuple[Note, ...]:
    """Note what may be a code or a mark for missing values.

    Parameters
    ----------
    name, values : str, ndarray of shape (n_rows,)
        Of the column, as for `why_identifier`.
    """
    known = values[~np.isnan(values)]
    if known.size < 10:
        return ()
    return _code_notes(name, known) + _sentinel_notes(name, known)


def _are_whole(values: _Floats) -> bool:
    return bool(np.all(np.abs(values) < 1e15) and np.all(values == np.round(values)))


def _code_notes(name: str, values: _Floats) -> tuple[Note, ...]:
    largest = np.abs(values).max()
    if 2**53 <= largest < 1e20 and np.all(values == np.round(values)):
        digits = len(f"{largest:.0f}")
        return (
            Note(
                f"column {name!r} holds whole numbers of {digits} digits, "
                "which are rounded: read as numbers",
                (
                    Option("readings", "drop", name),
                    Option("readings", "category", name),
                ),
                "is right for identifiers",
            ),
        )
    if values.min() < 0 or not _are_whole(values):
        return ()
    distinct = np.unique(values)
    digits = len(f"{distinct[0]:.0f}")
    same_length = len(f"{distinct[-1]:.0f}") == digits
    by_shape = (
        digits >= 5
        and same_length
        and 10 < distinct.size <= values.size / 4
        and np.any(distinct % 10)
    )
    if distinct.size < 3 or not (by_shape or names_code(name)):
        return ()
    of = f" of {digits} digits" if same_length else ""
    return (
        Note(
            f"column {name!r} holds {distinct.size} different whole numbers{of}, "
            "perhaps codes: read as numbers",
            (Option("readings", "category", name),),
            "reads a category",
        ),
    )


def _sentinel_notes(name: str, values: _Floats) -> tuple[Note, ...]:
    """Note -999 and -1 where nothing else is negative, 9999 far above the rest."""
    found, counts = np.unique(values, return_counts=True)
    if found.size < 4:
        return ()
    low = [k for k in range(2) if _stands_for_nothing(found[k])]
    if low != [0, 1]:
        low = low[:1] if low[:1] == [0] else []
    marks = [k for k in low if found[k] < 0 and found[len(low)] >= 0 and found[-1] > 1]
    high = found.size - 1
    text = f"{found[high]:.0f}"
    if (found[high - 1] < found[high] / 5 and set(text) == {"9"} and len(text) > 2) or (
        found[high] >= 1e20 and found[high - 1] < found[high] / 1e6
    ):
        marks.append(high)
    return tuple(
        Note(
            f"column {name!r} is {found[k]:.10g} in {counts[k]} rows, far from the "
            "rest: read as a number",
            (Option("missing", f"{found[k]:.10g}"),),
            "reads it as missing",
        )
        for k in marks
        if counts[k] > 1
    )


def _stands_for_nothing(value: float) -> bool:
    """Tell -1, -99, -999.25 and their kin."""
    return value == -1 or (value <= -9 and f"{-value:.10g}".startswith(("9.9", "99")))


def date_notes(
    name: str, dates: NDArray[np.datetime64], cells: Sequence[str] | None = None
) -> tuple[Note, ...]:
    """Note 9999-12-31 and 1900-01-01 where they are far from all other dates.

    Parameters
    ----------
    name : str
        Name of the column.
    dates : ndarray of datetime64[s] of shape (n_rows,)
        NaT for missing.
    cells : sequence of str or None
        How the table writes them; ISO where it does not.
    """
    found, counts = np.unique(dates[~np.isnat(dates)], return_counts=True)
    if found.size < 4:
        return ()
    years = found.astype("datetime64[Y]").astype(int) + 1970
    notes = []
    for k, gap in ((0, years[1] - years[0]), (-1, years[-1] - years[-2])):
        span = years[-2 if k else -1] - years[0 if k else 1]
        if counts[k] < 2 or gap <= max(10, span):
            continue
        row = int(np.flatnonzero(dates == found[k])[0])
        shown = str(found[k].astype("datetime64[D]")) if cells is None else cells[row]
        notes.append(
            Note(
                f"column {name!r} is {shown!r} in {counts[k]} rows, far from the rest: "
                "read as a date",
                (Option("missing", shown),),
                "reads it as missing",
            )
        )
    return tuple(notes)
