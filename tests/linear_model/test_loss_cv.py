"""Choosing alpha for classes and counts."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.metrics import (
    accuracy_score,
    d2_tweedie_score,
    log_loss,
    make_scorer,
    mean_gamma_deviance,
    mean_poisson_deviance,
    mean_tweedie_deviance,
)
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    StratifiedKFold,
    cross_val_score,
)

from regkit import (
    AlphaSelectionDisplay,
    GeneralizedLinearRegressor,
    GeneralizedLinearRegressorCV,
    LinearSVMClassifier,
    LinearSVMClassifierCV,
    LogisticClassifier,
    LogisticClassifierCV,
    PathSearchCV,
)
from tests.linear_model.classes_and_counts import (
    ALPHAS,
    CASES,
    COUNTS,
    ETA,
    OFFSET,
    TIGHT,
    WEIGHT,
    N,
    X,
    Y,
)
from tests.loss_certificate import certify_loss

# Grids of three alphas, to compare with searches: the best one may be at an end.
pytestmark = pytest.mark.filterwarnings("ignore:.*at the edge of the grid")


def error(name, model, rows, y, weight=None, offset=None):
    """The held-out error by scikit-learn's own metrics."""
    if name == "logistic":
        probabilities = model.predict_proba(rows, offset)
        return log_loss(y, probabilities, sample_weight=weight, labels=["no", "yes"])
    if name == "svm":
        margin = np.where(y == "yes", 1, -1) * model.decision_function(rows)
        return np.average(np.maximum(1 - margin, 0) ** 2, weights=weight)
    expected = model.predict(rows, offset)
    metric = {"poisson": mean_poisson_deviance, "gamma": mean_gamma_deviance}.get(name)
    if metric is None:
        return mean_tweedie_deviance(y, expected, sample_weight=weight, power=1.3)
    return metric(y, expected, sample_weight=weight)


@pytest.mark.parametrize("is_weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", CASES)
def test_errors_are_those_of_fits_on_each_fold(name, is_weighted):
    kind, single, y, options = CASES[name]
    weight = WEIGHT if is_weighted else None
    offset = OFFSET if is_weighted and name != "svm" else None
    cv = StratifiedKFold(4) if y is Y else KFold(4)
    model = kind(alphas=ALPHAS, cv=cv, **options, **TIGHT)
    model.fit(X, y, sample_weight=weight, offset=offset)
    for k, (train, test) in enumerate(cv.split(X, y)):
        for i, alpha in enumerate(ALPHAS):
            alone = single(alpha, **options, **TIGHT).fit(
                X[train],
                y[train],
                None if weight is None else weight[train],
                None if offset is None else offset[train],
            )
            found = error(
                name,
                alone,
                X[test],
                y[test],
                None if weight is None else weight[test],
                None if offset is None else offset[test],
            )
            assert model.fold_errors_[i, k] == pytest.approx(found, rel=1e-6)
    shares = [
        (weight if is_weighted else np.ones(N))[t].sum() for _, t in cv.split(X, y)
    ]
    expected = np.average(model.fold_errors_, axis=1, weights=shares)
    assert model.cv_error_ == pytest.approx(expected)
    best = single(model.alpha_, **options, **TIGHT).fit(X, y, weight, offset)
    assert model.coef_ == pytest.approx(best.coef_, abs=1e-5)
    assert model.alpha_ == ALPHAS[int(np.argmin(model.cv_error_))]


def test_the_grid_starts_where_coefficients_do():
    for name, (kind, single, y, options) in CASES.items():
        model = kind(cv=3, alphas=20, **options).fit(X, y, WEIGHT)
        top = model.alphas_[0]
        assert not single(top, **options).fit(X, y, WEIGHT).coef_.any(), name
        assert single(0.99 * top, **options).fit(X, y, WEIGHT).coef_.any(), name
        assert model.alphas_[-1] == pytest.approx(1e-3 * top)


def test_folds_are_stratified_for_classes_alone():
    y = np.sort(Y)  # unstratified folds would lack a class
    model = LogisticClassifierCV(alphas=5).fit(X, y)
    assert model.fold_errors_.shape == (5, 5)
    assert np.isfinite(model.fold_errors_).all()


