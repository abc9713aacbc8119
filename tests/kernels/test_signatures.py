"""However the data come, Numba sees a few forms: nothing is compiled a second time."""

import subprocess
import sys
from collections import Counter
from importlib import import_module
from pkgutil import walk_packages

import numba
import numpy as np
import pytest
import scipy.sparse as sp
from numba.core.dispatcher import Dispatcher

import regkit.kernels
from regkit import (
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    ElasticNetRegressor,
    GeneralizedLinearRegressor,
    LassoRegressor,
    LinearSVMClassifier,
    LogisticClassifier,
    LogisticClassifierCV,
    RidgeRegressor,
    RowChunks,
    lasso_path,
)

ESTIMATORS = [
    LassoRegressor(0.3),
    LassoRegressor(0.3, solver="coordinate_descent"),
    ElasticNetRegressor(0.3, standardize=True, bounds=(-1, np.float32(2))),
    ElasticNetRegressor(0.3, fit_intercept=False, positive=True),
    RidgeRegressor(1),
    RidgeRegressor(1, positive=True),
]
LOSSES = [
    LogisticClassifier(0.1),
    LogisticClassifierCV(alphas=3, cv=2),
    LinearSVMClassifier(0.1, standardize=True),
    GeneralizedLinearRegressor(0.1),
]
NETWORK = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}
NETWORKS = [
    DropoutMLPRegressor(**NETWORK),
    DropoutMLPRegressor(
        **NETWORK,
        loss="gaussian_nll",
        embedding=None,
        standardize=True,
        solver="sgd",
        max_norm=1,
        n_iter_no_change=3,
        tol=0,
        early_stopping=False,
        input_scaling=True,
    ),
    DropoutMLPRegressor(
        **NETWORK, loss="huber", huber_delta=1, batch_size=np.int32(7), dropout=0
    ),
    DropoutMLPClassifier([4, 3], dropout=[0.1, 0.2], max_iter=2, random_state=0),
]


def read_only(X):
    X = X.copy(order="K") if isinstance(X, np.ndarray) else X.copy()
    for array in [X] if isinstance(X, np.ndarray) else [X.data, X.indices, X.indptr]:
        array.flags.writeable = False
    return X


def as_int64_indices(X):
    X = X.copy()
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


CANONICAL = [
    np.ascontiguousarray,
    np.asfortranarray,
    sp.csc_array,
    sp.csr_array,
    lambda X: as_int64_indices(sp.csc_array(X)),
    lambda X: as_int64_indices(sp.csr_array(X)),
]
OTHERS = [
    read_only,
    lambda X: read_only(np.asfortranarray(X)),
    lambda X: read_only(sp.csc_array(X)),
    lambda X: read_only(sp.csr_array(X)),
    lambda X: (10 * X).astype(int),
    lambda X: X > 0,
    lambda X: X.astype(np.longdouble),
    lambda X: X.astype(">f8"),
    lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    lambda X: X.tolist(),
    sp.csc_matrix,
    sp.coo_array,
    lambda X: sp.csc_array((10 * X).astype(int)),
]


def fit_all(X, y, sample_weight=None):
    for estimator in ESTIMATORS:
        estimator.fit(X, y, sample_weight=sample_weight)
    lasso_path(X, y, n_alphas=3)


def fit_losses(X, y, sample_weight=None):
    for estimator in LOSSES:
        estimator.fit(X, y, sample_weight=sample_weight)


def fit_networks(X, y, sample_weight=None):
    for network in NETWORKS:
        target = y if isinstance(network, DropoutMLPRegressor) else np.digitize(y, [0])
        network.fit(X, target, sample_weight)
        network.predict(X)
        network.sample_predictions(X, 2)
        network.partial_fit(X, target, sample_weight=sample_weight)
    if isinstance(X, np.ndarray):
        chunks = RowChunks([X[:8], X[8:]])
        network.set_params(buffer_chunks=1).fit(chunks, target, X_val=X, y_val=target)


