"""Linear support vector machine with its alpha chosen from the data."""

from __future__ import annotations

from typing import Any, ClassVar

from regkit.linear_model._loss_cv import LossCV
from regkit.linear_model._loss_parameters import CLASS_WEIGHT, HINGE_LOSS, LOSS_CV
from regkit.linear_model._parameters import L1_RATIO
from regkit.linear_model.linear_svm import LinearSVMBase, LinearSVMClassifier


class LinearSVMClassifierCV(LinearSVMBase, LossCV):
    r"""Linear support vector machine with alpha chosen by cross-validation.

    Each path is solved to a certified optimum. The objective, for each alpha, is that
    of `LinearSVMClassifier`.

    Parameters
    ----------
    loss : {"squared_hinge", "hinge"}, default="squared_hinge"
        As for `LinearSVMClassifier`.
    l1_ratio : float or array-like of shape (n_l1_ratios,), default=1.0
        Share of the L1 penalty, from 0 to 1, or several to choose from: the one with
        the least mean error counts, the first of equals. 0 needs `alphas`.
    alphas : int or array-like of shape (n_alphas,), default=100
        The grid: how many alphas, evenly spaced in the logarithm from the smallest one
        that makes all penalized coefficients zero on the whole data, or the alphas
        themselves, non-negative, in any order. All folds use the same.
    eps : float, default=1e-3
        Last alpha of the automatic grid relative to its first.
    cv : int, splitter or iterable of (train, test), default=None
        The folds; None means 5, stratified by class; the
        only row of a class is never held out then. Folds may overlap or leave rows
        out. Each is solved on its own training rows alone, centering, `standardize` and
        balanced class weights included.
    rule : {"min", "1se"} or callable, default="min"
        Which alpha to take: "min" has the least mean held-out error, "1se" is the
        largest alpha whose error is within one standard error of that [1]_. A callable
        gets an object with the arrays `alphas`, `mean`, `se` and `fold_errors` and
        returns an index into `alphas`. Of equal errors, the larger alpha counts.
    criterion : {"cv", "aic", "bic", "ebic"}, default="cv"
        How to compare alphas: by held-out errors, or by an information criterion of the
        path on all rows; here only the first, since there is no likelihood.
    scoring : str or callable, default=None
        A scorer as scikit-learn's `cross_val_score` takes it, in place of the mean
        loss. Sample weights are passed on to it where its metric takes
        them.
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
    class_weight : dict or "balanced", default=None
        Weights of the classes, by label; a row's `sample_weight` is multiplied by that
        of its class. "balanced" gives every class the same total weight, in each fold
        among its training rows. Held-out errors count rows by `sample_weight` alone.
    tol : float, default=1e-8
        An alpha has converged when its duality gap is at most `tol` times the mean loss
        of the model without features, in the path on all rows and in that of every
        fold. Held-out errors are then right to about the root of `tol`.
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
        Mean loss on the held-out rows of each fold, or minus the score
        with `scoring`; only with ``criterion="cv"``, as are the next two.
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
    classes_ : ndarray of shape (n_classes,)
        The labels seen in `fit`, sorted.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients at `alpha_`, in float64.
    sparse_coef_ : sparse matrix of the same shape
        `coef_` as a CSR matrix.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts; 0 with ``fit_intercept=False``.
    path_ : RegularizationPath
        The path on all rows at `l1_ratio_`.
    coef_path_ : ndarray of shape (n_features, n_alphas) or (n_classes, \
            n_features, n_alphas)
        Its coefficients.
    fold_coef_path_ : ndarray of shape (n_folds, ...)
        The coefficients of each fold's path at `l1_ratio_`; only with
        ``store_fold_coefs=True``.
    n_iter_ : int or ndarray of shape (n_classes,)
        Newton steps at `alpha_`.
    dual_gap_ : float or ndarray of shape (n_classes,)
        Duality gap at `alpha_`, in the units of the objective.
    solver_ : str
        What ran.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`; only when X has string column names.

    See Also
    --------
    LinearSVMClassifier : For one alpha and l1_ratio.
    LogisticClassifierCV : With probabilities.

    References
    ----------
    .. [1] J. Friedman, T. Hastie and R. Tibshirani, "Regularization paths for
       generalized linear models via coordinate descent", Journal of Statistical
       Software 33, 2010.

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
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "loss": HINGE_LOSS,
        "l1_ratio": [*L1_RATIO, "array-like"],
        **LOSS_CV,
        "class_weight": CLASS_WEIGHT,
    }

    @property
    def _error_name(self) -> str:
        return f"mean {self.loss.replace('_', ' ')} loss"

    def __init__(
        self,
        *,
        loss: str = "squared_hinge",
        l1_ratio: Any = 1.0,
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
        class_weight: Any = None,
        tol: float = 1e-8,
        max_iter: int = 1000,
    ) -> None:
        self.loss = loss
        self.l1_ratio = l1_ratio
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
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
