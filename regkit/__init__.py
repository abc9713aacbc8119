"""Exact, fast Lasso, Elastic Net and Ridge regression for scikit-learn.

Public names are loaded on first use (PEP 562), so ``import regkit`` itself
imports neither scikit-learn nor Numba.
"""

from __future__ import annotations

from importlib import import_module

from regkit import linear_model
from regkit._lazy import on_first_use
from regkit._version import __version__

# Where each public name is defined; type checkers read the imports below instead.
_HOME = dict.fromkeys(linear_model.__all__, "regkit.linear_model") | {
    "PathSearchCV": "regkit.model_selection",
    "one_standard_error": "regkit.model_selection",
    "DropoutMLPRegressor": "regkit.neural_network",
    "DropoutMLPClassifier": "regkit.neural_network",
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
if TYPE_CHECKING:  # "as" and "*" make names public for type checkers
    from typing import Any

    from regkit.comparison import compare_regularizers as compare_regularizers
    from regkit.datasets import *
    from regkit.inspection import *
    from regkit.linear_model import *
    from regkit.model_selection import PathSearchCV as PathSearchCV
    from regkit.model_selection import one_standard_error as one_standard_error
    from regkit.neural_network import *
    from regkit.rows import *
    from regkit.tables import TableEncoder as TableEncoder
    from regkit.tables import read_table as read_table

__all__ = [*_HOME, "__version__"]

_attribute = on_first_use(__name__, _HOME)


def __getattr__(name: str) -> Any:
    if name in _SUBPACKAGES:
        return import_module(f"regkit.{name}")
    return _attribute(name)


def __dir__() -> list[str]:
    return sorted([*__all__, *_SUBPACKAGES])
