"""`PathSearchCV` against `GridSearchCV`, key by key."""

import gc
import pickle
import weakref
from inspect import signature

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, mean_absolute_error, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from regkit import ElasticNetRegressor, LassoRegressor, PathSearchCV, RidgeRegressor
from regkit._sklearn import take_over_tasks
from regkit.model_selection._fold import FoldEvaluator
from tests.model_selection.comparison import (
    ALPHAS,
    CountedScaler,
    ToyRidge,
    assert_same_results,
    both,
)


def within(model, layers):
    """Wrap a model: each layer a pipeline ("scale", "poly") or a target transform."""
    for layer in layers:
        if layer == "target":
            model = TransformedTargetRegressor(model, transformer=StandardScaler())
        elif layer == "log":
            model = TransformedTargetRegressor(
                model, func=np.arcsinh, inverse_func=np.sinh
            )
        elif layer == "poly":
            step = PolynomialFeatures(2, include_bias=False)
            model = Pipeline(
                [("poly", step), ("skip", "passthrough"), ("model", model)]
            )
        else:
            model = Pipeline([("scale", StandardScaler()), ("model", model)])
    return model


def prefix_of(layers):
    """Give what the names of the wrapped model's parameters begin with."""
    names = ["regressor" if x in ("target", "log") else "model" for x in layers]
    return "".join(f"{name}__" for name in reversed(names))


@settings(max_examples=40)
@given(
    model=st.sampled_from(
        [
            LassoRegressor(tol=1e-13),
            ElasticNetRegressor(tol=1e-13),
            RidgeRegressor(),
            RidgeRegressor(positive=True, tol=1e-13),
            LassoRegressor(tol=1e-13, standardize=True, bounds=(-1, 3)),
        ]
    ),
    layers=st.lists(
        st.sampled_from(["scale", "poly", "target", "log"]), max_size=3, unique=True
    ),
    alphas=st.lists(st.sampled_from([0, 1e-3, 0.03, 0.1, 0.5, 3.0]), min_size=1),
    intercepts=st.sampled_from([None, [True], [True, False]]),
    train=st.booleans(),
    two_targets=st.booleans(),
)
def test_random_grids(model, layers, alphas, intercepts, train, two_targets):
    rng = np.random.default_rng(len(alphas))
    X = rng.normal(size=(40, 4))
    y = X @ [2.0, -1.0, 0.0, 0.0] + rng.normal(size=40)
    if two_targets:
        y = np.c_[y, rng.normal(size=40)]
    prefix = prefix_of(layers)
    grid = {f"{prefix}alpha": alphas}
    if intercepts is not None:
        grid[f"{prefix}fit_intercept"] = intercepts
    if isinstance(model, ElasticNetRegressor):
        grid[f"{prefix}l1_ratio"] = [0.2, 1.0]
    if "scale" in layers:
        outer = prefix_of(layers[layers.index("scale") + 1 :])
        grid[f"{outer}scale__with_mean"] = [True, False]
    both(
        within(model, layers),
        grid,
        X,
        y,
        cv=3,
        return_train_score=train,
        scoring="neg_mean_squared_error",
    )


def test_transformers_are_fitted_once_a_fold_and_a_path_once_a_combination(data, calls):
    model = make_pipeline(CountedScaler(), ToyRidge())
    grid = {"toyridge__alpha": ALPHAS, "toyridge__factor": [1.0, 2.0, 3.0]}
    PathSearchCV(model, grid, cv=4, refit=False).fit(*data)
    assert calls["scaler"] == {"fit": 4, "transform": 2 * 4}
    assert calls["ridge"] == {"fit": 0, "fit_path": 3 * 4}


def test_each_setting_of_the_transformers_has_its_own_fit(data, calls):
    model = make_pipeline(CountedScaler(), ToyRidge())
    grid = {"toyridge__alpha": ALPHAS, "countedscaler__scale": [1.0, 2.0]}
    both(model, grid, *data, cv=4, refit=False)
    assert calls["ridge"]["fit_path"] == 2 * 4
    assert calls["scaler"]["fit"] == 2 * 4 + 2 * 4 * len(ALPHAS)


