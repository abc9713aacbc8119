"""Choose each model's penalty by K-fold cross-validation."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit.linear_model import (
    ElasticNetRegressorCV,
    LassoRegressorCV,
    RidgeRegressorCV,
)

_Floats = NDArray[np.float64]
_Rows = NDArray[np.intp]
Folds = Sequence[tuple[_Rows, _Rows]]

# What a metric is to a cross-validated estimator; None is the squared error.
_SCORING = {"rmse": None, "mae": "neg_mean_absolute_error"}


@dataclass(frozen=True)
class Tuned:
    """The penalty with the smallest cross-validated loss.

    Without one, of least squares and plain networks, ``alpha`` is 0. ``alpha`` and
    ``l1_ratio`` are what the estimator takes; ``mix`` is the l1_ratio of
    the list, which refers to a target of unit standard deviation; ``dropout`` is the
    rate of a network.
    """

    alpha: float = 0.0
    loss: float | None = None
    l1_ratio: float = 1.0
    mix: float | None = None
    dropout: float = 0.0


def tune_elastic_net(
    X: Any, y: _Floats, folds: Folds, metric: str, l1_ratios: Sequence[float]
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
        scoring=_SCORING[metric],
        standardize=True,
        refit=False,
    )
    _fit_quietly(search, X, y / scale)
    alpha, mix = search.alpha_, search.l1_ratio_
    l1, l2 = alpha * mix * scale, alpha * (1 - mix)
    loss = search.cv_error_.min() * (scale if metric == "mae" else scale**2)
    return Tuned(float(l1 + l2), float(loss), float(l1 / (l1 + l2)), mix)


def tune_ridge(X: Any, y: _Floats, folds: Folds, metric: str) -> Tuned:
    """Tune alpha on scikit-learn's Ridge scale (penalty against a sum over rows)."""
    search = RidgeRegressorCV(cv=folds, scoring=_SCORING[metric], standardize=True)
    _fit_quietly(search, X, y)
    return Tuned(float(search.alpha_), float(search.cv_error_.min()))


def compile_solvers(X: Any, y: _Floats, folds: Folds) -> None:
    """Solve for a few alphas, by the same routes as for many."""
    _fit_quietly(LassoRegressorCV(alphas=3, eps=0.1, cv=folds, standardize=True), X, y)
    _fit_quietly(RidgeRegressorCV(alphas=3, cv=folds, standardize=True), X, y)


def _fit_quietly(search: Any, X: Any, y: _Floats) -> None:
    """Fit without advice on the grid, which is not the reader's to extend."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*extend the grid", UserWarning)
        search.fit(X, y)
