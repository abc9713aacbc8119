"""Cells that stand for a value that nobody has, as people and programs write them."""

from collections.abc import Iterable

_ALWAYS = """
n/a #n/a #na <na> nan -nan null (null) ? n.a. nat (blank) #div/0! #ref! #value! #name?
#num! #null! #n/d #error! #getting_data #spill! #calc! #nv #wert! #bezug! #zahl!
#valeur! #nombre! #¡div/0! #¡valor! #¡ref!
"""
_AMONG_NUMBERS = """
na na. n.a none - -- --- – — − . .. ... … : * n.d. n/d nd n.v. k.a. s/d s.d. b.d.
unknown unk missing nil tbd tba undefined
"""
# In a column of text these are never a level. Excel's error codes are among them.
ALWAYS = frozenset(["", *_ALWAYS.split()])
# Missing among numbers; in a column of text "NA" may be Namibia and "none" a level.
AMONG_NUMBERS = ALWAYS | frozenset(_AMONG_NUMBERS.split())
AMONG_NUMBERS |= {"n a", "k. a.", "not available", "not applicable", "no data"}
_MAYBE_LEVELS = AMONG_NUMBERS - ALWAYS


def missing_in_text(cells: Iterable[str]) -> frozenset[str]:
    """Return the casefolded cells that are missing values of a column of text.

    A cell such as ``NA`` or ``-`` is a level where the column has empty cells too, and
    where the other levels are codes of its length in capitals (``NA`` beside ``ZA``).

    Parameters
    ----------
    cells : iterable of str
        Distinct cells, stripped.
    """
    present = list(cells)
    if any(cell.casefold() in ALWAYS for cell in present):
        return ALWAYS
    marks = {c.casefold() for c in present if c.casefold() in _MAYBE_LEVELS}
    marks -= {"missing", "unknown", "unk", "none", "nil", "not applicable", "nd"}
    others = [c for c in present if c.casefold() not in marks]
    if "NA" in present and others and all(len(c) == 2 and c.isupper() for c in others):
        marks.discard("na")
    return ALWAYS | marks
