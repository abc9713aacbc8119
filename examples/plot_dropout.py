"""
Dropout, weight decay, or both
==============================

A network with 17,000 weights and 300 rows: it can memorize the training rows.
Weight decay (an L2 penalty) keeps weights small; dropout switches units off at random,
so that none can rely on the others. Each alone helps, and together they help more.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_friedman1

from regkit import DropoutMLPRegressor, LossCurveDisplay

X, y = make_friedman1(n_samples=2600, n_features=20, noise=1.0, random_state=0)
X_train, y_train = X[:300], y[:300]
X_val, y_val = X[300:600], y[300:600]
X_test, y_test = X[600:], y[600:]


def train(dropout, alpha):
    """Train a plain network; its curves show 200 epochs whatever happens."""
    network = DropoutMLPRegressor(
        n_members=1,
        dropout=dropout,
        alpha=alpha,
        dropout_schedule="constant",
        alpha_schedule="constant",
        learning_rate="cosine",
        embedding=None,
        max_iter=200,
        random_state=0,
    )
    return network.fit(X_train, y_train, X_val=X_val, y_val=y_val)


# %%
# The strengths are chosen on the validation rows, for each kind of regularization among
# those it may use, and judged on the test rows.
kinds = {
    "neither": ([0.0], [0.0]),
    "weight decay": ([0.0], [0.03, 0.1, 0.3]),
    "dropout": ([0.1, 0.2, 0.4], [0.0]),
    "both": ([0.1, 0.2, 0.4], [0.03, 0.1, 0.3]),
}
best, errors = {}, {}
for kind, (rates, alphas) in kinds.items():
    networks = [train(rate, alpha) for rate in rates for alpha in alphas]
    best[kind] = min(networks, key=lambda network: network.best_loss_)
    errors[kind] = np.sqrt(np.mean((y_test - best[kind].predict(X_test)) ** 2))
    print(
        f"{kind:12} dropout={best[kind].dropout:.1f} alpha={best[kind].alpha:.2f} "
        f"best epoch {best[kind].best_iter_:3}: test error {errors[kind]:.2f}"
    )

# %%
# Training and validation loss. Without regularization the training loss goes to zero
# while the validation loss has long stopped falling: that gap measures overfitting.
# Weight decay and dropout narrow the gap and lower the validation loss, most when
# together.
figure, axes = plt.subplots(
    2, 2, figsize=(9, 6), sharex=True, sharey=True, layout="constrained"
)
for ax, (kind, network) in zip(axes.flat, best.items(), strict=True):
    LossCurveDisplay.from_estimator(network, ax=ax, log=False)
    ax.set_title(kind)
    ax.label_outer()
    ax.set_ylabel(ax.get_ylabel(), fontsize="small")
axes[0, 0].set_ylim(0, 0.4)

# %%
figure, ax = plt.subplots(figsize=(6, 2.5), layout="constrained")
bars = ax.barh(list(errors), list(errors.values()), color="#56B4E9")
ax.bar_label(bars, fmt="%.2f", padding=3)
ax.axvline(1.0, color="k", linestyle="--", label="noise of y")
ax.set_xlabel("test error: RMSE in units of y")
ax.margins(x=0.12)
ax.invert_yaxis()
ax.legend(loc="lower right", bbox_to_anchor=(1, 1), frameon=False)
plt.show()
