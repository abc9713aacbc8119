"""Training part by part against training on all rows at once."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from regkit.kernels.networks.training import Data
from regkit.solvers.networks.streamed import run_streamed
from regkit.solvers.networks.trainer import Parameters, n_batches, run
from tests.solvers.networks.training import SETTINGS, SHAPE, Watcher, make_data

HELD_OUT = make_data(9, seed=9)
NONE = make_data(0)


class Parts:
    """Rows cut in their order."""

    def __init__(self, data, cuts):
        bounds = [0, *cuts, len(data.weights)]
        self.parts = [
            Data(
                data.rows._replace(dense=data.rows.dense[a:b]),
                data.targets[a:b],
                data.weights[a:b],
                data.total_weight,
            )
            for a, b in pairwise(bounds)
        ]
        self.n_rows = len(data.weights)
        self.n_targets = 1
        self.keys = []

    def plan(self, key):
        return [len(part.weights) for part in self.parts]

    def read(self, key):
        self.keys.append(key)
        return iter(self.parts)


def train(feed, held_out=NONE, observer=None, **changes):
    settings = replace(SETTINGS, **changes)
    params = SHAPE.initial(np.random.default_rng(1), np.float64)
    parameters = Parameters.start(params)
    how = run_streamed if isinstance(feed, Parts) else run
    return parameters, how(SHAPE, settings, feed, held_out, parameters, observer)


@pytest.mark.parametrize("cuts", [[], [4], [4, 8, 16], [12]])
@pytest.mark.parametrize("held_out", [NONE, HELD_OUT], ids=["alone", "validated"])
def test_parts_of_whole_batches_are_all_rows(cuts, held_out):
    data = make_data(20, weights=np.arange(1.0, 21.0))
    changes = {
        "shuffle": False,
        "dropout": (0.1, 0.3),
        "learning_rate": "cosine",
        "dropout_schedule": "cosine",
        "alpha": 0.1,
        "max_iter": 6,
    }
    whole, expected = train(data, held_out, **changes)
    parts, found = train(Parts(data, cuts), held_out, **changes)
    assert_array_equal(parts.params, whole.params)
    assert_array_equal(parts.second, whole.second)
    assert parts.n_steps == whole.n_steps == 30
    assert_allclose(found.loss_curve, expected.loss_curve, rtol=1e-12)
    assert_array_equal(found.validation_curve, expected.validation_curve)
    assert_array_equal(found.best, expected.best)
    assert_array_equal(found.halves, expected.halves)
    assert (found.outcome, found.best_epoch) == (expected.outcome, expected.best_epoch)


def test_parts_are_cut_into_batches_of_their_own():
    data = make_data(20)
    feed = Parts(data, [3, 11])
    parameters, result = train(feed, max_iter=3, learning_rate_init=1e-300)
    steps = sum(n_batches(rows, 4) for rows in (3, 8, 9))
    assert parameters.n_steps == 3 * steps
    assert feed.keys == [0, steps, 2 * steps]
    _, whole = train(data, max_iter=1, learning_rate_init=1e-300)
    assert_allclose(result.loss_curve, whole.loss_curve[0], rtol=1e-12)


def test_rows_are_shuffled_within_their_part():
    data = make_data(20)
    one = train(Parts(data, [12]), max_iter=3)[0].params
    assert_array_equal(train(Parts(data, [12]), max_iter=3)[0].params, one)
    calm = train(Parts(data, [12]), max_iter=3, shuffle=False)[0].params
    assert not np.array_equal(calm, one)
    first = train(Parts(data, []), max_iter=1)[0].params
    assert_array_equal(train(data, max_iter=1)[0].params, first)


def test_reasons_to_end():
    data = make_data(20)
    patient = train(Parts(data, [12]), tol=1e9, patience=3, max_iter=50)[1]
    assert (patient.outcome, patient.n_epochs) == ("converged", 5)
    watcher = Watcher(stop_at=2)
    stopped = train(Parts(data, [12]), observer=watcher, max_iter=9)[1]
    assert (stopped.outcome, stopped.n_epochs) == ("stopped", 2)
    assert watcher.begun == 2
    interrupted = train(Parts(data, [12]), observer=Watcher(error_at=3), max_iter=9)[1]
    assert (interrupted.outcome, interrupted.n_epochs) == ("interrupted", 3)


def test_divergence_and_interrupts_keep_the_epoch_before():
    data = make_data(20)
    changes = {"solver": "sgd", "learning_rate_init": 1e6, "max_iter": 100}
    for cuts in ([], [4, 12]):
        found, result = train(Parts(data, cuts), **changes)
        assert result.outcome == "diverged"
        assert np.isfinite(found.params).all()
        assert np.isfinite(result.loss_curve).all()

    class Interrupted(Parts):
        def read(self, key):
            yield self.parts[0]
            if key:
                raise KeyboardInterrupt
            yield self.parts[1]

    once = train(Parts(data, [12]), max_iter=1)[0].params
    found, result = train(Interrupted(data, [12]), max_iter=5)
    assert (result.outcome, result.n_epochs) == ("interrupted", 1)
    assert_array_equal(found.params, once)
