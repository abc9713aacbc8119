"""RidgeRegressorCV: what it promises, against refits, formulas and scikit-learn."""

import os
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from regkit import RidgeRegressorCV, RowChunks
from tests.linear_model.ridge_tables import ALPHAS, make_table

# The grids here are short: many end before the best alpha.
pytestmark = pytest.mark.filterwarnings("ignore:.*xtend the grid:UserWarning")


# --------------------------------------------------------------------------- the grid


def test_automatic_grid_follows_the_spectrum(ridge_table):
    X, y = ridge_table
    model = RidgeRegressorCV().fit(X, y)
    values = np.linalg.svd(X - X.mean(axis=0), compute_uv=False) ** 2
    rank = min(X.shape[1], len(y) - 1)
    assert model.alphas_.shape == (100,)
    assert_allclose(model.alphas_[0], 100 * values[0], rtol=1e-9)
    assert_allclose(model.alphas_[-1], values[rank - 1] / 100, rtol=1e-6)
    assert np.all(np.diff(model.alphas_) < 0)
    for cv in ("gcv", 3):
        other = RidgeRegressorCV(alphas=100, cv=cv).fit(X, y)
        assert_allclose(other.alphas_, model.alphas_, rtol=1e-6)


def test_automatic_grid_knows_weights_scales_and_factors():
    X, y = make_table(50, 6)
    weight = np.arange(50) % 3.0
    repeated = np.repeat(np.arange(50), weight.astype(int))
    weighted = RidgeRegressorCV(alphas=9, cv="gcv").fit(X, y, weight)
    copies = RidgeRegressorCV(alphas=9, cv="gcv").fit(X[repeated], y[repeated])
    assert_allclose(weighted.alphas_, copies.alphas_)
    units = np.geomspace(1e-3, 1e3, 6)
    near = RidgeRegressorCV(alphas=9, standardize=True).fit(X, y)
    far = RidgeRegressorCV(alphas=9, standardize=True).fit(X * units, y)
    assert_allclose(far.alphas_, near.alphas_, rtol=1e-6)
    assert_allclose(far.cv_error_, near.cv_error_, rtol=1e-6)
    factor = RidgeRegressorCV(alphas=9, penalty_factor=np.full(6, 4.0)).fit(X, y)
    plain = RidgeRegressorCV(alphas=9).fit(X, y)
    assert_allclose(4.0 * factor.alphas_, plain.alphas_)
    assert_allclose(factor.coef_, plain.coef_)


def test_null_models_need_no_warning():
    """The automatic grid's largest alpha leaves nothing beyond it to try."""
    X = np.random.default_rng(0).normal(size=(50, 20))
    y = np.random.default_rng(1).normal(size=50)
    model = RidgeRegressorCV().fit(X, y)
    assert not model.at_grid_edge_
    for constant in (np.ones_like(X), X):
        model = RidgeRegressorCV(cv=3).fit(constant, np.ones(50))
        assert_allclose(model.coef_, 0.0, atol=1e-12)
        assert model.alpha_ == model.alphas_[0]


@pytest.mark.parametrize(
    ("alphas", "direction"), [([1e4, 1e3], "smaller"), ([0.1, 0.01], "larger")]
)
def test_an_end_of_the_grid_is_told(alphas, direction):
    X, y = make_table(50, 40)
    with pytest.warns(UserWarning, match=f"Extend the grid with {direction} alphas"):
        model = RidgeRegressorCV(alphas=alphas).fit(X, y)
    assert model.at_grid_edge_


def test_the_warning_names_the_targets():
    X = make_table(60, 4)[0]
    noise = np.random.default_rng(1).normal(size=(60, 2))
    Y = np.column_stack([X @ np.ones(4), noise[:, 0], X @ np.ones(4) + noise[:, 1]])
    model = RidgeRegressorCV(alphas=[30.0, 10.0, 3.0], alpha_per_target=True)
    with pytest.warns(UserWarning, match="CV: for target 0, the .*edge") as caught:
        model.fit(X, Y)
    assert len(caught) == 1
    others = np.flatnonzero(model.at_grid_edge_)[1:]
    assert len(others)
    assert str(caught[0].message).endswith(
        f"So it is for the targets {', '.join(map(str, others))}."
    )
    with pytest.warns(UserWarning, match="CV: the .*edge"):
        RidgeRegressorCV(alphas=[30.0, 10.0]).fit(X, Y)


def test_large_sparse_tables_are_folded_but_not_decomposed(monkeypatch):
    from regkit.solvers.ridge import leave_one_out
    from regkit.solvers.ridge import route as ridge

    monkeypatch.setattr(leave_one_out, "LARGEST_GRAM", 10)
    monkeypatch.setattr(ridge, "SPARSE_GRAM", 10)
    monkeypatch.setattr(ridge, "FEW_ENTRIES", 10)
    X = sp.random(60, 30, density=0.2, format="csr", random_state=0)
    y = np.random.default_rng(1).normal(size=60)
    model = RidgeRegressorCV(alphas=10, cv=3).fit(X, y)
    assert model.solver_ == "conjugate_gradient"
    dense = RidgeRegressorCV(alphas=model.alphas_, cv=3).fit(X.toarray(), y)
    assert_allclose(model.mse_path_, dense.mse_path_, rtol=1e-4)
    for cv in (None, "gcv"):
        with pytest.raises(ValueError, match="use folds, for example cv=5"):
            RidgeRegressorCV(cv=cv).fit(X, y)