def all_kernels():
    """Yield kernels, and the parts that some are to others, with their names."""
    for module in walk_packages(regkit.kernels.__path__, "regkit.kernels."):
        for name, kernel in vars(import_module(module.name)).items():
            if isinstance(kernel, Dispatcher):
                yield f"{module.name}.{name}", kernel
                if hasattr(kernel, "linked"):
                    yield f"{module.name}.{name}, linked", kernel.linked


def signatures():
    """Count what each kernel has been compiled for in this process."""
    return Counter({name: len(kernel.signatures) for name, kernel in all_kernels()})


def compiled_for_literals():
    """Return kernels compiled for a constant, and then again for numbers like it."""
    return [
        f"{name}{types}"
        for name, kernel in all_kernels()
        for types in kernel.signatures
        if any(isinstance(kind, numba.types.Literal) for kind in types)
    ]


def assert_settled(before, *once):
    """Nothing was compiled since ``before``, and kernels in ``once`` for one type."""
    assert signatures() - before == Counter()
    for name in once:
        assert before[f"regkit.kernels.{name}"] == 1
    assert not compiled_for_literals(), compiled_for_literals()


def session():
    rng = np.random.default_rng(0)
    shapes = [(20, 6), (20, 510)]  # the complete Gram matrix, a working set
    problems = [(rng.normal(size=shape), rng.normal(size=20)) for shape in shapes]
    weights = np.arange(1.0, 21.0)
    for X, y in problems:
        for convert in CANONICAL:
            fit_all(convert(X), y)
            fit_all(convert(X.astype(np.float32)), y)
    before = signatures()
    assert before.total() > 0
    for X, y in problems:
        for convert in OTHERS:
            fit_all(convert(X), y)
        fit_all(X, y, weights)
        fit_all(X, read_only(y), read_only(weights))
        fit_all(X, y.astype(np.float32), weights.astype(int))
        fit_all(X, (10 * y).round().astype(int), 2)
    # What does not touch X does not depend on its form.
    assert_settled(
        before, "linear.active_set.minimize", "linear.certificate.duality_gap"
    )


def loss_session():
    rng = np.random.default_rng(0)
    y = np.arange(20) % 2
    shapes = [(20, 6), (20, 510)]  # Gram matrices all the way, working sets
    problems = [rng.normal(size=shape) for shape in shapes]
    weights = np.arange(1.0, 21.0)
    for X in problems:
        # The values of all the others too: which kernels run depends on them.
        for values in [X, np.trunc(10 * X), (X > 0).astype(float)]:
            for convert in CANONICAL:
                fit_losses(convert(values), y)
        for convert in CANONICAL:
            fit_losses(convert(X.astype(np.float32)), y)
        fit_losses(X, y, weights)
    before = signatures()
    assert before.total() > 0
    for X in problems:
        for convert in OTHERS:
            fit_losses(convert(X), y)
        fit_losses(X, read_only(y), read_only(weights))
        fit_losses(X, y.astype(np.float32), 2)
    # What does not touch X does not depend on its form.
    assert_settled(before, "linear.loss_walk.walk", "linear.active_set.minimize")


def network_session():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 6)), rng.normal(size=20)
    fit_networks(X, y)
    before = signatures()
    for convert in CANONICAL + OTHERS:
        fit_networks(convert(X), y)
        fit_networks(convert(X.astype(np.float32)), y)
    fit_networks(X, read_only(y), read_only(np.arange(1.0, 21.0)))
    fit_networks(X, (10 * y).round().astype(int), 2)
    compiled_once = ["networks.training.train", "networks.sampling.sample"]
    assert_settled(before, *compiled_once)
    for network in NETWORKS:
        network.set_params(dtype="float64")
    fit_networks(X, y)
    fit_networks(sp.csr_array(X), y)
    for name in compiled_once:
        assert signatures()[f"regkit.kernels.{name}"] == 2


@pytest.mark.slow
@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
@pytest.mark.parametrize("what", ["session", "loss_session", "network_session"])
def test_nothing_is_compiled_for_forms_that_mean_the_same(what):
    # In a process of its own: other tests call kernels with what they like. In a
    # second, to see that what the first left in the cache can be loaded.
    code = f"import runpy; runpy.run_path({__file__!r})[{what!r}]()"
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
