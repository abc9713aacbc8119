"""The training loop and the prediction loop, each in one call."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.kernels._jit import (
    inlined_kernel,
    uncounted_kernel,
    uncounted_part,
    uncounted_summing_part,
)
from regkit.kernels.networks.barrier import Crew, meet, share
from regkit.kernels.networks.gradients import sum_gradient
from regkit.kernels.networks.inputs import load_inputs
from regkit.kernels.networks.losses import loss_and_slopes, score_batch
from regkit.kernels.networks.masks import Key, derive, draw, root
from regkit.kernels.networks.optimizers import Groups, Optimizer, limit_norms, step
from regkit.kernels.networks.passes import (
    Buffers,
    Dropout,
    InputRows,
    Network,
    backward,
    copy_row,
    forward,
    line,
    lines,
    n_panels,
    outputs_of,
)
from regkit.kernels.networks.tiles import PANEL

# A layer number that no layer has; typed, or Numba would compile for the literal.
_SHUFFLE = np.int64(1 << 40)


class Data(NamedTuple):
    """Rows with their targets and weights."""

    rows: InputRows
    targets: NDArray[Any]
    """(n, n_targets)"""
    weights: NDArray[Any]
    """(n,)"""
    total_weight: float


class NetworkLoss(NamedTuple):
    """A code of `losses`, its parameter, and the quantiles of the quantile loss."""

    kind: int
    parameter: float
    levels: Floats


class RunState(NamedTuple):
    """What a run changes, and what a later run needs to go on."""

    params: NDArray[Any]
    first: NDArray[Any]
    """The optimizer's first moment, or velocity."""
    second: NDArray[Any]
    """The optimizer's second moment."""
    gradient: NDArray[Any]
    order: Indices
    """(n,), the order of the rows."""
    held_order: Indices
    """The same of the rows that are held out, which stays as it is."""


@inlined_kernel
def load_panels(
    net: Network,
    params: NDArray[Any],
    data: Data,
    order: Any,
    work: Buffers,
    start: int,
    stop: int,
) -> None:
    """Gather panels' shares of the rows numbered ``order``, with their targets."""
    load_inputs(data.rows, order, net, params, work, start, stop)
    n_targets = data.targets.shape[1]
    for panel in range(start, stop):
        first = panel * PANEL
        count = min(PANEL, order.shape[0] - first)
        begin = first * n_targets
        for i in range(count):
            r = order[first + i]
            work.weights[first + i] = data.weights[r]
            for t in range(n_targets):
                work.targets[begin + t * PANEL + i] = data.targets[r, t]
        for i in range(count, PANEL):
            work.weights[first + i] = data.weights.dtype.type(0.0)
            for t in range(n_targets):
                work.targets[begin + t * PANEL + i] = data.targets.dtype.type(0.0)


@uncounted_summing_part
def note_losses(
    net: Network,
    loss: NetworkLoss,
    n_targets: int,
    work: Buffers,
    scale: float,
    start: int,
    stop: int,
) -> None:
    """Note the losses of panels; write their derivatives by the outputs."""
    last = net.sizes.shape[0] - 1
    for panel in range(start, stop):
        first = panel * work.height + net.firsts[last]
        work.losses[panel] = loss_and_slopes(
            loss.kind,
            loss.parameter,
            loss.levels,
            outputs_of(net, work, panel),
            lines(work.targets, panel * n_targets, n_targets),
            line(work.weights, panel),
            lines(work.deltas, first, net.sizes[last]),
            scale,
        )


@uncounted_part
def note_scores(
    net: Network,
    loss: NetworkLoss,
    n_targets: int,
    work: Buffers,
    start: int,
    stop: int,
) -> None:
    """Note the scores of panels."""
    for panel in range(start, stop):
        for s in range(n_targets):
            work.scores[panel, s] = 0.0
        score_batch(
            loss.kind,
            loss.parameter,
            outputs_of(net, work, panel),
            lines(work.targets, panel * n_targets, n_targets),
            line(work.weights, panel),
            work.scores[panel],
        )


