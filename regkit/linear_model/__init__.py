"""Penalized linear models, solved to a certified optimum, and their paths.

A model brings its own files only: a first Lasso need not wait for those of classes.
"""

from __future__ import annotations

from regkit._lazy import on_first_use

# Where each name is.
_HOME = {
    "LassoRegressor": "regkit.linear_model.lasso",
    "ElasticNetRegressor": "regkit.linear_model.elastic_net",
    "RidgeRegressor": "regkit.linear_model.ridge",
    "LassoRegressorCV": "regkit.linear_model.lasso_cv",
    "ElasticNetRegressorCV": "regkit.linear_model.elastic_net_cv",
    "RidgeRegressorCV": "regkit.linear_model.ridge_cv",
    "LogisticClassifier": "regkit.linear_model.logistic",
    "LogisticClassifierCV": "regkit.linear_model.logistic_cv",
    "LinearSVMClassifier": "regkit.linear_model.linear_svm",
    "LinearSVMClassifierCV": "regkit.linear_model.linear_svm_cv",
    "GeneralizedLinearRegressor": "regkit.linear_model.generalized_linear",
    "GeneralizedLinearRegressorCV": "regkit.linear_model.generalized_linear_cv",
    "lasso_path": "regkit.linear_model.path",
    "enet_path": "regkit.linear_model.path",
    "logistic_path": "regkit.linear_model.loss_path",
    "glm_path": "regkit.linear_model.loss_path",
    "RegularizationPath": "regkit.linear_model.path",
    "SufficientStatistics": "regkit.linear_model.statistics",
}

TYPE_CHECKING = False  # `typing` takes longer to import than all of this file
if TYPE_CHECKING:
    from regkit.linear_model.elastic_net import ElasticNetRegressor
    from regkit.linear_model.elastic_net_cv import ElasticNetRegressorCV
    from regkit.linear_model.generalized_linear import GeneralizedLinearRegressor
    from regkit.linear_model.generalized_linear_cv import GeneralizedLinearRegressorCV
    from regkit.linear_model.lasso import LassoRegressor
    from regkit.linear_model.lasso_cv import LassoRegressorCV
    from regkit.linear_model.linear_svm import LinearSVMClassifier
    from regkit.linear_model.linear_svm_cv import LinearSVMClassifierCV
    from regkit.linear_model.logistic import LogisticClassifier
    from regkit.linear_model.logistic_cv import LogisticClassifierCV
    from regkit.linear_model.loss_path import glm_path, logistic_path
    from regkit.linear_model.path import RegularizationPath, enet_path, lasso_path
    from regkit.linear_model.ridge import RidgeRegressor
    from regkit.linear_model.ridge_cv import RidgeRegressorCV
    from regkit.linear_model.statistics import SufficientStatistics

__all__ = [
    "LassoRegressor",
    "ElasticNetRegressor",
    "RidgeRegressor",
    "LassoRegressorCV",
    "ElasticNetRegressorCV",
    "RidgeRegressorCV",
    "LogisticClassifier",
    "LogisticClassifierCV",
    "LinearSVMClassifier",
    "LinearSVMClassifierCV",
    "GeneralizedLinearRegressor",
    "GeneralizedLinearRegressorCV",
    "lasso_path",
    "enet_path",
    "logistic_path",
    "glm_path",
    "RegularizationPath",
    "SufficientStatistics",
]

__getattr__ = on_first_use(__name__, _HOME)


def __dir__() -> list[str]:
    return sorted(__all__)
