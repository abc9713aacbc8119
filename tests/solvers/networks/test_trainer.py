"""The trainer against plain NumPy and against what must not change anything."""

from itertools import pairwise
from types import SimpleNamespace

import numba
import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from regkit.kernels.networks.training import Data
from regkit.solvers.networks import prediction, trainer
from regkit.solvers.networks.adaptive_team import Company
from regkit.solvers.networks.architecture import Architecture, Embedding
from regkit.solvers.networks.scaling import Scaling, ScalingMoments
from tests.solvers.networks.training import SETTINGS, SHAPE, Watcher, make_data, train


def reference_gradient(params, X, y, shape=SHAPE):
    """The gradient of half the mean squared error, written out for one layer."""
    views = shape.views(params)
    hidden = np.tanh(X @ views["weights0"].T + views["biases0"])
    residual = (hidden @ views["weights1"].T + views["biases1"])[:, 0] - y
    delta = residual / len(y)
    back = np.outer(delta, views["weights1"][0]) * (1 - hidden**2)
    parts = [back.T @ X, back.sum(0), delta @ hidden, delta.sum()]
    return np.concatenate([np.ravel(part) for part in parts])


def penalized(shape):
    mask = np.zeros(shape.n_params)
    for name, (place, _) in shape.pieces().items():
        mask[place] = name.startswith("weights")
    return mask


@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd", "nesterov"])
def test_optimizers_are_the_published_ones(solver):
    """Four steps on all rows, against the formulas in NumPy."""
    X = np.random.default_rng(0).normal(size=(12, 3))
    y = np.sin(X.sum(1))
    alpha, rate, b1, b2 = 0.3, 0.05, 0.9, 0.999
    params = SHAPE.initial(np.random.default_rng(1), np.float64)
    first, second = np.zeros_like(params), np.zeros_like(params)
    decay = alpha * penalized(SHAPE)
    for t in range(1, 5):
        g = reference_gradient(params, X, y)
        if solver != "adamw":
            g = g + decay * params
        if solver in ("sgd", "nesterov"):
            first = b1 * first - rate * g
            params = params + (b1 * first - rate * g if solver == "nesterov" else first)
            continue
        first = b1 * first + (1 - b1) * g
        second = b2 * second + (1 - b2) * g * g
        shrink = 1 - rate * decay if solver == "adamw" else 1.0
        m, v = first / (1 - b1**t), second / (1 - b2**t)
        params = params * shrink - rate * m / (np.sqrt(v) + 1e-8)
    found, result = train(
        make_data(X=X, y=y),
        solver="sgd" if solver == "nesterov" else solver,
        nesterov=solver == "nesterov",
        alpha=alpha,
        batch_size=12,
        max_iter=4,
    )
    assert_allclose(found.params, params, rtol=1e-10)
    assert result.n_epochs == found.n_steps == 4


def test_every_row_is_seen_once_an_epoch_in_equal_batches():
    """With rate zero the epoch's loss is that of all rows, whatever the batches."""
    data = make_data(13)
    losses = [
        train(data, batch_size=size, learning_rate_init=1e-300, max_iter=1)[
            1
        ].loss_curve[0]
        for size in (1, 2, 5, 12, 13, 100)
    ]
    assert_allclose(losses, losses[0], rtol=1e-12)


def test_the_same_seed_gives_the_same_numbers():
    data = make_data(30)
    changes = {"dropout": (0.1, 0.3)}
    first = train(data, **changes)[0].params
    assert_array_equal(train(data, **changes)[0].params, first)
    assert not np.array_equal(train(data, seed=6, **changes)[0].params, first)
    changes["shuffle"] = False
    assert not np.array_equal(train(data, **changes)[0].params, first)


