"""Logistic regression with L1 and L2 penalties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit, log_softmax, softmax

from regkit._describe import described_as, takes_parameters
from regkit._types import Floats
from regkit.linear_model._fit_parameters import L1Share, MultinomialParameters
from regkit.linear_model._loss_classifier import LinearClassifier, indicators
from regkit.linear_model._loss_fit import LossModel
from regkit.solvers.loss_terms import JointClasses, LossTerm, SeparateTargets
from regkit.solvers.losses import LOGISTIC
from regkit.solvers.multinomial import Multinomial


class LogisticBase(LinearClassifier, MultinomialParameters):
    """What logistic regression does whatever way its alpha came about."""

    @described_as(LinearClassifier.decision_function)
    def predict_proba(self, X: Any, offset: Any = None) -> Any:
        """Estimate the probability of each class.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`; each row sums to 1. With `class_weight` they are
            those of a population in which the classes have these weights.
        """
        return self._of_decisions(self.predict_proba, X, offset, expit, softmax)

    @described_as(LinearClassifier.decision_function)
    def predict_log_proba(self, X: Any, offset: Any = None) -> Any:
        """Estimate the logarithm of the probability of each class.

        It is finite and exact where the probability itself rounds to 0 or 1.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return self._of_decisions(
            self.predict_log_proba, X, offset, log_expit, log_softmax
        )

    def _of_decisions(
        self,
        method: Callable[..., Any],
        X: Any,
        offset: Any,
        of_two: Callable[[Floats], Floats],
        of_several: Callable[..., Floats],
    ) -> Any:
        """Turn decisions into what ``method`` gives, of two classes or of several."""
        source = self._predicted_source(X, offset)
        if source is not None:
            return source.predict(method)
        decision = self.decision_function(X, offset)
        if decision.ndim == 1:
            return np.column_stack([of_two(-decision), of_two(decision)])
        return of_several(decision, axis=1)

    def _counterpart(self, alpha: Any, l1_ratio: float) -> Any:
        # Nothing else needs scikit-learn's linear models.
        from sklearn.linear_model import LogisticRegression

        options = {
            "C": self._inverse(alpha),
            "class_weight": self.class_weight,
            "fit_intercept": self.fit_intercept,
        }
        if l1_ratio > 0.0:
            options |= {"l1_ratio": l1_ratio, "solver": "saga"}
            if LogisticRegression().get_params()["penalty"] == "l2":  # before 1.8
                options["penalty"] = "elasticnet"
        return LogisticRegression(**options)

    def _counted_iterations(self) -> NDArray[np.int32]:
        return np.atleast_1d(np.asarray(self.n_iter_, dtype=np.int32))

    def _term(self, codes: NDArray[np.int64], n_classes: int, offset: Any) -> LossTerm:
        targets = indicators(codes, n_classes).astype(np.float64)
        checked = self._offset(offset, len(codes), len(targets))
        if n_classes == 2:
            return SeparateTargets(LOGISTIC, targets, checked)
        is_grouped = self.multinomial_penalty == "grouped"
        if is_grouped and (self.bounds is not None or self.positive):
            raise ValueError(
                f"{type(self).__name__} takes no bounds with multinomial_penalty="
                "'grouped': pass bounds=None and positive=False, or 'separate'."
            )
        multinomial = Multinomial(n_classes)
        return JointClasses(multinomial, targets, checked, codes, is_grouped)

    def _needs_rows(self) -> str | None:
        if self.multinomial_penalty == "grouped":
            return "multinomial_penalty='grouped'"
        return super()._needs_rows()


@takes_parameters
class LogisticClassifier(LogisticBase, LossModel, L1Share):
    r"""Logistic regression with L1 and L2 penalties, solved to a certified optimum.

    Minimizes over the coefficients :math:`\beta` and the intercept :math:`b`

    .. math::

        \frac{1}{n} \sum_i w_i \left( \log(1 + e^{z_i}) - y_i z_i \right)
        + \alpha \sum_j f_j \left( \rho |\beta_j|
        + \frac{1 - \rho}{2} \beta_j^2 \right)
        \quad \text{subject to} \quad l_j \le \beta_j \le u_j,

    where :math:`z_i = x_i^\top \beta + b + o_i`, :math:`y_i` is 1 for the class
    ``classes_[1]`` and 0 for the other, :math:`w` are the weights (`sample_weight`
    times `class_weight`) rescaled to sum to :math:`n`, :math:`o` the `offset`,
    :math:`f` the `penalty_factor`, :math:`\rho` the `l1_ratio` and :math:`l, u` the
    `bounds`. With K > 2 classes the loss is the multinomial one,
    :math:`\log \sum_k e^{z_{ik}} - z_{i y_i}`, each class has its own coefficients and
    intercept, and the penalty is summed over them; intercepts sum to zero. With
    ``multinomial_penalty="grouped"`` the L1 part is
    :math:`\rho \lVert (\beta_{1j}, \dots, \beta_{Kj}) \rVert_2` instead, as glmnet's
    ``type.multinomial = "grouped"`` has it.

    The penalty is added to the *mean* loss, as everywhere in regkit: `alpha` is
    ``1 / (C * sum(weights))`` for the `C` of scikit-learn's `LogisticRegression`, whose
    `penalty` is the L2 one (``l1_ratio=0``) by default.

    Parameters
    ----------
    alpha : float, default=0.01
        Strength of the penalty, non-negative. 0 gives maximum likelihood, which has a
        finite optimum only where no combination of columns separates the classes.
    class_weight : dict or "balanced", default=None
        Weights of the classes, by label; a row's `sample_weight` is multiplied by that
        of its class. "balanced" gives every class the same total weight. Probabilities
        are then those of a population with these weights: subtract
        ``log(weight_1 / weight_0)`` from `intercept_` to undo it.
    tol : float, default=1e-8
        The fit has converged when its duality gap is at most `tol` times the mean loss
        of the model without features (without an offset: the entropy of the classes'
        shares).

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients, in float64: of the log-odds of ``classes_[1]`` for two classes,
        of each class's predictor for more.

    See Also
    --------
    LogisticClassifierCV : With alpha chosen by cross-validation.
    logistic_path : The whole path of solutions along alpha.
    LinearSVMClassifier : With a loss of the margin in place of probabilities.

    References
    ----------
    .. [1] J. Friedman, T. Hastie and R. Tibshirani, "Regularization paths for
       generalized linear models via coordinate descent", Journal of Statistical
       Software 33, 2010.
    .. [2] S.-J. Kim, K. Koh, M. Lustig, S. Boyd and D. Gorinevsky, "An interior-point
       method for large-scale L1-regularized logistic regression", Journal of Machine
       Learning Research 8, 2007.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from regkit import LogisticClassifier
    >>> cases = load_breast_cancer()
    >>> model = LogisticClassifier(alpha=0.05, standardize=True)
    >>> model = model.fit(cases.data, cases.target)
    >>> print(*cases.feature_names[model.coef_[0] != 0], sep=", ")
    mean concave points, worst radius, worst texture, worst concave points
    >>> round(model.score(cases.data, cases.target), 3)
    0.958
    """

    alpha: float = field(default=0.01, kw_only=False)