def test_every_path_is_certified():
    model = LogisticClassifierCV(alphas=20, store_fold_coefs=True, **TIGHT).fit(X, Y)
    assert model.fold_coef_path_.shape == (5, 8, 20)
    path = model.path_
    for k in range(0, 20, 5):
        found = certify_loss(
            "logistic",
            X,
            (Y == "yes").astype(int),
            path.coefs[:, k],
            path.intercepts[k],
            alpha=path.alphas[k],
        )
        assert found.relative_gap <= 1e-12


def test_one_standard_error_and_callables():
    by_least = LogisticClassifierCV(alphas=20).fit(X, Y)
    by_error = LogisticClassifierCV(alphas=20, rule="1se").fit(X, Y)
    last = LogisticClassifierCV(alphas=20, rule=lambda curve: 7).fit(X, Y)
    assert by_error.alpha_ == by_least.alpha_1se_ >= by_least.alpha_
    assert last.alpha_ == last.alphas_[7]
    assert by_error.alpha_min_ == by_least.alpha_


def test_several_l1_ratios():
    model = LogisticClassifierCV(l1_ratio=[0.2, 0.8, 1.0], alphas=10).fit(X, Y)
    assert model.cv_error_.shape == model.alphas_.shape == (3, 10)
    assert model.fold_errors_.shape == (3, 10, 5)
    least = model.cv_error_.min(axis=1)
    assert model.l1_ratio_ == [0.2, 0.8, 1.0][int(least.argmin())]
    with pytest.raises(ValueError, match="l1_ratio must hold numbers from 0 to 1"):
        LogisticClassifierCV(l1_ratio=[0.5, 2.0]).fit(X, Y)
    with pytest.raises(ValueError, match="LogisticClassifierCV needs alphas"):
        LogisticClassifierCV(l1_ratio=0.0).fit(X, Y)


@pytest.mark.parametrize(
    "scoring", ["neg_log_loss", "accuracy", "roc_auc", make_scorer(log_loss)]
)
def test_any_scorer(scoring):
    if callable(scoring):
        scoring = make_scorer(
            log_loss, greater_is_better=False, response_method="predict_proba"
        )
    model = LogisticClassifierCV(alphas=ALPHAS, scoring=scoring, **TIGHT).fit(X, Y)
    for i, alpha in enumerate(ALPHAS):
        single = LogisticClassifier(alpha, **TIGHT)
        scores = cross_val_score(single, X, Y, scoring=scoring)
        assert -model.fold_errors_[i] == pytest.approx(scores, abs=1e-8)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", [*CASES, "multinomial", "grouped"])
