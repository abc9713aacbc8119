"""A table of wrong parameters and paths: the exception and the sentence each gets."""

import numpy as np
import pytest
import scipy.sparse as sp

from regkit import RidgeRegressor, enet_path, lasso_path
from tests.linear_model.refusals import (
    INF,
    NAN,
    X,
    Y,
    assert_refused,
    changed,
    enet,
    lasso,
    ridge,
)


def path(**options):
    return lambda: lasso_path(X, Y, **options)


def at(alpha):
    return lambda: lasso_path(X, Y, alphas=[1.0, 0.5]).coef_at(alpha)


def parameter(name, allowed, value, owner="LassoRegressor"):
    return f"The '{name}' parameter of {owner} must be {allowed}. Got {value} instead."


NON_NEGATIVE = "a float in the range [0.0, inf)"

# what -> (call, exception, first line of its message)
TABLE = {
    "negative alpha": (
        lasso(alpha=-1),
        ValueError,
        parameter("alpha", NON_NEGATIVE, -1),
    ),
    "NaN alpha": (lasso(alpha=NAN), ValueError, parameter("alpha", NON_NEGATIVE, NAN)),
    "infinite alpha": (
        lasso(alpha=INF),
        ValueError,
        parameter("alpha", NON_NEGATIVE, INF),
    ),
    "alpha as text": (
        lasso(alpha="1"),
        TypeError,
        parameter("alpha", NON_NEGATIVE, "'1'"),
    ),
    "alpha per target for the Lasso": (
        lasso(alpha=[1.0]),
        ValueError,
        parameter("alpha", NON_NEGATIVE, "[1.0]"),
    ),
    "l1_ratio above 1": (
        enet(l1_ratio=1.5),
        ValueError,
        parameter(
            "l1_ratio", "a float in the range [0.0, 1.0]", 1.5, "ElasticNetRegressor"
        ),
    ),
    "negative tol": (
        lasso(tol=-1e-3),
        ValueError,
        parameter("tol", NON_NEGATIVE, -1e-3),
    ),
    "max_iter of zero": (
        lasso(max_iter=0),
        ValueError,
        parameter("max_iter", "an int in the range [1, inf)", 0),
    ),
    "fractional max_iter": (
        lasso(max_iter=10.5),
        TypeError,
        parameter("max_iter", "an int in the range [1, inf)", 10.5),
    ),
    "ridge alpha for other targets": (
        ridge(alpha=[1.0, 2.0]),
        ValueError,
        "alpha must be a number or have one entry per target. Number of targets and "
        "number of penalties do not correspond: 2 != 1.",
    ),
    "ridge alpha in two dimensions": (
        ridge(alpha=[[1.0]]),
        ValueError,
        "alpha must be a number or have one entry per target, got an array of shape "
        "(1, 1).",
    ),
    "negative ridge alpha in an array": (
        ridge(alpha=[-2.0]),
        ValueError,
        "alpha must hold finite non-negative numbers: alpha[0] is -2.",
    ),
    "ridge alpha array of text": (
        ridge(alpha=["a"]),
        ValueError,
        "alpha must hold real numbers, got ['a'].",
    ),
    "direct ridge solver with bounds": (
        ridge(solver="svd", positive=True),
        ValueError,
        "solver='svd' does not support positive=True or bounds; use solver='auto', "
        "'active_set' or 'coordinate_descent' with them.",
    ),
    "singular values of a sparse X": (
        lambda: RidgeRegressor(solver="svd").fit(sp.csr_array(X), Y),
        ValueError,
        "solver='svd' would need a dense copy of a sparse X; use 'auto', 'cholesky' or "
        "'conjugate_gradient'.",
    ),
    "penalty_factor of the wrong length": (
        lasso(penalty_factor=[1, 2]),
        ValueError,
        "penalty_factor must have one entry per feature: X has 3 features, "
        "penalty_factor has shape (2,).",
    ),
    "negative penalty_factor": (
        lasso(penalty_factor=[1, -2, 1]),
        ValueError,
        "penalty_factor must hold non-negative numbers or inf: penalty_factor[1] is "
        "-2.",
    ),
    "NaN penalty_factor": (
        lasso(penalty_factor=[1, 1, NAN]),
        ValueError,
        "penalty_factor must hold non-negative numbers or inf: penalty_factor[2] is "
        "nan.",
    ),
    "penalty_factor of text": (
        lasso(penalty_factor=["a", "b", "c"]),
        ValueError,
        "penalty_factor must hold real numbers, got ['a', 'b', 'c'].",
    ),
    "penalty_factor as a number": (
        lasso(penalty_factor=2.0),
        TypeError,
        parameter(
            "penalty_factor", "None, an array-like or an instance of 'dict'", 2.0
        ),
    ),
    "bounds as one number": (
        lasso(bounds=1.0),
        TypeError,
        parameter("bounds", "None, an array-like or an instance of 'dict'", 1.0),
    ),
    "three bounds": (
        lasso(bounds=(0, 1, 2)),
        ValueError,
        "bounds must be a pair (lower, upper), got (0, 1, 2).",
    ),
    "bounds above 0": (
        lasso(bounds=(0.5, 1)),
        ValueError,
        "bounds must contain 0: the lower bound must be at most 0, got 0.5.",
    ),
    "bounds of one feature below 0": (
        lasso(bounds=(-3, [1, -1, 1])),
        ValueError,
        "bounds must contain 0: the upper bound of feature 1 must be at least 0, got "
        "-1.",
    ),
    "NaN bound": (
        lasso(bounds=(NAN, 1)),
        ValueError,
        "bounds must contain 0: the lower bound must be at most 0, got nan.",
    ),
    "bounds of the wrong length": (
        lasso(bounds=([-1, -1], 1)),
        ValueError,
        "The lower bounds must be one number or one per feature: X has 3 features, "
        "the lower bounds have shape (2,).",
    ),
    "bound of None": (
        lasso(bounds=(None, 1)),
        ValueError,
        "The lower bounds must hold real numbers, got None.",
    ),
    # paths
    "path with two targets": (
        lambda: lasso_path(X, np.c_[Y, Y]),
        ValueError,
        "lasso_path takes one target, but y has 2: call it once for each column.",
    ),
    "path without y": (
        lambda: lasso_path(X, None),
        ValueError,
        "lasso_path requires y to be passed, but the target y is None.",
    ),
    "path with NaN": (
        lambda: lasso_path(changed(X, (0, 0), NAN), Y),
        ValueError,
        "Input X contains NaN: column 0 in row 0.",
    ),
    "no alphas": (
        path(alphas=[]),
        ValueError,
        "alphas must be a non-empty one-dimensional array, got an array of shape (0,).",
    ),
    "two-dimensional alphas": (
        path(alphas=[[1.0]]),
        ValueError,
        "alphas must be a non-empty one-dimensional array, got an array of shape "
        "(1, 1).",
    ),
    "negative path alpha": (
        path(alphas=[1.0, -0.5]),
        ValueError,
        "alphas[1] == -0.5, must be >= 0.0 and finite.",
    ),
    "NaN path alpha": (
        path(alphas=[1.0, NAN]),
        ValueError,
        "alphas[1] == nan, must be >= 0.0 and finite.",
    ),
    "text among path alphas": (
        path(alphas=[1.0, "0.5"]),
        TypeError,
        "alphas[1] must be an instance of float, not str: '0.5'.",
    ),
    "eps of 2": (
        path(eps=2.0),
        ValueError,
        parameter("eps", "a float in the range (0.0, 1.0]", 2.0, "lasso_path"),
    ),
    "n_alphas of zero": (
        path(n_alphas=0),
        ValueError,
        parameter("n_alphas", "an int in the range [1, inf)", 0, "lasso_path"),
    ),
    "max_nonzero of zero": (
        path(max_nonzero=0),
        ValueError,
        parameter(
            "max_nonzero", "None or an int in the range [1, inf)", 0, "lasso_path"
        ),
    ),
    "max_nonzero without any solution": (
        path(alphas=[1e-3], max_nonzero=1),
        ValueError,
        "max_nonzero=1 leaves no solution: the model at the first alpha, 0.001, has "
        "more nonzero coefficients.",
    ),
    "automatic grid for a pure L2 penalty": (
        lambda: enet_path(X, Y, l1_ratio=0),
        ValueError,
        "enet_path needs alphas. Automatic alpha grid generation is not supported for "
        "l1_ratio=0. Please supply a grid by providing your estimator with the "
        "appropriate `alphas=` argument.",
    ),
    "alpha above the path": (
        at(1.5),
        ValueError,
        "alpha=1.5 is outside the path, which goes from 1 down to 0.5.",
    ),
    "alpha below the path": (
        at([0.7, 0.1]),
        ValueError,
        "alpha=0.1 is outside the path, which goes from 1 down to 0.5.",
    ),
    "alpha of NaN in the path": (
        at(NAN),
        ValueError,
        "alpha=nan is outside the path, which goes from 1 down to 0.5.",
    ),
    "alpha of text in the path": (
        at("a"),
        ValueError,
        "alpha must hold numbers, got 'a'.",
    ),
    "path predicts other columns": (
        lambda: lasso_path(X, Y, n_alphas=2).predict(X[:, :1]),
        ValueError,
        "X has 1 features, but RegularizationPath is expecting 3 features as input.",
    ),
}


@pytest.mark.parametrize("what", TABLE)
def test_bad_parameters(what):
    assert_refused(*TABLE[what])


@pytest.mark.parametrize(
    ("call", "start"),
    [
        (lasso(fit_intercept="yes"), "The 'fit_intercept' parameter of LassoRegressor"),
        (lasso(solver="svd"), "The 'solver' parameter of LassoRegressor must be a str"),
        (ridge(solver="qr"), "The 'solver' parameter of RidgeRegressor must be a str"),
        (path(solver="lars"), "The 'solver' parameter of lasso_path must be a str"),
        (ridge(alpha=-1.0), "The 'alpha' parameter of RidgeRegressor must be a float"),
    ],
)
def test_bad_choices(call, start):
    """The rest of these sentences lists a set or a type, in no fixed order or name."""
    with pytest.raises(ValueError, match=r"instead\.$") as caught:
        call()
    assert str(caught.value).startswith(start)
