"""`penalty_factor` and `bounds` by the names of columns."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import regkit

SQUARED = regkit.LassoRegressor, regkit.ElasticNetRegressor, regkit.RidgeRegressor
LOSSES = (
    regkit.LogisticClassifier,
    regkit.LinearSVMClassifier,
    regkit.GeneralizedLinearRegressor,
)
LOSSES_CV = (
    regkit.LogisticClassifierCV,
    regkit.LinearSVMClassifierCV,
    regkit.GeneralizedLinearRegressorCV,
)
FACTORS = {"a": 0.0, "e": np.inf}
FACTORS_BY_POSITION = [0, 1, 1, 1, np.inf]
BOUNDS = {"b": (-0.5, None), "d": (0, 0.2)}
BOUNDS_BY_POSITION = (
    [-np.inf, -0.5, -np.inf, 0, -np.inf],
    [np.inf, np.inf, np.inf, 0.2, np.inf],
)
BY_NAME = {"penalty_factor": FACTORS}, {"bounds": BOUNDS}
BY_POSITION = {"penalty_factor": FACTORS_BY_POSITION}, {"bounds": BOUNDS_BY_POSITION}

MODELS = [
    *(kind(0.1) for kind in SQUARED),
    regkit.LassoRegressorCV(cv=3, alphas=8),
    regkit.ElasticNetRegressorCV(cv=3, alphas=8),
    regkit.RidgeRegressorCV(cv=3, alphas=[0.1, 1.0, 10.0]),
    *(kind() for kind in LOSSES),
    *(kind(cv=3, alphas=5) for kind in LOSSES_CV),
]


@pytest.fixture(scope="module")
def data():
    """Give a frame, and targets for regression, classification and counts."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(120, 5)), columns=list("abcde"))
    y = X.to_numpy() @ [3.0, -2.0, 0.0, 1.0, 0.5] + rng.normal(size=120)
    counts = rng.poisson(np.exp(0.3 * y - 1))
    return X, {"Regressor": y, "Classifier": (y > 0).astype(int), "Generalized": counts}


def target_of(model, targets):
    name = type(model).__name__
    kind = next((k for k in ("Generalized", "Classifier") if k in name), "Regressor")
    return targets[kind]


@pytest.mark.filterwarnings("ignore:.*at the edge of the grid")
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("k", [0, 1], ids=["penalty_factor", "bounds"])
def test_names_are_positions(model, k, data):
    X, targets = data
    y = target_of(model, targets)
    named = clone(model).set_params(**BY_NAME[k]).fit(X, y)
    placed = clone(model).set_params(**BY_POSITION[k]).fit(X, y)
    assert_array_equal(named.coef_, placed.coef_)
    free = clone(model).fit(X, y)
    assert not np.array_equal(named.coef_, free.coef_)


@pytest.mark.parametrize(
    "path", ["lasso_path", "enet_path", "logistic_path", "glm_path"]
)
def test_paths(path, data):
    X, targets = data
    kind = {"logistic_path": "Classifier", "glm_path": "Generalized"}
    y = targets[kind.get(path, "Regressor")]
    function = getattr(regkit, path)
    named = function(X, y, alphas=[0.3, 0.1], **BY_NAME[0])
    placed = function(X, y, alphas=[0.3, 0.1], **BY_POSITION[0])
    assert_array_equal(named.coefs, placed.coefs)


@pytest.mark.parametrize("search", [regkit.PathSearchCV, GridSearchCV])
def test_searches_keep_the_names(search, data):
    X, targets = data
    grid = {"alpha": [0.5, 0.1]}
    found = search(regkit.LassoRegressor(**BY_NAME[0]), grid, cv=3)
    placed = search(regkit.LassoRegressor(**BY_POSITION[0]), grid, cv=3)
    y = targets["Regressor"]
    assert_array_equal(
        found.fit(X, y).best_estimator_.coef_, placed.fit(X, y).best_estimator_.coef_
    )


def test_rows_in_chunks_and_statistics(data):
    X, targets = data
    y = targets["Regressor"]
    whole = regkit.LassoRegressor(0.1, **BY_NAME[0]).fit(X, y)
    parts = [(X[:60], y[:60]), (X[60:], y[60:])]
    chunks = regkit.LassoRegressor(0.1, **BY_NAME[0]).fit(regkit.RowChunks(parts), None)
    np.testing.assert_allclose(chunks.coef_, whole.coef_, atol=1e-6)
    statistics = regkit.SufficientStatistics()
    for X_part, y_part in parts:
        statistics.update(X_part, y_part)
    summed = regkit.LassoRegressor(0.1, **BY_NAME[0]).fit_statistics(statistics)
    np.testing.assert_allclose(summed.coef_, whole.coef_, atol=1e-6)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        (
            {"penalty_factor": {"q": 1}},
            r"column 'q', which X lacks; its columns are 'a'",
        ),
        (
            {"penalty_factor": {"A": 1}},
            r"column 'A', which X lacks; did you mean 'a'\?",
        ),
        (
            {"penalty_factor": {"a": "x"}},
            r"penalty_factor\['a'\] must hold real numbers",
        ),
        ({"penalty_factor": {"a": -1}}, r"non-negative numbers or inf"),
        (
            {"penalty_factor": {"a": [1, 2]}},
            r"penalty_factor\['a'\] must be one number",
        ),
        ({"bounds": {"q": (0, 1)}}, r"bounds names the column 'q', which X lacks"),
        ({"bounds": {"a": 3}}, r"bounds\['a'\] must be a pair \(lower, upper\), got 3"),
        ({"bounds": {"a": (1, 2)}}, r"bounds must contain 0: the lower bound"),
        ({"bounds": {"a": ("x", 2)}}, r"bounds\['a'\] must hold real numbers"),
    ],
)
def test_mistakes_get_one_sentence(parameters, sentence, data):
    X, targets = data
    model = regkit.LassoRegressor().fit(X, targets["Regressor"])
    before = model.coef_
    with pytest.raises(ValueError, match=sentence):
        model.set_params(**parameters).fit(X, targets["Regressor"])
    assert model.coef_ is before


def test_an_array_has_no_names(data):
    X, targets = data
    with pytest.raises(ValueError, match="X has no column names: pass a data frame"):
        regkit.LassoRegressor(**BY_NAME[0]).fit(X.to_numpy(), targets["Regressor"])
