"""Fitted attributes have the types and shapes of scikit-learn's twins."""

import numpy as np
import pytest
from sklearn import linear_model as sklearn_twins

import regkit

ALPHAS = np.array([0.1, 1.0])
PAIRS = {
    "lasso": (regkit.LassoRegressor(0.1), sklearn_twins.Lasso(0.1)),
    "elastic net": (regkit.ElasticNetRegressor(0.1), sklearn_twins.ElasticNet(0.1)),
    "ridge": (regkit.RidgeRegressor(), sklearn_twins.Ridge()),
    "lasso cv": (regkit.LassoRegressorCV(cv=3), sklearn_twins.LassoCV(cv=3)),
    "elastic net cv": (
        regkit.ElasticNetRegressorCV(cv=3, l1_ratio=[0.5, 0.9]),
        sklearn_twins.ElasticNetCV(cv=3, l1_ratio=[0.5, 0.9]),
    ),
    "ridge cv": (
        regkit.RidgeRegressorCV(alphas=ALPHAS),
        sklearn_twins.RidgeCV(alphas=ALPHAS),
    ),
    "ridge folds": (
        regkit.RidgeRegressorCV(alphas=ALPHAS, cv=3),
        sklearn_twins.RidgeCV(alphas=ALPHAS, cv=3),
    ),
}
ATTRIBUTES = ("coef_", "intercept_", "dual_gap_", "alpha_", "best_score_", "alphas_")


def make_table():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 3))
    return X, X[:, 0] + rng.standard_normal(40)


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
@pytest.mark.filterwarnings("ignore:.*edge of the grid")
@pytest.mark.parametrize("shape", [(40,), (40, 1)])
@pytest.mark.parametrize("pair", PAIRS)
def test_types_and_shapes_are_those_of_scikit_learn(pair, shape):
    X, y = make_table()
    ours, theirs = (model.fit(X, y.reshape(shape)) for model in PAIRS[pair])
    for name in ATTRIBUTES:
        if hasattr(theirs, name):
            mine, expected = getattr(ours, name), getattr(theirs, name)
            assert np.shape(mine) == np.shape(expected), name
            assert isinstance(mine, np.ndarray | np.floating), name
            assert mine.dtype == np.float64
    assert isinstance(ours.n_iter_, int)
    assert ours.predict(X).shape == theirs.predict(X).shape
    assert ours.score(X, y) == pytest.approx(ours.score(X, y[:, None]))
