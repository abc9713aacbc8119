"""Both storages of a column mean the same column."""

import numpy as np
import pytest
import scipy.sparse as sp
from numba import njit
from numpy.testing import assert_allclose

from regkit.designs import make_design
from regkit.kernels.linear import columns

RNG = np.random.default_rng(0)
X = RNG.normal(size=(11, 5)) * (RNG.random((11, 5)) < 0.7)
Y = RNG.normal(size=11)
EVERY = np.arange(5)


@njit
def correlations(block, places, residual):
    _, weighted, weight, indices, indptr, _, mean = block
    out = np.empty(len(places))
    for k in range(len(places)):
        first, last = indptr[places[k]], indptr[places[k] + 1]
        out[k] = columns.product(weighted, indices, first, last, residual) * weight
        out[k] += residual[-1] * mean[places[k]]
    return out


@njit
def subtract(block, j, step, residual):
    data, _, _, indices, indptr, offset, _ = block
    columns.subtract(data, indices, indptr[j], indptr[j + 1], step, residual)
    residual[-1] += step * offset[j]


@pytest.mark.parametrize("weight", [None, RNG.random(11)])
@pytest.mark.parametrize("convert", [np.asfortranarray, sp.csc_array])
def test_correlations_follow_the_residual(convert, weight):
    design = make_design(convert(X), weight, fit_intercept=True, standardize=True)
    target, _ = design.center(Y)
    store = design.columns()
    store.append(EVERY)
    block, places = store.block()
    coef = np.zeros(5)
    residual = store.sweep_residual(target, coef)
    for j, step in [(3, 0.5), (0, -2.0), (3, 1.0)]:
        subtract(block, j, step, residual)
        coef[j] += step
    found = correlations(block, places, residual)
    left = target - design.predict(coef)
    assert_allclose(found, design.correlate(left), atol=1e-13)
    assert_allclose(store.correlate(left), found, atol=1e-13)
    assert_allclose(residual, store.sweep_residual(target, coef), atol=1e-13)


@pytest.mark.parametrize("convert", [np.asfortranarray, sp.csc_array])
def test_plain_functions_equal_compiled_ones(convert):
    design = make_design(convert(X))
    store = design.columns()
    store.append(EVERY)
    block, places = store.block()
    residual = store.sweep_residual(design.center(Y)[0], np.zeros(5))
    plain = getattr(correlations, "py_func", correlations)
    compiled = correlations(block, places, residual)
    assert_allclose(plain(block, places, residual), compiled, atol=1e-15)
    again = residual.copy()
    subtract(block, 2, 0.5, residual)
    getattr(subtract, "py_func", subtract)(block, 2, 0.5, again)
    assert_allclose(again, residual, atol=1e-15)
