"""
Coming from scikit-learn
========================

Change the class name, keep the code. The answers agree; regkit's carry a certificate,
and things that used to take a pipeline, or were not possible, are parameters.
"""

import numpy as np
from sklearn.linear_model import Lasso
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from regkit import (
    AlphaSelectionDisplay,
    LassoRegressor,
    lasso_path,
    load_diabetes_interactions,
)

X, y = load_diabetes_interactions(return_X_y=True, as_frame=True)

# %%
# The same alpha gives the same coefficients: scikit-learn's come closer as its `tol`
# falls.
ours = LassoRegressor(alpha=0.05).fit(X, y)
for tol in (1e-4, 1e-6, 1e-8):
    theirs = Lasso(alpha=0.05, tol=tol, max_iter=100_000).fit(X, y)
    difference = np.abs(theirs.coef_ - ours.coef_).max()
    print(f"tol={tol:.0e}: largest difference {difference:.1e}")
print(f"regkit's duality gap: {ours.dual_gap_:.1e}, found by {ours.solver_}")

# %%
# A scaler in front is a parameter. The predictions are those of the pipeline, and
# `coef_` is in the units of the columns.
scaled = make_pipeline(StandardScaler(), Lasso(alpha=1.0, tol=1e-10)).fit(X, y)
standardized = LassoRegressor(alpha=1.0, standardize=True).fit(X, y)
print(np.abs(scaled.predict(X) - standardized.predict(X)).max() < 1e-4)

# %%
# What scikit-learn does not have: a coefficient that is not penalized (bmi), one that
# must not be negative (bp), and a column that stays out (age).
factor = np.ones(X.shape[1])
factor[X.columns == "bmi"] = 0
factor[X.columns == "age"] = np.inf
lower = np.where(X.columns == "bp", 0.0, -np.inf)
constrained = LassoRegressor(
    alpha=3.0, standardize=True, penalty_factor=factor, bounds=(lower, np.inf)
).fit(X, y)
for name in ("bmi", "bp", "age"):
    print(f"{name}: {constrained.coef_[X.columns == name][0]:.1f}")

# %%
# Searches and pipelines work as before, and what they found can be drawn.
search = GridSearchCV(
    make_pipeline(StandardScaler(), LassoRegressor()),
    {"lassoregressor__alpha": np.geomspace(30, 0.1, 25)},
    scoring="neg_mean_squared_error",
).fit(X, y)
display = AlphaSelectionDisplay.from_search(search)

# %%
# `lasso_path` returns more than three arrays, and still unpacks into them.
alphas, coefs, dual_gaps = path = lasso_path(X, y, standardize=True)
print(path)
print(path.predict(X[:3], alpha=2.5))
