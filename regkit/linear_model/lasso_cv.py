"""Lasso with its alpha chosen from the data."""

from typing import Any, ClassVar

from regkit.linear_model._least_squares_cv import LeastSquaresCV
from regkit.linear_model._parameters import CROSS_VALIDATION
from regkit.linear_model.lasso import LassoRegressor


class LassoRegressorCV(LeastSquaresCV):
    r"""Lasso with alpha chosen by cross-validation or by an information criterion.

    All folds and the fit on all rows share one read of the data, and each of their
    paths is solved to a certified optimum. The objective [1]_, for each alpha, is that
    of `LassoRegressor`:

    .. math::

        \frac{1}{2n} \sum_i w_i (y_i - x_i^\top \beta - b)^2
        + \alpha \sum_j f_j |\beta_j|
        \quad \text{subject to} \quad l_j \le \beta_j \le u_j.

    Parameters
    ----------
    alphas : int or array-like of shape (n_alphas,), default=100
        The grid: how many alphas, evenly spaced in the logarithm from the smallest one
        that makes all penalized coefficients zero on the whole data, or the alphas
        themselves, non-negative, in any order. All folds use the same.
    eps : float, default=1e-3
        Last alpha of the automatic grid relative to its first.
    cv : int, splitter or iterable of (train, test), default=None
        The folds; None means 5. Folds may overlap or leave rows out. Each is solved
        on its own training rows alone, centering and `standardize` included.
    rule : {"min", "1se"} or callable, default="min"
        Which alpha to take: "min" has the least mean held-out error, "1se" is the
        largest alpha whose error is within one standard error of that [2]_. A callable
        gets an object with the arrays `alphas`, `mean`, `se` and `fold_errors` and
        returns an index into `alphas`. Of equal errors, the larger alpha counts.
    criterion : {"cv", "aic", "bic", "ebic"}, default="cv"
        How to compare alphas: by held-out errors, or by an information criterion of the
        path on all rows, which needs no folds (see Notes): `cv`, `groups`, `scoring`
        and `store_fold_coefs` are not used.
    scoring : str or callable, default=None
        A scorer as scikit-learn's `cross_val_score` takes it, in place of the mean
        squared error. Sample weights are passed on to it where its metric takes them.
    refit : bool, default=True
        Whether to fit all rows. False makes the choice alone: no `coef_` and no
        `predict`.
    relaxed : float between 0 and 1, default=None
        Mix the chosen coefficients with the least-squares fit on the columns they use
        [3]_: ``relaxed * penalized + (1 - relaxed) * unpenalized``, intercepts alike,
        bounds kept. It is glmnet's `gamma`: 0 removes the shrinkage, 1, as None, leaves
        it. Alpha is chosen before, without regard to it.
    store_fold_coefs : bool, default=False
        Whether to keep `fold_coef_path_`.
    n_jobs : int, default=None
        Threads that solve folds side by side; None and -1 mean one for each core that
        BLAS would use. The answer is the same.
    verbose : bool or int, default=0
        Whether to print what is evaluated, and at the end which alpha was chosen and
        the seconds that it took.
    fit_intercept : bool, default=True
        Whether to fit an intercept, which is never penalized.
    standardize : bool, default=False
        Whether the penalty acts on the coefficients of the columns scaled to unit
        weighted standard deviation, in each fold that of its training rows.
        Coefficients and bounds stay in X's own units.
    positive : bool, default=False
        Whether coefficients must be non-negative.
    bounds : tuple of (lower, upper) or dict, default=None
        Limits of the coefficients: each side a number or an array of shape
        (n_features,), infinite where there is none, with lower <= 0 <= upper. A dict
        names columns of a data frame, as ``{"age": (0, None)}``; None is no limit.
    penalty_factor : array-like of shape (n_features,) or dict, default=None
        Multiplies the penalty of each coefficient; None means 1 for all. 0 leaves a
        coefficient unpenalized, inf excludes its column. Never rescaled. A dict names
        columns of a data frame, as ``{"age": 0}``; the others have 1.
    solver : {"auto", "active_set", "coordinate_descent"}, default="auto"
        How to solve; "auto" picks by the shape of the problem. The answer is the same.
    tol : float, default=1e-8
        An alpha has converged when its duality gap is at most `tol` times the
        objective of the model without features,
        :math:`\frac{1}{2n} \sum_i w_i (y_i - \bar y)^2`: in the path on all rows and in
        that of every fold.
    max_iter : int, default=1000
        Iterations allowed at each alpha.

    Attributes
    ----------
    alpha_ : float
        The alpha chosen.
    alpha_min_ : float
        The alpha of the least mean error (or criterion).
    alpha_1se_ : float
        The largest alpha whose mean error is within one standard error of the least;
        only with held-out errors of at least two folds.
    alphas_ : ndarray of shape (n_alphas,)
        The grid, decreasing.
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Weighted mean squared error on the held-out rows of each fold; only with
        ``criterion="cv"``, as are the next two.
    cv_error_ : ndarray of shape (n_alphas,)
        Mean over the folds of `mse_path_`, or of minus the score with `scoring`; a fold
        counts by the weight of its held-out rows.
    cv_error_se_ : ndarray of shape (n_alphas,)
        Standard error of `cv_error_` (see Notes).
    criterion_ : ndarray of shape (n_alphas,)
        The information criterion; only where one was asked for.
    at_grid_edge_ : bool
        Whether the least error is at an end of the grid beyond which a better alpha
        may lie.
    coef_ : ndarray of shape (n_features,)
        Coefficients at `alpha_`, in float64.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        `coef_` as a CSR matrix.
    intercept_ : float
        Intercept; 0 with ``fit_intercept=False``.
    path_ : RegularizationPath
        The path on all rows.
    coef_path_ : ndarray of shape (n_features, n_alphas)
        Its coefficients.
    fold_coef_path_ : ndarray of shape (n_folds, n_features, n_alphas)
        The coefficients of each fold's path; only with
        ``store_fold_coefs=True``.
    n_iter_ : int
        Iterations run at `alpha_`.
    dual_gap_ : float
        Duality gap at `alpha_`, before any relaxation, in the units of the objective.
    solver_ : str
        What ran: "active_set", "coordinate_descent" or "qr", or "least_squares" and
        other names where an alpha is 0; several are joined by "+".
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`; only when X has string column names.

    See Also
    --------
    LassoRegressor : The Lasso for one alpha.
    ElasticNetRegressorCV : With an L2 penalty as well.
    lasso_path : The whole path of solutions, without folds.

    Notes
    -----
    With :math:`v_k` the weight of the held-out rows of fold k (their number, without
    `sample_weight`) and :math:`e_k` its error, the mean error is
    :math:`\bar e = \sum_k v_k e_k / \sum_k v_k`, and its standard error
    :math:`\sqrt{\sum_k v_k (e_k - \bar e)^2 / \sum_k v_k / (K - 1)}` for K folds, as in
    glmnet.

    With n the sum of the weights, RSS the weighted residual sum of squares, k the
    degrees of freedom and d of p penalized columns in the model, the criteria are
    :math:`n \log(RSS / n)` plus :math:`2 k` (AIC), :math:`k \log n` (BIC) or
    :math:`k \log n + 2 \log \binom{p}{d}` (EBIC [4]_ with its gamma = 1). k counts the
    coefficients that are neither zero nor at a bound. Models
    with k >= n - 1 are left out. With more columns than rows, only EBIC is safe against
    choosing far too many.

    References
    ----------
    .. [1] R. Tibshirani, "Regression shrinkage and selection via the lasso", Journal
       of the Royal Statistical Society B 58, 1996.
    .. [2] J. Friedman, T. Hastie and R. Tibshirani, "Regularization paths for
       generalized linear models via coordinate descent", Journal of Statistical
       Software 33, 2010.
    .. [3] N. Meinshausen, "Relaxed Lasso", Computational Statistics & Data Analysis 52,
       2007.
    .. [4] J. Chen and Z. Chen, "Extended Bayesian information criteria for model
       selection with large model spaces", Biometrika 95, 2008.

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
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CROSS_VALIDATION

    def __init__(
        self,
        *,
        alphas: Any = 100,
        eps: float = 1e-3,
        cv: Any = None,
        rule: Any = "min",
        criterion: str = "cv",
        scoring: Any = None,
        refit: bool = True,
        relaxed: float | None = None,
        store_fold_coefs: bool = False,
        n_jobs: int | None = None,
        verbose: int = 0,
        fit_intercept: bool = True,
        standardize: bool = False,
        positive: bool = False,
        bounds: Any = None,
        penalty_factor: Any = None,
        solver: str = "auto",
        tol: float = 1e-8,
        max_iter: int = 1000,
    ) -> None:
        self.alphas = alphas
        self.eps = eps
        self.cv = cv
        self.rule = rule
        self.criterion = criterion
        self.scoring = scoring
        self.refit = refit
        self.relaxed = relaxed
        self.store_fold_coefs = store_fold_coefs
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.positive = positive
        self.bounds = bounds
        self.penalty_factor = penalty_factor
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter

    def _l1_ratios(self) -> list[float]:
        return [1.0]
