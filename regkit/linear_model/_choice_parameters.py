"""Parameters of choosing alpha that several estimators share, with descriptions."""

from numbers import Integral
from typing import Any, ClassVar

from sklearn.metrics import get_scorer_names

from regkit._describe import Constraints, takes_parameters
from regkit._sklearn import Interval, RealInterval, StrOptions
from regkit.linear_model._fit_parameters import kind_of_penalty


@takes_parameters
class ChoiceParameters:
    """How an alpha is chosen, along a path or not.

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
        largest alpha whose error is within one standard error of that [1]_. A callable
        gets an object with the arrays `alphas`, `mean`, `se` and `fold_errors` and
        returns an index into `alphas`. Of equal errors, the larger alpha counts.
    """

    alphas: Any = 100
    eps: float = 1e-3
    cv: Any = None
    rule: Any = "min"
    scoring: Any = None

    _parameter_constraints: ClassVar[Constraints] = {
        "alphas": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "eps": [RealInterval(0, 1, closed="right")],
        "cv": ["cv_object"],
        "rule": [StrOptions({"min", "1se"}), callable],
        "scoring": [None, StrOptions(set(get_scorer_names())), callable],
    }


@takes_parameters
class WorkParameters:
    """How the work is done, and what is reported of it.

    Parameters
    ----------
    n_jobs : int, default=None
        Threads that solve folds side by side; None and -1 mean one for each core that
        BLAS would use. The answer is the same.
    verbose : bool or int, default=0
        Whether to print what is evaluated, and at the end what was chosen and the
        seconds that it took.
    """

    n_jobs: int | None = None
    verbose: int = 0

    _parameter_constraints: ClassVar[Constraints] = {
        "n_jobs": [
            None,
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
        ],
        "verbose": ["verbose"],
    }


@takes_parameters
class PathChoice(ChoiceParameters):
    """How an alpha is chosen along a path.

    Parameters
    ----------
    criterion : {"cv", "aic", "bic", "ebic"}, default="cv"
        How to compare alphas: by held-out errors, or by an information criterion of the
        path on all rows, which needs no folds.
    refit : bool, default=True
        Whether to fit all rows. False makes the choice alone: no `coef_` and no
        `predict`.
    store_fold_coefs : bool, default=False
        Whether to keep `fold_coef_path_`.

    Attributes
    ----------
    alpha_ : float
        The alpha chosen.
    alpha_min_ : float
        The alpha of the least mean error (or criterion).
    alpha_1se_ : float
        The largest alpha whose mean error is within one standard error of the least;
        only with held-out errors of at least two folds.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        The grid, decreasing.
    cv_error_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        Mean over the folds of the held-out error, or of minus the score with `scoring`;
        a fold counts by the weight of its held-out rows. Only with ``criterion="cv"``,
        as is the next.
    cv_error_se_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        Standard error of `cv_error_` (see Notes).
    criterion_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        The information criterion; only where one was asked for.
    at_grid_edge_ : bool
        Whether the least error is at an end of the grid beyond which a better alpha may
        lie.
    path_ : RegularizationPath
        The path on all rows, at `l1_ratio_` where there are several.
    coef_path_ : ndarray of shape (n_features, n_alphas)
        Its coefficients.
    fold_coef_path_ : ndarray of shape (n_folds, ...)
        The coefficients of each fold's path, each as `coef_path_`; only with
        ``store_fold_coefs=True``.

    References
    ----------
    .. [1] J. Friedman, T. Hastie and R. Tibshirani, "Regularization paths for
       generalized linear models via coordinate descent", Journal of Statistical
       Software 33, 2010.
    """

    criterion: str = "cv"
    refit: bool = True
    store_fold_coefs: bool = False

    _parameter_constraints: ClassVar[Constraints] = {
        "criterion": [StrOptions({"cv", "aic", "bic", "ebic"})],
        "refit": ["boolean"],
        "store_fold_coefs": ["boolean"],
    }


@takes_parameters
class LeastSquaresChoice(PathChoice):
    r"""How an alpha is chosen along a path of least squares.

    Parameters
    ----------
    criterion : {"cv", "aic", "bic", "ebic"}, default="cv"
        How to compare alphas: by held-out errors, or by an information criterion of the
        path on all rows, which needs no folds (see Notes): `cv`, `groups`, `scoring`
        and `store_fold_coefs` are not used.
    scoring : str or callable, default=None
        A scorer as scikit-learn's `cross_val_score` takes it, in place of the mean
        squared error. Sample weights are passed on to it where its metric takes them.
    relaxed : float between 0 and 1, default=None
        Mix the chosen coefficients with the least-squares fit on the columns they use
        [2]_: ``relaxed * penalized + (1 - relaxed) * unpenalized``, intercepts alike,
        bounds kept. It is glmnet's `gamma`: 0 removes the shrinkage, 1, as None, leaves
        it. Alpha is chosen before, without regard to it.

    Attributes
    ----------
    mse_path_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratios, n_alphas, \
            n_folds)
        Weighted mean squared error on the held-out rows of each fold; only with
        ``criterion="cv"``.

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
    :math:`k \log n + 2 \log \binom{p}{d}` (EBIC [3]_ with its gamma = 1). k counts the
    coefficients that are neither zero nor at a bound, or, with an L2 penalty, is the
    trace of the matrix that maps y to its fit. Models with k >= n - 1 are left out.
    With more columns than rows, only EBIC is safe against choosing far too many.

    References
    ----------
    .. [2] N. Meinshausen, "Relaxed Lasso", Computational Statistics & Data Analysis 52,
       2007.
    .. [3] J. Chen and Z. Chen, "Extended Bayesian information criteria for model
       selection with large model spaces", Biometrika 95, 2008.
    """

    relaxed: float | None = None

    _parameter_constraints: ClassVar[Constraints] = {
        "relaxed": [None, RealInterval(0, 1, closed="both")],
    }


@takes_parameters
class L1Shares:
    """Which mixes of penalties to choose from.

    Parameters
    ----------
    l1_ratio : float or array-like of shape (n_l1_ratios,), default=1.0
        Share of the L1 penalty, from 0 to 1, or several to choose from: the one with
        the least mean error counts, the first of equals. 0 needs `alphas`.

    Attributes
    ----------
    l1_ratio_ : float
        The l1_ratio chosen.
    """

    l1_ratio: Any = 1.0

    _parameter_constraints: ClassVar[Constraints] = {
        "l1_ratio": [RealInterval(0, 1, closed="both"), "array-like"],
    }

    @property
    def penalty(self) -> str:
        """Kind of penalty, "l1", "l2" or "elasticnet"; once fitted the chosen one.

        scikit-learn's `SelectFromModel` reads it, to keep what is not zero.
        """
        return kind_of_penalty(getattr(self, "l1_ratio_", self.l1_ratio))
