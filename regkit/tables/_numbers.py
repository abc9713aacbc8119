"""Numbers as people write them: ``1,234.50``, ``1.234,50 €``, ``(12)``, ``−3 %``.

A column is read in one notation, found from all its cells: which character is the
decimal mark and which one groups thousands, and what stands beside the digits. A cell
that does not fit the notation is no number, so that it is never misread.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from regkit.tables._number_grammar import (
    CURRENCY,
    MAGNITUDES,
    PLAIN,
    ZERO_BY_DASH,
    Parts,
    singular,
    split_unit,
    take_apart,
)

_GROUPS = re.compile(
    r"[1-9]\d{0,2}(?:(?P<mark>[.,' _])(?:\d{2}(?P=mark))*\d{3}"
    r"|(?P<same>[.,' _])\d{3}(?:(?P=same)\d{3})*)"
)
_CLOCK = re.compile(r"\d{1,3}:[0-5]\d(:[0-5]\d(\.\d+)?)?")
_SIMPLE = frozenset("0123456789+-.eE")


@dataclass(frozen=True)
class Notation:
    """How the numbers of a column are written.

    Attributes
    ----------
    decimal : {".", ",", ":"}
        Decimal mark; a colon where minutes follow hours.
    thousands : str
        Character between groups of digits; ``""`` for none.
    unit : str
        What stands beside every number, such as ``"%"``, ``"$"`` or ``"kg"``.
    scaled : bool
        Whether ``k``, ``M`` and the like multiply.
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    scaled: bool = False

    def __str__(self) -> str:
        if self.decimal == ":":
            return "written as 12:30"
        example = f"1{self.thousands}234{self.decimal}5"
        parts = [] if self == Notation() else [f"written as {example}"]
        if self.decimal == "." and not self.thousands:
            parts = []
        if self.unit:
            parts.append(f"in {self.unit}")
        if self.scaled:
            parts.append("with k, M and the like multiplied out")
        return ", ".join(parts)


class MixedNotationError(ValueError):
    """Two cells of a column cannot be of one notation; `cells` shows both."""

    def __init__(self, *cells: str) -> None:
        self.cells = cells
        super().__init__(" and ".join(repr(cell) for cell in cells))


@dataclass(frozen=True)
class NumberCells:
    """What the distinct cells of a column look like when read as numbers.

    Attributes
    ----------
    values : dict of str to float
        The cells that are numbers.
    strays : list of str
        The others.
    notation : Notation
        The notation that was found.
    proven : bool
        Whether some cell can only be read so: then the column tells how the rest of
        the table is written.
    doubtful : str
        A cell that could be read in two ways, ``""`` for none.
    codes : str
        A cell by which the column holds codes (``007``, ``5001E400``), not numbers.
    uneven : tuple of str
        A cell with a unit and one without, empty when all are alike.
    """

    values: dict[str, float]
    strays: list[str]
    notation: Notation
    proven: bool = False
    doubtful: str = ""
    codes: str = ""
    uneven: tuple[str, ...] = ()


def read_numbers(cells: Iterable[str], decimal: str | None = None) -> NumberCells:
    """Find the notation of a column and read its cells.

    Parameters
    ----------
    cells : iterable of str
        Distinct cells without missing values.
    decimal : {".", ","} or None
        Decimal mark where the cells leave it open: what the user says, or what other
        columns of the table show.

    Raises
    ------
    MixedNotationError
        When two cells contradict each other.
    """
    distinct = list(cells)
    if distinct and all(map(_CLOCK.fullmatch, distinct)):
        values = {cell: _hours(cell) for cell in distinct}
        return NumberCells(values, [], Notation(decimal=":"), doubtful=distinct[0])
    plain = _read_plain(distinct, decimal)
    return plain or _read_written(distinct, decimal)


def to_number(cell: str, notation: Notation) -> float | None:
    """Read one cell in a notation; None when it does not fit."""
    if notation.decimal == ":":
        return _hours(cell) if _CLOCK.fullmatch(cell) else None
    text = cell.translate(PLAIN)
    if ZERO_BY_DASH.fullmatch(text):
        return 0.0
    parts = take_apart(text)
    return None if parts is None else _value(parts, notation)


def _hours(cell: str) -> float:
    """Read 12:30 as 12.5, be it hours of a day or minutes of a run."""
    hours, minutes, *seconds = map(float, cell.split(":"))
    return hours + minutes / 60 + sum(seconds) / 3600


