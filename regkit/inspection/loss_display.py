"""Picture of how a network learned: training and validation loss by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from regkit.inspection._described import Described, number
from regkit.inspection._drawing import (
    begin,
    fit_axis_labels,
    optional_floats,
    show_plain_numbers,
    unused_color,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_MARKERS = ("o", "s", "^", "D", "v")
_LOSSES = {
    "squared_error": "half squared error",
    "absolute_error": "absolute error",
    "huber": "Huber loss",
    "quantile": "quantile loss",
    "gaussian_nll": "negative log-likelihood",
    "log_loss": "log-loss",
}


class LossCurveDisplay(Described):
    """Training and validation loss by epoch, with the best epoch marked.

    Make it with `from_estimator`; several networks can be drawn on the same axes, each
    with a `name`.

    Parameters
    ----------
    loss_curve : array-like of shape (n_epochs,)
        Training loss of each epoch.
    validation_loss_curve : array-like of shape (n_epochs,), default=None
        Validation loss of each epoch.
    validation_scores : array-like of shape (n_epochs,), default=None
        Validation score of each epoch (greater is better), drawn on a second y axis;
        ignored when there is a validation loss.
    best_epoch : int, default=None
        Epoch to mark, from 1; None for the best one of the validation curve.
    loss_name : str, default="loss"
        Label of the y axis.
    with_dropout : bool, default=False
        Whether `loss_curve` was measured with dropout, and the validation loss was
        not; the legend says so.

    Attributes
    ----------
    train_line_ : Line2D
        The training loss.
    validation_line_ : Line2D or None
        The validation loss or score.
    best_line_ : Line2D or None
        Vertical line at the best epoch.
    score_ax_ : Axes or None
        Second y axis, where validation scores are drawn.

    Examples
    --------
    >>> from sklearn.neural_network import MLPRegressor
    >>> from regkit import LossCurveDisplay, make_house_prices
    >>> X, y = make_house_prices(return_X_y=True)
    >>> network = MLPRegressor(max_iter=30, early_stopping=True, random_state=0)
    >>> scaled = (X - X.mean(axis=0)) / X.std(axis=0), (y - y.mean()) / y.std()
    >>> display = LossCurveDisplay.from_estimator(network.fit(*scaled))
    >>> len(display.loss_curve) <= 30
    True
    """

    def __init__(
        self,
        *,
        loss_curve: ArrayLike,
        validation_loss_curve: ArrayLike | None = None,
        validation_scores: ArrayLike | None = None,
        best_epoch: int | None = None,
        loss_name: str = "loss",
        with_dropout: bool = False,
    ) -> None:
        self.loss_curve = np.asarray(loss_curve, dtype=np.float64)
        self.validation_loss_curve = optional_floats(validation_loss_curve)
        self.validation_scores = optional_floats(validation_scores)
        if best_epoch is None and self.validation_loss_curve is not None:
            best_epoch = int(np.nanargmin(self.validation_loss_curve)) + 1
        elif best_epoch is None and self.validation_scores is not None:
            best_epoch = int(np.nanargmax(self.validation_scores)) + 1
        self.best_epoch = best_epoch
        self.loss_name = loss_name
        self.with_dropout = with_dropout

    def _facts(self) -> dict[str, str]:
        loss = self.loss_name.removeprefix("loss: ")
        facts = {"loss": loss, "epochs": str(len(self.loss_curve))}
        if self.best_epoch is not None:
            facts["best epoch"] = str(self.best_epoch)
            if self.validation_loss_curve is not None:
                best = self.validation_loss_curve[self.best_epoch - 1]
                facts["validation loss at best epoch"] = number(best)
        return facts

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Axes | None = None, **kwargs: Any
    ) -> LossCurveDisplay:
        """Draw the loss curves of a fitted network.

        Parameters
        ----------
        estimator : estimator or Pipeline
            Fitted, with `loss_curve_` and, where it had validation rows,
            `validation_loss_curve_` or `validation_scores_`: regkit's networks and
            scikit-learn's `MLPRegressor` and `MLPClassifier`; alone, at the end of a
            pipeline, or inside a fitted search.

        Raises
        ------
        TypeError
            When the estimator has no `loss_curve_`.
        """
        final = getattr(estimator, "best_estimator_", estimator)
        final = getattr(final, "regressor_", final)  # TransformedTargetRegressor
        if hasattr(final, "steps"):
            final = final[-1]
        if not hasattr(final, "loss_curve_"):
            raise TypeError(
                "estimator must be a fitted network with loss_curve_, "
                f"got {estimator!r}."
            )
        validated = getattr(final, "validation_loss_curve_", None) is not None
        return cls(
            loss_curve=final.loss_curve_,
            validation_loss_curve=getattr(final, "validation_loss_curve_", None),
            validation_scores=getattr(final, "validation_scores_", None),
            best_epoch=getattr(final, "best_iter_", None) if validated else None,
            loss_name=_loss_name(final),
            with_dropout=bool(getattr(final, "dropout", 0)),
        ).plot(ax, **kwargs)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        log: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the picture.

        Parameters
        ----------
        log : bool, default=True
            Whether the loss axis is logarithmic, where all losses are positive.
        name : str, default=None
            Put before "train" and "validation" in the legend; both curves then have
            one color, and differ by the line style.
        **kwargs
            Passed on to matplotlib's `plot` for both curves.
        """
        ax = begin(ax, type(self).__name__)
        from matplotlib.ticker import MaxNLocator

        prefix = f"{name}: " if name else ""
        options = {
            "color": unused_color(ax),
            "linewidth": 1.8,
            **self._markers(ax),
            **kwargs,
        }
        epochs = np.arange(1, self.loss_curve.size + 1)
        (self.train_line_,) = ax.plot(
            epochs,
            self.loss_curve,
            **{"linestyle": "--", **options},
            label=prefix + ("train, with dropout" if self.with_dropout else "train"),
        )
        if not name:  # of several networks, a color tells the network
            options = {**options, "color": unused_color(ax), **kwargs}
        self.validation_line_: Line2D | None = None
        self.best_line_: Line2D | None = None
        self.score_ax_: Axes | None = None
        validation = self.validation_loss_curve
        if validation is not None:
            (self.validation_line_,) = ax.plot(
                np.arange(1, validation.size + 1),
                validation,
                **options,
                label=prefix + "validation",
            )
        elif self.validation_scores is not None:
            self._draw_scores(ax, prefix, options)
        if self.best_epoch is not None:
            self.best_line_ = ax.axvline(
                self.best_epoch,
                color=self.train_line_.get_color() if name else "0.25",
                linewidth=1,
                linestyle=":",
                label=f"{prefix}best epoch: {self.best_epoch}",
            )
        curves = [c for c in (self.loss_curve, validation) if c is not None]
        if log and all((curve > 0).all() for curve in curves):
            ax.set_yscale("log")
            show_plain_numbers(ax.yaxis)
        ax.set_xlabel("epoch")
        ax.set_ylabel(self.loss_name)
        fit_axis_labels(ax)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        self._show_legend(ax)
        return self._drawn_on(ax)

    def _markers(self, ax: Axes) -> dict[str, Any]:
        """Tell the second network, and those after it, from the first in gray print."""
        n_before = sum(": train" in str(line.get_label()) for line in ax.get_lines())
        if self.loss_curve.size == 1:  # makes no line
            return {"marker": "o"}
        if n_before == 0:
            return {}
        return {
            "marker": _MARKERS[(n_before - 1) % len(_MARKERS)],
            "markersize": 5,
            "markevery": max(1, self.loss_curve.size // 12),
        }

    def _draw_scores(self, ax: Axes, prefix: str, options: dict[str, Any]) -> None:
        assert self.validation_scores is not None
        self.score_ax_ = ax.twinx()
        self.score_ax_.set_ylabel("validation score")
        (self.validation_line_,) = self.score_ax_.plot(
            np.arange(1, self.validation_scores.size + 1),
            self.validation_scores,
            **{**options, "color": unused_color(ax)},
            label=prefix + "validation score",
        )

    def _show_legend(self, ax: Axes) -> None:
        """List the lines of both y axes."""
        lines = [line for line in ax.get_lines() if not _is_hidden(line)]
        if self.score_ax_ is None:
            ax.legend(handles=lines, fontsize="small")
        else:  # between the loss, which ends low, and the score, which ends high
            lines += self.score_ax_.get_lines()
            self.score_ax_.legend(handles=lines, fontsize="small", loc="center right")


def _loss_name(network: Any) -> str:
    """Say in what the losses of a network are counted, where it is known."""
    classifies = hasattr(network, "classes_")
    loss = getattr(network, "loss", "log_loss" if classifies else None)
    words = _LOSSES.get(loss) if isinstance(loss, str) else None
    if words is None:
        return "loss"
    scaled = getattr(network, "standardize_target", False)
    return f"loss: {words}{', y standardized' if scaled else ''}"


def _is_hidden(line: Any) -> bool:
    return str(line.get_label()).startswith("_")
