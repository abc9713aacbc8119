"""Choose alpha by K-fold cross-validation, one path a fold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit.linear_model import RegularizationPath, RidgeRegressor, enet_path

_Floats = NDArray[np.float64]
_Rows = NDArray[np.intp]
Folds = Sequence[tuple[_Rows, _Rows]]
# (y of shape (n, 1), predictions of shape (n, K)) -> losses of shape (n, K)
Loss = Callable[[_Floats, _Floats], _Floats]

N_ALPHAS = 100


@dataclass(frozen=True)
class Tuned:
    """The penalty with the smallest cross-validated loss.

    ``alpha`` and ``l1_ratio`` are what the estimator takes; ``mix`` is the l1_ratio of
    the list, which refers to a target of unit standard deviation.
    """

    alpha: float
    loss: float
    l1_ratio: float | None = None
    mix: float | None = None


def tune_elastic_net(
    X: Any, y: _Floats, folds: Folds, loss: Loss, l1_ratios: Sequence[float]
) -> Tuned:
    """Tune alpha, and l1_ratio from a list.

    Like glmnet, the grid is laid out for y in units of its standard deviation s: the
    L1 penalty grows with the units of y and the L2 penalty does not, so for a price
    of 300,000 every mix of the list would be all L2. Converted back,

        alpha (a |b| + (1 - a)/2 b²)   for y/s   is
        alpha (s a |b| + (1 - a)/2 b²)   for y.

    The grid comes from all rows given; every fold solves it as one path. Columns are
    scaled inside the solver, so by the deviations of the fold's own training rows.
    """
    eps = 1e-4 if X.shape[0] > X.shape[1] else 1e-2  # as glmnet: p >= n overfits early
    scale = float(y.std())
    best = None
    for mix in l1_ratios:
        path = partial(enet_path, l1_ratio=mix, standardize=True)
        alphas = path(X, y / scale, n_alphas=N_ALPHAS, eps=eps).alphas

        def path_predictions(
            train: _Rows,
            test: _Rows,
            path: Callable[..., RegularizationPath] = path,
            alphas: _Floats = alphas,
        ) -> _Floats:
            fitted = path(X[train], y[train] / scale, alphas=alphas)
            return scale * fitted.predict(X[test])

        k, mean_loss = _best_alpha(alphas.size, y, folds, loss, path_predictions)
        if best is None or mean_loss < best.loss:
            l1, l2 = alphas[k] * mix * scale, alphas[k] * (1 - mix)
            best = Tuned(float(l1 + l2), mean_loss, float(l1 / (l1 + l2)), mix)
    assert best is not None
    return best


def tune_ridge(X: Any, y: _Floats, folds: Folds, loss: Loss) -> Tuned:
    """Tune alpha on scikit-learn's Ridge scale (penalty against a sum over rows)."""
    alphas = X.shape[0] * np.logspace(3, -6, N_ALPHAS)

    def grid_predictions(train: _Rows, test: _Rows) -> _Floats:
        # One target an alpha: the whole grid then shares a single decomposition.
        targets = np.repeat(y[train][:, None], alphas.size, axis=1)
        ridge = RidgeRegressor(alpha=alphas, standardize=True)
        return np.asarray(ridge.fit(X[train], targets).predict(X[test]))

    k, mean_loss = _best_alpha(alphas.size, y, folds, loss, grid_predictions)
    return Tuned(float(alphas[k]), mean_loss)


def _best_alpha(
    n_alphas: int,
    y: _Floats,
    folds: Folds,
    loss: Loss,
    predictions: Callable[[_Rows, _Rows], _Floats],
) -> tuple[int, float]:
    """Average the loss over all held-out rows; return the best index and its loss.

    Alphas decrease, and argmin returns the first of equals: a tie goes to the
    stronger penalty.
    """
    total = np.zeros(n_alphas)
    for train, test in folds:
        total += loss(y[test][:, None], predictions(train, test)).sum(axis=0)
    mean = total / sum(test.size for _, test in folds)
    k = int(np.argmin(mean))
    return k, float(mean[k])
