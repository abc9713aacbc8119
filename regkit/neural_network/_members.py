"""Training of all members, at once where no observer follows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from regkit.neural_network._choice import EpochChoice
from regkit.neural_network._fitted import Fitted
from regkit.neural_network._held_out import Trained
from regkit.neural_network._rows import Parts
from regkit.parallel.threads import map_in_threads, n_threads
from regkit.solvers.networks.streamed import run_streamed
from regkit.solvers.networks.trainer import (
    Observer,
    TrainingResult,
    TrainingSettings,
    run,
)

# A run goes on until this many times the epochs that were best for the first fold.
_MARGIN = 3
Watching = Callable[[int, list[Trained], Fitted, Parts], Observer | None]


@dataclass(eq=False)
class Members:
    """Networks with their rows, to be trained one after another or side by side."""

    networks: list[Fitted]
    """Trained in place."""
    parts: list[Parts]
    """The rows of each."""
    settings: list[TrainingSettings]
    monitors: bool
    """Whether the validation rows are looked at after every epoch, and choose the
    weights that are kept.
    """
    shuffle: bool
    buffer_chunks: int
    """As the estimator's, for rows in chunks."""
    kept: list[int] = field(default_factory=list, init=False)
    """Which networks `train` returned."""
    n_lost: int = field(default=0, init=False)
    """Networks whose loss was not finite in their first epoch."""
    _interrupted: bool = field(default=False, init=False)

    def train(
        self, watching: Watching | None, choice: EpochChoice | None
    ) -> list[Trained]:
        """Train all; ``watching`` gives an observer for each.

        With a ``choice`` the networks of the first fold are trained to the end, and all
        others not much longer than what was best for these. Members without an epoch,
        which were interrupted or diverged, are not returned, unless there is no other.
        """
        numbers = list(range(len(self.networks)))
        trained: dict[int, Trained] = {}
        if choice is not None:
            first = [k for k in numbers if self.parts[k].fold == self.parts[0].fold]
            trained = self._train_some(first, watching, {})
            numbers = [k for k in numbers if k not in first]
            chosen = choice.epochs(list(trained.values()))
            if chosen is not None:
                for k in numbers:
                    self.settings[k] = _shorter(self.settings[k], chosen[-1])
        if not self._interrupted and not _is_stopped(trained):
            trained = self._train_some(numbers, watching, trained)
        begun = sorted(trained)
        self.kept = [k for k in begun if trained[k].result.n_epochs] or begun[:1]
        lost = [trained[k].result for k in begun if not trained[k].result.n_epochs]
        self.n_lost = sum(each.outcome == "diverged" for each in lost)
        found = [trained[k] for k in self.kept]
        return found if choice is None else choice.keep(found)

    def _train_some(
        self, numbers: list[int], watching: Watching | None, done: dict[int, Trained]
    ) -> dict[int, Trained]:
        """Train those numbered so, and return them with those that were done before."""
        together = watching is None and all(each.stream is None for each in self.parts)
        found = dict(done)
        if together and len(self.networks) > 1:
            some = map_in_threads(
                lambda number: self._train_one(number, None, True),
                numbers,
                n_threads(),
            )
            both = zip(numbers, some, strict=True)
            return found | {k: each for k, each in both if each is not None}
        for number in numbers:
            network, parts = self.networks[number], self.parts[number]
            observer = None
            if watching is not None and not self._interrupted:
                observer = watching(number, list(found.values()), network, parts)
            one = self._train_one(number, observer, False)
            if one is not None:
                found[number] = one
                if _is_stopped(found):
                    break
        return found

    def _train_one(
        self, number: int, observer: Observer | None, alone: bool
    ) -> Trained | None:
        if self._interrupted:
            return None
        network, parts = self.networks[number], self.parts[number]
        result = self._run(network, parts, self.settings[number], observer, alone)
        if result.outcome == "interrupted":
            self._interrupted = True
        if self.monitors and len(parts.validate.weights) and result.best_epoch:
            network.parameters.params[:] = result.best
        return Trained(network, parts, result)

    def _run(
        self,
        network: Fitted,
        parts: Parts,
        settings: TrainingSettings,
        observer: Observer | None,
        alone: bool,
    ) -> TrainingResult:
        scaling = network.inputs, network.targets, network.parameters.params.dtype
        held = parts.validate if self.monitors else parts.validate.at_most(0)
        monitored = held.data(*scaling)
        if parts.stream is None:
            return run(
                network.architecture,
                settings,
                parts.learn.data(*scaling),
                monitored,
                network.parameters,
                observer,
                alone,
                lambda: self._interrupted,
            )
        feed: Any = parts.stream.feed(
            *scaling,
            seed=settings.seed if self.shuffle else None,
            buffer_chunks=self.buffer_chunks,
        )
        return run_streamed(
            network.architecture,
            settings,
            feed,
            monitored,
            network.parameters,
            observer,
        )


def _shorter(settings: TrainingSettings, best: int) -> TrainingSettings:
    """Return settings for a run that ends not long after an epoch."""
    later = [epoch for epoch in settings.snapshots if epoch >= _MARGIN * best]
    return replace(settings, stop_after=later[0]) if later else settings


def _is_stopped(trained: dict[int, Trained]) -> bool:
    return any(each.result.outcome == "stopped" for each in trained.values())
