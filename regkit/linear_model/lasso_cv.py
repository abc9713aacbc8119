"""Lasso with its alpha chosen from the data."""

from regkit._describe import takes_parameters
from regkit.linear_model._least_squares_cv import LeastSquaresCV
from regkit.linear_model.lasso import LassoRegressor


@takes_parameters
class LassoRegressorCV(LeastSquaresCV):
    r"""Lasso with alpha chosen by cross-validation or by an information criterion.

    All folds and the fit on all rows share one read of the data, and each of their
    paths is solved to a certified optimum. The objective [4]_, for each alpha, is that
    of `LassoRegressor`:

    .. math::

        \frac{1}{2n} \sum_i w_i (y_i - x_i^\top \beta - b)^2
        + \alpha \sum_j f_j |\beta_j|
        \quad \text{subject to} \quad l_j \le \beta_j \le u_j.

    Attributes
    ----------
    alphas_ : ndarray of shape (n_alphas,)
        The grid, decreasing.
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Weighted mean squared error on the held-out rows of each fold; only with
        ``criterion="cv"``.
    cv_error_ : ndarray of shape (n_alphas,)
        Mean over the folds of `mse_path_`, or of minus the score with `scoring`; a fold
        counts by the weight of its held-out rows.
    cv_error_se_ : ndarray of shape (n_alphas,)
        Standard error of `cv_error_` (see Notes).
    criterion_ : ndarray of shape (n_alphas,)
        The information criterion; only where one was asked for.
    path_ : RegularizationPath
        The path on all rows.

    See Also
    --------
    LassoRegressor : The Lasso for one alpha.
    ElasticNetRegressorCV : With an L2 penalty as well.
    lasso_path : The whole path of solutions, without folds.

    References
    ----------
    .. [4] R. Tibshirani, "Regression shrinkage and selection via the lasso", Journal
       of the Royal Statistical Society B 58, 1996.

    Examples
    --------
    >>> from regkit import LassoRegressorCV, make_correlated_regression
    >>> X, y = make_correlated_regression(100, 20, random_state=0)
    >>> model = LassoRegressorCV(rule="1se").fit(X, y)
    >>> bool(model.alpha_ == model.alpha_1se_ > model.alpha_min_)
    True
    >>> model.mse_path_.shape
    (100, 5)
    """

    _single_class = LassoRegressor
    _l1_ratios = (1.0,)
