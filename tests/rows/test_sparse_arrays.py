"""Sparse matrices whose arrays compiled code could not read, or would read beyond."""

import numpy as np
import pytest
import scipy.sparse as sp

from regkit import DropoutMLPRegressor, LassoRegressor, LogisticClassifier

FORMATS = ("csr", "csc", "coo", "bsr")


def table(format_):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 4)) * (rng.random((40, 4)) < 0.5)
    return sp.coo_array(X).asformat(format_), rng.normal(size=40)


def foreign(X):
    """The same entries in the other byte order, which SciPy lets pass."""
    X = X.copy()
    for name in ("data", "indices", "indptr", "row", "col"):
        array = getattr(X, name, None)
        if isinstance(array, np.ndarray):
            setattr(X, name, array.astype(array.dtype.newbyteorder("S")))
    return X


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(
    "model",
    [
        LassoRegressor(0.01),
        LogisticClassifier(0.01),
        DropoutMLPRegressor([3], max_iter=2, random_state=0),
    ],
)
def test_the_other_byte_order_means_the_same(model, format_):
    X, y = table(format_)
    if isinstance(model, LogisticClassifier):
        y = y > 0
    expected = model.fit(X, y).predict(X)
    found = model.fit(foreign(X), y).predict(foreign(X))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("format_", FORMATS)
def test_indices_outside_of_the_shape_are_refused(format_):
    X, y = table(format_)
    model = LassoRegressor(0.01).fit(X, y)
    broken = X.copy()
    places = broken.col if format_ == "coo" else broken.indices
    places[-1] = 10**6
    for call in (lambda: model.fit(broken, y), lambda: model.predict(broken)):
        with pytest.raises(ValueError, match=f"broken {format_.upper()} matrix"):
            call()
