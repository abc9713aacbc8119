"""Logistic regression with its alpha and l1_ratio chosen from the data."""

from __future__ import annotations

from regkit._describe import takes_parameters
from regkit.linear_model._choice_parameters import L1Shares
from regkit.linear_model._loss_cv import LossCV
from regkit.linear_model.logistic import LogisticBase, LogisticClassifier


@takes_parameters
class LogisticClassifierCV(LogisticBase, LossCV, L1Shares):
    r"""Logistic regression with alpha and l1_ratio chosen by cross-validation.

    They are chosen by the held-out log-loss, not by accuracy, which hardly
    distinguishes alphas; or by an information criterion. Each path is solved to a
    certified optimum. The objective, for each alpha, is that of `LogisticClassifier`,
    whose penalty is added to the mean loss: `alpha` is ``1 / (C * sum(weights))`` for
    scikit-learn's `C`.

    Parameters
    ----------
    scoring : str or callable, default=None
        A scorer as scikit-learn's `cross_val_score` takes it, in place of the log-loss.
        Sample weights are passed on to it where its metric takes them.

    Attributes
    ----------
    fold_errors_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratios, n_alphas, \
            n_folds)
        Log-loss on the held-out rows of each fold, or minus the score with `scoring`;
        only with ``criterion="cv"``.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients at `alpha_`, in float64.
    coef_path_ : ndarray of shape (n_features, n_alphas) or (n_classes, \
            n_features, n_alphas)
        Those of `path_`.

    See Also
    --------
    LogisticClassifier : For one alpha and l1_ratio.
    logistic_path : The whole path of solutions, without folds.
    LinearSVMClassifierCV : With a loss of the margin in place of probabilities.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from regkit import LogisticClassifierCV
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = LogisticClassifierCV(alphas=20, standardize=True).fit(X, y)
    >>> model.fold_errors_.shape
    (20, 5)
    >>> round(model.score(X, y), 2)
    0.99
    """

    _single_class = LogisticClassifier

    _error_name = "log-loss"

    def _has_likelihood(self) -> bool:
        return True