def test_without_the_parameter_of_the_path_the_search_is_plain(data, calls):
    both(ToyRidge(), {"factor": [0.5, 1.0]}, *data, cv=4, refit=False)
    assert calls["ridge"] == {"fit": 2 * 2 * 4, "fit_path": 0}


def test_one_candidate_is_plain(data, calls):
    both(ToyRidge(), {"alpha": [0.5]}, *data, cv=4, refit=False)
    assert calls["ridge"]["fit_path"] == 0


def test_other_estimators(data):
    both(Ridge(), {"alpha": ALPHAS}, *data)


def test_classifiers():
    X, y = load_iris(return_X_y=True)
    search = both(KNeighborsClassifier(), {"n_neighbors": [2, 5]}, X, y)
    assert_array_equal(search.classes_, [0, 1, 2])


def test_lists_of_grids_with_and_without_alpha(data):
    model = Pipeline([("scale", StandardScaler()), ("model", LassoRegressor())])
    grid = [
        {"model__alpha": ALPHAS, "scale__with_std": [True, False]},
        {"model__fit_intercept": [True, False], "model__positive": [True]},
        {"model": [RidgeRegressor(), ElasticNetRegressor()], "model__alpha": [0.1, 1]},
        {"model": [Ridge()], "model__alpha": [0.1, 1], "scale": ["passthrough"]},
    ]
    both(model, grid, *data, cv=3, return_train_score=True)


def test_alpha_for_each_target(data):
    X, y = data
    grid = {"alpha": [1.0, np.array([0.1, 2.0]), [3.0, 0.5]]}
    both(RidgeRegressor(), grid, X, np.c_[y, -y[::-1]], cv=3)


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize(
    ("scoring", "refit"),
    [
        (["r2", "neg_mean_absolute_error"], "r2"),
        ({"a": "neg_median_absolute_error", "b": make_scorer(r2_score)}, False),
        (make_scorer(mean_absolute_error, greater_is_better=False), True),
    ],
)
def test_several_scorers(data, scoring, refit, n_jobs):
    both(
        make_pipeline(StandardScaler(), LassoRegressor()),
        {"lassoregressor__alpha": ALPHAS},
        *data,
        scoring=scoring,
        refit=refit,
        n_jobs=n_jobs,
        return_train_score=True,
    )


def count_nonzero(estimator, X, y):
    return {
        "n": np.count_nonzero(estimator.named_steps["lassoregressor"].coef_),
        "r2": estimator.score(X, y),
    }


