"""
Uncertainty, and what happens outside the data
==============================================

A prediction without an interval says nothing about how far off it may be. Several
networks, each of which has not seen a fifth of the rows, give one: those rows show how
far predictions are off, and where the networks disagree, they do not know.
"""

import matplotlib.pyplot as plt
import numpy as np

from regkit import DropoutMLPRegressor, PredictionIntervalDisplay, make_house_prices


def truth(x):
    return np.sin(3 * x) + 0.5 * x


def is_known(x):
    """Return where there are training rows: not in the middle, not beyond 2."""
    return (np.abs(x) < 2) & ~((x > -0.4) & (x < 0.6))


rng = np.random.default_rng(0)
x = rng.uniform(-2, 2, 1200)
x = x[is_known(x)]
y = truth(x) + 0.25 * rng.standard_normal(x.size)
network = DropoutMLPRegressor(
    activation="relu",  # straight lines outside of the data, on which members differ
    embedding=None,
    standardize=True,
    random_state=0,
).fit(x[:, None], y)

# %%
# New rows, in between and beyond those of the training. Where there were data, the 90%
# interval covers about 90%, and is calibrated to. Outside it widens as far as the
# members disagree, which is a warning but no promise: the figures below are what it
# covers there, and no model can know what happens where it has seen nothing.
new_x = rng.uniform(-3, 3, 300)
new_y = truth(new_x) + 0.25 * rng.standard_normal(new_x.size)
display = PredictionIntervalDisplay.from_estimator(
    network, new_x[:, None], new_y, coverage=0.9
)
for low, high in ((-3, -2), (-0.4, 0.6), (2, 3)):
    display.ax_.axvspan(low, high, color="0.9", zorder=0)
display.ax_.set_title("Gray: no training rows")

inside = (display.lower <= new_y) & (new_y <= display.upper)
known = is_known(new_x)
print(f"coverage where there were training rows: {inside[known].mean():.0%}")
print(f"coverage elsewhere:                      {inside[~known].mean():.0%}")

# %%
# The standard deviation of a prediction has two parts: what the networks do not know,
# and the noise that held-out rows show.
parts = network.predict_uncertainty([[-1.0], [0.1], [2.8]])
print(f"at -1, 0.1 and 2.8: epistemic {parts.epistemic.round(2)}")
print(f"                    noise     {parts.noise.round(2)}")

# %%
# With many columns, rows are drawn in the order of their prediction.
X, price = make_house_prices(1500, return_X_y=True, as_frame=True)
network = DropoutMLPRegressor(random_state=0)
network.fit(X[:1000], price[:1000])
display = PredictionIntervalDisplay.from_estimator(network, X[1000:], price[1000:])
print(f"coverage on new rows: {display.coverage_:.0%} (promised: 90%)")
plt.show()
