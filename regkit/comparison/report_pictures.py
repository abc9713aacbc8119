"""The pictures of the page of a comparison, as part of the page."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from regkit._text import shorten_all
from regkit.comparison.display import RegularizerComparisonDisplay
from regkit.comparison.findings import Findings, ModelResult
from regkit.inspection._drawing import make_figure
from regkit.inspection._fonts import all_scripts, lacking_characters
from regkit.inspection.prediction_display import PredictedActualDisplay

if TYPE_CHECKING:
    from matplotlib.axes import Axes


# Inches: for wide windows, and for telephones, where a picture made for a wide window
# would shrink until it cannot be read.
_WIDE, _NARROW = (7.4, 4.3), (4.0, 4.2)
# Vector graphics with more bytes than this are replaced by points.
_LARGEST_SVG = 400_000
_DPI = 200
# Characters of a class's name, and of all names that stand side by side.
_LONGEST_CLASS, _SIDE_BY_SIDE = 16, 18


class _Picture(NamedTuple):
    draw: Callable[[Axes], Any]
    title: str
    caption: str


def figures(comparison: Findings) -> str:
    """Write each picture as a figure of the page."""
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


def _pictures(comparison: Findings) -> Iterator[_Picture]:
    """Give what there is to see."""
    yield _Picture(
        lambda ax: RegularizerComparisonDisplay.from_comparison(comparison, ax=ax),
        "Training and test error",
        "The longer the bar from the ring (error on the rows a model learned from) to "
        "the dot (error on rows kept back), the more the model overfits. Further left "
        "is better; dots whose thin bars overlap widely may differ by chance.",
    )
    chosen = comparison.recommended_
    yield _predictions(comparison, chosen)
    sparse = next(
        (r for r in comparison.results if r.path is not None or r.name.endswith(" L1")),
        None,
    )
    if sparse is not None and sparse.selection is not None:
        yield _Picture(
            partial(sparse.selection.plot, target_name=comparison.given.target_name),
            f"How the strength of the penalty of {sparse.name} was chosen",
            "Error on rows that the fits did not see, along alpha. To the left the "
            "penalty is too strong, and the model misses what there is; to the right "
            "too weak, and it follows chance. All alphas between the two lines are as "
            "good as the best, within one standard error.",
        )
    if sparse is not None and sparse.path is not None and len(sparse.path.coefs):
        yield _Picture(
            sparse.path.plot,
            "Which columns enter, and when",
            f"Coefficients of {sparse.name} along alpha, per standard deviation of "
            "their columns. From left to right the penalty gets weaker, and columns "
            "enter one by one: the most useful first.",
        )


def _predictions(comparison: Findings, chosen: ModelResult) -> _Picture:
    split = comparison.splits[0]
    actual = comparison.target.values[split.test]
    name = comparison.given.target_name
    if comparison.target.classes is None:
        display = PredictedActualDisplay(
            actual=actual, predicted=chosen.answers, target_name=name
        )
        return _Picture(
            display.plot,
            f"Predicted against actual, {chosen.name}",
            "Each point is a test row. On the dashed line the prediction is right; "
            "above it the model predicts too much, below too little.",
        )

    def draw(ax: Axes) -> None:
        from sklearn.metrics import ConfusionMatrixDisplay

        classes = comparison.target.classes
        assert classes is not None
        ConfusionMatrixDisplay.from_predictions(
            actual.astype(str),
            classes[np.argmax(chosen.answers, axis=1)].astype(str),
            ax=ax,
            cmap="Blues",
            colorbar=False,
            display_labels=shorten_all(map(str, classes), _LONGEST_CLASS),
            labels=classes.astype(str),
        )
        if sum(len(text.get_text()) for text in ax.get_xticklabels()) > _SIDE_BY_SIDE:
            ax.tick_params(axis="x", labelrotation=90)
        ax.set_xlabel("predicted")
        ax.set_ylabel("actual")

    return _Picture(
        draw,
        f"Predicted against actual, {chosen.name}",
        "Test rows by their class and the one with the largest predicted share. On the "
        "diagonal the prediction is right.",
    )


def _as_data_uri(
    draw: Callable[[Axes], Any], size: tuple[float, float], lacking: set[str]
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
