"""Training: settings and state in, a frozen result out."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from regkit.kernels.networks import losses, masks, optimizers
from regkit.kernels.networks.barrier import CAN_WAIT
from regkit.kernels.networks.optimizers import Optimizer
from regkit.kernels.networks.passes import Dropout, Network
from regkit.kernels.networks.tiles import PANEL
from regkit.kernels.networks.training import (
    BEST,
    CONVERGED,
    DIVERGED,
    EPOCHS,
    OUTCOME,
    UNDER_WAY,
    Data,
    NetworkLoss,
    RunState,
    Watch,
)
from regkit.parallel.threads import n_threads
from regkit.solvers.networks.adaptive_team import Company
from regkit.solvers.networks.architecture import Architecture, make_work
from regkit.solvers.networks.schedules import factors

LOSSES = {
    "squared_error": losses.SQUARED,
    "absolute_error": losses.ABSOLUTE,
    "huber": losses.HUBER,
    "quantile": losses.QUANTILE,
    "gaussian_nll": losses.GAUSSIAN,
    "poisson": losses.POISSON,
    "binary": losses.BINARY,
    "softmax": losses.SOFTMAX,
}
NOISE = {"bernoulli": masks.BERNOULLI, "gaussian": masks.GAUSSIAN}
SOLVERS = {
    "adam": optimizers.ADAM,
    "adamw": optimizers.ADAMW,
    "sgd": optimizers.SGD,
}

OUTCOMES = {CONVERGED: "converged", DIVERGED: "diverged"}
# Seconds between looks at the clock and for an interrupt.
_BETWEEN_LOOKS = 0.1
_ADAPTIVE_DIVISOR = 5.0
_SMALLEST_RATE = 1e-6
# Rows of a validation batch.
VALIDATION_ROWS = 256
# Multiplications of a forward pass that make a thread worth its waiting.
_WORTHWHILE = 1 << 20


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train.

    Attributes
    ----------
    loss : str
        A key of `LOSSES`.
    loss_parameter : float
        Huber's delta, the share of label smoothing, which of the quantiles is scored.
    dropout : tuple of float
        Of the inputs, then of each hidden layer.
    dropout_kind : str
        A key of `NOISE`.
    solver : str
        A key of `SOLVERS`.
    momentum, beta_2, epsilon : float
        β₁, β₂ and ε of Adam; the first is the momentum of SGD.
    nesterov : bool
    alpha, l1, max_norm : float
        Penalties; infinite ``max_norm`` for none.
    learning_rate_init : float
    learning_rate, dropout_schedule, alpha_schedule : str
        Keys of `SCHEDULES`.
    rates : dict of str to float
        What multiplies the learning rate of an array of the parameters.
    batch_size, max_iter : int
    tol : float
    patience : int
        Epochs without progress of more than ``tol`` after which a run ends.
    shuffle : bool
    seed : int
        Of the noise and the order of rows.
    checks : tuple of int
        Epochs, ascending, after which a run ends unless one of those since the check
        before (not the first of them) is the best so far on held-out rows.
    levels : tuple of float
        The quantiles of the quantile loss.
    snapshots : tuple of int
        Epochs after which the parameters are kept, for a choice among them.
    stop_after : int or None
        Epoch after which a run ends, whatever ``max_iter`` the schedules are for.
    """

    loss: str
    loss_parameter: float
    dropout: tuple[float, ...]
    dropout_kind: str
    solver: str
    momentum: float
    beta_2: float
    epsilon: float
    nesterov: bool
    alpha: float
    l1: float
    max_norm: float
    learning_rate_init: float
    learning_rate: str
    dropout_schedule: str
    alpha_schedule: str
    rates: dict[str, float]
    batch_size: int
    max_iter: int
    tol: float
    patience: int
    shuffle: bool
    seed: int
    checks: tuple[int, ...] = ()
    levels: tuple[float, ...] = (0.5,)
    snapshots: tuple[int, ...] = ()
    stop_after: int | None = None

    @property
    def last(self) -> int:
        """The last epoch that may be run."""
        return self.max_iter if self.stop_after is None else self.stop_after

    def for_one_epoch(self) -> "TrainingSettings":
        """Return these settings for an epoch more, with nothing scheduled."""
        return replace(
            self,
            max_iter=1,
            checks=(),
            snapshots=(),
            learning_rate="constant",
            dropout_schedule="constant",
            alpha_schedule="constant",
        )

    def noise(self) -> Dropout:
        """Return the kernels' form of the dropout rates."""
        return Dropout(np.array(self.dropout), NOISE[self.dropout_kind])

    def kernel_loss(self) -> NetworkLoss:
        """Return the kernels' form of the loss."""
        return NetworkLoss(
            LOSSES[self.loss], self.loss_parameter, np.array(self.levels)
        )

    def optimizer(self) -> Optimizer:
        """Return the kernels' form of the optimizer and the penalties."""
        return Optimizer(
            SOLVERS[self.solver],
            self.momentum,
            self.beta_2,
            self.epsilon,
            self.nesterov,
            self.alpha,
            self.l1,
            self.max_norm,
        )

    def fixed_arguments(self, architecture: Architecture, net: Network) -> Any:
        """Return the first arguments of the kernel, which stay the same."""
        groups = architecture.groups(self.rates)
        return net, self.kernel_loss(), self.noise(), self.optimizer(), groups


