"""Folds, groups, weights, frames and sparse rows, against `GridSearchCV`."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import (
    GroupKFold,
    LeaveOneGroupOut,
    RepeatedKFold,
    ShuffleSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from regkit import LassoRegressor, PathSearchCV
from tests.model_selection.comparison import ALPHAS, both


@pytest.mark.parametrize(
    "cv",
    [
        4,
        RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
        ShuffleSplit(4, random_state=0),
        [(np.arange(30), np.arange(30, 60)), (list(range(20, 60)), list(range(20)))],
        [(np.arange(60) < 40, np.arange(60) >= 40)],
    ],
    ids=["int", "repeated", "shuffle", "iterable", "masks"],
)
def test_folds(data, cv):
    both(LassoRegressor(), {"alpha": ALPHAS}, *data, cv=cv)


def test_groups(data):
    groups = np.repeat(np.arange(6), 10)
    for cv in (GroupKFold(3), LeaveOneGroupOut()):
        both(
            LassoRegressor(),
            {"alpha": ALPHAS},
            *data,
            fit_params={"groups": groups},
            cv=cv,
        )


def test_weights_by_name(data):
    X, y = data
    weight = np.linspace(0.1, 2, 60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer scikit-learn warns about the scorer
        both(
            LassoRegressor(),
            {"alpha": ALPHAS},
            X,
            y,
            fit_params={"sample_weight": weight},
        )
    both(
        make_pipeline(StandardScaler(), LassoRegressor()),
        {"lassoregressor__alpha": ALPHAS},
        X,
        y,
        fit_params={"lassoregressor__sample_weight": weight},
    )


@pytest.mark.parametrize("own_score", [True, False])
def test_routed_weights_and_groups(data, own_score):
    X, y = data
    params = {
        "sample_weight": np.linspace(0.1, 2, 60),
        "groups": np.repeat(np.arange(6), 10),
    }
    with config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        lasso = LassoRegressor().set_fit_request(sample_weight=True)
        lasso.set_score_request(sample_weight=True)
        scorer = make_scorer(r2_score).set_score_request(sample_weight=True)
        pipeline = make_pipeline(scaler, lasso).set_score_request(sample_weight=True)
        target = TransformedTargetRegressor(pipeline, transformer=StandardScaler())
        options = {"cv": GroupKFold(3), "scoring": None if own_score else scorer}
        alpha = "lassoregressor__alpha"
        weighted = both(
            pipeline, {alpha: ALPHAS}, X, y, params, **options, return_train_score=True
        )
        if not own_score:
            both(target, {f"regressor__{alpha}": ALPHAS}, X, y, params, **options)
    plain = PathSearchCV(pipeline, {alpha: ALPHAS}, cv=GroupKFold(3))
    plain.fit(X, y, groups=params["groups"])
    assert not np.allclose(
        plain.cv_results_["mean_test_score"], weighted.cv_results_["mean_test_score"]
    )


def test_frames():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": rng.normal(100, 20, 80),
            "rooms": rng.integers(1, 6, 80),
            "town": rng.choice(["a", "b", "c"], 80),
        }
    )
    y = frame["size"] * 2 + (frame["town"] == "a") * 30 + rng.normal(size=80)
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["size", "rooms"]),
            ("words", OneHotEncoder(sparse_output=False), ["town"]),
        ]
    )
    for output in ("default", "pandas"):
        model = make_pipeline(columns, LassoRegressor()).set_output(transform=output)
        search = both(model, {"lassoregressor__alpha": ALPHAS}, frame, y)
        assert_array_equal(search.feature_names_in_, frame.columns)
    numbers = frame[["size", "rooms"]]
    search = both(LassoRegressor(), {"alpha": ALPHAS}, numbers, y)
    assert_array_equal(search.best_estimator_.feature_names_in_, ["size", "rooms"])


@pytest.mark.parametrize("form", [sp.csr_array, sp.csc_matrix])
def test_sparse(data, form):
    X, y = data
    X = form(np.where(np.abs(X) > 0.7, X, 0.0))
    both(LassoRegressor(tol=1e-13), {"alpha": ALPHAS}, X, y)
    model = make_pipeline(StandardScaler(with_mean=False), LassoRegressor(tol=1e-13))
    both(model, {"lassoregressor__alpha": ALPHAS}, X, y, return_train_score=True)
