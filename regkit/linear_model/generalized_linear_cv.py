"""Poisson, Gamma or Tweedie regression with its alpha chosen from the data."""

from __future__ import annotations

from typing import Any, ClassVar

from regkit.linear_model._loss_cv import LossCV
from regkit.linear_model._loss_parameters import FAMILY, LOSS_CV
from regkit.linear_model._parameters import L1_RATIO
from regkit.linear_model.generalized_linear import (
    GeneralizedLinearBase,
    GeneralizedLinearRegressor,
)


class GeneralizedLinearRegressorCV(GeneralizedLinearBase, LossCV):
    r"""Poisson, Gamma or Tweedie regression with alpha chosen by cross-validation.

    By the held-out deviance. Each path is solved to a certified optimum. The objective,
    for each alpha, is that of `GeneralizedLinearRegressor`.

    Parameters
    ----------
    l1_ratio : float or array-like of shape (n_l1_ratios,), default=1.0
        Share of the L1 penalty, from 0 to 1, or several to choose from: the one with
        the least mean error counts, the first of equals. 0 needs `alphas`.
    family : {"poisson", "gamma", "tweedie"}, default="poisson"
        Distribution of y: counts (y >= 0), positive amounts (y > 0) whose standard
        deviation is proportional to the mean, or amounts that can be 0.
    power : float, default=1.5
        Variance as a power of the mean, from 1 (Poisson) to 2 (Gamma); only for
        ``family="tweedie"``.
    alphas : int or array-like of shape (n_alphas,), default=100
        The grid: how many alphas, evenly spaced in the logarithm from the smallest one
        that makes all penalized coefficients zero on the whole data, or the alphas
        themselves, non-negative, in any order. All folds use the same.
    eps : float, default=1e-3
        Last alpha of the automatic grid relative to its first.
    cv : int, splitter or iterable of (train, test), default=None
        The folds; None means 5. Folds may overlap or leave rows out. Each is solved on
        its own training rows alone, centering, `standardize` and intercept included.
    rule : {"min", "1se"} or callable, default="min"
        Which alpha to take: "min" has the least mean held-out error, "1se" is the
        largest alpha whose error is within one standard error of that [1]_. A callable
        gets an object with the arrays `alphas`, `mean`, `se` and `fold_errors` and
        returns an index into `alphas`. Of equal errors, the larger alpha counts.
    criterion : {"cv", "aic", "bic", "ebic"}, default="cv"
        How to compare alphas: by held-out errors, or by an information criterion of the
        path on all rows, which needs no folds; only for ``family="poisson"``.
    scoring : str or callable, default=None
        A scorer as scikit-learn's `cross_val_score` takes it, in place of the mean
        deviance. Sample weights are passed on to it where its metric takes them.
    refit : bool, default=True
        Whether to fit all rows. False makes the choice alone: no `coef_` and no
        `predict`.
    store_fold_coefs : bool, default=False
        Whether to keep `fold_coef_path_`.
    n_jobs : int, default=None
        Threads that solve folds side by side; None and -1 mean one for each core that
        BLAS would use. The answer is the same.
    verbose : bool or int, default=0
        Whether to print what is evaluated, a line for each l1_ratio, and at the end
        what was chosen and the seconds that it took.
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
    tol : float, default=1e-8
        An alpha has converged when its duality gap is at most `tol` times half the mean
        deviance of the model without features, in the path on all rows and in that of
        every fold. Held-out errors are then right to about the root of `tol`.
    max_iter : int, default=1000
        Newton steps allowed at each alpha.

    Attributes
    ----------
    alpha_ : float
        The alpha chosen.
    l1_ratio_ : float
        The l1_ratio chosen.
    alpha_min_ : float
        The alpha of the least mean error (or criterion).
    alpha_1se_ : float
        The largest alpha whose mean error is within one standard error of the least;
        only with held-out errors of at least two folds.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        The grid, decreasing.
    fold_errors_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratios, n_alphas, \
            n_folds)
        Mean deviance on the held-out rows of each fold, or minus the score with
        `scoring`; only with ``criterion="cv"``, as are the next two.
    cv_error_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        Mean over the folds of `fold_errors_`; a fold counts by the weight of its
        held-out rows.
    cv_error_se_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        Standard error of `cv_error_`, as in glmnet.
    criterion_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        The information criterion; only where one was asked for.
    at_grid_edge_ : bool
        Whether the least error is at an end of the grid beyond which a better alpha may
        lie.
    coef_ : ndarray of shape (n_features,)
        Coefficients at `alpha_`, in float64.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        `coef_` as a CSR matrix.
    intercept_ : float
        Intercept; 0 with ``fit_intercept=False``.
    path_ : RegularizationPath
        The path on all rows at `l1_ratio_`.
    coef_path_ : ndarray of shape (n_features, n_alphas)
        Its coefficients.
    fold_coef_path_ : ndarray of shape (n_folds, ...)
        The coefficients of each fold's path at `l1_ratio_`; only with
        ``store_fold_coefs=True``.
    n_iter_ : int
        Newton steps at `alpha_`.
    dual_gap_ : float
        Duality gap at `alpha_`, in the units of the objective.
    solver_ : str
        What ran.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`; only when X has string column names.

    See Also
    --------
    GeneralizedLinearRegressor : For one alpha and l1_ratio.
    glm_path : The whole path of solutions, without folds.

    References
    ----------
    .. [1] J. Friedman, T. Hastie and R. Tibshirani, "Regularization paths for
       generalized linear models via coordinate descent", Journal of Statistical
       Software 33, 2010.

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
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "l1_ratio": [*L1_RATIO, "array-like"],
        **FAMILY,
        **LOSS_CV,
    }
    _error_name = "mean deviance"
    _error_scale = 2.0  # a deviance is twice a log-likelihood ratio

    def __init__(
        self,
        *,
        l1_ratio: Any = 1.0,
        family: str = "poisson",
        power: float = 1.5,
        alphas: Any = 100,
        eps: float = 1e-3,
        cv: Any = None,
        rule: Any = "min",
        criterion: str = "cv",
        scoring: Any = None,
        refit: bool = True,
        store_fold_coefs: bool = False,
        n_jobs: int | None = None,
        verbose: int = 0,
        fit_intercept: bool = True,
        standardize: bool = False,
        positive: bool = False,
        bounds: Any = None,
        penalty_factor: Any = None,
        tol: float = 1e-8,
        max_iter: int = 1000,
    ) -> None:
        self.l1_ratio = l1_ratio
        self.family = family
        self.power = power
        self.alphas = alphas
        self.eps = eps
        self.cv = cv
        self.rule = rule
        self.criterion = criterion
        self.scoring = scoring
        self.refit = refit
        self.store_fold_coefs = store_fold_coefs
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.positive = positive
        self.bounds = bounds
        self.penalty_factor = penalty_factor
        self.tol = tol
        self.max_iter = max_iter

    def _has_likelihood(self) -> bool:
        return bool(self.family == "poisson")