@inlined_kernel
def _sum_losses(work: Buffers, panels: int) -> float:
    total = 0.0
    for panel in range(panels):
        total += work.losses[panel]
    return total


@inlined_kernel
def run_batch(
    net: Network,
    loss: NetworkLoss,
    dropout: Dropout,
    data: Data,
    state: RunState,
    work: Buffers,
    order: Indices,
    fraction: float,
    key: Key,
    learning: bool,
    crew: Crew,
    member: int,
) -> float:
    """Return the sum of the losses of the rows numbered ``order``.

    When ``learning``, write the gradient of their mean: a thread that of its share of
    the units, once all have done the passes of their shares of the panels. Otherwise
    write every panel's scores (`score_batch`).
    """
    m, n_targets = order.shape[0], data.targets.shape[1]
    panels = n_panels(m)
    start, stop = share(panels, member, crew)
    space = work.space[member]
    if start < stop:
        load_panels(net, state.params, data, order, work, start, stop)
        forward(net, state.params, work, dropout, fraction, key, start, stop, space)
        note_losses(net, loss, n_targets, work, 1.0 / m, start, stop)
        if learning:
            backward(net, state.params, work, dropout, fraction, start, stop, space)
        else:
            note_scores(net, loss, n_targets, work, start, stop)
    meet(crew, member)
    if learning:
        sum_gradient(net, state.params, work, state.gradient, panels, crew, member)
    return _sum_losses(work, panels)


@inlined_kernel
def _move(
    net: Network,
    optimizer: Optimizer,
    groups: Groups,
    state: RunState,
    count: int,
    rates: Floats,
    factor: float,
    crew: Crew,
    member: int,
) -> None:
    """Move a thread's share of the parameters by step number ``count``.

    ``rates`` are the learning rate, and what multiplies the dropout rates and alpha;
    ``factor`` multiplies the learning rate as well.
    """
    step(
        optimizer,
        groups,
        state.params,
        state.gradient,
        state.first,
        state.second,
        count,
        rates[0] * factor,
        rates[2],
        crew,
        member,
    )
    if optimizer.max_norm < math.inf:
        for layer in range(net.weights.shape[0] - 1):
            first, last = share(net.sizes[layer + 1], member, crew)
            inputs, start = net.sizes[layer], net.weights[layer]
            own = state.params[start + first * inputs : start + last * inputs]
            limit_norms(own.reshape(last - first, inputs), optimizer.max_norm)


@inlined_kernel
def _add_scores(work: Buffers, panels: int, scores: Floats) -> None:
    for panel in range(panels):
        for s in range(scores.shape[0]):
            scores[s] += work.scores[panel, s]


@inlined_kernel
def shuffle(order: Indices, key: Key) -> None:
    """Permute ``order`` at random (Fisher & Yates), a function of the key."""
    for i in range(order.shape[0] - 1, 0, -1):
        # 2³² is far above any number of rows: the bias is n / 2³².
        j = (np.int64(draw(key, i)) * (i + 1)) >> 32
        order[i], order[j] = order[j], order[i]


class Watch(NamedTuple):
    """What is remembered of the epochs of a run, and when it ends."""

    training: Floats
    """(max_iter,), mean loss of each epoch's batches as they were trained on."""
    validation: Floats
    """(max_iter,), mean loss of the validation rows after each epoch."""
    scores: Floats
    """(max_iter, n_scores), sums of `score_batch` on the validation rows."""
    counts: Indices
    """Epochs run, the best of them (from 1), epochs since progress, an outcome."""
    marks: Floats
    """The best loss monitored, and what multiplies the learning rate."""
    best: NDArray[Any]
    """(n_params,), parameters after the best epoch."""
    safe: NDArray[Any]
    """(n_params,), parameters before the epoch under way."""
    half_losses: Floats
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


@uncounted_summing_part
def _is_finite(params: NDArray[Any]) -> bool:
    zero = params.dtype.type(0.0)
    total = zero
    for i in range(params.shape[0]):
        total += params[i] * zero
    return bool(total == zero)


@inlined_kernel
def _note_loss(watch: Watch, loss: float, params: NDArray[Any], rate: float) -> None:
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


