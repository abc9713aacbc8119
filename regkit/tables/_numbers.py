"""Numbers as people write them: ``1,234.50``, ``1.234,50 €``, ``(12)``, ``−3 %``.

A column is read in one notation, found from all its cells: which character is the
decimal mark and which one groups thousands, and what stands beside the digits. A cell
that does not fit the notation is no number, so that it is never misread.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import isfinite

_CURRENCY_WORDS = """
US$ CA$ AU$ NZ$ HK$ NT$ A$ C$ R$ S$ Z$ USD EUR GBP CHF JPY CNY RMB INR AUD CAD NZD SEK
NOK DKK PLN CZK HUF RUB BRL MXN ZAR RON TRY KRW SGD HKD IDR THB ILS AED kr kr. zł Kč Ft
руб руб. Rs Rs. Fr Fr. SFr. lei TL RM Rp Rp. ден лв euro euros dollars
"""
_CURRENCY = "(?:{}|[$¢£¤¥֏؋৳฿៛\u20a0-\u20cf﷼])".format(
    "|".join(sorted(map(re.escape, _CURRENCY_WORDS.split()), key=len, reverse=True))
)
_CELL = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[-+])?\s*(?P<before>{_CURRENCY})?\s*(?P<sign2>[-+])?"
    r"\s*(?P<open2>\()?(?P<body>\d(?:[\d.,' _]*\d)?[.,]?|[.,]\d+)"
    r"(?P<exponent>[eE][-+]?\d+)?\s*(?P<close2>\))?\s*"
    rf"(?P<after>%|‰|{_CURRENCY}(?:\s?/\s?[^\d()]{{1,10}}[23]?)?|°?[^\W\d_](?:[^\d()+]{{0,13}}[^\d()+\-\s])?[23]?"
    r"|°)?\s*(?P<minus>-{1,2})?(?P<close>\))?\s*"
)
_ZERO_BY_DASH = re.compile(rf"{_CURRENCY}\s*-+|-+\s*{_CURRENCY}")
_GROUPS = re.compile(
    r"[1-9]\d{0,2}(?:(?P<mark>[.,' _])(?:\d{2}(?P=mark))*\d{3}"
    r"|(?P<same>[.,' _])\d{3}(?:(?P=same)\d{3})*)"
)
_MAGNITUDES = {
    "k": 1e3, "K": 1e3, "tsd": 1e3, "Tsd": 1e3, "Tsd.": 1e3, "thousand": 1e3,
    "M": 1e6, "mn": 1e6, "mio": 1e6, "Mio": 1e6, "Mio.": 1e6, "million": 1e6,
    "B": 1e9, "bn": 1e9, "Mrd": 1e9, "Mrd.": 1e9, "billion": 1e9, "G": 1e9,
}  # fmt: skip
# Dashes that people and word processors put for a minus, blanks that do not break,
# apostrophes, digits of other scripts.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d", "-"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f\u2002\u2003\u2005\u2006\u2008", " "),
        **dict.fromkeys("\u2019\u2018\u00b4\u02bc\u0060\uff07", "'"),
        **{chr(0xFF10 + d): str(d) for d in range(10)},
        **{chr(0x0660 + d): str(d) for d in range(10)},
        **{chr(0x06F0 + d): str(d) for d in range(10)},
        "\uff0b": "+", "\uff0e": ".", "\uff0c": ",", "\uff05": "%", "\u066b": ".",
        "\u066c": ",", "\u066a": "%", "\uff04": "$", "\uffe5": "¥", "\uffe1": "£",
        "²": "2", "³": "3", "\u200b": None, "\ufeff": None, "\u200e": None,
        "\u200f": None,
    }
)  # fmt: skip
_SIMPLE = frozenset("0123456789+-.eE")


@dataclass(frozen=True)
class Notation:
    """How the numbers of a column are written.

    Attributes
    ----------
    decimal : {".", ","}
        Decimal mark.
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
        example = f"1{self.thousands}234{self.decimal}5"
        parts = [] if self == Notation() else [f"written as {example}"]
        if self.decimal == "." and not self.thousands:
            parts = []
        if self.unit:
            parts.append(f"in {self.unit}")
        if self.scaled:
            parts.append("with k and M multiplied out")
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
    """

    values: dict[str, float]
    strays: list[str]
    notation: Notation
    proven: bool = False
    doubtful: str = ""
    codes: str = ""


@dataclass(frozen=True)
class _Parts:
    body: str
    exponent: str
    negative: bool
    unit: str
    spaced: bool


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
    plain = _read_plain(distinct, decimal)
    return plain or _read_written(distinct, decimal)


def to_number(cell: str, notation: Notation) -> float | None:
    """Read one cell in a notation; None when it does not fit."""
    text = cell.translate(_PLAIN)
    if _ZERO_BY_DASH.fullmatch(text):
        return 0.0
    parts = _take_apart(text)
    return None if parts is None else _value(parts, notation)


def _value(parts: _Parts, notation: Notation) -> float | None:
    unit, magnitude = _split_unit(parts.unit) if notation.scaled else (parts.unit, "")
    if unit and _singular(unit) != _singular(notation.unit):
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
        value = float(body + parts.exponent) * _MAGNITUDES.get(magnitude, 1.0)
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
    notation = Notation(decimal=mark)
    if codes or mark not in used:
        notation = Notation()
        return NumberCells(
            dict(zip(cells, values, strict=True)), [], notation, codes=codes
        )
    if any(_shows_decimals(cell, mark) for cell in cells):
        proven = "e" not in used and "E" not in used
        return NumberCells(
            dict(zip(cells, values, strict=True)), [], notation, proven=proven
        )
    return None


def _shows_decimals(cell: str, mark: str) -> bool:
    """Tell whether the mark of a cell cannot separate thousands."""
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
    if not all(map(isfinite, values)):
        return next(c for c, v in zip(cells, values, strict=True) if not isfinite(v))
    for cell in () if "." in used or "," in used else cells:
        if cell[0] == "0" and len(cell) > 2 and cell.isdigit():
            return cell
    for cell in cells if "+" in used else ():
        if cell[0] == "+" and len(cell) > 8 and cell[1:].isdigit():  # a telephone
            return cell
    return ""


# ------------------------------------------------------- thousands, units, currencies


def _take_apart(text: str) -> _Parts | None:
    found = _CELL.fullmatch(text)
    if found is None:
        return None
    group = found.groupdict()
    brackets = bool(group["open"]) + bool(group["open2"])
    if brackets != bool(group["close"]) + bool(group["close2"]):
        return None
    if group["minus"] and group["body"][-1] in ".,":
        group["minus"] = ""  # 1.850,- and 5.--: no cents
    signs = [s for s in (group["sign"], group["sign2"], group["minus"]) if s]
    if group["minus"] == "--":
        return None
    if len(signs) > 1 or (brackets and signs):
        return None
    before, after = group["before"], (group["after"] or "").strip()
    unit = f"{before or ''}{after}"
    if before and after and not _split_unit(unit)[1]:
        return None
    return _Parts(
        group["body"],
        group["exponent"] or "",
        brackets > 0 or "-" in signs,
        unit,
        text[found.end("body") : found.start("after")].isspace() if after else False,
    )


def _split_unit(unit: str) -> tuple[str, str]:
    """Split ``$k`` or ``Mio. €`` into the unit and the magnitude; either may be ""."""
    for currency in re.findall(_CURRENCY, unit):
        rest = unit.removeprefix(currency).removesuffix(currency).strip()
        if rest in _MAGNITUDES:
            return currency, rest
    bare = unit[:-1] if unit.endswith("s") else unit
    return ("", bare) if bare in _MAGNITUDES else (unit, "")


def _singular(unit: str) -> str:
    folded = unit.casefold().rstrip(".")
    return folded[:-1] if len(folded) > 3 and folded.endswith("s") else folded


def _read_written(cells: Sequence[str], decimal: str | None) -> NumberCells:
    texts = {cell: cell.translate(_PLAIN) for cell in cells}
    parts = {cell: _take_apart(text) for cell, text in texts.items()}
    taken = {cell: part for cell, part in parts.items() if part is not None}
    zeros = [
        c for c, t in texts.items() if c not in taken and _ZERO_BY_DASH.fullmatch(t)
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
    return NumberCells(values, strays, notation, proven, doubtful, codes)


def _common_unit(taken: dict[str, _Parts]) -> tuple[str, bool]:
    """Return the unit of all cells, and whether magnitudes multiply."""
    of_unit = {part.unit: _split_unit(part.unit) for part in taken.values()}
    split = {cell: of_unit[part.unit] for cell, part in taken.items()}
    scaled = any(magnitude for _, magnitude in of_unit.values())
    examples: dict[str, str] = {}
    for cell, (unit, _) in split.items():
        examples.setdefault(unit, cell)
    first: dict[str, str] = {}
    for unit, cell in examples.items():
        first.setdefault(_singular(unit), cell)
    without = first.pop("", None)
    if not first:
        return "", scaled
    currencies = [u for u in first if re.fullmatch(_CURRENCY, u, re.IGNORECASE)]
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

    def __init__(self, taken: dict[str, _Parts]) -> None:
        self.decimals: dict[str, str] = {}
        self.thousands: dict[str, str] = {}
        self.open: dict[str, str] = {}
        self.short_whole = self.long_whole = False
        for cell, part in taken.items():
            self._look_at(cell, part)

    def _look_at(self, cell: str, part: _Parts) -> None:
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
