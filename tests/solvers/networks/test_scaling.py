"""Scales of columns: sparse, repeated and huge ones."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from regkit.solvers.networks.scaling import Scaling, ScalingMoments


@pytest.mark.parametrize("kind", ["standard", "robust"])
def test_scaling_of_sparse_and_of_repeated_rows(kind):
    rng = np.random.default_rng(0)
    X = np.where(rng.random((40, 5)) < 0.7, rng.normal(3.0, 2.0, (40, 5)), 0.0)
    X[:, 3], X[:, 4] = 7.0, 0.0
    counts = rng.integers(0, 4, 40).astype(float)

    def make(X, weights):
        if kind == "standard":
            return Scaling.standard(ScalingMoments.of(X, weights))
        return Scaling.robust(X, weights, 3.0)

    expected = make(
        np.repeat(X, counts.astype(int), axis=0), np.ones(int(counts.sum()))
    )
    for form in (X, sp.csc_array(X), sp.csr_array(X)):
        found = make(form, counts)
        assert_allclose(found.center, expected.center, atol=1e-12)
        assert_allclose(found.scale, expected.scale, rtol=1e-10)
    assert_array_equal(expected.scale[3:], 1.0)


def test_huge_columns_are_scaled_without_overflow():
    X = np.array([[1e300, 1e-300], [-1e300, 3e-300], [1e300, 1e-300]])
    scaling = Scaling.standard(ScalingMoments.of(X, np.ones(3)))
    assert np.isfinite(scaling.apply(X)).all()
    assert_allclose(scaling.apply(X).std(0), 1.0)
