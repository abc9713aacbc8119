"""
Feature selection with more columns than rows
=============================================

500 correlated columns, 200 rows, 10 columns that matter. Least squares fits the
training rows perfectly and predicts badly; Ridge shrinks all 500; the Lasso finds the
columns that matter, among some that do not.
"""

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np

from regkit import (
    RegularizationPathDisplay,
    compare_regularizers,
    lasso_path,
    make_correlated_regression,
)

X, y, true_coef = make_correlated_regression(
    n_samples=200, n_features=500, n_informative=10, coef=True
)
comparison = compare_regularizers(X, y)
print(comparison)
print()
print(fill(comparison.summary(), 80))

# %%
# Which columns did the Lasso choose?
lasso = comparison["Lasso"].model
matter = np.flatnonzero(true_coef)
chosen = np.flatnonzero(lasso.coef_)
found = np.intersect1d(matter, chosen)
print(f"the Lasso chose {chosen.size} columns, among them {found.size} of the 10")

# %%
# Its coefficients against the true ones: the right columns, shrunken.
figure, axes = plt.subplots(
    2, 1, figsize=(7, 5), sharex=True, sharey=True, layout="constrained"
)
for ax, name in zip(axes, ("Ridge", "Lasso"), strict=True):
    coef = comparison[name].model.coef_
    ax.vlines(np.arange(coef.size), 0, coef, color="#0072B2", linewidth=1)
    ax.plot(matter, true_coef[matter], "o", color="#D55E00", markersize=4, label="true")
    ax.set_ylabel("coefficient")
    ax.set_title(f"{name}: {np.count_nonzero(coef)} nonzero", loc="left")
axes[0].legend(frameon=False)
axes[1].set_xlabel("column")

# %%
# The path shows why: the ten stand out long before the others enter. Once the Lasso
# has found them, least squares on these columns alone takes the shrinkage back.
path = lasso_path(X, y, eps=0.01)
display = RegularizationPathDisplay.from_path(path, alpha=lasso.alpha)
plt.show()
