"""Sums of products and what is made of them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from regkit.designs.moments import mirrored, subtract_outer


@pytest.mark.parametrize("p", [0, 1, 63, 64, 65, 150])
def test_a_triangle_becomes_the_symmetric_matrix(p: int) -> None:
    rng = np.random.default_rng(p)
    upper = np.zeros((p, p + 2))[:, :p]  # rows of a wider array
    upper[np.triu_indices(p)] = rng.normal(size=p * (p + 1) // 2)
    whole = mirrored(upper)
    assert whole.flags.c_contiguous
    for i in range(p):
        assert_array_equal(whole[i, i:], upper[i, i:])
        assert_array_equal(whole[i:, i], upper[i, i:])


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (200, 150)])
@pytest.mark.parametrize("is_contiguous", [True, False])
def test_an_outer_product_is_subtracted_in_place(
    shape: tuple[int, int], is_contiguous: bool
) -> None:
    rng = np.random.default_rng(1)
    n, p = shape
    before = rng.normal(size=shape)
    products = before.copy() if is_contiguous else np.zeros((n, p + 1))[:, :p]
    products[:] = before
    left, right = rng.normal(size=n), rng.normal(size=p)
    subtract_outer(products, left, right)
    assert_allclose(products, before - np.outer(left, right), rtol=1e-13, atol=1e-14)
