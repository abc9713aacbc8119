"""Scikit-learn's checks for the dropout networks, dropout active as by default."""

import warnings

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from regkit import DropoutMLPClassifier, DropoutMLPRegressor
from tests.conformance.checks import further_checks

FEW = {"n_members": 1, "max_iter": 40, "hidden_layer_sizes": 32}
ESTIMATORS = [
    DropoutMLPRegressor(),
    DropoutMLPClassifier(),
    DropoutMLPRegressor(**FEW, loss="gaussian_nll", calibration_fraction=0.2),
    DropoutMLPRegressor(**FEW, embedding=None, standardize=True, activation="relu"),
    DropoutMLPRegressor(max_iter=20, loss="quantile", quantile=[0.1, 0.5, 0.9]),
    DropoutMLPClassifier(**FEW, embedding=None, early_stopping=False),
]

# The same without sampling: nothing random is left but the weights at the start.
CERTAIN = {
    "n_members": 1,
    "dropout": 0.0,
    "early_stopping": False,
    "batch_size": 1000,
    "dtype": "float64",
    "max_iter": 40,
    "hidden_layer_sizes": 32,
}

# They fit rows with whole weights, and each row that many times in another order, and
# ask for the same predictions to 7 digits. Where rows are sampled that cannot be: a row
# of weight 2 has one mask in a step, is in one batch, and either learned from or held
# out; the same row twice has two masks, may be in two batches, and be learned from and
# held out. Drawing by the rows' values would make twins alike, but then columns of few
# different values would lose whole combinations to the held-out part. The two fits
# agree in what they minimize, and to all digits where nothing is sampled: that is
# tested with these very checks, below.
WITHOUT_SAMPLING = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)


def checks(estimators, wanted):
    names, cases = parametrize_with_checks(estimators).args
    kept = [case for case in cases if wanted(case[1].func.__name__)]
    return pytest.mark.parametrize(
        names,
        kept,
        ids=[
            f"{type(estimator).__name__}-{check.func.__name__}-{number}"
            for number, (estimator, check) in enumerate(kept)
        ],
    )


@checks(ESTIMATORS, lambda name: name not in WITHOUT_SAMPLING)
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks filter the warnings they want
        check(estimator)


@checks(
    [DropoutMLPRegressor(**CERTAIN), DropoutMLPClassifier(**CERTAIN)],
    lambda name: name in WITHOUT_SAMPLING,
)
def test_weights_are_repetitions_without_sampling(estimator, check):
    check(estimator)


def test_nothing_else_is_left_out():
    for estimator in ESTIMATORS[:2]:
        _, cases = parametrize_with_checks([estimator]).args
        names = [check.func.__name__ for _, check in cases]
        assert set(WITHOUT_SAMPLING) <= set(names)
        assert len(names) > 40


@further_checks(ESTIMATORS[:2])
def test_further_checks(estimator, check):
    check(type(estimator).__name__, estimator)
