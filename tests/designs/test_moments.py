"""Sums of products and what is made of them."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from regkit.designs.moments import mirrored


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
