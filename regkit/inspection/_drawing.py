"""What the displays share: colours, axes, marks, and labels that do not overlap."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import isotonic_regression

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

Floats = NDArray[np.float64]

# Okabe and Ito's palette without its yellow, which vanishes on paper: colours that
# stay apart for colour-blind readers. The line style tells lines apart in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
GREY = "0.55"
_LONGEST_NAME = 24
# Labels may fill this share of the width, and stand this many heights apart.
_LABEL_ROOM = 0.35
# ... and on a narrow figure so many points, but never more than half.
_LABEL_POINTS = 100
_LINE_SPACING = 1.3
# Of a legend; of equally good ones the first is taken.
_PLACES = (
    *("upper left", "lower left", "upper center", "lower center"),
    *("center left", "center", "upper right", "lower right", "center right"),
)


def begin(ax: "Axes | None", display: str) -> "Axes":
    """Return the axes to draw on: the user's, or those of a new figure."""
    require_matplotlib(f"{display}.plot")
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
    return ax


def require_matplotlib(what: str) -> None:
    """Say how to install matplotlib where it is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{what} needs matplotlib: install it with `pip install matplotlib`."
        ) from error


def make_figure(width: float, height: float) -> Any:
    """Make a figure of this size in inches that no window system knows of."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def style(k: int) -> dict[str, Any]:
    """Give the k-th line a colour and dashes of its own (30 pairs)."""
    return {"color": COLOURS[k % len(COLOURS)], "linestyle": DASHES[k % len(DASHES)]}


def unused_colour(ax: "Axes") -> str:
    """Give the first colour of the palette that no line of the axes has."""
    from matplotlib.colors import to_hex

    used = {to_hex(line.get_color()).upper() for line in ax.get_lines()}
    return next((c for c in COLOURS if c not in used), COLOURS[0])


def shorten(name: str) -> str:
    """Cut a long feature name so that it leaves room for the picture."""
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def show_alpha_axis(ax: "Axes") -> None:
    """Make x a logarithmic axis of alphas, the strongest penalty to the left."""
    ax.set_xscale("log")
    if not ax.xaxis_inverted():
        ax.invert_xaxis()
    ax.set_xlabel("alpha (the penalty gets weaker to the right)")


def show_counts(ax: "Axes", x: Floats, counts: NDArray[Any]) -> Any:
    """Write the number of nonzero coefficients along the top; None if all are equal."""
    if counts.size < 2 or (counts == counts[0]).all():
        return None
    place = np.log(x) if ax.get_xscale() == "log" else x
    wanted = np.linspace(place.min(), place.max(), 7)
    nearest = np.unique(np.abs(place[:, None] - wanted).argmin(axis=0))
    kept = [nearest[0]]
    for k in nearest[1:]:  # where alphas are far apart, two may lie side by side
        if abs(place[k] - place[kept[-1]]) > 0.08 * np.ptp(place):
            kept.append(k)
    top = ax.secondary_xaxis("top")
    top.set_xticks(x[kept], labels=[f"{count:g}" for count in counts[kept]])
    top.set_xlabel("nonzero coefficients")
    lay_out(ax)  # the axis takes over the scale, with minor ticks, when it is drawn
    top.minorticks_off()
    return top


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
            label=f"{', '.join(names)}: alpha = {alpha:.3g}",
            zorder=1.5,
        )
        lines |= dict.fromkeys(names, line)
    return lines


def label_line_ends(
    ax: "Axes",
    end: float,
    heights: Sequence[float],
    names: Sequence[str],
    colours: Sequence[str],
) -> "list[Text]":
    """Write names to the right of the lines that end at x = `end`, without overlap.

    Names come in order of importance; those that find no room are left out. The x axis
    is stretched to the right for them. Positions minimise the squared distance to the
    line ends subject to a minimal spacing, which is an isotonic regression.
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
            color=_darker(colour),
            fontsize="small",
            va="center",
        )
        for name, colour in zip(names, colours, strict=True)
    ]
    extents = [text.get_window_extent() for text in texts]
    spacing = _LINE_SPACING * max(extent.height for extent in extents) / box.height
    n_fit = min(len(texts), max(1, int(1 / spacing)))
    for text in texts[n_fit:]:
        text.remove()
    texts = texts[:n_fit]

    gap = 0.035  # between line end and name, as a share of the width
    room = max(extent.width for extent in extents[:n_fit]) / box.width + gap + 0.01
    points = box.width * 72 / ax.figure.dpi
    allowed = max(_LABEL_ROOM, min(0.5, _LABEL_POINTS / points))
    _stretch_to_the_right(ax, end, min(room, allowed))

    to_axes = ax.transAxes.inverted()
    at = to_axes.transform(ax.transData.transform([(end, h) for h in heights[:n_fit]]))
    ends = np.clip(at[:, 1], 0, 1)
    # Ends at one point (zero, above all) keep the order of importance, top down.
    order = np.lexsort((-np.arange(n_fit), ends))
    steps = spacing * np.arange(n_fit)
    top = 1 - spacing * (n_fit - 1) - spacing / 2
    placed = isotonic_regression(ends[order] - steps, y_min=spacing / 2, y_max=top)
    for k, height in zip(order, placed + steps, strict=True):
        x = at[k, 0]
        texts[k].xyann = (x + gap, height)
        ax.plot(
            [x + 0.004, x + gap - 0.004],
            [ends[k], height],
            transform=ax.transAxes,
            color=texts[k].get_color(),
            linewidth=0.6,
            scalex=False,
            scaley=False,
        )
    return texts


def add_legend(ax: "Axes", lines: "Sequence[Line2D]", texts: "Sequence[Text]") -> None:
    """Put the legend where it hides no text and the least of the lines.

    Matplotlib's own "best" place does not see texts.
    """
    points = [line.get_transform().transform(line.get_xydata()) for line in lines]
    boxes = [text.get_window_extent() for text in texts]

    def cost(place: Any) -> int:
        frame = ax.legend(loc=place, fontsize="small").get_window_extent()
        hidden = sum(int(frame.count_contains(xy)) for xy in points)
        return hidden + 1_000_000 * int(frame.count_overlaps(boxes))

    best: Any = min(_PLACES, key=cost)
    ax.legend(loc=best, fontsize="small")


def _darker(colour: str) -> tuple[float, ...]:
    """Take a line's colour to what can be read as text on white."""
    from matplotlib.colors import to_rgb

    return tuple(0.75 * channel for channel in to_rgb(colour))


def _stretch_to_the_right(ax: "Axes", end: float, share: float) -> None:
    """Move the right end of the x axis so that `share` of it lies beyond `end`."""
    scale = ax.xaxis.get_transform()
    left, _ = ax.get_xlim()
    a, b = scale.transform(np.array([left, end], dtype=float))
    (right,) = scale.inverted().transform(np.array([a + (b - a) / (1 - share)]))
    ax.set_xlim(left, right)


def show_plain_numbers(axis: "Axis") -> None:
    """Put ticks at 0.2, 0.5, 1 on a logarithmic axis, where it spans few decades."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = sorted(axis.get_view_interval())
    if high > 200 * low:
        return
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
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