@dataclass(slots=True)
class Parameters:
    """Parameters with the optimizer's state; training changes them in place."""

    params: NDArray[Any]
    first: NDArray[Any]
    second: NDArray[Any]
    n_steps: int = 0

    @classmethod
    def start(cls, params: NDArray[Any]) -> "Parameters":
        """Begin with these parameters and an optimizer that has seen nothing."""
        return cls(params, np.zeros_like(params), np.zeros_like(params))

    def copy(self) -> "Parameters":
        """Return an independent copy."""
        return Parameters(
            self.params.copy(), self.first.copy(), self.second.copy(), self.n_steps
        )


@dataclass(frozen=True, slots=True)
class Epoch:
    """What is known after an epoch; losses are nan where there are none."""

    number: int
    loss: float
    validation_loss: float


class Observer(Protocol):
    """What follows the epochs, and may end the run."""

    def begin(self) -> None:
        """Note that an epoch begins."""

    def end(self, epoch: Epoch) -> bool:
        """Note that an epoch has ended; True ends the run."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a run did."""

    outcome: str
    """"converged" (no more progress), "stopped" (by an `Observer`), "interrupted",
    "max_iter" or "diverged" (then the last finite parameters are kept).
    """
    n_epochs: int
    best_epoch: int
    """Epochs run, and the one whose monitored loss is least, from 1; 0 for none."""
    best_loss: float
    loss_curve: NDArray[np.float64]
    """(n_epochs,)"""
    validation_curve: NDArray[np.float64]
    """(n_epochs,)"""
    validation_scores: NDArray[np.float64]
    """(n_epochs, n_scores): Weighted means of squared errors per target, or the share
    of hits.
    """
    best: NDArray[Any]
    """(n_params,): Parameters after the best epoch."""
    halves: NDArray[Any]
    """(2, n_params): Parameters after the epoch that was best for the first and for the
    second half of the monitored rows; the first half is the longer one.
    """
    snapshots: dict[int, NDArray[Any]]
    """(n_params,): Parameters after the epochs that the settings name, of those that
    were run.
    """


