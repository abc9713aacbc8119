"""
Correlated columns: Lasso, Ridge and Elastic Net
================================================

Three sensors measure the same quantity, three others a second one, and fourteen
measure nothing of interest. The six are equally good, so the best one can do is to
average them. Which model does, and what does it make of the other fourteen?
"""

import matplotlib.pyplot as plt
import numpy as np

from regkit import ElasticNetRegressor, LassoRegressor, RidgeRegressor

names = [f"heat {k}" for k in "abc"] + [f"flow {k}" for k in "abc"]


def measure(rng, n_samples=40):
    """Draw rows: two hidden quantities, three sensors of each, 14 columns of noise."""
    hidden = rng.standard_normal((n_samples, 2))
    sensors = np.repeat(hidden, 3, axis=1) + 0.5 * rng.standard_normal((n_samples, 6))
    X = np.hstack([sensors, rng.standard_normal((n_samples, 14))])
    y = hidden @ [3, 3] + 2 * rng.standard_normal(n_samples)
    return X, y


models = {
    "Lasso": LassoRegressor(alpha=0.3),
    "Ridge": RidgeRegressor(alpha=18),
    "Elastic Net": ElasticNetRegressor(alpha=0.45, l1_ratio=0.5),
}
coefs = {name: [] for name in models}
errors = {name: [] for name in models}
rng = np.random.default_rng(0)
X_new, y_new = measure(rng, 5000)
for _ in range(40):
    X, y = measure(rng)
    for name, model in models.items():
        model.fit(X, y)
        coefs[name].append(model.coef_)
        errors[name].append(np.sqrt(np.mean((y_new - model.predict(X_new)) ** 2)))

# %%
# Forty samples, forty fits of each, at the alpha that is best for new rows. The Lasso
# prefers one sensor of a group to the others, and not always the same: its coefficients
# scatter. Ridge shares the effect out, but uses all columns of noise. The Elastic Net
# shares it out *and* leaves half of the noise at zero.
figure, axes = plt.subplots(
    1, 3, figsize=(9, 4), sharex=True, sharey=True, layout="constrained"
)
for ax, name in zip(axes, models, strict=True):
    sample = np.array(coefs[name])
    jitter = rng.uniform(-0.25, 0.25, sample.shape)
    ax.axvline(0, color="0.7", linewidth=0.8)
    ax.axhspan(-0.5, 5.5, color="#56B4E9", alpha=0.15, linewidth=0)
    ax.plot(sample, np.arange(20) + jitter, ".", color="#0072B2", markersize=2.5)
    ax.set_title(name)
    ax.set_xlabel("coefficient")
axes[0].set_yticks([*range(6), 12.5], [*names, "noise"])
axes[0].set_ylim(19.7, -0.7)

# %%
print(f"{'':12} {'error':>6} {'sensors used':>13} {'scatter':>8} {'noise used':>11}")
for name in models:
    used = np.array(coefs[name]) != 0
    print(
        f"{name:12} {np.mean(errors[name]):6.3f} "
        f"{used[:, :6].sum(axis=1).mean():8.1f} of 6 "
        f"{np.std(coefs[name], axis=0)[:6].mean():8.2f} "
        f"{used[:, 6:].sum(axis=1).mean():5.1f} of 14"
    )
plt.show()
