"""Pictures and terminals without the characters of the data."""

import io
import sys
import warnings
from base64 import b64decode

import numpy as np
import pytest

from regkit.__main__ import main
from regkit.comparison.report_pictures import _as_data_uri
from regkit.inspection._drawing import make_figure
from regkit.inspection._fonts import all_scripts, lacking_characters

# Of a script that no font of matplotlib has, and few systems do.
RARE = "\U00012000\U00012001"  # cuneiform


def draw(title):
    figure = make_figure(3, 2)
    figure.subplots().set_title(title)
    return figure


def draw_with_all_scripts(title):
    """Draw a picture; return what no font has."""
    with all_scripts() as lacking:
        figure = draw(title)
        figure.savefig(io.BytesIO(), format="png")
        lacking |= lacking_characters(figure)
    return lacking


def test_one_warning_names_all_characters():
    with pytest.warns(UserWarning, match=f"no font here has {RARE[0]}, {RARE[1]}: a"):
        assert draw_with_all_scripts(f"area {RARE}") == set(RARE)


@pytest.mark.parametrize("title", ["area", "größe in m²", "площадь, ёмкость", "αβγ −5"])
def test_letters_that_the_fonts_have_need_no_warning(title):
    assert draw_with_all_scripts(title) == set()


def test_a_report_keeps_such_text_as_text():
    lacking = set()
    uri = _as_data_uri(lambda ax: ax.plot([1, 2], label=RARE), (3.0, 2.0), lacking)
    assert lacking == set()  # labels that are not shown
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")
        uri = _as_data_uri(lambda ax: ax.set_title(RARE), (3.0, 2.0), lacking)
    svg = b64decode(uri.partition("base64,")[2]).decode()
    assert RARE in svg
    assert lacking == set(RARE)


def test_a_terminal_without_the_characters_shows_their_codes(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    path = tmp_path / "houses.csv"
    rows = [f"{a:.2f},{3 * a + rng.normal():.2f}\n" for a in rng.normal(size=40)]
    path.write_text("面積,価格\n" + "".join(rows), encoding="utf-8")
    shown = io.BytesIO()
    stdout = io.TextIOWrapper(shown, encoding="cp1252", errors="strict")
    monkeypatch.setattr(sys, "stdout", stdout)
    options = ["--no-networks", "--folds=3"]
    assert main(["compare", str(path), "--target", "価格", *options]) == 0
    stdout.flush()
    text = shown.getvalue().decode("cp1252")
    assert text.startswith(r"\u4fa1\u683c in ")
    assert "Lasso" in text
