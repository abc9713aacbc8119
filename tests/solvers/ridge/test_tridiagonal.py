"""The tridiagonal form of wide ridge problems, against dense linear algebra."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from regkit.kernels.linear import tridiagonal as kernels
from regkit.solvers.ridge.basis import interpolate
from regkit.solvers.ridge.tridiagonal import TridiagonalForm, solve


def make_gram(m, f, rank, seed):
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(m, f)))[0]
    left = rng.normal(size=(m, rank)) * np.geomspace(1.0, 0.03, rank)
    left -= basis @ (basis.T @ left)
    return left @ left.T, basis


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(0, 3), st.integers(1, 40), st.integers(0, 999))
def test_the_form_is_orthogonal_and_similar(m, f, rank, seed):
    f, rank = min(f, m), min(rank, m)
    gram, basis = make_gram(m, f, rank, seed)
    before = gram.copy()
    form = TridiagonalForm(gram, basis)
    assert np.array_equal(gram, before)
    Q, r = form.vectors, m - f
    assert Q.shape == (m, r)
    assert_allclose(Q.T @ Q, np.eye(r), atol=1e-13)
    assert_allclose(basis.T @ Q, 0.0, atol=1e-13)
    size = np.abs(gram).max()
    alphas = np.array([0.5, 1e-3]) * max(size, 1.0)
    right = np.linspace(-1.0, 1.0, m)
    found = Q @ solve(form.factor(alphas), form.inner(right[:, None])[:, 0])
    seen = right - basis @ (basis.T @ right)
    for k, alpha in enumerate(alphas):
        expected = np.linalg.solve(gram + alpha * np.eye(m), seen)
        assert_allclose(found[:, k], expected, atol=1e-11 / alpha)
    values = np.linalg.eigvalsh(gram)[f:] if r else np.empty(0)
    assert_allclose(form.values, values, atol=1e-12 * max(size, 1.0))
    least, largest = form.bounds
    if r:
        assert least <= form.values.min() + 1e-12 * size
        assert largest >= form.values.max() - 1e-12 * size


def test_no_directions_at_all():
    factors = kernels.factor(np.empty(0), np.empty(0), np.ones(3))
    assert [part.shape for part in factors] == [(0, 3), (0, 3)]
    assert kernels.solve(*factors, np.empty(0)).shape == (0, 3)
    by_alphas = [part.T.copy() for part in factors]
    found = kernels.inverse_forms(np.empty((0, 5)), 1, 4, *by_alphas)
    assert np.array_equal(found, np.zeros((3, 3)))


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
def test_scale_does_not_matter(scale):
    factor = np.random.default_rng(0).normal(size=(12, 30))
    gram = factor @ factor.T
    none = np.empty((12, 0))
    found = TridiagonalForm(scale * gram, none)
    assert_allclose(found.values / scale, np.linalg.eigvalsh(gram), rtol=1e-10)
    assert_allclose(found.bounds[0] / scale, found.values[0] / scale)


def test_all_zero_gram():
    form = TridiagonalForm(np.zeros((4, 4)), np.full((4, 1), 0.5))
    assert form.bounds == (0.0, 0.0)
    assert np.array_equal(form.values, np.zeros(3))


@pytest.mark.parametrize(("start", "stop"), [(0, 70), (3, 5), (5, 69), (64, 70)])
def test_inverse_forms_are_diagonals_of_the_inverse(start, stop):
    rng = np.random.default_rng(0)
    r, n = 30, 70
    diagonal, off_diagonal = rng.uniform(2.0, 3.0, r), rng.uniform(-1.0, 1.0, r - 1)
    matrix = np.diag(diagonal) + np.diag(off_diagonal, 1) + np.diag(off_diagonal, -1)
    columns, alphas = rng.normal(size=(r, n)), np.array([0.0, 1e-3, 1.0, 1e6])
    multipliers, inverse = kernels.factor(diagonal, off_diagonal, alphas)
    found = kernels.inverse_forms(
        columns, start, stop, multipliers.T.copy(), inverse.T.copy()
    )
    assert found.shape == (stop - start, 4)
    for k, alpha in enumerate(alphas):
        whole = np.linalg.solve(matrix + alpha * np.eye(r), columns)
        expected = np.sum(columns * whole, axis=0)[start:stop]
        assert_allclose(found[:, k], expected, rtol=1e-12)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 200),
    st.floats(-6, 6),
    st.floats(0, 12),
    st.one_of(st.just(0.0), st.floats(1e-6, 1.0)),
    st.integers(0, 999),
)
def test_few_alphas_tell_all_others(n_alphas, top, decades, least, seed):
    """At eigenvalues of which the choice knew nothing, entry by entry."""
    largest = 1.0
    alphas = np.geomspace(10.0**top, 10.0 ** (top - decades), n_alphas)
    nodes, combine = interpolate(alphas, least, largest)
    assert combine.shape == (len(nodes), n_alphas)
    assert np.all(np.diff(np.sort(nodes)) > 0)
    floor = least + alphas.min()
    rng = np.random.default_rng(seed)
    places = np.exp(rng.uniform(np.log(floor), np.log(largest + alphas.min()), 300))
    values = np.clip(places - alphas.min(), least, largest)
    values = np.concatenate([values, [least, largest]])
    filters = (least + alphas) / (values[:, None] + alphas)
    found = filters[:, nodes] @ combine
    assert np.max(np.abs(found - filters) / filters) < 1e-10


def test_a_long_grid_needs_few_alphas():
    nodes, _ = interpolate(np.geomspace(1e3, 1e-4, 500), 1e-3, 1.0)
    assert len(nodes) < 60