def test_searches_along_a_path_give_the_same_numbers(name, seed):
    """Both are solved far beyond `tol`, which stays as it is by default."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(90, 30)) * rng.choice([0.3, 1.0, 3.0], size=30)
    eta = rows[:, :3].sum(axis=1)
    if name in ("multinomial", "grouped"):
        single, options = LogisticClassifier, {}
        if name == "grouped":
            options = {"multinomial_penalty": "grouped"}
        y = np.digitize(eta + rng.logistic(size=90), [-1.0, 1.0])
    else:
        _, single, _, options = CASES[name]
        y = (eta + rng.logistic(size=90) > 0).astype(int)
        if single is GeneralizedLinearRegressor:
            y = rng.poisson(np.exp(0.2 * eta)) + (0.5 if name == "gamma" else 0.0)
    scoring = {GeneralizedLinearRegressor: None}.get(single, "neg_log_loss")
    grid = {"alpha": [0.1, 0.02, 1e-3], "l1_ratio": [1.0, 0.5]}
    scoring = mean_squared_hinge if name == "svm" else scoring
    one = GridSearchCV(single(**options), grid, scoring=scoring, cv=3).fit(rows, y)
    two = PathSearchCV(single(**options), grid, scoring=scoring, cv=3).fit(rows, y)
    for key in ("mean_test_score", "split0_test_score", "std_test_score"):
        assert two.cv_results_[key] == pytest.approx(one.cv_results_[key], abs=1e-8)
    assert two.best_params_ == one.best_params_


def mean_squared_hinge(model, rows, y):
    """A score that tells apart what accuracy does not."""
    margins = (2 * y - 1) * model.decision_function(rows)
    return -np.mean(np.maximum(0.0, 1.0 - margins) ** 2)


def test_balanced_classes_are_weighed_in_each_fold():
    cv = KFold(3)
    model = LogisticClassifierCV(
        alphas=ALPHAS, cv=cv, class_weight="balanced", **TIGHT
    ).fit(X, Y)
    single = LogisticClassifier(class_weight="balanced", **TIGHT)
    search = GridSearchCV(single, {"alpha": ALPHAS}, cv=cv, scoring="neg_log_loss")
    search.fit(X, Y)
    expected = -search.cv_results_["mean_test_score"]
    assert model.cv_error_ == pytest.approx(expected, abs=1e-8)


def test_groups_reach_the_splitter():
    groups = np.arange(N) % 6
    model = LogisticClassifierCV(alphas=ALPHAS, cv=GroupKFold(3))
    model.fit(X, Y, groups=groups)
    assert model.fold_errors_.shape == (3, 3)
    with config_context(enable_metadata_routing=True):
        routed = LogisticClassifierCV(alphas=ALPHAS, cv=GroupKFold(3))
        routed.fit(X, Y, groups=groups)
    assert np.array_equal(routed.fold_errors_, model.fold_errors_)


@pytest.mark.parametrize(
    ("kind", "y"),
    [
        (GeneralizedLinearRegressor, COUNTS),
        (LogisticClassifier, Y),
        (LinearSVMClassifier, Y),
    ],
)
def test_an_offset_is_routed_to_the_fits_of_a_search(kind, y):
    grid, offset = {"alpha": ALPHAS}, 3 * OFFSET
    with config_context(enable_metadata_routing=True):
        single = kind(**TIGHT)
        single.set_fit_request(offset=True).set_score_request(offset=True)
        one = GridSearchCV(single, grid, cv=KFold(3)).fit(X, y, offset=offset)
        two = PathSearchCV(single, grid, cv=KFold(3)).fit(X, y, offset=offset)
    scores = one.cv_results_["mean_test_score"]
    assert two.cv_results_["mean_test_score"] == pytest.approx(scores, abs=1e-8)
    train, test = next(KFold(3).split(X))
    alone = kind(ALPHAS[0], **TIGHT).fit(X[train], y[train], offset=offset[train])
    expected = alone.predict(X[test], offset[test])
    score = d2_tweedie_score if y is COUNTS else accuracy_score
    power = {"power": 1} if y is COUNTS else {}
    first = one.cv_results_["split0_test_score"][0]
    assert first == pytest.approx(score(y[test], expected, **power), abs=1e-12)
    assert first != alone.score(X[test], y[test])


def test_the_end_of_a_grid_is_a_warning():
    with pytest.warns(UserWarning, match="LogisticClassifierCV: .*edge of the grid"):
        LogisticClassifierCV(alphas=[0.2, 0.1]).fit(X, Y)


def test_choice_without_a_fit():
    model = LogisticClassifierCV(alphas=10, refit=False).fit(X, Y)
    assert not hasattr(model, "coef_")
    assert model.alpha_ == LogisticClassifierCV(alphas=10).fit(X, Y).alpha_


def test_threads_do_not_change_the_answer():
    one = LogisticClassifierCV(alphas=10, n_jobs=1).fit(X, Y)
    two = LogisticClassifierCV(alphas=10, n_jobs=2).fit(X, Y)
    assert np.array_equal(one.fold_errors_, two.fold_errors_)


def test_several_classes_share_one_alpha():
    labels = np.array(["a", "b", "c"])[np.digitize(ETA, [-0.7, 0.7])]
    model = LinearSVMClassifierCV(alphas=10, store_fold_coefs=True).fit(X, labels)
    assert np.ndim(model.alpha_) == 0
    assert model.coef_.shape == (3, 8)
    assert model.coef_path_.shape == (3, 8, 10)
    assert model.fold_coef_path_.shape == (5, 3, 8, 10)


def test_multinomial_choices_are_those_of_a_search():
    rng = np.random.default_rng(0)
    labels = np.array(["a", "b", "c"])[np.digitize(ETA + rng.logistic(size=N), [-1, 1])]
    model = LogisticClassifierCV(
        alphas=ALPHAS, store_fold_coefs=True, **{**TIGHT, "tol": 1e-13}
    ).fit(X, labels, sample_weight=WEIGHT)
    single = LogisticClassifier(tol=1e-13)
    cv = StratifiedKFold(5)
    for k, (train, test) in enumerate(cv.split(X, labels)):
        for i, alpha in enumerate(ALPHAS):
            single.set_params(alpha=alpha)
            single.fit(X[train], labels[train], sample_weight=WEIGHT[train])
            loss = log_loss(
                labels[test],
                single.predict_proba(X[test]),
                sample_weight=WEIGHT[test],
            )
            assert model.fold_errors_[i, k] == pytest.approx(loss, rel=1e-6)
    assert model.coef_path_.shape == (3, 8, 3)
    assert model.fold_coef_path_.shape == (5, 3, 8, 3)
    grid = {"alpha": ALPHAS}
    one = GridSearchCV(single, grid, scoring="neg_log_loss").fit(X, labels)
    two = PathSearchCV(single, grid, scoring="neg_log_loss").fit(X, labels)
    scores = one.cv_results_["mean_test_score"]
    assert two.cv_results_["mean_test_score"] == pytest.approx(scores, abs=1e-8)


def test_paths_of_hinge_losses_have_no_probabilities():
    path = LinearSVMClassifierCV(alphas=5).fit(X, Y).path_
    assert set(path.predict(X, path.alphas[-1])) == {"no", "yes"}
    with pytest.raises(AttributeError, match="hinge losses estimate none"):
        path.predict_proba(X)


def test_an_unpenalized_fold_without_an_optimum_is_named():
    leak = (Y == "yes") & (np.arange(N) < 60)
    data = np.column_stack([X, leak])
    overlap = Y.copy()
    overlap[np.flatnonzero(leak)[0]] = "no"
    folds = [(np.arange(N), np.arange(5)), (np.flatnonzero(overlap == Y), np.arange(9))]
    model = LogisticClassifierCV(alphas=[0.1, 0.0], cv=folds)
    with pytest.raises(ValueError, match=r"in fold 1 of 2, has no finite optimum"):
        model.fit(data, overlap)


def test_a_display_of_the_choice():
    model = LogisticClassifierCV(alphas=10).fit(X, Y)
    display = AlphaSelectionDisplay.from_estimator(model)
    assert "log-loss" in display.ax_.get_ylabel()


def test_peers_choose_about_as_well():
    """The held-out log-loss at the chosen alpha is no worse than over a fine grid."""
    ours = LogisticClassifierCV(l1_ratio=0.5).fit(X, Y)
    losses = [
        -cross_val_score(
            LogisticRegression(C=C, max_iter=1000), X, Y, scoring="neg_log_loss"
        ).mean()
        for C in np.geomspace(1e-3, 10, 9)
    ]
    assert ours.cv_error_.min() <= min(losses) + 0.01
    counts = GeneralizedLinearRegressorCV(l1_ratio=0.5).fit(X, COUNTS)
    deviances = [
        -cross_val_score(
            PoissonRegressor(alpha=alpha),
            X,
            COUNTS,
            scoring="neg_mean_poisson_deviance",
        ).mean()
        for alpha in np.geomspace(1e-3, 10, 9)
    ]
    assert counts.cv_error_.min() <= min(deviances) + 0.02


@pytest.mark.parametrize(
    "model",
    [LogisticClassifierCV(), LinearSVMClassifierCV(), LogisticClassifierCV(cv=3)],
)
@pytest.mark.filterwarnings("ignore:The least populated class:UserWarning")
def test_the_only_row_of_a_class_is_learned_from(model):
    labels = np.array(["many"] * 30 + ["some"] * 28 + ["once", "twice"])
    with pytest.warns(UserWarning, match="single row .* 'once', 'twice'. Such rows"):
        model.set_params(alphas=4).fit(X[:60], labels)
    assert model.classes_.tolist() == ["many", "once", "some", "twice"]
    assert np.isfinite(model.cv_error_).all()
    with pytest.raises(ValueError, match="has no row of positive weight in the train"):
        model.set_params(cv=KFold(3)).fit(X[:60], labels)
