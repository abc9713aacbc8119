"""Every check that scikit-learn has for estimators, none expected to fail."""

import warnings

import regkit
from tests.conformance.checks import all_checks, further_checks

ESTIMATORS = [
    regkit.LassoRegressor(),
    regkit.ElasticNetRegressor(),
    regkit.RidgeRegressor(),
    regkit.LassoRegressorCV(cv=3, alphas=10),
    regkit.ElasticNetRegressorCV(cv=3, alphas=10),
    regkit.RidgeRegressorCV(),
    regkit.LogisticClassifier(),
    regkit.LinearSVMClassifier(),
    regkit.GeneralizedLinearRegressor(),
    regkit.LogisticClassifierCV(cv=3, alphas=10),
    regkit.LinearSVMClassifierCV(cv=3, alphas=10),
    regkit.GeneralizedLinearRegressorCV(cv=3, alphas=10),
]
VARIANTS = [
    regkit.LassoRegressor(alpha=0.1, positive=True),
    regkit.LassoRegressor(alpha=0.1, standardize=True, solver="coordinate_descent"),
    regkit.LassoRegressor(alpha=0.1, warm_start=True, fit_intercept=False),
    regkit.ElasticNetRegressor(alpha=0.1, l1_ratio=0.9, bounds=(-2, 3)),
    regkit.RidgeRegressor(positive=True),
    regkit.RidgeRegressor(solver="cholesky", standardize=True),
    regkit.LassoRegressorCV(cv=3, alphas=10, rule="1se", standardize=True),
    regkit.ElasticNetRegressorCV(cv=3, alphas=10, l1_ratio=[0.5, 1.0], n_jobs=2),
    regkit.LassoRegressorCV(cv=3, alphas=10, criterion="ebic", relaxed=0.5),
    regkit.RidgeRegressorCV(cv="gcv", standardize=True),
    regkit.RidgeRegressorCV(cv=3, rule="1se"),
    regkit.RidgeRegressorCV(cv=3, alphas=5, positive=True),
    regkit.LogisticClassifier(l1_ratio=0.0, class_weight="balanced", standardize=True),
    regkit.LogisticClassifier(warm_start=True, l1_ratio=0.9),
    regkit.LinearSVMClassifier(l1_ratio=1.0, alpha=1e-3, standardize=True),
    regkit.GeneralizedLinearRegressor(family="gamma", l1_ratio=0.5),
    regkit.GeneralizedLinearRegressor(family="tweedie", standardize=True),
    regkit.LogisticClassifierCV(cv=3, alphas=10, rule="1se", scoring="accuracy"),
    regkit.LogisticClassifierCV(cv=3, alphas=10, l1_ratio=[0.5, 1.0], n_jobs=2),
    regkit.GeneralizedLinearRegressorCV(
        alphas=10, criterion="bic", l1_ratio=[0.5, 1.0]
    ),
]


@all_checks([*ESTIMATORS, *VARIANTS])
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks filter the warnings they want
        check(estimator)


@further_checks(ESTIMATORS)
def test_further_checks(estimator, check):
    check(type(estimator).__name__, estimator)
