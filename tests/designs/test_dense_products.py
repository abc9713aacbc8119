"""Products with a dense X in shares, against the same at once."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from regkit.designs import make_design
from regkit.designs.dense_products import centered_products, times, transposed_times
from regkit.parallel.threads import map_in_threads

# Enough entries for several threads.
N, P = 9000, 40


@pytest.fixture(params=["C", "F", "float32"])
def table(request):
    X = np.random.default_rng(0).normal(1.0, 2.0, size=(N, P))
    if request.param == "float32":
        return X.astype(np.float32)
    return np.asarray(X, order=request.param)


@pytest.mark.parametrize("rows", ["all", "run", "some"])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("is_centered", [False, True])
def test_gram(table, rows, is_weighted, is_centered):
    rng = np.random.default_rng(1)
    chosen = {
        "all": None,
        "run": np.arange(100, 8900),
        "some": np.sort(rng.choice(N, 8000, replace=False)),
    }[rows]
    part = table.astype(float)[slice(None) if chosen is None else chosen]
    center = rng.normal(size=P) if is_centered else np.zeros(P)
    root = rng.uniform(0.5, 1.5, len(part)) if is_weighted else 0.25
    target = rng.normal(size=len(part))
    found = centered_products(table, target, center, root, chosen)
    scaled = (part - center) * np.reshape(root, (-1, 1))
    assert_allclose(found[0], scaled.T @ scaled, rtol=1e-10, atol=1e-8)
    assert_array_equal(found[0], found[0].T)
    assert_allclose(found[1], target @ scaled, rtol=1e-9, atol=1e-8)
    assert_allclose(
        found[2],
        np.ravel(root) @ scaled if is_weighted else root * scaled.sum(axis=0),
        rtol=1e-9,
        atol=1e-8,
    )


def test_products_with_vectors(table):
    rng = np.random.default_rng(1)
    X, right, left = table.astype(float), rng.normal(size=(P, 2)), rng.normal(size=N)
    assert_allclose(times(table, right), X @ right, atol=1e-10)
    assert_allclose(times(table, right[:, 0]), X @ right[:, 0], atol=1e-10)
    assert_allclose(transposed_times(table, left), left @ X, atol=1e-9)
    both = np.stack([left, left**2])
    assert_allclose(transposed_times(table, both), both @ X, atol=1e-8)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("level", [0.0, 1e6])
def test_products_of_rows(order, is_weighted, level):
    rng = np.random.default_rng(0)
    X = np.asarray(level + rng.normal(size=(150, 400)), order=order)
    weight = rng.uniform(0.5, 2.0, 150) if is_weighted else None
    design = make_design(X, weight)
    share = np.full(150, 1 / 150) if weight is None else weight / weight.sum()
    Z = np.sqrt(share)[:, None] * (X - share @ X)
    found = design.row_gram(np.full(400, 0.5))
    assert_allclose(found, 0.5 * Z @ Z.T, atol=1e-9)
    assert_array_equal(found, found.T)


def test_other_threads_handle_floating_point_errors_as_the_caller():
    def divide(number):
        return np.float64(1.0) / np.float64(number)

    with warnings.catch_warnings(), np.errstate(divide="ignore"):
        warnings.simplefilter("error")
        assert map_in_threads(divide, [0.0] * 20, 4) == [np.inf] * 20
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        map_in_threads(divide, [0.0] * 20, 4)
