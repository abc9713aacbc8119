"""Rows with classes and counts, and each loss with its estimators."""

import numpy as np

import regkit

_rng = np.random.default_rng(0)
N = 120
X = _rng.normal(size=(N, 8))
ETA = X[:, 0] - X[:, 1] + 0.5 * X[:, 2]
Y = np.array(["no", "yes"])[(ETA + _rng.logistic(size=N) > 0).astype(int)]
COUNTS = _rng.poisson(np.exp(ETA / 2))
WEIGHT = _rng.integers(1, 4, size=N).astype(float)
OFFSET = _rng.normal(scale=0.3, size=N)
ALPHAS = [0.2, 0.02, 1e-5]
TIGHT = {"tol": 1e-15}

CASES = {
    "logistic": (regkit.LogisticClassifierCV, regkit.LogisticClassifier, Y, {}),
    "svm": (
        regkit.LinearSVMClassifierCV,
        regkit.LinearSVMClassifier,
        Y,
        {"l1_ratio": 1.0},
    ),
    "poisson": (
        regkit.GeneralizedLinearRegressorCV,
        regkit.GeneralizedLinearRegressor,
        COUNTS,
        {},
    ),
    "gamma": (
        regkit.GeneralizedLinearRegressorCV,
        regkit.GeneralizedLinearRegressor,
        COUNTS + 0.5,
        {"family": "gamma"},
    ),
    "tweedie": (
        regkit.GeneralizedLinearRegressorCV,
        regkit.GeneralizedLinearRegressor,
        COUNTS * 1.5,
        {"family": "tweedie", "power": 1.3},
    ),
}
