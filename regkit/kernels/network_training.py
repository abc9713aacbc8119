"""The training loop and the prediction loop, each in one call."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit.kernels._jit import inlined_kernel, kernel
from regkit.kernels.network_losses import loss_and_slopes, score_batch
from regkit.kernels.network_masks import Key, derive, draw, root
from regkit.kernels.network_optimisers import Groups, Optimiser, limit_norms, step
from regkit.kernels.network_passes import (
    Dropout,
    Network,
    Rows,
    Work,
    backward,
    copy_row,
    cut,
    forward,
    gather,
    layer_weights,
)

_SHUFFLE = 1 << 40  # a layer number that no layer has


class Data(NamedTuple):
    """Rows with what is to be learnt of them."""

    rows: Rows
    targets: NDArray[Any]
    """(n, n_targets)"""
    weights: NDArray[Any]
    """(n,)"""
    total_weight: float


class Loss(NamedTuple):
    """A code of `network_losses` and its parameter."""

    kind: int
    parameter: float


class State(NamedTuple):
    """What a run changes, and what a later run needs to go on."""

    params: NDArray[Any]
    first: NDArray[Any]
    """The optimiser's first moment, or velocity."""
    second: NDArray[Any]
    """The optimiser's second moment."""
    gradient: NDArray[Any]
    order: NDArray[np.int64]
    """(n,), the order of the rows."""


