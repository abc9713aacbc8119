"""The epoch whose weights networks of classes keep: the one whose mean is best.

Each network alone has its least loss early, before it is sure of too much. The mean of
several is best later: their mistakes differ, and what they are too sure of a
temperature mends (Berta, Holzmüller, Jordan & Bach 2025: refine first, then calibrate).
So networks that validate on the same rows keep the epoch at which their mean, at the
temperature that suits it best, loses least.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from regkit._types import Floats
from regkit.kernels.networks.passes import InputRows
from regkit.neural_network._held_out import Trained
from regkit.solvers.networks.temperature import log_likelihood, probabilities_of

# Temperatures to compare epochs at.
_TEMPERATURES = np.exp(np.linspace(-0.4, 1.6, 11))


class EpochChoice:
    """Chooses the epoch of networks that validate on the same rows.

    Parameters
    ----------
    independent : bool
        Whether outputs are labels of their own.
    tempered : bool
        Whether outputs will be divided by a temperature.
    """

    def __init__(self, independent: bool, tempered: bool) -> None:
        self._independent = independent
        self._temperatures = _TEMPERATURES if tempered else np.ones(1)

    def epochs(self, group: list[Trained]) -> tuple[int, int, int] | None:
        """Return the epoch that is best for the first half of the validation rows.

        Then that for the second half, and that for all. None of a single network, where
        no weights were kept to choose from, or where no row validates.
        """
        kept = [set(each.result.snapshots) for each in group]
        epochs = sorted(set.intersection(*kept)) if kept else []
        if len(group) < 2 or not epochs or not len(group[0].parts.validate.weights):
            return None
        X = group[0].parts.validate.X
        rows = [each.network.rows(X) for each in group]
        losses = np.array([self._losses(group, rows, epoch) for epoch in epochs])
        middle = (losses.shape[2] + 1) // 2
        halves = losses[:, :, :middle].sum(axis=2), losses[:, :, middle:].sum(axis=2)
        first, second, best = (
            epochs[int(np.argmin(part.min(axis=1)))]
            for part in (*halves, halves[0] + halves[1])
        )
        return first, second, best

    def _losses(
        self, group: list[Trained], rows: list[InputRows], epoch: int
    ) -> Floats:
        """Return weighted losses of rows at each temperature, (n_temperatures, n)."""
        table = group[0].parts.validate
        raw = np.array(
            [
                each.network.with_params(each.result.snapshots[epoch]).outputs_of(own)
                for each, own in zip(group, rows, strict=True)
            ]
        )
        found = []
        for temperature in self._temperatures:
            shares = probabilities_of(raw / temperature, self._independent).mean(axis=0)
            found.append(-log_likelihood(shares, table.targets, self._independent))
        return np.array(found) * table.weights

    def keep(self, trained: list[Trained]) -> list[Trained]:
        """Give the networks of each fold the weights of the epoch that is best."""
        folds = {each.parts.fold for each in trained}
        chosen = {
            fold: self.epochs([each for each in trained if each.parts.fold == fold])
            for fold in folds
        }
        return [_with_weights(each, chosen[each.parts.fold]) for each in trained]


def _with_weights(trained: Trained, epochs: tuple[int, int, int] | None) -> Trained:
    if epochs is None:
        return trained
    first, second, epoch = epochs
    result = trained.result
    snapshots = result.snapshots
    trained.network.parameters.params[:] = snapshots[epoch]
    return trained._replace(
        result=replace(
            result,
            best=snapshots[epoch],
            best_epoch=epoch,
            best_loss=float(result.validation_curve[epoch - 1]),
            halves=np.stack([snapshots[first], snapshots[second]]),
            snapshots={},
        )
    )
