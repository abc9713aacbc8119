"""Fits at the same time, in threads or processes, give the numbers of fits in turn."""

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose

from regkit import (
    ElasticNetRegressor,
    LassoRegressor,
    RidgeRegressor,
    make_correlated_regression,
)

PATIENCE = 300  # seconds; a deadlock fails instead of hanging


def jobs():
    """Bound methods and their arguments, over all routes that have state or threads."""
    tall, y_tall = make_correlated_regression(300, 40, random_state=0)
    wide, y_wide = make_correlated_regression(60, 900, random_state=1)
    rng = np.random.default_rng(2)
    stored = sp.csc_array(sp.random(1000, 12_000, density=0.05, random_state=rng))
    y_stored = stored[:, :20].sum(axis=1) + rng.normal(size=1000)
    for X, y in [(tall, y_tall), (wide, y_wide), (stored, y_stored)]:
        yield LassoRegressor(0.1), X, y
        yield ElasticNetRegressor(0.1, standardize=True), X, y
        yield LassoRegressor(0.1, solver="coordinate_descent", max_iter=10_000), X, y
        yield RidgeRegressor(1.0), X, y


@pytest.fixture(scope="module")
def expected():
    return [model.fit(X, y).coef_ for model, X, y in jobs()]


def test_threads(expected):
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            fits = [pool.submit(model.fit, X, y) for model, X, y in jobs()]
            for fit, coef in zip(fits, expected, strict=True):
                assert_allclose(fit.result(PATIENCE).coef_, coef, rtol=1e-7, atol=1e-9)


# A fork of a process with threads is what scikit-learn's users do with n_jobs.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes(method, expected):
    if method == "fork" and sys.platform != "linux":
        pytest.skip("BLAS libraries elsewhere do not survive a fork")
    with multiprocessing.get_context(method).Pool(2) as pool:
        fits = [pool.apply_async(model.fit, (X, y)) for model, X, y in jobs()]
        for fit, coef in zip(fits, expected, strict=True):
            assert_allclose(fit.get(PATIENCE).coef_, coef, rtol=1e-7, atol=1e-9)
