"""Lasso: least squares with an L1 penalty."""

from dataclasses import field
from typing import Any

from regkit._describe import takes_parameters
from regkit.linear_model._single_alpha import LeastSquaresModel


@takes_parameters
class LassoRegressor(LeastSquaresModel):
    r"""Linear regression with an L1 penalty, solved to a certified optimum.

    Minimizes over the coefficients :math:`\beta` and the intercept :math:`b`

    .. math::

        \frac{1}{2n} \sum_i w_i (y_i - x_i^\top \beta - b)^2
        + \alpha \sum_j f_j |\beta_j|
        \quad \text{subject to} \quad l_j \le \beta_j \le u_j,

    where :math:`w` are the `sample_weight` rescaled to sum to :math:`n`, :math:`f`
    the `penalty_factor` and :math:`l, u` the `bounds`. Many coefficients are exactly
    zero at the optimum.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, non-negative, on the scale of scikit-learn's `Lasso`.
        0 gives ordinary least squares.

    See Also
    --------
    lasso_path : The whole path of solutions along alpha.
    ElasticNetRegressor : With an L2 penalty as well.

    Notes
    -----
    For a Gaussian response, the ``lambda`` of R's glmnet is the `alpha` here, with
    ``standardize=True`` as its default.

    References
    ----------
    .. [1] R. Tibshirani, "Regression shrinkage and selection via the lasso", Journal
       of the Royal Statistical Society B 58, 1996.
    .. [2] M. R. Osborne, B. Presnell and B. A. Turlach, "A new approach to variable
       selection in least squares problems", IMA Journal of Numerical Analysis 20,
       2000.
    .. [3] J. Friedman, T. Hastie and R. Tibshirani, "Regularization paths for
       generalized linear models via coordinate descent", Journal of Statistical
       Software 33, 2010.

    Examples
    --------
    >>> from regkit.linear_model import LassoRegressor
    >>> X = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [3.0, 1.0]]
    >>> y = [0.0, 2.0, 4.0, 5.0]
    >>> model = LassoRegressor(alpha=0.1).fit(X, y)
    >>> model.coef_.round(4)
    array([1.62, 0.  ])
    >>> print(model.intercept_.round(4))
    0.32
    """

    alpha: float = field(default=1.0, kw_only=False)

    def _counterpart(self, alpha: Any, l1_ratio: float) -> Any:
        # Nothing else needs scikit-learn's linear models.
        from sklearn.linear_model import Lasso

        options = {"positive": self.positive, "fit_intercept": self.fit_intercept}
        return Lasso(alpha, **options)

    def _l1_ratio(self) -> float:
        return 1.0
