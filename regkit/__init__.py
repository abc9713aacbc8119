"""Exact, fast Lasso, Elastic Net and Ridge regression for scikit-learn.

Public names are loaded on first use (PEP 562), so ``import regkit`` itself
imports neither scikit-learn nor Numba.
"""

from __future__ import annotations

from importlib import import_module

from regkit._lazy import on_first_use
from regkit._version import __version__

# Where each public name lives; type checkers read the imports below instead.
_HOME = {
    "LassoRegressor": "regkit.linear_model",
    "ElasticNetRegressor": "regkit.linear_model",
    "RidgeRegressor": "regkit.linear_model",
    "LassoRegressorCV": "regkit.linear_model",
    "ElasticNetRegressorCV": "regkit.linear_model",
    "RidgeRegressorCV": "regkit.linear_model",
    "LogisticClassifier": "regkit.linear_model",
    "LogisticClassifierCV": "regkit.linear_model",
    "LinearSVMClassifier": "regkit.linear_model",
    "LinearSVMClassifierCV": "regkit.linear_model",
    "GeneralizedLinearRegressor": "regkit.linear_model",
    "GeneralizedLinearRegressorCV": "regkit.linear_model",
    "lasso_path": "regkit.linear_model",
    "enet_path": "regkit.linear_model",
    "logistic_path": "regkit.linear_model",
    "glm_path": "regkit.linear_model",
    "RegularizationPath": "regkit.linear_model",
    "PathSearchCV": "regkit.model_selection",
    "one_standard_error": "regkit.model_selection",
    "DropoutMLPRegressor": "regkit.neural_network",
    "DropoutMLPClassifier": "regkit.neural_network",
    "SufficientStatistics": "regkit.linear_model",
    "RowChunks": "regkit.rows",
    "compare_regularizers": "regkit.comparison",
    "TableEncoder": "regkit.tables",
    "read_table": "regkit.tables",
    "RegularizationPathDisplay": "regkit.inspection",
    "AlphaSelectionDisplay": "regkit.inspection",
    "FitComparisonDisplay": "regkit.inspection",
    "LossCurveDisplay": "regkit.inspection",
    "PredictionIntervalDisplay": "regkit.inspection",
    "PenaltyGeometryDisplay": "regkit.inspection",
    "PredictedActualDisplay": "regkit.inspection",
    "make_correlated_regression": "regkit.datasets",
    "make_house_prices": "regkit.datasets",
    "load_diabetes_interactions": "regkit.datasets",
}
_SUBPACKAGES = (
    "comparison",
    "datasets",
    "inspection",
    "linear_model",
    "model_selection",
    "neural_network",
    "rows",
    "tables",
)

# The name that type checkers know: `typing` would take most of the time of this import.
TYPE_CHECKING = False
if TYPE_CHECKING:  # all public names of two packages are public here too
    from typing import Any

    from regkit.comparison import compare_regularizers
    from regkit.datasets import (
        load_diabetes_interactions,
        make_correlated_regression,
        make_house_prices,
    )
    from regkit.inspection import *
    from regkit.linear_model import *
    from regkit.model_selection import PathSearchCV, one_standard_error
    from regkit.neural_network import DropoutMLPClassifier, DropoutMLPRegressor
    from regkit.rows import RowChunks
    from regkit.tables import TableEncoder, read_table

__all__ = [
    "LassoRegressor",
    "ElasticNetRegressor",
    "RidgeRegressor",
    "LassoRegressorCV",
    "ElasticNetRegressorCV",
    "RidgeRegressorCV",
    "LogisticClassifier",
    "LogisticClassifierCV",
    "LinearSVMClassifier",
    "LinearSVMClassifierCV",
    "GeneralizedLinearRegressor",
    "GeneralizedLinearRegressorCV",
    "lasso_path",
    "enet_path",
    "logistic_path",
    "glm_path",
    "RegularizationPath",
    "PathSearchCV",
    "one_standard_error",
    "DropoutMLPRegressor",
    "DropoutMLPClassifier",
    "SufficientStatistics",
    "RowChunks",
    "compare_regularizers",
    "TableEncoder",
    "read_table",
    "RegularizationPathDisplay",
    "AlphaSelectionDisplay",
    "FitComparisonDisplay",
    "LossCurveDisplay",
    "PredictionIntervalDisplay",
    "PenaltyGeometryDisplay",
    "PredictedActualDisplay",
    "make_correlated_regression",
    "make_house_prices",
    "load_diabetes_interactions",
    "__version__",
]


_attribute = on_first_use(__name__, _HOME)


def __getattr__(name: str) -> Any:
    if name in _SUBPACKAGES:
        return import_module(f"regkit.{name}")
    return _attribute(name)


def __dir__() -> list[str]:
    return sorted([*__all__, *_SUBPACKAGES])
