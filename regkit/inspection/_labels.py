"""Names at the ends of lines, and a legend, that neither overlap nor hide data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.isotonic import isotonic_regression

from regkit._types import Floats
from regkit.inspection._drawing import lay_out

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

_LONGEST_NAME = 24
# Labels may fill this share of the width, and stand this many heights apart.
_LABEL_ROOM = 0.35
# ... and on a narrow figure so many points, but never more than half.
_LABEL_POINTS = 100
_LINE_SPACING = 1.3
# A figure of fewer inches has no room for legends of three columns.
_NARROW_INCHES = 5.5
# Between line end and name, as a share of the width.
_GAP = 0.035
# Of a legend; of equally good ones the first is taken.
_PLACES = (
    *("upper left", "lower left", "upper center", "lower center"),
    *("center left", "center", "upper right", "lower right", "center right"),
)


def shorten(name: str, longest: int = _LONGEST_NAME) -> str:
    """Cut the middle out of a long name: both ends tell columns apart."""
    if len(name) <= longest:
        return name
    tail = (longest - 1) // 2
    return f"{name[: longest - 1 - tail]}…{name[len(name) - tail :]}"


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
            shorten(name),
            xy=(0, 0),
            xycoords="axes fraction",
            color=_darker(color),
            fontsize="small",
            va="center",
            parse_math=False,  # a dollar in a name is a dollar
        )
        for name, color in zip(names, colors, strict=True)
    ]
    n_fit = min(len(texts), max(1, int(1 / _spacing(ax, texts))))
    for text in texts[n_fit:]:
        text.remove()
    texts = texts[:n_fit]
    widest = max(text.get_window_extent().width for text in texts)
    points = box.width * 72 / ax.figure.dpi
    allowed = max(_LABEL_ROOM, min(0.5, _LABEL_POINTS / points))
    _stretch_to_the_right(ax, end, min(widest / box.width + _GAP + 0.01, allowed))
    return texts


def place_names(
    ax: Axes, texts: Sequence[Text], end: float, heights: Sequence[float]
) -> None:
    """Put names to the right of the lines that end at the given heights.

    Positions minimize the squared distance to the line ends subject to a minimal
    spacing, which is an isotonic regression.
    """
    if not texts:
        return
    n = len(texts)
    spacing = _spacing(ax, texts)
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


def add_legend(
    ax: Axes, marks: Sequence[Line2D], data: Sequence[Artist], end: float
) -> None:
    """Put the legend left of x = `end`, where it hides no data.

    Where there is no such place, the y axis grows downwards to make one. Of the
    places, one without vertical `marks` behind the legend is preferred.
    """
    lay_out(ax)
    points = np.concatenate([np.empty((0, 2)), *map(_points, data)])
    at = [np.asarray(mark.get_xdata(), dtype=np.float64)[0] for mark in marks]
    marked = [ax.transData.transform((x, 0))[0] for x in at]
    right, _ = ax.transAxes.inverted().transform(ax.transData.transform((end, 0)))

    def draw(place: Any) -> Any:
        return ax.legend(
            loc=place,
            bbox_to_anchor=(0, 0, right, 1),
            fontsize="small",
            framealpha=1,
        ).get_window_extent()

    def cost(place: str) -> tuple[int, int]:
        frame = draw(place)
        crossed = sum(frame.x0 <= x <= frame.x1 for x in marked)
        return int(frame.count_contains(points)), crossed

    best = min(_PLACES, key=cost)
    if cost(best)[0] == 0:
        draw(best)
        return
    frame, box = draw("lower left"), ax.get_window_extent()
    # As far below the frame as above it.
    share = min(0.6, (frame.y1 - box.y0 + (frame.y0 - box.y0)) / box.height)
    low, high = ax.get_ylim()
    ax.set_ylim(low - share / (1 - share) * (high - low), high)


def add_legend_below(ax: Axes) -> None:
    """Put the legend under the x axis, where it covers nothing."""
    narrow = ax.figure.figure.get_figwidth() < _NARROW_INCHES
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.16),
        ncols=1 if narrow else 3,
        fontsize="small",
        frameon=False,
    )


def _points(artist: Any) -> Floats:
    """Give points in pixels all along what an artist draws."""
    if hasattr(artist, "get_xydata"):
        curves = [artist.get_xydata()]
    else:
        curves = [path.vertices for path in artist.get_paths()]
    pixels = [artist.get_transform().transform(curve) for curve in curves]
    return np.concatenate([_fill_in(curve) for curve in pixels])


def _fill_in(curve: Floats, n_points: int = 200) -> Floats:
    """Add points between the vertices of a curve that has few."""
    if not 1 < len(curve) < n_points:
        return curve
    at = np.linspace(0, len(curve) - 1, n_points)
    known = np.arange(len(curve))
    return np.column_stack([np.interp(at, known, curve[:, k]) for k in (0, 1)])


def _spacing(ax: Axes, texts: Sequence[Text]) -> float:
    """Tell how far names must stand apart, as a share of the height."""
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
