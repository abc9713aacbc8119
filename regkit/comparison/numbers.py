"""Numbers as they are printed: four digits, one unit, percent."""

from __future__ import annotations

from math import floor, isfinite, log10

# Characters that an error may take: a model that explodes must not widen the table.
_WIDEST = 7
# A share that rounding alone may leave.
_NOTHING = 1e-12


def unit_and_decimals(size: float) -> tuple[float, int]:
    """Choose a unit and decimals that show four digits of an error of this size."""
    if not (isfinite(size) and size > 0):
        return 1.0, 4
    exponent = floor(log10(size))
    shift = 0 if -2 <= exponent < 6 else 3 * (exponent // 3)
    return float(f"1e{shift}"), max(0, 3 - exponent + shift)


def error_text(error: float, size: float) -> str:
    """Show an error among errors of a size, in their unit."""
    unit, decimals = unit_and_decimals(size)
    text = f"{error / unit:.{decimals}f}"
    if len(text) <= _WIDEST:
        return text
    text = f"{error / unit:.0f}"
    return text if len(text) <= _WIDEST else f"{error / unit:.1e}"


def digits(value: float, n: int = 4) -> str:
    """Show 57.08, 25120 and 1.292e+06."""
    return f"{float(f'{value:.{n}g}'):g}"


def percent(share: float) -> str:
    """Show 4.2% and 12%, and 0% and 100% only where a share is no other."""
    rest = 1 - share
    if 0 < share < 0.0005:
        return "less than 0.1%"
    if _NOTHING < rest < 0.0005:
        return "over 99.9%"
    fine = share < 0.0995 or _NOTHING < rest < 0.005
    return f"{share:.1%}" if fine else f"{share:.0%}"
