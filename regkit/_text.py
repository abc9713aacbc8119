"""Names and tables as plain text."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence


def shorten(name: str, longest: int) -> str:
    """Cut the middle out of a long name: both ends tell columns apart."""
    if len(name) <= longest:
        return name
    tail = (longest - 1) // 2
    return f"{name[: longest - 1 - tail]}…{name[len(name) - tail :]}"


def shorten_all(names: Iterable[str], longest: int) -> list[str]:
    """Shorten names; those that differ in their middles alone keep the middles."""
    names = list(names)
    alike: defaultdict[str, set[str]] = defaultdict(set)
    for name in names:
        alike[shorten(name, longest)].add(name)
    short: dict[str, str] = {}
    for text, group in alike.items():
        short |= dict.fromkeys(group, text)
        if len(group) > 1:
            short |= _around_differences(sorted(group), longest)
    return [short[name] for name in names]


def _around_differences(names: list[str], longest: int) -> dict[str, str]:
    """Cut what all names have in common at their beginnings and at their ends."""
    head = _n_common(names)
    tail = _n_common([name[head:][::-1] for name in names])
    room = max(0, longest - 2 - max(len(name) - head - tail for name in names))
    start = max(0, head - (room + 1) // 2)
    left_out = max(0, tail - room // 2)
    return {
        name: shorten(
            f"{'…' if start else ''}{name[start : len(name) - left_out]}"
            f"{'…' if left_out else ''}",
            longest,
        )
        for name in names
    }


def _n_common(names: list[str]) -> int:
    """Count the characters that all names begin with."""
    places = enumerate(zip(*names, strict=False))
    shortest = min(map(len, names))
    return next((k for k, found in places if len(set(found)) > 1), shortest)


def count(number: int, noun: str) -> str:
    """Write 1 column, 2 columns."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def align(
    rows: Sequence[Sequence[str]], gutter: int = 2, left: Collection[int] = (0,)
) -> list[str]:
    """Left-align the columns numbered in ``left``, and right-align the others."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        (gutter * " ")
        .join(
            cell.ljust(width) if k in left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        .rstrip()
        for row in rows
    ]
