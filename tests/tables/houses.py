"""Tables as people write them, each beside the same table in plain CSV.

A seeded generator of small files: houses with an area, rooms, a town and a price, in
the spellings of spreadsheets, accounting programs, agencies and statistics packages of
several countries. Some admit two readings; a reader then has to say so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

N = 60
AREA, ROOMS, TOWN, PRICE = range(4)
NAMES = ("area", "rooms", "town", "price")


@dataclass(frozen=True)
class Habit:
    """A file, and what the person meant.

    Attributes
    ----------
    name : str
        What is peculiar.
    text : str or bytes
        The file.
    meant : str
        The same table in plain CSV.
    suffix : str
        Ending of the file's name.
    open : str
        A column that must be named in a note or an error, as its cells admit two
        readings; ``""`` when the cells are clear.
    """

    name: str
    text: str | bytes
    meant: str
    suffix: str = ".csv"
    open: str = ""


def houses(seed: int) -> list[tuple[int, int, str, int]]:
    rng = np.random.default_rng(seed)
    area = rng.integers(800, 4800, N)
    rooms = rng.integers(1, 8, N)
    town = rng.choice(["north", "south", "east"], N)
    noise = rng.normal(0, 9000, N)
    price = 120 * area + 9000 * rooms + 20000 * (town == "south") + noise
    return [
        (int(a), int(r), str(t), int(p))
        for a, r, t, p in zip(area, rooms, town, price, strict=True)
    ]


def quoted(cell: Any, delimiter: str) -> str:
    text = str(cell)
    if delimiter in text or '"' in text or "\n" in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def write(columns: dict[str, list[Any]], delimiter: str = ",", end: str = "\n") -> str:
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    return "".join(
        delimiter.join(quoted(c, delimiter) for c in row) + end for row in rows
    )


def point(text: str, decimal: str, thousands: str) -> str:
    return text.translate(str.maketrans({",": thousands, ".": decimal}))


class Maker:
    """Columns of houses, with a new seed for each file."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.renew()

    def renew(self) -> None:
        self.seed += 1
        self.rows = houses(self.seed)
        self.plain = {n: [r[k] for r in self.rows] for k, n in enumerate(NAMES)}

    def __call__(
        self,
        name: str,
        column: str,
        written: Callable[[Any], Any],
        meant: Callable[[Any], Any] = lambda value: value,
        delimiter: str = ",",
        **options: Any,
    ) -> Habit:
        """Write one column in some way."""
        self.renew()
        before = dict(self.plain)
        values = self.plain[column]
        before[column] = [written(v) for v in values]
        after = {**self.plain, column: [meant(v) for v in values]}
        if delimiter == ";":
            options = {**options}
        return Habit(name, write(before, delimiter), write(after), **options)
