"""Every check that scikit-learn has for estimators, none expected to fail."""

import warnings

from regkit import (
    ElasticNetRegressor,
    ElasticNetRegressorCV,
    GeneralizedLinearRegressor,
    GeneralizedLinearRegressorCV,
    LassoRegressor,
    LassoRegressorCV,
    LinearSVMClassifier,
    LinearSVMClassifierCV,
    LogisticClassifier,
    LogisticClassifierCV,
    RidgeRegressor,
    RidgeRegressorCV,
)
from tests.conformance.checks import all_checks, further_checks

ESTIMATORS = [
    LassoRegressor(),
    ElasticNetRegressor(),
    RidgeRegressor(),
    LassoRegressorCV(cv=3, alphas=10),
    ElasticNetRegressorCV(cv=3, alphas=10),
    RidgeRegressorCV(),
    LogisticClassifier(),
    LinearSVMClassifier(),
    GeneralizedLinearRegressor(),
    LogisticClassifierCV(cv=3, alphas=10),
    LinearSVMClassifierCV(cv=3, alphas=10),
    GeneralizedLinearRegressorCV(cv=3, alphas=10),
]
VARIANTS = [
    LassoRegressor(alpha=0.1, positive=True),
    LassoRegressor(alpha=0.1, standardize=True, solver="coordinate_descent"),
    LassoRegressor(alpha=0.1, warm_start=True, fit_intercept=False),
    ElasticNetRegressor(alpha=0.1, l1_ratio=0.9, bounds=(-2, 3)),
    RidgeRegressor(positive=True),
    RidgeRegressor(solver="cholesky", standardize=True),
    LassoRegressorCV(cv=3, alphas=10, rule="1se", standardize=True),
    ElasticNetRegressorCV(cv=3, alphas=10, l1_ratio=[0.5, 1.0], n_jobs=2),
    LassoRegressorCV(cv=3, alphas=10, criterion="ebic", relaxed=0.5),
    RidgeRegressorCV(cv="gcv", standardize=True),
    RidgeRegressorCV(cv=3, rule="1se"),
    RidgeRegressorCV(cv=3, alphas=5, positive=True),
    LogisticClassifier(l1_ratio=0.0, class_weight="balanced", standardize=True),
    LogisticClassifier(warm_start=True, l1_ratio=0.9),
    LinearSVMClassifier(l1_ratio=1.0, alpha=1e-3, standardize=True),
    GeneralizedLinearRegressor(family="gamma", l1_ratio=0.5),
    GeneralizedLinearRegressor(family="tweedie", standardize=True),
    LogisticClassifierCV(cv=3, alphas=10, rule="1se", scoring="accuracy"),
    LogisticClassifierCV(cv=3, alphas=10, l1_ratio=[0.5, 1.0], n_jobs=2),
    GeneralizedLinearRegressorCV(alphas=10, criterion="bic", l1_ratio=[0.5, 1.0]),
]


@all_checks([*ESTIMATORS, *VARIANTS])
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks filter the warnings they want
        check(estimator)


@further_checks(ESTIMATORS)
def test_further_checks(estimator, check):
    check(type(estimator).__name__, estimator)
