"""Picture of a comparison: training and test error of each model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from regkit.comparison.findings import Findings
from regkit.comparison.numbers import error_text
from regkit.comparison.tasks import METRICS
from regkit.inspection._described import Described
from regkit.inspection._drawing import (
    COLORS,
    as_floats,
    optional_floats,
    show_powers_at_ticks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


# Errors beyond this multiple of the median, and of a constant's, are cut off.
_FAR = 1.6
# A figure of fewer inches has no room for three columns in the legend, nor for long
# names of a constant.
_NARROW = 5.5
_LONGEST_CONSTANT = 10


class RegularizerComparisonDisplay(Described):
    """Training and test error of each model, and the gap between them.

    Make it with `compare_regularizers(X, y).plot()` or `from_comparison`. A line joins
    the error on the training rows (ring) to that on the test rows (dot, with a bar of
    one standard error to both sides): the longer the line, the more a model overfits.
    Errors far beyond the median and that of a constant are cut off at the right edge,
    with an arrow; their values stand on the right axis as all others do. `plot` passes
    keyword arguments on to matplotlib's `scatter` for the test errors.

    Parameters
    ----------
    names : sequence of str of length n_models
        The models, from the top.
    train_errors, test_errors : array-like of shape (n_models,)
        Errors on the training and on the test rows.
    standard_errors : array-like of shape (n_models,), default=None
        Of the test errors.
    mean_error : float, default=None
        Test error of predicting a constant.
    metric : {"rmse", "mae", "log_loss", "error_rate", "deviance"}, default="rmse"
        What the errors are.
    recommended : str, default=None
        The name in bold; None for the one with the smallest test error.
    target_name : str, default=None
        What is predicted, for the axis.

    Attributes
    ----------
    train_points_, test_points_ : PathCollection
        The errors.
    gap_lines_ : LineCollection
        From training to test error.
    spread_ : LineCollection or None
        Bars of one standard error.
    arrows_ : list of Line2D
        Where a test error is cut off.
    best_line_, mean_line_ : Line2D or None
        The test error of the row in bold, and that of a constant; None where it is
        out of view.
    right_axis_ : Axes
        Bears the test errors in figures.

    Examples
    --------
    >>> from regkit import compare_regularizers, make_house_prices
    >>> houses = make_house_prices(120, n_irrelevant=60)
    >>> comparison = compare_regularizers(houses.data, houses.target, networks=False)
    >>> display = comparison.plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['Least squares', 'Ridge', 'Lasso', 'Elastic Net', 'Boosting']
    """

    def __init__(
        self,
        *,
        names: Sequence[str],
        train_errors: ArrayLike,
        test_errors: ArrayLike,
        standard_errors: ArrayLike | None = None,
        mean_error: float | None = None,
        metric: str = "rmse",
        recommended: str | None = None,
        target_name: str | None = None,
    ) -> None:
        self.names = list(names)
        self.train_errors, self.test_errors = as_floats(train_errors, test_errors)
        self.standard_errors = optional_floats(standard_errors)
        self.mean_error = mean_error
        self.metric = metric
        self.recommended = recommended
        self.target_name = target_name
        for name in ("train_errors", "test_errors", "standard_errors"):
            values = getattr(self, name)
            if values is not None and values.shape != (len(self.names),):
                raise ValueError(
                    f"{name} must have one value for each of the {len(self.names)} "
                    f"names, got shape {values.shape}."
                )
        if metric not in METRICS:
            raise ValueError(
                f"metric must be one of {', '.join(METRICS)}, got {metric!r}."
            )
        if recommended is not None and recommended not in self.names:
            raise ValueError(f"recommended must be one of names, got {recommended!r}.")

    def _facts(self) -> dict[str, str]:
        size = float(np.median(self.test_errors))
        facts = {"error": METRICS[self.metric].title}
        for name, error in zip(self.names, self.test_errors, strict=True):
            facts[name] = error_text(error, size)
        if self.recommended is not None:
            facts["recommended"] = self.recommended
        return facts

    @classmethod
    def from_comparison(
        cls, comparison: Findings, *, ax: Axes | None = None, **kwargs: Any
    ) -> RegularizerComparisonDisplay:
        """Draw what `compare_regularizers` found.

        ``comparison.plot()`` does the same.

        Parameters
        ----------
        comparison : RegularizerComparison
            The comparison.
        """
        results = comparison.results
        return cls(
            names=[result.name for result in results],
            train_errors=[result.train_error for result in results],
            test_errors=[result.test_error for result in results],
            standard_errors=[result.test_error_se for result in results],
            mean_error=comparison.mean_error,
            metric=comparison.metric.name,
            recommended=comparison.recommended,
            target_name=comparison.given.target_name,
        ).plot(ax, **kwargs)

    def _draw(self, ax: Axes, kwargs: dict[str, Any]) -> None:
        rows = np.arange(len(self.names))
        best = (
            int(np.argmin(self.test_errors))
            if self.recommended is None
            else self.names.index(self.recommended)
        )
        left, right = self._limits()
        narrow = ax.figure.figure.get_figwidth() < _NARROW
        self._draw_errors(ax, rows, right, kwargs)
        self.best_line_ = ax.axvline(
            self.test_errors[best], color=COLORS[1], linewidth=0.9, linestyle=":"
        )
        self._draw_constant(ax, left, right, narrow)
        ax.set_xlim(left, right)
        show_powers_at_ticks(ax.xaxis)
        what = METRICS[self.metric].title.partition(",")[0]
        of = "" if self.target_name in (None, "y") else f" of {self.target_name}"
        ax.set_xlabel(f"{what}{of}", parse_math=False)
        self._label_rows(ax, rows, best, narrow)
        in_order: list[Any] = [self.train_points_, self.test_points_, self.gap_lines_]
        in_order += [a for a in (self.spread_, self.mean_line_) if a is not None]
        # Right-aligned, so that it may reach over the names on a narrow figure.
        ax.legend(
            handles=in_order,
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=2 if narrow else 3,
            fontsize="small",
            frameon=False,
            borderaxespad=0.2,
        )

    def _draw_errors(
        self, ax: Axes, rows: Any, right: float, kwargs: dict[str, Any]
    ) -> None:
        """Draw both errors of each model; an arrow for test errors beyond ``right``."""
        shown = np.minimum(self.test_errors, right)
        self.gap_lines_ = ax.hlines(
            rows,
            self.train_errors,
            shown,
            color="0.75",
            linewidth=4,
            label="gap",
            zorder=1,
        )
        self.train_points_ = ax.scatter(
            self.train_errors,
            rows,
            s=42,
            facecolors="white",
            edgecolors=COLORS[0],
            linewidths=1.8,
            label="training rows",
            zorder=3,
        )
        inside = self.test_errors <= right
        self.spread_ = None
        if self.standard_errors is not None:
            self.spread_ = ax.hlines(
                rows[inside],
                (self.test_errors - self.standard_errors)[inside],
                (self.test_errors + self.standard_errors)[inside],
                color=COLORS[1],
                linewidth=1.6,
                label="± 1 standard error",
                zorder=2,
            )
        self.test_points_ = ax.scatter(
            self.test_errors[inside],
            rows[inside],
            **{"s": 52, "color": COLORS[1], "zorder": 3, **kwargs},
            label="test rows",
        )
        self.arrows_ = [
            ax.plot(
                [right], [row], marker=">", color=COLORS[1], clip_on=False, zorder=4
            )[0]
            for row in rows[~inside]
        ]

    def _draw_constant(self, ax: Axes, left: float, right: float, narrow: bool) -> None:
        """Draw a line at the error of a constant prediction, where it is in sight."""
        self.mean_line_ = None
        if self.mean_error is not None and left < self.mean_error < right:
            constant = METRICS[self.metric].constant
            if narrow and len(constant) > _LONGEST_CONSTANT:
                constant = "a constant"
            self.mean_line_ = ax.axvline(
                self.mean_error,
                color="0.25",
                linewidth=1.1,
                linestyle="--",
                label=f"predicting {constant}",
                zorder=0.5,
            )

    def _limits(self) -> tuple[float, float]:
        """Choose ends of the x axis: all that is not absurdly far from the best."""
        middle = float(np.median(self.test_errors))
        known = [middle]
        # Far to the right of all models, a constant would push them together.
        if self.mean_error is not None and 0 < self.mean_error <= _FAR * middle:
            known.append(self.mean_error)
        spread = 0.0 if self.standard_errors is None else self.standard_errors
        high = np.maximum(self.test_errors + spread, self.train_errors)
        near = high[high <= _FAR * max(known)]
        top = max([*known, *near])
        low = np.minimum(np.maximum(self.test_errors - spread, 0.0), self.train_errors)
        bottom = float(low.min())
        margin = 0.06 * (top - bottom or top or 1.0)
        return bottom - margin, top + margin

    def _label_rows(self, ax: Axes, rows: Any, best: int, narrow: bool) -> None:
        """Write names on the left, test errors on the right; one row in bold."""
        size = float(np.median(self.test_errors))
        if self.mean_error is not None:
            size = self.mean_error
        ax.set_yticks(rows, labels=self.names)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        self.right_axis_ = ax.secondary_yaxis("right")
        self.right_axis_.set_yticks(
            rows, labels=[error_text(error, size) for error in self.test_errors]
        )
        if not narrow:
            ax.text(
                1.01,
                1.0,
                "test error",
                transform=ax.transAxes,
                ha="left",
                va="bottom",
                fontsize="small",
            )
        for axis in (ax, self.right_axis_):
            axis.tick_params(axis="y", length=0, pad=8)  # clear of arrows
            axis.get_yticklabels()[best].set_fontweight("bold")
        for side in ("top", "left", "right"):
            ax.spines[side].set_visible(False)
        self.right_axis_.spines["right"].set_visible(False)
