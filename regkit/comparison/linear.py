"""Choose each model's penalty by K-fold cross-validation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit.comparison.splits import Folds
from regkit.inspection._selection_source import selection_of_estimator
from regkit.inspection.selection_display import AlphaSelectionDisplay
from regkit.linear_model import (
    ElasticNetRegressorCV,
    RidgeRegressorCV,
)
from regkit.rows.column_scales import column_scales

_Floats = NDArray[np.float64]
_Rows = NDArray[np.intp]


class Path(NamedTuple):
    """Coefficients along alpha, of the columns that have any."""

    alphas: _Floats
    """(n_alphas,)"""
    used: _Rows
    """(n_used,), columns of X"""
    coefs: _Floats
    """(n_used, n_alphas), per standard deviation of the columns"""


@dataclass(frozen=True)
class Tuned:
    """The penalty with the smallest cross-validated loss.

    Without one, of least squares and plain networks, ``alpha`` is 0. ``alpha`` and
    ``l1_ratio`` are what the estimator takes; ``mix`` is the l1_ratio of
    the list, which refers to a target of unit standard deviation; ``dropout`` is the
    rate of a network. ``selection`` and ``path`` are for pictures.
    """

    alpha: float = 0.0
    loss: float | None = None
    loss_se: float | None = None
    l1_ratio: float = 1.0
    mix: float | None = None
    dropout: float = 0.0
    selection: AlphaSelectionDisplay | None = None
    path: Path | None = None


def tune_elastic_net(
    X: Any, y: _Floats, folds: Folds, scoring: str | None, l1_ratios: Sequence[float]
) -> Tuned:
    """Tune alpha, and l1_ratio from a list.

    Like glmnet, the grid is laid out for y in units of its standard deviation s: the
    L1 penalty grows with the units of y and the L2 penalty does not, so for a price
    of 300,000 every mix of the list would be all L2. Converted back,

        alpha (a |b| + (1 - a)/2 b²)   for y/s   is
        alpha (s a |b| + (1 - a)/2 b²)   for y.
    """
    scale = float(y.std())
    search = ElasticNetRegressorCV(
        l1_ratio=list(l1_ratios),
        # As glmnet: where p >= n, small alphas fit the noise.
        eps=1e-4 if X.shape[0] > X.shape[1] else 1e-2,
        cv=folds,
        scoring=scoring,
        standardize=True,
    )
    _fit_quietly(search, X, y / scale)
    mix = search.l1_ratio_
    unit = mix * scale + (1 - mix)  # of alpha
    error = scale**2 if scoring is None else scale
    selection = _selection(search, unit, error, scale)
    used = np.unique(search.path_.sparse_coefs.indices)
    coefs = search.path_.sparse_coefs.tocsr()[used].toarray()
    sizes = column_scales(X, X.shape[1])[used, None]
    return Tuned(
        alpha=float(search.alpha_ * unit),
        loss=float(selection.errors.min()),
        loss_se=_spread_at_best(selection),
        l1_ratio=float(mix * scale / unit),
        mix=mix,
        selection=selection,
        path=Path(search.path_.alphas * unit, used, coefs * sizes * scale),
    )


def tune_ridge(X: Any, y: _Floats, folds: Folds, scoring: str | None) -> Tuned:
    """Tune alpha on scikit-learn's Ridge scale (penalty against a sum over rows)."""
    search = RidgeRegressorCV(cv=folds, scoring=scoring, standardize=True)
    _fit_quietly(search, X, y)
    selection = _selection(search, 1.0, 1.0)
    return Tuned(
        float(search.alpha_),
        float(selection.errors.min()),
        _spread_at_best(selection),
        selection=selection,
    )


def tune_by_twin(search: Any, X: Any, y: Any) -> Tuned:
    """Tune a model of classes or counts by its own cross-validated twin."""
    _fit_quietly(search, X, y)
    selection = _selection(search, 1.0, 1.0)
    scores = selection.greater_is_better  # accuracy, whose loss is 1 - accuracy
    return Tuned(
        alpha=float(search.alpha_),
        loss=float(1 - selection.errors.max() if scores else selection.errors.min()),
        loss_se=_spread_at_best(selection),
        l1_ratio=float(search.l1_ratio_),
        mix=float(search.l1_ratio_),
        selection=selection,
    )


def _spread_at_best(selection: AlphaSelectionDisplay) -> float | None:
    """Give the standard error of the least cross-validated loss."""
    if selection.standard_errors is None:
        return None
    errors = selection.errors
    best = errors.argmax() if selection.greater_is_better else errors.argmin()
    return float(selection.standard_errors[best])


def _selection(
    search: Any, alpha: float, error: float, scale: float = 1.0
) -> AlphaSelectionDisplay:
    """Keep the error along alpha for a picture, both in units of their own."""
    found = selection_of_estimator(search, 0)
    spread = found.standard_errors
    one_se, mix = found.alpha_1se, found.l1_ratio
    return AlphaSelectionDisplay(
        alphas=found.alphas * alpha,
        errors=found.errors * error,
        standard_errors=None if spread is None else spread * error,
        alpha_min=None if found.alpha_min is None else found.alpha_min * alpha,
        alpha_1se=None if one_se is None else one_se * alpha,
        n_nonzero=found.n_nonzero,
        metric=found.metric,
        greater_is_better=found.greater_is_better,
        # Of y, where the search was given y in units of its standard deviation.
        l1_ratio=None if mix is None else mix * scale / (mix * scale + 1 - mix),
    )


def as_root(selection: AlphaSelectionDisplay, short: str) -> AlphaSelectionDisplay:
    """Turn mean squared errors into their roots, which have the unit of the target."""
    errors, spread = np.sqrt(selection.errors), selection.standard_errors
    return AlphaSelectionDisplay(
        alphas=selection.alphas,
        errors=errors,
        standard_errors=None if spread is None else spread / (2 * errors),
        alpha_min=selection.alpha_min,
        alpha_1se=selection.alpha_1se,
        n_nonzero=selection.n_nonzero,
        metric=f"held-out {short}",
        l1_ratio=selection.l1_ratio,
    )


def _fit_quietly(search: Any, X: Any, y: _Floats) -> None:
    """Fit without advice on the grid, which is not the reader's to extend."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*extend the grid", UserWarning)
        search.fit(X, y)
