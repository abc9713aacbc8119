"""Comparing the results of two searches, and estimators that count their fits."""

import warnings
from typing import ClassVar

import numpy as np
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin, clone
from sklearn.model_selection import GridSearchCV

from regkit import PathSearchCV


def assert_same_results(found, expected, rtol=1e-6, atol=1e-9):
    """Compare two ``cv_results_`` key by key, all but the times."""
    assert list(found) == list(expected)
    n_candidates = len(expected["params"])
    for key, values in expected.items():
        if key == "params":
            assert repr(found[key]) == repr(values)
            continue
        assert type(found[key]) is type(values), key
        assert found[key].dtype == values.dtype, key
        assert found[key].shape == (n_candidates,)
        if key.endswith("_time"):
            assert np.all(found[key] >= 0)
        elif key.startswith("param_"):
            assert repr(found[key]) == repr(values)
        elif key.startswith("rank_"):
            assert_same_ranks(found, expected, key, atol)
        else:
            assert_allclose(found[key], values, rtol=rtol, atol=atol, err_msg=key)


def assert_same_ranks(found, expected, key, atol):
    """Ranks may differ only where means are the same but for rounding."""
    name = key.replace("rank_", "mean_")
    differ = np.flatnonzero(found[key] != expected[key])
    means = expected[name]
    for i in differ:
        assert np.sum(np.abs(means - means[i]) <= 1e-6 * abs(means[i]) + atol) > 1, key


class CountedScaler(TransformerMixin, BaseEstimator):
    """Divides by a number; counts fits and transforms."""

    calls: ClassVar[dict[str, int]] = {"fit": 0, "transform": 0}

    def __init__(self, scale=1.0):
        self.scale = scale

    def fit(self, X, y=None):
        self.calls["fit"] += 1
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        self.calls["transform"] += 1
        return X / self.scale


class ToyRidge(RegressorMixin, BaseEstimator):
    """Ridge without intercept that takes part in paths; counts calls.

    ``alpha="fail"`` cannot be fitted at all, negative alphas are refused by `fit`
    and in their turn by `fit_path`, and ``short=True`` breaks the protocol.
    """

    path_parameter = "alpha"
    calls: ClassVar[dict[str, int]] = {"fit": 0, "fit_path": 0}

    def __init__(self, alpha=1.0, factor=1.0, short=False):
        self.alpha = alpha
        self.factor = factor
        self.short = short

    def _solve(self, X, y, alpha):
        if alpha == "fail" or alpha < 0:
            raise ValueError(f"alpha={alpha} will not do")
        penalty = self.factor * alpha * np.eye(X.shape[1])
        return np.linalg.solve(X.T @ X + penalty, X.T @ y)

    def fit(self, X, y):
        self.calls["fit"] += 1
        self.coef_ = self._solve(X, y, self.alpha)
        return self

    def fit_path(self, X, y, values):
        self.calls["fit_path"] += 1
        for alpha in values[:-1] if self.short else values:
            model = clone(self).set_params(alpha=alpha)
            model.coef_ = self._solve(X, y, alpha)
            yield model

    def predict(self, X):
        return X @ self.coef_


ALPHAS = np.geomspace(0.005, 2, 8)


def both(estimator, grid, X, y, fit_params=None, **options):
    """Fit both searches, compare all that they say, return PathSearchCV's."""
    ours = PathSearchCV(estimator, grid, **options).fit(X, y, **(fit_params or {}))
    theirs = GridSearchCV(estimator, grid, **options).fit(X, y, **(fit_params or {}))
    assert_same_results(ours.cv_results_, theirs.cv_results_)
    attributes = {name for name in vars(ours) if name.endswith("_")}
    assert attributes == {name for name in vars(theirs) if name.endswith("_")}
    assert ours.n_splits_ == theirs.n_splits_
    assert ours.multimetric_ == theirs.multimetric_
    if hasattr(theirs, "best_score_"):  # of equal scores rounding may choose another
        assert_allclose(ours.best_score_, theirs.best_score_, rtol=1e-6, atol=1e-9)
    if hasattr(theirs, "best_index_"):
        best = ours.cv_results_["params"][ours.best_index_]
        assert ours.best_params_ is best
    if hasattr(theirs, "best_estimator_") and ours.best_index_ == theirs.best_index_:
        assert repr(ours.best_estimator_) == repr(theirs.best_estimator_)
        assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6, atol=1e-9)
    return ours


def both_with_warnings(estimator, grid, X, y, **options):
    """Fit both searches; give the results and the warnings, without ways to errors."""
    outcomes = []
    for kind in (PathSearchCV, GridSearchCV):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results = kind(estimator, grid, **options).fit(X, y).cv_results_
        told = [
            (w.category, str(w.message).split("Below")[0].split("Details")[0])
            for w in caught
        ]
        outcomes.append((results, told))
        assert not any("During handling" in str(w.message) for w in caught)
    return outcomes
