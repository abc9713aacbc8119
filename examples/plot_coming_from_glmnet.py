"""
Coming from glmnet
==================

What R's glmnet prints and draws, in Python: the whole path, `coef` and `predict` at any
lambda, penalty factors, limits. The page "Coming from glmnet" of the documentation maps
every argument, and says where the scales of the two differ.
"""

import matplotlib.pyplot as plt
import numpy as np

from regkit import RegularizationPathDisplay, lasso_path, load_diabetes_interactions

X, y = load_diabetes_interactions(return_X_y=True, as_frame=True)

# %%
# ``fit <- glmnet(x, y)`` standardizes by default; regkit does when asked.
path = lasso_path(X, y, standardize=True)

# %%
# ``print(fit)``: degrees of freedom, share of deviance explained, lambda.
# All alphas are in ``path.explained_deviance`` and ``path.to_frame()``.
print(path)

# %%
# ``plot(fit, xvar = "lambda", label = TRUE)`` and ``plot(fit, xvar = "norm")``
figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
RegularizationPathDisplay.from_path(path, ax=axes[0], n_labels=6)
RegularizationPathDisplay.from_path(path, ax=axes[1], n_labels=6, x_axis="l1_norm")

# %%
# ``coef(fit, s = 5)`` and ``predict(fit, newx, s = c(5, 2))``
for name, coef in zip(X.columns, path.coef_at(5.0), strict=True):
    if coef != 0:
        print(f"{name:8} {coef:8.1f}")
print(path.predict(X[:3], alpha=[5.0, 2.0]).round(1))

# %%
# ``penalty.factor``, ``lower.limits`` and ``dfmax``: the body mass index is not
# penalized, no coefficient is negative, and the path ends at 12 columns.
factor = np.where(X.columns == "bmi", 0.0, 1.0)
limited = lasso_path(
    X,
    y,
    standardize=True,
    penalty_factor=factor,
    bounds=(0.0, np.inf),
    max_nonzero=12,
)
RegularizationPathDisplay.from_path(limited, X=X)
plt.show()
