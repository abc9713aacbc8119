"""Rows that are read in chunks, never held: what estimators ask of them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.rows.bad_values import first_gap
from regkit.rows.inputs import FitData, check_y
from regkit.rows.row_chunks import RowChunks

Found = TypeVar("Found")

# The label of rows that no fold holds out.
NO_FOLD = -1


def no_fold() -> NDArray[np.int64]:
    """Return the label of rows that no fold holds out."""
    return np.array([NO_FOLD])


# Turns targets as they came into numbers.
Encode = Callable[[Any], Floats]


def plain_targets(y: Any) -> Floats:
    """Check targets that are numbers."""
    return check_y("X", y)


class BesideX(NamedTuple):
    """What belongs to the rows, as the user passed it."""

    y: Any
    sample_weight: Any
    labels: NDArray[np.int64] | None = None
    """The rows' folds."""
    offset: Any = None
    """Belongs to the rows as y does."""
    encode: Encode = plain_targets
    """Turns a y that comes in parts into numbers; one of all rows consists of these."""


class Block(NamedTuple):
    """Some rows, checked but for NaN and infinity."""

    number: int
    """Of the chunk that they belong to."""
    data: FitData
    labels: NDArray[np.int64]
    """One fold for all rows, or one for each."""
    offset: Floats | None = None
    """(n,), or (n, n_classes)."""


# What is done with each block, and with the results of several.
Task = Callable[[Block], Found]
Combine = Callable[[Iterable[Found]], Found]


class RowSource(Protocol):
    """Rows in chunks, somewhere."""

    may_be_empty: bool
    """Whether a chunk without rows is no mistake."""

    @property
    def n_features(self) -> int:
        """Columns, known without a pass."""

    def reduce(
        self, task: Task[Found], combine: Combine[Found], given: BesideX
    ) -> Found:
        """Return ``combine`` of ``task`` of all rows, from one pass over them.

        ``combine`` is associative and changes none of its arguments.
        """

    def targets(self, y: Any) -> tuple[Floats | None, int]:
        """Return y where a splitter may see it, and the number of rows."""

    def each_target(self, y: Any, task: Callable[[Any], Found]) -> list[Found]:
        """Return ``task`` of every part of y, as it came; all of y may be one."""

    def chunks(self, y: Any, sample_weight: Any) -> tuple[RowChunks, Any, Any]:
        """Return the rows to read one chunk after the other in this process.

        Beside them, y and the weights, or None where they come with the chunks.
        """

    def predict(self, predict: Callable[[Any], Any]) -> Any:
        """Return the predictions for all rows."""


@contextmanager
def named(number: int) -> Iterator[None]:
    """Let an error name the chunk, in one sentence."""
    try:
        yield
    except (ValueError, TypeError) as error:
        # scikit-learn goes on, in further lines: with the values, or with advice.
        said, _, more = str(error).partition("\n")
        if more:
            said = said.rstrip(":.") + "."
        raise type(error)(f"Chunk {number}: {said}") from None


def refuse(block: Block, reason: str) -> NoReturn:
    """Raise, naming the chunk, and NaN or infinity where they are the reason.

    They are not looked for beforehand: they come out of the sums.
    """
    found = first_gap(block.data.X)
    if found is not None:
        what = "NaN" if np.isnan(found.value) else "infinity"
        reason = f"Input X contains {what}: {found.place}."
    raise ValueError(f"Chunk {block.number}: {reason}") from None
