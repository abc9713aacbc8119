"""
A pipeline, a frame and a search along paths
============================================

Houses with their town as text, quadratic terms, and the penalty to be found: a pipeline
from the frame to the price, tuned as a whole. `PathSearchCV` gives the results of
scikit-learn's `GridSearchCV`, but fits the steps before the Lasso once per fold and all
alphas as one path.
"""

from time import perf_counter

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from regkit import (
    AlphaSelectionDisplay,
    LassoRegressor,
    PathSearchCV,
    RegularizationPathDisplay,
    make_house_prices,
    one_standard_error,
)

houses = make_house_prices(400, n_irrelevant=4, as_frame=True)
rng = np.random.default_rng(0)
X = houses.data.assign(town=rng.choice(["harbor", "hill", "old town"], size=400))
y = houses.target + 60 * (X["town"] == "harbor") + 0.02 * (X["area"] - 150) ** 2

# %%
# Numbers get their squares and products, the town becomes columns of 0 and 1, and all
# are scaled: inside the folds, so that held-out rows stay unseen.
columns = make_column_transformer(
    (OneHotEncoder(), ["town"]),
    (PolynomialFeatures(2, include_bias=False), X.columns[:-1].tolist()),
    sparse_threshold=0,
    verbose_feature_names_out=False,
)
model = make_pipeline(columns, StandardScaler(), LassoRegressor())
grid = {"lassoregressor__alpha": np.geomspace(60, 0.3, 25)}

searches = {}
for kind in (PathSearchCV, GridSearchCV):
    started = perf_counter()
    searches[kind] = kind(model, grid, scoring="neg_mean_squared_error").fit(X, y)
    print(f"{kind.__name__}: {perf_counter() - started:.2f} s")
scores = [search.cv_results_["mean_test_score"] for search in searches.values()]
print("largest difference of the scores:", np.abs(scores[0] / scores[1] - 1).max())

# %%
# The error along alpha; ``refit=one_standard_error`` takes the strongest penalty that
# is about as good as the best.
search = PathSearchCV(
    model, grid, scoring="neg_mean_squared_error", refit=one_standard_error
).fit(X, y)
display = AlphaSelectionDisplay.from_search(search)

# %%
# What it chose, with the names that the pipeline gave to the columns.
display = RegularizationPathDisplay.from_estimator(search, X, y, n_labels=8)
lasso = search.best_estimator_[-1]
print(f"{np.count_nonzero(lasso.coef_)} of {lasso.coef_.size} columns")
