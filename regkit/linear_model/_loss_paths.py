"""Whole paths of classifiers and of regressions with a log link."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax
from sklearn.metrics import d2_log_loss_score, d2_tweedie_score

from regkit._describe import described_as
from regkit._sklearn import check_same_features
from regkit._types import Floats
from regkit.linear_model._regularization_path import RegularizationPath
from regkit.rows.inputs import check_predict_X


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class LogLinkPath(RegularizationPath):
    """Solutions of a regression with a log link for a decreasing sequence of alphas.

    Returned by `glm_path`; as `RegularizationPath`, but for its predictions, which are
    expected values.
    """

    power: float = 1.0
    """Of the variance: 1 for Poisson, 2 for Gamma, between for Tweedie."""

    def _explained(
        self, X: Any, y: NDArray[Any], alphas: Floats
    ) -> tuple[str, list[float]]:
        means = self.predict(X, alpha=alphas)
        shares = [d2_tweedie_score(y, column, power=self.power) for column in means.T]
        return "explained", [float(share) for share in shares]

    @described_as(RegularizationPath.predict)
    def predict(self, X: Any, alpha: Any = None) -> Any:
        """Predict expected values at every alpha of the path, or at those given.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows to predict for; without an offset.

        Returns
        -------
        y_pred : ndarray of shape (n_samples, n_alphas), (n_samples,) or \
                (n_samples, n_queries)
            The exponential of the linear predictor; one-dimensional when `alpha` is
            one number.
        """
        with np.errstate(over="ignore"):
            return np.exp(RegularizationPath.predict(self, X, alpha))


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ClassificationPath(RegularizationPath):
    """Solutions of a linear classifier for a decreasing sequence of alphas.

    Returned by `logistic_path`; as `RegularizationPath`, but for its predictions. With
    K > 2 classes `coefs` has the shape (K, n_features, n_alphas), `intercepts`
    (n_alphas, K), and `sparse_coefs` the rows of all classes, one after the other.
    """

    classes_: NDArray[Any] = field(default_factory=lambda: np.empty(0))
    has_probabilities: bool = True
    """False for the hinge losses, which estimate none."""

    def _explained(
        self, X: Any, y: NDArray[Any], alphas: Floats
    ) -> tuple[str, list[float]]:
        if not self.has_probabilities:
            labels = self.predict(X, alpha=alphas)
            return "accuracy", [float(np.mean(column == y)) for column in labels.T]
        shares = []
        for alpha in alphas:
            chance = self.predict_proba(X, alpha=alpha)
            if self.n_outputs == 1:
                chance = np.column_stack([1 - chance, chance])
            shares.append(float(d2_log_loss_score(y, chance, labels=self.classes_)))
        return "explained", shares

    @property
    def n_outputs(self) -> int:
        """Number of linear predictors: 1 for two classes, else one per class."""
        return 1 if len(self.classes_) == 2 else len(self.classes_)

    @property
    def n_features_in_(self) -> int:
        """Number of columns of X."""
        return int(self.sparse_coefs.shape[0]) // self.n_outputs

    @property
    def coefs(self) -> Floats:
        """Coefficients, dense; one array of (n_features, n_alphas) per predictor."""
        return self._by_class(self.sparse_coefs.toarray())

    @described_as(RegularizationPath.coef_at)
    def coef_at(self, alpha: Any) -> Floats:
        """Give the coefficients at any alpha within the path.

        Returns
        -------
        coef : ndarray of shape (n_features,) or (n_features, n_queries)
            Interpolated coefficients; for K > 2 classes with a first axis of K.
        """
        return self._by_class(RegularizationPath.coef_at(self, alpha))

    @described_as(coef_at)
    def intercept_at(self, alpha: Any) -> Any:
        """Give the intercept at any alpha within the path.

        Returns
        -------
        intercept : float or ndarray of shape (n_queries,)
            Interpolated intercepts; for K > 2 classes with a last axis of K.
        """
        if self.n_outputs == 1:
            return RegularizationPath.intercept_at(self, alpha)
        left, right, share = self._locate(alpha)
        near, far = self.intercepts[left], self.intercepts[right]
        intercept = near * share[:, None] + far * (1 - share[:, None])
        return intercept[0] if np.ndim(alpha) == 0 else intercept

    @described_as(LogLinkPath.predict)
    def decision_function(self, X: Any, alpha: Any = None) -> Any:
        """Compute linear predictors at every alpha of the path, or at those given.

        Returns
        -------
        decision : ndarray of shape (n_samples, n_alphas), (n_samples,) or \
                (n_samples, n_queries)
            Log-odds of ``classes_[1]``; for K > 2 classes one predictor per class,
            along a last axis of K.
        """
        if self.n_outputs == 1:
            return RegularizationPath.predict(self, X, alpha)
        check_same_features(self, X)
        X = check_predict_X(self, X, self.n_features_in_)
        wanted = self.alphas if alpha is None else np.atleast_1d(alpha)
        coefs = self.coef_at(wanted)  # (K, p, Q)
        flat = np.moveaxis(coefs, 1, 0).reshape(coefs.shape[1], -1)
        decision = np.asarray(X @ flat).reshape(X.shape[0], *coefs[:, 0].shape)
        decision = np.moveaxis(decision, 1, -1) + self.intercept_at(wanted)
        return decision[:, 0] if alpha is not None and np.ndim(alpha) == 0 else decision

    @described_as(decision_function)
    def predict_proba(self, X: Any, alpha: Any = None) -> Any:
        """Estimate probabilities along the path.

        Returns
        -------
        probability : ndarray of the shape of `decision_function`
            Probability of ``classes_[1]``; for K > 2 classes that of each.

        Raises
        ------
        AttributeError
            When the loss estimates no probabilities.
        ValueError
            As `decision_function` does.
        """
        if not self.has_probabilities:
            raise AttributeError(
                "This path has no probabilities: the hinge losses estimate none. Use "
                "logistic_path."
            )
        decision = self.decision_function(X, alpha)
        return expit(decision) if self.n_outputs == 1 else softmax(decision, axis=-1)

    @described_as(decision_function)
    def predict(self, X: Any, alpha: Any = None) -> Any:
        """Predict the class of each row along the path.

        Returns
        -------
        y_pred : ndarray of shape (n_samples, n_alphas), (n_samples,) or \
                (n_samples, n_queries)
            Labels, as in `classes_`.
        """
        decision = self.decision_function(X, alpha)
        if self.n_outputs == 1:
            return self.classes_[(decision > 0.0).astype(np.intp)]
        return self.classes_[np.argmax(decision, axis=-1)]

    def _by_class(self, coefs: Floats) -> Floats:
        """Split rows of all classes into one array per class, if there are several."""
        if self.n_outputs == 1:
            return coefs
        return coefs.reshape(self.n_outputs, self.n_features_in_, *coefs.shape[1:])
