"""Fitted models and paths for a reader: tables, sentences, pictures."""

from __future__ import annotations

from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from regkit._pandas import require_pandas
from regkit._text import align, count, shorten_all
from regkit._types import Floats
from regkit.rows.column_scales import column_scales

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_MOST_ROWS = 20
# Characters of a line of text, and of a name in it.
_WIDEST, _LONGEST = 80, 38


class CoefficientViews:
    """Coefficients with the names of their columns, for every fitted linear model."""

    def coef_frame(self, X: Any = None, *, zeros: bool = False) -> pd.DataFrame:
        """Return the coefficients as a data frame, by name.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features), \
                default=None
            When given, coefficients times the standard deviations of its columns are
            added: sizes that can be compared.
        zeros : bool, default=False
            Whether to list columns whose coefficients are zero, too.

        Returns
        -------
        frame : DataFrame of shape (n_kept, n_outputs) or (n_kept, 2 * n_outputs)
            Indexed by column, in the order of X, or with X the largest first. Columns
            are "coefficient" and "standardized", followed by a target or class where
            there are several. ``frame.attrs["intercept"]`` holds the intercepts.

        Raises
        ------
        ImportError
            Without pandas.
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self)
        require_pandas("coef_frame")
        import pandas as pd

        coefs, names = _coefs(self), _names(self)
        kept = np.arange(coefs.shape[1]) if zeros else np.flatnonzero(coefs.any(axis=0))
        scales = None if X is None else column_scales(X, coefs.shape[1])
        if scales is not None:
            sizes = np.abs(coefs * scales).max(axis=0)
            kept = kept[np.argsort(-sizes[kept], kind="stable")]
        columns: dict[str, Floats] = {}
        for label, row in zip(_outputs(self, len(coefs)), coefs, strict=True):
            columns[f"coefficient{label}"] = row[kept]
            if scales is not None:
                columns[f"standardized{label}"] = (row * scales)[kept]
        index = pd.Index([names[j] for j in kept], name="column")
        frame = pd.DataFrame(columns, index=index)
        frame.attrs["intercept"] = np.atleast_1d(self.intercept_).tolist()  # type: ignore[attr-defined]
        return frame

    def summary(self) -> str:
        """Say what was fitted: penalty, kept columns, exactness, coefficients.

        Returns
        -------
        text : str
            A few lines, and a table of at most 20 coefficients, or one for each few
            of many targets or classes: no line is longer than 80 characters.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self)
        coefs, names = _coefs(self), _names(self)
        kept = np.flatnonzero(coefs.any(axis=0))
        has = "has" if 1 in (kept.size, len(names)) else "have"
        lines = [
            f"{type(self).__name__}: {kept.size} of {count(len(names), 'column')} "
            f"{has} a coefficient",
            *_chosen(self),
            *_exactness(self),
        ]
        outputs = [text.strip("[]") for text in _outputs(self, len(coefs))]
        head = ["column", *(outputs if len(coefs) > 1 else ["coefficient"])]
        if len(coefs) > 1:
            whose = "class" if hasattr(self, "classes_") else "target"
            lines.append(f"coefficients of each {whose}:")
        order = kept[np.argsort(-np.abs(coefs[:, kept]).max(axis=0), kind="stable")]
        rows = [[names[j], *map(_number, coefs[:, j])] for j in order[:_MOST_ROWS]]
        rows.append(["intercept", *map(_number, np.atleast_1d(self.intercept_))])  # type: ignore[attr-defined]
        if order.size > _MOST_ROWS:
            rows.insert(
                -1, [f"and {order.size - _MOST_ROWS} smaller ones", *[""] * len(coefs)]
            )
        return "\n".join([*lines, "", *_narrow([head, *rows])])


class SelectionViews:
    """The picture of how alpha was chosen, for every cross-validated model."""

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> Any:
        """Draw the cross-validated error along alpha.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        **kwargs
            Passed on to `AlphaSelectionDisplay.from_estimator`.

        Returns
        -------
        display : AlphaSelectionDisplay
            Drawn.
        """
        check_is_fitted(self)
        display = _display("AlphaSelectionDisplay")
        return display.from_estimator(self, ax=ax, **kwargs)


