"""Lasso, elastic net and ridge regression, solved exactly, and their paths."""

from regkit.linear_model.elastic_net import ElasticNetRegressor
from regkit.linear_model.elastic_net_cv import ElasticNetRegressorCV
from regkit.linear_model.lasso import LassoRegressor
from regkit.linear_model.lasso_cv import LassoRegressorCV
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
    "lasso_path",
    "enet_path",
    "RegularizationPath",
    "SufficientStatistics",
]
