"""Cells that stand for a missing value, as people and programs write them."""

from collections.abc import Iterable

_ALWAYS = """
n/a #n/a #na <na> nan -nan null (null) ? n.a. nat (blank) #div/0! #ref! #value! #name?
#num! #null! #n/d #error! #getting_data #spill! #calc! #nv #wert! #bezug! #zahl!
#valeur! #nombre! #¡div/0! #¡valor! #¡ref! #div/0 #valor! #nome? #nom? #¿nombre? #núm!
#num #verdi! #värde! #waarde! #arg! #знач! #дел/0! #имя? #ссылка! #число! #н/д #d/n!
\\n [null] <null> (missing) (empty) nan(ind) -nan(ind) 1.#qnan -1.#qnan 1.#ind -1.#ind
"""
_AMONG_NUMBERS = """
na na. n.a - -- --- – — − . .. ... … .... : * ** *** n.d. n/d n.v. n/v k.a. s/d s.d.
s.o. b.d. н/д б/д tbd tba undefined ?? _ __ -.- ∅ # /
"""
# Words, which are levels where other words are.
_WORDS = """
none nd unknown unk missing nil pending unbekannt inconnu desconocido desconhecido
sconosciuto onbekend brak неизвестно 未知 不明 미상
"""
# In a column of text these are never a level. Excel's error codes are among them.
ALWAYS = frozenset(["", *_ALWAYS.split()])
# Missing among numbers; in a column of text "NA" may be Namibia and "none" a level.
AMONG_NUMBERS = ALWAYS | frozenset(_AMONG_NUMBERS.split() + _WORDS.split())
AMONG_NUMBERS |= {"n a", "k. a.", "not available", "not applicable", "no data"}
AMONG_NUMBERS |= {
    "#n/a n/a",
    "keine angabe",
    "sin datos",
    "sem dados",
    "non disponible",
}
_MAYBE_LEVELS = AMONG_NUMBERS - ALWAYS - {"not applicable", *_WORDS.split()}


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
    others = [c for c in present if c.casefold() not in marks]
    if "NA" in present and others and all(len(c) == 2 and c.isupper() for c in others):
        marks.discard("na")
    return ALWAYS | marks
