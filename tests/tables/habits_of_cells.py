"""Habits in cells: numbers, missing values, booleans and dates; see `houses`."""

from collections.abc import Callable, Iterator

import numpy as np

from tests.tables.houses import Habit, Maker, point


def numbers(make: Maker) -> Iterator[Habit]:
    cents = lambda v: v + (v % 4) / 4 + 0.25  # noqa: E731
    down = lambda v: v - 2800  # noqa: E731
    yield make("1,850", "area", lambda v: f"{v:,}")
    yield make("1,850.25", "area", lambda v: f"{cents(v):,.2f}", cents)
    for mark, shown in ((" ", "blank"), ("\u00a0", "NBSP"), ("\u202f", "narrow NBSP")):
        yield make(
            f"1850 with a {shown}", "area", lambda v, m=mark: point(f"{v:,}", ".", m)
        )
    yield make("1'850.25", "area", lambda v: point(f"{cents(v):,.2f}", ".", "'"), cents)
    yield make("1\u2019850", "area", lambda v: point(f"{v:,}", ".", "\u2019"))
    yield make("1_850", "area", lambda v: f"{v:_}")
    yield make(
        "1.850,25", "area", lambda v: point(f"{cents(v):,.2f}", ",", "."), cents, ";"
    )
    yield make(
        "1 850,25", "area", lambda v: point(f"{cents(v):,.2f}", ",", " "), cents, ";"
    )
    yield make(
        "1850,25 quoted", "area", lambda v: f"{cents(v):.2f}".replace(".", ","), cents
    )
    yield make("12,34,567 as in India", "price", lambda v: _lakh(v))
    yield make("$1,850", "area", lambda v: f"${v:,}")
    yield make(
        "1.850 € and 950 €",
        "area",
        lambda v: point(f"{v:,} €", ",", "."),
        delimiter=";",
    )
    yield make(
        "€ 1.850,25",
        "area",
        lambda v: point(f"€ {cents(v):,.2f}", ",", "."),
        cents,
        ";",
    )
    yield make("£1850.25", "area", lambda v: f"£{cents(v):.2f}", cents)
    yield make("1 850 kr", "area", lambda v: point(f"{v:,} kr", ".", " "))
    yield make(
        "CHF 1'850.25", "area", lambda v: point(f"CHF {cents(v):,.2f}", ".", "'"), cents
    )
    yield make("1850 USD", "area", lambda v: f"{v} USD")
    for mark, dash in ((",", "-"), (",", "\u2013"), (".", "--")):
        yield make(
            f"no cents {mark}{dash}",
            "area",
            lambda v, c=mark, d=dash: (
                point(f"{v:,}", c, "." if c == "," else "'") + c + d
            ),
            delimiter=";",
        )
    yield make(
        "R$ 1.850,25",
        "area",
        lambda v: point(f"R$ {cents(v):,.2f}", ",", "."),
        cents,
        ";",
    )
    yield make("12%", "area", lambda v: f"{v / 40:.1f}%", lambda v: f"{v / 40:.1f}")
    yield make(
        "12,5 %",
        "area",
        lambda v: f"{v / 40:.1f} %".replace(".", ","),
        lambda v: f"{v / 40:.1f}",
        ";",
    )
    yield make("(950) for -950", "area", lambda v: _accounting(down(v)), down)
    yield make("($1,950) for -1950", "area", lambda v: _accounting(down(v), "$"), down)
    yield make(
        "950- as SAP writes",
        "area",
        lambda v: f"{abs(down(v))}-" if down(v) < 0 else down(v),
        down,
    )
    yield make(
        "-$950",
        "area",
        lambda v: f"{down(v):,}".replace("-", "-$") if down(v) < 0 else f"${down(v):,}",
        down,
    )
    yield make(
        "a Unicode minus", "area", lambda v: f"{down(v)}".replace("-", "\u2212"), down
    )
    yield make(
        "an en dash for minus",
        "area",
        lambda v: f"{down(v)}".replace("-", "\u2013"),
        down,
    )
    yield make("120 m²", "area", lambda v: f"{v} m²")
    yield make("1,850 sq ft", "area", lambda v: f"{v:,} sq ft")
    yield make("3 rooms, 1 room", "rooms", lambda v: f"{v} room{'s' * (v > 1)}")
    yield make(
        "$1.9k and $2M",
        "price",
        lambda v: f"${v / 1e3:.1f}k" if v < 4e5 else f"${v / 1e6:.3f}M",
        lambda v: round(v / 1e3, 1) * 1e3 if v < 4e5 else round(v / 1e6, 3) * 1e6,
    )
    yield make("1.85e3", "area", lambda v: f"{v:.4e}")
    yield make(
        "1,85E+03", "area", lambda v: f"{v:.4E}".replace(".", ","), delimiter=";"
    )
    yield make(
        "full-width digits",
        "area",
        lambda v: "".join(chr(0xFF10 + int(c)) for c in str(v)),
    )
    yield make("blanks around", "area", lambda v: f"  {v} ")
    yield make("+12 and -12", "area", lambda v: f"{down(v):+d}", down)
    yield make(
        "1.850 everywhere",
        "area",
        lambda v: f"{v / 1000 + 1:.3f}",
        lambda v: f"{v / 1000 + 1:.3f}",
        open="area",
    )
    yield make(
        "1,850 everywhere, semicolons",
        "area",
        lambda v: f"{v + 1000:,}",
        lambda v: v + 1000,
        ";",
        open="area",
    )
    yield make(
        "12% beside 0.12",
        "area",
        lambda v: f"{v / 100}%" if v % 2 else f"{v / 1e4:.4f}",
        open="area",
    )
    yield make(
        "$ beside €", "area", lambda v: f"${v}" if v % 2 else f"€{v}", open="area"
    )
    yield make(
        "1.850,5 beside 1,850.5",
        "area",
        lambda v: f"{v + 1000:,}.5" if v % 2 else point(f"{v + 1000:,}.5", ",", "."),
        open="area",
    )
    yield make(
        "a letter O for zero",
        "area",
        lambda v: "19OO" if v == max(make.plain["area"]) else v,
        open="area",
    )
    yield make(
        "km beside m",
        "area",
        lambda v: f"{v} m" if v % 2 else f"{v / 1000} km",
        open="area",
    )


