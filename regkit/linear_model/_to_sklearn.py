"""Scikit-learn's linear models with the coefficients of ours."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    TweedieRegressor,
)
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted

from regkit._sklearn import prepare_to_predict
from regkit.linear_model.elastic_net import ElasticNetRegressor
from regkit.linear_model.elastic_net_cv import ElasticNetRegressorCV
from regkit.linear_model.generalized_linear import GeneralizedLinearBase
from regkit.linear_model.lasso import LassoRegressor
from regkit.linear_model.lasso_cv import LassoRegressorCV
from regkit.linear_model.linear_svm import LinearSVMBase
from regkit.linear_model.logistic import LogisticBase

_LASSO = (LassoRegressor, LassoRegressorCV)
_ELASTIC_NET = (ElasticNetRegressor, ElasticNetRegressorCV)


def scikit_learn_of(ours: Any) -> Any:
    """Return a fitted estimator of scikit-learn that predicts the same."""
    check_is_fitted(ours, "coef_")
    model = prepare_to_predict(_unfitted(ours))
    is_sparse: bool = sp.issparse(ours.coef_)
    model.coef_ = ours.coef_.toarray() if is_sparse else np.array(ours.coef_)
    model.intercept_ = np.copy(ours.intercept_)[()]
    model.n_features_in_ = ours.n_features_in_
    for name in ("feature_names_in_", "classes_"):
        if hasattr(ours, name):
            setattr(model, name, getattr(ours, name))
    n_iter = ours.n_iter_
    if isinstance(model, LogisticRegression):
        n_iter = np.atleast_1d(np.asarray(n_iter, dtype=np.int32))
    elif isinstance(model, LinearSVC):
        n_iter = int(np.max(n_iter))
    model.n_iter_ = n_iter
    if isinstance(model, ElasticNet):  # a Lasso is one
        model.dual_gap_ = ours.dual_gap_
    return model


def _unfitted(ours: Any) -> Any:
    """Return the estimator whose problem is the nearest to ours."""
    alpha = getattr(ours, "alpha_", None)
    alpha = ours.alpha if alpha is None else alpha
    l1_ratio = getattr(ours, "l1_ratio_", getattr(ours, "l1_ratio", 1.0))
    common = {"fit_intercept": ours.fit_intercept}
    if isinstance(ours, LogisticBase):
        return _logistic(ours, _inverse(alpha, ours), l1_ratio, common)
    if isinstance(ours, LinearSVMBase):
        return LinearSVC(
            C=_inverse(alpha, ours),
            penalty="l2" if l1_ratio == 0.0 else "l1",
            dual=False,
            class_weight=ours.class_weight,
            **common,
        )
    if isinstance(ours, GeneralizedLinearBase):
        kinds = {"poisson": PoissonRegressor, "gamma": GammaRegressor}
        if ours.family in kinds:
            return kinds[ours.family](alpha=alpha, **common)
        return TweedieRegressor(power=ours.power, link="log", alpha=alpha, **common)
    if isinstance(ours, _LASSO):
        return Lasso(alpha=alpha, positive=ours.positive, **common)
    if isinstance(ours, _ELASTIC_NET):
        return ElasticNet(
            alpha=alpha, l1_ratio=l1_ratio, positive=ours.positive, **common
        )
    return Ridge(alpha=alpha, positive=ours.positive, **common)


def _inverse(alpha: float, ours: Any) -> float:
    """Turn a penalty beside the mean loss into a weight of the summed loss."""
    return 1.0 / (alpha * ours._total_weight) if alpha > 0.0 else np.inf


def _logistic(
    ours: Any, C: float, l1_ratio: float, common: dict[str, Any]
) -> LogisticRegression:
    options = {**common, "C": C, "class_weight": ours.class_weight}
    if l1_ratio == 0.0:
        return LogisticRegression(**options)
    options |= {"l1_ratio": l1_ratio, "solver": "saga"}
    if LogisticRegression().get_params()["penalty"] == "l2":  # before 1.8
        options["penalty"] = "elasticnet"
    return LogisticRegression(**options)
