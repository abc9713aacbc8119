"""Problems that other packages answer wrongly or never, each with the right answer.

The numbers of their issues are given where they are known.
"""

import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csc_array
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

from regkit import (
    GeneralizedLinearRegressor,
    LogisticClassifier,
    LogisticClassifierCV,
    PathSearchCV,
    glm_path,
    logistic_path,
)
from tests.loss_certificate import certify_loss
from tests.loss_optimum import reference_optimum


def classes(n_samples=200, n_features=5, seed=0):
    """Columns and classes that they partly explain."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features))
    return X, (X[:, 0] - X[:, 1] + rng.logistic(size=n_samples) > 0).astype(int)


def counts(n_samples=200, n_features=5, seed=0):
    """Columns and counts that they partly explain."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features))
    return X, rng.poisson(np.exp(0.5 * X[:, 0] - 0.3 * X[:, 1]))


def assert_certified(loss, X, y, model, tol=1e-8, **options):
    found = certify_loss(loss, X, y, model.coef_, model.intercept_, **options)
    assert found.gap <= tol * found.null_deviance + 1e-14


def test_four_rows_of_elastic_net_logistic_regression():
    """Statsmodels #9428, #4607, #8510: another answer, intercept penalized."""
    X = np.array([[1.0, 2.0], [2.0, 0.5], [3.0, 1.0], [4.0, 3.0]])
    y = np.array([0, 1, 0, 1])
    for l1_ratio in (1.0, 0.5, 0.0):
        options = {"alpha": 0.1, "l1_ratio": l1_ratio}
        coef, intercept = reference_optimum("logistic", X, y, **options)
        model = LogisticClassifier(**options, tol=1e-14).fit(X, y)
        assert model.coef_ == pytest.approx(coef, abs=1e-6)
        assert model.intercept_ == pytest.approx(intercept, abs=1e-6)
        assert_certified("logistic", X, y, model, 1e-13, **options)


def test_deviance_falls_along_a_tweedie_path():
    """Statsmodels #7476: unstable in alpha."""
    X, y = counts()
    path = glm_path(X, y * 1.5, family="tweedie", power=1.5)
    expected = path.predict(X)
    target = y[:, None] * 1.5
    deviance = np.mean(expected**0.5 / 0.5 + target * expected**-0.5 / 0.5, axis=0)
    assert np.all(np.diff(deviance) <= 1e-12)


@pytest.mark.parametrize("alpha", [1e-4, 1e-2, 1.0])
def test_counts_with_columns_in_large_units(alpha):
    """Scikit-learn #27016: PoissonRegressor returns zeros without a word."""
    X, y = counts()
    X = X * [1e3, 1.0, 1e4, 1.0, 1.0] + [500.0, 0.0, 1e4, 0.0, 0.0]
    options = {"alpha": alpha, "l1_ratio": 0.0}
    model = GeneralizedLinearRegressor(**options).fit(X, y)
    assert np.all(model.coef_ != 0)
    assert_certified("poisson", X, y, model, **options)


def test_classes_with_columns_in_all_units():
    """Scikit-learn #11067, #15556; glum #872: columns over ten decades."""
    X, y = classes(n_features=11)
    X = X * 10.0 ** np.arange(-5, 6)
    model = LogisticClassifier(alpha=1e-3).fit(X, y)
    assert_certified("logistic", X, y, model, alpha=1e-3)
    scaled = LogisticClassifier(alpha=0.01, standardize=True, tol=1e-12)
    ours = scaled.fit(X, y).predict_proba(X)
    again = scaled.fit(X / X.std(axis=0), y).predict_proba(X / X.std(axis=0))
    assert ours == pytest.approx(again, abs=1e-6)


def test_the_path_of_the_iris_example():
    """Scikit-learn #15903: the documentation's own path was wrong."""
    X, y = load_iris(return_X_y=True)
    X, y = X[y != 2], y[y != 2]
    X = X / X.max()
    path = logistic_path(X, y)
    for k in range(0, 100, 9):
        alpha = path.alphas[k]
        found = certify_loss(
            "logistic", X, y, path.coefs[:, k], path.intercepts[k], alpha=alpha
        )
        assert found.relative_gap <= 1e-8


def test_cross_validation_is_a_search():
    """Scikit-learn #6619, #9979: LogisticRegressionCV and GridSearchCV differ."""
    X, y = classes()
    alphas = [0.1, 0.03, 0.01, 0.003]
    model = LogisticClassifierCV(alphas=alphas, tol=1e-15).fit(X, y)
    single = LogisticClassifier(tol=1e-15)
    for kind in (GridSearchCV, PathSearchCV):
        search = kind(single, {"alpha": alphas}, scoring="neg_log_loss").fit(X, y)
        errors = -search.cv_results_["mean_test_score"]
        assert model.cv_error_ == pytest.approx(errors, abs=1e-8)
        assert search.best_params_["alpha"] == model.alpha_
        assert search.best_estimator_.coef_ == pytest.approx(model.coef_, abs=1e-6)


def test_one_column_has_a_best_alpha():
    """Scikit-learn #17365: LogisticRegressionCV takes the first C."""
    X, y = classes()
    model = LogisticClassifierCV().fit(X[:, :1], y)
    assert model.alpha_ < model.alphas_[0]
    assert model.cv_error_.min() < model.cv_error_[0]


