"""What reading a table gives: how each column is read, and its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from regkit.tables._dates import Order
from regkit.tables._missing import ALWAYS
from regkit.tables._numbers import Notation
from regkit.tables._sentences import Note

Kind = Literal["number", "boolean", "date", "category", "drop"]


@dataclass(frozen=True)
class ColumnReading:
    """How one column of a table is read.

    Attributes
    ----------
    kind : {"number", "boolean", "date", "category", "drop"}
        What the cells stand for; ``"drop"`` for a column that is left out.
    notation : Notation or None
        How numbers are written.
    order : {"ymd", "dmy", "mdy"}
        Order of day, month and year in figures such as 03/04/2024.
    missing : frozenset of str
        Casefolded cells that stand for missing values.
    merged : bool
        Whether levels that differ by case or blanks only are one.
    notes : tuple of Note
        What a person should know about this reading.
    """

    kind: Kind
    notation: Notation | None = None
    order: Order = "ymd"
    missing: frozenset[str] = field(default=ALWAYS, repr=False)
    merged: bool = True
    notes: tuple[Note, ...] = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        if self.kind == "number" and self.notation is not None and str(self.notation):
            return f"number {self.notation}"
        if self.kind == "date" and self.order != "ymd":
            return f"date ({self.order})"
        return {"drop": "left out"}.get(self.kind, self.kind)

    def __deepcopy__(self, memo: Any) -> Self:
        # Nothing in it can change, and encoders are cloned for every fold.
        return self


class Levels(NamedTuple):
    """The values of a category."""

    codes: NDArray[np.int64]
    """(n_rows,) index into `names`, -1 for missing."""
    names: tuple[str, ...]
    """The levels as they are shown, in sorted order."""

    def take(self, rows: Any) -> Levels:
        """Return the values of some rows."""
        return Levels(self.codes[rows], self.names)


class ReadingSettings(NamedTuple):
    """What the user says about a table."""

    readings: Mapping[str, Any]
    decimal: str | None = None
    date_order: Order | None = None
    missing: tuple[Any, ...] = ()

    @property
    def missing_cells(self) -> frozenset[str]:
        """Return the cells that the user calls missing, casefolded."""
        return frozenset(str(value).strip().casefold() for value in self.missing)


@dataclass(frozen=True)
class TypedColumn:
    """A column with its reading and its values: floats, dates or levels."""

    name: str
    reading: ColumnReading
    values: Any

    def take(self, rows: Any) -> TypedColumn:
        """Return the column for some rows."""
        values = self.values
        taken = values.take(rows) if isinstance(values, Levels) else values[rows]
        return replace(self, values=taken)


@dataclass(frozen=True)
class TypedTable:
    """A table whose columns are read; what `TableEncoder` takes without looking again.

    Attributes
    ----------
    columns : tuple of TypedColumn
        Names, readings and values.
    named : bool
        Whether the names are the table's own.
    """

    columns: tuple[TypedColumn, ...]
    named: bool = True

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        values = self.columns[0].values
        return len(values.codes if isinstance(values, Levels) else values)

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [column.name for column in self.columns]

    @property
    def readings(self) -> dict[str, ColumnReading]:
        """How each column is read."""
        return {column.name: column.reading for column in self.columns}

    def take(self, rows: Any) -> TypedTable:
        """Return some rows.

        Parameters
        ----------
        rows : ndarray of int or of bool
            Their positions, or a mask.
        """
        return replace(
            self, columns=tuple(column.take(rows) for column in self.columns)
        )
