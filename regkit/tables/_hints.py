"""Numbers that are none: identifiers, row numbers, codes, marks for missing values."""

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
    name : str
        Name of the column.
    values : ndarray of shape (n_rows,)
        Its numbers, NaN for missing.
    """
    known = values[~np.isnan(values)]
    if known.size < 10:
        return ()
    return _code_notes(name, known) + _sentinel_notes(name, known)


def _are_whole(values: _Floats) -> bool:
    return bool(np.all(np.abs(values) < 1e15) and np.all(values == np.round(values)))


def _code_notes(name: str, values: _Floats) -> tuple[Note, ...]:
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
    """Note -999 where nothing else is negative, and 9999 far above the rest."""
    low, high = values.min(), values.max()
    for mark, rest in ((low, values[values > low]), (high, values[values < high])):
        text = f"{abs(mark):.0f}"
        count = values.size - rest.size
        if set(text) != {"9"} or len(text) < 2 or count < 2 or rest.size < 3:
            continue
        odd = rest.min() >= 0 if mark < 0 else len(text) > 2 and rest.max() < mark / 5
        if odd and mark == np.round(mark):
            return (
                Note(
                    f"column {name!r} is {mark:.0f} in {count} rows, far from the "
                    "rest: read as a number",
                    (Option("missing", f"{mark:.0f}"),),
                    "reads it as missing",
                ),
            )
    return ()
