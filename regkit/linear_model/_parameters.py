"""What each parameter may be, in scikit-learn's language, for every public name."""

from numbers import Integral, Real
from typing import Any

from sklearn.metrics import get_scorer_names

from regkit._sklearn import Interval, StrOptions

ALPHA: list[Any] = [Interval(Real, 0, None, closed="left")]
L1_RATIO: list[Any] = [Interval(Real, 0, 1, closed="both")]
PATH_SOLVERS = frozenset({"auto", "active_set", "coordinate_descent"})
RIDGE_SOLVERS = PATH_SOLVERS | {"cholesky", "svd", "conjugate_gradient"}

# Shared by every estimator and path function.
COMMON: dict[str, list[Any]] = {
    "fit_intercept": ["boolean"],
    "standardize": ["boolean"],
    "positive": ["boolean"],
    "bounds": [None, "array-like", dict],
    "penalty_factor": [None, "array-like", dict],
    "solver": [StrOptions(set(PATH_SOLVERS))],
    "tol": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
}

# Only the path functions take these.
PATH: dict[str, list[Any]] = {
    "alphas": [None, Interval(Integral, 1, None, closed="left"), "array-like"],
    "n_alphas": [Interval(Integral, 1, None, closed="left")],
    "eps": [Interval(Real, 0, 1, closed="right")],
    **COMMON,
    "max_nonzero": [None, Interval(Integral, 1, None, closed="left")],
}

# Shared by the estimators that choose alpha.
CHOOSING: dict[str, list[Any]] = {
    "alphas": [Interval(Integral, 1, None, closed="left"), "array-like"],
    "eps": [Interval(Real, 0, 1, closed="right")],
    "cv": ["cv_object"],
    "rule": [StrOptions({"min", "1se"}), callable],
    "scoring": [None, StrOptions(set(get_scorer_names())), callable],
    "n_jobs": [
        None,
        Interval(Integral, 1, None, closed="left"),
        Interval(Integral, None, -1, closed="right"),
    ],
    "verbose": ["verbose"],
    **COMMON,
}

# Shared by those of them that choose it along a path.
CROSS_VALIDATION: dict[str, list[Any]] = {
    **CHOOSING,
    "criterion": [StrOptions({"cv", "aic", "bic", "ebic"})],
    "refit": ["boolean"],
    "relaxed": [None, Interval(Real, 0, 1, closed="both")],
    "store_fold_coefs": ["boolean"],
}
