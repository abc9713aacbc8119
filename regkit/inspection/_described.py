"""What displays print, as text and as a table of HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Self

from regkit._describe import describe_by_bases, described_as
from regkit._types import Floats
from regkit.inspection._drawing import begin, fit_axis_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Described:
    """A display that prints what it shows, and makes a small table of it in HTML.

    Subclasses state `_facts` and `_draw`, or have a `plot` of their own where it takes
    more. What is described here goes into their docstrings and into those of `plot`
    and of what starts with ``from_``.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        What was drawn on.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        describe_by_bases(cls, cls.__doc__)
        for name, method in vars(cls).items():
            if name == "plot" or name.startswith("from_"):
                described_as(Described.plot)(getattr(method, "__func__", method))

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> Self:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        **kwargs
            Passed on to `plot`, and what it does not take itself to matplotlib.

        Returns
        -------
        display : display
            Drawn, with `ax_`, `figure_` and the artists.
        """
        ax = begin(ax, type(self).__name__)
        self._draw(ax, kwargs)
        fit_axis_labels(ax)
        return self._drawn_on(ax)

    def _drawn_on(self, ax: Axes) -> Self:
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw(self, ax: Axes, kwargs: dict[str, Any]) -> None:
        """Draw on ``ax``; ``kwargs`` are the user's, for the main artist."""
        raise NotImplementedError

    def _facts(self) -> dict[str, str]:
        """Return what is shown, by name."""
        raise NotImplementedError

    def __repr__(self) -> str:
        facts = "; ".join(f"{name}: {text}" for name, text in self._facts().items())
        return f"{type(self).__name__}({facts})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>"
            for name, text in self._facts().items()
        )
        return f"<table><caption>{type(self).__name__}</caption>{rows}</table>"


def number(value: float) -> str:
    """Write a number with four digits."""
    return f"{float(value):.4g}"


def span(values: Floats) -> str:
    """Write how many numbers there are, and the first and the last."""
    if len(values) == 1:
        return number(values[0])
    return f"{len(values)}, {number(values[0])} to {number(values[-1])}"


def marked(**alphas: float | None) -> dict[str, str]:
    """Return the alphas that are marked, by what they are."""
    return {
        f"{name} alpha".replace("one_se", "1-SE"): number(alpha)
        for name, alpha in alphas.items()
        if alpha is not None
    }