def n_batches(n_rows: int, batch_size: int) -> int:
    """Return how many batches an epoch has."""
    return max(1, -(-n_rows // batch_size))


def run(
    architecture: Architecture,
    settings: TrainingSettings,
    data: Data,
    held_out: Data,
    parameters: Parameters,
    observer: Observer | None = None,
    alone: bool = False,
    must_stop: Callable[[], bool] | None = None,
) -> TrainingResult:
    """Train ``parameters`` in place.

    Parameters
    ----------
    architecture : Architecture
    settings : TrainingSettings
    data, held_out : Data
        Rows to learn from, with weights of mean 1, and rows to monitor, maybe none.
    parameters : Parameters
    observer : Observer, optional
        Without one, many epochs run in one call of the kernel.
    alone : bool
        Whether to keep to one thread, the others being busy with other runs.
    must_stop : callable, optional
        Asked now and then; True ends the run as an interrupt does.
    """
    net = architecture.network()
    n = len(data.weights)
    batches = n_batches(n, settings.batch_size)
    batch_rows = -(-n // batches)
    n_targets = data.targets.shape[1]
    dtype = parameters.params.dtype
    threads = 1 if alone else n_threads_of(net, batch_rows)
    room = max(batch_rows, VALIDATION_ROWS)
    work = make_work(net, n_targets, room, dtype, threads)
    watch = new_watch(settings, parameters.params, n_targets)
    state = RunState(
        parameters.params,
        parameters.first,
        parameters.second,
        np.zeros_like(parameters.params),
        np.arange(n),
        np.arange(len(held_out.weights)),
    )
    fixed = settings.fixed_arguments(architecture, net)
    total = settings.max_iter * batches
    company = Company(threads)
    chunk, outcome = 1, "max_iter"
    snapshots: dict[int, NDArray[Any]] = {}
    with np.errstate(all="ignore"):
        try:
            while watch.counts[EPOCHS] < settings.last:
                if must_stop is not None and must_stop():
                    raise KeyboardInterrupt
                done = int(watch.counts[EPOCHS])
                epochs = min(chunk, next_check(settings, done) - done)
                rates = schedule(settings, done * batches, epochs * batches, total)
                if observer is not None:
                    observer.begin()
                begun = time.perf_counter()
                arguments = (
                    *fixed,
                    data,
                    held_out,
                    state,
                    work,
                    rates,
                    batches,
                    VALIDATION_ROWS,
                    settings.seed,
                    parameters.n_steps,
                    settings.shuffle,
                    True,
                    True,
                    watch,
                )
                company.train(arguments)
                run_now = int(watch.counts[EPOCHS]) - done
                if run_now and done + run_now in settings.snapshots:
                    snapshots[done + run_now] = parameters.params.copy()
                parameters.n_steps += run_now * batches
                seconds = (time.perf_counter() - begun) / epochs
                if observer is None:
                    chunk = max(1, min(2 * chunk, int(_BETWEEN_LOOKS / seconds)))
                elif run_now and observer.end(
                    last_epoch(watch, len(held_out.weights) > 0)
                ):
                    outcome = "stopped"
                    break
                end = how_it_ends(settings, watch, held_out)
                if end is not None:
                    outcome = end
                    break
        except KeyboardInterrupt:
            outcome = "interrupted"
    return result(watch, held_out, outcome, snapshots)


def next_check(settings: TrainingSettings, done: int) -> int:
    """Return the epoch at which the run pauses next."""
    looks = (*settings.checks, *settings.snapshots, settings.last)
    return min(epoch for epoch in looks if epoch > done)


def how_it_ends(settings: TrainingSettings, watch: Watch, held_out: Data) -> str | None:
    """Return the outcome where there is nothing more to do."""
    how = int(watch.counts[OUTCOME])
    if how != UNDER_WAY:
        return OUTCOMES[how]
    return "converged" if _is_stale(settings, watch, held_out) else None


def _is_stale(settings: TrainingSettings, watch: Watch, held_out: Data) -> bool:
    """Whether a check shows that nothing was gained since the one before."""
    done, best = int(watch.counts[EPOCHS]), int(watch.counts[BEST])
    if not len(held_out.weights) or done not in settings.checks[1:]:
        return False
    return best <= settings.checks[settings.checks.index(done) - 1]


def n_threads_of(net: Network, batch_rows: int) -> int:
    """Return how many threads a batch is worth."""
    if not CAN_WAIT:
        return 1
    products = batch_rows * int(net.sizes[1:] @ net.sizes[:-1])
    return max(1, min(n_threads(), products // _WORTHWHILE, -(-batch_rows // PANEL)))


def new_watch(
    settings: TrainingSettings, params: NDArray[Any], n_targets: int
) -> Watch:
    """Remember nothing yet."""
    n_scores = n_targets if LOSSES[settings.loss] < losses.BINARY else 1
    adaptive = settings.learning_rate == "adaptive"
    return Watch(
        training=np.zeros(settings.max_iter),
        validation=np.zeros(settings.max_iter),
        scores=np.zeros((settings.max_iter, n_scores)),
        counts=np.zeros(4, dtype=np.int64),
        marks=np.array([np.inf, 1.0]),
        best=params.copy(),
        safe=params.copy(),
        half_losses=np.full((2, 2), np.inf),
        halves=np.stack([params, params]),
        tol=settings.tol,
        patience=settings.patience,
        adaptive=_ADAPTIVE_DIVISOR if adaptive else 1.0,
        smallest=_SMALLEST_RATE,
    )


def schedule(
    settings: TrainingSettings, first: int, count: int, total: int
) -> NDArray[np.float64]:
    """Give learning rate, dropout and penalty factors of steps out of ``total``."""
    columns = [
        factors(name, first, count, total)
        for name in (
            settings.learning_rate,
            settings.dropout_schedule,
            settings.alpha_schedule,
        )
    ]
    columns[0] *= settings.learning_rate_init
    return np.stack(columns, axis=1)


def last_epoch(watch: Watch, validated: bool) -> Epoch:
    """Tell of the epoch that was run last."""
    number = int(watch.counts[EPOCHS])
    validation = float(watch.validation[number - 1]) if validated else float("nan")
    return Epoch(number, float(watch.training[number - 1]), validation)


def result(
    watch: Watch,
    held_out: Data,
    outcome: str,
    snapshots: dict[int, NDArray[Any]] | None = None,
) -> TrainingResult:
    """Sum a run up."""
    n_epochs, best_epoch = int(watch.counts[EPOCHS]), int(watch.counts[BEST])
    validated = n_epochs if len(held_out.weights) else 0
    return TrainingResult(
        outcome=outcome,
        n_epochs=n_epochs,
        best_epoch=best_epoch,
        best_loss=float(watch.marks[0]),
        loss_curve=watch.training[:n_epochs].copy(),
        validation_curve=watch.validation[:validated].copy(),
        validation_scores=watch.scores[:validated] / (held_out.total_weight or 1.0),
        best=watch.best,
        halves=watch.halves,
        snapshots=snapshots or {},
    )
