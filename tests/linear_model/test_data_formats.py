"""However X, y and weights are stored: the same answer, and nothing is written."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from regkit import ElasticNetRegressor, LassoRegressor, RidgeRegressor, lasso_path

ESTIMATORS = [LassoRegressor(0.05), ElasticNetRegressor(0.05), RidgeRegressor(1.0)]
N, P = 40, 6


def as_int64_indices(X):
    X = sp.csr_array(X)
    X.indices = X.indices.astype(np.int64)
    X.indptr = X.indptr.astype(np.int64)
    return X


def with_mixed_indices(X):
    X = sp.csc_array(X)
    X.indptr = X.indptr.astype(np.int64)
    return X


def shuffled_duplicates(X):
    """Give a CSR matrix whose entries are halved, doubled up and out of order."""
    X = sp.csr_array(X)
    data, indices, indptr = [], [], [0]
    for i in range(X.shape[0]):
        row = slice(X.indptr[i], X.indptr[i + 1])
        data += [*X.data[row][::-1] / 2, *X.data[row] / 2]
        indices += [*X.indices[row][::-1], *X.indices[row]]
        indptr.append(len(indices))
    return sp.csr_array((data, indices, indptr), shape=X.shape)


def unaligned(X):
    buffer = np.zeros(X.nbytes + 1, dtype=np.uint8)[1:]
    copied = buffer.view(np.float64).reshape(X.shape)
    copied[:] = X
    return copied


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


DENSE = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "read-only": read_only,
    "strided": lambda X: np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
    "reversed": lambda X: np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
    "big-endian": lambda X: X.astype(">f8"),
    "unaligned": unaligned,
    "longdouble": lambda X: X.astype(np.longdouble),
    "object": lambda X: X.astype(object),
    "list": lambda X: X.tolist(),
}
SPARSE = {
    "csr_array": sp.csr_array,
    "csc_array": sp.csc_array,
    "csr_matrix": sp.csr_matrix,
    "csc_matrix": sp.csc_matrix,
    "coo": sp.coo_array,
    "lil": sp.lil_array,
    "dok": sp.dok_array,
    "bsr": sp.bsr_array,
    "dia": sp.dia_array,
    "int64 indices": as_int64_indices,
    "mixed indices": with_mixed_indices,
    "duplicates": shuffled_duplicates,
}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    X = np.where(rng.random((N, P)) < 0.4, rng.integers(-8, 9, (N, P)) / 2.0, 0.0)
    return X, X @ [1.0, 0, -2, 0, 0.5, 0] + rng.normal(size=N)


@pytest.fixture(scope="module", params=ESTIMATORS, ids=lambda e: type(e).__name__)
def reference(request, data):
    X, y = data
    weight = np.linspace(0, 2, N)
    model = request.param.fit(np.ascontiguousarray(X), y, weight)
    return model.coef_, model.intercept_, type(model), model.get_params(), weight


@pytest.mark.parametrize("form", [*DENSE, *SPARSE])
def test_formats(reference, data, form):
    X, y = data
    coef, intercept, cls, params, weight = reference
    stored = {**DENSE, **SPARSE}[form](X)
    model = cls(**params).fit(stored, y, weight)
    assert_allclose(model.coef_, coef, rtol=1e-6, atol=1e-7)
    assert_allclose(model.intercept_, intercept, rtol=1e-6, atol=1e-7)
    assert model.coef_.dtype == np.float64
    assert_allclose(model.predict(stored), X @ coef + intercept, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8, np.int64, np.uint8])
def test_number_types(reference, data, dtype):
    X, y = data
    X = (np.abs(X) * 2).astype(dtype)
    *_, cls, params, weight = reference
    expected = cls(**params).fit(X.astype(np.float64), y, weight)
    for stored in (X, np.asfortranarray(X)):
        model = cls(**params).fit(stored, y, weight)
        assert_allclose(model.coef_, expected.coef_, rtol=1e-5, atol=1e-6)
        assert model.coef_.dtype == np.float64
        assert_allclose(model.predict(stored), expected.predict(X), rtol=1e-5)


def test_integers_do_not_overflow():
    X = np.arange(1, 21, dtype=np.int16).reshape(-1, 1) * 1000
    y = 2.0 * X[:, 0].astype(float)
    model = LassoRegressor(1e-6).fit(X, y.astype(np.int64))
    assert_allclose(model.coef_, [2.0], rtol=1e-6)
    assert_allclose(RidgeRegressor(1e-6).fit(X, y).coef_, [2.0], rtol=1e-6)


def test_memory_map(reference, data, tmp_path):
    X, y = data
    coef, _, cls, params, weight = reference
    np.save(tmp_path / "X.npy", X)
    stored = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert_allclose(cls(**params).fit(stored, y, weight).coef_, coef, rtol=1e-6)


@pytest.mark.parametrize("form", ["C", "F", "csr_array", "csc_array", "duplicates"])
def test_nothing_is_written(reference, data, form):
    X, y = data
    *_, cls, params, weight = reference
    stored = {**DENSE, **SPARSE}[form](X)
    copies = [np.array(stored.data), y.copy(), weight.copy()]
    cls(**params).fit(stored, y, weight)
    lasso_path(stored, y, n_alphas=3, sample_weight=weight)
    for now, before in zip([stored.data, y, weight], copies, strict=True):
        assert_array_equal(now, before)
    if form == "duplicates":
        assert stored.nnz == 2 * sp.csr_array(X).nnz


def test_two_dimensional_targets(reference, data):
    X, y = data
    *_, cls, params, weight = reference
    Y = np.c_[y, y[::-1], y**2]
    model = cls(**params).fit(X, Y, weight)
    assert model.coef_.shape == model.sparse_coef_.shape == (3, P)
    assert (
        model.intercept_.shape == model.n_iter_.shape == model.dual_gap_.shape == (3,)
    )
    assert model.predict(X).shape == (N, 3)
    for t in range(3):
        alone = cls(**params).fit(X, Y[:, t], weight)
        assert_allclose(model.coef_[t], alone.coef_, rtol=1e-7, atol=1e-9)
        assert_allclose(model.intercept_[t], alone.intercept_)
    column = cls(**params).fit(X, Y[:, :1], weight)
    assert column.coef_.shape == (P,)
    assert column.intercept_.shape == (1,)
    assert column.predict(X).shape == (N,)


def test_weights_equal_repeated_rows(reference, data):
    X, y = data
    *_, cls, params, _ = reference
    weight = np.random.default_rng(0).integers(0, 4, N)
    rows = np.repeat(np.arange(N), weight)
    expected = cls(**params).fit(X[rows], y[rows])
    for form in (np.asarray, sp.csr_array, sp.csc_array):
        for given in (weight, weight.tolist(), weight.astype(np.float32)):
            model = cls(**params).fit(form(X), y, given)
            assert_allclose(model.coef_, expected.coef_, rtol=1e-6, atol=1e-8)
            assert_allclose(model.intercept_, expected.intercept_, atol=1e-7)


def test_a_number_as_weight(data):
    X, y = data
    expected = RidgeRegressor(1.0).fit(X, y, np.full(N, 2.5))
    assert_allclose(RidgeRegressor(1.0).fit(X, y, 2.5).coef_, expected.coef_)


def test_fitted_attributes(reference, data):
    X, y = data
    *_, cls, params, weight = reference
    model = cls(**params).fit(X, y, weight)
    assert type(model.intercept_) is type(model.dual_gap_) is np.float64
    assert type(model.n_iter_) is int
    assert model.n_iter_ >= 1
    assert model.n_features_in_ == P
    assert sp.issparse(model.sparse_coef_)
    assert_array_equal(model.sparse_coef_.toarray(), model.coef_[None])
    params["fit_intercept"] = False
    assert cls(**params).fit(X, y).intercept_ == 0.0


def test_float32_predictions_are_summed_in_float64():
    from regkit.linear_model import _base

    rng = np.random.default_rng(0)
    X = rng.normal(size=(_base._CHUNK // 4 + 17, 5)).astype(np.float32)
    y = X[:, 0].astype(np.float64)
    model = LassoRegressor(0.01).fit(X, y)
    found = model.predict(X)
    assert found.dtype == np.float64
    assert_allclose(
        found, X.astype(np.float64) @ model.coef_ + model.intercept_, rtol=1e-12
    )
