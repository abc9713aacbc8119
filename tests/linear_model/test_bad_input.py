"""A table of malformed calls: the exception and the sentence each of them gets."""

import datetime

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError

from regkit import (
    ElasticNetRegressor,
    LassoRegressor,
    RidgeRegressor,
    enet_path,
    lasso_path,
)

N, P = 6, 3
X = np.arange(18.0).reshape(N, P) % 7
Y = np.array([1.0, 3.0, 2.0, 5.0, 4.0, 0.0])
NAN, INF = np.nan, np.inf


def changed(array, index, value):
    copied = np.array(array, dtype=object if isinstance(value, str) else None)
    copied[index] = value
    return copied


def broken_csr():
    matrix = sp.csr_array(X)
    matrix.indices[0] = 99
    return matrix


def lasso(**params):
    return lambda: LassoRegressor(**params).fit(X, Y)


def enet(**params):
    return lambda: ElasticNetRegressor(**params).fit(X, Y)


def ridge(**params):
    return lambda: RidgeRegressor(**params).fit(X, Y)


def fit(X, y=Y, weight=None):
    return lambda: LassoRegressor().fit(X, y, weight)


def weighted(weight):
    return lambda: LassoRegressor().fit(X, Y, weight)


def path(**options):
    return lambda: lasso_path(X, Y, **options)


def at(alpha):
    return lambda: lasso_path(X, Y, alphas=[1.0, 0.5]).coef_at(alpha)


def predict(rows, **options):
    return lambda: LassoRegressor().fit(X, Y).predict(rows, **options)


def parameter(name, allowed, value, owner="LassoRegressor"):
    return f"The '{name}' parameter of {owner} must be {allowed}. Got {value} instead."


NON_NEGATIVE = "a float in the range [0.0, inf)"
DATES = [datetime.datetime(2024, 1, day) for day in range(1, N + 1)]

