"""
Coefficient path of the diabetes data
=====================================

The Lasso at 100 strengths of penalty, from the one at which every coefficient is zero
down to a thousandth of it. Columns enter one by one: body mass index (bmi) and the
serum measurement s5 first, as in Efron et al. (2004).
"""

import numpy as np

from regkit import RegularizationPathDisplay, lasso_path, load_diabetes_interactions

X, y = load_diabetes_interactions(return_X_y=True, as_frame=True)
path = lasso_path(X, y, standardize=True)
print(path)
print(f"largest duality gap: {path.dual_gaps.max():.1e}")

display = RegularizationPathDisplay.from_path(path, X=X)
display.ax_.set_title("Lasso path of the diabetes data with quadratic terms")

# %%
# The order in which columns enter: the first alpha with a nonzero coefficient.
nonzero = path.coefs != 0
entry = np.where(nonzero.any(axis=1), nonzero.argmax(axis=1), path.alphas.size)
order = np.argsort(entry, kind="stable")
print("first to enter:", ", ".join(X.columns[order[:8]]))

# %%
# The same path along the size of the coefficients, which shows how little of it the
# first columns take, and how the last ones pull against each other.
RegularizationPathDisplay.from_path(path, X=X, x_axis="l1_norm", n_labels=6)

# %%
# Ridge has a path as well, on which every coefficient is nonzero at every alpha. Any
# Lasso, Elastic Net or Ridge can be drawn, regkit's and scikit-learn's alike; its own
# alpha is marked.
from regkit import RidgeRegressor  # noqa: E402

ridge = RidgeRegressor(alpha=30, standardize=True)
RegularizationPathDisplay.from_estimator(ridge, X, y)
