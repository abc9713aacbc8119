"""Tables as they are: categories, strings and missing values to numbers."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.rows.row_chunks import from_arrow

# Codes of levels that are missing and that the fit has not seen.
_MISSING = -2.0
_UNSEEN = -1.0


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
            When `categorical_features` names no column, or a column holds dates.
        """
        X = as_table(X)
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
            values = _column(X, j)
            known = {each for each in values.tolist() if not _is_missing(each)}
            ordered = sorted(known, key=lambda level: (type(level).__name__, level))
            levels[j] = {level: float(code) for code, level in enumerate(ordered)}
        return cls(levels)

    def read(self, X: Any) -> Floats:
        """Return (n, n_features) numbers and codes.

        Raises
        ------
        ValueError
            When a column that is not categorical holds no numbers.
        """
        X = as_table(X)
        columns = []
        for j in range(X.shape[1]):
            values = _column(X, j)
            if j in self.levels:
                codes = self.levels[j]
                columns.append(
                    [
                        _MISSING if _is_missing(each) else codes.get(each, _UNSEEN)
                        for each in values.tolist()
                    ]
                )
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
        return X  # whoever checks X says what is wrong


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
    if kind.startswith(("category", "categorical", "enum", "str")):
        return True
    if kind != "object":
        return False
    return any(
        isinstance(each, str)
        for each in _column(X, j).tolist()
        if not _is_missing(each)
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


def _is_missing(value: Any) -> bool:
    """Tell None, NaN and what pandas has instead."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return bool(isinstance(value, float) and value != value)


def _numbers(values: NDArray[Any], name: str) -> Any:
    if values.dtype != object:
        return values.astype(np.float64)
    found = [np.nan if _is_missing(each) else each for each in values.tolist()]
    try:
        return np.array(found, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise ValueError(f"X must hold numbers in column {name}: {error}.") from None


def _has_gaps(X: Any) -> bool:
    """Tell whether any number is missing."""
    if hasattr(X, "columns"):
        for j in range(X.shape[1]):
            values = _column(X, j)
            if values.dtype == object:
                if any(_is_missing(each) for each in values.tolist()):
                    return True
            elif values.dtype.kind == "f" and np.isnan(values).any():
                return True
        return False
    kind = getattr(getattr(X, "dtype", None), "kind", "")
    return kind == "f" and bool(np.isnan(np.asarray(X)).any())
