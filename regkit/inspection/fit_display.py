"""Picture of what regularization does to a fit: data and curves of several models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from regkit._types import Floats
from regkit.inspection._described import Described
from regkit.inspection._drawing import as_floats, optional_floats, style
from regkit.inspection._grid import (
    feature_column,
    feature_label,
    target_label,
    vary_feature,
)
from regkit.inspection._path_source import is_fitted, one_target, target_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes


class FitComparisonDisplay(Described):
    """One feature against y: the data, and the curve of each model.

    Make it with `from_estimators`. The y axis keeps to the data, however far a curve
    that overfits leaves them. `plot` passes
    keyword arguments on to matplotlib's `plot` for the models' curves.

    Parameters
    ----------
    x, y : array-like of shape (n_samples,)
        The data.
    grid : array-like of shape (n_points,)
        Where the curves are computed.
    curves : dict of str to array-like of shape (n_points,)
        Predictions of each model, by its name.
    x_name, y_name : str, default="x", "y"
        Labels of the axes.
    truth : array-like of shape (n_points,), default=None
        The true curve, where it is known.

    Attributes
    ----------
    points_ : PathCollection
        The data.
    lines_ : dict of str to Line2D
        The curve of each model.
    truth_ : Line2D or None
        The true curve.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import PolynomialFeatures
    >>> from regkit import FitComparisonDisplay, LassoRegressor, RidgeRegressor
    >>> x = np.linspace(-1, 1, 12)
    >>> y = np.sin(3 * x)
    >>> terms = PolynomialFeatures(9, include_bias=False)
    >>> models = {
    ...     "L1": make_pipeline(terms, LassoRegressor(0.01)),
    ...     "L2": make_pipeline(terms, RidgeRegressor(0.1)),
    ... }
    >>> display = FitComparisonDisplay.from_estimators(models, x[:, None], y)
    >>> list(display.curves)
    ['L1', 'L2']
    """

    def __init__(
        self,
        *,
        x: ArrayLike,
        y: ArrayLike,
        grid: ArrayLike,
        curves: Mapping[str, ArrayLike],
        x_name: str = "x",
        y_name: str = "y",
        truth: ArrayLike | None = None,
    ) -> None:
        self.x, self.y, self.grid = as_floats(x, y, grid)
        self.curves = dict(zip(curves, as_floats(*curves.values()), strict=True))
        self.x_name = x_name
        self.y_name = y_name
        self.truth = optional_floats(truth)
        expected = {
            "y": (self.y, self.x, "x"),
            "truth": (self.truth, self.grid, "grid"),
        }
        for name, curve in self.curves.items():
            expected[f"curves[{name!r}]"] = (curve, self.grid, "grid")
        for name, (values, like, of) in expected.items():
            if values is not None and values.shape != like.shape:
                raise ValueError(
                    f"{name} must have the shape of {of}, {like.shape}, "
                    f"got {values.shape}."
                )

    def _facts(self) -> dict[str, str]:
        return {
            "column": str(self.x_name),
            "target": str(self.y_name),
            "rows": str(len(self.x)),
            "models": ", ".join(self.curves),
        }

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, Any] | Sequence[Any] | Any,
        X: Any,
        y: Any,
        *,
        feature: int | str | None = None,
        target: int | str = 0,
        grid_resolution: int = 300,
        grid_range: tuple[float, float] | None = None,
        truth: Callable[[Floats], Any] | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> FitComparisonDisplay:
        """Draw the curves of one or several models.

        Parameters
        ----------
        estimators : dict of str to estimator, list of estimators, or estimator
            Models with `predict`; a dictionary names them. Those that are not fitted
            are cloned and fitted on X and y.
        X : {array-like, dataframe} of shape (n_samples, n_features)
            Rows to show. With several columns, the others are held at their means
            (columns that are not numbers: at the most frequent value).
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Target, or several.
        feature : int or str, default=None
            The column on the x axis; None for the one along which the first model's
            predictions vary most.
        target : int or str, default=0
            The column of y on the y axis, where there are several: its number, or its
            name in a data frame.
        grid_resolution : int, default=300
            Points of each curve.
        grid_range : tuple of (low, high), default=None
            Ends of the curves; None for the range of the data.
        truth : callable, default=None
            Gives the true curve for an array of x.

        Raises
        ------
        ValueError
            When X has no such feature, or y no such target.
        """
        target = target_number(target, getattr(y, "columns", None))
        fitted = {
            name: model if is_fitted(model) else clone(model).fit(X, y)
            for name, model in _named(estimators).items()
        }
        if feature is None and np.ndim(X) != 2:
            feature = 0
        elif feature is None:
            feature = _of_largest_effect(next(iter(fitted.values())), X, target)
        grid, rows = vary_feature(X, feature, grid_resolution, grid_range)
        curves = {
            name: one_target(model.predict(rows), target)
            for name, model in fitted.items()
        }
        return cls(
            x=feature_column(X, feature),
            y=one_target(y, target),
            grid=grid,
            curves=curves,
            x_name=feature_label(X, feature),
            y_name=target_label(y, target),
            truth=None if truth is None else truth(grid),
        ).plot(ax, **kwargs)

    def _draw(self, ax: Axes, kwargs: dict[str, Any]) -> None:
        many = self.x.size > 500
        self.points_ = ax.scatter(
            self.x,
            self.y,
            s=8 if many else 22,
            color="0.2",
            alpha=max(0.1, min(0.8, 400 / self.x.size)),
            linewidths=0,
            label="data",
            zorder=1.5,
        )
        self.truth_ = None
        if self.truth is not None:
            (self.truth_,) = ax.plot(
                self.grid,
                self.truth,
                color="0.65",
                linewidth=4,
                label="truth",
                zorder=1,
            )
        self.lines_ = {
            name: ax.plot(
                self.grid, curve, **{"linewidth": 2, **style(k), **kwargs}, label=name
            )[0]
            for k, (name, curve) in enumerate(self.curves.items())
        }
        low, high = self.y.min(), self.y.max()
        margin = 0.15 * (high - low or 1.0)
        ax.set_ylim(low - margin, high + margin)
        ax.set_xlabel(self.x_name, parse_math=False)
        ax.set_ylabel(self.y_name, parse_math=False)
        ax.legend(fontsize="small")


def _of_largest_effect(model: Any, X: Any, target: int) -> int:
    """Find the column of numbers along which predictions vary most."""
    effects = np.full(np.shape(X)[1], -1.0)
    for j in range(effects.size):
        try:
            _, rows = vary_feature(X, j, 9, None)
        except (TypeError, ValueError):
            continue  # text
        effects[j] = np.ptp(one_target(model.predict(rows), target))
    return int(effects.argmax())


def _named(estimators: Any) -> dict[str, Any]:
    if isinstance(estimators, Mapping):
        return dict(estimators)
    if hasattr(estimators, "predict"):
        estimators = [estimators]
    named: dict[str, Any] = {}
    for estimator in estimators:
        final = estimator[-1] if hasattr(estimator, "steps") else estimator
        name = type(final).__name__
        if name in ("Ridge", "RidgeRegressor") and np.all(final.alpha == 0):
            name = "least squares"
        same = sum(key.split(" (")[0] == name for key in named)
        named[f"{name} ({same + 1})" if same else name] = estimator
    return named