# ------------------------------------------------------------------- other estimators


@pytest.mark.parametrize("weighted", [False, True])
def test_leave_one_out_agrees_with_scikit_learn(ridge_table, weighted):
    X, y = ridge_table
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(y)) if weighted else None
    ours = RidgeRegressorCV(alphas=ALPHAS).fit(X, y, weight)
    theirs = RidgeCV(alphas=ALPHAS).fit(X, y, sample_weight=weight)
    assert ours.alpha_ == theirs.alpha_
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-9)
    if not weighted:  # scikit-learn 1.6 to 1.9 differ in how they average with weights
        assert_allclose(ours.best_score_, theirs.best_score_)


def test_gcv_by_its_formula(ridge_table):
    X, y = ridge_table
    model = RidgeRegressorCV(alphas=ALPHAS, cv="gcv").fit(X, y)
    centered, n = X - X.mean(axis=0), len(y)
    for alpha, found in zip(ALPHAS, model.cv_error_, strict=True):
        gram = centered.T @ centered + alpha * np.eye(X.shape[1])
        hat = centered @ np.linalg.solve(gram, centered.T) + 1 / n
        residual = y - hat @ y
        expected = residual @ residual / n / (1 - np.trace(hat) / n) ** 2
        assert_allclose(found, expected, rtol=1e-9)
    assert not hasattr(model, "cv_error_se_")


# ------------------------------------------------------------------------ being a user


def test_in_pipelines_frames_pickles_and_processes():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), RidgeRegressorCV(rule="1se"))
    scores = cross_val_score(model, X, y, cv=3, n_jobs=2)
    assert_allclose(scores, cross_val_score(model, X, y, cv=3))
    fitted = RidgeRegressorCV(alphas=20).fit(X, y)
    assert list(fitted.feature_names_in_) == list(X.columns)
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.predict(X), fitted.predict(X))
    assert clone(fitted).get_params() == fitted.get_params()
    series = fitted.fit(X, pd.DataFrame({"a": y, "b": -y}))
    assert series.coef_.shape == (2, 10)


def test_a_second_fit_leaves_nothing_of_the_first():
    X, y = make_table(50, 6)
    model = RidgeRegressorCV(alphas=ALPHAS, store_cv_results=True).fit(X, y)
    model.set_params(cv=3, store_cv_results=False).fit(X, y)
    assert not hasattr(model, "cv_results_")
    model.set_params(cv="gcv").fit(X, y)
    for name in ("mse_path_", "cv_error_se_", "alpha_1se_"):
        assert not hasattr(model, name)
    before = {k: v for k, v in vars(model).items() if k.endswith("_")}
    with pytest.raises(ValueError, match="X contains NaN"):
        model.fit(np.full_like(X, np.nan), y)
    assert {k: v for k, v in vars(model).items() if k.endswith("_")} == before


def test_a_rule_may_be_a_function():
    X, y = make_table(50, 6)
    model = RidgeRegressorCV(alphas=ALPHAS, cv=3, rule=lambda curve: 2).fit(X, y)
    assert model.alpha_ == ALPHAS[2]


@pytest.mark.parametrize("cv", [None, "gcv", 3, LeaveOneOut()])
def test_results_have_the_order_of_the_given_alphas(cv):
    X, y = make_table(50, 6)
    Y = np.column_stack([y, X[:, 0] - y])
    options = {"cv": cv, "alpha_per_target": True, "store_cv_results": cv is None}
    given = np.array([1.0, 100.0, 0.01, 1.0, 10.0])
    order = np.argsort(-given)
    seen = []

    def rule(curve):
        seen.append(curve.alphas)
        return 4

    mixed = RidgeRegressorCV(alphas=given, rule=rule, **options).fit(X, Y)
    tidy = RidgeRegressorCV(alphas=given[order], **options).fit(X, Y)
    assert_array_equal(seen, [given, given])
    assert_array_equal(mixed.alpha_, [10.0, 10.0])
    assert_array_equal(mixed.alphas_, given)
    for name in ("cv_error_", "cv_error_se_", "mse_path_"):
        assert hasattr(mixed, name) == hasattr(tidy, name)
        if hasattr(mixed, name):
            assert_array_equal(getattr(mixed, name)[order], getattr(tidy, name))
    if cv is None:
        assert_array_equal(mixed.cv_results_[:, :, order], tidy.cv_results_)
        theirs = RidgeCV(alphas=given, alpha_per_target=True, store_cv_results=True)
        assert_allclose(mixed.cv_results_, theirs.fit(X, Y).cv_results_, rtol=1e-8)
    assert_array_equal(mixed.set_params(rule="min").fit(X, Y).coef_, tidy.coef_)


