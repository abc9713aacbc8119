"""Passes over X, dense and sparse, against NumPy on the same entries."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose

from regkit.kernels.linear import dense, sparse

RNG = np.random.default_rng(0)
X = RNG.normal(size=(13, 7)) * (RNG.random((13, 7)) < 0.6)
X[:, 3] = 0.0  # an empty column
X[:, 5] = 4.0  # a full one, constant
WEIGHT = RNG.random(13)
WEIGHT /= WEIGHT.sum()
OFFSET = RNG.normal(size=7)
SOME = np.array([6, 0, 3], dtype=np.int64)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_dense_correlations(dtype):
    stored = X.astype(dtype)
    expected = WEIGHT @ (stored.astype(np.float64) - OFFSET)
    by_rows = dense.correlate_rows(stored, OFFSET, WEIGHT)
    transposed = np.ascontiguousarray(stored.T)
    by_columns = dense.correlate_columns(transposed, SOME, OFFSET, WEIGHT)
    assert_allclose(by_rows, expected, atol=1e-14)
    assert_allclose(by_columns, expected[SOME], atol=1e-14)


def test_a_strip_of_columns_at_a_time():
    wide = RNG.normal(size=(3, 2 * dense._STRIP + 5))
    offset = RNG.normal(size=wide.shape[1])
    weight = np.array([0.2, 0.3, 0.5])
    found = dense.correlate_rows(wide, offset, weight)
    assert_allclose(found, weight @ (wide - offset), atol=1e-13)
    first, second = dense.moments_rows(wide, offset, weight)
    assert_allclose(first, weight @ (wide - offset), atol=1e-13)
    assert_allclose(second, weight @ (wide - offset) ** 2, atol=1e-13)


def test_dense_moments():
    expected = WEIGHT @ (X - OFFSET), WEIGHT @ (X - OFFSET) ** 2
    assert_allclose(dense.moments_rows(X, OFFSET, WEIGHT), expected, atol=1e-14)
    columns = np.ascontiguousarray(X.T)
    assert_allclose(dense.moments_columns(columns, OFFSET, WEIGHT), expected)


@pytest.fixture(params=[np.int32, np.int64], ids=["int32", "int64"])
def stored(request):
    def arrays(M):
        return M.data, M.indices.astype(request.param), M.indptr.astype(request.param)

    return arrays(sp.csc_array(X)), arrays(sp.csr_array(X))


def test_sparse_moments(stored):
    mean, variance = sparse.moments(*stored[0], WEIGHT)
    assert_allclose(mean, WEIGHT @ X, atol=1e-15)
    assert_allclose(variance, WEIGHT @ (X - WEIGHT @ X) ** 2, atol=1e-15)
    assert mean[3] == variance[3] == 0.0


def test_sparse_correlations(stored):
    found = sparse.correlate(*stored[0], SOME, OFFSET, WEIGHT)
    assert_allclose(found, (WEIGHT @ (X - OFFSET))[SOME], atol=1e-14)


def test_sparse_combination(stored):
    coef = np.array([2.0, 0.0, -1.0])
    assert_allclose(sparse.combine(*stored[0], SOME, coef, 13), X[:, SOME] @ coef)


def test_sparse_gram(stored):
    position = np.full(7, -1, dtype=np.int32)
    position[SOME] = np.arange(3)
    rows = np.array([5, 6], dtype=np.int64)
    found = sparse.gram_rows(*stored[0], *stored[1], WEIGHT, rows, position, 3)
    expected = (X[:, rows].T * WEIGHT) @ X[:, SOME]
    assert_allclose(found, expected, atol=1e-14)


@pytest.mark.parametrize("width", [1, 3, 7])
def test_sparse_products_by_rows(stored, width):
    """In strips, of some columns alone, with a row left out."""
    weight = np.where(np.arange(13) == 4, 0.0, WEIGHT)
    beside = RNG.normal(size=(13, 2)) * (weight > 0.0)[:, None]
    expected = np.hstack([np.triu((X.T * weight) @ X), X.T @ beside])
    for first, last in ((0, 7), (2, 6), (3, 3)):
        found = sparse.products_by_rows(
            *stored[1], weight, beside, first, last, 7, width
        )
        assert_allclose(found, expected[first:last], atol=1e-14)


@pytest.mark.parametrize("little", [0.0, 1e-12, 1e-4, 0.3])
def test_weight_of_zeros_is_no_difference_of_large_sums(little):
    """Against fractions: a column of ones whose one zero weighs next to nothing."""
    weight = np.random.default_rng(0).random(50)
    weight[[7, 49]] = 0.0, little
    weight /= weight.sum()
    rows = np.setdiff1d(np.arange(50), [7, 49])
    X = sp.csc_array((np.ones(48), (rows, np.zeros(48, dtype=int))), shape=(50, 1))
    _, variance = sparse.moments(X.data, X.indices, X.indptr, weight)
    zeros = Fraction(float(weight[49]))
    total = sum(map(Fraction, weight.tolist()))
    exact = float(zeros / total * (1 - zeros / total))
    assert_allclose(variance, exact, rtol=1e-12, atol=1e-31)
