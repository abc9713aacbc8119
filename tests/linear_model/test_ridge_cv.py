"""RidgeRegressorCV: what it promises, against refits, formulas and scikit-learn."""

import os
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.linear_model import RidgeCV
from sklearn.metrics import make_scorer, mean_absolute_error, r2_score
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    ShuffleSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from regkit import RidgeRegressor, RidgeRegressorCV, RowChunks

# The grids here are short: many end before the best alpha.
pytestmark = pytest.mark.filterwarnings("ignore:.*xtend the grid:UserWarning")

ALPHAS = np.geomspace(100.0, 0.01, 7)


def make_table(n, p):
    """Correlated columns, of which half have a say."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    coef = np.where(np.arange(p) % 2, 1.0, 0.0) / np.sqrt(p)
    return X, 2.0 + X @ coef + rng.normal(size=n)


@pytest.fixture(params=["tall", "wide", "square"])
def data(request):
    shape = {"tall": (60, 8), "wide": (30, 90), "square": (40, 40)}[request.param]
    return make_table(*shape)


def left_out(X, y, alphas, weight, scales=None, **options):
    """Errors (n, A) or (n, T, A) from a fit without each row."""
    errors = []
    for i in range(len(y)):
        others = np.array(weight, float)
        others[i] = 0.0
        row = []
        for alpha in alphas:
            model = RidgeRegressor(alpha, **options).fit(X, y, others)
            row.append(y[i] - model.predict(X[[i]])[0])
        errors.append(np.stack(row, axis=-1))
    return np.array(errors)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "kind", ["dense", "fortran", "float32", "integer", "csr", "csc"]
)
def test_leave_one_out_equals_refits(data, kind, weighted):
    X, y = data
    if kind == "integer":
        X = np.rint(20 * X).astype(int)
    if kind == "float32":
        X = X.astype(np.float32)
    weight = np.ones(len(y))
    if weighted:
        weight = np.random.default_rng(1).integers(0, 4, len(y)).astype(float)
    given = {"fortran": np.asfortranarray, "csr": sp.csr_array, "csc": sp.csc_matrix}
    model = RidgeRegressorCV(alphas=ALPHAS, store_cv_results=True)
    model.fit(given.get(kind, np.asarray)(X), y, weight if weighted else None)
    expected = left_out(X, y, ALPHAS, weight)
    squares = weight[:, None] * expected**2
    assert_allclose(model.cv_results_, squares, rtol=1e-6, atol=1e-10)
    mean = np.average(expected**2, axis=0, weights=weight)
    assert_allclose(model.cv_error_, mean, rtol=1e-8)
    spread = np.average((expected**2 - mean) ** 2, axis=0, weights=weight)
    n = np.count_nonzero(weight)
    assert_allclose(model.cv_error_se_, np.sqrt(spread / (n - 1)), rtol=1e-6)
    assert model.alpha_ == ALPHAS[np.argmin(mean)]
    assert model.best_score_ == -model.cv_error_.min()


@pytest.mark.parametrize("cv", [None, "gcv", 4])
def test_the_model_is_that_of_the_single_estimator(data, cv):
    X, y = data
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(y))
    model = RidgeRegressorCV(alphas=ALPHAS, cv=cv, standardize=True)
    model.fit(X, y, weight)
    single = RidgeRegressor(model.alpha_, standardize=True).fit(X, y, weight)
    assert_allclose(model.coef_, single.coef_, rtol=1e-9, atol=1e-12)
    assert_allclose(model.intercept_, single.intercept_)
    assert_allclose(model.predict(X), single.predict(X))
    assert model.solver_ == single.solver_
    assert model.dual_gap_ >= 0.0


def test_standardize_keeps_the_scales_of_all_rows(data):
    X, y = data
    X = X * np.geomspace(0.1, 10.0, X.shape[1])
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(y))
    model = RidgeRegressorCV(
        alphas=ALPHAS, standardize=True, store_cv_results=True
    ).fit(X, y, weight)
    mean = np.average(X, axis=0, weights=weight)
    square = np.average((X - mean) ** 2, axis=0, weights=weight)
    expected = left_out(X, y, ALPHAS, weight, penalty_factor=square)
    squares = weight[:, None] * expected**2
    assert_allclose(model.cv_results_, squares, rtol=1e-6, atol=1e-10)


def test_penalty_factors_and_no_intercept(data):
    X, y = data
    factor = np.random.default_rng(2).choice([0.5, 1.0, 3.0], X.shape[1])
    factor[:2], factor[2] = 0.0, np.inf
    options = {"penalty_factor": factor, "fit_intercept": False}
    model = RidgeRegressorCV(alphas=ALPHAS, store_cv_results=True, **options)
    model.fit(X, y + 3.0)
    expected = left_out(X, y + 3.0, ALPHAS, np.ones(len(y)), **options)
    assert_allclose(model.cv_results_, expected**2, rtol=1e-6, atol=1e-10)


def test_no_penalty_at_all_in_the_grid():
    X, y = load_diabetes(return_X_y=True)
    model = RidgeRegressorCV(alphas=[0.0, 1e-12], store_cv_results=True).fit(X, y)
    expected = left_out(X, y, model.alphas_, np.ones(len(y)))
    assert_allclose(model.cv_results_, expected**2, rtol=1e-7)


@pytest.mark.parametrize("alpha", [1e-9, 1e-13, 0.0])
@pytest.mark.filterwarnings("ignore:.*not unique:UserWarning")
def test_fits_that_pass_through_every_row(alpha):
    """Where 1 - h is zero but for the penalty, or for rounding."""
    X, y = make_table(20, 50)
    model = RidgeRegressorCV(alphas=[alpha, 1.0], store_cv_results=True).fit(X, y)
    expected = left_out(X, y, model.alphas_, np.ones(len(y)))
    assert_allclose(model.cv_results_, expected**2, rtol=1e-6)


@pytest.mark.parametrize("n", [40, 400])
def test_rows_that_alone_decide_about_a_coefficient(n):
    """Left out, their columns are constant: nothing but refitting helps."""
    X, y = make_table(n, 6)
    X = np.column_stack([X, np.eye(n)[:, :3]])
    factor = np.r_[np.ones(6), np.zeros(3)]
    model = RidgeRegressorCV(
        alphas=ALPHAS, penalty_factor=factor, store_cv_results=True
    ).fit(X, y)
    expected = left_out(X, y, ALPHAS, np.ones(n), penalty_factor=factor)
    assert_allclose(model.cv_results_, expected**2, rtol=1e-6, atol=1e-10)


def test_too_many_such_rows_are_not_judged():
    X, y = make_table(200, 4)
    X = np.column_stack([X, np.eye(200)[:, :60]])
    with pytest.warns(
        UserWarning,
        match="not estimate the error of 1 of the alphas, 0 and below",
    ):
        model = RidgeRegressorCV(alphas=[1.0, 0.1, 0.0]).fit(X, y)
    assert_array_equal(np.isnan(model.cv_error_), [False, False, True])
    assert model.alpha_ in (1.0, 0.1)


def test_copies_of_columns_and_units_do_not_matter():
    X, y = make_table(50, 5)
    X = np.column_stack([X, X[:, :2], 2 * X[:, 2]])
    alphas = [10.0, 1e-3, 1e-8]
    model = RidgeRegressorCV(alphas=alphas, store_cv_results=True).fit(X, y)
    expected = left_out(X, y, alphas, np.ones(len(y)))
    assert_allclose(model.cv_results_, expected**2, rtol=1e-6)
    scaled = RidgeRegressorCV(
        alphas=np.array(alphas) * 1e14, store_cv_results=True
    ).fit(1e7 * X, y)
    assert_allclose(scaled.cv_results_, model.cv_results_, rtol=1e-6)


@pytest.mark.parametrize("per_target", [False, True])
def test_several_targets(data, per_target):
    X, y = data
    Y = np.column_stack([y, np.random.default_rng(0).normal(size=len(y)), -2 * y])
    model = RidgeRegressorCV(
        alphas=ALPHAS, alpha_per_target=per_target, store_cv_results=True
    )
    model.fit(X, Y)
    expected = left_out(X, Y, ALPHAS, np.ones(len(y)))
    assert_allclose(model.cv_results_, expected**2, rtol=1e-6, atol=1e-10)
    mean = np.mean(expected**2, axis=0)  # (T, A)
    if per_target:
        assert_allclose(model.cv_error_, mean.T, rtol=1e-8)
        assert_array_equal(model.alpha_, ALPHAS[np.argmin(mean, axis=1)])
        assert model.alpha_1se_.shape == model.best_score_.shape == (3,)
        assert model.at_grid_edge_.dtype == bool
    else:
        assert_allclose(model.cv_error_, mean.mean(axis=0), rtol=1e-8)
        assert model.alpha_ == ALPHAS[np.argmin(mean.mean(axis=0))]
    single = RidgeRegressor(model.alpha_).fit(X, Y)
    assert_allclose(model.coef_, single.coef_, rtol=1e-9, atol=1e-12)


def test_one_column_of_targets_is_as_good_as_a_vector(data):
    X, y = data
    flat = RidgeRegressorCV(alphas=ALPHAS, cv=3).fit(X, y)
    column = RidgeRegressorCV(alphas=ALPHAS, cv=3).fit(X, y[:, None])
    assert_allclose(column.mse_path_, flat.mse_path_)
    assert column.coef_.shape == (X.shape[1],)
    assert column.intercept_.shape == (1,)
    assert column.predict(X).shape == y.shape
    each = RidgeRegressorCV(alphas=ALPHAS, cv=3, alpha_per_target=True)
    assert each.fit(X, y[:, None]).alpha_.shape == (1,)


# ------------------------------------------------------------------------------ folds


@pytest.mark.parametrize(
    "cv",
    [
        3,
        KFold(4, shuffle=True, random_state=0),
        ShuffleSplit(3, train_size=0.4, test_size=0.3, random_state=0),
        [(np.repeat(np.arange(25), 2), [27, 27, 28])],
    ],
    ids=["int", "shuffled", "random", "repeated rows"],
)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"standardize": True},
        {"fit_intercept": False, "factors": True},
        {"positive": True},
        {"bounds": (-0.3, 0.5), "standardize": True},
    ],
    ids=lambda options: "+".join(options) or "plain",
)
@pytest.mark.parametrize("kind", ["dense", "csr"])
def test_folds_equal_fits_of_their_rows(data, cv, options, kind):
    X, y = data
    options = dict(options)
    if options.pop("factors", False):
        options["penalty_factor"] = np.arange(X.shape[1]) % 5 / 2.0
        options["penalty_factor"][3:][options["penalty_factor"][3:] == 0] = np.inf
    weight = np.random.default_rng(3).integers(0, 3, len(y)).astype(float)
    weight[[27, 28]] = 1.0
    alphas = ALPHAS[::3]
    model = RidgeRegressorCV(alphas=alphas, cv=cv, tol=1e-12, **options)
    model.fit(sp.csr_array(X) if kind == "csr" else X, y, weight)
    splitter = KFold(cv) if isinstance(cv, int) else cv
    folds = list(splitter.split(X)) if hasattr(splitter, "split") else splitter
    for k, (train, test) in enumerate(folds):
        for i, alpha in enumerate(alphas):
            single = RidgeRegressor(alpha, tol=1e-12, **options)
            single.fit(X[train], y[train], weight[train])
            errors = (y[test] - single.predict(X[test])) ** 2
            expected = np.average(errors, weights=weight[test])
            assert_allclose(model.mse_path_[i, k], expected, rtol=1e-6)
    sizes = [weight[test].sum() for _, test in folds]
    mean = np.average(model.mse_path_, axis=1, weights=sizes)
    assert_allclose(model.cv_error_, mean)


def test_folds_of_one_row_are_leave_one_out(data):
    X, y = data
    exact = RidgeRegressorCV(alphas=ALPHAS).fit(X, y)
    folds = RidgeRegressorCV(alphas=ALPHAS, cv=LeaveOneOut()).fit(X, y)
    assert_allclose(folds.cv_error_, exact.cv_error_, rtol=1e-7)
    assert_allclose(folds.cv_error_se_, exact.cv_error_se_, rtol=1e-6)
    assert folds.alpha_1se_ == exact.alpha_1se_


@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
def test_folds_of_one_row_in_any_order(data, scoring):
    """What is known from one decomposition, against each fold fitted."""
    X, Y = data[0], np.column_stack([data[1], data[1] ** 2])
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(Y))
    order = np.random.default_rng(2).permutation(len(Y))[:12]
    folds = [(np.delete(np.arange(len(Y)), i), [i]) for i in order]
    options = {"alphas": ALPHAS, "alpha_per_target": True, "scoring": scoring}
    quick = RidgeRegressorCV(cv=folds, **options).fit(X, Y, weight)
    fitted = RidgeRegressorCV(cv=folds, solver="svd", **options).fit(X, Y, weight)
    assert quick.mse_path_.shape == (len(ALPHAS), 12, 2)
    assert_allclose(quick.mse_path_, fitted.mse_path_, rtol=1e-6)
    assert_allclose(quick.cv_error_, fitted.cv_error_, rtol=1e-7)
    assert_allclose(quick.cv_error_se_, fitted.cv_error_se_, rtol=1e-6)
    assert_allclose(quick.coef_, fitted.coef_, rtol=1e-8, atol=1e-11)


def test_folds_of_one_row_with_scales_of_their_own():
    X, y = make_table(12, 40)
    X = X * np.geomspace(0.1, 10.0, 40)
    model = RidgeRegressorCV(alphas=ALPHAS, cv=LeaveOneOut(), standardize=True)
    model.fit(X, y)
    for i in range(12):
        single = RidgeRegressor(1.0, standardize=True)
        single.fit(np.delete(X, i, axis=0), np.delete(y, i))
        expected = (y[i] - single.predict(X[[i]])[0]) ** 2
        assert_allclose(model.mse_path_[ALPHAS == 1.0, i], expected, rtol=1e-6)


@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("distance", [0.0, 3.0, 1e6])
def test_folds_of_a_wide_table_whose_means_differ(distance, fit_intercept):
    """One matrix about common means serves them, unless it has too few digits."""
    X, y = make_table(30, 90)
    X = X + distance * np.repeat([0.0, 1.0, 2.0], 10)[:, None]
    factor = np.where(np.arange(90) < 5, np.inf, np.linspace(0.5, 2.0, 90))
    options = {"fit_intercept": fit_intercept, "penalty_factor": factor}
    model = RidgeRegressorCV(alphas=ALPHAS, cv=KFold(3), **options).fit(X, y)
    for k, (train, test) in enumerate(KFold(3).split(X)):
        for i, alpha in enumerate(ALPHAS):
            single = RidgeRegressor(alpha, **options).fit(X[train], y[train])
            expected = np.mean((y[test] - single.predict(X[test])) ** 2)
            assert_allclose(model.mse_path_[i, k], expected, rtol=1e-6)


def test_groups_reach_the_splitter_with_and_without_routing():
    X, y = make_table(40, 5)
    groups = np.arange(40) % 4
    model = RidgeRegressorCV(alphas=ALPHAS, cv=GroupKFold(4))
    plain = clone(model).fit(X, y, groups=groups)
    by_hand = RidgeRegressorCV(
        alphas=ALPHAS, cv=list(GroupKFold(4).split(X, y, groups))
    ).fit(X, y)
    assert_allclose(plain.mse_path_, by_hand.mse_path_)
    with config_context(enable_metadata_routing=True):
        routed = clone(model).fit(X, y, groups=groups)
        assert_allclose(routed.mse_path_, by_hand.mse_path_)
        alone = RidgeRegressorCV(alphas=ALPHAS).fit(X, y)
        assert alone.get_metadata_routing() is not None
    with pytest.raises(ValueError, match="groups was passed to fit, but cv=None makes"):
        RidgeRegressorCV().fit(X, y, groups=groups)


# ---------------------------------------------------------------------------- scoring


def test_scoring_of_rows_left_out_is_of_all_at_once(data):
    X, y = data
    model = RidgeRegressorCV(alphas=ALPHAS, scoring="r2", store_cv_results=True)
    model.fit(X, y)
    predicted = y[:, None] - left_out(X, y, ALPHAS, np.ones(len(y)))
    assert_allclose(model.cv_results_, predicted, rtol=1e-6, atol=1e-9)
    scores = [r2_score(y, column) for column in predicted.T]
    assert_allclose(-model.cv_error_, scores)
    assert_allclose(model.best_score_, max(scores))
    assert not hasattr(model, "alpha_1se_")
    with pytest.raises(ValueError, match="rule='1se' needs standard errors"):
        RidgeRegressorCV(scoring="r2", rule="1se").fit(X, y)


def test_scoring_of_folds_weighs_rows(data):
    X, y = data
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(y))
    scorer = make_scorer(mean_absolute_error, greater_is_better=False)
    model = RidgeRegressorCV(alphas=ALPHAS, scoring=scorer, cv=3).fit(X, y, weight)
    folds = list(KFold(3).split(X))
    errors = np.empty((len(ALPHAS), 3))
    for k, (train, test) in enumerate(folds):
        for i, alpha in enumerate(ALPHAS):
            single = RidgeRegressor(alpha).fit(X[train], y[train], weight[train])
            gap = np.abs(y[test] - single.predict(X[test]))
            errors[i, k] = np.average(gap, weights=weight[test])
    sizes = [weight[test].sum() for _, test in folds]
    assert_allclose(model.cv_error_, np.average(errors, axis=1, weights=sizes))
    assert model.best_score_ == -model.cv_error_.min()


def test_scoring_per_target():
    X, y = make_table(40, 5)
    Y = np.column_stack([y, y**2])
    each = RidgeRegressorCV(alphas=ALPHAS, scoring="r2", alpha_per_target=True)
    alone = [RidgeRegressorCV(alphas=ALPHAS, scoring="r2").fit(X, t) for t in Y.T]
    each.fit(X, Y)
    assert_allclose(each.best_score_, [model.best_score_ for model in alone])


# --------------------------------------------------------------------------- the grid


def test_automatic_grid_follows_the_spectrum(data):
    X, y = data
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
def test_leave_one_out_agrees_with_scikit_learn(data, weighted):
    X, y = data
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(y)) if weighted else None
    ours = RidgeRegressorCV(alphas=ALPHAS).fit(X, y, weight)
    theirs = RidgeCV(alphas=ALPHAS).fit(X, y, sample_weight=weight)
    assert ours.alpha_ == theirs.alpha_
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-9)
    if not weighted:  # scikit-learn 1.6 to 1.9 differ in how they average with weights
        assert_allclose(ours.best_score_, theirs.best_score_)


def test_gcv_by_its_formula(data):
    X, y = data
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
        ({"cv": "gcv", "scoring": "r2"}, "scoring needs held-out predictions"),
        ({"cv": "gcv", "rule": "1se"}, "rule='1se' needs standard errors"),
        ({"cv": 3, "store_cv_results": True}, "are incompatible.*got cv=3"),
        ({"positive": True}, "cannot be combined with bounds or positive=True"),
        ({"cv": "gcv", "bounds": (0, 1)}, "cannot be combined with bounds"),
        ({"cv": 3, "bounds": (0, 1), "solver": "svd"}, "does not support positive"),
        ({"cv": [([0, 1, 2], np.zeros(20, bool))]}, "non-empty list of held-out"),
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