def _value(parts: Parts, notation: Notation) -> float | None:
    unit, magnitude = split_unit(parts.unit) if notation.scaled else (parts.unit, "")
    if unit and singular(unit) != singular(notation.unit):
        return None
    body = parts.body
    whole, mark, _ = body.partition(notation.decimal)
    if notation.thousands and notation.thousands in body:
        if notation.thousands in body[len(whole) :] or not _GROUPS.fullmatch(whole):
            return None
        body = body.replace(notation.thousands, "")
    if mark == ",":
        body = body.replace(",", ".")
    try:
        value = float(body + parts.exponent) * MAGNITUDES.get(magnitude, 1.0)
    except ValueError:
        return None
    if "_" in body or not isfinite(value):
        return None
    if value and not unit and notation.unit in ("%", "‰"):
        return None  # 0.12 among percentages: 12 or 0.12?
    return -value if parts.negative else value


def convert_numbers(cells: Sequence[str], notation: Notation) -> dict[str, float]:
    """Read distinct cells in a notation, those that fit it."""
    if notation == Notation() and set("".join(cells)) <= _SIMPLE:
        try:
            values = dict(zip(cells, map(float, cells), strict=True))
        except ValueError:
            pass
        else:
            return {c: v for c, v in values.items() if isfinite(v)}
    read = ((cell, to_number(cell, notation)) for cell in cells)
    return {cell: value for cell, value in read if value is not None}


# ------------------------------------------------------------ numbers without frills


def _read_plain(cells: Sequence[str], decimal: str | None) -> NumberCells | None:
    """Read a column of digits, signs and at most one kind of mark, which is usual."""
    used = set("".join(cells))
    mark = "," if "," in used else "."
    if not used <= (_SIMPLE - {"."} | {mark}):
        return None
    texts = [c.replace(",", ".") for c in cells] if mark == "," else cells
    try:
        values = list(map(float, texts))
    except ValueError:
        return None
    codes = _looks_like_codes(cells, values, used)
    if not codes and not all(map(isfinite, values)):
        return None
    notation = Notation(decimal=mark)
    if codes or mark not in used:
        notation = Notation()
        powers = "E" in used and all(c[:-1].upper().endswith("E") for c in cells)
        return NumberCells(
            dict(zip(cells, values, strict=True)),
            [],
            notation,
            doubtful=cells[0] if powers else "",
            codes=codes,
        )
    if any(_shows_decimals(cell, mark) for cell in cells):
        proven = "e" not in used and "E" not in used
        return NumberCells(
            dict(zip(cells, values, strict=True)), [], notation, proven=proven
        )
    return None


def _shows_decimals(cell: str, mark: str) -> bool:
    """Whether the mark of a cell cannot separate thousands."""
    at = cell.find(mark)
    if at < 0:
        return False
    whole = cell[:at].lstrip("+-")
    return len(cell) - at != 4 or not 1 <= len(whole) <= 3 or whole[0] == "0"


def _looks_like_codes(
    cells: Sequence[str], values: Sequence[float], used: set[str]
) -> str:
    if "e" in used or "E" in used:
        # Programs write 5.002e44; 5002E41 is a serial number.
        for cell in (c for c in cells if "e" in c or "E" in c):
            mantissa = cell.lower().partition("e")[0]
            if len(mantissa) > 1 and mantissa.isdigit():
                return cell
    beyond = [c for c, v in zip(cells, values, strict=True) if not isfinite(v)]
    if 2 * len(beyond) > len(cells):  # of fewer, each is a number that went wrong
        return beyond[0]
    for cell in () if "." in used or "," in used else cells:
        if cell[0] == "0" and len(cell) > 2 and cell.isdigit():
            return cell
    for cell in cells if "+" in used else ():
        if cell[0] == "+" and len(cell) > 8 and cell[1:].isdigit():  # a telephone
            return cell
    return ""


# ------------------------------------------------------- thousands, units, currencies


def _read_written(cells: Sequence[str], decimal: str | None) -> NumberCells:
    texts = {cell: cell.translate(PLAIN) for cell in cells}
    parts = {cell: take_apart(text) for cell, text in texts.items()}
    taken = {cell: part for cell, part in parts.items() if part is not None}
    zeros = [
        c for c, t in texts.items() if c not in taken and ZERO_BY_DASH.fullmatch(t)
    ]
    if not taken:
        return NumberCells({}, list(cells), Notation())
    unit, scaled = _common_unit(taken)
    marks = _Marks(taken)
    chosen, proven, doubtful = marks.choose(decimal)
    notation = replace(chosen, unit=unit, scaled=scaled)
    values, strays = {}, []
    for cell, part in parts.items():
        value = None if part is None else _value(part, notation)
        if cell in zeros:
            value = 0.0
        if value is None:
            strays.append(cell)
        else:
            values[cell] = value
    used = set("".join(values))
    codes = "" if unit else _looks_like_codes(list(values), list(values.values()), used)
    doubtful = doubtful or (zeros[0] if zeros else "")
    uneven = _uneven_units(taken, values) if unit or scaled else ()
    return NumberCells(values, strays, notation, proven, doubtful, codes, uneven)


