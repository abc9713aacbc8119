"""Fits at the same time, in threads or processes, give the numbers of fits in turn."""

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from threadpoolctl import threadpool_info

from regkit import (
    ElasticNetRegressor,
    ElasticNetRegressorCV,
    LassoRegressor,
    LassoRegressorCV,
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
        yield LassoRegressorCV(alphas=10, eps=0.01, cv=3), X, y
        yield ElasticNetRegressorCV(alphas=10, eps=0.01, cv=3, n_jobs=2), X, y


@pytest.fixture(scope="module")
def expected():
    return [model.fit(X, y).coef_ for model, X, y in jobs()]


def n_blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if is_blas(pool)}


def is_blas(pool):
    return pool["user_api"] == "blas"


def test_threads(expected):
    before = n_blas_threads()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            fits = [pool.submit(model.fit, X, y) for model, X, y in jobs()]
            for fit, coef in zip(fits, expected, strict=True):
                assert_allclose(fit.result(PATIENCE).coef_, coef, rtol=1e-7, atol=1e-9)

    # Folds side by side keep BLAS to one thread each, and lift that limit again.
    assert n_blas_threads() == before


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
