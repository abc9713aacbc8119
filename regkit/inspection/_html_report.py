"""A comparison as one page: the finding, the table, and pictures, all in one file."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from regkit import __version__
from regkit.inspection._drawing import make_figure, require_matplotlib
from regkit.inspection._fonts import all_scripts, lacking_characters
from regkit.inspection._table import (
    HEADER,
    cells,
    describe_data,
    describe_error,
    explain,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from regkit.inspection.comparison import RegularizerComparison

# Inches: for wide windows, and for telephones, where a picture made for a wide window
# would shrink until nobody can read it.
_WIDE, _NARROW = (7.4, 4.3), (4.0, 4.2)
# Vector graphics with more bytes than this are replaced by points.
_LARGEST_SVG = 400_000
_DPI = 200


class _Picture(NamedTuple):
    draw: "Callable[[Axes], Any]"
    title: str
    caption: str


def render_page(
    comparison: "RegularizerComparison",
    title: str,
    notes: Sequence[str],
    command: str | None,
) -> str:
    """Fill the page; see `RegularizerComparison.to_html`."""
    require_matplotlib("to_html")
    template = files("regkit.inspection").joinpath("report.html").read_text("utf-8")
    made_by = f"Made by regkit {__version__}"
    parts = {
        "title": escape(title),
        "finding": escape(comparison.summary()),
        "data": "\n".join(
            f"<p>{escape(line)}</p>"
            for line in (
                describe_data(comparison),
                describe_error(comparison).capitalize(),
                *notes,
            )
        ),
        "header": "".join(f'<th scope="col">{name}</th>' for name in HEADER),
        "rows": "\n".join(_table_rows(comparison)),
        "legend": "\n".join(
            f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>"
            for name, text in explain(comparison).items()
        ),
        "pictures": _draw_all(comparison),
        "made_by": (
            made_by
            if command is None
            else f"{made_by} with <code>{escape(command)}</code>"
        ),
    }
    for name, text in parts.items():
        template = template.replace(f"<!-- {name} -->", text)
    return template


def _table_rows(comparison: "RegularizerComparison") -> Iterable[str]:
    for result in comparison.results:
        name, *others = cells(comparison, result)
        best = ' class="best"' if result is comparison.best_ else ""
        data = "".join(
            f'<td data-label="{label}">{escape(text)}</td>'
            for label, text in zip(HEADER[1:], others, strict=True)
        )
        yield f'<tr{best}><th scope="row">{escape(name)}</th>{data}</tr>'


def _pictures(comparison: "RegularizerComparison") -> Iterable[_Picture]:
    """Give what there is to see."""
    yield _Picture(
        lambda ax: comparison.plot(ax),
        "Training and test error",
        "The longer the bar from the ring (error on the rows a model learned from) to "
        "the dot (error on rows kept back), the more the model overfits. Further left "
        "is better; dots whose thin bars overlap widely may differ by chance.",
    )
    lasso = comparison["Lasso"]
    if lasso.selection is not None:
        yield _Picture(
            lasso.selection.plot,
            "How the strength of the Lasso's penalty was chosen",
            "Error on rows that the fits did not see, along alpha. To the left the "
            "penalty is too strong, and the model misses what there is; to the right "
            "too weak, and it follows chance. All alphas between the two lines are as "
            "good as the best, within one standard error.",
        )
    if lasso.path is not None and len(lasso.path.coefs):
        yield _Picture(
            lasso.path.plot,
            "Which columns enter, and when",
            "Coefficients of the Lasso along alpha, per standard deviation of their "
            "columns. From left to right the penalty gets weaker, and columns enter "
            "one by one: the most useful first.",
        )


def _draw_all(comparison: "RegularizerComparison") -> str:
    with all_scripts() as lacking:
        pictures = _pictures(comparison)
        return "\n".join(_figure(picture, lacking) for picture in pictures)


def _figure(picture: _Picture, lacking: set[str]) -> str:
    wide = _as_data_uri(picture.draw, _WIDE, lacking)
    narrow = _as_data_uri(picture.draw, _NARROW, lacking)
    return (
        "<figure>\n"
        f"<h2>{escape(picture.title)}</h2>\n"
        f'<picture><source media="(max-width: 640px)" srcset="{narrow}">'
        f'<img src="{wide}" alt="{escape(picture.title)}"></picture>\n'
        f"<figcaption>{escape(picture.caption)}</figcaption>\n"
        "</figure>"
    )


def _as_data_uri(
    draw: "Callable[[Axes], Any]", size: tuple[float, float], lacking: set[str]
) -> str:
    import matplotlib

    figure = make_figure(*size)
    draw(figure.subplots())
    unknown = lacking_characters(figure)
    lacking |= unknown
    svg = BytesIO()
    # Characters that no font here has, the reader's browser may have.
    with matplotlib.rc_context({"svg.fonttype": "none" if unknown else "path"}):
        figure.savefig(svg, format="svg", metadata={"Date": None})
    if svg.tell() <= _LARGEST_SVG:
        return f"data:image/svg+xml;base64,{b64encode(svg.getvalue()).decode()}"
    png = BytesIO()
    figure.savefig(png, format="png", dpi=_DPI)
    return f"data:image/png;base64,{b64encode(png.getvalue()).decode()}"
