"""Text of all scripts in pictures: fonts that have the characters, where there are any.

matplotlib's own font has Latin, Greek and Cyrillic letters. Of others it draws boxes
and warns once a character; here fonts that systems bring stand in, and one warning
names what none of them has. A vector graphic then keeps its text as text, which the
reader's browser draws with the reader's fonts.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from regkit._warn import warn

# Of the common systems, one or more for each script.
_STAND_INS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans CJK KR",
    "Noto Sans JP",
    "Source Han Sans",
    "Hiragino Sans",
    "Yu Gothic",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "IPAexGothic",
    "IPAGothic",
    "Droid Sans Fallback",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Nirmala UI",
    "Leelawadee UI",
    "Arial Unicode MS",
    "Unifont",
)


@contextmanager
def all_scripts() -> Iterator[set[str]]:
    """Draw with stand-in fonts; pictures add what they lack to the set that is given.

    At the end one warning names these characters.
    """
    import matplotlib
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    families = [
        *matplotlib.rcParams["font.family"],
        *(name for name in _STAND_INS if name in installed),
    ]
    lacking: set[str] = set()
    with matplotlib.rc_context({"font.family": families}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        yield lacking
    if lacking:
        shown = ", ".join(sorted(lacking)[:8]) + (", ..." if len(lacking) > 8 else "")
        warn(
            f"no font here has {shown}: a picture shows boxes in their place",
            UserWarning,
        )


def lacking_characters(figure: Any) -> set[str]:
    """Return the characters of a figure's texts that none of its fonts has."""
    from matplotlib.text import Text

    lacking: set[str] = set()
    for text in figure.findobj(Text):
        # Most texts are ASCII, which every font has.
        unusual = {c for c in text.get_text() if not c.isascii() and c.isprintable()}
        if unusual:
            lacking |= unusual - _characters_of(text.get_fontproperties())
    return lacking


def _characters_of(properties: Any) -> set[str]:
    from matplotlib.font_manager import fontManager, get_font

    paths = fontManager._find_fonts_by_props(properties)
    return {chr(code) for path in paths for code in get_font(path).get_charmap()}
