"""Picture of prediction intervals: a band, the observations, and what it covers."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from regkit._types import Floats
from regkit.inspection._described import Described
from regkit.inspection._drawing import COLORS, as_floats, optional_floats
from regkit.inspection._grid import (
    feature_column,
    feature_label,
    target_label,
    vary_feature,
)
from regkit.inspection._path_source import one_target, target_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection, PolyCollection


_DOTS: dict[str, Any] = {"linestyle": "none", "marker": "_", "markersize": 5}


class PredictionIntervalDisplay(Described):
    """Predictions with their interval, observations, and the achieved coverage.

    Make it with `from_estimator` or `from_predictions`. Observations outside of their
    interval are drawn as crosses, and the legend says which share lies inside. Give
    rows that the model was not fitted on: of its training rows nearly all lie inside,
    which says nothing about new ones. `plot` passes keyword arguments on to
    matplotlib's `plot` for the line of predictions.

    Parameters
    ----------
    x : array-like of shape (n_samples,), default=None
        What to draw along; None for the rank of the prediction.
    y : array-like of shape (n_samples,)
        Observations.
    mean, lower, upper : array-like of shape (n_samples,)
        Prediction and interval of each observation.
    coverage : float, default=None
        Promised coverage, in (0, 1).
    curve : tuple of arrays (x, mean, lower, upper), default=None
        A finer band to draw than the one at the observations.
    kind : {"band", "bars"}, default="band"
        One band for all observations, or an interval for each.
    x_name, y_name : str, default=None, "y"
        Labels of the axes.

    Attributes
    ----------
    coverage_ : float
        Share of observations within their interval.
    line_ : Line2D
        The prediction.
    band_ : FillBetweenPolyCollection or LineCollection
        The interval, or the intervals.
    points_, misses_ : PathCollection
        Observations inside and outside.

    Examples
    --------
    >>> from sklearn.linear_model import BayesianRidge
    >>> from regkit import PredictionIntervalDisplay, make_house_prices
    >>> X, y = make_house_prices(return_X_y=True)
    >>> model = BayesianRidge().fit(X[:300], y[:300])
    >>> display = PredictionIntervalDisplay.from_estimator(model, X[300:], y[300:])
    >>> round(display.coverage_, 2)
    0.92
    """

    def __init__(
        self,
        *,
        x: ArrayLike | None = None,
        y: ArrayLike,
        mean: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        coverage: float | None = None,
        curve: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike] | None = None,
        kind: Literal["band", "bars"] = "band",
        x_name: str | None = None,
        y_name: str = "y",
    ) -> None:
        self.y, self.mean, self.lower, self.upper = as_floats(y, mean, lower, upper)
        self.x = optional_floats(x)
        self.coverage = coverage
        self.curve = curve
        self.kind = kind
        self.x_name = x_name
        self.y_name = y_name
        if kind not in ("band", "bars"):
            raise ValueError(f"kind must be 'band' or 'bars', got {kind!r}.")
        for name in ("mean", "lower", "upper", "x"):
            values = getattr(self, name)
            if values is not None and values.shape != self.y.shape:
                raise ValueError(
                    f"{name} must have the shape of y, {self.y.shape}, "
                    f"got {values.shape}."
                )
        if (self.lower > self.upper).any():
            raise ValueError("lower must not be above upper.")
        if coverage is not None and not 0 < coverage < 1:
            raise ValueError(f"coverage must lie strictly in (0, 1), got {coverage}.")

    def _facts(self) -> dict[str, str]:
        inside = np.count_nonzero((self.lower <= self.y) & (self.y <= self.upper))
        facts = {"target": self.y_name, "rows": str(len(self.y))}
        if self.coverage is not None:
            facts["interval"] = f"{100 * self.coverage:.3g}%"
        return facts | {"inside": f"{inside} ({100 * inside / len(self.y):.0f}%)"}

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        coverage: float = 0.9,
        feature: int | str | None = None,
        target: int | str = 0,
        grid_resolution: int = 300,
        grid_range: tuple[float, float] | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> PredictionIntervalDisplay:
        """Draw the intervals of a fitted model at given rows.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``predict_interval(X, coverage=…)``, or with
            ``predict(X, return_std=True)``, whose standard deviation is then taken as
            that of a normal distribution.
        X : {array-like, dataframe} of shape (n_samples, n_features)
            Rows that the model was not fitted on.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their observations.
        coverage : float, default=0.9
            Promised coverage, in (0, 1).
        feature : int or str, default=None
            Column to draw along: with a smooth band if it is the only one, otherwise
            with an interval for each row. None for the only column, or, where there
            are several, for the rows sorted by prediction.
        target : int or str, default=0
            The column of y to draw, where there are several: its number, or its name in
            a data frame.
        grid_resolution : int, default=300
            Points of the smooth band.
        grid_range : tuple of (low, high), default=None
            Ends of the smooth band; None for the range of the rows.

        Raises
        ------
        TypeError
            When the estimator has no uncertainty.
        ValueError
            When X has no such feature, or y no such target.
        """
        if not 0 < coverage < 1:
            raise ValueError(f"coverage must lie strictly in (0, 1), got {coverage}.")
        target = target_number(target, getattr(y, "columns", None))
        if feature is None and np.shape(X)[1] == 1:
            feature = 0
        mean, lower, upper = _predict_interval(estimator, X, coverage, target)
        along: dict[str, Any] = {}
        if feature is not None:
            along["x"] = feature_column(X, feature)
            along["x_name"] = feature_label(X, feature)
            if np.shape(X)[1] == 1:
                grid, rows = vary_feature(X, feature, grid_resolution, grid_range)
                along["curve"] = (
                    grid,
                    *_predict_interval(estimator, rows, coverage, target),
                )
            else:
                along["kind"] = "bars"
        return cls(
            y=one_target(y, target),
            mean=mean,
            lower=lower,
            upper=upper,
            coverage=coverage,
            y_name=target_label(y, target),
            **along,
        ).plot(ax, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        y: ArrayLike,
        mean: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        *,
        x: ArrayLike | None = None,
        coverage: float | None = None,
        kind: Literal["band", "bars"] = "band",
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> PredictionIntervalDisplay:
        """Draw intervals that are already computed.

        Parameters
        ----------
        y, mean, lower, upper, x, coverage, kind : object
            As the constructor takes them.
        """
        return cls(
            y=y,
            mean=mean,
            lower=lower,
            upper=upper,
            x=x,
            coverage=coverage,
            kind=kind,
        ).plot(ax, **kwargs)

    def _draw(self, ax: Axes, kwargs: dict[str, Any]) -> None:
        inside = (self.lower <= self.y) & (self.y <= self.upper)
        self.coverage_ = float(inside.mean())
        if self.x is None:
            x, x_name = np.empty(self.y.size), "rows, sorted by prediction"
            x[np.argsort(self.mean, kind="stable")] = np.arange(1, self.y.size + 1)
        else:
            x, x_name = self.x, self.x_name or "x"
        self._draw_interval(ax, x, kwargs)
        size = 8 if self.y.size > 500 else 20
        self.points_ = ax.scatter(
            x[inside],
            self.y[inside],
            s=size,
            color="0.25",
            linewidths=0,
            label=f"inside: {inside.sum()} of {inside.size} ({self.coverage_:.0%})",
        )
        self.misses_ = ax.scatter(
            x[~inside],
            self.y[~inside],
            s=1.5 * size,
            color=COLORS[1],
            marker="x",
            linewidths=1.2,
            label=f"outside: {(~inside).sum()}",
        )
        ax.set_xlabel(x_name, parse_math=False)
        ax.set_ylabel(self.y_name, parse_math=False)
        ax.legend(fontsize="small")

    def _draw_interval(self, ax: Axes, x: Floats, kwargs: dict[str, Any]) -> None:
        """Draw the prediction, and its interval as a band or as bars."""
        at, mean, lower, upper = as_floats(
            *(self.curve or (x, self.mean, self.lower, self.upper))
        )
        order = np.argsort(at, kind="stable")
        at, mean, lower, upper = at[order], mean[order], lower[order], upper[order]
        as_band = self.kind == "band" and at.size > 1  # a single row makes no band
        options = {
            "color": COLORS[0],
            "label": "prediction",
            **({"linewidth": 1.8} if as_band else _DOTS),
            **kwargs,
        }
        (self.line_,) = ax.plot(at, mean, **options)
        color = self.line_.get_color()
        promised = "" if self.coverage is None else f"{self.coverage:.0%} "
        self.band_: PolyCollection | LineCollection
        if as_band:
            self.band_ = ax.fill_between(
                at,
                lower,
                upper,
                color=color,
                alpha=0.2,
                linewidth=0,
                label=f"{promised}interval",
            )
        else:
            self.band_ = ax.vlines(
                at,
                lower,
                upper,
                color=color,
                alpha=0.25,
                linewidth=1.2,
                label=f"{promised}interval",
                zorder=1,
            )


def _predict_interval(
    estimator: Any, X: Any, coverage: float, target: int
) -> tuple[Floats, Floats, Floats]:
    """Ask a model for its mean and interval, whichever way it offers one."""
    if hasattr(estimator, "predict_interval"):
        interval = estimator.predict_interval(X, coverage=coverage)
        lower, upper = (
            interval if isinstance(interval, tuple) else np.asarray(interval).T
        )
        ends = estimator.predict(X), lower, upper
    else:
        try:
            mean, deviation = estimator.predict(X, return_std=True)
        except TypeError as error:
            raise TypeError(
                "estimator must have predict_interval(X, coverage=…) or "
                f"predict(X, return_std=True), got {estimator!r}."
            ) from error
        reach = NormalDist().inv_cdf(0.5 + coverage / 2) * deviation
        ends = mean, mean - reach, mean + reach
    mean, lower, upper = as_floats(*(one_target(values, target) for values in ends))
    return mean, lower, upper
