"""Tables as they are: categories, strings and missing values to numbers."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.rows.bad_values import first_no_number, is_missing
from regkit.rows.row_chunks import from_arrow

# Codes of levels that are missing and that the fit has not seen.
_MISSING = -2.0
_UNSEEN = -1.0
# What types of categories and of strings are called by pandas, polars and Arrow.
_TEXTS = ("category", "categorical", "enum", "str", "large_string", "dictionary")


@dataclass(frozen=True, slots=True)
class FrameReader:
    """Turns rows into numbers, categories into codes; missing numbers stay NaN.

    Attributes
    ----------
    levels : dict of int to dict
        Of each categorical column, by its number: the code of every level.
    """

    levels: dict[int, dict[Any, float]]

    @classmethod
    def learn(cls, X: Any, categorical_features: Any) -> FrameReader | None:
        """Find the categorical columns and their levels; None for plain numbers.

        Raises
        ------
        ValueError, TypeError
            When `categorical_features` names no column, a column holds dates, or the
            levels of one cannot be told apart.
        """
        X = as_table(X)
        if np.ma.is_masked(X):
            return None  # refused where X is checked
        if sp.issparse(X) or not hasattr(X, "shape") or len(X.shape) != 2:
            if categorical_features in (None, "from_dtype"):
                return None
            if sp.issparse(X):
                raise TypeError("categorical_features needs a dense X.")
            return None
        chosen = _chosen(X, categorical_features)
        if not chosen and not _has_gaps(X):
            return None
        levels = {}
        for j in chosen:
            values = _column(X, j).tolist()
            levels[j] = _levels([v for v in values if not is_missing(v)], _name(X, j))
        return cls(levels)

    def read(self, X: Any) -> Floats:
        """Return (n, n_features) numbers and codes.

        Raises
        ------
        ValueError
            When a column that is not categorical holds no numbers, or infinity.
        """
        X = as_table(X)
        columns: list[Any] = []
        for j in range(X.shape[1]):
            values = _column(X, j)
            if j in self.levels:
                codes = self.levels[j]
                columns.append(_codes(values.tolist(), codes, _name(X, j)))
            else:
                columns.append(_numbers(values, _name(X, j)))
        return np.array(columns, dtype=np.float64).T.reshape(X.shape)


def as_table(X: Any) -> Any:
    """Return lists as an array, where they are one, and Arrow's tables as frames."""
    X = from_arrow(X)
    if hasattr(X, "shape"):
        return X
    try:
        return np.asarray(X)
    except (TypeError, ValueError):
        return X  # refused where X is checked


def _chosen(X: Any, categorical_features: Any) -> list[int]:
    """Return the numbers of the categorical columns."""
    p = X.shape[1]
    names = list(X.columns) if hasattr(X, "columns") else []
    for j in range(p if names else 0):
        _refuse_dates(X, j)
    if categorical_features is None:
        return []
    if isinstance(categorical_features, str):
        if categorical_features != "from_dtype":
            raise ValueError(
                'categorical_features must be "from_dtype", None, a mask, numbers or '
                f"names of columns, got {categorical_features!r}."
            )
        return [j for j in range(p if names else 0) if _is_categorical(X, j)]
    given = list(categorical_features)
    if given and all(isinstance(each, bool | np.bool_) for each in given):
        if len(given) != p:
            raise ValueError(
                f"categorical_features is a mask of {len(given)} columns, X has {p}."
            )
        return np.flatnonzero(given).tolist()
    found = []
    for each in given:
        if isinstance(each, Integral) and 0 <= int(each) < p:
            found.append(int(each))
        elif each in names:
            found.append(names.index(each))
        else:
            raise ValueError(
                f"categorical_features has {each!r}, which is no column of X."
            )
    return sorted(set(found))


def _dtype(X: Any, j: int) -> Any:
    return X.dtypes.iloc[j] if hasattr(X.dtypes, "iloc") else X.dtypes[j]


