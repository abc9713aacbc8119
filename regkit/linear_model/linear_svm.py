"""Linear support vector machines with L1 and L2 penalties."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._describe import takes_parameters
from regkit.linear_model._fit_parameters import HingeParameters, L1Share
from regkit.linear_model._loss_classifier import LinearClassifier, indicators
from regkit.linear_model._loss_fit import LossModel
from regkit.solvers.loss_terms import LossTerm, SeparateTargets
from regkit.solvers.losses import HINGE, SQUARED_HINGE


class LinearSVMBase(LinearClassifier, HingeParameters):
    """What linear support vector machines do whatever way their alpha came about."""

    @property
    def predict_proba(self) -> Any:
        """Not available.

        Raises
        ------
        AttributeError
            Saying how to get probabilities.
        """
        raise AttributeError(
            f"{type(self).__name__} has no probabilities: the hinge losses estimate "
            "none. Wrap it in sklearn.calibration.CalibratedClassifierCV, or use "
            "LogisticClassifier."
        )

    def _needs_rows(self) -> str | None:
        return "loss='hinge'" if self.loss == "hinge" else super()._needs_rows()

    def _counterpart(self, alpha: Any, l1_ratio: float) -> Any:
        # Nothing else needs scikit-learn's linear models.
        from sklearn.svm import LinearSVC

        return LinearSVC(
            C=self._inverse(alpha),
            penalty="l2" if l1_ratio == 0.0 else "l1",
            dual=False,
            class_weight=self.class_weight,
            fit_intercept=self.fit_intercept,
        )

    def _counted_iterations(self) -> int:
        return int(np.max(self.n_iter_))

    def _term(self, codes: NDArray[np.int64], n_classes: int, offset: Any) -> LossTerm:
        loss = HINGE if self.loss == "hinge" else SQUARED_HINGE
        targets = np.where(indicators(codes, n_classes), 1.0, -1.0)
        return SeparateTargets(loss, targets, self._offset(offset, len(codes)))


@takes_parameters
class LinearSVMClassifier(LinearSVMBase, LossModel, L1Share):
    r"""Linear support vector machine, solved to a certified optimum.

    Minimizes over the coefficients :math:`\beta` and the intercept :math:`b` the mean
    squared hinge loss (with ``loss="hinge"`` the hinge loss, without the square)

    .. math::

        \frac{1}{n} \sum_i w_i \max(0, 1 - y_i (x_i^\top \beta + b))^2
        + \alpha \sum_j f_j \left( \rho |\beta_j|
        + \frac{1 - \rho}{2} \beta_j^2 \right)
        \quad \text{subject to} \quad l_j \le \beta_j \le u_j,

    where :math:`y_i` is 1 for the class ``classes_[1]`` and -1 for the other,
    :math:`w` are the weights (`sample_weight` times `class_weight`) rescaled to sum to
    :math:`n`, :math:`f` the `penalty_factor`, :math:`\rho` the `l1_ratio` and
    :math:`l, u` the `bounds`. Each of more than two classes is separated from the
    rest, as by scikit-learn's `LinearSVC`.

    `alpha` is ``1 / (C * sum(weights))`` for the `C` of scikit-learn's `LinearSVC` with
    ``penalty="l2"`` (here ``l1_ratio=0``) or ``penalty="l1"`` (``l1_ratio=1``). Its
    intercept is penalized, this one never, so that answers differ a little.

    Parameters
    ----------
    alpha : float, default=0.01
        Strength of the penalty, non-negative.
    l1_ratio : float, default=0.0
        Share of the L1 penalty, from 0 to 1: 1 makes many coefficients exactly zero, 0
        is an L2 penalty alone, the classical support vector machine.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients, in float64: of ``classes_[1]`` for two classes, of each class
        against the rest for more.
    n_iter_ : int or ndarray of shape (n_classes,)
        Newton steps taken.
    dual_gap_ : float or ndarray of shape (n_classes,)
        Duality gap reached, in the units of the objective: how far above the optimum
        the objective can be at most.

    See Also
    --------
    LinearSVMClassifierCV : With alpha chosen by cross-validation.
    LogisticClassifier : With probabilities.

    References
    ----------
    .. [1] R.-E. Fan, K.-W. Chang, C.-J. Hsieh, X.-R. Wang and C.-J. Lin, "LIBLINEAR: a
       library for large linear classification", Journal of Machine Learning Research
       9, 2008.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from regkit import LinearSVMClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LinearSVMClassifier(alpha=0.01).fit(X, y)
    >>> model.coef_.shape
    (3, 4)
    >>> round(model.score(X, y), 2)
    0.97
    """

    alpha: float = field(default=0.01, kw_only=False)
    l1_ratio: float = 0.0
