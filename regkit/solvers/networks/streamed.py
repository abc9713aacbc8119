"""Training on rows that come part by part, never all at once."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from regkit.kernels.networks.training import OUTCOME, UNDER_WAY, Data, RunState
from regkit.solvers.networks.adaptive_team import Company
from regkit.solvers.networks.architecture import Architecture, make_work
from regkit.solvers.networks.trainer import (
    OUTCOMES,
    VALIDATION_ROWS,
    Observer,
    Parameters,
    TrainingResult,
    TrainingSettings,
    how_it_ends,
    last_epoch,
    n_batches,
    n_threads_of,
    new_watch,
    result,
    schedule,
)


class Feed(Protocol):
    """Rows to learn from, in an order of their own in each epoch."""

    n_rows: int
    n_targets: int

    def plan(self, key: int) -> list[int]:
        """Return how many rows the parts of an epoch have, all positive."""

    def read(self, key: int) -> Iterator[Data]:
        """Give the parts as planned; their ``total_weight`` is that of all rows."""


def run_streamed(
    architecture: Architecture,
    settings: TrainingSettings,
    feed: Feed,
    held_out: Data,
    parameters: Parameters,
    observer: Observer | None = None,
) -> TrainingResult:
    """Train ``parameters`` in place, as `trainer.run` does.

    Each part is cut into equal batches, in an order drawn within the part. An epoch's
    key in the feed is the number of steps that came before it. An interrupted epoch
    leaves the parameters as they were before it.
    """
    net = architecture.network()
    dtype = parameters.params.dtype
    batch_rows = min(settings.batch_size, feed.n_rows)
    threads = n_threads_of(net, batch_rows)
    room = max(batch_rows, VALIDATION_ROWS)
    work = make_work(net, feed.n_targets, room, dtype, threads)
    watch = new_watch(settings, parameters.params, feed.n_targets)
    gradient = np.zeros_like(parameters.params)
    fixed = settings.fixed_arguments(architecture, net)
    held_order = np.arange(len(held_out.weights))
    company = Company(threads)
    outcome = "max_iter"

    def run_epoch(epoch: int) -> None:
        key = parameters.n_steps
        batches = [n_batches(rows, settings.batch_size) for rows in feed.plan(key)]
        each = sum(batches)
        rates = schedule(settings, epoch * each, each, settings.max_iter * each)
        done = 0
        for k, data in enumerate(feed.read(key)):
            arguments = (
                *fixed,
                data,
                held_out,
                RunState(
                    parameters.params,
                    parameters.first,
                    parameters.second,
                    gradient,
                    np.arange(len(data.weights)),
                    held_order,
                ),
                work,
                rates[done : done + batches[k]],
                batches[k],
                VALIDATION_ROWS,
                settings.seed,
                key + done,
                settings.shuffle,
                k == 0,
                k == len(batches) - 1,
                watch,
            )
            company.train(arguments)
            done += batches[k]
            if watch.counts[OUTCOME] != UNDER_WAY:
                break
        parameters.n_steps += done

    with np.errstate(all="ignore"):
        try:
            for epoch in range(settings.max_iter):
                if observer is not None:
                    observer.begin()
                before = parameters.params.copy()
                try:
                    run_epoch(epoch)
                except KeyboardInterrupt:
                    parameters.params[:] = before
                    raise
                how = int(watch.counts[OUTCOME])
                validated = len(held_out.weights) > 0
                if (
                    OUTCOMES.get(how) != "diverged"
                    and observer is not None
                    and observer.end(last_epoch(watch, validated))
                ):
                    outcome = "stopped"
                    break
                end = how_it_ends(settings, watch, held_out)
                if end is not None:
                    outcome = end
                    break
        except KeyboardInterrupt:
            outcome = "interrupted"
    return result(watch, held_out, outcome)
