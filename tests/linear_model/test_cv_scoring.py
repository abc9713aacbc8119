"""Scorers and splitters of cross-validation, and what is routed to them."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import BaseCrossValidator, KFold

from regkit import (
    ElasticNetRegressorCV,
    GeneralizedLinearRegressorCV,
    LassoRegressor,
    LassoRegressorCV,
    RidgeRegressorCV,
    make_correlated_regression,
)

# The grids here are short: many end before the best alpha.
pytestmark = pytest.mark.filterwarnings("ignore:.*xtend the grid:UserWarning")


CLASSES = [LassoRegressorCV, ElasticNetRegressorCV, RidgeRegressorCV]


def test_scoring():
    X, y = make_correlated_regression(60, 10, random_state=0)
    weight = np.linspace(0.1, 2, 60)
    same = {"alphas": 8, "eps": 0.01, "cv": 3}
    model = LassoRegressorCV(scoring="neg_mean_squared_error", **same)
    model.fit(X, y, weight)
    plain = LassoRegressorCV(**same).fit(X, y, weight)
    assert_allclose(model.cv_error_, plain.cv_error_)
    assert_allclose(model.cv_error_se_, plain.cv_error_se_)
    assert_allclose(model.mse_path_, plain.mse_path_)
    folds = list(KFold(3).split(X))
    for scoring in (
        "neg_mean_absolute_error",
        make_scorer(mean_absolute_error, greater_is_better=False),
        lambda model, X, y: -np.abs(y - model.predict(X)).mean(),
    ):
        model = LassoRegressorCV(scoring=scoring, **same).fit(X, y)
        for i, alpha in enumerate(model.alphas_):
            losses = [
                mean_absolute_error(
                    y[test],
                    LassoRegressor(alpha).fit(X[train], y[train]).predict(X[test]),
                )
                for train, test in folds
            ]
            assert model.cv_error_[i] == pytest.approx(np.mean(losses))


@pytest.mark.parametrize("twin", [*CLASSES, GeneralizedLinearRegressorCV])
def test_folds_of_weight_zero_are_not_scored(twin):
    X, y = make_correlated_regression(60, 10, random_state=0)
    y = np.abs(y)
    weight = np.r_[np.zeros(20), np.linspace(0.1, 2, 40)]
    same = {"alphas": [1.0, 0.1], "scoring": "neg_mean_absolute_error"}
    model = twin(cv=3, **same).fit(X, y, weight)
    rows = np.arange(20, 60)
    present = [(rows[:20], rows[20:]), (rows[20:], rows[:20])]
    alone = twin(cv=present, **same).fit(X, y, weight)
    assert_allclose(model.cv_error_, alone.cv_error_)
    assert_allclose(model.cv_error_se_, alone.cv_error_se_)


def test_scorers_without_weights_are_left_without():
    X, y = make_correlated_regression(60, 10, random_state=0)
    seen = []

    def worst(model, X, y):
        seen.append(len(y))
        return -np.abs(y - model.predict(X)).max()

    LassoRegressorCV(alphas=3, cv=2, scoring=worst).fit(X, y, np.ones(60))
    assert seen == [30] * 6


class SplitsAtRows(BaseCrossValidator):
    """Holds out the rows that stand in ``held_out`` at a number."""

    def split(self, X, y=None, groups=None, held_out=None, color=None):
        assert color == "blue"
        for k in np.unique(held_out):
            yield np.flatnonzero(held_out != k), np.flatnonzero(held_out == k)

    def get_n_splits(self, X=None, y=None, groups=None):
        return 3


def scaled_error(y_true, y_pred, *, unit, town, sample_weight=None):
    """A metric with one argument for all rows, and one a row."""
    assert len(town) == len(y_true) < 60
    return unit * np.average(np.abs(y_true - y_pred), weights=sample_weight)


@pytest.mark.parametrize("twin", CLASSES)
def test_arguments_of_the_splitter_and_the_scorer_are_routed(twin):
    X, y = make_correlated_regression(60, 10, random_state=0)
    weight, held_out = np.linspace(0.1, 1, 60), np.arange(60) % 3
    alphas = [0.5, 0.1, 0.01]
    folds = [(held_out != k, held_out == k) for k in range(3)]
    plain = make_scorer(mean_absolute_error, greater_is_better=False)
    expected = twin(alphas=alphas, cv=folds, scoring=plain).fit(X, y, weight)
    with config_context(enable_metadata_routing=True):
        scorer = make_scorer(scaled_error, greater_is_better=False)
        scorer.set_score_request(unit=True, town="place", sample_weight=True)
        splitter = SplitsAtRows().set_split_request(held_out=True, color=True)
        model = twin(alphas=alphas, cv=splitter, scoring=scorer)
        model.set_fit_request(sample_weight=True)
        model.fit(
            X,
            y,
            sample_weight=weight,
            held_out=held_out,
            color="blue",
            unit=3.0,
            place=pd.Series([f"town {i}" for i in range(60)], index=range(60, 0, -1)),
        )
    assert_allclose(model.cv_error_, 3.0 * expected.cv_error_)


@pytest.mark.parametrize("routing", [True, False])
@pytest.mark.parametrize("options", [{"cv": 3}, {"cv": None}], ids=str)
@pytest.mark.parametrize("twin", CLASSES)
def test_one_weight_for_all_rows_reaches_the_scorer(twin, options, routing):
    X, y = make_correlated_regression(60, 10, random_state=0)
    scorer = make_scorer(mean_absolute_error, greater_is_better=False)
    with config_context(enable_metadata_routing=routing):
        if routing:
            scorer.set_score_request(sample_weight=True)
        model = twin(alphas=[0.5, 0.1], scoring=scorer, **options)
        if routing:
            model.set_fit_request(sample_weight=True)
        number = clone(model).fit(X, y, sample_weight=3.0)
        each = clone(model).fit(X, y, sample_weight=np.full(60, 3.0))
    assert_array_equal(number.cv_error_, each.cv_error_)
