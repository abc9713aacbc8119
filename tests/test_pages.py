"""The pages of the site and the report of a comparison, as a browser shows them."""

import os
from pathlib import Path

import pytest

from regkit import compare_regularizers, make_house_prices
from tests.browser import find_browser, look_at

SITE = Path(
    os.environ.get("REGKIT_SITE", Path(__file__).parents[1] / "docs" / "_build/html")
)
# Made by Sphinx of the source, or empty until somebody searches.
_NOT_PROSE = {"genindex.html", "search.html", "py-modindex.html"}
VIEWS = [(width, scheme) for width in (1280, 400) for scheme in ("light", "dark")]


def check(pages, width, scheme, folder):
    seen, console = look_at(pages, width, scheme, folder)
    for page, found in zip(pages, seen, strict=True):
        assert found["width"] <= width, page.name
        assert found["overlaps"] == [], page.name
        assert found["broken"] == [], page.name
        assert found["texts"] > 10, page.name
        assert found["dark"] == (scheme == "dark")
    assert [line for line in console if "theme" not in line] == []


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_pages_of_the_site(width, scheme, tmp_path):
    find_browser()
    pages = [
        page
        for page in sorted(SITE.resolve().rglob("*.html"))
        if page.name not in _NOT_PROSE
        and not {"_modules", "_static"} & set(page.relative_to(SITE.resolve()).parts)
    ]
    if not pages:
        pytest.skip(f"no site in {SITE}: python -m sphinx docs docs/_build/html")
    assert len(pages) > 50
    check(pages, width, scheme, tmp_path)


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Write reports of numbers and of classes, with long names."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("pandas")
    find_browser()
    X, y = make_house_prices(120, n_irrelevant=20, return_X_y=True, as_frame=True)
    X = X.rename(columns={"area": "area of all heated rooms, in square meters"})
    folder, paths = tmp_path_factory.mktemp("reports"), []
    for name, target in (("numbers", y), ("classes", (y > y.median()).map(str))):
        comparison = compare_regularizers(X, target, n_folds=3, networks=False)
        paths.append(folder / f"{name}.html")
        paths[-1].write_text(comparison.to_html("houses"), encoding="utf-8")
    return paths


# The others are in tests/comparison/test_report.py.
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_reports(reports, width, scheme, tmp_path):
    check(reports, width, scheme, tmp_path)


def test_what_is_wrong_is_found(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        "<body><p>some text that is here</p><p style='margin-top:-2.2em'>more text</p>"
        "<div style='width:900px'>wide</div><img src='none.png'>"
        "<script>console.error('oh')</script>",
        encoding="utf-8",
    )
    ((found,), console) = look_at([page], 400, "light", tmp_path)
    assert found["width"] > 400
    assert found["overlaps"] == [["more text", "some text that is here"]]
    assert len(found["broken"]) == 1
    assert any("oh" in line for line in console)
