"""LassoRegressorCV and ElasticNetRegressorCV against fold-by-fold fits and formulas."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.linear_model import ElasticNetCV, LassoCV
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from regkit import (
    ElasticNetRegressor,
    ElasticNetRegressorCV,
    LassoRegressor,
    LassoRegressorCV,
    make_correlated_regression,
)
from regkit.solvers.folds import in_memory as folds_module

# The grids here are short: many end before the best alpha.
pytestmark = pytest.mark.filterwarnings("ignore:.*xtend the grid:UserWarning")

TWINS = [LassoRegressorCV, ElasticNetRegressorCV]
SPLITTERS = [
    3,
    KFold(4, shuffle=True, random_state=0),
    RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
    ShuffleSplit(4, train_size=0.4, test_size=0.3, random_state=0),
    TimeSeriesSplit(4),
    [(np.arange(40), np.arange(30, 60)), (np.arange(20, 60)[::-1], [0, 0, 5])],
    [(np.tile(np.arange(30), 2), np.arange(40, 60) >= 0)] * 0
    + [(np.repeat(np.arange(30), 2), np.arange(25, 60))],
]


@pytest.fixture(params=["tall", "wide", "wide, paths apart", "wide, paths together"])
def data(request, monkeypatch):
    """A problem for each way in which folds are solved."""
    if "paths" in request.param:
        monkeypatch.setattr(folds_module, "can_go_in_lockstep", lambda *args: False)
    if "together" in request.param:
        monkeypatch.setattr(folds_module, "_STAYS_IN_CACHE", 0)
        monkeypatch.setattr(folds_module, "_AT_A_TIME", 4)
    shape = (60, 12) if request.param == "tall" else (60, 700)
    return make_correlated_regression(*shape, correlation=0.5, random_state=0)


def by_hand(model, X, y, sample_weight, folds, l1_ratio=1.0):
    """mse_path_ from one fit of the single estimator a fold and alpha."""
    names = ("fit_intercept", "standardize", "positive", "bounds", "penalty_factor")
    same = {name: getattr(model, name) for name in names}
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    errors = np.empty((len(model.alphas_), len(folds)))
    for k, (train, test) in enumerate(folds):
        for i, alpha in enumerate(model.alphas_):
            single = ElasticNetRegressor(alpha, l1_ratio=l1_ratio, tol=1e-12, **same)
            single.fit(X[train], y[train], weight[train])
            residual = y[test] - single.predict(X[test])
            errors[i, k] = np.average(residual**2, weights=weight[test])
    return errors


@pytest.mark.parametrize("cv", SPLITTERS, ids=lambda cv: type(cv).__name__)
def test_errors_are_those_of_fold_by_fold_fits(cv, data):
    X, y = data
    model = LassoRegressorCV(alphas=6, eps=0.05, cv=cv, tol=1e-12).fit(X, y)
    splitter = KFold(cv) if isinstance(cv, int) else cv
    folds = list(splitter.split(X)) if hasattr(splitter, "split") else splitter
    assert_allclose(model.mse_path_, by_hand(model, X, y, None, folds), rtol=1e-6)
    single = LassoRegressor(model.alpha_, tol=1e-12).fit(X, y)
    assert_allclose(model.coef_, single.coef_, rtol=1e-7, atol=1e-9)
    assert_allclose(model.intercept_, single.intercept_)
    assert_allclose(model.predict(X), single.predict(X))


@pytest.mark.parametrize(
    "options",
    [
        {"standardize": True},
        {"fit_intercept": False},
        {"positive": True},
        {"bounds": (-0.3, 0.5)},
        {"factors": True},
        {"standardize": True, "factors": True, "bounds": (-1, np.inf)},
    ],
    ids=lambda options: "+".join(options),
)
@pytest.mark.parametrize("kind", ["dense", "fortran", "float32", "csr", "csc"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
def test_errors_with_everything_the_single_estimator_takes(
    options, kind, l1_ratio, data
):
    X, y = data
    rng = np.random.default_rng(1)
    X = np.where(rng.random(X.shape) < 0.5, X, 0.0) * 10.0 ** rng.integers(
        -2, 3, X.shape[1]
    )
    X[:, 3] = 4.0
    options = dict(options)
    if options.pop("factors", False):
        options["penalty_factor"] = rng.choice([0.5, 1.0, 2.0, np.inf], X.shape[1])
        options["penalty_factor"][:2] = 0.0
    weight = rng.integers(0, 3, len(y)).astype(float)
    if kind == "fortran":
        X = np.asfortranarray(X)
    elif kind == "float32":
        X = X.astype(np.float32)
    elif kind != "dense":
        X = sp.csr_array(X) if kind == "csr" else sp.csc_matrix(X)
    folds = list(KFold(3, shuffle=True, random_state=0).split(np.empty(60)))
    model = ElasticNetRegressorCV(
        l1_ratio=l1_ratio, alphas=5, eps=0.05, cv=folds, tol=1e-12, **options
    ).fit(X, y, sample_weight=weight)
    rows = X.tocsr() if sp.issparse(X) else X
    expected = by_hand(model, rows, y, weight, folds, l1_ratio)
    assert_allclose(model.mse_path_, expected, rtol=1e-6)


@pytest.mark.parametrize("center", [1e6, -1e6])
def test_means_far_beyond_the_spread(center, data):
    X, y = data
    near = LassoRegressorCV(alphas=5, eps=0.05).fit(X, y)
    far = LassoRegressorCV(alphas=near.alphas_).fit(X + center, y + center)
    assert_allclose(far.mse_path_, near.mse_path_, rtol=1e-6)


def test_a_column_that_only_one_fold_sees(data):
    X, y = data
    X = X.copy()
    X[:, 0] = 0.0
    X[:3, 0] = [1e5, -2e5, 3e5]
    X[:, 1] = 1e-3
    X[58, 1] = 1e3
    for standardize in (False, True):
        folds = list(KFold(5).split(X))
        model = LassoRegressorCV(
            alphas=5, eps=0.05, tol=1e-12, cv=folds, standardize=standardize
        ).fit(X, y)
        expected = by_hand(model, X, y, None, folds)
        assert_allclose(model.mse_path_, expected, rtol=1e-6)


def test_agrees_with_scikit_learn():
    X, y = make_correlated_regression(80, 20, random_state=2)
    theirs = LassoCV(tol=1e-12, max_iter=10**6, cv=4).fit(X, y)
    ours = LassoRegressorCV(cv=4, tol=1e-12).fit(X, y)
    assert_allclose(ours.alphas_, theirs.alphas_)
    assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-6)
    assert_allclose(ours.alpha_, theirs.alpha_)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    ratios = [0.2, 0.7, 1.0]
    theirs = ElasticNetCV(l1_ratio=ratios, tol=1e-12, max_iter=10**6).fit(X, y)
    ours = ElasticNetRegressorCV(l1_ratio=ratios, tol=1e-12).fit(X, y)
    assert_allclose(ours.alphas_, theirs.alphas_)
    assert ours.mse_path_.shape == theirs.mse_path_.shape == (3, 100, 5)
    assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-6)
    assert (ours.alpha_, ours.l1_ratio_) == pytest.approx(
        (theirs.alpha_, theirs.l1_ratio_)
    )


def test_one_standard_error_as_glmnet_defines_it(data):
    X, y = data
    weight = np.random.default_rng(0).integers(1, 4, len(y)).astype(float)
    folds = list(KFold(5, shuffle=True, random_state=3).split(X))
    model = LassoRegressorCV(alphas=30, eps=0.01, cv=folds).fit(X, y, weight)
    # cv.glmnet: cvraw is a matrix (folds, lambdas), weights are the folds' sums.
    cvraw = model.mse_path_.T
    weights = np.array([weight[test].sum() for _, test in folds])
    cvm = np.average(cvraw, axis=0, weights=weights)
    cvsd = np.sqrt(np.average((cvraw - cvm) ** 2, axis=0, weights=weights) / (5 - 1))
    assert_allclose(model.cv_error_, cvm)
    assert_allclose(model.cv_error_se_, cvsd)
    least = np.argmin(cvm)
    within = cvm <= cvm[least] + cvsd[least]
    assert model.alpha_min_ == model.alphas_[least] == model.alpha_
    assert model.alpha_1se_ == model.alphas_[within].max()
    model.set_params(rule="1se").fit(X, y, weight)
    assert model.alpha_ == model.alpha_1se_
    single = LassoRegressor(model.alpha_).fit(X, y, weight)
    assert_allclose(model.coef_, single.coef_, rtol=1e-6, atol=1e-8)


def test_callable_selection(data):
    X, y = data
    seen = []

    def third(curve):
        seen.append(curve)
        return 2

    model = LassoRegressorCV(alphas=6, eps=0.1, rule=third, cv=3).fit(X, y)
    assert model.alpha_ == model.alphas_[2]
    assert_array_equal(seen[0].alphas, model.alphas_)
    assert_array_equal(seen[0].fold_errors, model.mse_path_)
    with pytest.raises(ValueError, match="rule must return an index from 0 to 5"):
        LassoRegressorCV(alphas=6, rule=lambda curve: 6).fit(X, y)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_relaxed(share, l1_ratio, data):
    X, y = data
    factor = np.ones(X.shape[1])
    factor[4] = 0.0
    same = {"alphas": 10, "eps": 0.1, "l1_ratio": l1_ratio, "penalty_factor": factor}
    plain = ElasticNetRegressorCV(**same).fit(X, y)
    model = ElasticNetRegressorCV(relaxed=share, **same).fit(X, y)
    used = plain.coef_ != 0
    centered = X[:, used] - X[:, used].mean(axis=0)
    loose = np.zeros_like(plain.coef_)
    loose[used] = np.linalg.lstsq(centered, y - y.mean(), rcond=None)[0]
    expected = share * plain.coef_ + (1 - share) * loose
    assert_allclose(model.coef_, expected, rtol=1e-6, atol=1e-8)
    intercept = y.mean() - X.mean(axis=0) @ expected
    assert model.intercept_ == pytest.approx(intercept)
    assert model.alpha_ == plain.alpha_


def test_relaxed_keeps_bounds():
    X, y = make_correlated_regression(60, 12, random_state=0)
    model = LassoRegressorCV(relaxed=0.0, bounds=(0, 0.5), alphas=10).fit(X, y)
    assert model.coef_.min() >= 0
    assert model.coef_.max() == 0.5


def test_without_refit_there_are_no_coefficients(data):
    X, y = data
    model = LassoRegressorCV(alphas=5, eps=0.1).fit(X, y)
    expected = model.alpha_
    model.set_params(refit=False).fit(X, y)
    assert model.alpha_ == expected
    for name in ("coef_", "intercept_", "path_", "coef_path_", "dual_gap_"):
        assert not hasattr(model, name)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_fold_coefficients_on_request(data):
    X, y = data
    model = LassoRegressorCV(alphas=4, eps=0.1, cv=3, store_fold_coefs=True).fit(X, y)
    assert model.fold_coef_path_.shape == (3, X.shape[1], 4)
    for k, (train, _) in enumerate(KFold(3).split(X)):
        single = LassoRegressor(model.alphas_[2]).fit(X[train], y[train])
        assert_allclose(
            model.fold_coef_path_[k, :, 2], single.coef_, rtol=1e-6, atol=1e-8
        )
    assert not hasattr(clone(model).set_params(store_fold_coefs=False).fit(X, y), "x")
    assert_allclose(model.coef_path_[:, -1], model.path_.coef_at(model.alphas_[-1]))


def test_whole_weights_repeat_rows(data):
    X, y = data
    counts = np.random.default_rng(0).integers(0, 4, 60)
    counts[:20] = 0  # a fold without any held-out weight
    rows = np.repeat(np.arange(60), counts)
    groups = np.arange(60) // 20
    splits = [
        [(np.flatnonzero(g != k), np.flatnonzero(g == k)) for k in range(3)]
        for g in (groups, groups[rows])
    ]
    model = LassoRegressorCV(alphas=5, eps=0.1, cv=splits[0]).fit(X, y, counts)
    repeated = LassoRegressorCV(alphas=5, eps=0.1, cv=splits[1][1:])
    repeated.fit(X[rows], y[rows])
    assert np.isnan(model.mse_path_[:, 0]).all()
    assert_allclose(model.mse_path_[:, 1:], repeated.mse_path_, rtol=1e-6)
    assert_allclose(model.cv_error_, repeated.cv_error_, rtol=1e-6)
    assert_allclose(model.cv_error_se_, repeated.cv_error_se_, rtol=1e-6)
    assert model.alpha_1se_ == pytest.approx(repeated.alpha_1se_)


def test_ties_choose_the_stronger_penalty():
    X = np.random.default_rng(0).normal(size=(40, 3))
    model = LassoRegressorCV(alphas=[5.0, 20.0, 10.0]).fit(X, X[:, 0])
    assert np.ptp(model.cv_error_) == 0
    assert model.alpha_ == model.alpha_min_ == model.alpha_1se_ == 20.0


def test_grid_edge_warns_which_way_to_extend():
    X, y = make_correlated_regression(200, 10, random_state=0)
    top = LassoRegressorCV().fit(X, y).alphas_[0]
    with pytest.warns(UserWarning, match="xtend the grid with smaller alphas"):
        model = LassoRegressorCV(alphas=[top, 0.5 * top]).fit(X, y)
    assert model.at_grid_edge_
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 40)), rng.normal(size=30)
    with pytest.warns(UserWarning, match="xtend the grid with larger alphas"):
        model = LassoRegressorCV(alphas=[1e-3, 1e-2]).fit(X, y)
    assert model.at_grid_edge_
    # Noise alone: the null model is the best of all, and no reason to warn.
    rng = np.random.default_rng(1)
    model = LassoRegressorCV().fit(rng.normal(size=(30, 40)), rng.normal(size=30))
    assert not model.coef_.any()
    assert not model.at_grid_edge_


def test_groups_with_and_without_metadata_routing(data):
    X, y = data
    groups = np.arange(60) % 7
    folds = list(GroupKFold(4).split(X, groups=groups))
    expected = LassoRegressorCV(alphas=4, eps=0.1, cv=folds).fit(X, y)
    model = LassoRegressorCV(alphas=4, eps=0.1, cv=GroupKFold(4))
    model.fit(X, y, groups=groups)
    assert_array_equal(model.mse_path_, expected.mse_path_)
    with config_context(enable_metadata_routing=True):
        model = LassoRegressorCV(alphas=4, eps=0.1, cv=GroupKFold(4))
        model.fit(X, y, groups=groups)
        assert_array_equal(model.mse_path_, expected.mse_path_)
        pipeline = make_pipeline(StandardScaler(), model)
        pipeline.fit(X, y, groups=groups)
        scorer = make_scorer(mean_absolute_error, greater_is_better=False)
        model.set_params(scoring=scorer.set_score_request(sample_weight=True))
        model.set_fit_request(sample_weight=True)
        weight = np.linspace(0.1, 1, 60)
        weighted = model.fit(X, y, groups=groups, sample_weight=weight).cv_error_
        model.set_params(scoring=scorer.set_score_request(sample_weight=False))
        plain = model.fit(X, y, groups=groups, sample_weight=weight).cv_error_
        assert np.all(np.abs(weighted - plain) > 1e-9)
    with pytest.raises(ValueError, match=r"color.*"):
        model.fit(X, y, color=groups)


@pytest.mark.parametrize("twin", TWINS)
def test_number_of_jobs_does_not_matter(twin, data):
    X, y = data
    alone = twin(alphas=20, n_jobs=1).fit(X, y)
    for n_jobs in (2, -1, None, 50):
        other = twin(alphas=20, n_jobs=n_jobs).fit(X, y)
        assert_allclose(other.mse_path_, alone.mse_path_, rtol=1e-10)
        assert_allclose(other.coef_, alone.coef_, rtol=1e-10, atol=1e-12)
        assert other.alpha_ == alone.alpha_


def test_leave_one_out(data):
    X, y = data
    model = LassoRegressorCV(alphas=3, eps=0.2, cv=LeaveOneOut(), tol=1e-12).fit(X, y)
    assert model.mse_path_.shape == (3, 60)
    for k in (0, 17, 59):
        rest = np.arange(60) != k
        single = LassoRegressor(model.alphas_[2], tol=1e-12).fit(X[rest], y[rest])
        error = (y[k] - single.predict(X[[k]])[0]) ** 2
        assert model.mse_path_[2, k] == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize("twin", TWINS)
def test_data_frames_and_column_targets(twin, data):
    X, y = data
    names = [f"x{j}" for j in range(X.shape[1])]
    frame = pd.DataFrame(X, columns=names)
    expected = twin(alphas=5, eps=0.1).fit(X, y)
    model = twin(alphas=5, eps=0.1).fit(frame, pd.Series(y))
    assert_allclose(model.coef_, expected.coef_)
    assert_array_equal(model.feature_names_in_, names)
    assert_array_equal(model.path_.feature_names_in_, names)
    with pytest.warns(DataConversionWarning, match="column-vector"):
        model = twin(alphas=5, eps=0.1).fit(X, y[:, None])
    assert_allclose(model.coef_, expected.coef_)
    with pytest.raises(ValueError, match="takes one target"):
        twin().fit(X, np.c_[y, y])


def test_a_fit_without_reason_to_warn_does_not(data):
    X, y = data
    for twin in TWINS:
        twin().fit(X, y)


def test_convergence_warning_names_the_fold(data):
    X, y = data
    model = LassoRegressorCV(
        solver="coordinate_descent", max_iter=1, alphas=[1e-3], tol=1e-14
    )
    with pytest.warns(ConvergenceWarning) as seen:
        model.fit(X, y)
    messages = [str(w.message) for w in seen]
    assert any("in fold 0 of 5" in message for message in messages)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cv": [(np.arange(40), np.array([], dtype=int))]}, "held-out rows .* fold 0"),
        ({"cv": [([], np.arange(5))]}, "training rows .* fold 0"),
        ({"cv": [(np.arange(70), np.arange(5))]}, "training rows of fold 0 that X"),
        ({"cv": []}, "cv gives no folds"),
        (
            {"cv": [(1, 2, 3)]},
            r"held-out rows of each fold, got \(1, 2, 3\) for fold 0",
        ),
        ({"cv": KFold}, r"not its class: write KFold\(\) for KFold"),
        ({"alphas": [-1.0, 2.0]}, r"alphas\[0\] == -1"),
        ({"alphas": []}, "alphas must be a non-empty"),
        ({"relaxed": 2}, "'relaxed' parameter"),
        ({"rule": "best"}, "'rule' parameter"),
        ({"criterion": "cp"}, "'criterion' parameter"),
        ({"n_jobs": 0}, "'n_jobs' parameter"),
        ({"criterion": "bic", "rule": "1se"}, "rule='1se' needs"),
        ({"cv": [(np.arange(40), np.arange(40, 60))], "rule": "1se"}, "two folds"),
    ],
    ids=str,
)
@pytest.mark.parametrize("twin", TWINS)
def test_bad_parameters_leave_an_earlier_fit(twin, options, message, data):
    X, y = data
    model = twin(alphas=5, eps=0.1).fit(X, y)
    before = dict(vars(model))
    model.set_params(**options)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    for name in ("coef_", "alpha_", "mse_path_"):
        assert getattr(model, name) is before[name]


def test_bad_l1_ratios(data):
    X, y = data
    for given, message in [
        ([0.5, 2.0], r"l1_ratio\[1\] is 2"),
        ([], "l1_ratio must be a number or a non-empty"),
        ([0.0, 0.5], "not supported for l1_ratio=0"),
        (1.5, "'l1_ratio' parameter"),
    ]:
        with pytest.raises(ValueError, match=message):
            ElasticNetRegressorCV(l1_ratio=given).fit(X, y)
    model = ElasticNetRegressorCV(l1_ratio=[0.0, 0.5], alphas=[1.0, 0.1]).fit(X, y)
    assert model.mse_path_.shape == (2, 2, 5)
    folds = list(KFold(5).split(X))
    expected = by_hand(model, X, y, None, folds, l1_ratio=0.0)
    assert_allclose(model.mse_path_[0], expected, rtol=1e-6)


def test_training_rows_need_weight(data):
    X, y = data
    weight = np.r_[np.ones(30), np.zeros(30)]
    with pytest.raises(
        ValueError, match="training rows of fold 0 have sample_weight 0"
    ):
        LassoRegressorCV(cv=2).fit(X, y, weight)