def test_scorers_that_look_at_the_estimator_get_all_of_it(data):
    model = make_pipeline(StandardScaler(copy=False), LassoRegressor())
    grid = {"lassoregressor__alpha": ALPHAS}
    both(model, grid, *data, scoring=count_nonzero, refit="r2")
    target = TransformedTargetRegressor(model, transformer=StandardScaler())
    seen = []

    def looks(estimator, X, y):
        seen.append(estimator)
        return estimator.score(X, y)

    grid = {"regressor__lassoregressor__alpha": ALPHAS}
    both(target, grid, *data, scoring=looks, refit=False)
    ours, theirs = seen[: len(seen) // 2], seen[len(seen) // 2 :]
    key = lambda estimator: (repr(estimator), repr(estimator.regressor_))  # noqa: E731
    assert sorted(map(key, ours)) == sorted(map(key, theirs))


def test_transformers_that_work_in_place(data):
    X, y = data
    before = X.copy()
    model = make_pipeline(StandardScaler(copy=False), LassoRegressor())
    grid = {"lassoregressor__alpha": ALPHAS}
    both(model, grid, X, y, refit=False)
    # GridSearchCV scores training rows that the fit has changed.
    search = PathSearchCV(model, grid, refit=False, return_train_score=True).fit(X, y)
    kind = GridSearchCV(clone(model).set_params(standardscaler__copy=True), grid)
    expected = kind.set_params(return_train_score=True).fit(X, y)
    assert_same_results(search.cv_results_, expected.cv_results_)
    assert_array_equal(X, before)


def test_memory_of_a_pipeline(data, tmp_path):
    model = make_pipeline(StandardScaler(), LassoRegressor(), memory=str(tmp_path))
    both(model, {"lassoregressor__alpha": ALPHAS}, *data)
    both(model, {"lassoregressor__alpha": ALPHAS}, *data)


# ------------------------------------------------- messages, times, being an object


def test_times_add_up(data):
    import time

    class SlowScaler(StandardScaler):
        def fit(self, X, y=None, sample_weight=None):
            time.sleep(0.05)
            return super().fit(X, y, sample_weight)

    model = make_pipeline(SlowScaler(), LassoRegressor())
    grid = {"lassoregressor__alpha": ALPHAS}
    results = PathSearchCV(model, grid, cv=3, refit=False).fit(*data).cv_results_
    assert 0.05 <= results["mean_fit_time"].sum() < 0.2
    assert np.all(results["mean_fit_time"] >= 0.05 / len(ALPHAS))


def test_refit_callable(data):
    search = both(
        LassoRegressor(),
        {"alpha": ALPHAS},
        *data,
        refit=lambda results: int(np.argmin(results["mean_test_score"])),
    )
    assert search.best_params_ == {"alpha": ALPHAS[-1]}


def test_same_numbers_for_any_number_of_jobs(data):
    model = make_pipeline(StandardScaler(), ElasticNetRegressor())
    grid = {
        "elasticnetregressor__alpha": ALPHAS,
        "elasticnetregressor__l1_ratio": [0.2, 0.9],
    }
    one = PathSearchCV(model, grid).fit(*data).cv_results_
    two = PathSearchCV(model, grid, n_jobs=2).fit(*data).cv_results_
    for key in one:
        if key.startswith(("mean_test", "std_test", "split", "rank")):
            # BLAS sums in another order where a worker has one thread.
            assert_allclose(one[key], two[key], rtol=1e-12)


def test_the_constructor_is_that_of_grid_search():
    assert str(signature(PathSearchCV)) == str(signature(GridSearchCV))


def test_clone_pickle_and_nesting(data):
    X, y = data
    search = PathSearchCV(LassoRegressor(), {"alpha": ALPHAS}, cv=3)
    assert repr(clone(search)) == repr(search)
    fitted = clone(search).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.predict(X), fitted.predict(X))
    scores = cross_val_score(search, X, y, cv=3)
    expected = cross_val_score(
        GridSearchCV(LassoRegressor(), {"alpha": ALPHAS}, cv=3), X, y, cv=3
    )
    assert_allclose(scores, expected)
    nested = PathSearchCV(search, {"cv": [2, 3]}, cv=3).fit(X, y)
    assert nested.best_params_["cv"] in (2, 3)


def test_the_estimator_passed_stays_as_it_is(data):
    model = make_pipeline(StandardScaler(), LassoRegressor())
    steps = list(model.steps)
    PathSearchCV(model, {"lassoregressor__alpha": ALPHAS}).fit(*data)
    assert model.steps == steps
    assert not hasattr(model[-1], "coef_")
    assert model[-1].alpha == 1.0


def test_a_fold_leaves_nothing_to_the_garbage_collector(data, monkeypatch):
    """A cycle would keep a worker's rows, for which joblib waits a second."""
    folds = []
    prepare = FoldEvaluator.prepare

    def noted(self):
        folds.append(weakref.ref(self))
        prepare(self)

    monkeypatch.setattr(FoldEvaluator, "prepare", noted)
    model = make_pipeline(StandardScaler(), LassoRegressor())
    gc.disable()
    try:
        PathSearchCV(
            model, {"lassoregressor__alpha": ALPHAS}, return_train_score=True
        ).fit(*data)
        assert [fold() for fold in folds] == [None] * 5
    finally:
        gc.enable()


def test_a_changed_scikit_learn_means_a_plain_search():
    def evaluate_candidates(candidates):
        return list(candidates)

    with pytest.warns(UserWarning, match="fits every candidate by itself"):
        assert take_over_tasks(evaluate_candidates, list) is evaluate_candidates
