"""Penalized linear models, solved to a certified optimum, and their paths."""

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
