"""What stands in for what, and in which test file."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from scipy import sparse

import regkit

# Arguments that regkit has no use for: "Coming from scikit-learn" says why.
_GONE = frozenset(
    {
        "check_input",
        "copy_X",
        "gcv_mode",
        "max_fun",
        "precompute",
        "random_state",
        "selection",
        "solver",
        "verbose",
    }
)
_SOLVERS = {
    "lsqr": "conjugate_gradient",
    "sparse_cg": "conjugate_gradient",
    "sag": "auto",
    "saga": "auto",
    "lbfgs": "auto",
}

used: list[str] = []
"""What the running test has made or called in place of scikit-learn's."""


class Part(NamedTuple):
    """One test file of scikit-learn and the names that are replaced in it."""

    tests: str
    replaced: Mapping[str, Callable[..., Any]]


def _translated(ours: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return scikit-learn's arguments as ``ours`` takes them."""
    used.append(ours.__name__)
    known = inspect.signature(ours).parameters
    kept = {k: v for k, v in given.items() if k in known or k not in _GONE}
    if "solver" in kept and "Ridge" in ours.__name__:
        kept["solver"] = _SOLVERS.get(kept["solver"], kept["solver"])
    return kept


def _function(ours: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return ours(*args, **_translated(ours, kwargs))

    return functools.wraps(ours)(call)


def _estimator(ours: type, **defaults: Any) -> type:
    @functools.wraps(ours.__init__)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        ours.__init__(self, *args, **defaults | _translated(ours, kwargs))

    # Parameters are read from the signature, which `wraps` has left as it was.
    return type(ours.__name__, (ours,), {"__init__": __init__, "__doc__": ours.__doc__})


def _ridge_cv() -> type:
    """Return a stand-in that answers ``gcv_mode="svd"`` as scikit-learn does.

    Its tests expect a warning beside sparse X, before they compare what was fitted.
    """
    base = _estimator(regkit.RidgeRegressorCV)

    @functools.wraps(base.__init__)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        base.__init__(self, *args, **kwargs)
        self._gcv_mode = kwargs.get("gcv_mode")

    @functools.wraps(base.fit)
    def fit(self: Any, X: Any, *args: Any, **kwargs: Any) -> Any:
        if self._gcv_mode == "svd" and sparse.issparse(X):
            message = "The 'svd' mode is not supported for sparse X, nor needed."
            warnings.warn(message, FutureWarning, stacklevel=2)
        return base.fit(self, X, *args, **kwargs)

    methods = {"__init__": __init__, "fit": fit, "__doc__": base.__doc__}
    return type(base.__name__, (base,), methods)


_LASSO = {
    "Lasso": _estimator(regkit.LassoRegressor),
    "LassoCV": _estimator(regkit.LassoRegressorCV),
    "ElasticNet": _estimator(regkit.ElasticNetRegressor),
    "ElasticNetCV": _estimator(regkit.ElasticNetRegressorCV),
}
_PATHS = {
    "lasso_path": _function(regkit.lasso_path),
    "enet_path": _function(regkit.enet_path),
}
_RIDGE = {
    "Ridge": _estimator(regkit.RidgeRegressor),
    "RidgeCV": _ridge_cv(),
}
_NETWORK = {"MLPRegressor": _estimator(regkit.DropoutMLPRegressor, dropout=0.0)}

_LINEAR = "sklearn.linear_model.tests"
PARTS = {
    "lasso": Part(f"{_LINEAR}.test_coordinate_descent", _LASSO | _PATHS),
    "sparse": Part(f"{_LINEAR}.test_sparse_coordinate_descent", _LASSO),
    "ridge": Part(f"{_LINEAR}.test_ridge", _RIDGE),
    "network": Part("sklearn.neural_network.tests.test_mlp", _NETWORK),
}


def install(part: Part) -> None:
    """Put the replacements where the test file imports from, before it does."""
    for package in ("sklearn.linear_model", "sklearn.neural_network"):
        module = import_module(package)
        for name, ours in part.replaced.items():
            if hasattr(module, name):
                setattr(module, name, ours)
