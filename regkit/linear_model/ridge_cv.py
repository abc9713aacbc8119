"""Ridge with its alpha chosen from the data."""

from typing import Any, ClassVar

from regkit._describe import Constraints, takes_parameters
from regkit._sklearn import RealInterval, StrOptions
from regkit.linear_model._ridge_cv import RidgeCV
from regkit.linear_model.ridge import RIDGE_SOLVERS, RidgeRegressor


@takes_parameters
class RidgeRegressorCV(RidgeCV):
    r"""Ridge with alpha chosen by cross-validation.

    By default each row in turn is left out: exactly, for all alphas from one
    decomposition of X, without refitting. With folds, the decomposition of each fold
    follows from sums over its rows. The model at the chosen alpha is that of
    `RidgeRegressor`.

    Parameters
    ----------
    alphas : int or array-like of shape (n_alphas,), default=100
        The grid: how many alphas, or the alphas themselves, non-negative, in any order,
        on the scale of `RidgeRegressor`. A number gives a decreasing grid, evenly
        spaced in the logarithm, by the spectrum of X: from 100 times the largest
        eigenvalue of the centered and weighted :math:`X^\top X`, where even the best
        supported coefficients are shrunk to 1% of least squares, to a hundredth of the
        smallest eigenvalue (of those above 1e-10 of the largest), where even the
        others keep 99% of it.
    eps : float, default=None
        Last alpha of the automatic grid relative to its first; None lets the smallest
        eigenvalue determine it.
    cv : None, "gcv", int, splitter or iterable, default=None
        None leaves out one row at a time. "gcv" is generalized cross-validation, which
        gives all rows the same leverage. An int is the number of folds of
        `sklearn.model_selection.KFold`; splitters and iterables of (train, test) are
        taken as in scikit-learn.
    rule : {"min", "1se"} or callable, default="min"
        The alpha of least mean error; or the largest within one standard error of it;
        or a function of an object with the arrays `alphas`, `mean`, `se` and
        `fold_errors` that returns an index into them. Of equal errors the larger alpha
        counts as the least.
    scoring : str or callable, default=None
        A scorer of scikit-learn in place of the mean squared error. It sees predictions
        alone. Without folds it sees those of all rows at once, so that there is no
        standard error. "gcv" takes none. Rows in chunks take
        "neg_mean_squared_error", "neg_root_mean_squared_error" or "r2", which need no
        predictions.
    alpha_per_target : bool, default=False
        Whether each column of a two-dimensional y gets an alpha of its own; otherwise
        one alpha is chosen by their average error.
    store_cv_results : bool, default=False
        Whether to keep `cv_results_`; only with ``cv=None``.
    n_jobs : int, default=None
        Threads that work side by side on folds or, without folds, on blocks of rows;
        None and -1 mean one for each core that BLAS would use. The answer is the same.
    standardize : bool, default=False
        Whether the penalty acts on the coefficients of the columns scaled to unit
        weighted standard deviation. Each fold scales by its training rows; without
        folds, the scales of all rows are used for each row left out.
    positive : bool, default=False
        Whether coefficients must be non-negative; only with folds.
    bounds : tuple of (lower, upper) or dict, default=None
        Limits of the coefficients as for `RidgeRegressor`; only with folds.
    solver : {"auto", "cholesky", "svd", "conjugate_gradient", "active_set", \
            "coordinate_descent"}, default="auto"
        How to fit the folds and the final model, as for `RidgeRegressor`.
    tol : float, default=1e-8
        Tolerance of iterative solvers, as for `RidgeRegressor`.
    max_iter : int, default=1000
        Iterations allowed to iterative solvers.

    Attributes
    ----------
    alpha_ : float or ndarray of shape (n_targets,)
        The chosen alpha; an array with ``alpha_per_target=True`` and a two-dimensional
        y. So are the next two, `best_score_` and `at_grid_edge_`.
    alpha_min_ : float or ndarray of shape (n_targets,)
        The alpha of least mean error.
    alpha_1se_ : float or ndarray of shape (n_targets,)
        The largest alpha whose mean error is within one standard error of the least.
        Only where there are standard errors: not with ``cv="gcv"``, nor with `scoring`
        and ``cv=None``.
    alphas_ : ndarray of shape (n_alphas,)
        The alphas tried: those given, in the order given, or the decreasing automatic
        grid. All arrays with one entry per alpha have the same order.
    cv_error_ : ndarray of shape (n_alphas,) or (n_alphas, n_targets)
        Mean held-out error of each alpha: squared, or minus the score with `scoring`;
        one column per target with ``alpha_per_target=True``. NaN where it could not be
        computed.
    cv_error_se_ : ndarray of the same shape
        Standard errors of `cv_error_`, where there are.
    mse_path_ : ndarray of shape (n_alphas, n_folds) or (n_alphas, n_folds, n_targets)
        Mean squared error on each fold's held-out rows; only with folds.
    best_score_ : float or ndarray of shape (n_targets,)
        Score at `alpha_`: minus `cv_error_` there.
    at_grid_edge_ : bool or ndarray of shape (n_targets,)
        Whether the choice is at an end of the grid, so that alphas beyond it may be
        better. The automatic grid has nothing of interest beyond its largest alpha.
    cv_results_ : ndarray of shape (n_samples, n_alphas) or \
            (n_samples, n_targets, n_alphas)
        Squared errors of the rows when left out, times their weights, or with `scoring`
        the predictions for them; only with ``store_cv_results=True``.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients at `alpha_`, fitted to all rows.
    n_iter_ : int or ndarray of shape (n_targets,)
        Iterations of the final fit; 1 for direct solvers.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap of the final fit, as for `RidgeRegressor`.
    solver_ : str
        What ran in the final fit.

    See Also
    --------
    RidgeRegressor : Ridge for one alpha.
    ElasticNetRegressorCV : With an L1 penalty as well.

    Notes
    -----
    Left out, row i is missed by :math:`(y_i - \hat y_i) / (1 - h_i)`, with its residual
    and leverage in the fit with all rows [1]_. Its whole weight leaves with it. Mean
    and standard error weigh rows by `sample_weight`. Where rounding errors would show,
    singular values of X take the place of eigenvalues of its Gram matrix, and rows that
    alone decide about a coefficient are refitted without.

    GCV is :math:`\frac1n \sum_i w_i (y_i - \hat y_i)^2 / (1 - \operatorname{tr} H /
    n)^2`, with weights rescaled to sum to n, the number of rows with a positive weight,
    and H the matrix that turns y into :math:`\hat y`, intercept included [2]_.

    With folds, mean and standard error of their errors are glmnet's:
    :math:`\bar e = \sum_k v_k e_k / \sum_k v_k` and
    :math:`\sqrt{\sum_k v_k (e_k - \bar e)^2 / \sum_k v_k / (K - 1)}` for fold weights
    :math:`v_k`, the sum of the held-out rows' weights.

    References
    ----------
    .. [1] D. M. Allen, "The relationship between variable selection and data
       augmentation and a method for prediction", Technometrics 16, 1974.
    .. [2] G. H. Golub, M. Heath and G. Wahba, "Generalized cross-validation as a method
       for choosing a good ridge parameter", Technometrics 21, 1979.

    Examples
    --------
    >>> from regkit import RidgeRegressorCV, make_correlated_regression
    >>> X, y = make_correlated_regression(100, 20, random_state=0)
    >>> model = RidgeRegressorCV().fit(X, y)
    >>> bool(model.alpha_ == model.alpha_min_ < model.alpha_1se_)
    True
    >>> RidgeRegressorCV(alphas=[0.1, 1.0, 10.0], cv=5).fit(X, y).mse_path_.shape
    (3, 5)
    """

    eps: Any = None
    alpha_per_target: bool = False
    store_cv_results: bool = False

    _single_class = RidgeRegressor
    _l1_ratios = (0.0,)
    _parameter_constraints: ClassVar[Constraints] = {
        "eps": [None, RealInterval(0, 1, closed="right")],
        "cv": [StrOptions({"gcv"}), "cv_object"],
        "alpha_per_target": ["boolean"],
        "store_cv_results": ["boolean"],
        "solver": [StrOptions(set(RIDGE_SOLVERS))],
    }
