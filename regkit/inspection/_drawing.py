"""What the displays share: colors, axes and marks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from regkit._text import shorten
from regkit._types import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.lines import Line2D


# Okabe and Ito's palette without its yellow, which vanishes on paper: colors that
# stay apart for color-blind readers. The line style tells lines apart in gray.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
GRAY = "0.55"
# Labels of axes are not broken into shorter lines than of so many characters.
_SHORTEST_LINE = 16


def begin(ax: "Axes | None", display: str) -> "Axes":
    """Return the axes to draw on: the user's, or those of a new figure."""
    require_matplotlib(f"{display}.plot")
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
    return ax


def as_floats(*values: Any) -> Iterator[Floats]:
    """Convert each of several arrays."""
    return (np.asarray(array, dtype=np.float64) for array in values)


def optional_floats(values: Any) -> Floats | None:
    """Convert values that may be left out."""
    return None if values is None else np.asarray(values, dtype=np.float64)


def require_matplotlib(what: str) -> None:
    """Say how to install matplotlib where it is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{what} needs matplotlib: install it with `pip install matplotlib`."
        ) from error


def make_figure(width: float, height: float) -> Any:
    """Make a figure of this size in inches, which no window system shows."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def style(k: int) -> dict[str, Any]:
    """Give the k-th line a color and dashes of its own (30 pairs)."""
    return {"color": COLORS[k % len(COLORS)], "linestyle": DASHES[k % len(DASHES)]}


def styles(places: Iterable[int]) -> list[dict[str, Any]]:
    """Give each line the color and dashes of its place, or the next that are free.

    A column's line looks the same in pictures that show it among different others.
    """
    n_pairs = len(COLORS) * len(DASHES)
    free: list[int] = []
    looks = []
    for place in places:
        free = free or list(range(n_pairs))
        k = min(free, key=lambda pair: (pair - place) % n_pairs)
        free.remove(k)
        looks.append(style(k))
    return looks


def unused_color(ax: "Axes") -> str:
    """Give the first color of the palette that no line of the axes has."""
    from matplotlib.colors import to_hex

    used = {to_hex(line.get_color()).upper() for line in ax.get_lines()}
    return next((c for c in COLORS if c not in used), COLORS[0])


def show_alpha_axis(ax: "Axes", l1_ratio: float | None = None) -> None:
    """Make x a logarithmic axis of alphas, the strongest penalty to the left."""
    ax.set_xscale("log")
    if not ax.xaxis_inverted():
        ax.invert_xaxis()
    at = "" if l1_ratio is None else f" at l1_ratio {l1_ratio:.3g}"
    ax.set_xlabel(f"alpha{at} (the penalty gets weaker to the right)")


def show_counts(ax: "Axes", x: Floats, counts: NDArray[Any]) -> Any:
    """Write the number of nonzero coefficients along the top; None if all are equal."""
    if counts.size < 2 or (counts == counts[0]).all():
        return None
    place = np.log(x) if ax.get_xscale() == "log" else x
    # A tick stands where the number changes, so that no number stands twice; the last
    # number, which may find no room there, has one at the end.
    changes = np.flatnonzero(np.diff(counts, prepend=counts[0] - 1))
    room = max(0.08, _share_of_width(ax, x, f"{counts.max():g}"))
    wanted = np.linspace(place.min(), place.max(), 7)
    nearest = np.unique(np.abs(place[changes][:, None] - wanted).argmin(axis=0))
    kept = [changes[nearest[0]]]
    for k in (*changes[nearest[1:]], counts.size - 1):
        apart = abs(place[k] - place[kept[-1]]) > room * np.ptp(place)
        if apart and counts[k] != counts[kept[-1]]:
            kept.append(k)
    top = ax.secondary_xaxis("top")
    top.set_xticks(x[kept], labels=[f"{count:g}" for count in counts[kept]])
    top.set_xlabel("nonzero coefficients")
    lay_out(ax)  # the axis takes over the scale, with minor ticks, when it is drawn
    top.minorticks_off()
    return top


def _share_of_width(ax: "Axes", x: Floats, label: str) -> float:
    """Return what part of the span of x a tick's label and a blank take."""
    from matplotlib.textpath import TextPath

    lay_out(ax)
    ends = ax.transData.transform([(at, ax.get_ylim()[1]) for at in (x[0], x[-1])])
    box = TextPath((0, 0), f"{label} ", size=_points("xtick.labelsize")).get_extents()
    wide = (box.width + 0.4 * _points("xtick.labelsize")) * ax.figure.dpi / 72
    return float(wide / max(abs(ends[1, 0] - ends[0, 0]), 1.0))


