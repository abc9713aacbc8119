"""Scikit-learn's linear models with the coefficients of ours."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from regkit._sklearn import prepare_to_predict

_COPIED = ("n_features_in_", "feature_names_in_", "classes_", "dual_gap_")


def scikit_learn_of(ours: Any) -> Any:
    """Return a fitted estimator of scikit-learn that predicts the same."""
    check_is_fitted(ours, "coef_")
    alpha = getattr(ours, "alpha_", None)
    alpha = ours.alpha if alpha is None else alpha
    l1_ratio = getattr(ours, "l1_ratio_", getattr(ours, "l1_ratio", 1.0))
    model = prepare_to_predict(ours._counterpart(_plain(alpha), _plain(l1_ratio)))
    is_sparse: bool = sp.issparse(ours.coef_)
    model.coef_ = ours.coef_.toarray() if is_sparse else np.array(ours.coef_)
    model.intercept_ = np.copy(ours.intercept_)[()]
    model.n_iter_ = ours._counted_iterations()
    for name in _COPIED:
        if hasattr(ours, name):
            setattr(model, name, getattr(ours, name))
    return model


def _plain(value: Any) -> Any:
    """Return a NumPy scalar as Python's number, which prints without its type."""
    return value.item() if isinstance(value, np.generic) else value
