"""Elastic net with its alpha and l1_ratio chosen from the data."""

from typing import Any

from regkit._describe import takes_parameters
from regkit.linear_model._choice_parameters import L1Shares
from regkit.linear_model._least_squares_cv import LeastSquaresCV
from regkit.linear_model.elastic_net import ElasticNetRegressor


@takes_parameters
class ElasticNetRegressorCV(LeastSquaresCV, L1Shares):
    r"""Elastic net with alpha and l1_ratio chosen by cross-validation.

    Or by an information criterion. All folds and the fit on all rows share one read of
    the data, and each of their paths is solved to a certified optimum. The objective
    [4]_, for each alpha, is that of `ElasticNetRegressor`:

    .. math::

        \frac{1}{2n} \sum_i w_i (y_i - x_i^\top \beta - b)^2
        + \alpha \sum_j f_j \left( \rho |\beta_j|
        + \frac{1 - \rho}{2} \beta_j^2 \right)
        \quad \text{subject to} \quad l_j \le \beta_j \le u_j.

    Parameters
    ----------
    l1_ratio : float or array-like of shape (n_l1_ratios,), default=0.5
        Share :math:`\rho` of the L1 penalty, from 0 to 1, or several to choose from:
        the one with the least mean error counts, the first of equals. 0 needs `alphas`.

    See Also
    --------
    ElasticNetRegressor : The elastic net for one alpha and l1_ratio.
    LassoRegressorCV : With the L1 penalty alone.
    enet_path : The whole path of solutions, without folds.

    References
    ----------
    .. [4] H. Zou and T. Hastie, "Regularization and variable selection via the
       elastic net", Journal of the Royal Statistical Society B 67, 2005.

    Examples
    --------
    >>> from regkit import ElasticNetRegressorCV, make_correlated_regression
    >>> X, y = make_correlated_regression(100, 20, random_state=0)
    >>> model = ElasticNetRegressorCV(l1_ratio=[0.5, 0.9, 1.0], cv=10).fit(X, y)
    >>> model.l1_ratio_
    1.0
    >>> model.mse_path_.shape
    (3, 100, 10)
    """

    l1_ratio: Any = 0.5

    _single_class = ElasticNetRegressor