def _points(setting: str) -> float:
    """Return a font size of matplotlib's settings in points."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties

    settings: Any = rcParams
    return float(FontProperties(size=settings[setting]).get_size_in_points())


def fit_axis_labels(ax: "Axes") -> None:
    """Break labels of axes that would leave the picture, and cut what has no blank."""
    lay_out(ax)
    box, cell = ax.get_window_extent(), cell_of(ax)
    for axis, center, low, high in (
        (ax.xaxis, (box.x0 + box.x1) / 2, cell.x0, cell.x1),
        (ax.yaxis, (box.y0 + box.y1) / 2, cell.y0, cell.y1),
    ):
        text, drawn = axis.label.get_text(), axis.label.get_window_extent()
        room = 1.9 * min(center - low, high - center)  # letters differ in width
        length = max(drawn.width, drawn.height)
        if text and length > room:
            longest = max(map(len, text.split("\n")))
            label = _broken(text, max(_SHORTEST_LINE, int(longest * room / length)))
            axis.label.set_text(label)


def cell_of(ax: "Axes") -> Any:
    """Return the part of the figure that the axes share with no others, in pixels."""
    from matplotlib.transforms import Bbox

    figure, grid = ax.figure.figure, ax.get_subplotspec()
    if grid is None:
        return figure.bbox
    layout = grid.get_gridspec()
    across, down = figure.bbox.width / layout.ncols, figure.bbox.height / layout.nrows
    rows, columns = grid.rowspan, grid.colspan
    low = figure.bbox.height - rows.stop * down
    return Bbox.from_bounds(
        columns.start * across, low, len(columns) * across, len(rows) * down
    )


def _broken(text: str, longest: int) -> str:
    """Break a text into as few lines as this takes, of about the same length."""
    lines = []
    for line in text.split("\n"):
        n_lines = max(len(_wrapped(line, longest)), 1)
        widths = range(-(-len(line) // n_lines), longest + 1)
        parts = (_wrapped(line, width) for width in widths)
        fit = (part for part in parts if len(part) <= n_lines)
        lines += next(fit, _wrapped(line, longest))
    return "\n".join(shorten(line, longest) for line in lines)


def _wrapped(line: str, width: int) -> list[str]:
    return wrap(line, width, break_long_words=False, break_on_hyphens=False)


def mark_alphas(
    ax: "Axes", marks: Mapping[str, float | None], to_x: Callable[[float], float]
) -> "dict[str, Line2D]":
    """Draw a vertical line at each alpha; equal ones share a line and its label."""
    shared: dict[float, list[str]] = {}
    for name, alpha in marks.items():
        if alpha is not None and np.isfinite(to_x(alpha)):
            shared.setdefault(float(alpha), []).append(name)
    lines: dict[str, Line2D] = {}
    for k, (alpha, names) in enumerate(shared.items()):
        line = ax.axvline(
            to_x(alpha),
            color="0.25",
            linewidth=1.2,
            linestyle=("--", ":", "-.")[k % 3],
            label=f"{', '.join(names)}: alpha = {float(f'{alpha:.3g}'):g}",
            zorder=1.5,
        )
        lines |= dict.fromkeys(names, line)
    return lines


def show_plain_numbers(axis: "Axis") -> None:
    """Put ticks at 0.2, 0.5, 1 on a logarithmic axis, where it spans few decades.

    Where these would be fewer than three, ticks stand at equal distances instead.
    """
    from matplotlib.ticker import (
        FuncFormatter,
        LogLocator,
        MaxNLocator,
        NullFormatter,
        NullLocator,
    )

    low, high = sorted(axis.get_view_interval())
    if high > 200 * low:
        return
    locator = LogLocator(subs=(1, 2, 5))
    ticks = np.asarray(locator.tick_values(low, high))
    if np.count_nonzero((ticks >= low) & (ticks <= high)) >= 3:
        axis.set_major_locator(locator)
    else:
        axis.set_major_locator(MaxNLocator(5))
        axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
    axis.set_minor_formatter(NullFormatter())


def show_powers_at_ticks(axis: "Axis") -> None:
    """Write 1.5e10 at each tick: matplotlib's common factor stands on other texts."""
    from matplotlib.ticker import FuncFormatter

    largest = max(map(abs, axis.get_view_interval()))
    if not 1e-4 < largest < 1e6:
        axis.set_major_formatter(FuncFormatter(_with_short_power))


def _with_short_power(value: float, _: Any) -> str:
    digits, _, power = f"{value:.4g}".partition("e")
    return f"{digits}e{int(power)}" if power else digits


def lay_out(ax: "Axes") -> None:
    """Let the figure find its layout, so that sizes in pixels can be measured."""
    ax.figure.figure.draw_without_rendering()
