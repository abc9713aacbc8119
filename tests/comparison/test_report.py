"""The page of a comparison: complete, alone, and legible in a browser."""

import re
import shutil
import subprocess
from base64 import b64decode
from html.parser import HTMLParser

import pytest

from regkit import compare_regularizers, make_correlated_regression

pytest.importorskip("matplotlib")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Without a window, and without anything that goes to the network by itself.
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--hide-scrollbars"),
    *("--disable-component-update", "--disable-sync", "--virtual-time-budget=5000"),
)
# Shows the page in a frame of some width, and writes down what a reader would meet.
FRAME = """<!doctype html><title>waiting</title><body style="margin:0">
<iframe style="border:0;width:{width}px;height:2000px;color-scheme:{scheme}"></iframe>
<script>
const frame = document.querySelector("iframe");
frame.onload = () => {{
  const page = frame.contentDocument, view = frame.contentWindow;
  const images = [...page.images];
  Promise.all(images.map(image => image.decode())).then(() => {{
    const sizes = [...page.querySelectorAll("p, td, th, dd, figcaption")].map(
      element => parseFloat(view.getComputedStyle(element).fontSize));
    document.title = JSON.stringify({{
      scrollWidth: page.documentElement.scrollWidth,
      images: images.map(image => image.naturalWidth),
      narrow: images.map(image => image.currentSrc !== image.src),
      smallest: Math.min(...sizes),
      colors: [...page.querySelectorAll("body, h1, p, td, th, dd, pre, dt")].map(
        element => view.getComputedStyle(element).color),
      background: view.getComputedStyle(page.body).backgroundColor,
      boxes: [...page.body.children].map(element => {{
        const box = element.getBoundingClientRect();
        return [box.top, box.bottom];
      }}),
    }});
  }});
}};
frame.srcdoc = {page};
</script>"""


@pytest.fixture(scope="module")
def comparison():
    X, y = make_correlated_regression(60, 90, n_informative=4, signal_to_noise=5.0)
    return compare_regularizers(X, y, n_folds=3)


@pytest.fixture(scope="module")
def page(comparison):
    return comparison.to_html(
        "y < 3 & more", notes=("one <note>",), command="python -m regkit compare"
    )


class Tags(HTMLParser):
    """Collects tags, and that all are closed in order."""

    EMPTY = ("meta", "img", "source", "br")

    def __init__(self):
        super().__init__()
        self.found, self.open = [], []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_escaped(page):
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert "<h1>y &lt; 3 &amp; more</h1>" in page
    assert "<li>one &lt;note&gt;</li>" in page
    assert "<code>python -m regkit compare</code>" in page
    assert "<!-- " not in page  # every place was filled


def test_the_page_holds_sentence_and_table(comparison, page):
    assert comparison.summary().replace("'", "&#x27;") in page
    table = page.partition('<table class="models">')[2].partition("</table>")[0]
    rows = re.findall(r"<tr[^>]*><th scope=\"row\">(.*?)</th>(.*?)</tr>", table)
    names = [name.partition("<br>")[0] for name, _ in rows]
    assert names == [result.name for result in comparison.results]
    text = {line[:13].rstrip(): line for line in repr(comparison).splitlines()}
    for name, (_, data) in zip(names, rows, strict=True):
        shown = re.findall(r'<td data-label="(.*?)">(.*?)</td>', data)
        for label, cell in shown:
            if label not in ("CV error", "time"):
                assert cell in text[name].replace("l1 ", "l1_ratio ")
    best = re.search(r'<tr class="best"><th scope="row">(.*?)<br>', table)
    assert best[1] == comparison.recommended
    assert page.count('class="best"') == 1


def test_the_page_lists_the_kept_columns(comparison, page):
    model = comparison["Lasso"].model
    table = page.partition('<table class="coefficients">')[2].partition("</table>")[0]
    rows = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td>', table)
    *columns, (name, intercept, _) = rows
    assert name == "intercept"
    assert float(intercept) == pytest.approx(model.intercept_, rel=1e-3)
    kept = {f"x{j}": coef for j, coef in enumerate(model.coef_) if coef}
    assert {name for name, _, _ in columns} == set(kept)
    for name, coefficient, _ in columns:
        assert float(coefficient) == pytest.approx(kept[name], rel=1e-3)
    assert comparison.recommended == "Lasso"


def test_the_page_shows_python_for_each_model(comparison, page):
    code = page.partition("<pre>")[2].partition("</pre>")[0]
    for result in comparison.results:
        assert comparison.line(result.name).replace("'", "&#x27;") in code


def test_the_page_needs_nothing_from_elsewhere(page):
    tags = Tags()
    tags.feed(page)
    assert not {"link", "script", "iframe", "object"} & {tag for tag, _ in tags.found}
    sources = [
        value
        for _, attributes in tags.found
        for name, value in attributes.items()
        if name in ("src", "srcset", "href")
    ]
    assert len(sources) == 8  # four pictures for wide windows and for narrow ones
    for source in sources:
        assert source.startswith("data:image/svg+xml;base64,")
        assert b64decode(source.partition(",")[2]).startswith(b"<?xml")
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert all(attributes["alt"] for tag, attributes in tags.found if tag == "img")


def test_pictures_with_many_lines_are_sent_as_points(comparison, monkeypatch):
    monkeypatch.setattr("regkit.comparison.report_pictures._LARGEST_SVG", 10_000)
    page = comparison.to_html()
    assert page.count("data:image/png;base64,") == 8
    assert "data:image/svg" not in page


def luminance(color):
    """Relative luminance of ``rgb(r, g, b)``, as WCAG 2 defines it."""
    shares = [int(c) / 255 for c in re.findall(r"\d+", color)[:3]]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_in_a_browser(page, tmp_path, width, scheme):
    """Nothing is too wide or overlaps, all pictures load, all text can be read."""
    import json

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser found: {', '.join(BROWSERS)}")
    frame = tmp_path / "frame.html"
    quoted = json.dumps(page).replace("</", "<\\/")
    frame.write_text(
        FRAME.format(width=width, scheme=scheme, page=quoted), encoding="utf-8"
    )
    done = subprocess.run(
        [
            *(browser, *OPTIONS, f"--user-data-dir={tmp_path / 'profile'}"),
            *("--window-size=1400,2200", "--dump-dom", frame.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    title = re.search("<title>(.*?)</title>", done.stdout)
    assert title is not None, done.stderr
    seen = json.loads(title[1])
    assert seen["scrollWidth"] <= width
    assert len(seen["images"]) == 4
    assert min(seen["images"]) > 200
    assert seen["narrow"] == [width == 400] * 4
    assert seen["smallest"] >= 12
    behind = luminance(seen["background"])
    assert (behind < 0.5) == (scheme == "dark")
    for color in seen["colors"]:
        low, high = sorted([luminance(color), behind])
        assert (high + 0.05) / (low + 0.05) > 4.5
    for (_, bottom), (top, _) in zip(seen["boxes"], seen["boxes"][1:], strict=False):
        assert top >= bottom - 1
