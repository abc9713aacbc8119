"""Picture of a regularization path: every coefficient along alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from regkit._types import Floats
from regkit.inspection._described import Described, marked, span
from regkit.inspection._drawing import (
    GRAY,
    as_floats,
    begin,
    fit_axis_labels,
    mark_alphas,
    show_alpha_axis,
    show_counts,
    show_plain_numbers,
    show_powers_at_ticks,
    styles,
)
from regkit.inspection._labels import add_legend_below, place_names, write_names
from regkit.inspection._path_source import (
    class_name,
    path_of_estimator,
    target_number,
)
from regkit.linear_model import RegularizationPath
from regkit.rows.column_scales import column_scales

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SCALED = "coefficient × standard deviation of its column"
_EMPTY = "all coefficients are zero"


class RegularizationPathDisplay(Described):
    """Coefficients along a regularization path.

    Make it with `from_estimator` or `from_path`. The lines with the largest
    coefficients are colored and named, all others are thin and gray.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,)
        Strengths of the penalty, decreasing.
    coefs : array-like of shape (n_features, n_alphas)
        Coefficients; rows that are zero everywhere may be left out.
    scaled : bool, default=False
        Whether `coefs` are per standard deviation of their columns.
    alpha, alpha_min, alpha_1se : float, default=None
        Alphas to mark: the chosen one, the one with the smallest cross-validated
        error, and the largest one within a standard error of it.
    feature_names : array-like of shape (n_features,), default=None
        A name for each row of `coefs`; None for x0, x1, ….
    class_name : str, default=None
        The class, of several, that the coefficients are for.

    Attributes
    ----------
    lines_ : list of Line2D
        The named lines, most important first.
    other_lines_ : LineCollection or None
        The gray lines.
    labels_ : list of Text
        Names at the ends of lines; fewer than `lines_` where room is short.
    marks_ : dict of str to Line2D
        Vertical lines at "chosen", "minimum" and "1-SE".
    top_axis_ : SecondaryAxis or None
        Numbers of nonzero coefficients; None where they never change.

    See Also
    --------
    AlphaSelectionDisplay : The cross-validated error along alpha.

    Examples
    --------
    >>> from regkit import RegularizationPathDisplay, lasso_path, make_house_prices
    >>> X, y = make_house_prices(as_frame=True, return_X_y=True)
    >>> path = lasso_path(X, y, standardize=True)
    >>> display = RegularizationPathDisplay.from_path(path, X=X)
    >>> [text.get_text() for text in display.labels_[:3]]
    ['area', 'distance', 'age']
    """

    def __init__(
        self,
        *,
        alphas: ArrayLike,
        coefs: ArrayLike,
        scaled: bool = False,
        alpha: float | None = None,
        alpha_min: float | None = None,
        alpha_1se: float | None = None,
        feature_names: ArrayLike | None = None,
        class_name: str | None = None,
    ) -> None:
        self.alphas, self.coefs = as_floats(alphas, coefs)
        names = (
            [f"x{j}" for j in range(len(self.coefs))]
            if feature_names is None
            else feature_names
        )
        self.feature_names = np.asarray(names, dtype=object)
        self.alpha = alpha
        self.alpha_min = alpha_min
        self.alpha_1se = alpha_1se
        self.scaled = scaled
        self.class_name = class_name
        self._places: Any = np.arange(len(self.coefs))  # among the columns of X
        if self.coefs.shape != (len(self.feature_names), len(self.alphas)):
            raise ValueError(
                f"coefs must have shape (n_features, n_alphas) = "
                f"({len(self.feature_names)}, {len(self.alphas)}), "
                f"got {self.coefs.shape}."
            )

    def _facts(self) -> dict[str, str]:
        counts = np.count_nonzero(self.coefs, axis=0)
        facts = {} if self.class_name is None else {"class": self.class_name}
        facts["alphas"] = span(self.alphas)
        facts["nonzero"] = f"{counts[0]} to {counts[-1]}"
        return facts | marked(
            chosen=self.alpha, minimum=self.alpha_min, one_se=self.alpha_1se
        )

    @classmethod
    def from_path(
        cls,
        path: RegularizationPath,
        *,
        X: Any = None,
        target: int | str = 0,
        feature_names: ArrayLike | None = None,
        alpha: float | None = None,
        alpha_1se: float | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> RegularizationPathDisplay:
        """Draw the result of `lasso_path`, `enet_path`, `logistic_path` or `glm_path`.

        Columns whose coefficients are zero all along the path are left out.

        Parameters
        ----------
        path : RegularizationPath
            The path.
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features), \
                default=None
            When given, coefficients are drawn per standard deviation of its columns,
            so that columns in different units can be compared.
        target : int or str, default=0
            The class, of more than two, whose coefficients are drawn: its number in
            `path.classes_`, or its name.
        feature_names : array-like of shape (n_features,), default=None
            Names of the columns; None for those of the path.
        alpha, alpha_1se : float, default=None
            Alphas to mark.

        Raises
        ------
        ValueError
            When there is no such class, or X has other columns.
        """
        classes = getattr(path, "classes_", None)
        target = target_number(target, classes)
        p, rows = path.n_features_in_, path.sparse_coefs.tocsr()
        n_outputs = rows.shape[0] // p
        if not 0 <= target < n_outputs:
            raise ValueError(
                f"target={target} is not the number of a class: the path has "
                f"{n_outputs} rows of coefficients."
            )
        rows = rows[target * p : (target + 1) * p]
        used = np.unique(rows.nonzero()[0])
        coefs = rows[used].toarray()
        if X is not None:
            coefs = coefs * column_scales(X, path.n_features_in_)[used, None]
        if feature_names is None:
            feature_names = path.feature_names_in_
        display = cls(
            alphas=path.alphas,
            coefs=coefs,
            feature_names=(
                [f"x{j}" for j in used]
                if feature_names is None
                else np.asarray(feature_names, dtype=object)[used]
            ),
            alpha=alpha,
            alpha_1se=alpha_1se,
            scaled=X is not None,
            class_name=class_name(classes, target),
        )
        display._places = used
        return display.plot(ax=ax, **kwargs)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any = None,
        y: Any = None,
        *,
        sample_weight: Any = None,
        n_alphas: int = 100,
        target: int | str = 0,
        feature_names: ArrayLike | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> RegularizationPathDisplay:
        """Draw the path that an estimator lies on.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A Lasso, Elastic Net or Ridge of regkit or scikit-learn, a classifier or a
            regression of counts of regkit, fitted or not, or a cross-validated one;
            alone, at the end of a pipeline, or inside a fitted search. A fitted
            estimator with `coef_path_` needs no data; for others the path is computed
            from X and y with the estimator's parameters.
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features), \
                default=None
            Training rows. When given, coefficients are drawn per standard deviation
            of their columns.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Target, or several.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        n_alphas : int, default=100
            Length of a path that has to be computed.
        target : int or str, default=0
            The column of y, or of more than two classes the one, whose coefficients are
            drawn: its number, or its name.
        feature_names : array-like of shape (n_features,), default=None
            Names of the columns the final estimator sees; None for those it has seen.

        Raises
        ------
        TypeError
            For an estimator without a path.
        ValueError
            When X and y are needed and not given, or y has no such target.
        """
        source = path_of_estimator(estimator, X, y, sample_weight, n_alphas, target)
        coefs = source.coefs
        if source.X is not None:
            coefs = coefs * column_scales(source.X, len(coefs))[:, None]
        display = cls(
            alphas=source.alphas,
            coefs=coefs,
            feature_names=source.names if feature_names is None else feature_names,
            scaled=source.X is not None,
            class_name=source.class_name,
            **source.marks,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        x_axis: Literal["alpha", "l1_norm"] = "alpha",
        n_labels: int = 10,
        **kwargs: Any,
    ) -> Self:
        """Draw the picture.

        Parameters
        ----------
        x_axis : {"alpha", "l1_norm"}, default="alpha"
            Alpha on a logarithmic scale, or the sum of the absolute coefficients.
        n_labels : int, default=10
            How many lines to name at most: those with the largest coefficients at the
            chosen alpha, then those that are large over most of the path.
        **kwargs
            Passed on to matplotlib's `plot` for the named lines.
        """
        if x_axis not in ("alpha", "l1_norm"):
            raise ValueError(f"x_axis must be 'alpha' or 'l1_norm', got {x_axis!r}.")
        shown = self.alphas > 0 if x_axis == "alpha" else self.alphas >= 0
        if not shown.any():
            raise ValueError(
                "a logarithmic axis of alpha needs an alpha above 0, got "
                f"alphas={self.alphas.tolist()}; x_axis='l1_norm' shows all."
            )
        ax = begin(ax, type(self).__name__)
        alphas, coefs = self.alphas[shown], self.coefs[:, shown]
        x = alphas if x_axis == "alpha" else np.abs(coefs).sum(axis=0)

        ax.axhline(0, color="0.8", linewidth=0.8, zorder=0)
        named = self._rank(alphas, coefs)[:n_labels]
        self.other_lines_ = self._draw_others(ax, x, coefs, named)
        self.lines_ = self._draw_named(ax, x, coefs, named, kwargs)
        what = _SCALED if self.scaled else "coefficient"
        if self.class_name is not None:  # in two lines: one may not fit the axis
            what = f"{self.class_name}:\n{what}"
        ax.set_ylabel(what, parse_math=False)
        if x_axis == "alpha":
            show_alpha_axis(ax)
        else:
            ax.set_xlabel("L1 norm of the coefficients")
        fit_axis_labels(ax)
        ax.margins(x=0.02)
        if not named:
            ax.set_ylim(-1, 1)
            ax.text(0.5, 0.6, _EMPTY, transform=ax.transAxes, ha="center")
        show_powers_at_ticks(ax.yaxis)
        self.marks_ = self._mark_choice(ax, alphas, x)
        end = float(x[-1])
        self.labels_ = write_names(
            ax,
            end,
            [str(self.feature_names[j]) for j in named],
            [str(line.get_color()) for line in self.lines_],
        )
        self.top_axis_ = show_counts(ax, x, np.count_nonzero(coefs, axis=0))
        if x_axis == "alpha":
            show_plain_numbers(ax.xaxis)
        if self.marks_:
            add_legend_below(ax, list(dict.fromkeys(self.marks_.values())))
        heights = [float(coefs[j, -1]) for j in named]
        self.labels_ = place_names(ax, self.labels_, end, heights)
        return self._drawn_on(ax)

    def _draw_named(
        self, ax: Axes, x: Floats, coefs: Floats, named: list[int], given: Any
    ) -> list[Any]:
        """Draw lines that look the same wherever their columns are drawn."""
        # A single alpha makes no line.
        look = {"linewidth": 1.7} if x.size > 1 else {"marker": "o"}
        # By their places in X, not by importance: pictures rank columns differently.
        places = self._places[sorted(named)].tolist()
        looks = dict(zip(sorted(named), styles(places), strict=True))
        return [
            ax.plot(
                x,
                coefs[j],
                **{**look, **looks[j], **given},
                label=f"_{self.feature_names[j]}",  # named at its end, not in a legend
            )[0]
            for j in named
        ]

    def _mark_choice(self, ax: Axes, alphas: Floats, x: Floats) -> dict[str, Any]:
        """Draw vertical lines at the alphas that were found, as far as shown."""
        order = np.argsort(alphas)
        marks = {
            "chosen": self.alpha,
            "minimum": self.alpha_min,
            "1-SE": self.alpha_1se,
        }
        low, high = alphas.min() * (1 - 1e-9), alphas.max() * (1 + 1e-9)
        return mark_alphas(
            ax,
            {k: a if a and low <= a <= high else None for k, a in marks.items()},
            lambda alpha: float(np.interp(alpha, alphas[order], x[order])),
        )

    def _rank(self, alphas: Floats, coefs: Floats) -> list[int]:
        """Order the features that are ever nonzero by importance."""
        overall = np.abs(coefs).mean(axis=1)
        if self.alpha is None:
            chosen = np.zeros(len(coefs))
        else:
            chosen = np.abs(coefs[:, np.abs(alphas - self.alpha).argmin()])
        order = np.lexsort((-overall, -chosen))
        return [int(j) for j in order if overall[j] > 0]

    @staticmethod
    def _draw_others(ax: Axes, x: Floats, coefs: Floats, named: list[int]) -> Any:
        from matplotlib.collections import LineCollection

        others = np.setdiff1d(np.flatnonzero(coefs.any(axis=1)), named)
        if not others.size:
            return None
        lines = LineCollection(
            # Of a single alpha a line as short as its round ends: a dot.
            [
                np.column_stack([x, coefs[j]]).repeat(2 if x.size == 1 else 1, axis=0)
                for j in others
            ],
            colors=GRAY,
            linewidths=0.6 if x.size > 1 else 4,
            capstyle="round",
            alpha=min(1.0, max(0.25, 60 / others.size)),
            zorder=1,
        )
        return ax.add_collection(lines)
