"""Rows that networks did not learn from, with the networks that may judge them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.neural_network._data import Table
from regkit.neural_network._fitted import Fitted
from regkit.neural_network._folds import NEVER
from regkit.neural_network._rows import Parts
from regkit.solvers.networks.trainer import TrainingResult

# Rows that show how far the networks of several folds are apart.
_ROWS_TO_COMPARE = 500


class Trained(NamedTuple):
    """A network, the rows it was trained on, and what the training showed."""

    network: Fitted
    parts: Parts
    result: TrainingResult


class HeldOut(NamedTuple):
    """Rows, and networks none of which learned from them or was chosen by them."""

    networks: tuple[Fitted, ...]
    table: Table
    group: int
    """Of `Judges.members`."""
    fold: Table
    """All rows that were held out together, these among them."""


class Judges(NamedTuple):
    """All rows that were held out, by the networks that judge them."""

    held_out: list[HeldOut]
    members: tuple[tuple[int, ...], ...]
    """The members that predict for each group of rows: of each fold, or all."""
    are_set_apart: bool = False
    """Whether the rows were set apart for this alone."""

    @property
    def by_fold(self) -> bool:
        """Whether each group of members has rows of its own."""
        return len(self.members) > 1

    def some_rows(self) -> list[Table]:
        """Return some rows of each part, which show how far the groups are apart."""
        most = max(1, _ROWS_TO_COMPARE // len(self.held_out))
        return [each.table.at_most(most) for each in self.held_out]

    def fill(self, found: list[Floats], n_rows: int) -> Floats:
        """Put what was found of each part at the places of its rows, else NaN."""
        whole = np.full((n_rows, *found[0].shape[1:]), np.nan)
        for each, values in zip(self.held_out, found, strict=True):
            whole[each.table.numbers] = values
        return whole

    def folds(self, n_rows: int) -> NDArray[np.int64]:
        """Return the fold of each row, `NEVER` where it was not held out."""
        folds = np.full(n_rows, NEVER)
        for each in self.held_out:
            folds[each.table.numbers] = each.group
        return folds


def judges_of(trained: list[Trained], chosen: bool) -> Judges:
    """Find the rows that were held out.

    Those set apart to calibrate serve alone where there are any. Validation rows that
    chose the epoch would look better predicted than new rows: each half of them is
    judged by the weights that the other half would have chosen.

    Parameters
    ----------
    trained : list of Trained
    chosen : bool
        Whether validation rows chose the epoch whose weights are kept.
    """
    networks = tuple(each.network for each in trained)
    everyone = (tuple(range(len(trained))),)
    calibrate = trained[0].parts.calibrate
    if len(calibrate.weights):
        held_out = [HeldOut(networks, calibrate, 0, calibrate)]
        return Judges(held_out, everyone, are_set_apart=True)
    if len(trained) == 1 or trained[0].parts.fold is None:
        found = _halves(trained, trained[0].parts.validate, 0, chosen)
        return Judges(found, everyone)
    members = tuple(
        tuple(k for k, each in enumerate(trained) if each.parts.fold == fold)
        for fold in sorted({each.parts.fold or 0 for each in trained})
    )
    found = []
    for group, own in enumerate(members):
        some = [trained[k] for k in own]
        found += _halves(some, some[0].parts.validate, group, chosen)
    return Judges(found, members)


def _halves(
    trained: list[Trained], table: Table, group: int, chosen: bool
) -> list[HeldOut]:
    n = len(table.weights)
    if not n:
        return []
    if not chosen or n == 1:
        networks = tuple(each.network for each in trained)
        return [HeldOut(networks, table, group, table)]
    parts = np.split(np.arange(n), [(n + 1) // 2])
    return [
        HeldOut(
            tuple(
                each.network.with_params(each.result.halves[1 - half])
                for each in trained
            ),
            table.take(rows),
            group,
            table,
        )
        for half, rows in enumerate(parts)
    ]
