"""Names at the ends of lines, and a legend below, that hide neither data nor names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.isotonic import isotonic_regression

from regkit._text import shorten_all
from regkit.inspection._drawing import lay_out

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

LONGEST_NAME = 24
_SHORTEST_NAME = 8
# Labels may fill this share of the width, and stand this many heights apart.
_LABEL_ROOM = 0.35
# ... and on a narrow figure so many points, but never more than half.
_LABEL_POINTS = 100
_LINE_SPACING = 1.3
# The ticks of an axis and their numbers take so many points above its label.
_TICKS_POINTS = 22
# A figure of fewer inches has no room for legends of three columns.
_NARROW_INCHES = 5.5
# Between line end and name, as a share of the width.
_GAP = 0.035


def write_names(
    ax: Axes, end: float, names: Sequence[str], colors: Sequence[str]
) -> list[Text]:
    """Make the names of lines that end at x = `end`, and room for them on the right.

    Names come in order of importance; those that find no room are left out. They get
    their places from `place_names`, once the y axis is settled.
    """
    if not names:
        return []
    lay_out(ax)
    box = ax.get_window_extent()
    texts: list[Any] = [
        ax.annotate(
            name,
            xy=(0, 0),
            xycoords="axes fraction",
            color=_darker(color),
            fontsize="small",
            va="center",
            parse_math=False,  # a dollar in a name is a dollar
        )
        for name, color in zip(shorten_all(names, LONGEST_NAME), colors, strict=True)
    ]
    n_fit = min(len(texts), max(1, int(1 / _spacing(ax, texts))))
    for text in texts[n_fit:]:
        text.remove()
    texts = texts[:n_fit]
    points = box.width * 72 / ax.figure.dpi
    allowed = max(_LABEL_ROOM, min(0.5, _LABEL_POINTS / points))
    widest = _widest(texts)
    room = (allowed - _GAP) * box.width
    if widest > room:
        n_fit = max(_SHORTEST_NAME, int(LONGEST_NAME * room / widest))
        for text, name in zip(texts, shorten_all(names, n_fit), strict=False):
            text.set_text(name)
        widest = _widest(texts)
    _stretch_to_the_right(ax, end, min(widest / box.width + _GAP + 0.01, allowed))
    return texts


def place_names(
    ax: Axes, texts: Sequence[Text], end: float, heights: Sequence[float]
) -> list[Text]:
    """Put names to the right of the lines that end at the given heights.

    Positions minimize the squared distance to the line ends subject to a minimal
    spacing, which is an isotonic regression. Names that find no room any more, as a
    legend has come, are left out; the others are returned.
    """
    if not texts:
        return []
    lay_out(ax)
    spacing = _spacing(ax, texts)
    n = min(len(texts), max(1, int(1 / spacing)))
    for text in texts[n:]:
        text.remove()
    to_axes = ax.transAxes.inverted()
    at = to_axes.transform(ax.transData.transform([(end, h) for h in heights[:n]]))
    ends = np.clip(at[:, 1], 0, 1)
    # Ends at one point (zero, above all) keep the order of importance, top down.
    order = np.lexsort((-np.arange(n), ends))
    steps = spacing * np.arange(n)
    top = 1 - spacing * (n - 1) - spacing / 2
    placed = isotonic_regression(ends[order] - steps, y_min=spacing / 2, y_max=top)
    for k, height in zip(order, placed + steps, strict=True):
        x, text = at[k, 0], texts[k]
        text.xyann = (x + _GAP, height)
        ax.plot(
            [x + 0.004, x + _GAP - 0.004],
            [ends[k], height],
            transform=ax.transAxes,
            color=text.get_color(),
            linewidth=0.6,
            scalex=False,
            scaley=False,
        )
    return list(texts[:n])


def add_legend_below(ax: Axes, lines: Sequence[Line2D] | None = None) -> None:
    """Put the legend under the x axis, where it covers nothing."""
    from matplotlib.transforms import ScaledTranslation

    narrow = ax.figure.figure.get_figwidth() < _NARROW_INCHES
    lines_of_label = 1 + ax.get_xlabel().count("\n")
    below = _TICKS_POINTS + lines_of_label * 1.3 * float(ax.xaxis.label.get_fontsize())
    to_pixels = ax.figure.dpi_scale_trans
    ax.legend(
        **({} if lines is None else {"handles": lines}),
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        bbox_transform=ax.transAxes + ScaledTranslation(0, -below / 72, to_pixels),
        ncols=1 if narrow else 3,
        fontsize="small",
        frameon=False,
    )


def _widest(texts: Sequence[Text]) -> float:
    return max(float(text.get_window_extent().width) for text in texts)


def _spacing(ax: Axes, texts: Sequence[Text]) -> float:
    """Return how far names must stand apart, as a share of the height."""
    tallest = max(text.get_window_extent().height for text in texts)
    return float(_LINE_SPACING * tallest / ax.get_window_extent().height)


def _darker(color: str) -> tuple[float, ...]:
    """Take a line's color to what can be read as text on white."""
    from matplotlib.colors import to_rgb

    return tuple(0.75 * channel for channel in to_rgb(color))


def _stretch_to_the_right(ax: Axes, end: float, share: float) -> None:
    """Move the right end of the x axis so that `share` of it lies beyond `end`."""
    scale = ax.xaxis.get_transform()
    left, _ = ax.get_xlim()
    a, b = scale.transform(np.array([left, end], dtype=float))
    (right,) = scale.inverted().transform(np.array([a + (b - a) / (1 - share)]))
    ax.set_xlim(left, right)
