"""Choose a network's dropout rate and weight penalty by cross-validation."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from joblib import parallel_config
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from regkit.comparison.linear import Tuned
from regkit.comparison.splits import Folds
from regkit.neural_network import DropoutMLPClassifier, DropoutMLPRegressor

_Floats = NDArray[np.float64]

_SCORING = {
    "rmse": "neg_mean_squared_error",
    "mae": "neg_mean_absolute_error",
    "log_loss": "neg_log_loss",
    "error_rate": "accuracy",
}
RATES = (0.1, 0.25, 0.5)
ALPHAS = (0.3, 1.0, 3.0)
_HIDDEN = (64, 64)
# Multiplications of rows by weights that one training may do, for a comparison that
# takes seconds: 300,000 rows visited where there are 64 columns.
_BUDGET = 300_000 * (64 * 64 + 64 * 64 + 64)
# From so many rows on, three folds tell candidates apart as well as all do.
_MANY_ROWS = 5_000


def make_network(
    shape: tuple[int, int],
    random_state: int | None,
    dropout: float = 0.0,
    alpha: float = 0.0,
    classify: bool = False,
) -> Any:
    """Return a network that nothing but dropout and the L2 penalty regularizes.

    It is smaller than the estimator's default and trained for a fixed number of epochs
    on all rows, so that an unregularized one shows what overfitting is.
    """
    n_samples, n_features = shape
    first, second = _HIDDEN
    weights = n_features * first + first * second + second
    kind = DropoutMLPClassifier if classify else DropoutMLPRegressor
    return kind(
        hidden_layer_sizes=_HIDDEN,
        embedding=None,
        activation="relu",
        dropout=dropout,
        alpha=alpha,
        n_members=1,
        early_stopping=False,
        learning_rate="cosine",
        max_iter=int(np.clip(_BUDGET / (n_samples * weights), 5, 200)),
        random_state=random_state,
    )


def n_network_folds(n_samples: int, n_folds: int) -> int:
    """Give how many of the folds networks are tuned on."""
    return min(3, n_folds) if n_samples >= _MANY_ROWS else n_folds


def tune_network(
    X: Any,
    y: _Floats,
    folds: Folds,
    metric: str,
    random_state: int | None,
    grid: dict[str, tuple[float, ...]],
    classify: bool = False,
) -> Tuned:
    """Tune what ``grid`` lists among dropout and alpha."""
    folds = folds[: n_network_folds(X.shape[0], len(folds))]
    search = GridSearchCV(
        make_network(X.shape, random_state, classify=classify),
        {name: list(values) for name, values in grid.items()},
        cv=folds,
        scoring=_SCORING[metric],
        refit=False,
    )
    # Threads: training releases the GIL, and processes would have to start first.
    with warnings.catch_warnings(), parallel_config("threading", n_jobs=-1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        search.fit(X, y)
    found = search.best_params_
    best = float(search.best_score_)
    return Tuned(
        alpha=float(found.get("alpha", 0.0)),
        loss=1 - best if metric == "error_rate" else -best,
        dropout=float(found.get("dropout", 0.0)),
    )
