"""Picture of predictions against what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from regkit.inspection._described import Described
from regkit.inspection._drawing import COLORS, as_floats, show_powers_at_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# With more points than this, dots are drawn small and faint.
_MANY = 2_000


class PredictedActualDisplay(Described):
    """Predictions against actual values, with the line on which they agree.

    Make it with `from_estimator`. scikit-learn's `PredictionErrorDisplay` draws a
    sample of 1,000 rows; this one draws all, on square axes with one range, and says
    how much of the variance is explained. `plot` passes keyword arguments on to
    matplotlib's `scatter`.

    Parameters
    ----------
    actual, predicted : array-like of shape (n_samples,)
        Values of the target, and predictions.
    target_name : str, default="y"
        Names the axes.

    Attributes
    ----------
    points_ : PathCollection
        One a row.
    line_ : AxLine
        Where prediction and actual value agree.
    r2 : float
        Share of the variance that is explained; NaN of a constant target.

    Examples
    --------
    >>> from regkit import LassoRegressor, PredictedActualDisplay, make_house_prices
    >>> X, y = make_house_prices(200, return_X_y=True, as_frame=True)
    >>> model = LassoRegressor(alpha=5.0, standardize=True).fit(X[:150], y[:150])
    >>> display = PredictedActualDisplay.from_estimator(model, X[150:], y[150:])
    >>> round(display.r2, 2)
    0.89
    """

    def __init__(
        self, *, actual: ArrayLike, predicted: ArrayLike, target_name: str = "y"
    ) -> None:
        self.actual, self.predicted = as_floats(actual, predicted)
        self.target_name = target_name
        if self.actual.ndim != 1 or self.actual.shape != self.predicted.shape:
            raise ValueError(
                "actual and predicted must be one-dimensional and of one length, got "
                f"shapes {self.actual.shape} and {self.predicted.shape}."
            )
        spread = ((self.actual - self.actual.mean()) ** 2).sum()
        missed = ((self.actual - self.predicted) ** 2).sum()
        self.r2 = float(1 - missed / spread) if spread > 0 else float("nan")

    def _facts(self) -> dict[str, str]:
        return {
            "target": self.target_name,
            "rows": str(self.actual.size),
            "R2": f"{self.r2:.3f}",
        }

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, ax: Axes | None = None, **kwargs: Any
    ) -> PredictedActualDisplay:
        """Predict and draw.

        Parameters
        ----------
        estimator : fitted regressor
            Any with `predict`.
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows that the estimator was not fitted on; of training rows the picture
            flatters.
        y : array-like of shape (n_samples,)
            Their target.
        """
        name = str(getattr(y, "name", None) or "y")
        return cls(actual=y, predicted=estimator.predict(X), target_name=name).plot(
            ax, **kwargs
        )

    def _draw(self, ax: Axes, kwargs: dict[str, Any]) -> None:
        many = self.actual.size > _MANY
        options: dict[str, Any] = {
            "s": 6 if many else 22,
            "alpha": 0.35 if many else 0.7,
            "color": COLORS[0],
            "edgecolors": "none",
            **kwargs,
        }
        self.points_ = ax.scatter(self.actual, self.predicted, **options)
        low = float(min(self.actual.min(), self.predicted.min()))
        high = float(max(self.actual.max(), self.predicted.max()))
        margin = 0.05 * (high - low or 1.0)
        ax.set_xlim(low - margin, high + margin)
        ax.set_ylim(low - margin, high + margin)
        self.line_ = ax.axline(
            (low, low), slope=1, color="0.25", linewidth=1.1, linestyle="--", zorder=1
        )
        ax.set_aspect("equal", adjustable="box")
        ax.set_xlabel(f"actual {self.target_name}", parse_math=False)
        ax.set_ylabel(f"predicted {self.target_name}", parse_math=False)
        if np.isfinite(self.r2):
            ax.set_title(f"R² {self.r2:.3f}", fontsize="medium")
        for axis in (ax.xaxis, ax.yaxis):
            show_powers_at_ticks(axis)
