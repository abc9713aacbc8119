"""Passes over the rows of a source, for what is summed up over them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from regkit._types import Floats
from regkit.rows.sources import Block, RowSource

_Sums = TypeVar("_Sums")
_Task = Callable[[Any, Floats, Floats | None], _Sums]


@dataclass(frozen=True)
class SourceReducer:
    """Rows that can be read again, beside y and the weights as the user passed them."""

    source: RowSource
    y: Any
    sample_weight: Any

    def reduce(
        self, task: "_Task[_Sums]", combine: Callable[[Iterable[_Sums]], _Sums]
    ) -> _Sums:
        """Combine what ``task(X, Y, sample_weight)`` returns for every chunk."""
        found: _Sums = self.source.reduce(
            partial(_apply, task), combine, self.y, self.sample_weight, None
        )
        return found


def _apply(task: "_Task[_Sums]", block: Block) -> _Sums:
    data = block.data
    return task(data.X, data.y.reshape(len(data.y), -1), data.sample_weight)
