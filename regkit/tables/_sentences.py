"""What is said about a table: notes and errors, each with the option that helps.

The same sentence serves the command line and Python, which call an option differently:
``--category zip`` and ``readings={'zip': 'category'}``.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, NamedTuple

Style = Literal["python", "command"]


class Option(NamedTuple):
    """An option of `TableEncoder`, and of the command line."""

    name: Literal["readings", "decimal", "date_order", "missing"]
    value: str
    column: str = ""

    def say(self, style: Style) -> str:
        """Write the option as it is typed."""
        if style == "command":
            if self.name == "readings":
                return f"--{self.value} {quote(self.column)}"
            return f"--{self.name.replace('_', '-')}={quote(self.value)}"
        if self.name == "readings":
            return f"readings={{{self.column!r}: {self.value!r}}}"
        shown = [self.value] if self.name == "missing" else self.value
        return f"{self.name}={shown!r}"


@dataclass(frozen=True)
class Note:
    """A sentence about a column, and the options that change what it tells.

    Attributes
    ----------
    text : str
        What was found, such as ``"column 'id' only counts the rows: left out"``.
    options : tuple of Option
        What to set for another reading.
    effect : str
        What the first option does, such as ``"keeps it"``.
    """

    text: str
    options: tuple[Option, ...] = ()
    effect: str = ""

    def say(self, style: Style = "python") -> str:
        """Return the sentence with the options as `style` writes them."""
        if not self.options:
            return self.text
        shown = " or ".join(f"`{option.say(style)}`" for option in self.options)
        return f"{self.text} ({shown} {self.effect})"


class TableError(ValueError):
    """A table cannot be used; the message is one sentence with the remedy."""


class CellError(TableError):
    """A cell cannot be used; the message names its column and shows it.

    Attributes
    ----------
    row : int
        Position of the row in the table, from 0.
    """

    def __init__(
        self, before: str, row: int, after: str, options: Sequence[Option] = ()
    ) -> None:
        self.before, self.row, self.after = before, int(row), after
        self.options = tuple(options)
        super().__init__(before, row, after, options)

    def __str__(self) -> str:
        return self.say(f"in row {self.row}", "python")

    def say(self, place: str, style: Style) -> str:
        """Return the sentence with the cell's place, such as ``"on line 7"``."""
        remedy = ", ".join(f"`{option.say(style)}`" for option in self.options)
        either = "one of " if len(self.options) > 1 else ""
        end = f": correct it, or use {either}{remedy}" if remedy else ""
        return f"{self.before} {place}{self.after}{end}"

    def in_new_rows(self, place: str) -> str:
        """Return the sentence where how columns are read is no longer open."""
        text = f"{self.before} {place}{self.after}"
        return f"{text}: correct it (columns are read as in the training table)"


def quote(name: str) -> str:
    """Quote a word for a shell where it needs it."""
    plain = name.replace("_", "").replace("-", "").replace(".", "").replace(",", "")
    if plain.isalnum() or name == ",":
        return name
    return f'"{name}"' if set('"$`!\\').isdisjoint(name) else shlex.quote(name)


def name_list(names: Sequence[str], word: str = "and") -> str:
    """Write names in quotes with commas, and a word before the last."""
    quoted = [repr(name) for name in names]
    if len(quoted) == 1:
        return quoted[0]
    return f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"


def unknown_column(name: str, names: list[str], source: str) -> str:
    by_lower = {known.lower(): known for known in names}
    close = [
        by_lower[match] for match in get_close_matches(name.lower(), by_lower, n=3)
    ]
    if close:
        return (
            f"{source} has no column {name!r}; did you mean {name_list(close, 'or')}?"
        )
    if len(names) > 8:
        shown = ", ".join(map(repr, names[:8])) + f" and {len(names) - 8} more"
    else:
        shown = name_list(names)
    text = f"{source} has no column {name!r}; its columns are {shown}"
    if 2 * sum(map(_looks_like_number, names)) >= len(names):
        text += " (its first line: put one with the names above it)"
    return text


def _looks_like_number(name: str) -> bool:
    try:
        return abs(float(name)) < math.inf
    except ValueError:
        return False
