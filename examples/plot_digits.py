"""
Which pixels identify a digit
=============================

Ten classes, 64 pixels: one linear support vector machine per digit, which is
separated from the rest. With an L2 penalty every pixel has a coefficient; with an L1
penalty those at the edges of the image are zero. A grouped penalty leaves out pixels
for all digits at once.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from regkit import LinearSVMClassifier, LogisticClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)

figure, axes = plt.subplots(2, 10, figsize=(10, 2.6))
for row, l1_ratio in enumerate([0.0, 1.0]):
    model = LinearSVMClassifier(alpha=0.005, l1_ratio=l1_ratio).fit(X_train, y_train)
    nonzero = np.count_nonzero(model.coef_)
    accuracy = model.score(X_test, y_test)
    print(
        f"l1_ratio={l1_ratio}: {nonzero} of {model.coef_.size} coefficients, "
        f"right on {accuracy:.1%}, largest duality gap {model.dual_gap_.max():.1e}"
    )
    limit = np.abs(model.coef_).max()
    for digit, ax in enumerate(axes[row]):
        image = model.coef_[digit].reshape(8, 8)
        ax.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit)
        ax.set(xticks=[], yticks=[])
        if row == 0:
            ax.set_title(digit)
    axes[row, 0].set_ylabel("L1" if l1_ratio else "L2")

# %%
# A pixel for all digits, or for none
# -----------------------------------
# Multinomial logistic regression has coefficients for all ten classes. An L1 penalty
# sets them to zero one by one, so that a pixel stays in use as long as one digit needs
# it. ``multinomial_penalty="grouped"`` penalizes the norm of a pixel's coefficients,
# and 25 of the 64 do about as well. Each picture shows the norms.

figure, axes = plt.subplots(1, 2, figsize=(6, 3.2), layout="constrained")
for ax, (penalty, alpha) in zip(
    axes, {"separate": 0.004, "grouped": 0.02}.items(), strict=True
):
    model = LogisticClassifier(alpha, multinomial_penalty=penalty)
    model.fit(X_train, y_train)
    norms = np.linalg.norm(model.coef_, axis=0)
    accuracy = model.score(X_test, y_test)
    print(
        f"{penalty}: {np.count_nonzero(norms)} of 64 pixels, "
        f"right on {accuracy:.1%}, duality gap {model.dual_gap_:.1e}"
    )
    ax.imshow(norms.reshape(8, 8), cmap="Greens")
    title = f"{penalty}: {np.count_nonzero(norms)} pixels, {accuracy:.1%} right"
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize="medium")