def _lakh(value: int) -> str:
    head, tail = str(value)[:-3], str(value)[-3:]
    groups = []
    while head:
        head, group = head[:-2], head[-2:]
        groups.insert(0, group)
    return ",".join([*groups, tail])


def _accounting(value: int, currency: str = "") -> str:
    text = f"{currency}{abs(value):,}"
    return f"({text})" if value < 0 else text


def targets(make: Maker) -> Iterator[Habit]:
    make.renew()
    for name, written in (
        ("target $350,000", lambda v: f"${v:,}"),
        ("target 350.000 €", lambda v: point(f"{v // 500:,} €", ",", ".")),
        ("target 350'000.-", lambda v: point(f"{v:,}", ".", "'")),
        ("target 350 000", lambda v: point(f"{v:,}", ".", " ")),
    ):
        meant = (lambda v: v // 500) if "350.000" in name else (lambda v: v)
        yield make(name, "price", written, meant, ";")


def missing(make: Maker) -> Iterator[Habit]:
    for mark in (
        "-",
        "--",
        "..",
        "n.a.",
        "N/A",
        "#N/A",
        "#DIV/0!",
        "#VALUE!",
        "NULL",
        "?",
        ".",
        ":",
        "nan",
        "k.A.",
        "unknown",
        "\u2014",
        "#REF!",
        "not measured",
    ):
        yield make(
            f"{mark} for missing",
            "area",
            lambda v, m=mark: m if v % 6 == 0 else v,
            lambda v: "" if v % 6 == 0 else v,
        )
    yield make(
        "'-' among $1,850",
        "area",
        lambda v: "-" if v % 6 == 0 else f"${v:,}",
        lambda v: "" if v % 6 == 0 else v,
    )
    yield make(
        "$- for zero",
        "area",
        lambda v: "$-" if v % 6 == 0 else f"${v:,}",
        lambda v: 0 if v % 6 == 0 else v,
        open="area",
    )
    yield make(
        "-999 for missing", "area", lambda v: -999 if v % 6 == 0 else v, open="area"
    )
    for title, north, meant, south, east in (
        ("NA beside empty", "NA", "NAM", "ZA", ""),
        ("NA among countries", "NA", "NAM", "ZA", "BW"),
        ("none beside empty", "none", "no heat", "gas", ""),
        ("missing and empty", "missing", "lost", "oak", ""),
    ):
        others = {"south": south, "east": east}
        written, read = {"north": north, **others}, {"north": meant, **others}
        yield make(title, "town", written.__getitem__, read.__getitem__)
    yield make(
        "target missing",
        "price",
        lambda v: "n.a." if v % 5 == 0 else v,
        lambda v: "" if v % 5 == 0 else v,
        open="price",
    )


def flags(make: Maker) -> Iterator[Habit]:
    for true, false in (
        ("Yes", "No"),
        ("TRUE", "FALSE"),
        ("Y", "N"),
        ("t", "f"),
        ("ja", "nein"),
        ("oui", "non"),
        ("Sí", "No"),
        ("WAHR", "FALSCH"),
        ("on", "off"),
    ):
        yield make(
            f"{true}/{false}",
            "rooms",
            lambda v, a=true, b=false: a if v > 3 else b,
            lambda v: "true" if v > 3 else "false",
        )
    yield make(
        "yes, Yes, YES and 1",
        "rooms",
        lambda v: (
            ["yes", "Yes", "YES", "1"][v - 4] if v > 3 else ["no", "No", "0"][v - 1]
        ),
        lambda v: "true" if v > 3 else "false",
    )
    yield make(
        "x for yes",
        "rooms",
        lambda v: "x" if v > 3 else "",
        lambda v: "a" if v > 3 else "",
    )
    yield make(
        "yes/no/empty",
        "rooms",
        lambda v: ("yes" if v > 3 else "no") if v < 7 else "",
        lambda v: ("true" if v > 3 else "false") if v < 7 else "",
    )


def dates(make: Maker) -> Iterator[Habit]:
    day = lambda v: np.datetime64("2021-01-01") + int(v) % 900  # noqa: E731

    def as_text(form: str) -> Callable[[int], str]:
        return lambda v: day(v).item().strftime(form)

    for form in (
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%Y/%m/%d",
        "%d-%b-%Y",
        "%B %d, %Y",
        "%d %B %Y",
        "%Y%m%d",
        "%d.%m.%y",
        "%a, %d %b %Y",
        "%Y-%m-%d 00:00:00",
        "%Y-%m-%dT00:00:00Z",
        "%m/%d/%Y 12:00 AM",
    ):
        yield make(f"dates {form}", "area", as_text(form), day)
    first = lambda v: np.datetime64("2021-01-01") + 31 * (int(v) % 9)  # noqa: E731
    yield make(
        "dates 03/04/2024 only",
        "area",
        lambda v: f"{v % 12 + 1:02d}/{v % 11 + 1:02d}/2024",
        lambda v: f"2024-{v % 12 + 1:02d}-{v % 11 + 1:02d}",
        open="area",
    )
    yield make(
        "dates and n.a.",
        "area",
        lambda v: "n.a." if v % 7 == 0 else as_text("%d.%m.%Y")(v),
        lambda v: "" if v % 7 == 0 else day(v),
    )
    yield make(
        "31 February",
        "area",
        lambda v: (
            "31/02/2021" if v == min(make.plain["area"]) else as_text("%d/%m/%Y")(v)
        ),
        first,
        open="area",
    )
    yield make(
        "months 2021-05",
        "area",
        lambda v: str(day(v))[:7],
        lambda v: str(day(v))[:7] + "-01",
    )
    yield make(
        "quarters 2021Q3",
        "area",
        lambda v: f"{day(v).item().year}Q{(day(v).item().month + 2) // 3}",
        lambda v: (
            f"{day(v).item().year}-{(day(v).item().month + 2) // 3 * 3 - 2:02d}-01"
        ),
    )
