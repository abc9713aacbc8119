"""Where a path to be drawn comes from: a fitted estimator, or X and y."""

from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    Ridge,
    RidgeCV,
)
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from regkit._sklearn import feature_names
from regkit._types import Floats
from regkit.linear_model import (
    ElasticNetRegressor,
    ElasticNetRegressorCV,
    GeneralizedLinearRegressor,
    LassoRegressor,
    LassoRegressorCV,
    LinearSVMClassifier,
    LogisticClassifier,
    RidgeRegressor,
    RidgeRegressorCV,
    enet_path,
)
from regkit.linear_model._problem import FitRows
from regkit.linear_model.loss_path import path_of_model
from regkit.rows.column_scales import column_scales

_RIDGE = (RidgeRegressor, RidgeRegressorCV, Ridge, RidgeCV)
_LASSO = (
    LassoRegressor,
    LassoRegressorCV,
    Lasso,
    LassoCV,
    ElasticNetRegressor,
    ElasticNetRegressorCV,
    ElasticNet,
    ElasticNetCV,
)
_LOSSES = (LogisticClassifier, LinearSVMClassifier, GeneralizedLinearRegressor)
_SHARED = ("fit_intercept", "standardize", "positive", "bounds", "penalty_factor")
_MARKS = {"alpha": "alpha_", "alpha_min": "alpha_min_", "alpha_1se": "alpha_1se_"}


class PathSource(NamedTuple):
    """A path and what is known about it."""

    alphas: Floats
    """(n_alphas,), decreasing."""
    coefs: Floats
    """(n_features, n_alphas)."""
    names: NDArray[Any] | None
    """(n_features,)."""
    marks: dict[str, float | None]
    """Alphas to mark, as keywords of the display."""
    X: Any
    """The columns that the coefficients belong to, or None."""
    class_name: str | None
    """The class that they are for, of more than two."""


def class_name(classes: Any, target: int) -> str | None:
    """Name one of more than two classes."""
    return None if classes is None or len(classes) <= 2 else str(classes[target])


def path_of_estimator(
    estimator: Any, X: Any, y: Any, sample_weight: Any, n_alphas: int, target: int | str
) -> PathSource:
    """Take the path that a fitted estimator stores, or compute it from X and y.

    Of several targets or classes, the path is that of `target`.
    """
    estimator = getattr(estimator, "best_estimator_", estimator)
    names = None
    if isinstance(estimator, Pipeline):
        steps, estimator = estimator[:-1], estimator[-1]
        if len(steps) and X is not None:
            if not is_fitted(steps):
                steps = clone(steps).fit(X, y)
            X = steps.transform(X)
        if len(steps) and hasattr(steps, "get_feature_names_out"):
            names = _output_names(steps)
    if hasattr(estimator, "cv") and not is_fitted(estimator):
        _require_data(estimator, X, y)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        estimator = clone(estimator).fit(X, y, **weights)
    if isinstance(target, str):
        names_of_y = getattr(y, "columns", None)
        target = target_number(
            target, _classes(estimator, y) if names_of_y is None else names_of_y
        )
    marks = {
        name: _number(getattr(estimator, attribute, None), target)
        for name, attribute in _MARKS.items()
    }
    if names is None:
        names = getattr(estimator, "feature_names_in_", None)

    if hasattr(estimator, "coef_path_"):
        alphas, coefs = _stored(estimator, target)
    elif isinstance(estimator, _LOSSES):
        _require_data(estimator, X, y)
        if names is None:
            names = feature_names(X)
        marks["alpha"] = float(estimator.alpha)
        alphas, coefs = _loss_path(estimator, X, y, sample_weight, n_alphas, target)
    elif isinstance(estimator, _RIDGE + _LASSO):
        _require_data(estimator, X, y)
        if names is None:
            names = feature_names(X)
        if marks["alpha"] is None:
            marks["alpha"] = _number(getattr(estimator, "alpha", None), target)
        y = one_target(y, target)
        compute = _ridge_path if isinstance(estimator, _RIDGE) else _enet_path
        alphas, coefs = compute(
            estimator, X, y, sample_weight, n_alphas, marks["alpha"]
        )
    else:
        raise TypeError(
            "estimator must be a Lasso, Elastic Net or Ridge of regkit or "
            "scikit-learn, a LogisticClassifier, LinearSVMClassifier or "
            "GeneralizedLinearRegressor, or be fitted and have coef_path_ and alphas_; "
            f"got {estimator!r}."
        )
    classes = _classes(estimator, y)
    return PathSource(alphas, coefs, names, marks, X, class_name(classes, target))


def _classes(estimator: Any, y: Any) -> Any:
    classes = getattr(estimator, "classes_", None)
    if classes is None and isinstance(estimator, _LOSSES[:2]) and y is not None:
        return np.unique(y)
    return classes


def _stored(estimator: Any, target: int) -> tuple[Floats, Floats]:
    """Read `alphas_` and `coef_path_`, at the chosen l1_ratio where there are many.

    Of several classes, the coefficients are those of the class `target`.
    """
    alphas, coefs = np.asarray(estimator.alphas_), np.asarray(estimator.coef_path_)
    k = chosen_mix(estimator)
    if alphas.ndim == 2:
        alphas = alphas[k]
    if coefs.ndim == 3 and hasattr(estimator, "classes_"):
        if not 0 <= target < len(coefs):
            raise ValueError(
                f"target={target} is not the number of a class, of which "
                f"{type(estimator).__name__} has {len(coefs)}."
            )
        coefs = coefs[target]
    elif coefs.ndim == 3:
        coefs = coefs[k]
    if coefs.shape[1] != alphas.size:
        coefs = coefs.T
    order = np.argsort(-alphas)
    return alphas[order], coefs[:, order]


