"""Training of all members, at once where nobody watches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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

Watching = Callable[[int, list[Trained], Fitted, Parts], Observer | None]


class Members:
    """Networks with their rows, to be trained one after another or side by side.

    Parameters
    ----------
    networks : list of Fitted
        Trained in place.
    parts : list of Parts
        The rows of each.
    settings : list of Settings
    monitors : bool
        Whether the validation rows are looked at after every epoch, and choose the
        weights that are kept.
    shuffle, buffer_chunks : bool, int
        As the estimator's, for rows in chunks.
    """

    def __init__(
        self,
        networks: list[Fitted],
        parts: list[Parts],
        settings: list[TrainingSettings],
        monitors: bool,
        shuffle: bool,
        buffer_chunks: int,
    ) -> None:
        self._networks = networks
        self._parts = parts
        self._settings = settings
        self._monitors = monitors
        self._shuffle = shuffle
        self._buffer_chunks = buffer_chunks
        self._interrupted = False

    def train(self, watching: Watching | None) -> list[Trained]:
        """Train all; ``watching`` gives an observer for each.

        Members that an interrupt left without an epoch are not returned, unless there
        is no other.
        """
        count = len(self._networks)
        together = watching is None and all(each.stream is None for each in self._parts)
        trained: list[Trained] = []
        if together and count > 1:
            found = map_in_threads(
                lambda number: self._train_one(number, None, True),
                range(count),
                n_threads(),
            )
            trained = [each for each in found if each is not None]
        else:
            for number in range(count):
                network, parts = self._networks[number], self._parts[number]
                observer = None
                if watching is not None and not self._interrupted:
                    observer = watching(number, trained, network, parts)
                one = self._train_one(number, observer, False)
                if one is not None:
                    trained.append(one)
                    if one.result.outcome == "stopped":
                        break
        return [each for each in trained if each.result.n_epochs] or trained[:1]

    def _train_one(
        self, number: int, observer: Observer | None, alone: bool
    ) -> Trained | None:
        if self._interrupted:
            return None
        network, parts = self._networks[number], self._parts[number]
        result = self._run(network, parts, self._settings[number], observer, alone)
        if result.outcome == "interrupted":
            self._interrupted = True
        if self._monitors and len(parts.validate.weights) and result.best_epoch:
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
        held = parts.validate if self._monitors else parts.validate.at_most(0)
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
            seed=settings.seed if self._shuffle else None,
            buffer_chunks=self._buffer_chunks,
        )
        return run_streamed(
            network.architecture,
            settings,
            feed,
            monitored,
            network.parameters,
            observer,
        )
