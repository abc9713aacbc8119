"""Names and tables as plain text."""

from collections.abc import Collection, Sequence


def shorten(name: str, longest: int) -> str:
    """Cut the middle out of a long name: both ends tell columns apart."""
    if len(name) <= longest:
        return name
    tail = (longest - 1) // 2
    return f"{name[: longest - 1 - tail]}…{name[len(name) - tail :]}"


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
