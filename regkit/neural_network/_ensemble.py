"""Networks that predict together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from regkit._types import Floats
from regkit.neural_network._fitted import Fitted


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Members whose predictions are averaged; private to the estimators."""

    members: tuple[Fitted, ...]
    """At least one."""
    seed: int
    """Of the folds, and of the noise of predictions that must repeat themselves."""
    temperature: float = 1.0
    """What outputs of a classifier are divided by."""
    n_planned: int = 1
    """Networks begun with; some of them may not have been trained to an epoch."""
    numbers: tuple[int, ...] = (0,)
    """Which of these the members are: it says which fold each did not learn from."""

    @property
    def first(self) -> Fitted:
        """The first member: all have its shape."""
        return self.members[0]

    def alone(self, number: int) -> Ensemble:
        """Return one member as an ensemble of its own."""
        return replace(self, members=(self.members[number],), n_planned=1, numbers=(0,))

    def outputs(self, X: Any) -> list[Floats]:
        """Return each member's outputs (n, n_outputs), over the temperature."""
        return [member.outputs(X) / self.temperature for member in self.members]

    def passes(self, X: Any, n_passes: int, seed: int) -> list[tuple[slice, Floats]]:
        """Return outputs with noise, members taking turns.

        Returns
        -------
        passes : list of (slice, ndarray (n_own, n, n_outputs))
            Of each member that has any: which passes are its own, and their outputs.
        """
        count = len(self.members)
        found = []
        for number, member in enumerate(self.members[:n_passes]):
            own = slice(number, n_passes, count)
            n_own = len(range(*own.indices(n_passes)))
            # One member's masks must not be another's.
            outputs = member.passes(X, n_own, seed + number)
            found.append((own, outputs / self.temperature))
        return found


def joined(found: list[tuple[slice, Floats]]) -> Floats:
    """Put the passes of all members in their places, (n_passes, ...)."""
    total = sum(len(values) for _, values in found)
    whole = np.empty((total, *found[0][1].shape[1:]))
    for own, values in found:
        whole[own] = values
    return whole