def _name(X: Any, j: int) -> str:
    return repr(str(X.columns[j])) if hasattr(X, "columns") else str(j)


def _refuse_dates(X: Any, j: int) -> None:
    dtype = _dtype(X, j)
    is_temporal = getattr(dtype, "is_temporal", None)  # polars
    if getattr(dtype, "kind", "") in ("m", "M") or (is_temporal and is_temporal()):
        raise ValueError(
            f"X holds dates or durations ({dtype}) in column {_name(X, j)}; convert "
            "them to numbers, such as days since a day, or leave the column out."
        )


def _is_categorical(X: Any, j: int) -> bool:
    """Tell it by the type of a frame's column; of objects by what they are."""
    kind = str(_dtype(X, j)).lower()
    if kind.startswith(_TEXTS):
        return True
    if kind != "object":
        return False
    return any(
        isinstance(each, str) for each in _column(X, j).tolist() if not is_missing(each)
    )


def _column(X: Any, j: int) -> NDArray[Any]:
    """Return a column's values; of frames as Python objects."""
    if hasattr(X, "iloc"):
        column = X.iloc[:, j]
        if getattr(column.dtype, "kind", "O") in "iufb" and isinstance(
            column.dtype, np.dtype
        ):
            return np.asarray(column)
        return np.asarray(column.astype(object))
    if hasattr(X, "to_series"):
        column = X.to_series(j)
        if column.dtype.is_numeric() and not column.null_count():
            return np.asarray(column.to_numpy())
        return np.array(column.to_list(), dtype=object)
    return np.asarray(X[:, j])


def _levels(known: list[Any], name: str) -> dict[Any, float]:
    """Give each level a code, in the order of the levels."""
    try:
        distinct = set(known)
    except TypeError as error:
        raise TypeError(_not_levels(name, error)) from None
    try:
        ordered = sorted(distinct, key=lambda level: (type(level).__name__, level))
    except TypeError:  # such as tuples of numbers and of strings
        ordered = sorted(
            distinct, key=lambda level: (type(level).__name__, repr(level))
        )
    return {level: float(code) for code, level in enumerate(ordered)}


def _codes(values: list[Any], codes: dict[Any, float], name: str) -> list[float]:
    try:
        return [
            _MISSING if is_missing(each) else codes.get(each, _UNSEEN)
            for each in values
        ]
    except TypeError as error:
        raise TypeError(_not_levels(name, error)) from None


def _not_levels(name: str, error: TypeError) -> str:
    return f"X must hold levels of a category in column {name}: {error}."


def _numbers(values: NDArray[Any], name: str) -> Floats:
    """Return float64; NaN where a number is missing."""
    given: Any = values
    if values.dtype.kind not in "iufb":
        given = [np.nan if is_missing(each) else each for each in values.tolist()]
    try:
        found = np.array(given, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        cell = first_no_number(values)
        reason = f": {error}" if cell is None else f", got {cell.shown} in {cell.place}"
        raise ValueError(f"X must hold numbers in column {name}{reason}.") from None
    if np.isinf(found).any():
        row = int(np.argmax(np.isinf(found)))
        raise ValueError(
            "Input X contains infinity or a value too large for dtype('float64'): "
            f"column {name} in row {row}."
        )
    return found


def _is_of_objects(X: Any) -> bool:
    return isinstance(X, np.ndarray) and X.dtype == object


def _has_gaps(X: Any) -> bool:
    """Whether any number is missing."""
    if hasattr(X, "columns") or _is_of_objects(X):
        for j in range(X.shape[1]):
            values = _column(X, j)
            if values.dtype == object:
                if any(is_missing(each) for each in values.tolist()):
                    return True
            elif values.dtype.kind == "f" and np.isnan(values).any():
                return True
        return False
    kind = getattr(getattr(X, "dtype", None), "kind", "")
    return kind == "f" and bool(np.isnan(np.asarray(X)).any())
