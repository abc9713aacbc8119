"""Elastic net: least squares with a mix of L1 and L2 penalties."""

from dataclasses import field
from typing import Any

from regkit._describe import takes_parameters
from regkit.linear_model._fit_parameters import L1Share
from regkit.linear_model._single_alpha import LeastSquaresModel


@takes_parameters
class ElasticNetRegressor(LeastSquaresModel, L1Share):
    r"""Linear regression with L1 and L2 penalties, solved to a certified optimum.

    Minimizes over the coefficients :math:`\beta` and the intercept :math:`b`

    .. math::

        \frac{1}{2n} \sum_i w_i (y_i - x_i^\top \beta - b)^2
        + \alpha \sum_j f_j \left( \rho |\beta_j|
        + \frac{1 - \rho}{2} \beta_j^2 \right)
        \quad \text{subject to} \quad l_j \le \beta_j \le u_j,

    where :math:`w` are the `sample_weight` rescaled to sum to :math:`n`, :math:`f`
    the `penalty_factor`, :math:`l, u` the `bounds` and :math:`\rho` the `l1_ratio`.
    Many coefficients are exactly zero at the optimum; correlated columns share theirs.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, non-negative, on the scale of scikit-learn's
        `ElasticNet`. 0 gives ordinary least squares.
    l1_ratio : float, default=0.5
        Share of the L1 penalty, from 0 to 1: 1 is the Lasso, 0 a ridge penalty.

    See Also
    --------
    enet_path : The whole path of solutions along alpha.
    LassoRegressor : With the L1 penalty alone.
    RidgeRegressor : With the L2 penalty alone, on another scale of alpha.

    Notes
    -----
    R's glmnet rescales y to unit standard deviation :math:`\sigma_y` (with 1/n)
    before it applies the L2 part. Its ``lambda`` and ``alpha``, :math:`\lambda` and
    :math:`\rho'`, correspond to :math:`\alpha = \lambda (\rho' + (1 - \rho') /
    \sigma_y)` and :math:`\rho = \lambda \rho' / \alpha` here. It standardizes by
    default.

    References
    ----------
    .. [1] H. Zou and T. Hastie, "Regularization and variable selection via the
       elastic net", Journal of the Royal Statistical Society B 67, 2005.
    .. [2] J. Friedman, T. Hastie and R. Tibshirani, "Regularization paths for
       generalized linear models via coordinate descent", Journal of Statistical
       Software 33, 2010.

    Examples
    --------
    >>> from regkit.linear_model import ElasticNetRegressor
    >>> X = [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]
    >>> model = ElasticNetRegressor(alpha=0.1).fit(X, [0.0, 2.0, 4.0, 5.0])
    >>> model.coef_.round(4)  # columns that are alike share their effect
    array([0.8137, 0.8137])
    """

    alpha: float = field(default=1.0, kw_only=False)
    l1_ratio: float = 0.5

    def _l1_ratio(self) -> float:
        return float(self.l1_ratio)

    def _counterpart(self, alpha: Any, l1_ratio: float) -> Any:
        # Nothing else needs scikit-learn's linear models.
        from sklearn.linear_model import ElasticNet

        return ElasticNet(
            alpha,
            l1_ratio=l1_ratio,
            positive=self.positive,
            fit_intercept=self.fit_intercept,
        )
