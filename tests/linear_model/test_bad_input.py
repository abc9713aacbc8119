"""A table of malformed data: the exception and the sentence each call gets."""

import datetime

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError

from regkit import LassoRegressor
from tests.linear_model.refusals import INF, NAN, N, X, Y, assert_refused, changed


def broken_csr():
    matrix = sp.csr_array(X)
    matrix.indices[0] = 99
    return matrix


def fit(X, y=Y, weight=None):
    return lambda: LassoRegressor().fit(X, y, weight)


def weighted(weight):
    return lambda: LassoRegressor().fit(X, Y, weight)


def predict(rows, **options):
    return lambda: LassoRegressor().fit(X, Y).predict(rows, **options)


DATES = [datetime.datetime(2024, 1, day) for day in range(1, N + 1)]

# what -> (call, exception, first line of its message)
TABLE = {
    # X
    "NaN in X": (
        fit(changed(X, (1, 2), NAN)),
        ValueError,
        "Input X contains NaN: column 2 in row 1.",
    ),
    "inf in X": (
        fit(changed(X, (1, 2), INF)),
        ValueError,
        "Input X contains infinity or a value too large for dtype('float64'): column 2 "
        "in row 1.",
    ),
    "NaN in sparse X": (
        fit(sp.csr_array(changed(X, (1, 2), NAN))),
        ValueError,
        "Input X contains NaN: column 2 in row 1.",
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
    "complex X": (
        fit(X + 1j),
        ValueError,
        "Complex data not supported: X holds complex numbers (complex128).",
    ),
    "complex sparse X": (
        fit(sp.csr_array(X + 1j)),
        ValueError,
        "Complex data not supported: X holds complex numbers (complex128).",
    ),
    "complex column": (
        fit(pd.DataFrame({"a": X[:, 0], "wave": 1j * X[:, 1]})),
        ValueError,
        "Complex data not supported: column 'wave' of X holds complex numbers "
        "(complex128).",
    ),
    "a dictionary for X": (
        fit({"a": X[:, 0]}),
        TypeError,
        "X must hold numbers: float() argument must be a string or a real number, not "
        "'dict'.",
    ),
    "text in X": (
        fit(np.array([["a", "b"]] * N)),
        ValueError,
        "X must hold numbers: could not convert string to float: 'a' (column 0 in row "
        "0).",
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
        "X must hold numbers: could not convert string to float: 'n/a' (column 2 in "
        "row 1).",
    ),
    # y
    "no y": (
        fit(X, None),
        ValueError,
        "LassoRegressor requires y to be passed, but the target y is None.",
    ),
    "NaN in y": (
        fit(X, changed(Y, 2, NAN)),
        ValueError,
        "Input y contains NaN: row 2.",
    ),
    "inf in y": (
        fit(X, changed(Y, 2, INF)),
        ValueError,
        "Input y contains infinity or a value too large for dtype('float64'): row 2.",
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
        "y must hold numbers: could not convert string to float: 'a' (row 0).",
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
        "Input sample_weight contains NaN: row 4.",
    ),
    "NaN as the weight": (
        weighted(NAN),
        ValueError,
        "sample_weight must be finite, got nan.",
    ),
    "infinite weight": (
        weighted(changed(np.ones(N), 4, INF)),
        ValueError,
        "Input sample_weight contains infinity or a value too large for "
        "dtype('float64'): row 4.",
    ),
    "weights that overflow": (
        weighted(np.full(N, 1e308)),
        ValueError,
        "sample_weight is too large: its sum overflows to infinity.",
    ),
    "weights that underflow": (
        weighted(np.full(N, 1e-320)),
        ValueError,
        "sample_weight is too small: it sums to 6e-320, where float64 has few "
        "digits left. Multiply all of it by the same number.",
    ),
    "weights of text": (
        weighted(list("abcdef")),
        ValueError,
        "sample_weight must hold numbers: could not convert string to float: 'a' (row "
        "0).",
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
        "Input X contains NaN: column 0 in row 0.",
    ),
    "predict one row": (
        predict(X[0]),
        ValueError,
        "Expected 2D array, got 1D array instead:",
    ),
}


@pytest.mark.parametrize("what", TABLE)
def test_bad_input(what):
    assert_refused(*TABLE[what])


def test_a_sparse_vector():
    vector = sp.coo_array(X[:, 0])
    if vector.ndim == 2:
        pytest.skip("this SciPy has no sparse vectors")
    with pytest.raises(ValueError, match=r"^X must be a 2D array, got .* \(6,\)\.$"):
        LassoRegressor().fit(vector, Y)


def test_dates_in_a_polars_frame():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"when": [date.date() for date in DATES]})
    with pytest.raises(ValueError, match=r"X holds dates or durations \(Date\)"):
        LassoRegressor().fit(frame, Y)
    with pytest.raises(TypeError, match=r"^X is a LazyFrame: pass X.collect\(\)\.$"):
        LassoRegressor().fit(frame.lazy(), Y)
