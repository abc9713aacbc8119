"""The columns of whatever frame a user passes: text, numbers, dates or flags."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from numbers import Real
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Dtype = Literal["text", "number", "boolean", "date", "category"]


@dataclass(frozen=True)
class RawColumn:
    """A column as it stands in a frame."""

    name: str
    """Name of the column."""
    dtype: Dtype
    """What the frame says that it holds."""
    values: Any
    """Stripped text, ``""`` where missing, for text and categories; float64 with NaN
    for numbers and booleans; datetime64[s] with NaT for dates.
    """
    zones: tuple[str, str] | None = None
    """Two of the dates that are for different time zones."""


def raw_columns(X: Any) -> tuple[list[RawColumn], bool]:
    """Return the columns of a table that is held in memory.

    Parameters
    ----------
    X : pandas, polars or pyarrow table, or array-like of shape (n_rows, n_columns)
        Any columns; those of an array are called ``x0``, ``x1``, ….

    Returns
    -------
    columns : list of RawColumn
        In order.
    named : bool
        Whether the names are the table's own.

    Raises
    ------
    TypeError
        For a sparse matrix and a lazy frame.
    ValueError
        For a table without rows or columns, and for another number of dimensions.
    """
    if sp.issparse(X):
        raise TypeError(
            "a sparse matrix has no text, dates or missing values to encode: pass it "
            "to the model itself, or convert it with X.toarray()"
        )
    named = True
    if hasattr(X, "raw_columns"):
        columns = X.raw_columns  # a FileTable
    elif hasattr(X, "iloc") and hasattr(X, "columns"):
        named = all(isinstance(name, str) for name in X.columns)
        columns = [
            _from_pandas(str(name), X.iloc[:, j]) for j, name in enumerate(X.columns)
        ]
    elif hasattr(X, "get_columns"):
        columns = [_from_polars(series) for series in X.get_columns()]
    elif hasattr(X, "column_names") and hasattr(X, "itercolumns"):
        columns = [
            _from_arrow(str(name), column)
            for name, column in zip(X.column_names, X.itercolumns(), strict=True)
            if not str(name).startswith("__index_level_")  # of a pandas frame
        ]
    elif hasattr(X, "collect"):
        raise TypeError("X is a lazy frame: pass X.collect()")
    else:
        columns, named = _from_array(X), False
    if not columns or not len(columns[0].values):
        n_rows = len(columns[0].values) if columns else len(X)
        kind = "sample(s)" if columns else "feature(s)"
        raise ValueError(
            f"Found array with 0 {kind} (shape=({n_rows}, {len(columns)})) while a "
            "minimum of 1 is required."
        )
    return columns, named


def _from_array(X: Any) -> list[RawColumn]:
    from sklearn.utils import check_array  # not needed for files

    array = check_array(X, dtype=None, ensure_all_finite=False)
    columns = []
    for j in range(array.shape[1]):
        name, values = f"x{j}", array[:, j]
        if array.dtype.kind in "iuf":
            columns.append(RawColumn(name, "number", values.astype(np.float64)))
        elif array.dtype.kind == "b":
            columns.append(RawColumn(name, "boolean", values.astype(np.float64)))
        elif array.dtype.kind == "M":
            columns.append(RawColumn(name, "date", values.astype("datetime64[s]")))
        else:
            columns.append(from_objects(name, values.tolist()))
    return columns


def _from_pandas(name: str, series: Any) -> RawColumn:
    dtype = series.dtype
    kind = getattr(dtype, "kind", "O")
    if str(dtype) == "category":
        return RawColumn(name, "category", to_text(series.astype(object).tolist()))
    if kind in "iuf":
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return RawColumn(name, "number", values)
    if kind == "b":
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return RawColumn(name, "boolean", values)
    if kind == "M":
        # The wall clock where there is a time zone.
        local = series.dt.tz_localize(None) if getattr(dtype, "tz", None) else series
        values = local.to_numpy(dtype="datetime64[ns]").astype("datetime64[s]")
        return RawColumn(name, "date", values)
    if kind == "m":
        return RawColumn(name, "number", series.dt.total_seconds().to_numpy() / 86400)
    if kind == "c":
        raise ValueError(f"Complex data not supported: column {name!r}")
    return from_objects(name, series.tolist())


def _from_polars(series: Any) -> RawColumn:
    name, dtype = str(series.name), series.dtype
    if dtype.is_numeric():
        import polars

        values = series.cast(polars.Float64).to_numpy().astype(np.float64)
        return RawColumn(name, "number", values)
    column = from_objects(name, series.to_list())
    if type(dtype).__name__ in ("Categorical", "Enum") or str(dtype) == "Categorical":
        return RawColumn(name, "category", column.values)
    return column


def _from_arrow(name: str, column: Any) -> RawColumn:
    shown = str(column.type)
    if shown.startswith(("int", "uint", "float", "double", "halffloat")):
        return RawColumn(name, "number", column.to_numpy().astype(np.float64))
    if shown.startswith("dictionary"):
        return RawColumn(name, "category", to_text(column.to_pylist()))
    return from_objects(name, column.to_pylist())


def from_objects(name: str, objects: Sequence[Any]) -> RawColumn:
    """Sort a column of Python objects by what they are."""
    kinds = set(map(type, objects))
    if kinds <= {str}:
        return RawColumn(name, "text", [cell.strip() for cell in objects])
    missing = np.fromiter((_is_missing(value) for value in objects), bool, len(objects))
    kinds = {
        type(value) for value, gone in zip(objects, missing, strict=True) if not gone
    }
    if not kinds:
        return RawColumn(name, "text", [""] * len(objects))
    if all(issubclass(kind, bool | np.bool_) for kind in kinds):
        return RawColumn(name, "boolean", _to_floats(objects, missing))
    if any(issubclass(kind, complex | np.complexfloating) for kind in kinds) and all(
        issubclass(kind, complex | np.complexfloating | Real) for kind in kinds
    ):
        raise ValueError(f"Complex data not supported: column {name!r}")
    if all(_is_number_type(kind) for kind in kinds):
        return RawColumn(name, "number", _to_floats(objects, missing))
    if all(issubclass(kind, date | np.datetime64) for kind in kinds):
        dates = np.full(len(objects), np.datetime64("NaT", "s"))
        known = _known(objects, missing)
        dates[~missing] = [_to_moment(value) for value in known]
        return RawColumn(name, "date", dates, _different_zones(known))
    if all(issubclass(kind, timedelta) for kind in kinds):
        days = np.full(len(objects), np.nan)
        days[~missing] = [value / timedelta(1) for value in _known(objects, missing)]
        return RawColumn(name, "number", days)
    return RawColumn(name, "text", to_text(objects))


def _different_zones(moments: Sequence[Any]) -> tuple[str, str] | None:
    """Return two moments whose zones differ; summer time is no other zone."""
    first: dict[Any, Any] = {}
    for moment in moments:
        zone = getattr(moment, "tzinfo", None)
        if zone not in first:
            first[zone] = moment
    one, *others = first.values()
    for other in others:
        if (None in first) or one.utcoffset() != other.utcoffset():
            return str(one), str(other)
    return None


def _is_number_type(kind: type) -> bool:
    # bool is a Real, and Decimal is none.
    return kind.__name__ == "Decimal" or (
        issubclass(kind, Real) and kind.__name__ != "bool"
    )


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, float | np.floating | np.datetime64):
        return bool(value != value)
    return False


def _to_floats(objects: Sequence[Any], missing: NDArray[np.bool_]) -> NDArray[Any]:
    values = np.full(len(objects), np.nan)
    values[~missing] = [float(value) for value in _known(objects, missing)]
    return values


def _known(objects: Sequence[Any], missing: NDArray[np.bool_]) -> list[Any]:
    return [value for value, gone in zip(objects, missing, strict=True) if not gone]


def _to_moment(value: Any) -> np.datetime64:
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.replace(tzinfo=None)
    return np.datetime64(value, "s")


def to_text(objects: Iterable[Any]) -> list[str]:
    """Write objects as a spreadsheet shows them: 3.0 as 3, nothing for missing."""
    cells = []
    for value in objects:
        if isinstance(value, str):
            cells.append(value.strip())
        elif isinstance(value, bytes):
            cells.append(value.decode(errors="replace").strip())
        elif _is_missing(value):
            cells.append("")
        elif isinstance(value, float | np.floating) and value == _whole(value):
            cells.append(str(int(value)))
        else:
            cells.append(str(value))
    return cells


def _whole(value: Any) -> float:
    """Return the whole number that a float is, else NaN."""
    return value if abs(value) < 1e15 and float(value).is_integer() else float("nan")
