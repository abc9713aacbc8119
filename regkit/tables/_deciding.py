"""How the columns of a table are read: as numbers, booleans, dates or categories.

This looks at a whole table and learns nothing but its form: which mark is the decimal
mark, which cells stand for missing values, which columns only number the rows. What
depends on the distribution of values (medians, rare levels) is learned by
`TableEncoder` from the training rows alone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from regkit._text import count
from regkit.tables._applying import (
    apply_reading,
    fill_in,
    level_key,
    rare_below,
    refuse_infinite,
    stray_error,
    without,
)
from regkit.tables._booleans import read_booleans
from regkit.tables._dates import Order, read_dates
from regkit.tables._frames import RawColumn
from regkit.tables._hints import date_notes, number_notes, why_identifier
from regkit.tables._missing import ALWAYS, AMONG_NUMBERS, missing_in_text
from regkit.tables._numbers import (
    MixedNotationError,
    Notation,
    NumberCells,
    read_numbers,
)
from regkit.tables._sentences import CellError, Note, Option
from regkit.tables.reading import ColumnReading, Kind, ReadingSettings, TypedColumn

_MOSTLY = 0.9
_MAX_LEVELS = 100


def read_table_columns(
    columns: Sequence[RawColumn], settings: ReadingSettings, target: str | None = None
) -> list[TypedColumn]:
    """Find out how each column is read, and read it.

    Parameters
    ----------
    columns : sequence of RawColumn
        The table.
    settings : ReadingSettings
        What the user says.
    target : str or None
        The column to predict, which is never left out.

    Raises
    ------
    CellError
        For a cell that cannot be read as the rest of its column is.
    """
    looks = [_Look(column, settings, column.name == target) for column in columns]
    decimal = settings.decimal or _shared(look.shown_decimal() for look in looks)
    order = settings.date_order or _shared(look.shown_order() for look in looks)
    return [look.decide(decimal, order) for look in looks]


def _shared(shown: Iterable[str | None]) -> Any:
    """Return what all columns that show something agree on, else None."""
    found = {mark for mark in shown if mark}
    return found.pop() if len(found) == 1 else None


def _says_number(cell: str) -> bool:
    """Whether a cell that is no number was meant as one: 1O, infinity."""
    return any(c.isdigit() for c in cell) or cell.casefold().strip("+-") in (
        "inf",
        "infinity",
        "∞",
    )


def _zone_notes(name: str, zones: tuple[str, str] | None) -> tuple[Note, ...]:
    if zones is None:
        return ()
    one, other = zones
    return (
        Note(
            f"column {name!r}: times are taken as written, though {one!r} and "
            f"{other!r} are for different time zones"
        ),
    )


class _Look:
    """What is seen of one column before the whole table is known."""

    def __init__(
        self, column: RawColumn, settings: ReadingSettings, target: bool
    ) -> None:
        self.column, self.settings, self.target = column, settings, target
        self.given = settings.readings.get(column.name)
        self.numbers: NumberCells | None = None
        self.counts: Counter[str] = Counter()
        if column.dtype == "text" and not isinstance(self.given, ColumnReading):
            self.counts = Counter(column.values)
            self.candidates = self._present(AMONG_NUMBERS | settings.missing_cells)
            if self.given in (None, "number"):
                self.numbers = self._look_for_numbers(settings.decimal)

    def _present(self, absent: frozenset[str]) -> list[str]:
        """Return the distinct cells that are not missing."""
        if absent.isdisjoint(map(str.casefold, self.counts)):
            return list(self.counts)
        return [cell for cell in self.counts if cell.casefold() not in absent]

    def _look_for_numbers(self, decimal: str | None) -> NumberCells | None:
        try:
            return read_numbers(self.candidates, decimal) if self.candidates else None
        except MixedNotationError as error:
            first, second = error.cells
            row = self.column.values.index(second)
            name = self.column.name
            raise CellError(
                f"column {name!r} mixes {first!r} with {second!r}",
                row,
                ", which cannot be read alike",
                [
                    Option("readings", "category", name),
                    Option("readings", "drop", name),
                ],
            ) from None

    def shown_decimal(self) -> str | None:
        """Return the decimal mark that the column proves."""
        if self.numbers is None or not self.numbers.proven or self.numbers.strays:
            return None
        return self.numbers.notation.decimal

    def shown_order(self) -> str | None:
        """Return the order of day and month that the column proves."""
        if not self._may_hold_dates():
            return None
        dates = read_dates(self.candidates)
        known = dates is not None and not dates.doubtful and not dates.strays
        return dates.order if dates and known and dates.order != "ymd" else None

    def _may_hold_dates(self) -> bool:
        if self.given not in (None, "date") or not self.counts or not self.candidates:
            return False
        return self.numbers is None or len(self.numbers.strays) > 0

    def decide(self, decimal: str | None, order: Order | None) -> TypedColumn:
        """Find the reading, and read."""
        column, given = self.column, self.given
        if isinstance(given, ColumnReading):
            return apply_reading(column, given, self.settings.missing)
        if given == "drop":
            return self._drop((), "")
        if given == "category":
            marks = missing_in_text(self.counts) if self.counts else ALWAYS
            missing = marks | self.settings.missing_cells
            return apply_reading(column, ColumnReading("category", missing=missing))
        if column.dtype == "category":
            reading = ColumnReading("category", merged=False)
            return apply_reading(column, reading)
        if column.dtype != "text":
            return self._decide_typed()
        return self._decide_text(decimal, order)

    def _drop(
        self, notes: Sequence[Note], reason: str, keep: str = "number", stray: str = ""
    ) -> TypedColumn:
        name = self.column.name
        if reason:
            text = f"column {name!r} {reason}: left out"
            options = [Option("readings", keep, name)] if keep else []
            options += [Option("missing", stray)] if stray else []
            notes = [*notes, Note(text, tuple(options), "keeps it")]
        reading = ColumnReading("drop", notes=tuple(notes))
        return TypedColumn(name, reading, np.zeros(len(self.column.values)))

    def _decide_typed(self) -> TypedColumn:
        kind: Kind = self.column.dtype  # type: ignore[assignment]
        notation = Notation() if kind == "number" else None
        given = self.given if self.given in ("number", "boolean", "date") else None
        reading = ColumnReading(given or kind, notation)
        typed = apply_reading(self.column, reading, self.settings.missing)
        if kind == "number" and not given:
            return self._as_number(typed)
        if kind == "date":
            notes = _zone_notes(self.column.name, self.column.zones)
            notes += date_notes(self.column.name, typed.values)
            return replace(typed, reading=replace(typed.reading, notes=notes))
        return typed

    def _as_number(
        self, typed: TypedColumn, notes: tuple[Note, ...] = ()
    ) -> TypedColumn:
        """Leave out what only names the rows, and note what looks odd."""
        name, values = typed.name, typed.values
        if self.target:
            return replace(typed, reading=replace(typed.reading, notes=notes))
        reason = why_identifier(name, values)
        if reason:
            return self._drop(notes, reason)
        notes += number_notes(name, values)
        return replace(typed, reading=replace(typed.reading, notes=notes))

    def _decide_text(self, decimal: str | None, order: Order | None) -> TypedColumn:
        if not self.candidates and self.given is None and not self.target:
            present = [c for c in self.counts if c.casefold() not in ALWAYS]
            if len(present) < 2:
                return self._drop((), "is missing in every row", keep="")
        if self.given in (None, "boolean"):
            flags = read_booleans(self.candidates)
            if flags is not None or self.given == "boolean":
                missing = AMONG_NUMBERS | self.settings.missing_cells
                notes = self._flag_notes(flags or {})
                reading = ColumnReading("boolean", missing=missing, notes=notes)
                return apply_reading(self.column, reading)
        if self.numbers is not None and self.numbers.doubtful and decimal:
            self.numbers = self._look_for_numbers(decimal)
        typed = self._try_numbers() if self.numbers is not None else None
        if typed is None and self.given in (None, "date"):
            typed = self._try_dates(order)
        return typed or self._as_text()

    def _try_numbers(self) -> TypedColumn | None:
        numbers, forced = self.numbers, self.given == "number"
        assert numbers is not None
        if numbers.codes and not forced:
            return self._as_dates_in_digits() if not numbers.strays else None
        extra, error = self._sort_strays(numbers.values, numbers.strays, forced)
        if error is None:
            return None
        missing = AMONG_NUMBERS | self.settings.missing_cells | extra
        reading = ColumnReading("number", numbers.notation, missing=missing)
        if error:
            raise stray_error(self.column, reading, error, self.target)
        if not forced and (dated := self._as_dates_in_digits()):
            return dated
        values = fill_in(self.column.values, numbers.values, "number")
        values = without(values, self.settings.missing)
        refuse_infinite(self.column, values)
        typed = TypedColumn(self.column.name, reading, values)
        notes = self._number_doubts(numbers) + self._extra_notes(extra)
        if forced:
            return replace(typed, reading=replace(reading, notes=notes))
        return self._as_number(typed, notes)

    def _sort_strays(
        self, values: Mapping[str, Any], strays: Sequence[str], forced: bool
    ) -> tuple[frozenset[str], list[str] | None]:
        """Tell missing values from errors among the cells that do not fit.

        Returns the cells that stand for missing values, and the errors: an empty list
        when there are none, None when the column is another kind altogether.
        """
        if not strays:
            return frozenset(), []
        counts = self.counts
        n_strays = sum(counts[cell] for cell in strays)
        n_fit = sum(counts[cell] for cell in values)
        share = n_fit / (n_fit + n_strays)
        wordy = not any(_says_number(cell) for cell in strays)
        varied = len(values) > 10
        if (
            wordy
            and len(strays) <= 2
            and (share >= _MOSTLY or (varied and share >= 0.5))
        ):
            return frozenset(cell.casefold() for cell in strays), []
        if forced or share >= _MOSTLY or (varied and share >= 0.5):
            return frozenset(), list(strays)
        return frozenset(), None

    def _extra_notes(self, extra: frozenset[str]) -> tuple[Note, ...]:
        name = self.column.name
        return tuple(
            Note(
                f"column {name!r} holds {cell!r} in {count(self.counts[cell], 'row')}: "
                "read as missing",
                (Option("readings", "category", name),),
                "reads the whole column as text",
            )
            for cell in self.counts
            if cell.casefold() in extra
        )

    def _number_doubts(self, numbers: NumberCells) -> tuple[Note, ...]:
        name = self.column.name
        as_text = (Option("readings", "category", name),)
        if numbers.uneven:
            one, other = numbers.uneven
            text = f"column {name!r}: {one!r} and {other!r} are read in the same unit"
            if not numbers.notation.unit:
                text = f"column {name!r}: {one!r} is read as {numbers.values[one]:.10g}"
            return (Note(text, as_text, "reads text"),)
        if not numbers.doubtful:
            return ()
        cell = numbers.doubtful
        value = numbers.values[cell]
        text = f"column {name!r}: {cell!r} is read as {value:.10g}"
        marked = numbers.notation.decimal != ":" and not {".", ","}.isdisjoint(cell)
        if any(c.isdigit() for c in cell) and not marked:
            return (Note(text, as_text, "reads a category"),)
        if not any(c.isdigit() for c in cell):
            return (Note(text, (Option("missing", cell),), "reads it as missing"),)
        other = {".": ",", ",": "."}[numbers.notation.decimal]
        mark = next(c for c in cell if c in ".,")
        meaning = "thousands" if numbers.notation.decimal == mark else "decimals"
        return (
            Note(
                f"{text}, and nothing in the table shows",
                (Option("decimal", other),),
                f"reads {meaning}",
            ),
        )

    def _as_dates_in_digits(self) -> TypedColumn | None:
        """Read 20240131 as a date when every cell is one."""
        cells = self.candidates
        if len(cells) < 5 or any(len(c) != 8 or c[0] not in "12" for c in cells):
            return None
        return self._try_dates(None, strict=True)

    def _try_dates(
        self, order: Order | None, strict: bool = False
    ) -> TypedColumn | None:
        forced = self.given == "date"
        dates = read_dates(self.candidates, order) if self.candidates else None
        if dates is None:
            if forced:
                reading = ColumnReading("date")
                raise stray_error(self.column, reading, self.candidates)
            return None
        extra, error = self._sort_strays(dates.values, dates.strays, forced)
        if error is None or (strict and (error or extra)):
            return None
        missing = AMONG_NUMBERS | self.settings.missing_cells | extra
        notes = self._extra_notes(extra)
        if dates.doubtful:
            cell = dates.doubtful
            day = np.datetime_as_string(dates.values[cell], unit="D")
            other = "mdy" if dates.order == "dmy" else "dmy"
            notes += (
                Note(
                    f"column {self.column.name!r}: {cell!r} is read as {day}, and "
                    "nothing in the table shows which is the day",
                    (Option("date_order", other),),
                    "reads the other",
                ),
            )
        notes += _zone_notes(self.column.name, dates.zones)
        reading = ColumnReading("date", order=dates.order, missing=missing, notes=notes)
        if error:
            raise stray_error(self.column, reading, error, self.target)
        values = fill_in(self.column.values, dates.values, "date")
        notes += date_notes(self.column.name, values, self.column.values)
        return TypedColumn(self.column.name, replace(reading, notes=notes), values)

    def _as_text(self) -> TypedColumn:
        n_rows = len(self.column.values)
        missing = missing_in_text(self.counts) | self.settings.missing_cells
        groups: dict[str, list[str]] = {}
        for cell in self.counts:
            if cell.casefold() not in missing:
                groups.setdefault(level_key(cell), []).append(cell)
        sizes = [sum(self.counts[cell] for cell in group) for group in groups.values()]
        frequent = [size for size in sizes if size >= rare_below(n_rows)]
        few = len(frequent) <= max(10, min(_MAX_LEVELS, n_rows // 5))
        enough = few and 2 * sum(frequent) >= sum(sizes)
        if len(sizes) > 1 and not (self.target or enough):
            reason = self._why_no_category(len(sizes), n_rows)
            return self._drop((), reason, "category", self._stray_text())
        notes = self._spelling_notes(groups) + self._code_notes()
        reading = ColumnReading("category", missing=missing, notes=notes)
        return apply_reading(self.column, reading)

    def _why_no_category(self, n_levels: int, n_rows: int) -> str:
        stray = self._stray_text()
        what = f"numbers and text such as {stray!r}," if stray else "text"
        if self.numbers is not None and self.numbers.codes:
            what = f"codes such as {self.numbers.codes!r}"
        return (
            f"is {what} with {n_levels} different values in {n_rows} rows, too many "
            "for a category"
        )

    def _stray_text(self) -> str:
        """Return a cell without which the column might be one of numbers."""
        numbers = self.numbers
        if numbers is None or numbers.codes or not numbers.strays:
            return ""
        return numbers.strays[0] if len(numbers.values) > len(numbers.strays) else ""

    def _spelling_notes(self, groups: Mapping[str, list[str]]) -> tuple[Note, ...]:
        merged = [group for group in groups.values() if len(group) > 1]
        if not merged:
            return ()
        shown = ", ".join(repr(cell) for cell in sorted(merged[0])[:4])
        others = len(merged) - 1
        more = f" (and {others} more level{'s' * (others > 1)})" if others else ""
        return (
            Note(f"column {self.column.name!r}: {shown} are read as one level{more}"),
        )

    def _flag_notes(self, flags: Mapping[str, bool]) -> tuple[Note, ...]:
        """Say which words are read as one: N, NO and S may be directions."""
        for value in (True, False):
            words = {cell.casefold(): cell for cell in flags if flags[cell] == value}
            if len(words) > 1:
                name = self.column.name
                shown = ", ".join(repr(cell) for cell in sorted(words.values())[:4])
                return (
                    Note(
                        f"column {name!r}: {shown} are read as one answer, "
                        f"{'yes' if value else 'no'}",
                        (Option("readings", "category", name),),
                        "keeps them apart",
                    ),
                )
        return ()

    def _code_notes(self) -> tuple[Note, ...]:
        name = self.column.name
        if stray := self._stray_text():
            what, option = (
                f"numbers and text such as {stray!r}",
                Option("missing", stray),
            )
        elif (
            self.numbers is not None and self.numbers.codes and not self.numbers.strays
        ):
            what = f"codes such as {self.numbers.codes!r}"
            option = Option("readings", "number", name)
        else:
            return ()
        text = f"column {name!r} holds {what}: read as a category"
        return (Note(text, (option,), "reads numbers"),)
