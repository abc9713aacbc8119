"""
House prices with L1, L2 and no penalty
=======================================

Ninety listings with eight columns that may determine the price and forty that have
nothing to do with it. Which columns matter?
"""

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np

from regkit import compare_regularizers, make_house_prices

houses = make_house_prices(120, n_irrelevant=40, as_frame=True, random_state=1)
print(houses.data.iloc[:3, :8].round(1).to_string())

# %%
# One call splits the rows, tunes the penalty of each model by cross-validation inside
# the training part, and judges all of them on rows that no model has seen.
comparison = compare_regularizers(houses.data, houses.target)
print(comparison)
print()
print(fill(comparison.summary(), 80))

# %%
# What each model makes of the columns, per standard deviation so that square meters
# and kilometers can be compared. Least squares gives the irrelevant columns large
# coefficients, Ridge smaller ones; the Lasso sets most of them to zero.
scale = houses.data.to_numpy().std(axis=0)
figure, axes = plt.subplots(
    1, 3, figsize=(9, 5), sharex=True, sharey=True, layout="constrained"
)
rows = np.concatenate([3.0 * np.arange(8), 25.0 + np.arange(40)])  # causes, then noise
for ax, name in zip(axes, ("Least squares", "Ridge", "Lasso"), strict=True):
    coef = comparison[name].model.coef_ * scale
    ax.barh(rows[:8], coef[:8], height=2, color="#0072B2")
    ax.barh(rows[8:], coef[8:], color="#D55E00")
    ax.plot((houses.coef * scale)[:8], rows[:8], "k|", markersize=9, label="truth")
    error = comparison[name].test_error
    ax.set_title(f"{name}\ntest error {error:.1f} thousand", fontsize="medium")
    ax.set_xlabel("coefficient × std. dev.\nin thousands of the price")
axes[0].set_yticks([*rows[:8], 45], [*houses.feature_names[:8], "irrelevant"])
axes[0].invert_yaxis()
axes[2].legend(loc="lower right", fontsize="small")
plt.show()
