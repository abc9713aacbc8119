"""What the user gave: an array or a table, with the target in it or beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_consistent_length

from regkit._text import count
from regkit._types import Indices
from regkit.comparison.columns import TableColumns
from regkit.comparison.tasks import ComparisonTarget, read_target
from regkit.tables import CellError, FileTable, TableEncoder, TypedTable
from regkit.tables import Target as TargetColumn
from regkit.tables._frames import RawColumn, raw_columns
from regkit.tables._sentences import Style, unknown_column


@dataclass(frozen=True, eq=False)
class Given:
    """Columns, target, and what keeps rows together."""

    columns: TableColumns
    """X without the target."""
    target: ComparisonTarget
    """y of the rows that have one."""
    target_name: str
    """As it is called in sentences and pictures."""
    target_column: TargetColumn | None
    """How the target was read, where it is a column of the table."""
    groups: NDArray[Any] | None
    time: NDArray[Any] | None
    """(n_rows,): see `compare_regularizers`."""
    group_name: str | None
    time_name: str | None
    """Columns that they are."""
    left_out: tuple[str, ...]
    """What was left out besides what the encoder tells."""
    readings: dict[str, Any]
    """What the user, or `groups`, said about columns."""

    def notes(self, style: Style = "python") -> tuple[str, ...]:
        """Say what a person should know about columns and target."""
        own = [] if self.target_column is None else self.target_column.say_notes(style)
        return (*self.left_out, *self.columns.notes(style), *own, *self.target.notes)


def read_given(
    X: Any,
    y: Any,
    task: str,
    groups: Any,
    time: Any,
    encoder: TableEncoder | None,
    feature_names: Sequence[str] | None,
) -> Given:
    """Check and sort out the arguments of `compare_regularizers`."""
    is_table = (
        hasattr(X, "columns") or hasattr(X, "raw_columns") or isinstance(X, TypedTable)
    )
    readings: dict[str, Any] = {}
    group_name = groups if isinstance(groups, str) else None
    time_name = time if isinstance(time, str) else None
    if not (is_table or encoder is not None or _holds_objects(X)):
        for name, value in (("y", y), ("groups", groups), ("time", time)):
            if isinstance(value, str):
                raise ValueError(
                    f"{name}={value!r} names a column, but X is not a data frame"
                )
        check_consistent_length(X, y)
        columns, kept = TableColumns(X, feature_names), ~missing(y)
        name, column, values = str(getattr(y, "name", None) or "y"), None, _values(y)
    else:
        if feature_names is not None:
            raise ValueError("feature_names are for arrays: a table has its own")
        encoder = TableEncoder() if encoder is None else encoder
        readings = dict(encoder.readings or {})
        if group_name is not None:
            if isinstance(y, str) and group_name == y:
                raise ValueError(
                    f"groups={y!r} is the target: rows of one value of it would all "
                    "be in one part"
                )
            groups = group_values(X, group_name)
            readings[group_name] = "drop"
            encoder = clone(encoder).set_params(readings=readings)
        if time_name is not None:
            if isinstance(y, str) and time_name == y:
                raise ValueError(
                    f"time={y!r} is the target: the test rows would be those with the "
                    "largest values of it"
                )
            time = time_values(X, time_name)
        columns, name, column, values, kept = _read_table(X, y, encoder)
    left_out = []
    if group_name is not None:
        left_out.append(f"column {group_name!r} says which rows belong together")
    if not kept.all():
        n_gone = int(np.count_nonzero(~kept))
        if not kept.any():
            raise ValueError(f"{name} is missing in every row")
        groups, time = (
            None if given is None else _values(given)[kept] for given in (groups, time)
        )
        if column is None:
            rows = count(n_gone, "row")
            left_out.append(f"{rows} without a value of {name!r}: left out")
            columns, values = columns.take(kept), values[kept]
    return Given(
        columns=columns,
        target=read_target(values, task, name),
        target_name=name,
        target_column=column,
        groups=_complete(groups, "groups"),
        time=_complete(time, "time"),
        group_name=group_name,
        time_name=time_name,
        left_out=tuple(left_out),
        readings=readings,
    )


def _read_table(
    X: Any, y: Any, encoder: TableEncoder
) -> tuple[TableColumns, str, TargetColumn | None, NDArray[Any], NDArray[np.bool_]]:
    """Read a table, and the target in it or beside it.

    The rows of a target in the table are those that have one already.
    """
    if isinstance(y, str):
        table, column = encoder.read_with_target(X, y)
        return (
            TableColumns.of(table, encoder),
            y,
            column,
            target_values(column),
            column.kept,
        )
    table = encoder.read(X)
    if len(y) != table.n_rows:
        raise ValueError(
            "X and y must have the same number of rows: "
            f"X has {table.n_rows}, y has {len(y)}."
        )
    name = str(getattr(y, "name", None) or "y")
    return TableColumns.of(table, encoder), name, None, _values(y), ~missing(y)


def target_values(column: TargetColumn) -> NDArray[Any]:
    """Give numbers, or the labels of classes, of the rows that have a target."""
    if not column.labels:
        return np.asarray(column.values)
    labels: NDArray[Any] = np.asarray(column.labels)
    return np.asarray(labels[column.values])


def group_values(X: Any, name: str) -> NDArray[Any]:
    """Take the cells of a column, as text."""
    return np.asarray([str(cell) for cell in _column(X, name).values])


def time_values(X: Any, name: str) -> NDArray[Any]:
    """Read a column as dates or as numbers, whose order is that of time.

    Raises
    ------
    ValueError
        When it holds other text.
    """
    table = FileTable([_column(X, name)], "the table")
    for reading in (None, "number", "date"):
        readings = None if reading is None else {name: reading}
        try:
            (column,) = TableEncoder(readings).read(table).columns
        except CellError:
            continue
        if column.reading.kind in ("number", "date"):
            return np.asarray(column.values)
    raise ValueError(f"time: column {name!r} holds neither dates nor numbers")


def _column(X: Any, name: str) -> RawColumn:
    columns, _ = raw_columns(X)
    for column in columns:
        if column.name == name:
            return column
    raise ValueError(unknown_column(name, [c.name for c in columns], "the table"))


def missing(y: Any) -> NDArray[np.bool_]:
    """Return which values are missing: None, NaN, pandas' NA."""
    values = _values(y)
    if values.dtype.kind == "f" and values.ndim == 1:
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


def _holds_objects(X: Any) -> bool:
    return isinstance(X, np.ndarray) and X.dtype.kind in "OUSb"


def _complete(values: Any, name: str) -> NDArray[Any] | None:
    if values is None:
        return None
    found = _values(values)
    if missing(found).any():
        row: Indices = np.flatnonzero(missing(found))
        raise ValueError(
            f"{name} is missing in row {row[0]}: it is needed in every row"
        )
    return found.astype(str) if found.dtype.kind == "O" and name == "groups" else found
