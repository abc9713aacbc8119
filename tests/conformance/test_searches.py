"""scikit-learn's checks of estimators on searches over regkit's estimators."""

import warnings

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from regkit import ElasticNetRegressor, LassoRegressor, PathSearchCV, RidgeRegressor
from tests.conformance.checks import all_checks

ALPHAS = np.geomspace(1e-3, 1, 4)
SEARCHES = [
    PathSearchCV(LassoRegressor(), {"alpha": ALPHAS}, cv=2),
    PathSearchCV(
        ElasticNetRegressor(), {"alpha": ALPHAS, "l1_ratio": [0.5, 1.0]}, cv=3
    ),
    PathSearchCV(RidgeRegressor(), {"alpha": ALPHAS}, cv=2, error_score="raise"),
    PathSearchCV(
        make_pipeline(StandardScaler(with_mean=False), RidgeRegressor()),
        {"ridgeregressor__alpha": ALPHAS},
        cv=2,
        error_score="raise",
    ),
]


@all_checks(SEARCHES)
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks filter the warnings they want
        check(estimator)
