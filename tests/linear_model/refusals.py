"""Calls that are refused, and how: the exception and the sentence they get."""

import numpy as np
import pytest

from regkit import ElasticNetRegressor, LassoRegressor, RidgeRegressor

N, P = 6, 3
X = np.arange(18.0).reshape(N, P) % 7
Y = np.array([1.0, 3.0, 2.0, 5.0, 4.0, 0.0])
NAN, INF = np.nan, np.inf


def changed(array, index, value):
    copied = np.array(array, dtype=object if isinstance(value, str) else None)
    copied[index] = value
    return copied


def lasso(**params):
    return lambda: LassoRegressor(**params).fit(X, Y)


def enet(**params):
    return lambda: ElasticNetRegressor(**params).fit(X, Y)


def ridge(**params):
    return lambda: RidgeRegressor(**params).fit(X, Y)


def assert_refused(call, exception, sentence):
    with pytest.raises(exception) as caught:
        call()
    assert str(caught.value).splitlines()[0] == sentence