@inlined_kernel
def _conclude(
    watch: Watch,
    data: Data,
    held_out: Data,
    state: RunState,
    total: float,
    rate: float,
    closes: bool,
) -> None:
    """Note the losses of an epoch, or of a part of it, and whether the run goes on."""
    epoch = watch.counts[EPOCHS]
    watch.training[epoch] += total / data.total_weight
    monitored = watch.training[epoch]
    if closes and held_out.weights.shape[0] > 0:
        held = watch.half_losses[0, 0] + watch.half_losses[1, 0]
        monitored = held / held_out.total_weight
        watch.validation[epoch] = monitored
    if not (math.isfinite(monitored) and _is_finite(state.params)):
        copy_row(watch.safe, state.params)
        watch.counts[OUTCOME] = DIVERGED
        return
    if not closes:
        return
    watch.counts[EPOCHS] += 1
    _note_loss(watch, monitored, state.params, rate)


@uncounted_kernel
def train(
    net: Network,
    loss: NetworkLoss,
    dropout: Dropout,
    optimizer: Optimizer,
    groups: Groups,
    data: Data,
    held_out: Data,
    state: RunState,
    work: Buffers,
    schedule: Floats,
    n_batches: int,
    size: int,
    seed: int,
    count: int,
    shuffled: bool,
    opens: bool,
    closes: bool,
    watch: Watch,
    crew: Crew,
    member: int,
) -> None:
    """Run the epochs of ``schedule``, ``n_batches`` rows each, until a reason to end.

    Batches differ by one row at most. ``count`` steps came before. The loss of the
    held-out rows, ``size`` at a time, is monitored, the training loss where there are
    none. Where ``data`` are only some of an epoch's rows, the schedule is of this part
    of one epoch, ``data.total_weight`` is of all rows, and ``opens`` and ``closes`` say
    whether the part is the first and the last of its epoch. Every thread of the crew
    must call this, with the same arguments but for its number.
    """
    counts, origin = watch.counts, root(seed)
    middle = (state.held_order.shape[0] + 1) // 2
    for e in range(schedule.shape[0] // n_batches):
        epoch = counts[EPOCHS]
        rates = schedule[e * n_batches : (e + 1) * n_batches]
        factor = watch.marks[1]
        if member == 0:
            watch.half_losses[0, 0] = watch.half_losses[1, 0] = 0.0
            if opens:
                copy_row(state.params, watch.safe)
                watch.training[epoch] = 0.0
            if shuffled:
                shuffle(state.order, derive(derive(origin, count), _SHUFFLE))
        meet(crew, member)
        trained = 0.0
        # One place for all, where a batch is run, is compiled in a third of the time:
        # learning, then a look at each half of the held-out rows.
        for look in range(3 if closes else 1):
            learning = look == 0
            rows = data if learning else held_out
            whole = state.order if learning else state.held_order
            # Where the look begins among these rows, and how many it takes.
            lo = middle if look == 2 else 0
            n = middle if look == 1 else whole.shape[0] - lo
            batches = n_batches if learning else (n + size - 1) // size
            for b in range(batches):
                count += 1 if learning else 0
                total = run_batch(
                    net,
                    loss,
                    dropout,
                    rows,
                    state,
                    work,
                    whole[lo + b * n // batches : lo + (b + 1) * n // batches],
                    rates[b, 1] if learning else 0.0,
                    derive(origin, count),
                    learning,
                    crew,
                    member,
                )
                if learning:
                    trained += total
                    _move(
                        net,
                        optimizer,
                        groups,
                        state,
                        count,
                        rates[b],
                        factor,
                        crew,
                        member,
                    )
                else:
                    if member == 0:
                        watch.half_losses[look - 1, 0] += total
                        m = (b + 1) * n // batches - b * n // batches
                        _add_scores(work, n_panels(m), watch.scores[epoch])
                meet(crew, member)
        if member == 0:
            rate = rates[-1, 0] * factor
            _conclude(watch, data, held_out, state, trained, rate, closes)
        meet(crew, member)
        if counts[OUTCOME] != UNDER_WAY:
            return