@inlined_kernel
def load_batch(
    net: Network, data: Data, order: NDArray[np.int64], work: Work
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Gather rows numbered ``order``; return their targets (n_targets, m), weights."""
    m = order.shape[0]
    gather(data.rows, order, net, cut(work.inputs, 0, net.n_features, m))
    n_targets = data.targets.shape[1]
    targets = cut(work.targets, 0, n_targets, m)
    weights = work.weights[:m]
    for i in range(m):
        weights[i] = data.weights[order[i]]
        for t in range(n_targets):
            targets[t, i] = data.targets[order[i], t]
    return targets, weights


@inlined_kernel
def batch_gradient(
    net: Network,
    loss: Loss,
    dropout: Dropout,
    data: Data,
    state: State,
    work: Work,
    order: NDArray[np.int64],
    fraction: float,
    key: Key,
) -> float:
    """Write the gradient of the batch's mean loss; return the sum of its losses."""
    m = order.shape[0]
    targets, weights = load_batch(net, data, order, work)
    outputs = forward(net, state.params, work, dropout, fraction, key, m)
    last = net.sizes.shape[0] - 1
    slopes = cut(work.deltas, net.firsts[last], net.sizes[last], m)
    total = loss_and_slopes(
        loss.kind, loss.parameter, outputs, targets, weights, slopes, 1.0 / m
    )
    backward(net, state.params, work, dropout, fraction, state.gradient, m)
    return total


@inlined_kernel
def shuffle(order: NDArray[np.int64], key: Key) -> None:
    """Permute ``order`` at random (Fisher & Yates), a function of the key."""
    for i in range(order.shape[0] - 1, 0, -1):
        # 2³² is far above any number of rows: the bias is n / 2³².
        j = (np.int64(draw(key, i)) * (i + 1)) >> 32
        order[i], order[j] = order[j], order[i]


@inlined_kernel
def train_epoch(
    net: Network,
    loss: Loss,
    dropout: Dropout,
    optimiser: Optimiser,
    groups: Groups,
    data: Data,
    state: State,
    work: Work,
    schedule: NDArray[np.float64],
    factor: float,
    seed: int,
    count: int,
    shuffled: bool,
) -> float:
    """Run one epoch; return the sum of the losses of its batches.

    ``schedule`` has one row a batch: learning rate, and what multiplies the dropout
    rates and alpha. ``factor`` multiplies the learning rate as well. Batches differ by
    one row at most. ``count`` steps came before.
    """
    n = state.order.shape[0]
    n_batches = schedule.shape[0]
    origin = root(seed)
    if shuffled:
        shuffle(state.order, derive(derive(origin, count), _SHUFFLE))
    total = 0.0
    for b in range(n_batches):
        count += 1
        order = state.order[b * n // n_batches : (b + 1) * n // n_batches]
        key = derive(origin, count)
        total += batch_gradient(
            net, loss, dropout, data, state, work, order, schedule[b, 1], key
        )
        step(
            optimiser,
            groups,
            state.params,
            state.gradient,
            state.first,
            state.second,
            count,
            schedule[b, 0] * factor,
            schedule[b, 2],
        )
        if optimiser.max_norm < math.inf:
            for layer in range(net.weights.shape[0] - 1):
                limit_norms(layer_weights(net, state.params, layer), optimiser.max_norm)
    return total


@inlined_kernel
def evaluate(
    net: Network,
    loss: Loss,
    dropout: Dropout,
    data: Data,
    params: NDArray[Any],
    work: Work,
    size: int,
    first: int,
    end: int,
    scores: NDArray[np.float64],
) -> float:
    """Return the sum of the losses of rows [first, end) without noise.

    Their scores are added to ``scores`` (`score_batch`).
    """
    key = root(0)
    total = 0.0
    for start in range(first, end, size):
        order = np.arange(start, min(end, start + size))
        m = order.shape[0]
        targets, weights = load_batch(net, data, order, work)
        outputs = forward(net, params, work, dropout, 0.0, key, m)
        slopes = cut(work.deltas, 0, outputs.shape[0], m)
        total += loss_and_slopes(
            loss.kind, loss.parameter, outputs, targets, weights, slopes, 1.0
        )
        score_batch(loss.kind, outputs, targets, weights, scores)
    return total


class Watch(NamedTuple):
    """What is remembered of the epochs of a run, and when it ends."""

    training: NDArray[np.float64]
    """(max_iter,), mean loss of each epoch's batches as they were trained on."""
    validation: NDArray[np.float64]
    """(max_iter,), mean loss of the validation rows after each epoch."""
    scores: NDArray[np.float64]
    """(max_iter, n_scores), sums of `score_batch` on the validation rows."""
    counts: NDArray[np.int64]
    """Epochs run, the best of them (from 1), epochs since progress, an outcome."""
    marks: NDArray[np.float64]
    """The best loss monitored, and what multiplies the learning rate."""
    best: NDArray[Any]
    """(n_params,), parameters after the best epoch."""
    safe: NDArray[Any]
    """(n_params,), parameters before the epoch under way."""
    half_losses: NDArray[np.float64]
    """(2, 2), of the first and the second half of the validation rows: the last loss
    and the least."""
    halves: NDArray[Any]
    """(2, n_params), parameters after the epoch that was best for each half."""
    tol: float
    patience: int
    adaptive: float
    """Divides the learning rate instead of ending the run; 1 for ending it."""
    smallest: float
    """Learning rate below which an adaptive run ends."""


EPOCHS, BEST, STALE, OUTCOME = 0, 1, 2, 3
UNDER_WAY, CONVERGED, DIVERGED = 0, 1, 2


@inlined_kernel
def _is_finite(params: NDArray[Any]) -> bool:
    zero = params.dtype.type(0.0)
    total = zero
    for i in range(params.shape[0]):
        total += params[i] * zero
    return bool(total == zero)


@inlined_kernel
def _judge(watch: Watch, loss: float, params: NDArray[Any], rate: float) -> None:
    """Note progress or its absence after an epoch with this monitored loss."""
    counts, marks = watch.counts, watch.marks
    if loss > marks[0] - watch.tol:
        counts[STALE] += 1
    else:
        counts[STALE] = 0
    if loss < marks[0]:
        marks[0] = loss
        counts[BEST] = counts[EPOCHS]
        copy_row(params, watch.best)
    for half in range(2):
        if watch.half_losses[half, 0] < watch.half_losses[half, 1]:
            watch.half_losses[half, 1] = watch.half_losses[half, 0]
            copy_row(params, watch.halves[half])
    if counts[STALE] <= watch.patience:
        return
    if watch.adaptive > 1.0 and rate > watch.smallest:
        marks[1] /= watch.adaptive
        counts[STALE] = 0
    else:
        counts[OUTCOME] = CONVERGED


@kernel
def train(
    net: Network,
    loss: Loss,
    dropout: Dropout,
    optimiser: Optimiser,
    groups: Groups,
    data: Data,
    held_out: Data,
    state: State,
    work: Work,
    schedule: NDArray[np.float64],
    n_batches: int,
    size: int,
    seed: int,
    count: int,
    shuffled: bool,
    opens: bool,
    closes: bool,
    watch: Watch,
) -> None:
    """Run the epochs of ``schedule``, ``n_batches`` rows each, until a reason to end.

    The loss of the held-out rows is monitored, the training loss where there are none.
    Where ``data`` are only some of an epoch's rows, the schedule is of this part of one
    epoch, ``data.total_weight`` is of all rows, and ``opens`` and ``closes`` say
    whether the part is the first and the last of its epoch.
    """
    counts = watch.counts
    for e in range(schedule.shape[0] // n_batches):
        epoch = counts[EPOCHS]
        if opens:
            copy_row(state.params, watch.safe)
            watch.training[epoch] = 0.0
        rates = schedule[e * n_batches : (e + 1) * n_batches]
        total = train_epoch(
            net,
            loss,
            dropout,
            optimiser,
            groups,
            data,
            state,
            work,
            rates,
            watch.marks[1],
            seed,
            count + e * n_batches,
            shuffled,
        )
        watch.training[epoch] += total / data.total_weight
        monitored = watch.training[epoch]
        n_held = held_out.weights.shape[0]
        if closes and n_held > 0:
            middle = (n_held + 1) // 2
            for half in range(2):
                watch.half_losses[half, 0] = evaluate(
                    net,
                    loss,
                    dropout,
                    held_out,
                    state.params,
                    work,
                    size,
                    half * middle,
                    n_held if half else middle,
                    watch.scores[epoch],
                )
            total = watch.half_losses[0, 0] + watch.half_losses[1, 0]
            monitored = total / held_out.total_weight
            watch.validation[epoch] = monitored
        if not (math.isfinite(monitored) and _is_finite(state.params)):
            copy_row(watch.safe, state.params)
            counts[OUTCOME] = DIVERGED
            return
        if not closes:
            return
        counts[EPOCHS] += 1
        _judge(watch, monitored, state.params, rates[-1, 0] * watch.marks[1])
        if counts[OUTCOME] != UNDER_WAY:
            return
