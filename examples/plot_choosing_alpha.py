"""
Choosing alpha: the path, cross-validation and the one-standard-error rule
==========================================================================

How strong should the penalty be? Rows that the fit has not seen can show, but not
exactly: their error is itself an estimate, with a standard error. The smallest error
wins by chance among many that are as good; the one-standard-error rule takes the
strongest penalty among those.
"""

import matplotlib.pyplot as plt
import numpy as np

from regkit import (
    AlphaSelectionDisplay,
    LassoRegressorCV,
    RegularizationPathDisplay,
    RidgeRegressorCV,
    make_house_prices,
)

houses = make_house_prices(150, n_irrelevant=40, as_frame=True, random_state=2)
X, y = houses.data, houses.target
lasso = LassoRegressorCV(standardize=True, cv=10).fit(X, y)

# %%
# Ten folds and all rows, a hundred alphas each, take three to four times as long as one
# path, since they share their work. The dotted horizontal line is the smallest error
# plus its standard error: everything below is as good.
display = AlphaSelectionDisplay.from_estimator(lasso)

# %%
# The same alphas on the path of the coefficients.
RegularizationPathDisplay.from_estimator(lasso, X)

# %%
# What the rule buys: with ``rule="1se"`` fewer irrelevant columns come along, for
# a loss of accuracy that ten folds cannot distinguish from chance.
new = make_house_prices(5000, n_irrelevant=40, as_frame=True, random_state=99)
for rule in ("min", "1se"):
    model = LassoRegressorCV(standardize=True, cv=10, rule=rule).fit(X, y)
    used = model.coef_ != 0
    error = np.sqrt(np.mean((new.target - model.predict(new.data)) ** 2))
    print(
        f"{rule:4} alpha {model.alpha_:5.2f}: {used[:8].sum()} of 8 real columns, "
        f"{used[8:].sum():2} of 40 irrelevant columns, error on new rows {error:.1f}"
    )

# %%
# Ridge needs no folds: leaving out each row in turn costs one decomposition for all
# alphas together.
ridge = RidgeRegressorCV(standardize=True).fit(X, y)
AlphaSelectionDisplay.from_estimator(ridge)
plt.show()
