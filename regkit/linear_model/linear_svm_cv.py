"""Linear support vector machine with its alpha chosen from the data."""

from __future__ import annotations

from regkit._describe import takes_parameters
from regkit.linear_model._choice_parameters import L1Shares
from regkit.linear_model._loss_cv import LossCV
from regkit.linear_model.linear_svm import LinearSVMBase, LinearSVMClassifier


@takes_parameters
class LinearSVMClassifierCV(LinearSVMBase, LossCV, L1Shares):
    r"""Linear support vector machine with alpha chosen by cross-validation.

    Each path is solved to a certified optimum. The objective, for each alpha, is that
    of `LinearSVMClassifier`.

    Parameters
    ----------
    criterion : {"cv", "aic", "bic", "ebic"}, default="cv"
        How to compare alphas: by held-out errors, or by an information criterion of the
        path on all rows; here only the first, since there is no likelihood.
    scoring : str or callable, default=None
        A scorer as scikit-learn's `cross_val_score` takes it, in place of the mean
        loss. Sample weights are passed on to it where its metric takes
        them.

    Attributes
    ----------
    fold_errors_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratios, n_alphas, \
            n_folds)
        Mean loss on the held-out rows of each fold, or minus the score
        with `scoring`; only with ``criterion="cv"``.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients at `alpha_`, in float64.
    coef_path_ : ndarray of shape (n_features, n_alphas) or (n_classes, \
            n_features, n_alphas)
        Those of `path_`.
    n_iter_ : int or ndarray of shape (n_classes,)
        Newton steps at `alpha_`.
    dual_gap_ : float or ndarray of shape (n_classes,)
        Duality gap at `alpha_`, in the units of the objective.

    See Also
    --------
    LinearSVMClassifier : For one alpha and l1_ratio.
    LogisticClassifierCV : With probabilities.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from regkit import LinearSVMClassifierCV
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LinearSVMClassifierCV(alphas=20, scoring="accuracy").fit(X, y)
    >>> model.coef_.shape
    (3, 4)
    """

    _single_class = LinearSVMClassifier

    @property
    def _error_name(self) -> str:
        return f"mean {self.loss.replace('_', ' ')} loss"
