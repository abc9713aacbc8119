"""Rows in which one feature varies and the others stay put."""

from typing import Any

import numpy as np
import scipy.sparse as sp

from regkit._types import Floats


def vary_feature(
    X: Any, feature: int | str, n_points: int, ends: tuple[float, float] | None
) -> tuple[Floats, Any]:
    """Build rows for a curve along one feature, in X's own type.

    Parameters
    ----------
    X : {array-like, pandas or polars dataframe} of shape (n_samples, n_features)
        Columns.
    feature : int or str
        The column that varies.
    n_points : int
        Number of rows to build.
    ends : tuple of (low, high), or None
        Range of the feature; None for that in X.

    Returns
    -------
    grid : ndarray of shape (n_points,)
        Values of the feature.
    rows : same type as X, (n_points, n_features)
        The other columns at their means, or most frequent values where they are not
        numbers.
    """
    column = feature_column(X, feature)
    low, high = (column.min(), column.max()) if ends is None else ends
    grid = np.linspace(low, high, n_points)
    at = _position(X, feature)
    if not hasattr(X, "columns"):
        array = _as_array(X)
        rows = np.tile(array.mean(axis=0), (n_points, 1))
        rows[:, at] = grid
        return grid, rows
    names = list(X.columns)
    data = {}
    for j, name in enumerate(names):
        values = np.asarray(X[name])
        if j == at:
            data[name] = grid
        elif np.issubdtype(values.dtype, np.number):
            data[name] = np.full(n_points, values.mean())
        else:
            levels, counts = np.unique(values.astype(str), return_counts=True)
            common = values[values.astype(str) == levels[counts.argmax()]][0]
            data[name] = np.full(n_points, common, dtype=values.dtype)
    return grid, type(X)(data)


def feature_column(X: Any, feature: int | str) -> Floats:
    """Take one column of X as floats."""
    at = _position(X, feature)
    if hasattr(X, "columns"):
        return np.asarray(X[X.columns[at]], dtype=np.float64)
    return np.asarray(_as_array(X)[:, at], dtype=np.float64)


def feature_label(X: Any, feature: int | str) -> str:
    """Name one column of X."""
    at = _position(X, feature)
    if hasattr(X, "columns"):
        return str(X.columns[at])
    return "x" if _as_array(X).shape[1] == 1 else f"x{at}"


def target_label(y: Any, target: int) -> str:
    """Name y, or one of its columns."""
    if np.ndim(y) == 2:
        return str(y.columns[target]) if hasattr(y, "columns") else f"y{target}"
    return str(getattr(y, "name", None) or "y")


def _position(X: Any, feature: int | str) -> int:
    names = list(X.columns) if hasattr(X, "columns") else None
    if isinstance(feature, str):
        if names is None or feature not in names:
            have = "no column names" if names is None else ", ".join(map(str, names))
            raise ValueError(
                f"feature={feature!r} is not a column of X, which has {have}."
            )
        return names.index(feature)
    n_features = _as_array(X).shape[1] if names is None else len(names)
    if not -n_features <= feature < n_features:
        raise ValueError(
            f"feature={feature} is not a column of X, which has {n_features}."
        )
    return feature % n_features


def _as_array(X: Any) -> Floats:
    if sp.issparse(X):
        raise TypeError("X must be dense to draw a curve along one of its features.")
    array = np.asarray(X, dtype=np.float64)
    if array.ndim != 2:
        raise ValueError(f"X must be a 2D array, got one of shape {array.shape}.")
    return array