class PathViews:
    """Tables and the picture of a regularization path."""

    __slots__ = ()

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> Any:
        """Draw the coefficients along alpha.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        **kwargs
            Passed on to `RegularizationPathDisplay.from_path`: `X` makes coefficients
            of columns in different units comparable.

        Returns
        -------
        display : RegularizationPathDisplay
            Drawn.
        """
        display = _display("RegularizationPathDisplay")
        return display.from_path(self, ax=ax, **kwargs)

    def to_frame(self) -> pd.DataFrame:
        """Return the coefficients along the path as a data frame.

        Returns
        -------
        frame : DataFrame of shape (n_alphas, 3 + n_used)
            Indexed by alpha: number of nonzero coefficients, explained deviance of the
            training rows, intercept, and the columns that have a coefficient somewhere.
            Of more than two classes each has its own, named "column[class]".

        Raises
        ------
        ImportError
            Without pandas.
        """
        require_pandas("to_frame")
        import pandas as pd

        path: Any = self
        intercepts = path.intercepts.reshape(len(path.alphas), -1)
        outputs, names = _outputs(path, intercepts.shape[1]), _names(path)
        used = np.flatnonzero(np.diff(path.sparse_coefs.tocsr().indptr))
        coefs = path.sparse_coefs.tocsr()[used].toarray()
        figures = np.vstack(
            [path.n_nonzero, path.explained_deviance, intercepts.T, coefs]
        )
        of_class, of_column = np.divmod(used, len(names))
        labels = ["n_nonzero", "explained_deviance"]
        labels += [f"intercept{output}" for output in outputs]
        labels += [
            f"{names[j]}{outputs[k]}" for k, j in zip(of_class, of_column, strict=True)
        ]
        frame = pd.DataFrame(
            figures.T, index=pd.Index(path.alphas, name="alpha"), columns=labels
        )
        frame.isetitem(0, path.n_nonzero)
        return frame

    def summary(self, X: Any = None, y: Any = None, *, n_rows: int = 12) -> str:
        """Tabulate the path: nonzero coefficients, explained share, alpha.

        ``print(path)`` does it for the training rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features), \
                default=None
            Rows, with `y`, for the share of the deviance that is explained: of the
            variance for numbers, of the log-loss for classes, of the family's deviance
            otherwise. Linear SVMs have none; the share of rows whose class is right
            stands in its place. Without X and y it is `explained_deviance`, that of the
            training rows (glmnet's %Dev), which linear SVMs have of their loss.
        y : array-like of shape (n_samples,), default=None
            Their target.
        n_rows : int, default=12
            Alphas shown, spread over the path.

        Returns
        -------
        text : str
            One line per alpha.

        Raises
        ------
        ValueError
            When one of X and y is missing, or X is not like that of the path.
        """
        if (X is None) != (y is None):
            raise ValueError("summary takes both X and y, or neither.")
        head, rows = _path_rows(self, X, y, n_rows)
        return "\n".join([_heading(self), "", *align([head, *rows])])

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        head, rows = _path_rows(self, None, None, 12)
        top = "".join(f"<th>{escape(text)}</th>" for text in head)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>"
            for row in rows
        )
        return (
            f"<p>{escape(_heading(self))}</p><table><thead><tr>{top}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )


def _display(name: str) -> Any:
    """Return a class of pictures.

    They are a layer above and need matplotlib, so that they are loaded by name, and
    only when one is drawn.
    """
    return getattr(import_module("regkit.inspection"), name)


def _heading(path: Any) -> str:
    return (
        f"{type(path).__name__}: {count(path.n_features_in_, 'column')}, "
        f"{count(len(path.alphas), 'alpha')} by {path.solver}"
    )


def _path_rows(
    path: Any, X: Any, y: Any, n_rows: int
) -> tuple[list[str], list[list[str]]]:
    n = len(path.alphas)
    shown = np.unique(np.linspace(0, n - 1, min(n, max(2, n_rows))).round().astype(int))
    name, shares = "explained", path.explained_deviance[shown]
    if X is not None:
        name, shares = path._explained(X, np.asarray(y), path.alphas[shown])
    rows = []
    for k, i in enumerate(shown):
        share = round(100 * float(shares[k]), 2) + 0.0  # no -0.00%
        count = str(int(np.max(path.n_nonzero[i])))
        rows.append([_number(path.alphas[i]), count, f"{share:.2f}%"])
    return ["alpha", "nonzero", name], rows


def _coefs(model: Any) -> Floats:
    return np.atleast_2d(np.asarray(model.coef_, dtype=np.float64))


def _names(model: Any) -> list[str]:
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return [f"x{j}" for j in range(model.n_features_in_)]
    return [str(name) for name in names]


def _outputs(model: Any, n_outputs: int) -> list[str]:
    """Label the outputs, of which a single one needs no label."""
    if n_outputs == 1:
        return [""]
    classes = getattr(model, "classes_", range(n_outputs))
    return [f"[{name}]" for name in classes]


def _chosen(model: Any) -> list[str]:
    """Say which penalty, and how a cross-validated model came to it."""
    alpha = getattr(model, "alpha_", getattr(model, "alpha", None))
    if alpha is None or np.ndim(alpha) > 0:
        return []
    lines, text = [], f"alpha {_number(alpha)}"
    l1_ratio = getattr(model, "l1_ratio_", getattr(model, "l1_ratio", None))
    if l1_ratio is not None and np.ndim(l1_ratio) == 0:
        text += f", l1_ratio {_number(l1_ratio)}"
    alphas = getattr(model, "alphas_", None)
    if alphas is not None:
        text += f", chosen among {np.shape(alphas)[-1]} by rule {model.rule!r}"
        if getattr(model, "at_grid_edge_", False):
            lines = ["the best alpha is at the end of the grid"]
    return [text, *lines]


def _exactness(model: Any) -> list[str]:
    gap = getattr(model, "dual_gap_", None)
    if gap is None or not hasattr(model, "solver_"):
        return []
    return [f"duality gap {float(np.max(gap)):.1e}, solver {model.solver_}"]


def _number(value: Any) -> str:
    return f"{float(value):.6g}"


def _narrow(rows: list[list[str]]) -> list[str]:
    """Align a table, in several where it is too wide for a screen."""
    names = shorten_all([row[0] for row in rows], _LONGEST)
    body = [shorten_all(rows[0][1:], _LONGEST), *(row[1:] for row in rows[1:])]
    rows = [[name, *cells] for name, cells in zip(names, body, strict=True)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines: list[str] = []
    start = 1
    while start < len(widths):
        stop, width = start, widths[0]
        while stop < len(widths):
            width += 2 + widths[stop]
            if stop > start and width > _WIDEST:
                break
            stop += 1
        lines += [""] * bool(lines)
        lines += align([[row[0], *row[start:stop]] for row in rows])
        start = stop
    return lines
