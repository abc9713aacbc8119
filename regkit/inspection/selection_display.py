"""Picture of how alpha was chosen: held-out error along the penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from regkit.inspection._described import Described, marked, number, span
from regkit.inspection._drawing import (
    COLORS,
    as_floats,
    begin,
    cell_of,
    fit_axis_labels,
    mark_alphas,
    optional_floats,
    show_alpha_axis,
    show_counts,
    show_plain_numbers,
    show_powers_at_ticks,
)
from regkit.inspection._labels import add_legend_below
from regkit.inspection._selection_source import (
    SelectionSource,
    selection_of_estimator,
    selection_of_search,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.lines import Line2D


# Standard errors above the minimum that are always in view, and how many times more
# there must be for a cut to be worth while.
_SHOWN_ERRORS = 8
_WORTH_A_CUT = 2.0
# Pictures lower than this list the marked alphas alone below the axis.
_LOW_INCHES = 3.2


class AlphaSelectionDisplay(Described):
    """Mean held-out error along alpha, with a band of one standard error.

    Make it with `from_estimator` or `from_search`. Marked are the alpha with the
    smallest error, and the largest alpha whose error is within one standard error of
    it (the 1-SE rule).

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,)
        Strengths of the penalty, decreasing.
    errors : array-like of shape (n_alphas,)
        Mean held-out error at each alpha, or score.
    standard_errors : array-like of shape (n_alphas,), default=None
        Standard errors of `errors` over the folds.
    alpha, alpha_min, alpha_1se : float, default=None
        Alphas to mark: the chosen one, the best one, and that of the 1-SE rule.
    n_nonzero : array-like of shape (n_alphas,), default=None
        Number of nonzero coefficients, for the top axis.
    metric : str, default="held-out mean squared error"
        What `errors` are; labels the y axis.
    greater_is_better : bool, default=False
        Whether `errors` are scores.
    l1_ratio : float, default=None
        The mix of penalties that the errors belong to, for the x axis.

    Attributes
    ----------
    line_ : Line2D
        The mean error.
    band_ : FillBetweenPolyCollection or None
        One standard error to both sides.
    threshold_ : Line2D or None
        The smallest error plus its standard error.
    marks_ : dict of str to Line2D
        Vertical lines at "chosen", "minimum" ("maximum" of a score) and "1-SE".
    top_axis_ : SecondaryAxis or None
        Numbers of nonzero coefficients.

    See Also
    --------
    RegularizationPathDisplay : The coefficients along alpha.

    Examples
    --------
    >>> from sklearn.linear_model import LassoCV
    >>> from regkit import AlphaSelectionDisplay, load_diabetes_interactions
    >>> X, y = load_diabetes_interactions(return_X_y=True)
    >>> display = AlphaSelectionDisplay.from_estimator(LassoCV().fit(X, y))
    >>> bool(display.alpha_min < display.alpha_1se)
    True
    """

    def __init__(
        self,
        *,
        alphas: ArrayLike,
        errors: ArrayLike,
        standard_errors: ArrayLike | None = None,
        alpha: float | None = None,
        alpha_min: float | None = None,
        alpha_1se: float | None = None,
        n_nonzero: ArrayLike | None = None,
        metric: str = "held-out mean squared error",
        greater_is_better: bool = False,
        l1_ratio: float | None = None,
    ) -> None:
        self.alphas, self.errors = as_floats(alphas, errors)
        self.standard_errors = optional_floats(standard_errors)
        self.alpha = alpha
        self.alpha_min = alpha_min
        self.alpha_1se = alpha_1se
        self.n_nonzero = None if n_nonzero is None else np.asarray(n_nonzero)
        self.metric = metric
        self.greater_is_better = greater_is_better
        self.l1_ratio = l1_ratio
        for name in ("errors", "standard_errors", "n_nonzero"):
            values = getattr(self, name)
            if values is not None and values.shape != self.alphas.shape:
                raise ValueError(
                    f"{name} must have the shape of alphas, {self.alphas.shape}, "
                    f"got {values.shape}."
                )

    def _facts(self) -> dict[str, str]:
        kind = "score" if self.greater_is_better else "error"
        facts = {kind: self.metric, "alphas": span(self.alphas)}
        facts |= marked(
            chosen=self.alpha, minimum=self.alpha_min, one_se=self.alpha_1se
        )
        if self.alpha is not None:
            at = int(np.abs(self.alphas - self.alpha).argmin())
            facts[f"{kind} at chosen alpha"] = number(self.errors[at])
            if self.standard_errors is not None:
                facts["standard error"] = number(self.standard_errors[at])
        return facts

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, target: int = 0, ax: Axes | None = None, **kwargs: Any
    ) -> AlphaSelectionDisplay:
        """Draw the error curve of a fitted cross-validated estimator.

        Parameters
        ----------
        estimator : estimator or Pipeline
            Fitted: a CV estimator of regkit, or scikit-learn's `LassoCV`,
            `ElasticNetCV` or ``RidgeCV(store_cv_results=True)``; alone or at the end
            of a pipeline. With several `l1_ratio`, the chosen one is drawn.
        target : int, default=0
            The column of y to draw, where each has an alpha of its own.

        Raises
        ------
        TypeError
            When the estimator has no errors along alpha.
        """
        return cls._from_source(selection_of_estimator(estimator, target)).plot(
            ax, **kwargs
        )

    @classmethod
    def from_search(
        cls,
        search: Any,
        *,
        parameter: str | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> AlphaSelectionDisplay:
        """Draw the error curve of a fitted search, such as `GridSearchCV`.

        Parameters
        ----------
        search : fitted search
            With scikit-learn's `cv_results_`. A score whose name starts with ``neg_``
            is drawn as an error, any other as it is.
        parameter : str, default=None
            The parameter to draw along, such as "ridge__alpha"; None for the only one
            called alpha. Other parameters are held at their best values.

        Raises
        ------
        ValueError
            When `parameter` was not searched, or the choice is not clear.
        """
        return cls._from_source(selection_of_search(search, parameter)).plot(
            ax, **kwargs
        )

    @classmethod
    def _from_source(cls, source: SelectionSource) -> AlphaSelectionDisplay:
        return cls(**source._asdict())

    def plot(
        self,
        ax: Axes | None = None,
        *,
        name: str | None = None,
        target_name: str | None = None,
        zoom: bool = True,
        **kwargs: Any,
    ) -> Self:
        """Draw the picture.

        Parameters
        ----------
        name : str, default=None
            The line's name in the legend; None for "mean", or the criterion's name.
        target_name : str, default=None
            What is predicted, for the y axis.
        zoom : bool, default=True
            Leave out errors far above the minimum, where the penalty is much too
            strong: the choice is between errors that differ by a standard error or two.
        **kwargs
            Passed on to matplotlib's `plot` for the line.
        """
        shown = self.alphas > 0
        if not shown.any():
            raise ValueError(
                "a logarithmic axis of alpha needs an alpha above 0, got "
                f"alphas={self.alphas.tolist()}."
            )
        single = shown.sum() == 1  # makes neither a line nor a band
        ax = begin(ax, type(self).__name__)
        alphas, errors = self.alphas[shown], self.errors[shown]
        best = "maximum" if self.greater_is_better else "minimum"
        options = {
            "color": COLORS[0],
            "linewidth": 1.8,
            **({"marker": "o"} if single else {}),
            "label": name or ("mean" if "held-out" in self.metric else self.metric),
            **kwargs,
        }
        (self.line_,) = ax.plot(alphas, errors, **options)
        self.band_: PolyCollection | None = None
        self.threshold_: Line2D | None = None
        if self.standard_errors is not None:
            spread = self.standard_errors[shown]
            self.band_ = ax.fill_between(
                alphas,
                errors - spread,
                errors + spread,
                color=self.line_.get_color(),
                alpha=0.2,
                linewidth=5 if single else 0,
                label="± 1 standard error",
            )
            self._draw_threshold(ax, best)
        show_alpha_axis(ax, self.l1_ratio)
        ax.set_ylabel(self._error_label(target_name), parse_math=False)
        fit_axis_labels(ax)
        ax.margins(x=0.02)
        if zoom:
            self._show_what_matters(ax, errors)
        show_powers_at_ticks(ax.yaxis)
        self.top_axis_ = (
            None
            if self.n_nonzero is None
            else show_counts(ax, alphas, self.n_nonzero[shown])
        )
        show_plain_numbers(ax.xaxis)
        self.marks_ = mark_alphas(
            ax,
            {"chosen": self.alpha, best: self.alpha_min, "1-SE": self.alpha_1se},
            lambda alpha: alpha if alpha > 0 else np.nan,
        )
        low = cell_of(ax).height < _LOW_INCHES * ax.figure.dpi
        add_legend_below(ax, list(dict.fromkeys(self.marks_.values())) if low else None)
        fit_axis_labels(ax)  # the legend has moved the axes
        return self._drawn_on(ax)

    def _error_label(self, target_name: str | None) -> str:
        """Name the errors, their target and, where it is not the target's, the unit."""
        if not self.metric.endswith("squared error"):
            return self.metric + (f" of {target_name}" if target_name else "")
        return f"{self.metric} ({target_name or 'y'} squared)"

    def _show_what_matters(self, ax: Axes, errors: Any) -> None:
        """Cut the y axis some standard errors, or steps of the weak end, above best."""
        loss = -errors if self.greater_is_better else errors
        finite = loss[np.isfinite(loss)]
        if finite.size < 3:
            return
        best, least = float(finite.min()), int(np.nanargmin(loss))
        rise = 1.5 * float(max(loss[-1] - best, 0.0))  # all of the overfitting side
        if self.standard_errors is not None:
            spread = float(self.standard_errors[self.alphas > 0][least])
            rise = max(rise, _SHOWN_ERRORS * spread)
        top = best + rise
        if rise <= 0 or finite.max() <= best + _WORTH_A_CUT * rise:
            return
        below = best - 0.25 * rise
        ends = (-top, -below) if self.greater_is_better else (below, top)
        ax.set_ylim(*ends)

    def _draw_threshold(self, ax: Axes, best: str) -> None:
        """Draw the error that the 1-SE rule tolerates."""
        assert self.standard_errors is not None
        sign = -1.0 if self.greater_is_better else 1.0
        lowest = int(np.nanargmin(sign * self.errors))
        tolerated = self.errors[lowest] + sign * self.standard_errors[lowest]
        self.threshold_ = ax.axhline(
            float(tolerated),
            color="0.5",
            linewidth=0.8,
            linestyle=(0, (2, 3)),
            label=f"{best} {'−' if self.greater_is_better else '+'} 1 standard error",
            zorder=1,
        )