def test_eps_ends_the_automatic_grid():
    X, y = make_table(50, 6)
    for cv in (None, 3):
        model = RidgeRegressorCV(alphas=20, eps=1e-3, cv=cv).fit(X, y)
        assert_allclose(model.alphas_[-1], 1e-3 * model.alphas_[0])
        by_spectrum = RidgeRegressorCV(alphas=20, cv=cv).fit(X, y)
        assert model.alphas_[0] == by_spectrum.alphas_[0]
        of_statistics = RidgeRegressorCV(alphas=20, eps=1e-3, cv=cv).fit(
            RowChunks(X, chunk_rows=7), y
        )
        assert_allclose(of_statistics.alphas_, model.alphas_, rtol=1e-9)


@pytest.mark.parametrize("cv", [None, 4])
def test_n_jobs_changes_no_answer(cv, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(4), raising=False)
    X, y = make_table(3000, 60)
    alone = RidgeRegressorCV(alphas=ALPHAS, cv=cv, n_jobs=1).fit(X, y)
    for n_jobs in (2, -1, None):
        several = RidgeRegressorCV(alphas=ALPHAS, cv=cv, n_jobs=n_jobs).fit(X, y)
        assert_allclose(several.cv_error_, alone.cv_error_, rtol=1e-12)
        assert_allclose(several.coef_, alone.coef_, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alphas": []}, "alphas must be a non-empty one-dimensional array"),
        ({"alphas": [1.0, -1.0]}, r"alphas\[1\] == -1"),
        ({"alphas": 0}, "The 'alphas' parameter"),
        ({"cv": "loo"}, "The 'cv' parameter"),
        ({"cv": 1}, "The 'cv' parameter"),
        ({"rule": "max"}, "The 'rule' parameter"),
        ({"rule": lambda curve: 1.5}, "rule must return an index"),
        ({"scoring": "r3"}, "The 'scoring' parameter"),
        (
            {"scoring": "neg_log_loss"},
            "scoring='neg_log_loss' cannot score these predictions: Predictions has "
            "none of the following attributes: predict_proba",
        ),
        ({"scoring": "accuracy", "cv": 3}, "^scoring='accuracy' cannot score these"),
        ({"cv": "gcv", "scoring": "r2"}, "scoring needs held-out predictions"),
        ({"cv": "gcv", "rule": "1se"}, "rule='1se' needs standard errors"),
        ({"cv": 3, "store_cv_results": True}, "are incompatible.*got cv=3"),
        ({"positive": True}, "cannot be combined with bounds or positive=True"),
        ({"cv": "gcv", "bounds": (0, 1)}, "cannot be combined with bounds"),
        ({"cv": 3, "bounds": (0, 1), "solver": "svd"}, "does not support positive"),
        ({"cv": [([0, 1, 2], np.zeros(20, bool))]}, "no held-out rows of fold 0"),
        ({"cv": [([0, 1, 99], [3])]}, "99"),
    ],
)
def test_bad_parameters(options, message):
    X, y = make_table(20, 4)
    with pytest.raises(ValueError, match=message):
        RidgeRegressorCV(**options).fit(X, y)


def test_one_row_has_nothing_to_leave_out():
    X = np.ones((3, 2))
    with pytest.raises(ValueError, match="at least two rows of positive weight, got"):
        RidgeRegressorCV().fit(X, np.arange(3.0), [1.0, 0.0, 0.0])


@pytest.mark.parametrize("cv", [None, "gcv", 3])
@pytest.mark.parametrize("where", ["X", "y"])
def test_overflow_is_told(cv, where):
    X, y = make_table(20, 4)
    X, y = (X * 1e300, y) if where == "X" else (X, y * 1e300)
    with pytest.raises(ValueError, match="overflow; rescale them"):
        RidgeRegressorCV(cv=cv).fit(X, y)


@pytest.mark.parametrize("cv", [None, "gcv", 3])
@pytest.mark.parametrize("scale", [1e-140, 1e140])
@pytest.mark.parametrize("shape", [(40, 6), (12, 60)])
def test_units_as_far_as_squares_reach(shape, scale, cv):
    X, y = make_table(*shape)
    alphas = np.geomspace(1e4, 1e-2, 12)
    near = RidgeRegressorCV(cv=cv, alphas=alphas).fit(X, y)
    far = RidgeRegressorCV(cv=cv, alphas=alphas * scale**2).fit(X * scale, y)
    assert_allclose(far.cv_error_, near.cv_error_, rtol=1e-8)
    assert_allclose(far.coef_ * scale, near.coef_, rtol=1e-6, atol=1e-10)
    near = RidgeRegressorCV(cv=cv).fit(X, y)
    far = RidgeRegressorCV(cv=cv).fit(X * scale, y)
    assert_allclose(far.alphas_ / scale**2, near.alphas_, rtol=1e-8)
    assert far.alpha_ / scale**2 == pytest.approx(near.alpha_)