@pytest.mark.parametrize("rows", [5, 70, 130])
@pytest.mark.parametrize("embedding", [None, Embedding(3, 2, 0.2, 0.8)])
def test_threads_change_nothing(monkeypatch, embedding, rows):
    """Batches of one panel to five, units that do not divide, everything trainable."""
    if numba.config.DISABLE_JIT:
        pytest.skip("plain Python has one thread")
    activations = ("relu", "gelu")
    shape = Architecture(3, (13, 30), 2, activations, embedding is not None, embedding)
    rng = np.random.default_rng(0)
    y = rng.normal(size=(2 * rows + 1, 2))
    rest = rng.normal(size=(2 * rows + 1, 3))
    data, held_out = (
        make_data(X=X, y=t[:, 0])._replace(targets=np.ascontiguousarray(t))
        for X, t in ((rest, y), (rest[: rows // 2], y[: rows // 2]))
    )
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(trainer, "n_threads_of", lambda *_, count=threads: count)
        parameters, result = train(
            data,
            shape,
            held_out=held_out,
            batch_size=rows,
            dropout=(0.1, 0.2, 0.2),
            max_norm=1.0,
            max_iter=3,
        )
        found.append((parameters.params, result.loss_curve, result.validation_scores))
    for other in found[1:]:
        for first, second in zip(found[0], other, strict=True):
            assert_array_equal(first, second)


def test_leaving_and_joining_threads_change_nothing(monkeypatch):
    """What a crew does while others keep the cores busy, at every other call."""
    if numba.config.DISABLE_JIT:
        pytest.skip("plain Python has one thread")
    data = make_data(30)
    changes = {"batch_size": 15, "dropout": (0.1, 0.2), "max_iter": 40}
    alone, _ = train(data, **changes)

    class Restless(Company):
        def train(self, arguments):
            self._until = -self._until
            super().train(arguments)

    monkeypatch.setattr(trainer, "Company", Restless)
    monkeypatch.setattr(trainer, "n_threads_of", lambda *_: 2)
    monkeypatch.setattr(trainer, "_BETWEEN_LOOKS", 0.0)  # an epoch a call
    together, _ = train(data, **changes)
    assert_array_equal(together.params, alone.params)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_weight_decay_ignores_repetition_of_rows(solver):
    X = np.random.default_rng(0).normal(size=(12, 3))
    y = np.sin(X.sum(1))
    once = train(make_data(X=X, y=y), solver=solver, alpha=0.5, batch_size=100)
    thrice = train(
        make_data(X=np.tile(X, (3, 1)), y=np.tile(y, 3)),
        solver=solver,
        alpha=0.5,
        batch_size=100,
    )
    assert_allclose(thrice[0].params, once[0].params, rtol=1e-9)
    assert_allclose(thrice[1].loss_curve, once[1].loss_curve, rtol=1e-9)


@pytest.mark.parametrize("solver", ["adamw", "sgd"])
@pytest.mark.parametrize("size", [1, 3, 12])
def test_weight_decay_ignores_the_batch_size(solver, size):
    """Where the loss has no slope, n steps leave (1 - rate · alpha)ⁿ of the weights."""
    X = np.zeros((12, 3))
    steps = 12 // size
    found, _ = train(
        make_data(X=X, y=np.zeros(12)),
        solver=solver,
        alpha=0.5,
        momentum=0.0,
        nesterov=False,
        batch_size=size,
        max_iter=1,
    )
    start = SHAPE.initial(np.random.default_rng(1), np.float64)
    assert_allclose(found.params, start * (1 - 0.05 * 0.5) ** steps, rtol=1e-12)


def test_decay_beyond_one_ends_at_zero():
    """Not on the other side, further away at each step."""
    zeros = make_data(X=np.zeros((12, 3)), y=np.zeros(12))
    found, result = train(
        zeros, solver="adamw", alpha=100.0, batch_size=12, max_iter=50
    )
    assert result.outcome != "diverged"
    assert_array_equal(found.params * penalized(SHAPE), 0.0)


@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd"])
def test_what_decays_reaches_zero_not_subnormal_numbers(solver):
    """Arithmetic on subnormal numbers takes many times as long."""
    found, _ = train(
        make_data(X=np.zeros((12, 3)), y=np.zeros(12), dtype=np.float32),
        dtype=np.float32,
        solver=solver,
        alpha=1.0,
        batch_size=12,
        max_iter=3000,
    )
    for state in (found.params, found.first, found.second):
        assert not np.any((state != 0) & (np.abs(state) < np.finfo(np.float32).tiny))
    if solver != "adam":  # whose steps do not shrink with the gradient
        assert np.mean(found.params == 0) > 0.5


def test_weights_of_rows_are_repetitions():
    rng = np.random.default_rng(0)
    X, counts = rng.normal(size=(12, 3)), rng.integers(0, 4, 12)
    y = np.sin(X.sum(1))
    kept = counts > 0
    weighted = train(
        make_data(X=X[kept], y=y[kept], weights=counts[kept]),
        batch_size=1000,
        alpha=0.1,
        l1=0.01,
        max_iter=20,
    )
    repeated = train(
        make_data(X=np.repeat(X, counts, axis=0), y=np.repeat(y, counts)),
        batch_size=1000,
        alpha=0.1,
        l1=0.01,
        max_iter=20,
    )
    assert_allclose(weighted[0].params, repeated[0].params, rtol=1e-8)
    assert_allclose(weighted[1].loss_curve, repeated[1].loss_curve, rtol=1e-9)


def test_l1_gives_exact_zeros():
    found, _ = train(make_data(20), l1=0.2, batch_size=20, max_iter=200)
    weights = found.params[penalized(SHAPE) > 0]
    assert np.mean(weights == 0) > 0.5
    assert np.all(np.isfinite(found.params))


def test_max_norm_limits_hidden_units_only():
    found, _ = train(make_data(20), max_norm=0.1, max_iter=20)
    views = SHAPE.views(found.params)
    lengths = np.linalg.norm(views["weights0"], axis=1)
    assert lengths.max() <= 0.1 * (1 + 1e-9)
    assert np.linalg.norm(views["weights1"]) > 0.1


def test_sparse_rows_are_dense_rows():
    rng = np.random.default_rng(0)
    X = np.where(rng.random((12, 3)) < 0.5, rng.normal(size=(12, 3)), 0.0)
    y = np.sin(X.sum(1))
    for scaling in (
        Scaling.standard(ScalingMoments.of(X, np.ones(12))),
        Scaling.robust(X, np.ones(12), 3.0),
    ):
        found = []
        for convert in (np.asarray, sp.csr_array, sp.csc_array):
            rows = scaling.rows(convert(X), np.float64)
            data = make_data(X=X, y=y)._replace(rows=rows)
            found.append(train(data, dropout=(0.1, 0.2))[0].params)
        assert_allclose(found[1], found[0], rtol=1e-12)
        assert_allclose(found[2], found[0], rtol=1e-12)


def test_schedules_reach_the_steps():
    """Two epochs at rate r, then rate 0: cosine over one epoch of one batch."""
    calm = train(make_data(), learning_rate="cosine", batch_size=12, max_iter=1)[0]
    full = train(make_data(), learning_rate="constant", batch_size=12, max_iter=1)[0]
    start = SHAPE.initial(np.random.default_rng(1), np.float64)
    assert_allclose(calm.params - start, (full.params - start) * 0.5, rtol=1e-9)


def test_best_epoch_of_held_out_rows():
    data, held_out = make_data(12), make_data(9, seed=9)
    _, result = train(data, held_out=held_out, max_iter=30, learning_rate_init=0.3)
    assert result.best_epoch == 1 + int(np.argmin(result.validation_curve))
    assert result.best_loss == result.validation_curve.min()
    again, _ = train(
        data, held_out=held_out, max_iter=result.best_epoch, learning_rate_init=0.3
    )
    assert_array_equal(result.best, again.params)
    outputs = prediction.outputs(
        SHAPE.network(), SETTINGS.noise(), result.best, held_out.rows
    )
    error = np.mean((outputs - held_out.targets) ** 2)
    assert_allclose(error / 2, result.best_loss)
    assert_allclose(result.validation_scores[result.best_epoch - 1], error)


def test_best_epochs_of_halves_of_the_held_out_rows():
    data, held_out = make_data(12), make_data(9, seed=9)
    changes = {"learning_rate_init": 0.3, "max_iter": 30}
    _, result = train(data, held_out=held_out, **changes)
    for half, rows in enumerate([slice(0, 5), slice(5, 9)]):
        part = Data(
            held_out.rows._replace(dense=held_out.rows.dense[rows]),
            held_out.targets[rows],
            held_out.weights[rows],
            float(held_out.weights[rows].sum()),
        )
        _, alone = train(data, held_out=part, **changes)
        assert alone.best_epoch != result.best_epoch
        assert_array_equal(result.halves[half], alone.best)


def test_patience_ends_a_run_and_adaptive_rates_fall():
    data = make_data()
    _, patient = train(data, tol=1e9, patience=3, max_iter=50)
    # The first epoch improves on infinity, the next four do not.
    assert (patient.outcome, patient.n_epochs) == ("converged", 5)
    _, adaptive = train(
        data, tol=1e9, patience=3, max_iter=500, learning_rate="adaptive"
    )
    assert adaptive.outcome == "converged"
    # From 0.05 seven divisions by 5 lead below 1e-6.
    assert adaptive.n_epochs == 1 + 4 * 8


def test_divergence_keeps_the_last_finite_parameters():
    found, result = train(
        make_data(), solver="sgd", learning_rate_init=1e6, max_iter=100, momentum=0.9
    )
    assert result.outcome == "diverged"
    assert np.isfinite(found.params).all()
    assert np.isfinite(result.loss_curve).all()


def test_observers_see_every_epoch_and_change_nothing():
    watcher = Watcher()
    held_out = make_data(9, seed=9)
    seen, result = train(make_data(), observer=watcher, held_out=held_out)
    unseen, _ = train(make_data(), held_out=held_out)
    assert_array_equal(seen.params, unseen.params)
    assert watcher.begun == 3
    assert [epoch.number for epoch in watcher.epochs] == [1, 2, 3]
    assert_array_equal([epoch.loss for epoch in watcher.epochs], result.loss_curve)
    assert_array_equal(
        [epoch.validation_loss for epoch in watcher.epochs], result.validation_curve
    )


def test_observers_stop_and_interrupt():
    parameters, result = train(make_data(), observer=Watcher(stop_at=2))
    assert (result.outcome, result.n_epochs) == ("stopped", 2)
    same, result = train(make_data(), observer=Watcher(error_at=2))
    assert (result.outcome, result.n_epochs) == ("interrupted", 2)
    assert_array_equal(parameters.params, same.params)


def test_a_run_ends_between_cycles_that_bring_nothing():
    """After a check without progress since the one before, on held-out rows only."""
    rng = np.random.default_rng(0)
    noise = make_data(40, y=3 * rng.normal(size=40), seed=1)
    held_out = make_data(30, y=np.zeros(30), seed=2)
    changes = {"max_iter": 60, "learning_rate_init": 0.05}
    whole = train(noise, held_out=held_out, **changes)[1]
    checks = (4, 12, 28)
    expected = next(
        (end for begin, end in pairwise(checks) if whole.best_epoch <= begin), 60
    )
    assert expected in (12, 28)  # of noise there is nothing to learn
    ended = train(noise, held_out=held_out, checks=checks, **changes)[1]
    assert ended.outcome == "converged"
    assert ended.n_epochs == expected
    assert_array_equal(ended.best, whole.best)
    assert train(noise, checks=checks, **changes)[1].n_epochs == 60
    useful = make_data(40)
    going = train(useful, held_out=make_data(30), checks=(4, 12, 28), max_iter=30)[1]
    assert going.n_epochs == 30


def test_snapshots_are_the_weights_of_runs_that_end_there():
    data, held_out = make_data(40), make_data(30, seed=2)
    changes = {"max_iter": 30, "learning_rate": "cosine"}
    whole = train(data, held_out=held_out, snapshots=(4, 17, 30), **changes)
    assert sorted(whole[1].snapshots) == [4, 17, 30]
    assert_array_equal(whole[1].snapshots[30], whole[0].params)
    shorter = train(
        data, held_out=held_out, snapshots=(4, 17, 30), stop_after=17, **changes
    )
    assert sorted(shorter[1].snapshots) == [4, 17]
    assert shorter[1].n_epochs == 17
    assert_array_equal(shorter[0].params, whole[1].snapshots[17])
    watched = []
    observer = SimpleNamespace(begin=lambda: None, end=lambda e: watched.append(e))
    told = train(
        data, held_out=held_out, snapshots=(4, 17), observer=observer, **changes
    )
    assert_array_equal(told[1].snapshots[4], whole[1].snapshots[4])
