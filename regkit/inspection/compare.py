"""Compare regularizers on one table: what each penalty does to the error."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import KFold, train_test_split

from regkit.inspection._data import load_rows
from regkit.inspection._networks import ALPHAS, RATES, make_network, tune_network
from regkit.inspection._tuning import (
    Folds,
    Tuned,
    compile_solvers,
    tune_elastic_net,
    tune_ridge,
)
from regkit.inspection.comparison import Metric, ModelResult, RegularizerComparison
from regkit.inspection.path_display import RegularizationPathDisplay
from regkit.linear_model import (
    ElasticNetRegressor,
    LassoRegressor,
    RidgeRegressor,
)
from regkit.tables import TableEncoder

_Floats = NDArray[np.float64]


def compare_regularizers(
    X: Any,
    y: ArrayLike | str,
    *,
    encoder: TableEncoder | None = None,
    test_size: float = 0.25,
    n_folds: int = 5,
    metric: Metric = "rmse",
    l1_ratios: Sequence[float] = (0.1, 0.3, 0.5, 0.7, 0.9),
    networks: bool = True,
    random_state: int | None = 0,
    feature_names: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> RegularizerComparison:
    """Tune linear models and networks with each regularizer, and compare their errors.

    Least squares, Ridge, Lasso and Elastic Net; a network (MLP) without regularization,
    with dropout, and with dropout and an L2 penalty. The rows are split once into a
    training and a test part. Inside the training part, K-fold cross-validation chooses
    alpha, l1_ratio and the dropout rate; columns are scaled by each fold's own training
    rows, so nothing of a held-out row enters its prediction. Each model is then fitted
    on all training rows and judged on the test rows.

    The networks are small (two hidden layers of 64 units) and trained for a number of
    epochs that suits a comparison of seconds: 200 for some hundred rows, fewer the more
    rows and columns there are. From 5,000 training rows on, they are tuned on three of
    the folds. `DropoutMLPRegressor` by its own defaults is more accurate.

    Parameters
    ----------
    X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
        A data frame is read and encoded by `TableEncoder`: numbers, text, dates and
        missing values. An array or a sparse matrix of numbers is taken as it is.
    y : str or array-like of shape (n_samples,)
        Target: the name of a column of the data frame, whose rows with missing values
        are left out, or numbers.
    encoder : TableEncoder, default=None
        How to read the columns of a data frame; None for ``TableEncoder()``. Columns
        are read in the whole table; medians and levels are learned from the training
        rows.
    test_size : float, default=0.25
        Share of the rows kept for the test, in (0, 1).
    n_folds : int, default=5
        Folds of the cross-validation, at least 2.
    metric : {"rmse", "mae"}, default="rmse"
        Root mean squared or mean absolute error; alpha is tuned for the same error.
    l1_ratios : sequence of float, default=(0.1, 0.3, 0.5, 0.7, 0.9)
        Mixes that Elastic Net chooses from, each in (0, 1]. They refer to a target of
        unit standard deviation, as glmnet's, so that the choice does not depend on the
        units of y; `alpha` and `l1_ratio` of the result are converted to y's units.
    networks : bool, default=True
        Whether to compare networks too.
    random_state : int or None, default=0
        Seed of the split, of the folds and of the networks.
    feature_names : sequence of str of length n_features, default=None
        Names of the columns of an array for pictures; None for x0, x1, ….
    progress : callable, default=None
        Called with one line of text before each step: "compiling", then the name of
        each model with its number, such as "Lasso (3 of 7)".

    Returns
    -------
    comparison : RegularizerComparison
        Prints as a table; ``comparison.best_``, ``comparison["Lasso"]``,
        ``comparison.summary()``, ``comparison.to_frame()``, ``comparison.plot()``,
        ``comparison.to_html()``.

    Raises
    ------
    ValueError
        For too few rows, a constant target, missing values or a parameter outside
        the range given above.

    Examples
    --------
    >>> from regkit import compare_regularizers, make_house_prices
    >>> houses = make_house_prices(120, n_irrelevant=60)
    >>> comparison = compare_regularizers(houses.data, houses.target)
    >>> bool(comparison["Lasso"].test_error < comparison["Least squares"].test_error)
    True
    """
    rows = load_rows(X, y, encoder, feature_names)
    target = rows.y
    _check_parameters(target, test_size, n_folds, metric, l1_ratios, random_state)
    train, test = train_test_split(
        np.arange(target.size), test_size=test_size, random_state=random_state
    )
    X_train, X_test, names, fitted = rows.split(train, test)
    y_train, y_test = target[train], target[test]
    if np.ptp(y_train) == 0:
        raise ValueError(
            f"y is {y_train[0]:g} in every training row: there is nothing to predict"
        )
    splitter = KFold(n_folds, shuffle=True, random_state=random_state)
    folds = list(splitter.split(X_train))
    loss = _LOSSES[metric]

    # Numba compiles on the first call of a process: not part of any model's time.
    if progress is not None:
        progress("compiling")
    compile_solvers(X_train, y_train, folds)
    if networks:
        make_network(X_train.shape, random_state).fit(X_train[:20], y_train[:20])

    data = _Split(X_train, X_test, y_train, y_test, metric, names)
    center = np.mean(y_train) if metric == "rmse" else np.median(y_train)
    mean_loss = loss(y_test, np.full(y_test.shape, center)).mean()
    models = _linear_models(l1_ratios)
    if networks:
        models |= _network_models(random_state)
    results = []
    for k, (name, model) in enumerate(models.items(), start=1):
        if progress is not None:
            progress(f"{name} ({k} of {len(models)})")
        tune = partial(model.tune, X_train, y_train, folds, metric)
        results.append(_fit_and_judge(name, data, tune, model.make))
    return RegularizerComparison(
        results=tuple(results),
        metric=metric,
        n_train=y_train.size,
        n_test=y_test.size,
        n_features=X_train.shape[1],
        n_folds=n_folds,
        mean_error=_error(metric, mean_loss),
        encoder=fitted,
    )


_LOSSES: dict[str, Callable[[_Floats, _Floats], _Floats]] = {
    "rmse": lambda y, prediction: (y - prediction) ** 2,
    "mae": lambda y, prediction: np.abs(y - prediction),
}


def _error(metric: Metric, mean_loss: Any) -> float:
    return float(np.sqrt(mean_loss)) if metric == "rmse" else float(mean_loss)


class _Model(NamedTuple):
    """How a model is tuned, and made from what was found for so many rows."""

    tune: Callable[[Any, _Floats, Folds, Metric], Tuned]
    make: Callable[[Tuned, tuple[int, int]], Any]


def _linear_models(l1_ratios: Sequence[float]) -> dict[str, _Model]:
    return {
        "Least squares": _Model(
            lambda X, y, folds, metric: Tuned(),
            lambda tuned, shape: RidgeRegressor(alpha=0.0, standardize=True),
        ),
        "Ridge": _Model(
            tune_ridge,
            lambda tuned, shape: RidgeRegressor(alpha=tuned.alpha, standardize=True),
        ),
        "Lasso": _Model(
            partial(tune_elastic_net, l1_ratios=(1.0,)),
            lambda tuned, shape: LassoRegressor(alpha=tuned.alpha, standardize=True),
        ),
        "Elastic Net": _Model(
            partial(tune_elastic_net, l1_ratios=l1_ratios),
            lambda tuned, shape: ElasticNetRegressor(
                alpha=tuned.alpha, l1_ratio=tuned.l1_ratio, standardize=True
            ),
        ),
    }


def _network_models(random_state: int | None) -> dict[str, _Model]:
    tune = partial(tune_network, random_state=random_state)

    def make(tuned: Tuned, shape: tuple[int, int]) -> Any:
        return make_network(shape, random_state, tuned.dropout, tuned.alpha)

    return {
        "MLP": _Model(partial(tune, grid={"dropout": (0.0,)}), make),
        "MLP, dropout": _Model(partial(tune, grid={"dropout": RATES}), make),
        "MLP, dropout + L2": _Model(
            partial(tune, grid={"dropout": RATES, "alpha": ALPHAS}), make
        ),
    }


@dataclass(frozen=True)
class _Split:
    X_train: Any
    X_test: Any
    y_train: _Floats
    y_test: _Floats
    metric: Metric
    names: list[str] | None


def _fit_and_judge(
    name: str,
    data: _Split,
    tune: Callable[[], Tuned],
    make: Callable[[Tuned, tuple[int, int]], Any],
) -> ModelResult:
    started = perf_counter()
    tuned = tune()
    estimator = make(tuned, data.X_train.shape)
    with warnings.catch_warnings():
        if name == "Least squares":
            # With dependent columns least squares has many solutions; the shortest
            # one is as good as any for a comparison of predictions.
            warnings.filterwarnings("ignore", ".*not unique", UserWarning)
        estimator.fit(data.X_train, data.y_train)
    seconds = perf_counter() - started

    loss = _LOSSES[data.metric]
    train_losses = loss(data.y_train, estimator.predict(data.X_train))
    test_losses = loss(data.y_test, estimator.predict(data.X_test))
    test_error = _error(data.metric, test_losses.mean())
    spread = float(test_losses.std(ddof=1)) / np.sqrt(test_losses.size)
    if data.metric == "rmse" and test_error > 0:
        spread /= 2 * test_error  # the derivative of the root
    mix = tuned.mix if name == "Elastic Net" else None
    return ModelResult(
        name=name if mix is None else f"{name} ({mix:.3g} L1)",
        train_error=_error(data.metric, train_losses.mean()),
        test_error=test_error,
        test_error_se=float(spread),
        cv_error=None if tuned.loss is None else _error(data.metric, tuned.loss),
        n_nonzero=_n_nonzero(estimator),
        alpha=tuned.alpha or None,
        l1_ratio=None if tuned.mix is None else tuned.l1_ratio,
        dropout=tuned.dropout or None,
        seconds=seconds,
        estimator=estimator,
        test_losses=test_losses,
        selection=tuned.selection,
        path=None if tuned.path is None else _path(tuned, data.names),
    )


def _path(tuned: Tuned, names: list[str] | None) -> RegularizationPathDisplay:
    assert tuned.path is not None
    assert tuned.selection is not None
    alphas, used, coefs = tuned.path
    return RegularizationPathDisplay(
        alphas=alphas,
        coefs=coefs,
        feature_names=[f"x{j}" if names is None else names[j] for j in used],
        alpha=tuned.alpha,
        alpha_1se=tuned.selection.alpha_1se,
        scaled=True,
    )


def _n_nonzero(estimator: Any) -> int:
    if hasattr(estimator, "coefs_"):
        return sum(int(np.count_nonzero(weights)) for weights in estimator.coefs_)
    return int(np.count_nonzero(estimator.coef_))


def _check_parameters(
    y: _Floats,
    test_size: float,
    n_folds: int,
    metric: str,
    l1_ratios: Sequence[float],
    random_state: int | None,
) -> None:
    if not 0 < test_size < 1:
        raise ValueError(f"test_size must lie strictly in (0, 1), got {test_size}")
    if n_folds < 2:
        raise ValueError(f"n_folds must be at least 2, got {n_folds}")
    if metric not in _LOSSES:
        raise ValueError(f"metric must be one of {', '.join(_LOSSES)}, got {metric!r}")
    if not l1_ratios or not all(0 < ratio <= 1 for ratio in l1_ratios):
        raise ValueError(
            f"l1_ratios must hold numbers in (0, 1], got {tuple(l1_ratios)}"
        )
    if random_state is not None and random_state < 0:
        raise ValueError(f"random_state must not be negative, got {random_state}")
    n_test = int(np.ceil(test_size * y.size))
    if n_test < 2 or y.size - n_test < 2 * n_folds:
        raise ValueError(
            f"{y.size} rows are too few for {n_folds} folds and a test part of "
            f"{test_size:.0%}: at least 2 test rows and {2 * n_folds} training rows "
            "(2 a fold) are needed"
        )
    if np.ptp(y) == 0:
        raise ValueError(f"y is {y[0]:g} in every row: there is nothing to predict")
