"""The fits that `benchmarks.identical` compares: all estimators, forms and options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse as sp

import regkit

Case = tuple[str, Callable[[], dict[str, Any]]]

# What a parameter is called in other versions.
_ALIASES = {"selection": "rule"}
# Results read from a fitted estimator, where it has them, and the axis of the alphas.
_ATTRIBUTES: dict[str, int | None] = {
    "coef_": None,
    "intercept_": None,
    "n_iter_": None,
    "dual_gap_": None,
    "solver_": None,
    "alpha_": None,
    "alpha_min_": None,
    "alpha_1se_": None,
    "l1_ratio_": None,
    "at_grid_edge_": None,
    "best_score_": None,
    "alphas_": -1,
    "mse_path_": None,
    "cv_error_": None,
    "cv_error_se_": None,
    "criterion_": None,
    "coef_path_": -1,
    "fold_coef_path_": -1,
    "cv_results_": -1,
}
_RIDGE_AXES = {"mse_path_": 0, "cv_error_": 0, "cv_error_se_": 0}


# ---------------------------------------------------------------- data


@dataclass(frozen=True)
class Data:
    """One problem: its rows, weights and targets."""

    X: Any
    y: Any
    weights: Any
    Y: Any
    """Two targets."""


def _make(n: int, p: int, seed: int, sparse: bool = False) -> Data:
    rng = np.random.default_rng(seed)
    if sparse:
        X = sp.random_array((n, p), density=0.1, format="csr", rng=rng)
        dense = X.toarray()
    else:
        shared = rng.standard_normal((n, 1))
        X = dense = 0.6 * rng.standard_normal((n, p)) + 0.4 * shared + 0.2
        dense[:, 0] *= 50.0
    coef = np.zeros(p)
    coef[: min(p, 7)] = rng.standard_normal(min(p, 7)) * 2.0
    coef[0] /= 20.0
    noise = rng.standard_normal((n, 2))
    y = dense @ coef + 3.0 + 0.5 * noise[:, 0]
    other = dense @ coef[::-1] - 1.0 + noise[:, 1]
    return Data(X, y, rng.uniform(0.2, 2.0, n), np.column_stack((y, other)))


_STORAGE: dict[str, Callable[[Any], Any]] = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "C32": lambda X: np.ascontiguousarray(X, dtype=np.float32),
    "F32": lambda X: np.asfortranarray(X, dtype=np.float32),
    "csr": sp.csr_array,
    "csc": sp.csc_array,
    "csc32": lambda X: sp.csc_array(X).astype(np.float32),
}
_DENSE = {
    "tall": _make(240, 20, 0),
    "wide": _make(40, 110, 1),
    "square": _make(90, 90, 2),
}
_SPARSE = {"sparse": _make(150, 60, 3, sparse=True)}


def _stored() -> Iterator[tuple[str, Data, str]]:
    for name, data in _DENSE.items():
        for storage in ("C", "F", "C32", "csc"):
            yield name, _with_X(data, storage), f"{name}-{storage}"
    for name, data in _SPARSE.items():
        for storage in ("csr", "csc", "csc32", "C"):
            yield name, _with_X(data, storage), f"{name}-{storage}"


def _with_X(data: Data, storage: str) -> Data:
    X = data.X.toarray() if storage in ("C", "F") and sp.issparse(data.X) else data.X
    return Data(_STORAGE[storage](X), data.y, data.weights, data.Y)


def _options(p: int) -> dict[str, dict[str, Any]]:
    factor = np.linspace(0.3, 2.0, p)
    free = np.where(np.arange(p) < 2, 0.0, 1.0)
    free[-1] = np.inf
    return {
        "plain": {},
        "standardized": {"standardize": True},
        "through_0": {"fit_intercept": False},
        "positive": {"positive": True},
        "bounds": {"bounds": (-0.3, np.linspace(0.05, 1.0, p))},
        "factor": {"penalty_factor": factor, "standardize": True},
        "unpenalized": {"penalty_factor": free},
    }


# ---------------------------------------------------------------- reading results


def _build(kind: str, **parameters: Any) -> Any:
    """Make an estimator, its parameters called as this version calls them."""
    cls = getattr(regkit, kind)
    known = inspect.signature(cls).parameters
    return cls(
        **{
            name if name in known else _ALIASES[name]: value
            for name, value in parameters.items()
        }
    )


def _names(solver: str) -> str:
    """Give the names of solvers in one order, whatever separates them."""
    return " ".join(sorted(set(solver.replace("+", " ").replace(",", " ").split())))


def _read(model: Any) -> dict[str, Any]:
    found = {name: getattr(model, name) for name in _ATTRIBUTES if hasattr(model, name)}
    is_ridge = "RidgeRegressorCV" in type(model).__name__
    if "alphas_" in found and np.ndim(found["alphas_"]) == 1:
        order = np.argsort(-found["alphas_"], kind="stable")
        axes = _ATTRIBUTES | (_RIDGE_AXES if is_ridge else {})
        for name, axis in axes.items():
            if axis is not None and name in found:
                found[name] = np.take(found[name], order, axis)
    if "solver_" in found:
        found["solver_"] = _names(found["solver_"])
    return found


def _fit(kind: str, X: Any, y: Any, weights: Any = None, **parameters: Any) -> Any:
    def run() -> dict[str, Any]:
        model = _build(kind, **parameters)
        return _read(model.fit(X, y, sample_weight=weights))

    return run


def _path(kind: str, X: Any, y: Any, weights: Any = None, **parameters: Any) -> Any:
    def run() -> dict[str, Any]:
        path = getattr(regkit, kind)(X, y, sample_weight=weights, **parameters)
        names = ("alphas", "coefs", "intercepts", "dual_gaps", "n_nonzero", "n_iters")
        return {name: getattr(path, name) for name in names} | {
            "solver_": _names(path.solver)
        }

    return run


# ---------------------------------------------------------------- cases


def _single_fits() -> Iterator[Case]:
    kinds = {
        "LassoRegressor": {"alpha": 0.08},
        "ElasticNetRegressor": {"alpha": 0.08, "l1_ratio": 0.6},
        "RidgeRegressor": {"alpha": 3.0},
    }
    for (name, data, label), (kind, base) in product(_stored(), kinds.items()):
        p = data.X.shape[1]
        for k, (option, given) in enumerate(_options(p).items()):
            if name == "wide" and option == "unpenalized" and kind == "RidgeRegressor":
                given = given | {"solver": "auto"}
            weights = data.weights if k % 2 else None
            yield (
                f"{kind} {label} {option}",
                _fit(kind, data.X, data.y, weights, **(base | given)),
            )
        yield f"{kind} {label} targets", _fit(kind, data.X, data.Y, **base)
    for name, data in _DENSE.items():
        for kind, solver in product(
            ("LassoRegressor", "ElasticNetRegressor"),
            ("active_set", "coordinate_descent"),
        ):
            case = _fit(kind, data.X, data.y, alpha=0.2, solver=solver)
            yield f"{kind} {name} {solver}", case
        for solver in ("cholesky", "svd", "conjugate_gradient"):
            case = _fit("RidgeRegressor", data.X, data.Y, data.weights, solver=solver)
            yield f"RidgeRegressor {name} {solver}", case
        yield f"least squares {name}", _fit("LassoRegressor", data.X, data.y, alpha=0.0)


def _paths() -> Iterator[Case]:
    for _, data, label in _stored():
        for k, (option, given) in enumerate(_options(data.X.shape[1]).items()):
            if label.endswith(("C32", "csc32")) and k % 3:
                continue
            weights = data.weights if k % 2 == 0 else None
            case = _path("lasso_path", data.X, data.y, weights, n_alphas=25, **given)
            yield f"lasso_path {label} {option}", case
        case = _path("enet_path", data.X, data.y, l1_ratio=0.3, n_alphas=20)
        yield f"enet_path {label}", case
        given = {"solver": "coordinate_descent", "n_alphas": 10, "eps": 0.05}
        yield f"descent {label}", _path("lasso_path", data.X, data.y, **given)
    data = _DENSE["wide"]
    case = _path("lasso_path", data.X, data.y, max_nonzero=8)
    yield "lasso_path max_nonzero", case
    case = _path("enet_path", data.X, data.y, l1_ratio=0.0, alphas=[1.0, 0.1, 0.0])
    yield "enet_path ridge", case
    case = _path("lasso_path", data.X, data.y, max_iter=1, tol=1e-14)
    yield "lasso_path unconverged", case


def _many_alphas() -> Iterator[Case]:
    def run(kind: str, data: Data, y: Any, given: dict[str, Any]) -> dict[str, Any]:
        models = list(_build(kind, **given).fit_path(data.X, y, [0.05, 2.0, 0.4]))
        read = [_read(model) for model in models]
        return {f"{k} {name}": v for k, r in enumerate(read) for name, v in r.items()}

    kinds = ("LassoRegressor", "ElasticNetRegressor", "RidgeRegressor")
    for kind, (_, data, label) in product(kinds, _stored()):
        for name, y in (("one", data.y), ("two", data.Y)):
            yield (
                f"fit_path {kind} {label} {name}",
                lambda k=kind, d=data, y=y: run(k, d, y, {"standardize": True}),
            )


def _cross_validation() -> Iterator[Case]:
    kinds: dict[str, dict[str, Any]] = {
        "LassoRegressorCV": {},
        "ElasticNetRegressorCV": {"l1_ratio": [0.4, 0.9]},
    }
    for (kind, base), (_, data, label) in product(kinds.items(), _stored()):
        options = _options(data.X.shape[1]) | {
            "1se": {"selection": "1se", "store_fold_coefs": True},
            "bic": {"criterion": "bic"},
            "relaxed": {"relaxed": 0.3, "cv": 3},
            "scored": {"scoring": "neg_mean_absolute_error"},
        }
        for k, (option, given) in enumerate(options.items()):
            if (k + len(label)) % 2 and option not in ("plain", "1se"):
                continue
            weights = data.weights if k % 3 == 1 else None
            case = _fit(
                kind, data.X, data.y, weights, **({"alphas": 15} | base | given)
            )
            yield f"{kind} {label} {option}", case
    larger = _make(260, 900, 5)
    for storage in ("F", "C"):
        data = _with_X(larger, storage)
        case = _fit("LassoRegressorCV", data.X, data.y, alphas=20, eps=0.02)
        yield f"LassoRegressorCV larger-{storage}", case
        case = _fit("LassoRegressor", data.X, data.y, alpha=0.05)
        yield f"LassoRegressor larger-{storage}", case


def _ridge_cross_validation() -> Iterator[Case]:
    for _, data, label in _stored():
        options: dict[str, dict[str, Any]] = {
            "one": {},
            "gcv": {"cv": "gcv"},
            "folds": {"cv": 5, "selection": "1se"},
            "given": {"alphas": [0.1, 30.0, 1.0], "store_cv_results": True},
            "standardized": {"standardize": True},
            "fold_options": {"cv": 4, "standardize": True, "fit_intercept": False},
            "positive": {"cv": 3, "positive": True, "alphas": [0.1, 1.0, 10.0]},
            "scored": {"cv": 3, "scoring": "r2"},
            "factor": {"penalty_factor": np.linspace(0.5, 2.0, data.X.shape[1])},
        }
        for k, (option, given) in enumerate(options.items()):
            weights = data.weights if k % 2 else None
            case = _fit(
                "RidgeRegressorCV", data.X, data.y, weights, **({"alphas": 12} | given)
            )
            yield f"RidgeRegressorCV {label} {option}", case
        case = _fit("RidgeRegressorCV", data.X, data.Y, alpha_per_target=True)
        yield f"RidgeRegressorCV {label} targets", case


def _out_of_memory() -> Iterator[Case]:
    data = _DENSE["tall"]
    chunks = regkit.RowChunks(data.X, chunk_rows=50)
    kinds: dict[str, dict[str, Any]] = {
        "LassoRegressor": {"alpha": 0.05},
        "ElasticNetRegressor": {"alpha": 0.05, "standardize": True},
        "RidgeRegressor": {"alpha": 2.0},
        "LassoRegressorCV": {"alphas": 15},
        "ElasticNetRegressorCV": {"alphas": 10, "selection": "1se"},
        "RidgeRegressorCV": {"alphas": 10},
    }
    sums = regkit.SufficientStatistics()
    folds = np.arange(len(data.y)) % 4
    sums.update(data.X, data.y, data.weights, fold=folds)
    for kind, given in kinds.items():
        case = _fit(kind, chunks, data.y, data.weights, **given)
        yield f"{kind} chunks", case
        if "CV" in kind:
            case = _fit(kind, chunks, data.y, **(given | {"cv": 3}))
            yield f"{kind} chunks folds", case

        def summed(kind: str = kind, given: Any = given) -> dict[str, Any]:
            model = _build(kind, **given)
            if kind == "RidgeRegressorCV":
                model.set_params(cv=4)
            return _read(model.fit_statistics(sums))

        yield f"{kind} statistics", summed

    def partial() -> dict[str, Any]:
        model = _build("LassoRegressor", alpha=0.05)
        for rows in np.array_split(np.arange(len(data.y)), 3):
            model.partial_fit(data.X[rows], data.y[rows])
        return _read(model)

    yield "LassoRegressor partial_fit", partial
    yield "lasso_path chunks", _path("lasso_path", chunks, data.y, n_alphas=10)
    many = _make(120, 3100, 6)
    wide = regkit.RowChunks(many.X, chunk_rows=50)
    yield "LassoRegressor wide chunks", _fit("LassoRegressor", wide, many.y, alpha=0.1)
    case = _fit("LassoRegressorCV", wide, many.y, alphas=10, eps=0.1, cv=3)
    yield "LassoRegressorCV wide chunks", case


def _searches() -> Iterator[Case]:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def run(kind: str, data: Data) -> dict[str, Any]:
        name = kind.lower()
        model = make_pipeline(StandardScaler(), _build(kind))
        grid = {f"{name}__alpha": [0.01, 0.1, 1.0]}
        search = regkit.PathSearchCV(model, grid, cv=3).fit(data.X, data.y)
        scores = search.cv_results_["mean_test_score"]
        return {"scores": scores, "coef_": search.best_estimator_[-1].coef_}

    for kind in ("LassoRegressor", "ElasticNetRegressor", "RidgeRegressor"):
        for name, data in _DENSE.items():
            yield f"PathSearchCV {kind} {name}", lambda k=kind, d=data: run(k, d)


def _networks() -> Iterator[Case]:
    data = _DENSE["tall"]
    labels = np.digitize(data.y, np.quantile(data.y, [0.4, 0.7]))
    base = {"hidden_layer_sizes": (16, 8), "max_iter": 6, "random_state": 0}
    options: dict[str, dict[str, Any]] = {
        "plain": {},
        "gaussian": {"dropout_kind": "gaussian", "dropout": 0.3},
        "relu": {"activation": "relu", "embedding": None, "input_dropout": 0.1},
        "adam": {"solver": "adam", "learning_rate_init": 0.01, "max_norm": 2.0},
        "sgd": {"solver": "sgd", "learning_rate_init": 0.01, "l1": 1e-4},
        "double": {"dtype": "float64", "standardize": True},
        "all rows": {"early_stopping": False, "batch_size": 32},
    }

    def run(kind: str, y: Any, given: dict[str, Any]) -> dict[str, Any]:
        model = _build(kind, **(base | given)).fit(data.X, y, data.weights)
        found = {"predict": model.predict(data.X), "loss": model.loss_curve_}
        if hasattr(model, "predict_proba"):
            found["proba"] = model.predict_proba(data.X)
        return found

    for option, given in options.items():
        for kind, y in (
            ("DropoutMLPRegressor", data.y),
            ("DropoutMLPRegressor", data.Y),
            ("DropoutMLPClassifier", labels),
        ):
            name = f"network {kind} {np.ndim(y)} {option}"
            yield name, lambda k=kind, y=y, g=given: run(k, y, g)


def cases() -> Iterator[Case]:
    """Give every case: its name and a function that fits and reads the results."""
    for group in (
        _single_fits,
        _paths,
        _many_alphas,
        _cross_validation,
        _ridge_cross_validation,
        _out_of_memory,
        _searches,
        _networks,
    ):
        yield from group()