def test_weights_have_no_scale():
    """Scikit-learn #10352: ten times the weights are ten times the C."""
    X, y = classes()
    weight = np.random.default_rng(1).integers(0, 4, size=len(y)).astype(float)
    model = LogisticClassifier(alpha=0.02, tol=1e-13)
    once = model.fit(X, y, weight).coef_.copy()
    assert model.fit(X, y, 10 * weight).coef_ == pytest.approx(once, abs=1e-7)
    repeated = np.repeat(np.arange(len(y)), weight.astype(int))
    model.fit(X[repeated], y[repeated])
    assert model.coef_ == pytest.approx(once, abs=1e-7)


@pytest.mark.parametrize("place", [0, 1, 5])
def test_thresholds_are_computed_once(place):
    """Adelie #159: two comparisons that differ by one bit, and no end."""
    X, y = classes()
    path = logistic_path(X, y, n_alphas=10)
    alpha = path.alphas[place]
    for near in (np.nextafter(alpha, 0), alpha, np.nextafter(alpha, np.inf)):
        model = LogisticClassifier(alpha=near).fit(X, y)
        assert_certified("logistic", X, y, model, alpha=near)
        if place == 0 and near >= alpha:
            assert not model.coef_.any()


def test_as_many_columns_as_rows_that_resemble_each_other():
    """Glum #709: does not finish where glmnet takes a second."""
    rng = np.random.default_rng(0)
    n = 150
    blur = np.exp(-0.5 * ((np.arange(n)[:, None] - np.arange(n)) / 5.0) ** 2)
    spikes = np.zeros(n)
    spikes[rng.integers(0, n, size=6)] = 3.0
    y = rng.poisson(blur @ spikes + 0.1)
    model = GeneralizedLinearRegressor(alpha=0.01).fit(blur, y)
    assert_certified("poisson", blur, y, model, alpha=0.01)


@pytest.mark.parametrize("family", ["poisson", "gamma", "tweedie"])
def test_a_constant_target(family):
    """Glum #874: y of ones alone."""
    X, _ = counts()
    model = GeneralizedLinearRegressor(alpha=0.1, family=family).fit(X, np.ones(200))
    assert not model.coef_.any()
    assert model.intercept_ == pytest.approx(0.0, abs=1e-12)
    assert model.dual_gap_ <= 1e-14


def test_one_row_in_a_thousand():
    """Skglm #337: the intercept's steps are too short for rare classes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5000, 4))
    y = np.zeros(5000, dtype=int)
    y[:5] = 1
    X[:5, 0] += 1.0
    for alpha in (1e-3, 1e-5):
        model = LogisticClassifier(alpha=alpha).fit(X, y)
        assert_certified("logistic", X, y, model, alpha=alpha)
    assert LogisticClassifier(alpha=1.0).fit(X, y).predict_proba(X)[
        :, 1
    ] == pytest.approx(0.001)


def test_counts_with_columns_far_from_zero_unpenalized():
    """Glmnet's own documentation: unit Newton steps may diverge."""
    rng = np.random.default_rng(0)
    X = rng.uniform(5, 10, size=(100, 4))
    y = rng.poisson(np.exp(X @ [0.3, -0.2, 0.1, 0.0]))
    model = GeneralizedLinearRegressor(alpha=0.0).fit(X, y)
    assert_certified("poisson", X, y, model, alpha=0.0)
    slope = X.T @ (y - model.predict(X)) / len(y)
    assert np.abs(slope).max() <= 1e-3


def test_paths_are_as_long_as_asked():
    """Glmnet returns the null model alone where it does not converge."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 25))
    y = (X[:, 0] + 2 * rng.logistic(size=3000) > 8.5).astype(int)
    path = logistic_path(X, y, n_alphas=50)
    assert len(path.alphas) == 50
    assert np.all(path.dual_gaps <= 1e-8 * path.null_objective)


@pytest.mark.parametrize("loss", ["logistic", "poisson"])
def test_columns_that_are_repeated(loss):
    """Glum #850: a singular Hessian, and nan from its inner coordinate descent."""
    X, y = classes() if loss == "logistic" else counts()
    options = {"alpha": 0.02, "l1_ratio": 1.0}
    coef, intercept = reference_optimum(loss, X, y, **options)
    kind = LogisticClassifier if loss == "logistic" else GeneralizedLinearRegressor
    model = kind(**options, tol=1e-13).fit(np.tile(X, 3), y)
    total = model.coef_.reshape(3, 5).sum(axis=0)
    assert total == pytest.approx(np.ravel(coef), abs=1e-5)
    assert model.intercept_ == pytest.approx(intercept, abs=1e-5)
    assert_certified(loss, np.tile(X, 3), y, model, 1e-12, **options)


def test_wide_columns_take_no_square_of_memory():
    """Glum #485: an array of columns by columns, here of 0.8 GB."""
    rng = np.random.default_rng(0)
    X = csc_array(rng.poisson(0.01, size=(100, 10_000)).astype(float))
    y = np.arange(100) % 2
    model = LogisticClassifier(alpha=0.01).fit(X[:, :50], y)
    tracemalloc.start()
    try:
        model.fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 50 * 2**20
    assert model.coef_.any()
    assert_certified("logistic", X.toarray(), y, model, alpha=0.01)
