"""Both storages of a column mean the same column."""

import numpy as np
import pytest
import scipy.sparse as sp
from numba import njit
from numpy.testing import assert_allclose

from regkit.designs import make_design
from regkit.kernels import columns

RNG = np.random.default_rng(0)
X = RNG.normal(size=(11, 5)) * (RNG.random((11, 5)) < 0.7)
Y = RNG.normal(size=11)
EVERY = np.arange(5)


@njit
def correlations(block, places, residual):
    out = np.empty(len(places))
    for k in range(len(places)):
        out[k] = columns.correlation(block, places[k], residual)
    return out


@pytest.mark.parametrize("weight", [None, RNG.random(11)])
@pytest.mark.parametrize("convert", [np.asfortranarray, sp.csc_array])
def test_correlations_follow_the_residual(convert, weight):
    design = make_design(convert(X), weight, fit_intercept=True, standardize=True)
    target, _ = design.centre(Y)
    store = design.columns()
    store.append(EVERY)
    block, places = store.block()
    coef = np.zeros(5)
    residual = store.sweep_residual(target, coef)
    for j, step in [(3, 0.5), (0, -2.0), (3, 1.0)]:
        columns.subtract(block, j, step, residual)
        coef[j] += step
    found = correlations(block, places, residual)
    assert_allclose(found, design.correlate(target - design.predict(coef)), atol=1e-13)
    assert_allclose(residual, store.sweep_residual(target, coef), atol=1e-13)


@pytest.mark.parametrize("convert", [np.asfortranarray, sp.csc_array])
def test_plain_functions_equal_compiled_ones(convert):
    design = make_design(convert(X))
    store = design.columns()
    store.append(EVERY)
    block, places = store.block()
    residual = store.sweep_residual(design.centre(Y)[0], np.zeros(5))
    compiled = correlations(block, places, residual)
    plain = [columns.correlation(block, j, residual) for j in range(5)]
    assert_allclose(plain, compiled, atol=1e-15)
