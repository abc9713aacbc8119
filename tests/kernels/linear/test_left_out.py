"""Errors of rows left out, against the same in NumPy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from regkit.kernels.linear.left_out import left_out_errors


@pytest.mark.parametrize("per_target", [False, True])
def test_errors_and_moments(per_target):
    rng = np.random.default_rng(0)
    m, n_targets, n_alphas = 7, 3, 5
    residual = rng.normal(size=(m, n_targets, n_alphas))
    remaining = rng.uniform(0.1, 1.0, size=(m, n_alphas))
    weight = rng.uniform(0.5, 2.0, m)
    weight[2] = 0.0
    remaining[4, 3] = 1e-12
    least = np.full(n_alphas, 1e-9)
    expected = residual / remaining[:, None]
    expected[2] = expected[4, :, 3] = 0.0
    moments = np.ones((2, n_targets if per_target else 1, n_alphas))
    unsure = np.zeros((m, n_alphas), dtype=np.bool_)
    found = residual.copy()
    assert left_out_errors(found, remaining.copy(), least, weight, moments, unsure)
    assert_allclose(found, expected, rtol=1e-14)
    assert_array_equal(np.argwhere(unsure), [[4, 3]])
    squares = expected**2
    if not per_target:
        squares = squares.mean(axis=1, keepdims=True)
    assert_allclose(moments[0] - 1.0, np.einsum("i,ita->ta", weight, squares))
    assert_allclose(moments[1] - 1.0, np.einsum("i,ita->ta", weight, squares**2))
    remaining[4, 3] = 0.5
    unsure[:] = False
    assert not left_out_errors(residual, remaining, least, weight, moments, unsure)
    assert not unsure.any()


def test_nan_is_seen():
    residual, remaining = np.ones((1, 1, 2)), np.array([[np.nan, 1.0]])
    moments = np.zeros((2, 1, 2))
    unsure = np.zeros((1, 2), dtype=np.bool_)
    left_out_errors(residual, remaining, np.zeros(2), np.ones(1), moments, unsure)
    assert np.isnan(moments[0, 0, 0])
    assert moments[0, 0, 1] == 1.0
