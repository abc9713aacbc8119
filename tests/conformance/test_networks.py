"""Scikit-learn's checks for the dropout networks, dropout active as by default."""

import warnings

import pytest
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_n_features_in,
    check_n_features_in_after_fitting,
    check_param_validation,
    parametrize_with_checks,
)

from regkit import DropoutMLPClassifier, DropoutMLPRegressor

FEW = {"max_iter": 40, "hidden_layer_sizes": 32}
ESTIMATORS = [
    DropoutMLPRegressor(),
    DropoutMLPClassifier(),
    DropoutMLPRegressor(**FEW, loss="gaussian_nll", calibration_fraction=0.2),
    DropoutMLPRegressor(**FEW, embedding=None, standardize=True, activation="relu"),
    DropoutMLPClassifier(**FEW, embedding=None, early_stopping=False),
]

# They ask that fits on weighted rows and on repeated rows agree to 7 digits. Every row
# has masks, batches and a place in the validation part of its own, at random, so a
# row drawn twice is not a row of weight 2 in one fit, but on average. What can hold,
# holds: tests/solvers/test_network_trainer.py has the two agree without dropout, in
# full batches.
IMPOSSIBLE = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)


def possible_checks(estimators):
    names, cases = parametrize_with_checks(estimators).args
    kept = [
        (estimator, check)
        for estimator, check in cases
        if check.func.__name__ not in IMPOSSIBLE
    ]
    return pytest.mark.parametrize(
        names,
        kept,
        ids=[
            f"{type(estimator).__name__}-{check.func.__name__}-{number}"
            for number, (estimator, check) in enumerate(kept)
        ],
    )


@possible_checks(ESTIMATORS)
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks filter the warnings they want
        check(estimator)


def test_nothing_else_is_left_out():
    for estimator in ESTIMATORS[:2]:
        _, cases = parametrize_with_checks([estimator]).args
        names = [check.func.__name__ for _, check in cases]
        assert set(IMPOSSIBLE) <= set(names)
        assert len(names) > 40


@pytest.mark.parametrize("estimator", ESTIMATORS[:2], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize(
    "check",
    [
        check_param_validation,
        check_dataframe_column_names_consistency,
        check_n_features_in,
        check_n_features_in_after_fitting,
    ],
    ids=lambda check: check.__name__,
)
def test_further_checks(estimator, check):
    check(type(estimator).__name__, estimator)