# what -> (call, exception, first line of its message)
TABLE = {
    # parameters
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
    # X
    "NaN in X": (
        fit(changed(X, (1, 2), NAN)),
        ValueError,
        "Input X contains NaN.",
    ),
    "inf in X": (
        fit(changed(X, (1, 2), INF)),
        ValueError,
        "Input X contains infinity or a value too large for dtype('float64').",
    ),
    "NaN in sparse X": (
        fit(sp.csr_array(changed(X, (1, 2), NAN))),
        ValueError,
        "Input X contains NaN.",
    ),
    "one-dimensional X": (
        fit(X[:, 0]),
        ValueError,
        "Expected 2D array, got 1D array instead:",
    ),
    "three-dimensional X": (
        fit(X[None]),
        ValueError,
        "X must be a 2D array, got one of shape (1, 6, 3).",
    ),
    "no rows": (
        fit(X[:0], Y[:0]),
        ValueError,
        "Found array with 0 sample(s) (shape=(0, 3)) while a minimum of 1 is required "
        "by LassoRegressor.",
    ),
    "no columns": (
        fit(X[:, :0]),
        ValueError,
        "Found array with 0 feature(s) (shape=(6, 0)) while a minimum of 1 is required "
        "by LassoRegressor.",
    ),
    "complex X": (fit(X + 1j), ValueError, "Complex data not supported"),
    "text in X": (
        fit(np.array([["a", "b"]] * N)),
        ValueError,
        "X must hold numbers: could not convert string to float: 'a'.",
    ),
    "dates in X": (
        fit(np.array(DATES, dtype="datetime64[s]")[:, None]),
        ValueError,
        "X holds dates or durations (datetime64[s]); convert them to numbers.",
    ),
    "dates in a pandas frame": (
        fit(pd.DataFrame({"a": X[:, 0], "when": np.array(DATES, "datetime64[s]")})),
        ValueError,
        "column 'when' of X holds dates or durations (datetime64[s]); convert them to "
        "numbers.",
    ),
    "text in a pandas frame": (
        fit(pd.DataFrame({"a": X[:, 0], "town": list("nnsnsn")})),
        ValueError,
        "X must hold numbers, but column 'town' holds 'n' in row 0: encode it, for "
        "example by make_pipeline(TableEncoder(), model).",
    ),
    "masked X": (
        fit(np.ma.masked_array(X, mask=X == 2)),
        ValueError,
        "X is a masked array with 3 masked entries; fill them or drop their rows.",
    ),
    "broken sparse X": (
        fit(broken_csr()),
        ValueError,
        "X is a broken CSR matrix: its indices or indptr point outside its shape "
        "(6, 3).",
    ),
    "column names of two kinds": (
        fit(pd.DataFrame(X, columns=["a", "b", 3])),
        TypeError,
        "Feature names are only supported if all input features have string names, but "
        "your input has ['int', 'str'] as feature name / column name types. If you "
        "want feature names to be stored and validated, you must convert them all to "
        "strings, by using X.columns = X.columns.astype(str) for example. Otherwise "
        "you can remove feature / column names from your input data, or convert them "
        "all to a non-string data type.",
    ),
    "X too large to square": (
        fit(X * 1e200),
        ValueError,
        "LassoRegressor cannot solve this problem in float64: sums of squares of X or "
        "y overflow; rescale them.",
    ),
    "text among numbers in X": (
        fit(changed(X, (1, 2), "n/a")),
        ValueError,
        "X must hold numbers: could not convert string to float: 'n/a'.",
    ),
    # y
    "no y": (
        fit(X, None),
        ValueError,
        "LassoRegressor requires y to be passed, but the target y is None.",
    ),
    "NaN in y": (fit(X, changed(Y, 2, NAN)), ValueError, "Input y contains NaN."),
    "inf in y": (
        fit(X, changed(Y, 2, INF)),
        ValueError,
        "Input y contains infinity or a value too large for dtype('float64').",
    ),
    "short y": (
        fit(X, Y[:-1]),
        ValueError,
        "X and y must have the same number of rows: X has 6, y has 5.",
    ),
    "three-dimensional y": (
        fit(X, Y.reshape(N, 1, 1)),
        ValueError,
        "y should be a 1d array of shape (n_samples,) or a 2d array of shape "
        "(n_samples, n_targets), got an array of shape (6, 1, 1).",
    ),
    "y as a number": (
        fit(X, 3.0),
        ValueError,
        "y should be a 1d array of shape (n_samples,) or a 2d array of shape "
        "(n_samples, n_targets), got an array of shape ().",
    ),
    "sparse y": (
        fit(X, sp.csr_array(Y[:, None])),
        TypeError,
        "y must be dense, got a sparse matrix; pass y.toarray().",
    ),
    "y without targets": (
        fit(X, np.empty((N, 0))),
        ValueError,
        "y should be a 1d array of shape (n_samples,) or a 2d array of shape "
        "(n_samples, n_targets), got an array of shape (6, 0).",
    ),
    "text in y": (
        fit(X, list("abcdef")),
        ValueError,
        "y must hold numbers: could not convert string to float: 'a'.",
    ),
    "masked y": (
        fit(X, np.ma.masked_less(Y, 1)),
        ValueError,
        "y is a masked array with 1 masked entries; fill them or drop their rows.",
    ),
    "dates in y": (
        fit(X, pd.Series(np.array(DATES, "datetime64[s]"))),
        ValueError,
        "y holds dates or durations (datetime64[s]); convert them to numbers.",
    ),
    # sample_weight
    "short weights": (
        weighted(np.ones(4)),
        ValueError,
        "Sample weights must be 1D array or scalar, with one entry per row of X: X has "
        "6 rows, sample_weight has shape (4,).",
    ),
    "two-dimensional weights": (
        weighted(np.ones((N, 1))),
        ValueError,
        "Sample weights must be 1D array or scalar, with one entry per row of X: X has "
        "6 rows, sample_weight has shape (6, 1).",
    ),
    "negative weight": (
        weighted(changed(np.ones(N), 4, -0.5)),
        ValueError,
        "sample_weight must not be negative: sample_weight[4] is -0.5.",
    ),
    "all weights zero": (
        weighted(np.zeros(N)),
        ValueError,
        "sample_weight must not be all zero.",
    ),
    "weight of zero": (weighted(0), ValueError, "sample_weight must not be all zero."),
    "NaN weight": (
        weighted(changed(np.ones(N), 4, NAN)),
        ValueError,
        "Input sample_weight contains NaN.",
    ),
    "NaN as the weight": (
        weighted(NAN),
        ValueError,
        "Input sample_weight contains NaN.",
    ),
    "infinite weight": (
        weighted(changed(np.ones(N), 4, INF)),
        ValueError,
        "Input sample_weight contains infinity or a value too large for "
        "dtype('float64').",
    ),
    "weights that overflow": (
        weighted(np.full(N, 1e308)),
        ValueError,
        "sample_weight is too large: its sum overflows to infinity.",
    ),
    "weights of text": (
        weighted(list("abcdef")),
        ValueError,
        "sample_weight must hold numbers: could not convert string to float: 'a'.",
    ),
    # predict
    "predict before fit": (
        lambda: LassoRegressor().predict(X),
        NotFittedError,
        "This LassoRegressor instance is not fitted yet. Call 'fit' with appropriate "
        "arguments before using this estimator.",
    ),
    "predict with other columns": (
        predict(X[:, :2]),
        ValueError,
        "X has 2 features, but LassoRegressor is expecting 3 features as input.",
    ),
    "predict with NaN": (
        predict(changed(X, (0, 0), NAN)),
        ValueError,
        "Input X contains NaN.",
    ),
    "predict one row": (
        predict(X[0]),
        ValueError,
        "Expected 2D array, got 1D array instead:",
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
        "Input X contains NaN.",
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
def test_bad_input(what):
    call, exception, sentence = TABLE[what]
    with pytest.raises(exception) as caught:
        call()
    assert str(caught.value).splitlines()[0] == sentence


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


def test_dates_in_a_polars_frame():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"when": [date.date() for date in DATES]})
    with pytest.raises(ValueError, match=r"X holds dates or durations \(Date\)"):
        LassoRegressor().fit(frame, Y)


def test_the_table_is_long_enough():
    assert len(TABLE) >= 40