def chosen_mix(estimator: Any) -> int:
    """Give the index of the chosen l1_ratio in the list that was searched."""
    searched = np.atleast_1d(getattr(estimator, "l1_ratio", 1.0))
    chosen = getattr(estimator, "l1_ratio_", searched[0])
    return int(np.abs(searched - chosen).argmin())


def _enet_path(
    estimator: Any, X: Any, y: Any, weight: Any, n_alphas: int, chosen: float | None
) -> tuple[Floats, Floats]:
    parameters = estimator.get_params()
    options = {name: parameters[name] for name in _SHARED if name in parameters}
    options["sample_weight"] = weight
    options["l1_ratio"] = getattr(
        estimator, "l1_ratio_", parameters.get("l1_ratio", 1.0)
    )
    alphas = getattr(estimator, "alphas_", None)
    if alphas is not None:
        alphas = np.asarray(alphas)
        alphas = alphas[chosen_mix(estimator)] if alphas.ndim == 2 else alphas
    elif options["l1_ratio"] == 0:
        alphas = _ridge_alphas(X, n_alphas, chosen, options) / len(y)
    else:
        path = enet_path(X, y, n_alphas=n_alphas, **options)
        first, last = path.alphas[0], path.alphas[-1]
        if not chosen or last <= chosen <= first:
            return path.alphas, path.coefs
        alphas = np.geomspace(max(first, chosen), min(last, chosen), n_alphas)
    path = enet_path(X, y, alphas=alphas, **options)
    return path.alphas, path.coefs


def _loss_path(
    estimator: Any, X: Any, y: Any, weight: Any, n_alphas: int, target: int
) -> tuple[Floats, Floats]:
    """Compute the path that a classifier or a regression of counts lies on."""
    name, chosen = type(estimator).__name__, float(estimator.alpha)
    data = FitRows(X, y, weight)
    if estimator.l1_ratio > 0.0:
        path = path_of_model(name, estimator, data, None, n_alphas, 1e-3, target=target)
        first, last = path.alphas[0], path.alphas[-1]
        if not chosen or last <= chosen <= first:
            return path.alphas, _of_class(path, target)
        first, last = max(first, chosen), min(last, chosen)
    else:  # no alpha makes all coefficients zero
        first, last = 1e2 * (chosen or 1.0), 1e-2 * (chosen or 1.0)
    grid = np.geomspace(first, last, n_alphas)
    path = path_of_model(name, estimator, data, grid, n_alphas, 1e-3, target=target)
    return path.alphas, _of_class(path, target)


def _of_class(path: Any, target: int) -> Floats:
    coefs: Floats = path.coefs
    return coefs[target] if coefs.ndim == 3 else coefs


def _ridge_path(
    estimator: Any, X: Any, y: Any, weight: Any, n_alphas: int, chosen: float | None
) -> tuple[Floats, Floats]:
    parameters = estimator.get_params()
    options = {name: parameters[name] for name in _SHARED if name in parameters}
    alphas = getattr(estimator, "alphas_", None)
    if alphas is None:
        alphas = _ridge_alphas(X, n_alphas, chosen, options)
    # One target an alpha: the whole grid then shares a single decomposition.
    targets = np.repeat(np.asarray(y, dtype=np.float64)[:, None], len(alphas), axis=1)
    ridge = RidgeRegressor(alpha=alphas, **options).fit(X, targets, weight)
    return alphas, ridge.coef_.T


def _ridge_alphas(
    X: Any, n_alphas: int, chosen: float | None, options: dict[str, Any]
) -> Floats:
    """Lay a grid from where a column is shrunk to a hundredth to where it is free."""
    variances = column_scales(X, np.shape(X)[1]) ** 2
    size = 1.0 if options.get("standardize") else float(variances.mean()) or 1.0
    size *= np.shape(X)[0]
    first, last = 1e2 * size, 1e-4 * size
    if chosen:
        first, last = max(first, chosen), min(last, chosen)
    return np.geomspace(first, last, n_alphas)


def _require_data(estimator: Any, X: Any, y: Any) -> None:
    if X is None or y is None:
        raise ValueError(
            f"X and y are needed to compute the path of {type(estimator).__name__}, "
            "which does not store one: from_estimator(estimator, X, y)."
        )


def is_fitted(estimator: Any) -> bool:
    """Whether an estimator or a pipeline has been fitted."""
    with suppress(NotFittedError):
        check_is_fitted(estimator)
        return True
    return False


def _output_names(steps: Pipeline) -> NDArray[Any] | None:
    """Give the names of a pipeline's output, where its steps know them."""
    try:
        return np.asarray(steps.get_feature_names_out(), dtype=object)
    except (AttributeError, ValueError):
        return None


def target_number(target: int | str, names: Any) -> int:
    """Find a class, or a column of y, by its name; a number stays as it is."""
    if not isinstance(target, str):
        return target
    known = [] if names is None else [str(name) for name in names]
    if target not in known:
        have = ", ".join(map(repr, known)) or "no names here: pass a number"
        raise ValueError(f"target={target!r} is not one of the targets: {have}.")
    return known.index(target)


def one_target(y: Any, target: int) -> Any:
    """Take one column of y, where it has several; y as it is where it has one."""
    n_targets = np.shape(y)[1] if np.ndim(y) == 2 else 1
    if not 0 <= target < n_targets:
        raise ValueError(
            f"target={target} is not a column of y, which has {n_targets} of them."
        )
    return np.asarray(y)[:, target] if np.ndim(y) == 2 else y


def _number(value: Any, target: int) -> float | None:
    """Give one alpha: where each target has its own, that of `target`."""
    if value is None or np.ndim(value) == 0:
        return None if value is None else float(value)
    return float(value[target]) if target < len(value) else None
