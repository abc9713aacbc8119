"""Yes and no in the spellings of programs and people."""

from collections.abc import Iterable

_TRUE = """
true t yes y on 1 1.0 ja j wahr oui o vrai si sí s sì sim verdadero verdadeiro vero tak
prawda evet да истина kyllä igen ano ναι 是 有 はい 예 ✓ ✔ ☑
"""
_FALSE = """
false f no n off 0 0.0 nein nee nej nei falsch non faux não nao falso nie fałsz hayır
нет ложь ei nem ne όχι 否 无 無 いいえ 아니요 ✗ ✘ ☐
"""
_FLAGS = dict.fromkeys(_FALSE.split(), False) | dict.fromkeys(_TRUE.split(), True)


def read_booleans(cells: Iterable[str]) -> dict[str, bool] | None:
    """Read the distinct cells of a column; None unless all are booleans of both kinds.

    A column of ``0`` and ``1`` alone is one of numbers.
    """
    values = {}
    for cell in cells:
        flag = _FLAGS.get(cell.casefold())
        if flag is None:
            return None
        values[cell] = flag
    both = len(set(values.values())) == 2
    words = any(not cell.replace(".", "").isdigit() for cell in values)
    return values if both and words else None


def is_flag(cell: str) -> bool:
    """Whether a cell is a spelling of yes or no."""
    return cell.casefold() in _FLAGS
