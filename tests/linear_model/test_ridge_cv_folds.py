"""RidgeRegressorCV on folds: errors, scores and groups."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import make_scorer, mean_absolute_error, r2_score
from sklearn.model_selection import GroupKFold, KFold, LeaveOneOut, ShuffleSplit

from regkit import RidgeRegressor, RidgeRegressorCV
from tests.linear_model.ridge_tables import ALPHAS, left_out, make_table

# The grids here are short: many end before the best alpha.
pytestmark = pytest.mark.filterwarnings("ignore:.*xtend the grid:UserWarning")


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
def test_folds_equal_fits_of_their_rows(ridge_table, cv, options, kind):
    X, y = ridge_table
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


def test_folds_of_one_row_are_leave_one_out(ridge_table):
    X, y = ridge_table
    exact = RidgeRegressorCV(alphas=ALPHAS).fit(X, y)
    folds = RidgeRegressorCV(alphas=ALPHAS, cv=LeaveOneOut()).fit(X, y)
    assert_allclose(folds.cv_error_, exact.cv_error_, rtol=1e-7)
    assert_allclose(folds.cv_error_se_, exact.cv_error_se_, rtol=1e-6)
    assert folds.alpha_1se_ == exact.alpha_1se_


@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
def test_folds_of_one_row_in_any_order(ridge_table, scoring):
    """What is known from one decomposition, against each fold fitted."""
    X, Y = ridge_table[0], np.column_stack([ridge_table[1], ridge_table[1] ** 2])
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


def test_scoring_of_rows_left_out_is_of_all_at_once(ridge_table):
    X, y = ridge_table
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


def test_scoring_of_folds_weighs_rows(ridge_table):
    X, y = ridge_table
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
