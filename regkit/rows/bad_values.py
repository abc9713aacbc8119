"""Which cells a model cannot take, by column and row, for messages."""

import reprlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from regkit._types import Floats

_SHORT = reprlib.Repr()
_SHORT.maxother = 60
_TOO_LARGE = 2**1024


class Cell(NamedTuple):
    """A cell of a table, or of a row of values."""

    column: str
    """In words: ``column 'fee'``, or by its number; empty where there is one only."""
    row: int
    value: Any

    @property
    def place(self) -> str:
        """Where it is, in words."""
        row = f"row {self.row}"
        return f"{self.column} in {row}" if self.column else row

    @property
    def shown(self) -> str:
        """The value, however long, in one line."""
        value = self.value.item() if isinstance(self.value, np.generic) else self.value
        if isinstance(value, int) and abs(value) >= _TOO_LARGE:
            return "an integer beyond float64"
        text = _SHORT.repr(value)
        return " ".join(text.split()) if "\n" in text else text


def is_frame(array: Any) -> bool:
    """Whether an object is a pandas or polars data frame."""
    return hasattr(array, "columns") and hasattr(array, "dtypes")


def is_missing(value: Any) -> bool:
    """Tell None, NaN and what pandas has instead."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def uneven_rows(rows: Any) -> str:
    """Return which row of a list has another length than the first, or nothing."""
    if not isinstance(rows, list | tuple) or not rows:
        return ""
    try:
        lengths = [len(row) for row in rows]
    except TypeError:
        return ""
    for number, length in enumerate(lengths):
        if length != lengths[0]:
            return f"row {number} has {length}, row 0 has {lengths[0]}"
    return ""


def first_gap(array: Any) -> Cell | None:
    """Find the first column with NaN or infinity, and its first such row.

    Parameters
    ----------
    array : array, sparse matrix, data frame, series, Arrow table or list
        Of one or two dimensions.
    """
    if sp.issparse(array):
        return _sparse_gap(array)
    for column, cells in _columns(array):
        try:
            values = _floats(cells)
        except (TypeError, ValueError, OverflowError):
            continue
        for bad in (np.isnan(values), np.isinf(values)):
            if bad.any():
                row = int(bad.argmax())
                return Cell(column, row, values[row])
    return None


def not_finite(name: str, array: Any, reason: str) -> ValueError:
    """Return an error that says which cell is NaN or infinite.

    Parameters
    ----------
    name : str
        Of the array.
    array : as for `first_gap`
    reason : str
        What is said where it is not found.
    """
    found = first_gap(array)
    if found is None:
        return ValueError(f"{reason}.")
    is_nan = bool(np.isnan(found.value))
    what = "NaN" if is_nan else "infinity or a value too large for dtype('float64')"
    hint = ""
    if name == "X" and is_nan:
        filler = "TableEncoder" if is_frame(array) else "SimpleImputer"
        hint = f"\nmake_pipeline({filler}(), model) fills it in."
    return ValueError(f"Input {name} contains {what}: {found.place}.{hint}")


def first_no_number(array: Any) -> Cell | None:
    """Find the first column with a cell that is no number, and its first such row.

    Parameters
    ----------
    array : array, data frame, series, Arrow table or list
        Of one or two dimensions.
    """
    for column, cells in _columns(array):
        if _kind(cells) in "iufb":
            continue
        for row, value in enumerate(cells):
            if not is_missing(value) and not _is_number(value):
                return Cell(column, row, value)
    return None


def _columns(array: Any) -> Iterator[tuple[str, Any]]:
    """Yield each column's name in words and its cells."""
    if hasattr(array, "column_names"):  # of Arrow
        for name, column in zip(array.column_names, array.columns, strict=True):
            yield f"column {name!r}", column.to_pylist()
    elif is_frame(array):
        for j, name in enumerate(array.columns):
            column = array.iloc[:, j] if hasattr(array, "iloc") else array[name]
            yield f"column {str(name)!r}", column
    else:
        values = _as_array(array)
        if values.ndim == 1:
            yield "", values
        elif values.ndim == 2:
            for j in range(values.shape[1]):
                yield f"column {j}", values[:, j]


def _kind(cells: Any) -> str:
    """Return NumPy's letter of the type, "O" where there is none."""
    return str(getattr(getattr(cells, "dtype", None), "kind", "O"))


def _as_array(array: Any) -> NDArray[Any]:
    for dtype in (None, object):  # objects hold lists among numbers too
        try:
            return np.asarray(array, dtype=dtype)
        except (TypeError, ValueError):
            continue
    return np.empty(())


def _floats(cells: Any) -> Floats:
    """Return float64; NaN where a cell is missing."""
    with np.errstate(over="ignore"):
        if hasattr(cells, "isna"):  # of pandas, whose NA is no float
            return np.asarray(cells.to_numpy(dtype=np.float64, na_value=np.nan))
        if _kind(cells) in "iufb":
            return np.asarray(cells, dtype=np.float64)
        found = [np.nan if is_missing(each) else each for each in cells]
        return np.array(found, dtype=np.float64)


def _sparse_gap(X: Any) -> Cell | None:
    entries = X.tocoo()
    bad = np.flatnonzero(~np.isfinite(entries.data))
    if not len(bad):
        return None
    first = bad[np.lexsort((entries.row[bad], entries.col[bad]))[0]]
    column, row, value = entries.col[first], entries.row[first], entries.data[first]
    return Cell(f"column {column}", int(row), value)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True
