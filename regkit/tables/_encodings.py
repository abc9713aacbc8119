"""What is learned about a column from the training rows, and what it becomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from regkit.tables._applying import level_key, rare_below
from regkit.tables._dates import date_parts
from regkit.tables.reading import Levels, TypedColumn

_Floats = NDArray[np.float64]


class Encoding(Protocol):
    """How a column becomes columns of numbers."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What the name of each column of numbers adds to the column's own."""

    def encode(self, column: TypedColumn) -> _Floats:
        """Return (n_rows, len(suffixes)) numbers, none of them missing."""


@dataclass(frozen=True)
class Numbers:
    """Numbers as they are; the median, and a 0/1 column, where one is missing."""

    suffixes: tuple[str, ...]
    fill: float

    def encode(self, column: TypedColumn) -> _Floats:
        """Return the numbers, then where they were missing if that was learned."""
        return _with_indicator(column.values[:, None], [self.fill], self.suffixes)


@dataclass(frozen=True)
class Dates:
    """The parts of dates that differ among the training rows."""

    suffixes: tuple[str, ...]
    parts: tuple[str, ...]
    start: float
    fills: tuple[float, ...]

    def encode(self, column: TypedColumn) -> _Floats:
        """Return the parts, then where the date was missing if that was learned."""
        parts = date_parts(column.values)
        parts["days"] = parts["days"] - self.start
        values = np.column_stack([parts[part] for part in self.parts])
        return _with_indicator(values, self.fills, self.suffixes)


@dataclass(frozen=True)
class Categories:
    """One 0/1 column a level, one for rare levels together, one for missing values."""

    suffixes: tuple[str, ...]
    positions: dict[str, int]
    """Column of each level, by its key; -1 for the level that has no column."""
    other: int
    """Column of levels that are rare or were never seen, -1 for none."""
    missing: int
    """Column of missing values, -1 for none."""

    def encode(self, column: TypedColumn) -> _Floats:
        """Return 0/1 columns."""
        codes, names = column.values
        merged = column.reading.merged
        lookup = np.array(
            [
                self.positions.get(level_key(name) if merged else name, self.other)
                for name in names
            ]
            + [self.missing],
            dtype=np.int64,
        )
        where = lookup[codes]
        encoded = np.zeros((codes.size, len(self.suffixes)))
        rows = np.flatnonzero(where >= 0)
        encoded[rows, where[rows]] = 1.0
        return encoded


@dataclass(frozen=True)
class Holes:
    """Where a value is missing, of a column that is the same wherever it is known."""

    suffixes: tuple[str, ...] = ("=missing",)

    def encode(self, column: TypedColumn) -> _Floats:
        """Return one 0/1 column."""
        return np.asarray(np.isnan(column.values)[:, None], dtype=np.float64)


def _with_indicator(
    values: _Floats, fills: Sequence[float], suffixes: Sequence[str]
) -> _Floats:
    gone = np.isnan(values[:, 0])
    if gone.any():
        values = np.where(gone[:, None], np.asarray(fills), values)
    if len(suffixes) > values.shape[1]:
        return np.column_stack([values, gone])
    return values


@dataclass(frozen=True)
class Learned:
    """An encoding, or why there is none; and what was missing."""

    encoding: Encoding | None
    reason: str = ""
    n_missing: int = 0
    filled: str = ""
    """What missing values become."""
    rare: tuple[str, ...] = ()
    """Levels that are rare and share a column."""


def learn_encoding(column: TypedColumn, with_indicator: bool) -> Learned:
    """Learn from the training rows how a column becomes numbers.

    Where numbers and dates are missing, a 0/1 column says so ``with_indicator``.
    """
    if isinstance(column.values, Levels):
        return _learn_categories(column.values, column.reading.merged)
    if column.reading.kind == "date":
        return _learn_dates(column.values, with_indicator)
    return _learn_numbers(column.values, with_indicator)


def _learn_numbers(values: _Floats, with_indicator: bool) -> Learned:
    known = values[~np.isnan(values)]
    n_missing = values.size - known.size
    if not known.size:
        return Learned(None, "is missing in every row")
    if np.ptp(known) == 0 and not n_missing:
        return Learned(None, f"is {known[0]:g} in every row")
    fill = float(np.median(known))
    indicator = ("=missing",) if n_missing and with_indicator else ()
    if np.ptp(known) == 0:
        if not indicator:
            return Learned(None, f"is {known[0]:g} in every row or missing")
        return Learned(Holes(), "", n_missing, "a level of their own")
    filled = f"filled with the median, {fill:.6g}"
    return Learned(Numbers(("", *indicator), fill), "", n_missing, filled)


def _learn_dates(values: NDArray[np.datetime64], with_indicator: bool) -> Learned:
    known = values[~np.isnat(values)]
    n_missing = values.size - known.size
    if not known.size:
        return Learned(None, "is missing in every row")
    parts = date_parts(known)
    start = float(np.floor(parts["days"].min()))
    parts["days"] = parts["days"] - start
    varied = {name: part for name, part in parts.items() if np.ptp(part) > 0}
    if not varied:
        day = np.datetime_as_string(known[0], unit="D")
        if not n_missing:
            return Learned(None, f"is {day} in every row")
        if not with_indicator:
            return Learned(None, f"is {day} in every row or missing")
        return Learned(Holes(), "", n_missing, "a level of their own")
    indicator = ("=missing",) if n_missing and with_indicator else ()
    encoding = Dates(
        tuple(f"_{name}" for name in varied) + indicator,
        tuple(varied),
        start,
        tuple(float(np.median(part)) for part in varied.values()),
    )
    return Learned(encoding, "", n_missing, "filled with the medians of its parts")


def _learn_categories(values: Levels, merged: bool) -> Learned:
    codes, names = values
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    seen = np.flatnonzero(counts)
    n_missing = int(np.count_nonzero(codes < 0))
    if not seen.size:
        return Learned(None, "is missing in every row")
    if seen.size == 1 and not n_missing:
        return Learned(None, f"is {names[seen[0]]!r} in every row")
    rare = [k for k in seen if counts[k] < rare_below(codes.size)]
    if len(rare) < 2 or len(rare) == seen.size:
        rare = []
    shown = np.setdiff1d(seen, rare).tolist()
    suffixes = [f"={names[k]}" for k in shown]
    keys = [level_key(names[k]) if merged else names[k] for k in shown]
    positions = {key: column for column, key in enumerate(keys)}
    other = missing = -1
    if rare:
        other = len(suffixes)
        suffixes.append("=other" if "other" not in positions else "=(rare)")
    if n_missing:
        missing = len(suffixes)
        suffixes.append("=missing")
    if len(suffixes) == 2:
        # Two columns would say the same thing twice.
        suffixes = suffixes[1:]
        positions = {key: column - 1 for key, column in positions.items()}
        other, missing = max(other - 1, -1), max(missing - 1, -1)
    return Learned(
        Categories(tuple(suffixes), positions, other, missing),
        "",
        n_missing,
        "a level of their own",
        tuple(names[k] for k in rare),
    )
