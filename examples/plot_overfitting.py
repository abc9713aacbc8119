"""
Overfitting, and what a penalty does about it
=============================================

Thirty noisy observations of one feature, and a model that may use its powers up to the
fifteenth. Least squares bends to every point; the same model with an L1 or an L2
penalty stays near the truth.
"""

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from regkit import FitComparisonDisplay, LassoRegressor, RidgeRegressor


def truth(x):
    return np.sin(1.5 * np.pi * x)


rng = np.random.default_rng(3)
x = rng.uniform(-1, 1, 30)
y = truth(x) + 0.35 * rng.standard_normal(30)
x_new = np.linspace(-0.95, 0.95, 500)


def powers(model):
    """Give a model the powers of x, each scaled to unit standard deviation."""
    terms = PolynomialFeatures(15, include_bias=False)
    return make_pipeline(terms, StandardScaler(), model)


models = {
    "unregularized": powers(RidgeRegressor(alpha=0)),
    "L1 (Lasso)": powers(LassoRegressor(alpha=0.01)),
    "L2 (Ridge)": powers(RidgeRegressor(alpha=0.05)),
}
for model in models.values():
    model.fit(x[:, None], y)

display = FitComparisonDisplay.from_estimators(models, x[:, None], y, truth=truth)
display.ax_.set_title("The same 15 columns, with and without a penalty")

# %%
# The training error prefers the model that is worst for new observations:
print(f"{'':15} {'train':>6} {'new x':>6}  largest coefficient")
for name, model in models.items():
    train = np.sqrt(np.mean((y - model.predict(x[:, None])) ** 2))
    new = np.sqrt(np.mean((truth(x_new) - model.predict(x_new[:, None])) ** 2))
    print(f"{name:15} {train:6.2f} {new:6.2f}  {np.abs(model[-1].coef_).max():10.3g}")

# %%
# Large coefficients of opposite sign are what bends the curve. The L1 penalty leaves
# few of them; the L2 penalty keeps all of them small.
lasso = models["L1 (Lasso)"][-1]
print("powers the Lasso uses:", (np.flatnonzero(lasso.coef_) + 1).tolist())
