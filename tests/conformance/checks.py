"""Scikit-learn's checks as parameters of tests."""

import pytest
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_n_features_in,
    check_n_features_in_after_fitting,
    check_param_validation,
    parametrize_with_checks,
)

# What `parametrize_with_checks` leaves out.
FURTHER = [
    check_param_validation,
    check_dataframe_column_names_consistency,
    check_n_features_in,
    check_n_features_in_after_fitting,
]


def all_checks(estimators):
    """Give `parametrize_with_checks` as a list: pytest 9 takes no generator."""
    mark = parametrize_with_checks(estimators)
    names, cases = mark.args
    return pytest.mark.parametrize(names, list(cases), **mark.kwargs)


def further_checks(estimators):
    """Give each estimator with each check of `FURTHER`, and the name that it takes."""
    cases = {
        f"{check.__name__}-{type(estimator).__name__}": (estimator, check)
        for estimator in estimators
        for check in FURTHER
    }
    return pytest.mark.parametrize(("estimator", "check"), cases.values(), ids=cases)
