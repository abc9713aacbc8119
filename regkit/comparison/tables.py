"""What the user gave: an array or a frame, with the target in it or beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length

from regkit.comparison.columns import Columns, take_rows
from regkit.comparison.tasks import Target, read_target


@dataclass(frozen=True, eq=False)
class Given:
    """Columns, target, and what keeps rows together.

    Attributes
    ----------
    columns : Columns
        X without the target.
    target : Target
        y of the rows that have one.
    target_name : str
        As it is called in sentences and pictures.
    rows : ndarray of shape (n_rows,) or None
        The rows that have a target, where some have none.
    groups, time : ndarray of shape (n_rows,) or None
        See `compare_regularizers`.
    group_name, time_name : str or None
        Columns that they are.
    notes : tuple of str
        What was left out.
    """

    columns: Columns
    target: Target
    target_name: str
    rows: NDArray[np.intp] | None
    groups: NDArray[Any] | None
    time: NDArray[Any] | None
    group_name: str | None
    time_name: str | None
    notes: tuple[str, ...]


def read_given(
    X: Any,
    y: Any,
    task: str,
    groups: Any,
    time: Any,
    encoder: Any,
    feature_names: Sequence[str] | None,
) -> Given:
    """Check and sort out the arguments of `compare_regularizers`."""
    is_frame = hasattr(X, "columns") and hasattr(X, "shape")
    if not is_frame:
        for name, value in (("y", y), ("groups", groups), ("time", time)):
            if isinstance(value, str):
                raise ValueError(
                    f"{name}={value!r} names a column, but X is not a data frame"
                )
    target_name = y if isinstance(y, str) else str(getattr(y, "name", None) or "y")
    group_name = groups if isinstance(groups, str) else None
    time_name = time if isinstance(time, str) else None
    taken = [n for n in (y, groups) if isinstance(n, str)]
    y, groups, time = (
        column(X, value) if isinstance(value, str) else value
        for value in (y, groups, time)
    )
    if taken:
        X = X.drop(columns=taken) if hasattr(X, "iloc") else X.drop(taken)
    check_consistent_length(X, y)
    notes: list[str] = []
    if group_name is not None:
        notes.append(f"column {group_name!r} says which rows belong together: left out")
    absent = missing(y)
    rows = None
    if absent.any():
        rows = np.flatnonzero(~absent)
        if rows.size == 0:
            raise ValueError(f"{target_name!r} is missing in every row")
        n_absent = int(absent.sum())
        notes.append(
            f"{n_absent} {'row' if n_absent == 1 else 'rows'} without a value of "
            f"{target_name!r}: left out"
        )
        X = take_rows(X, rows)
        y, groups, time = (
            None if value is None else _values(value)[rows]
            for value in (y, groups, time)
        )
    target = read_target(y, task, target_name)
    if is_frame and encoder is None:
        encoder = default_encoder()
    return Given(
        columns=Columns(X, feature_names, encoder if is_frame else None),
        target=target,
        target_name=target_name,
        rows=rows,
        groups=_complete(groups, "groups"),
        time=_complete(time, "time"),
        group_name=group_name,
        time_name=time_name,
        notes=tuple(notes),
    )


def default_encoder() -> Any:
    """Return the encoder of data frames."""
    from regkit import tables

    return tables.TableEncoder() if hasattr(tables, "TableEncoder") else None


def column(frame: Any, name: str) -> Any:
    """Take a column of a frame, or say what is close to its name."""
    names = [str(known) for known in frame.columns]
    if name not in names:
        close = get_close_matches(name, names, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"the table has no column {name!r}{hint}")
    return frame[name]


def missing(y: Any) -> NDArray[np.bool_]:
    """Tell which values are missing: None, NaN, pandas' NA."""
    values = _values(y)
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    if values.dtype.kind in "mM":
        return np.asarray(np.isnat(values))
    if values.dtype.kind == "O" and values.ndim == 1:
        return np.array([_is_missing(value) for value in values], dtype=bool)
    return np.zeros(values.shape[0], dtype=bool)


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ == "NAType":
        return True
    return bool(value != value)  # NaN


def _values(column: Any) -> NDArray[Any]:
    return np.asarray(column.to_numpy() if hasattr(column, "to_numpy") else column)


def _complete(values: Any, name: str) -> NDArray[Any] | None:
    if values is None:
        return None
    found = _values(values)
    if missing(found).any():
        row = int(np.flatnonzero(missing(found))[0])
        raise ValueError(f"{name} is missing in row {row}: it is needed in every row")
    return found.astype(str) if found.dtype.kind == "O" and name == "groups" else found
