"""Dates as people and programs write them, read into days and seconds."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Order = Literal["ymd", "dmy", "mdy"]

_OFFSET = r"[+-]\d{2}:?(?:\d{2})?|[A-Z]{1,5}|[A-Z][a-z]+/[A-Z]\w+"
_TIME = (
    r"(?:[T,:]?\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    rf"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?:{_OFFSET})?(?:\[[\w/+-]+\])?)?"
)
_ZONE = re.compile(rf":\d{{2}}(?:[.,]\d+)?\s*(?![AP]M)({_OFFSET})(?:\[|$)")
_WEEKDAY = r"(?:[^\W\d]{2,9}\.?,?\s+)?"
_YEAR = r"(?P<year>\d{4})"
_ANY_YEAR = r"(?P<year>\d{4}|\d{2})"
_NAMED = r"(?:de\s+)?(?P<name>[^\W\d_]{3,12})\.?(?:\s+de)?"
_FIGURES = re.compile(
    rf"{_WEEKDAY}(?P<a>\d{{1,2}})(?P<mark>[./-]\s?)(?P<b>\d{{1,2}})(?P=mark)"
    rf"{_ANY_YEAR}\.?\s*{_TIME}"
)
_SHAPES = [
    re.compile(shape)
    for shape in (
        rf"{_YEAR}(?P<mark>[./-]\s?)(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}})\.?\s*"
        rf"{_TIME}",
        rf"{_YEAR}[年년]\s*(?P<month>\d{{1,2}})[月월]\s*(?:(?P<day>\d{{1,2}})[日일])?\s*{_TIME}",
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|[.ºª])?[\s/-]*{_NAMED}[\s,/-]*"
        rf"{_ANY_YEAR}\s*{_TIME}",
        rf"{_WEEKDAY}{_NAMED}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+{_YEAR}\s*{_TIME}",
        rf"{_WEEKDAY}{_NAMED}\s+(?P<day>\d{{1,2}})\s+{_TIME}\s+{_YEAR}",  # of C
        rf"{_NAMED}[\s,-]+{_YEAR}",
        rf"{_NAMED}(?:-|\s?['\u2019])(?P<year>\d{{2}})",
        rf"{_YEAR}[./-](?P<month>\d{{1,2}})",
        rf"(?P<month>\d{{1,2}})[/-]{_YEAR}",
        rf"{_YEAR}[./-]?M(?P<month>\d{{2}})",
        rf"{_YEAR}-?W(?P<week>\d{{2}})(?:-?(?P<weekday>[1-7]))?",
        rf"{_YEAR}[\s-]?Q(?P<quarter>[1-4])",
        rf"Q(?P<quarter>[1-4])[\s/-]*{_YEAR}",
        r"(?P<year>(?:19|20)\d{2})(?P<month>0[1-9]|1[0-2])(?P<day>[0-3]\d)"
        rf"(?:T(?P<hour>\d{{2}})(?P<minute>\d{{2}})(?P<second>\d{{2}})?(?:{_OFFSET})?)?",
    )
]
_TIME_FIRST = re.compile(r"^(\d{1,2}:\d{2}(?::\d{2})?)\s+(\d[^:]*)$")
# The first three letters of the months in English, German, Spanish, Italian,
# Portuguese, French, Dutch, Swedish, Hungarian, Romanian, Polish, Czech, Turkish and
# Russian; a dash where they are not enough.
_NAMES = """
jan feb mar apr may jun jul aug sep oct nov dec
jän feb mär apr mai jun jul aug sep okt nov dez
ene feb mar abr may jun jul ago sep oct nov dic
gen feb mar apr mag giu lug ago set ott nov dic
jan fev mar abr mai jun jul ago set out nov dez
jan fév mar avr mai - - aoû sep oct nov déc
jan feb mrt apr mei jun jul aug sep okt nov dec
jan feb maa apr maj jun jul aug sep okt nov dec
jan feb már ápr máj jún júl aug sze okt nov dec
ian feb mar apr mai iun iul aug sep oct noi dec
sty lut mar kwi maj cze lip sie wrz paź lis gru
led úno bře dub kvě - - srp zář říj lis pro
oca şub mar nis may haz tem ağu eyl eki kas ara
янв фев мар апр мая июн июл авг сен окт ноя дек
"""
_MONTHS = {name: k % 12 + 1 for k, name in enumerate(_NAMES.split())} | {
    "juin": 6,
    "juil": 7,
    "juillet": 7,
    "май": 5,
    "červen": 6,
    "června": 6,
    "červenec": 7,
    "července": 7,
}


class DateCells(NamedTuple):
    """What the distinct cells of a column look like when read as dates."""

    values: dict[str, np.datetime64]
    """The cells that are dates, to the second."""
    strays: list[str]
    """The others."""
    order: Order
    """Order of day, month and year in figures such as 03/04/2024."""
    doubtful: str
    """A cell by which the order stays open, ``""`` for none."""
    zones: tuple[str, str] | None = None
    """Two cells whose times are written for different time zones, None for none."""


def read_dates(cells: Iterable[str], order: Order | None = None) -> DateCells | None:
    """Read the cells of a column as dates; None when most of them are none.

    Parameters
    ----------
    cells : iterable of str
        Distinct cells without missing values.
    order : {"ymd", "dmy", "mdy"} or None
        What the user says, or other columns show; None to find it in the cells.
    """
    distinct = list(cells)
    values = _read_iso(distinct)
    if values is not None:
        return DateCells(values, [], "ymd", "")
    if not any(_is_date(cell) for cell in distinct[:20]):
        return None
    found, doubtful = _find_order(distinct)
    if order in ("dmy", "mdy") and (doubtful or found == "ymd"):
        found, doubtful = order, ""
    values = {
        cell: day for cell in distinct if (day := to_date(cell, found)) is not None
    }
    strays = [cell for cell in distinct if cell not in values]
    if not values:
        return None
    return DateCells(values, strays, found, doubtful, _different_zones(values))


def to_date(cell: str, order: Order) -> np.datetime64 | None:
    """Read one cell; None when it is no date."""
    cell = _TIME_FIRST.sub(r"\2 \1", cell)
    if found := _FIGURES.fullmatch(cell):
        day, month = found["a"], found["b"]
        if found["mark"].strip() != ".":
            if order == "ymd":  # 21/05/29
                last = found["year"]
                short = len(last) == 2
                return _build(found, int(month), int(last), day) if short else None
            if order == "mdy":
                day, month = month, day
        return _build(found, int(month), int(day))
    for shape in _SHAPES:
        if found := shape.fullmatch(cell):
            given = found.groupdict()
            if given.get("name"):
                month_name = given["name"].casefold()
                month = _MONTHS.get(month_name) or _MONTHS.get(month_name[:3])
            elif given.get("quarter"):
                month = 3 * int(given["quarter"]) - 2
            elif given.get("week"):
                return _week(int(given["year"]), int(given["week"]), given["weekday"])
            else:
                month = int(given["month"])
            if month is None:
                continue
            return _build(found, month, int(given.get("day") or 1))
    return None


def _read_iso(cells: list[str]) -> dict[str, np.datetime64] | None:
    """Read 2024-01-31 and 2024-01-31 12:00:00 at once, which files have most."""
    length = len(cells[0])
    if length not in (10, 19) or any(
        len(c) != length or c[4] != "-" or c[7] != "-" for c in cells
    ):
        return None
    try:
        values = np.array(cells, dtype="datetime64[s]")
    except ValueError:
        return None
    return dict(zip(cells, values, strict=True))


def _is_date(cell: str) -> bool:
    return to_date(cell, "dmy") is not None or to_date(cell, "mdy") is not None


def _find_order(cells: list[str]) -> tuple[Order, str]:
    """Return the order of the figures, and a cell that leaves it open."""
    open_cell = ""
    plain = {cell: _TIME_FIRST.sub(r"\2 \1", cell) for cell in cells}
    figures = {cell: f for cell in cells if (f := _FIGURES.fullmatch(plain[cell]))}
    if _year_first(list(figures.values())):
        return "ymd", next(iter(figures))
    for cell, found in figures.items():
        if found["mark"].strip() == "." or int(found["a"]) > 12:
            return "dmy", ""
        if int(found["b"]) > 12:
            return "mdy", ""
        open_cell = open_cell or cell
    return ("mdy", open_cell) if open_cell else ("ymd", "")


def _year_first(found: list[re.Match[str]]) -> bool:
    """Whether figures of two digits begin with the year, which varies least."""
    if not found or any(
        len(f["a"] + f["year"]) != 4 or f["mark"] == "." for f in found
    ):
        return False
    first, last = ({int(f[part]) for f in found} for part in ("a", "year"))
    return all(
        1 <= int(f["b"]) <= 12 and 1 <= int(f["year"]) <= 31 for f in found
    ) and 3 * len(first) <= len(last)


def _different_zones(cells: Iterable[str]) -> tuple[str, str] | None:
    """Return the first two cells whose times have different offsets."""
    first: dict[str, str] = {}
    for cell in cells:
        if found := _ZONE.search(cell):
            zone = found[1].replace(":", "").ljust(5, "0").replace("-0000", "+0000")
            first.setdefault("+0000" if found[1] in ("Z", "UTC", "GMT") else zone, cell)
            if len(first) > 1:
                one, other = first.values()
                return one, other
    return None


def _week(year: int, week: int, weekday: str | None) -> np.datetime64 | None:
    try:
        return np.datetime64(date.fromisocalendar(year, week, int(weekday or 1)), "s")
    except ValueError:
        return None


def _build(
    found: re.Match[str], month: int, day: int, written_year: str = ""
) -> np.datetime64 | None:
    given = found.groupdict()
    written_year = written_year or given["year"]
    year = int(written_year)
    if len(written_year) == 2:
        year += 2000 if year < 69 else 1900  # as POSIX does
    hour = int(given.get("hour") or 0)
    half = (given.get("half") or "").lower()[:1]
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        moment = datetime(
            year, month, day, hour, int(given.get("minute") or 0),
            int(given.get("second") or 0),
        )  # fmt: skip
    except ValueError:
        return None
    return np.datetime64(moment, "s")


def date_parts(dates: NDArray[np.datetime64]) -> dict[str, NDArray[np.float64]]:
    """Split dates into the numbers that a model can use; NaN where a date is missing.

    Parameters
    ----------
    dates : ndarray of datetime64[s] of shape (n_rows,)
        NaT for missing.

    Returns
    -------
    parts : dict of str to ndarray of shape (n_rows,)
        ``year``, ``month`` (1 to 12), ``weekday`` (1 for Monday to 7), ``hour`` (of
        the day, with its fraction) and ``days`` since 1970-01-01.
    """
    missing = np.isnat(dates)
    known = np.where(missing, np.datetime64(0, "s"), dates)
    day = known.astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    seconds = known.astype(np.int64)
    days = day.astype(np.int64)
    parts = {
        "year": day.astype("datetime64[Y]").astype(np.int64) + 1970,
        "month": month.astype(np.int64) % 12 + 1,
        "weekday": (days + 3) % 7 + 1,
        "hour": (seconds - days * 86400) / 3600,
        "days": seconds / 86400,
    }
    return {k: np.where(missing, np.nan, v.astype(float)) for k, v in parts.items()}
