"""The column to predict: taken out of a table, read, and freed of missing values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from regkit._text import count
from regkit.tables._sentences import Note, Style, TableError
from regkit.tables.reading import ColumnReading, Levels, TypedColumn


@dataclass(frozen=True, eq=False)
class Target:
    """The column to predict.

    Attributes
    ----------
    name : str
        Its name.
    kind : {"number", "boolean", "category"}
        What it holds.
    values : ndarray of shape (n_kept,)
        Float64 numbers, or the position of each row's class in `labels`.
    labels : tuple of str
        Classes of a boolean (false, true) or a category as the table spells them; empty
        for numbers.
    kept : ndarray of bool of shape (n_rows,)
        The rows in which it is not missing.
    reading : ColumnReading
        How it is read.
    notes : tuple of Note
        Doubtful readings, and rows that are left out.
    """

    name: str
    kind: Literal["number", "boolean", "category"]
    values: NDArray[Any]
    labels: tuple[str, ...]
    kept: NDArray[np.bool_]
    reading: ColumnReading
    notes: tuple[Note, ...]

    def say_notes(self, style: Style = "python") -> list[str]:
        """Return the notes as sentences."""
        return [note.say(style) for note in self.notes]


def make_target(
    column: TypedColumn, spelled: tuple[str, ...], place: Callable[[int], str]
) -> Target:
    """Make a target of a column that has been read.

    Parameters
    ----------
    column : TypedColumn
        The column.
    spelled : tuple of str
        How the table writes false and true, of a boolean.
    place : callable
        Says where a row stands.

    Raises
    ------
    TableError
        For dates, and for a target that is missing in every row.
    """
    name, reading, values = column.name, column.reading, column.values
    labels: tuple[str, ...] = ()
    if isinstance(values, Levels):
        kept, labels, values = values.codes >= 0, values.names, values.codes
    elif reading.kind == "date":
        raise TableError(f"the target {name!r} holds dates, which cannot be predicted")
    else:
        kept = ~np.isnan(values)
    if not kept.any():
        raise TableError(f"the target {name!r} is missing in every row")
    kind: Literal["number", "boolean", "category"] = "number"
    if labels:
        kind = "category"
    elif reading.kind == "boolean":
        kind, labels, values = "boolean", spelled, np.where(kept, values, 0).astype(int)
    notes = reading.notes
    if not kept.all():
        gone = np.flatnonzero(~kept)
        rows = count(gone.size, "row")
        at = ("" if gone.size == 1 else "the first ") + place(int(gone[0]))
        notes += (Note(f"the target {name!r} is missing in {rows}, {at}: left out"),)
    return Target(name, kind, values[kept], labels, kept, reading, notes)
