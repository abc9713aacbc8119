"""Tables for Ridge, and its errors by fits without each row."""

import numpy as np

from regkit import RidgeRegressor

ALPHAS = np.geomspace(100.0, 0.01, 7)


def make_table(n, p):
    """Correlated columns, of which half have a say."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    coef = np.where(np.arange(p) % 2, 1.0, 0.0) / np.sqrt(p)
    return X, 2.0 + X @ coef + rng.normal(size=n)


def left_out(X, y, alphas, weight, scales=None, **options):
    """Errors (n, A) or (n, T, A) from a fit without each row."""
    errors = []
    for i in range(len(y)):
        others = np.array(weight, float)
        others[i] = 0.0
        row = []
        for alpha in alphas:
            model = RidgeRegressor(alpha, **options).fit(X, y, others)
            row.append(y[i] - model.predict(X[[i]])[0])
        errors.append(np.stack(row, axis=-1))
    return np.array(errors)
