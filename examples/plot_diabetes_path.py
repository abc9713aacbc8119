"""
Coefficient path of the diabetes data
=====================================

The Lasso at 100 strengths of penalty, from the one at which every coefficient is zero
down to a thousandth of it. Columns enter one by one: body mass index (bmi) and the
serum measurement s5 first, as in Efron et al. (2004).
"""

import numpy as np

from regkit import lasso_path, load_diabetes_interactions

diabetes = load_diabetes_interactions()
X, y = diabetes.data, diabetes.target
names = np.array(diabetes.feature_names)

path = lasso_path(X, y, standardize=True)
print(f"{path.alphas.size} alphas from {path.alphas[0]:.3g} to {path.alphas[-1]:.3g}")
print(f"largest duality gap: {path.dual_gaps.max():.1e}")

# %%
# The order in which columns enter: the first alpha with a nonzero coefficient.
nonzero = path.coefs != 0
entry = np.where(nonzero.any(axis=1), nonzero.argmax(axis=1), path.alphas.size)
order = np.argsort(entry, kind="stable")
print("first to enter:", ", ".join(names[order[:8]]))

# %%
# Coefficients on the scale of standardised columns, the eight first ones named.
try:
    import matplotlib.pyplot as plt
except ImportError:
    print("not drawn: matplotlib is not installed (pip install matplotlib)")
else:
    scaled = path.coefs * X.std(axis=0)[:, None]
    figure, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for j in order:
        first = j in order[:8]
        ax.plot(
            path.alphas,
            scaled[j],
            color=None if first else "0.8",
            label=names[j] if first else None,
            linewidth=1.8 if first else 0.8,
            zorder=2 if first else 1,
        )
    ax.set_xscale("log")
    ax.invert_xaxis()
    ax.set_xlabel("alpha (weaker penalty to the right)")
    ax.set_ylabel("coefficient of the standardised column")
    ax.set_title("Lasso path of the diabetes data with quadratic terms")
    ax.legend(frameon=False, ncols=2)
    plt.show()
