"""What became of each column of a table, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regkit._text import count
from regkit.tables._encodings import Learned
from regkit.tables._sentences import Note
from regkit.tables.reading import ColumnReading, Levels, TypedColumn, TypedTable


@dataclass(frozen=True)
class ColumnReport:
    """What became of one column of the table.

    Attributes
    ----------
    name : str
        Name of the column.
    reading : ColumnReading
        How its cells are read.
    features : tuple of str
        Names of the columns of numbers that it becomes, empty when it is left out.
    n_missing : int
        Training rows in which it is missing.
    summary : str
        One line: ``"number written as 1,234.5; 3 missing, filled with the median, 7"``.
    notes : tuple of Note
        What a person should know; ``note.say()`` gives the sentence.
    """

    name: str
    reading: ColumnReading
    features: tuple[str, ...]
    n_missing: int
    summary: str
    notes: tuple[Note, ...]

    @property
    def used(self) -> bool:
        """Whether a model sees anything of the column."""
        return bool(self.features)


def report_column(
    column: TypedColumn, learned: Learned, features: tuple[str, ...]
) -> ColumnReport:
    """Say what became of a column.

    Parameters
    ----------
    column : TypedColumn
        The training rows.
    learned : Learned
        What was learned from them.
    features : tuple of str
        Names of the columns of numbers.
    """
    notes = column.reading.notes
    if learned.reason:
        notes += (Note(f"column {column.name!r} {learned.reason}: left out"),)
        summary = f"left out: {learned.reason}"
    elif column.reading.kind == "drop":
        summary = _why_dropped(column)
    else:
        summary = str(column.reading)
        if isinstance(column.values, Levels):
            n_rare = len(learned.rare)
            n_levels = np.unique(column.values.codes[column.values.codes >= 0]).size
            summary += f" of {n_levels} levels"
            summary += f", {n_rare} rare ones together" if n_rare else ""
        if learned.n_missing:
            summary += f"; {learned.n_missing} missing, {learned.filled}"
    return ColumnReport(
        column.name, column.reading, features, learned.n_missing, summary, notes
    )


def _why_dropped(column: TypedColumn) -> str:
    for note in column.reading.notes:
        if note.text.endswith(": left out"):
            reason = note.text.removeprefix(f"column {column.name!r} ")
            return f"left out: {reason.removesuffix(': left out')}"
    return "left out as asked"


def missing_notes(columns: Sequence[ColumnReport], indicators: bool) -> list[str]:
    """Say in one sentence each where numbers and where levels are missing."""
    filled = [
        c for c in columns if c.used and c.n_missing and c.reading.kind != "category"
    ]
    levels = [
        c for c in columns if c.used and c.n_missing and c.reading.kind == "category"
    ]
    notes = []
    if filled:
        where = ", and 0/1 columns mark them" if indicators else ""
        notes.append(
            f"missing values in {_name_rows(filled)}: filled with the column's "
            f"median{where}"
        )
    if levels:
        notes.append(f"missing text in {_name_rows(levels)}: a level of its own")
    return notes


def _name_rows(columns: Sequence[ColumnReport]) -> str:
    """Name up to four columns and the rows that are missing in each."""
    named = [f"{c.name!r} ({count(c.n_missing, 'row')})" for c in columns[:4]]
    more = f" and {len(columns) - 4} more columns" if len(columns) > 4 else ""
    return ", ".join(named) + more


def nothing_left(table: TypedTable, fitted: Sequence[Learned]) -> str:
    """Say why a table has no column of which a model could learn."""
    reasons = [
        note.text for column in table.columns for note in column.reading.notes
    ] + [
        f"column {column.name!r} {learned.reason}"
        for column, learned in zip(table.columns, fitted, strict=True)
        if learned.reason
    ]
    shown = "; ".join(reasons[:3]) or "all are dropped"
    return f"no column is left to predict from: {shown}"
