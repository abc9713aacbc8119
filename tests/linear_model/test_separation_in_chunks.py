"""Fits from chunks without a finite optimum are refused, and no others."""

import numpy as np
import pytest
from sklearn.base import clone

import regkit

N = 530
rng = np.random.default_rng(0)
X = rng.normal(size=(N, 7))
BINARY = rng.choice(["no", "yes"], size=N)
THREE = rng.choice(["blue", "green", "red"], size=N)
COUNTS = rng.poisson(1.0, size=N).astype(float)
RARE = [3, 200, 430]
TWEEDIE = regkit.GeneralizedLinearRegressor(family="tweedie")


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize(
    ("model", "y", "mixed"),
    [
        (regkit.LogisticClassifier(), BINARY, ["yes", "no", "no"]),
        (regkit.LogisticClassifier(), THREE, ["red", "green", "blue"]),
        (regkit.GeneralizedLinearRegressor(), COUNTS, [1.0, 0.0, 0.0]),
        (TWEEDIE, COUNTS, [1.0, 0.0, 0.0]),
    ],
)
def test_a_rare_column_of_one_class_or_of_zeros(model, y, mixed, alpha):
    """Quasi-complete separation: refused where the column has no penalty."""
    y, rare = y.copy(), np.zeros(N)
    rare[RARE], y[RARE] = 1.0, min(y)
    chunks = regkit.RowChunks(np.column_stack([X, rare]), chunk_rows=100)
    model = clone(model).set_params(alpha=alpha, penalty_factor=[1.0] * 7 + [0.0])
    with pytest.raises(ValueError, match=r"no finite optimum with.*d column 7 the"):
        model.fit(chunks, y)
    y[RARE] = mixed  # the first of them is held out by one fold
    folds = [(np.arange(20, N), np.arange(20)), (np.arange(N - 20), np.arange(510, N))]
    search = getattr(regkit, type(model).__name__ + "CV")(alphas=[0.1], cv=folds)
    search.set_params(penalty_factor=model.penalty_factor)
    if model.__class__ is regkit.GeneralizedLinearRegressor:
        search.set_params(family=model.family)
    with pytest.raises(ValueError, match=r"in fold 0.*d column 7 the"):
        search.fit(chunks, y)


def test_penalized_columns_may_separate():
    """No direction of the unpenalized column lowers the loss forever."""
    y = X[:, 0] > np.median(X[:, 0])
    model = regkit.LogisticClassifier(1e-5, penalty_factor=[1.0] * 6 + [0.0], tol=1e-11)
    found = clone(model).fit(regkit.RowChunks(X), y)
    assert np.abs(found.decision_function(X)).max() > 10.0
    np.testing.assert_allclose(found.coef_, model.fit(X, y).coef_, rtol=1e-5, atol=2e-6)
