"""y left out: refused by name for rows in memory, taken from chunks that bring it."""

import numpy as np
import pytest
from sklearn.base import clone

import regkit

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 3))
NUMBERS = X @ [1.0, -1.0, 0.0] + rng.normal(size=90)
LABELS = np.where(NUMBERS > 0, "yes", "no")
COUNTS = rng.poisson(np.exp(0.3 * X[:, 0]))

MODELS = [
    (regkit.LassoRegressor(0.1), NUMBERS),
    (regkit.ElasticNetRegressorCV(alphas=10, cv=3), NUMBERS),
    (regkit.RidgeRegressorCV(), NUMBERS),
    (regkit.LogisticClassifier(0.01), LABELS),
    (regkit.LogisticClassifierCV(alphas=10, cv=3), LABELS),
    (regkit.LinearSVMClassifier(0.01), LABELS),
    (regkit.GeneralizedLinearRegressor(0.01), COUNTS),
    (regkit.GeneralizedLinearRegressorCV(alphas=10, cv=3), COUNTS),
]
MODELS_BY_NAME = {type(model).__name__: (model, y) for model, y in MODELS}


def chunks_of(y):
    return regkit.RowChunks([(X[k : k + 30], y[k : k + 30]) for k in (0, 30, 60)])


@pytest.mark.parametrize("name", MODELS_BY_NAME)
def test_chunks_bring_it(name):
    model, y = MODELS_BY_NAME[name]
    read = clone(model).fit(chunks_of(y))
    given = clone(model).fit(chunks_of(y), None)
    np.testing.assert_array_equal(read.coef_, given.coef_)
    assert read.score(chunks_of(y)) == given.score(chunks_of(y), None)


@pytest.mark.parametrize("method", ["fit", "score"])
@pytest.mark.parametrize("name", MODELS_BY_NAME)
def test_rows_in_memory_need_it(name, method):
    model, y = MODELS_BY_NAME[name]
    fitted = clone(model).fit(X, y)
    with pytest.raises(ValueError, match=f"^{name} requires y to be passed, but the "):
        getattr(fitted, method)(X)


PATHS = {
    "lasso_path": NUMBERS,
    "enet_path": NUMBERS,
    "logistic_path": LABELS,
    "glm_path": COUNTS,
}


@pytest.mark.parametrize("name", PATHS)
def test_paths(name):
    path = getattr(regkit, name)
    assert path(chunks_of(PATHS[name]), alphas=5).alphas.size == 5
    with pytest.raises(ValueError, match=f"^{name} requires y to be passed, but the "):
        path(X)


def test_statistics():
    summed = regkit.SufficientStatistics().update(chunks_of(NUMBERS))
    again = regkit.SufficientStatistics().update(X, NUMBERS)
    model = regkit.RidgeRegressor()
    np.testing.assert_allclose(
        clone(model).fit_statistics(summed).coef_,
        clone(model).fit_statistics(again).coef_,
        rtol=1e-10,
    )
    added = clone(model).partial_fit(chunks_of(NUMBERS))
    np.testing.assert_allclose(added.coef_, model.fit(X, NUMBERS).coef_, rtol=1e-10)


def test_networks():
    network = regkit.DropoutMLPRegressor(max_iter=2, random_state=0)
    read = clone(network).fit(chunks_of(NUMBERS))
    given = clone(network).fit(chunks_of(NUMBERS), None)
    np.testing.assert_array_equal(read.predict(X), given.predict(X))
    with pytest.raises(ValueError, match="requires y to be passed"):
        network.fit(X)