def _uneven_units(taken: dict[str, Parts], values: dict[str, float]) -> tuple[str, ...]:
    """Return a cell with a unit and one without; currencies may be left to think."""
    bare = next((c for c in values if c in taken and not taken[c].unit), None)
    named = next((c for c in values if c in taken and taken[c].unit), None)
    if bare is None or named is None or re.fullmatch(CURRENCY, taken[named].unit):
        return ()
    return () if taken[named].unit in ("%", "‰") else (named, bare)


def _common_unit(taken: dict[str, Parts]) -> tuple[str, bool]:
    """Return the unit of all cells, and whether magnitudes multiply."""
    of_unit = {part.unit: split_unit(part.unit) for part in taken.values()}
    split = {cell: of_unit[part.unit] for cell, part in taken.items()}
    scaled = any(magnitude for _, magnitude in of_unit.values())
    examples: dict[str, str] = {}
    for cell, (unit, _) in split.items():
        examples.setdefault(unit, cell)
    first: dict[str, str] = {}
    for unit, cell in examples.items():
        first.setdefault(singular(unit), cell)
    without = first.pop("", None)
    if not first:
        return "", scaled
    currencies = [u for u in first if re.fullmatch(CURRENCY, u, re.IGNORECASE)]
    if len(first) > 1:
        if len(currencies) == len(first):
            raise MixedNotationError(*list(first.values())[:2])
        return "", False
    ((unit, cell),) = first.items()
    shown = split[cell][0]
    if scaled and not currencies:
        return "", False
    if without is not None and unit in ("%", "‰"):
        bare = [c for c, (u, _) in split.items() if not u]
        odd = next((c for c in bare if taken[c].body.strip("0.,")), None)
        if odd is not None:
            raise MixedNotationError(cell, odd)
    elif without is not None and not currencies and not taken[cell].spaced:
        return "", False  # 12 beside 12a: house numbers
    return shown, scaled


class _Marks:
    """What the marks between the digits of all cells can be."""

    def __init__(self, taken: dict[str, Parts]) -> None:
        self.decimals: dict[str, str] = {}
        self.thousands: dict[str, str] = {}
        self.open: dict[str, str] = {}
        self.short_whole = self.long_whole = False
        for cell, part in taken.items():
            self._look_at(cell, part)

    def _look_at(self, cell: str, part: Parts) -> None:
        body = part.body
        used = [c for c in body if not c.isdigit()]
        if not used:
            if len(body) > 3:
                self.long_whole = True
            elif body.strip("0"):
                self.short_whole = True
            return
        last = used[-1]
        if len(set(used)) > 1:
            both = used.count(last) == 1 and last in ".," and len(set(used[:-1])) == 1
            if both and _GROUPS.fullmatch(body[: body.index(last)]):
                self.decimals.setdefault(last, cell)
                self.thousands.setdefault(used[0], cell)
        elif len(used) > 1 or last in "' _":
            if _GROUPS.fullmatch(body):
                self.thousands.setdefault(last, cell)
        elif part.exponent or _shows_decimals(body, last):
            self.decimals.setdefault(last, cell)
        else:
            self.open.setdefault(last, cell)

    def choose(self, decimal: str | None) -> tuple[Notation, bool, str]:
        """Return the notation, whether it is proven, and a cell left in doubt."""
        by_points = {c: cell for c, cell in self.thousands.items() if c in ".,"}
        grouping = next((c for c in self.thousands if c not in ".,"), "")
        clash = [c for c in self.decimals if c in self.thousands]
        if len(self.decimals) > 1 or len(by_points) > 1 or clash:
            cells = [*self.decimals.values(), *by_points.values()]
            raise MixedNotationError(*list(dict.fromkeys(cells))[:2])
        if self.decimals or by_points:
            known = next(iter(self.decimals), "")
            point = known or {".": ",", ",": "."}[next(iter(by_points))]
            other = {".": ",", ",": "."}[point]
            used = other if other in by_points or other in self.open else grouping
            return Notation(point, used), True, ""
        if not self.open:
            return Notation(decimal or ".", grouping), bool(grouping), ""
        if len(self.open) > 1:
            raise MixedNotationError(*self.open.values())
        ((mark, cell),) = self.open.items()
        other = {".": ",", ",": "."}[mark]
        if grouping:
            return Notation(mark, grouping), False, ""
        if self.short_whole and not self.long_whole:
            # 950 beside 1.850: three decimals that only some numbers have.
            return Notation(other, mark), False, ""
        if decimal is not None:
            return Notation(decimal, "" if decimal == mark else mark), False, ""
        if mark == "." or self.long_whole:
            return Notation(mark), False, cell
        return Notation(".", ","), False, cell
