"""The grammar of one number as people write it: sign, currency, digits, unit.

Nothing is decided here: `_numbers` finds out from all cells of a column what the marks
between the digits mean.
"""

import re
from dataclasses import dataclass

_CURRENCY_WORDS = """
USD EUR GBP CHF JPY CNY RMB INR AUD CAD NZD SEK
NOK DKK PLN CZK HUF RUB BRL MXN ZAR RON TRY KRW SGD HKD IDR THB ILS AED ARS CLP COP PEN
PHP VND EGP NGN KES UAH kr kr. zł Kč Ft руб руб. грн Rs Rs. Fr Fr. SFr. lei TL RM Rp Rp.
S/ S/. Bs Bs. ден лв euro euros dollars 円 元 원
"""
# R is the rand before an amount, and the beginning of a code otherwise.
_RAND = r"R(?=\s?\d{1,3}[ ,]\d{3}|\s?\d+[.,]\d\d(?!\d))"
CURRENCY = "(?:{}|[A-Z]{{1,3}}\\$|[$¢£¤¥֏؋৳฿៛\u20a0-\u20cf﷼])".format(
    "|".join(sorted(map(re.escape, _CURRENCY_WORDS.split()), key=len, reverse=True))
)
_RATE = r"\s?/\s?[^\W\d_][^\d()]{0,9}[23²³]?| per [^\d()]{1,10}"
_CELL = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[-+])?\s*(?P<before>{CURRENCY}|{_RAND})?\s*(?P<sign2>[-+])?"
    r"\s*(?P<open2>\()?(?P<body>\d(?:[\d.,' _]*\d)?[.,]?|[.,]\d+)"
    r"(?P<exponent>[eE][-+]?\d+|[dD][-+]\d{2,3})?\s*(?P<close2>\))?\s*"
    rf"(?P<after>%|‰|{CURRENCY}(?:{_RATE})?|{_RATE}"
    r"|°?[^\W\d_](?:[^\d()+]{0,13}[^\d()+\-\s])?[23²³]?|°)?\s*"
    r"(?P<minus>-{1,2}|[/:.]-|/=)?(?P<close>\))?\s*"
)
ZERO_BY_DASH = re.compile(rf"{CURRENCY}\s*-+|-+\s*{CURRENCY}")
MAGNITUDES = {
    "k": 1e3, "K": 1e3, "tsd": 1e3, "Tsd": 1e3, "Tsd.": 1e3, "thousand": 1e3,
    "M": 1e6, "mn": 1e6, "mio": 1e6, "Mio": 1e6, "Mio.": 1e6, "million": 1e6,
    "B": 1e9, "bn": 1e9, "Mrd": 1e9, "Mrd.": 1e9, "billion": 1e9, "G": 1e9,
    "lakh": 1e5, "lac": 1e5, "crore": 1e7, "Cr": 1e7, "тыс": 1e3, "тыс.": 1e3,
    "млн": 1e6, "млрд": 1e9, "mln": 1e6, "mld": 1e9, "mrd": 1e9, "trillion": 1e12,
    "tn": 1e12, "万": 1e4, "萬": 1e4, "億": 1e8, "亿": 1e8, "만": 1e4, "억": 1e8,
}  # fmt: skip
# Dashes that people and word processors put for a minus, blanks that do not break,
# apostrophes, digits of other scripts.
PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d", "-"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f\u2002\u2003\u2005\u2006\u2008", " "),
        **dict.fromkeys("\u2019\u2018\u00b4\u02bc\u0060\uff07", "'"),
        **{chr(0xFF10 + d): str(d) for d in range(10)},
        **{chr(0x0660 + d): str(d) for d in range(10)},
        **{chr(0x06F0 + d): str(d) for d in range(10)},
        "\uff0b": "+", "\uff0e": ".", "\uff0c": ",", "\uff05": "%", "\u066b": ".",
        "\u066c": ",", "\u066a": "%", "\uff04": "$", "\uffe5": "¥", "\uffe1": "£",
        "\u200b": None, "\ufeff": None, "\u200e": None,
        "\u200f": None,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Parts:
    body: str
    exponent: str
    negative: bool
    unit: str
    spaced: bool


def take_apart(text: str) -> Parts | None:
    found = _CELL.fullmatch(text)
    if found is None:
        return None
    group = found.groupdict()
    brackets = bool(group["open"]) + bool(group["open2"])
    if brackets != bool(group["close"]) + bool(group["close2"]):
        return None
    if group["minus"] and (group["body"][-1] in ".," or group["minus"][0] != "-"):
        group["minus"] = ""  # 1.850,- and 5.-- and 5/-: no cents
    signs = [s for s in (group["sign"], group["sign2"], group["minus"]) if s]
    if group["minus"] == "--":
        return None
    if len(signs) > 1 or (brackets and signs):
        return None
    before, after = group["before"], (group["after"] or "").strip()
    unit = f"{before or ''}{after}"
    if after.startswith(("/", "per ")) and not before:
        return None  # 12/b is no rate
    if before and re.fullmatch(CURRENCY, after):
        unit = after  # $1,850 USD
    elif before and after and not split_unit(unit)[1] and after[0] not in "/p":
        return None
    return Parts(
        group["body"],
        (group["exponent"] or "").lower().replace("d", "e"),
        brackets > 0 or "-" in signs,
        unit,
        text[found.end("body") : found.start("after")].isspace() if after else False,
    )


def split_unit(unit: str) -> tuple[str, str]:
    """Split ``$k`` or ``Mio. €`` into the unit and the magnitude; either may be ""."""
    for currency in re.findall(CURRENCY, unit):
        rest = unit.removeprefix(currency).removesuffix(currency).strip()
        if rest in MAGNITUDES or rest == "m":  # without a currency, m is a meter
            return currency, "M" if rest == "m" else rest
    bare = unit[:-1] if unit.endswith("s") else unit
    return ("", bare) if bare in MAGNITUDES else (unit, "")


def singular(unit: str) -> str:
    folded = unit.casefold().rstrip(".").replace("²", "2").replace("³", "3")
    return folded[:-1] if len(folded) > 3 and folded.endswith("s") else folded
