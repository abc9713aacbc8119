"""Data sets for examples and tests: bundled or seeded, never downloaded."""

from regkit.datasets.diabetes import load_diabetes_interactions
from regkit.datasets.generated import make_correlated_regression, make_house_prices

__all__ = [
    "load_diabetes_interactions",
    "make_correlated_regression",
    "make_house_prices",
]
