"""Passes of a network: repeatable, whatever the threads, and true on average."""

from dataclasses import replace

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from regkit.solvers.networks import prediction
from regkit.solvers.networks.architecture import Architecture, Embedding
from tests.solvers.networks.training import SETTINGS, make_data


@pytest.mark.parametrize("rate", [0.0, 0.3])
def test_passes_repeat_themselves_however_they_are_cut(rate):
    shape = Architecture(
        3, (5, 4), 2, ("relu", "tanh"), True, Embedding(3, 2, 0.2, 0.8)
    )
    params = shape.initial(np.random.default_rng(0), np.float64)
    net = shape.network()
    noise = replace(SETTINGS, dropout=(rate, 0.3, 0.2)).noise()
    rows = make_data(20).rows
    whole = prediction.passes(net, noise, params, rows, 6, 11)
    assert whole.shape == (6, 20, 2)
    for t in range(6):
        one = prediction.passes(net, noise, params, rows, 1, 11, first_pass=t)
        assert_allclose(one[0], whole[t], rtol=1e-12)
    assert len(np.unique(whole.reshape(6, -1), axis=0)) == 6
    frozen = params.copy()
    frozen.flags.writeable = False  # as from a memory map
    assert_array_equal(prediction.passes(net, noise, frozen, rows, 6, 11), whole)
    calm = prediction.passes(net, noise, params, rows, 2, 11, noisy=False)
    assert_array_equal(calm[0], calm[1])


def test_threads_change_no_prediction(monkeypatch):
    shape = Architecture(
        3, (13, 30), 2, ("relu", "gelu"), True, Embedding(3, 2, 0.2, 0.8)
    )
    params = shape.initial(np.random.default_rng(0), np.float32)
    noise = replace(SETTINGS, dropout=(0.1, 0.3, 0.2)).noise()
    rows = make_data(131, dtype=np.float32).rows
    monkeypatch.setattr(prediction, "_WORTHWHILE", 0)
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(prediction, "n_threads", lambda count=threads: count)
        found.append(prediction.passes(shape.network(), noise, params, rows, 4, 11))
    # In plain Python BLAS multiplies, which rounds by the number of rows of a share.
    tolerance = 1e-5 if numba.config.DISABLE_JIT else 0.0
    for other in found[1:]:
        assert_allclose(other, found[0], rtol=tolerance, atol=tolerance)


def test_passes_average_to_the_network_that_dropout_stands_for():
    """With an identity activation the mean over masks is the deterministic output."""
    shape = Architecture(3, (8,), 1, ("identity",))
    params = shape.initial(np.random.default_rng(0), np.float64)
    noise = replace(SETTINGS, dropout=(0.2, 0.4)).noise()
    rows = make_data(2).rows
    count = 400 if numba.config.DISABLE_JIT else 40_000
    found = prediction.passes(shape.network(), noise, params, rows, count, 0)[:, :, 0]
    expected = prediction.outputs(shape.network(), noise, params, rows)[:, 0]
    error = found.std(0) / np.sqrt(count)
    assert np.all(np.abs(found.mean(0) - expected) < 4 * error)
