"""Poisson, Gamma or Tweedie regression with its alpha chosen from the data."""

from __future__ import annotations

from regkit._describe import takes_parameters
from regkit.linear_model._choice_parameters import L1Shares
from regkit.linear_model._loss_cv import LossCV
from regkit.linear_model.generalized_linear import (
    GeneralizedLinearBase,
    GeneralizedLinearRegressor,
)


@takes_parameters
class GeneralizedLinearRegressorCV(GeneralizedLinearBase, LossCV, L1Shares):
    r"""Poisson, Gamma or Tweedie regression with alpha chosen by cross-validation.

    It is chosen by the held-out deviance. Each path is solved to a certified optimum.
    The objective, for each alpha, is that of `GeneralizedLinearRegressor`.

    Parameters
    ----------
    cv : int, splitter or iterable of (train, test), default=None
        The folds; None means 5. Folds may overlap or leave rows out. Each is solved on
        its own training rows alone, centering, `standardize` and intercept included.
    criterion : {"cv", "aic", "bic", "ebic"}, default="cv"
        How to compare alphas: by held-out errors, or by an information criterion of the
        path on all rows, which needs no folds; only for ``family="poisson"``.
    scoring : str or callable, default=None
        A scorer as scikit-learn's `cross_val_score` takes it, in place of the mean
        deviance. Sample weights are passed on to it where its metric takes them.
    tol : float, default=1e-8
        An alpha has converged when its duality gap is at most `tol` times half the mean
        deviance of the model without features, in the path on all rows and in that of
        every fold. Held-out errors are then right to about the root of `tol`.

    Attributes
    ----------
    fold_errors_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratios, n_alphas, \
            n_folds)
        Mean deviance on the held-out rows of each fold, or minus the score with
        `scoring`; only with ``criterion="cv"``.

    See Also
    --------
    GeneralizedLinearRegressor : For one alpha and l1_ratio.
    glm_path : The whole path of solutions, without folds.

    Examples
    --------
    >>> import numpy as np
    >>> from regkit import GeneralizedLinearRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 10))
    >>> y = rng.poisson(np.exp(0.5 * X[:, 0] - 0.3 * X[:, 1]))
    >>> model = GeneralizedLinearRegressorCV(rule="1se").fit(X, y)
    >>> np.flatnonzero(model.coef_)
    array([0, 1])
    """

    _single_class = GeneralizedLinearRegressor
    _error_name = "mean deviance"
    _error_scale = 2.0  # a deviance is twice a log-likelihood ratio

    def _has_likelihood(self) -> bool:
        return bool(self.family == "poisson")
