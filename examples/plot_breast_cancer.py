"""
Which measurements identify a tumor
===================================

569 breast tumors, 30 measurements of their cells, and the question whether they are
malignant. Many of the measurements say the same: L1-penalized logistic regression
needs few of them.
"""

from textwrap import fill

import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from regkit import (
    AlphaSelectionDisplay,
    LogisticClassifierCV,
    RegularizationPathDisplay,
)

data = load_breast_cancer(as_frame=True)
X = data.data
y = data.target_names[data.target]
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

model = LogisticClassifierCV(standardize=True, rule="1se", alphas=50)
model.fit(X_train, y_train)
kept = X.columns[model.coef_[0] != 0]
print(fill(f"{len(kept)} of {X.shape[1]} columns: {', '.join(kept)}", 80))
print(f"right on {model.score(X_test, y_test):.1%} of the tumors held out")
print(f"largest duality gap of the path: {model.path_.dual_gaps.max():.1e}")

# %%
# The held-out log-loss along alpha. The one-standard-error rule takes the simplest
# model that is about as good as the best.
AlphaSelectionDisplay.from_estimator(model)

# %%
# The coefficients, per standard deviation of their columns: where they are positive,
# larger values make ``classes_[1]``, a malignant tumor, more probable.
display = RegularizationPathDisplay.from_estimator(model, X_train)
display.ax_.set_title(f"Log-odds of '{model.classes_[1]}'")

# %%
# Probabilities of the tumors held out.
probability = model.predict_proba(X_test)[:, 0]
figure, axes = plt.subplots()
for label in model.classes_:
    axes.hist(probability[y_test == label], bins=20, alpha=0.6, label=label)
axes.set(xlabel=f"estimated probability of '{model.classes_[0]}'", ylabel="tumors")
axes.legend()
