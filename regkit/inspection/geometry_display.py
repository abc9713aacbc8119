"""Picture of why L1 zeroes and L2 shrinks: the loss, the diamond and the disc."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from sklearn.utils import check_X_y

from regkit._text import shorten_all
from regkit._types import Floats
from regkit.inspection._described import Described, number
from regkit.inspection._drawing import COLORS, as_floats, lay_out
from regkit.inspection._grid import feature_column, feature_label
from regkit.inspection._labels import LONGEST_NAME
from regkit.linear_model import LassoRegressor, RidgeRegressor

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_L1, _L2 = COLORS[1], COLORS[0]
# A figure of fewer inches has no room for the legend beside the axes.
_NARROW = 5.5


class PenaltyGeometryDisplay(Described):
    r"""Two coefficients: contours of the loss, L1 diamond, L2 disc and the solutions.

    Make it with `from_data`. A penalized fit is the point where the contours of the
    squared error first touch the region :math:`|\beta_1| + |\beta_2| \le t` (Lasso) or
    :math:`\beta_1^2 + \beta_2^2 \le s^2` (Ridge). The diamond has corners on the axes,
    where a coefficient is exactly zero; the disc has none [1]_. `plot` passes keyword
    arguments on to matplotlib's `contour`.

    Parameters
    ----------
    gram : array-like of shape (2, 2)
        Matrix of the quadratic loss,
        :math:`\frac12 (\beta - \hat\beta)^\top G (\beta - \hat\beta)`.
    least_squares, lasso, ridge : array-like of shape (2,)
        Where the loss is smallest, and the two penalized solutions.
    feature_names : array-like of shape (2,), default=None
        Labels of the axes; None for x0 and x1.

    Attributes
    ----------
    contours_ : QuadContourSet
        The loss; the lowest two levels go through the solutions.
    diamond_, disc_ : Polygon and Circle
        The two regions.
    points_ : dict of str to Line2D
        "least squares", "L1" and "L2".

    References
    ----------
    .. [1] R. Tibshirani, "Regression shrinkage and selection via the lasso", Journal
       of the Royal Statistical Society B 58, 1996, figure 2.

    Examples
    --------
    >>> from regkit import PenaltyGeometryDisplay, make_house_prices
    >>> X, y = make_house_prices(as_frame=True, return_X_y=True)
    >>> display = PenaltyGeometryDisplay.from_data(X[["area", "rooms"]], y)
    >>> bool(display.lasso[1] == 0), bool(display.ridge[1] == 0)
    (True, False)
    """

    def __init__(
        self,
        *,
        gram: ArrayLike,
        least_squares: ArrayLike,
        lasso: ArrayLike,
        ridge: ArrayLike,
        feature_names: ArrayLike | None = None,
    ) -> None:
        self.gram, self.least_squares = as_floats(gram, least_squares)
        self.lasso, self.ridge = as_floats(lasso, ridge)
        self.feature_names = ["x0", "x1"] if feature_names is None else feature_names

    def _facts(self) -> dict[str, str]:
        points = {"least squares": self.least_squares, "L1": self.lasso}
        points["L2"] = self.ridge
        names = np.asarray(self.feature_names, dtype=object)
        facts = {"coefficients of": " and ".join(map(str, names))}
        return facts | {
            name: ", ".join(map(number, point)) for name, point in points.items()
        }

    @classmethod
    def from_data(
        cls,
        X: Any,
        y: Any,
        *,
        features: tuple[int | str, int | str] = (0, 1),
        budget: float = 0.5,
        standardize: bool = True,
        feature_names: ArrayLike | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> PenaltyGeometryDisplay:
        """Fit least squares, Lasso and Ridge to two columns, and draw them.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Target.
        features : tuple of two int or str, default=(0, 1)
            The two columns that are fitted; all others are left out.
        budget : float, default=0.5
            Size of both regions as a share of the least squares solution's norm: the
            L1 norm for the diamond, the L2 norm for the disc. In (0, 1).
        standardize : bool, default=True
            Whether coefficients are per standard deviation of their columns.
        feature_names : array-like of shape (2,), default=None
            Names of the two columns; None for those of the dataframe.

        Raises
        ------
        ValueError
            When X has no two such columns, or they determine no unique solution.
        """
        if not 0 < budget < 1:
            raise ValueError(f"budget must lie strictly in (0, 1), got {budget}.")
        names: Any = feature_names
        if names is None:
            names = [feature_label(X, feature) for feature in features]
        X = np.column_stack([feature_column(X, feature) for feature in features])
        X, y = check_X_y(X, y, dtype=np.float64, y_numeric=True)
        X, y = X - X.mean(axis=0), y - y.mean()
        if standardize:
            deviations = X.std(axis=0)
            X = X / np.where(deviations > 0, deviations, 1.0)
        gram = X.T @ X / len(y)
        if np.linalg.cond(gram) > 1e12:
            raise ValueError("the columns of X are linearly dependent or constant.")
        best = np.linalg.solve(gram, X.T @ y / len(y))
        return cls(
            gram=gram,
            least_squares=best,
            lasso=_lasso_of_norm(X, y, budget * float(np.abs(best).sum())),
            ridge=_ridge_of_norm(X, y, budget * float(np.linalg.norm(best))),
            feature_names=names,
        ).plot(ax, **kwargs)

    def _draw(self, ax: Axes, kwargs: dict[str, Any]) -> None:
        from matplotlib.patches import Circle, Polygon

        t, radius = float(np.abs(self.lasso).sum()), float(np.linalg.norm(self.ridge))
        self.diamond_ = Polygon(
            [(t, 0), (0, t), (-t, 0), (0, -t)],
            facecolor=(_L1, 0.18),
            edgecolor=_L1,
            linewidth=1.6,
            label=f"L1: |b₁| + |b₂| ≤ {t:.3g}",
        )
        self.disc_ = Circle(
            (0, 0),
            radius,
            facecolor=(_L2, 0.15),
            edgecolor=_L2,
            linewidth=1.6,
            linestyle="--",
            label=f"L2: √(b₁² + b₂²) ≤ {radius:.3g}",
        )
        ax.add_patch(self.diamond_)
        ax.add_patch(self.disc_)
        for line in (ax.axhline, ax.axvline):
            line(0, color="0.5", linewidth=0.8, zorder=0.5)
        self._set_limits(ax, max(t, radius))
        self.points_ = {}
        for name, point, color, marker in (
            ("least squares", self.least_squares, "0.1", "o"),
            ("L1", self.lasso, _L1, "D"),
            ("L2", self.ridge, _L2, "s"),
        ):
            (self.points_[name],) = ax.plot(
                *point,
                marker=marker,
                color=color,
                markeredgecolor="white",
                markersize=8,
                linestyle="none",
                label=f"{name}: ({point[0]:.3g}, {point[1]:.3g})",
                zorder=4,
            )
        names = map(str, np.asarray(self.feature_names))
        first, second = shorten_all(names, LONGEST_NAME)
        ax.set_xlabel(f"b₁, coefficient of {first}", parse_math=False)
        ax.set_ylabel(f"b₂, coefficient of {second}", parse_math=False)
        ax.plot([], [], color="0.75", linewidth=0.8, label="equal squared error")
        if ax.figure.figure.get_figwidth() < _NARROW:
            at: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1.02)}
        else:
            at = {"loc": "upper left", "bbox_to_anchor": (1.02, 1)}
        ax.legend(fontsize="small", **at)
        self._fill_the_axes(ax)
        self._draw_contours(ax, kwargs)

    def _loss(self, beta: Floats) -> Any:
        away = beta - self.least_squares
        return 0.5 * np.einsum("...i,ij,...j", away, self.gram, away)

    def _set_limits(self, ax: Axes, reach: float) -> None:
        """Show both regions, the least squares solution, and some room around."""
        points = np.array([self.least_squares, [-reach] * 2, [reach] * 2])
        low, high = points.min(axis=0), points.max(axis=0)
        room = 0.15 * (high - low).max()
        ax.set_xlim(low[0] - room, high[0] + room)
        ax.set_ylim(low[1] - room, high[1] + room)

    @staticmethod
    def _fill_the_axes(ax: Axes) -> None:
        """Make both scales equal by showing more, rather than by smaller axes."""
        lay_out(ax)
        box = ax.get_window_extent()
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        unit = max((right - left) / box.width, (top - bottom) / box.height)
        for limits, low, high, pixels in (
            (ax.set_xlim, left, right, box.width),
            (ax.set_ylim, bottom, top, box.height),
        ):
            more = (unit * pixels - (high - low)) / 2
            limits(low - more, high + more)
        ax.set_aspect("equal")

    def _draw_contours(self, ax: Axes, kwargs: dict[str, Any]) -> None:
        """Draw the loss: through each solution in its color, and around in gray."""
        x, y = (np.linspace(*limits, 300) for limits in (ax.get_xlim(), ax.get_ylim()))
        loss = self._loss(np.stack(np.meshgrid(x, y), axis=-1))
        touching = {
            float(self._loss(self.lasso)): _L1,
            float(self._loss(self.ridge)): _L2,
        }
        levels = np.array(sorted(touching))
        gray = (
            levels[0] * np.array([0.05, 0.25, 0.6]),
            levels[-1] * np.array([1.7, 2.6]),
        )
        options: dict[str, Any] = {
            "levels": levels,
            "colors": [touching[level] for level in levels],
            # As the outlines of the regions, for readers who see no colors.
            "linestyles": ["--" if touching[level] == _L2 else "-" for level in levels],
            **kwargs,
        }
        self.contours_ = ax.contour(x, y, loss, **options)
        ax.contour(
            x,
            y,
            loss,
            levels=np.concatenate(gray),
            colors="0.75",
            linewidths=0.8,
            zorder=0,
        )


def _lasso_of_norm(X: Floats, y: Floats, norm: float) -> Floats:
    """Find the Lasso solution with a given L1 norm, which falls as alpha grows."""

    def fit(alpha: float) -> Floats:
        model = LassoRegressor(alpha, fit_intercept=False).fit(X, y)
        return np.asarray(model.coef_)

    largest = float(np.abs(X.T @ y).max() / len(y))
    alpha = brentq(lambda a: float(np.abs(fit(a)).sum()) - norm, 0.0, largest)
    return fit(float(alpha))


def _ridge_of_norm(X: Floats, y: Floats, norm: float) -> Floats:
    """Find the Ridge solution with a given L2 norm, which falls as alpha grows."""

    def fit(alpha: float) -> Floats:
        model = RidgeRegressor(alpha, fit_intercept=False).fit(X, y)
        return np.asarray(model.coef_)

    # The norm is at most |X'y| / alpha.
    largest = float(np.linalg.norm(X.T @ y) / norm)
    alpha = brentq(lambda a: float(np.linalg.norm(fit(a))) - norm, 0.0, largest)
    return fit(float(alpha))
