"""What is fitted to rows that are read in passes, and what a first pass finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from regkit._types import Floats
from regkit.solvers.folds.loss_passes import LossRequest, LossSums
from regkit.solvers.folds.out_of_core_passes import ColumnMoments
from regkit.solvers.losses import Loss
from regkit.solvers.multinomial import Multinomial
from regkit.solvers.results import PathResult


class MeasuredGroups(NamedTuple):
    """What a first pass finds out about rows."""

    columns: dict[tuple[int, int], ColumnMoments]
    """By fold (-1 for none) and class (0 where there are no classes)."""
    offsets: dict[tuple[int, int], float]
    """Weighted sums of the offsets, likewise."""

    def held_out_weight(self, fold: int) -> float:
        """Return the sum of the weights of a fold's rows."""
        return sum(m.total_weight for (k, _), m in self.columns.items() if k == fold)

    def trained_on(self, fold: int) -> list[tuple[int, ColumnMoments]]:
        """Return the columns of the rows that a fold trains on, with their classes."""
        groups = self.columns.items()
        return [(c, m) for (k, c), m in groups if k != fold or k < 0]

    def mean_offset(self, fold: int) -> float:
        """Return the mean offset of the rows that a fold trains on."""
        groups = self.offsets.items()
        total = sum(total for (k, _), total in groups if k != fold or k < 0)
        return total / sum(m.total_weight for _, m in self.trained_on(fold))


class LossPasses(Protocol):
    """The passes over the rows that the solver asks for."""

    def measure(self) -> MeasuredGroups:
        """Return the columns' and y's moments; groups without weight are left out."""

    def evaluate(self, request: LossRequest) -> LossSums:
        """Return what is asked for of all rows."""


class LossSetup(NamedTuple):
    """What is fitted to the rows."""

    loss: Loss | Multinomial
    targets: Callable[[Floats], Floats]
    """Turns y into targets; see `LossRequest`."""
    n_classes: int
    """0 where y are no classes."""
    factors: Callable[[Floats], Floats] | None
    """Turns the classes' weights in training into what theirs are multiplied by."""
    fit_intercept: bool
    standardize: bool


class FoldLosses(NamedTuple):
    """The paths of all folds."""

    whole: PathResult | None
    """(A, T) on all rows; T targets, or classes of the multinomial loss."""
    folds: list[PathResult]
    losses: Floats
    """(A, K): mean losses of the held-out rows, over the targets."""


def times(moments: ColumnMoments, factor: float) -> ColumnMoments:
    """Return the moments of rows whose weights are multiplied."""
    return ColumnMoments(
        factor * moments.total_weight,
        moments.mean,
        factor * moments.square,
        factor * moments.products,
    )
