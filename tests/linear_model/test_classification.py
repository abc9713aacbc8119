"""Classifiers and regressions of counts: their answers, shapes and companions."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import StackingClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_selection import SelectFromModel
from sklearn.inspection import permutation_importance
from sklearn.linear_model import (
    GammaRegressor,
    LogisticRegression,
    PoissonRegressor,
    TweedieRegressor,
)
from sklearn.metrics import d2_tweedie_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import regkit
from tests.loss_certificate import certify_loss

rng = np.random.default_rng(0)
N = 150
X = rng.normal(size=(N, 6))
ETA = X @ [1.0, -1.0, 0.5, 0.0, 0.0, 0.0]
Y = (ETA + rng.logistic(size=N) > 0).astype(int)
COUNTS = rng.poisson(np.exp(ETA / 2))
WEIGHT = rng.integers(0, 3, size=N).astype(float)
OFFSET = rng.normal(scale=0.5, size=N)


@pytest.mark.parametrize("C", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])
def test_agrees_with_logistic_regression(C, weight):
    total = N if weight is None else weight.sum()
    ours = regkit.LogisticClassifier(1 / (C * total), l1_ratio=0.0, tol=1e-14)
    theirs = LogisticRegression(C=C, tol=1e-12, max_iter=10_000)
    ours.fit(X, Y, sample_weight=weight)
    theirs.fit(X, Y, sample_weight=weight)
    for name in ("coef_", "intercept_", "classes_"):
        found, expected = getattr(ours, name), getattr(theirs, name)
        assert found.shape == expected.shape
        assert found == pytest.approx(expected, abs=1e-5)
    for name in ("predict_proba", "predict_log_proba", "decision_function"):
        found, expected = getattr(ours, name)(X), getattr(theirs, name)(X)
        assert found.shape == expected.shape
        assert found == pytest.approx(expected, abs=1e-5)
    assert np.array_equal(ours.predict(X), theirs.predict(X))


def test_agrees_with_saga_on_an_elastic_net():
    ours = regkit.LogisticClassifier(0.02, l1_ratio=0.5, tol=1e-14).fit(X, Y)
    theirs = LogisticRegression(
        C=1 / (0.02 * N), l1_ratio=0.5, solver="saga", tol=1e-10, max_iter=100_000
    )
    if theirs.penalty == "l2":  # before scikit-learn 1.8
        theirs.set_params(penalty="elasticnet")
    theirs.fit(X, Y)
    assert ours.coef_ == pytest.approx(theirs.coef_, abs=1e-5)


@pytest.mark.parametrize(
    ("family", "peer"),
    [
        ("poisson", PoissonRegressor),
        ("gamma", GammaRegressor),
        ("tweedie", TweedieRegressor),
    ],
)
def test_agrees_with_scikit_learns_regressions(family, peer):
    y = COUNTS + 0.5 if family == "gamma" else COUNTS
    options = {"power": 1.5, "link": "log"} if family == "tweedie" else {}
    theirs = peer(
        alpha=0.3, tol=1e-12, max_iter=10_000, solver="newton-cholesky", **options
    )
    theirs.fit(X, y, sample_weight=WEIGHT)
    ours = regkit.GeneralizedLinearRegressor(
        0.3, l1_ratio=0.0, family=family, tol=1e-14
    )
    ours.fit(X, y, sample_weight=WEIGHT)
    assert ours.coef_ == pytest.approx(theirs.coef_, abs=1e-6)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-6)
    assert ours.predict(X) == pytest.approx(theirs.predict(X), rel=1e-5)
    assert ours.score(X, y, WEIGHT) == pytest.approx(theirs.score(X, y, WEIGHT))
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)


def test_agrees_with_linear_svc_without_intercept():
    """Its intercept is penalized, so the problems are the same only without."""
    for penalty, l1_ratio in (("l2", 0.0), ("l1", 1.0)):
        ours = regkit.LinearSVMClassifier(
            1 / (0.5 * N), l1_ratio=l1_ratio, fit_intercept=False, tol=1e-14
        ).fit(X, Y)
        theirs = LinearSVC(
            C=0.5,
            penalty=penalty,
            dual=False,
            fit_intercept=False,
            tol=1e-10,
            max_iter=100_000,
        ).fit(X, Y)
        assert ours.coef_ == pytest.approx(theirs.coef_, abs=1e-5)


def unpenalized(family, offset):
    """Coefficients and intercept of maximum likelihood by reweighted least squares."""
    Z = np.column_stack([X, np.ones(N)])
    solution = np.zeros(7)
    for _ in range(50):
        eta = Z @ solution + offset
        mean = 1 / (1 + np.exp(-eta)) if family == "logistic" else np.exp(eta)
        spread = mean * (1 - mean) if family == "logistic" else mean
        y = Y if family == "logistic" else COUNTS
        step = np.linalg.solve((Z.T * spread) @ Z, Z.T @ (y - mean))
        solution = solution + step
    return solution


@pytest.mark.parametrize("offset", [np.zeros(N), OFFSET], ids=["plain", "offset"])
def test_agrees_with_maximum_likelihood(offset):
    expected = unpenalized("logistic", offset)
    model = regkit.LogisticClassifier(alpha=0.0, tol=1e-15).fit(X, Y, offset=offset)
    assert model.coef_[0] == pytest.approx(expected[:6], abs=1e-6)
    assert model.intercept_[0] == pytest.approx(expected[6], abs=1e-6)
    expected = unpenalized("poisson", offset)
    model = regkit.GeneralizedLinearRegressor(0.0, tol=1e-15).fit(
        X, COUNTS, offset=offset
    )
    assert model.coef_ == pytest.approx(expected[:6], abs=1e-6)


def test_one_against_the_rest():
    data, y = load_iris(return_X_y=True)
    model = regkit.LinearSVMClassifier(0.01, tol=1e-12).fit(data, y)
    assert model.coef_.shape == (3, 4)
    assert model.intercept_.shape == model.dual_gap_.shape == model.n_iter_.shape
    assert model.decision_function(data).shape == (150, 3)
    for k in range(3):
        alone = regkit.LinearSVMClassifier(0.01, tol=1e-12).fit(data, y == k)
        assert model.coef_[k] == pytest.approx(alone.coef_[0], abs=1e-8)
        found = certify_loss(
            "squared_hinge",
            data,
            (y == k).astype(int),
            model.coef_[k],
            model.intercept_[k],
            alpha=0.01,
            l1_ratio=0.0,
        )
        assert found.relative_gap <= 1e-11


def test_log_probabilities_are_not_logs_of_rounded_probabilities():
    model = regkit.LogisticClassifier(alpha=1e-6).fit(X[:, :1], X[:, 0] > 0)
    far = np.array([[1e5], [-1e5]])
    assert model.predict_proba(far)[0, 0] == 0.0
    logarithms = model.predict_log_proba(far)
    assert np.isfinite(logarithms).all()
    assert logarithms[0, 0] == pytest.approx(-model.decision_function(far)[0])


def test_probabilities_sum_to_one_and_agree_with_predictions():
    model = regkit.LogisticClassifier().fit(X, np.array(["no", "yes"])[Y])
    probabilities = model.predict_proba(X)
    assert probabilities.sum(axis=1) == pytest.approx(1.0)
    assert np.array_equal(
        model.classes_[probabilities.argmax(axis=1)], model.predict(X)
    )
    assert np.mean(probabilities[:, 1]) == pytest.approx(np.mean(Y), abs=1e-4)


def test_class_weights_shift_the_intercept_as_documented():
    model = regkit.LogisticClassifier(alpha=1e-8, class_weight={0: 1.0, 1: 5.0}).fit(
        X[:, :1] * 0, Y
    )
    plain = np.log(Y.mean() / (1 - Y.mean()))
    assert model.intercept_[0] - np.log(5.0) == pytest.approx(plain)


def test_an_offset_at_prediction():
    model = regkit.LogisticClassifier().fit(X, Y, offset=OFFSET)
    shifted = model.decision_function(X, offset=OFFSET)
    assert shifted == pytest.approx(model.decision_function(X) + OFFSET)
    assert model.predict_proba(X, OFFSET)[:, 1] == pytest.approx(
        1 / (1 + np.exp(-shifted))
    )
    counts = regkit.GeneralizedLinearRegressor().fit(X, COUNTS, offset=OFFSET)
    assert counts.predict(X, OFFSET) == pytest.approx(
        counts.predict(X) * np.exp(OFFSET)
    )
    assert counts.score(X, COUNTS, offset=OFFSET) == pytest.approx(
        d2_tweedie_score(COUNTS, counts.predict(X, OFFSET), power=1)
    )


@pytest.mark.parametrize("in_chunks", [False, True])
@pytest.mark.parametrize("family", ["poisson", "gamma"])
def test_offsets_beyond_float64_are_named(family, in_chunks):
    offset = np.where(np.arange(N) % 2, 2100.0, -2100.0)
    rows = (regkit.RowChunks([(X, COUNTS + 1)]), None) if in_chunks else (X, COUNTS + 1)
    with pytest.raises(ValueError, match="offset goes from -2100 to 2100, and exp"):
        regkit.GeneralizedLinearRegressor(family=family).fit(*rows, offset=offset)
    if not in_chunks:
        with pytest.raises(ValueError, match="offset goes from -2100 to 2100, and exp"):
            regkit.glm_path(*rows, family=family, n_alphas=3, offset=offset)


def test_exposure_is_a_weight_or_an_offset():
    exposure = np.exp(OFFSET)
    model = regkit.GeneralizedLinearRegressor(0.02, tol=1e-14)
    # A mean over exposure is the mean over rows times their ratio.
    by_weight = model.fit(X, COUNTS / exposure, sample_weight=exposure).coef_.copy()
    model.set_params(alpha=0.02 * exposure.mean())
    by_offset = model.fit(X, COUNTS, offset=OFFSET).coef_
    assert by_weight == pytest.approx(by_offset, abs=1e-6)


@pytest.mark.parametrize(
    "model",
    [
        regkit.LogisticClassifier(),
        regkit.LinearSVMClassifier(l1_ratio=0.5),
        regkit.LogisticClassifierCV(),
    ],
    ids=lambda model: type(model).__name__,
)
def test_sparse_coefficients_predict_alike(model):
    model.fit(X, Y)
    decision = model.decision_function(X)
    assert np.array_equal(model.sparse_coef_.toarray(), model.coef_)
    assert sp.issparse(model.sparsify().coef_)
    assert model.decision_function(X) == pytest.approx(decision)
    assert model.decision_function(sp.csr_matrix(X)) == pytest.approx(decision)
    assert isinstance(model.densify().coef_, np.ndarray)


def test_warm_starts_need_fewer_steps_and_give_the_same_answer():
    data, y = load_breast_cancer(return_X_y=True)
    model = regkit.LogisticClassifier(0.01, standardize=True, tol=1e-12).fit(data, y)
    cold, n_cold = model.coef_.copy(), model.n_iter_
    model.set_params(warm_start=True).fit(data, y)
    assert model.n_iter_ <= n_cold
    assert model.coef_ == pytest.approx(cold, rel=1e-5)
    model.fit(data[:, :5], y)  # of another shape: from the start
    assert model.coef_.shape == (1, 5)
    model.sparsify().fit(data[:, :5], y)


def test_no_convergence_is_a_warning_with_a_number():
    model = regkit.LogisticClassifier(1e-4, max_iter=1, tol=1e-15)
    with pytest.warns(ConvergenceWarning, match=r"duality gap is \d.*tol=1e-15"):
        model.fit(X, Y)
    assert model.dual_gap_ > 0


def test_nothing_is_predicted_before_fit():
    for model in (regkit.LogisticClassifier(), regkit.LinearSVMClassifier()):
        with pytest.raises(NotFittedError):
            model.predict(X)


def test_paths_predict_what_estimators_do():
    path = regkit.logistic_path(X, Y, n_alphas=5, tol=1e-12)
    for k, model in enumerate(
        regkit.LogisticClassifier(tol=1e-12).fit_path(X, Y, path.alphas)
    ):
        assert path.coefs[:, k] == pytest.approx(model.coef_[0], abs=1e-6)
        alpha = path.alphas[k]
        found = path.predict_proba(X, alpha)
        assert found == pytest.approx(model.predict_proba(X)[:, 1], abs=1e-6)
        assert np.array_equal(path.predict(X, alpha), model.predict(X))
    assert path.predict_proba(X).shape == (N, 5)
    counts = regkit.glm_path(X, COUNTS, n_alphas=3)
    model = regkit.GeneralizedLinearRegressor(counts.alphas[-1]).fit(X, COUNTS)
    assert counts.predict(X, counts.alphas[-1]) == pytest.approx(
        model.predict(X), abs=1e-4
    )


def test_a_path_ends_early():
    path = regkit.logistic_path(X, Y, max_nonzero=2)
    assert path.n_nonzero.max() <= 2
    assert len(path.alphas) < 100
    with pytest.raises(ValueError, match="max_nonzero=1 leaves no solution"):
        regkit.logistic_path(X, Y, alphas=[1e-3], max_nonzero=1)


def test_fit_path_keeps_the_order_and_refuses_in_turn():
    model = regkit.LogisticClassifier(tol=1e-12)
    found = model.fit_path(X, Y, [0.01, 0.1, 0.01])
    alphas = [fitted.alpha for fitted in found]
    assert alphas == [0.01, 0.1, 0.01]
    turns = model.fit_path(X, Y, [0.1, -1.0])
    assert next(turns).alpha == 0.1
    with pytest.raises(ValueError, match="'alpha' parameter"):
        next(turns)
    assert not hasattr(model, "coef_")
    assert list(model.fit_path(X, Y, [])) == []


# ------------------------------------------------------------------------- companions


@pytest.mark.parametrize(
    "model",
    [
        regkit.LogisticClassifier(0.05),
        regkit.LinearSVMClassifier(0.2, l1_ratio=1.0),
        regkit.LogisticClassifierCV(l1_ratio=[0.5, 1.0], alphas=[0.05]),
        regkit.ElasticNetRegressor(0.05, l1_ratio=1.0),
    ],
)
def test_selection_by_coefficients(model):
    y = np.equal(Y, Y[0])
    selected = SelectFromModel(model).fit(X, y)
    kept = np.ravel(selected.estimator_.coef_) != 0
    if selected.estimator_.penalty == "l1":
        assert np.array_equal(selected.get_support(), kept)
    assert 0 < selected.get_support().sum() < 6


def test_the_kind_of_penalty():
    kinds = {0.0: "l2", 0.5: "elasticnet", 1.0: "l1", (0.5, 1.0): "elasticnet"}
    for l1_ratio, kind in kinds.items():
        assert regkit.LogisticClassifierCV(l1_ratio=l1_ratio).penalty == kind
    model = regkit.LogisticClassifierCV(l1_ratio=[1.0], alphas=[0.05]).fit(X, Y)
    assert model.penalty == "l1"


def test_calibrated_margins():
    model = CalibratedClassifierCV(regkit.LinearSVMClassifier(), cv=3).fit(X, Y)
    assert model.predict_proba(X).sum(axis=1) == pytest.approx(1.0)
    assert model.score(X, Y) > 0.7


def test_one_versus_rest_of_binary_classifiers():
    data, y = load_iris(return_X_y=True)
    model = OneVsRestClassifier(regkit.LogisticClassifier(0.001)).fit(data, y)
    assert model.score(data, y) > 0.9


def test_stacked_and_piped():
    stack = StackingClassifier(
        [
            ("logistic", make_pipeline(StandardScaler(), regkit.LogisticClassifier())),
            ("svm", regkit.LinearSVMClassifier()),
        ],
        final_estimator=regkit.LogisticClassifier(0.001),
        cv=3,
    ).fit(X, Y)
    assert stack.score(X, Y) > 0.7


def test_permuted_columns_matter_as_their_coefficients():
    model = regkit.LogisticClassifier(0.05).fit(X, Y)
    found = permutation_importance(model, X, Y, scoring="neg_log_loss", random_state=0)
    assert np.array_equal(found.importances_mean != 0, model.coef_[0] != 0)


def test_generic_minimizer_finds_nothing_better():
    model = regkit.LogisticClassifier(0.02, l1_ratio=0.5, bounds=(-0.5, 0.4), tol=1e-13)
    model.fit(X, Y)

    def objective(point):
        coef, b = point[:6], point[6]
        z = X @ coef + b
        loss = np.mean(np.logaddexp(0, z) - Y * z)
        return loss + 0.02 * (0.5 * np.abs(coef).sum() + 0.25 * coef @ coef)

    ours = objective(np.append(model.coef_[0], model.intercept_))
    for seed in range(3):
        start = np.random.default_rng(seed).normal(size=7) * 0.1
        bounds = [(-0.5, 0.4)] * 6 + [(None, None)]
        theirs = minimize(objective, start, bounds=bounds, method="L-BFGS-B").fun
        assert ours <= theirs + 1e-12
