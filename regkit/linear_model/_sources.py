"""Rows that are visited, never held: what estimators ask of them."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, NoReturn, Protocol, TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from regkit.linear_model._inputs import FitData, Floats
from regkit.linear_model.row_chunks import RowChunks, as_row_chunks
from regkit.linear_model.statistics import SufficientStatistics, of_rows

Found = TypeVar("Found")


class Block(NamedTuple):
    """Some rows, checked but for NaN and infinity."""

    number: int
    """Of the chunk that they belong to."""
    data: FitData
    labels: NDArray[np.int64]
    """One fold for all rows, or one for each."""


class RowSource(Protocol):
    """Rows in chunks, somewhere."""

    may_be_empty: bool
    """Whether a chunk without rows is no mistake."""

    @property
    def n_features(self) -> int:
        """Columns, known without a pass."""

    def reduce(
        self,
        task: Callable[[Block], Found],
        combine: Callable[[Iterable[Found]], Found],
        y: Any,
        sample_weight: Any,
        labels: NDArray[np.int64] | None,
    ) -> Found:
        """Return ``combine`` of ``task`` of all rows, from one pass over them.

        ``combine`` is associative and changes none of its arguments. ``labels`` are
        the rows' folds.
        """

    def targets(self, y: Any) -> tuple[Floats | None, int]:
        """Return what a splitter may see of y, and the number of rows."""

    def chunks(self, y: Any, sample_weight: Any) -> tuple[RowChunks, Any, Any]:
        """Return the rows to read one chunk after the other in this process.

        Beside them, y and the weights, or None where they come with the chunks.
        """

    def predict(self, predict: Callable[[Any], Any]) -> Any:
        """Return the predictions for all rows."""


def as_source(X: Any) -> RowSource | None:
    """Return X as rows to be visited, None where it is data in memory."""
    if type(X).__module__.partition(".")[0].startswith("dask"):
        from regkit.linear_model._dask import DaskRows

        return DaskRows(X)
    chunks = as_row_chunks(X)
    if chunks is None:
        return None
    from regkit.linear_model._streamed import StreamedRows

    return StreamedRows(chunks)


def statistics_of(
    source: RowSource,
    y: Any,
    sample_weight: Any,
    labels: NDArray[np.int64] | None = None,
) -> SufficientStatistics:
    """Sum up all rows in one pass.

    Raises
    ------
    ValueError, TypeError
        When a chunk is not usable; the message says which.
    """
    return source.reduce(sum_up, merged, y, sample_weight, labels)


def sum_up(block: Block) -> SufficientStatistics:
    """Return the statistics of a block."""
    try:
        return of_rows(block.data, block.labels)
    except ValueError as error:
        refuse(block, str(error))


def refuse(block: Block, reason: str) -> NoReturn:
    """Say which chunk it is, and whether NaN or infinity is the reason.

    They are not looked for beforehand: they come out of the sums.
    """
    X = block.data.X
    entries: Any = getattr(X, "data", X) if sp.issparse(X) else X
    if not np.isfinite(entries).all():
        what = "NaN" if np.isnan(entries).any() else "infinity"
        reason = f"Input X contains {what}."
    raise ValueError(f"Chunk {block.number}: {reason}") from None


def merged(parts: Iterable[SufficientStatistics]) -> SufficientStatistics:
    """Return the statistics of all rows; the parts stay as they are."""
    total = SufficientStatistics()
    for part in parts:
        total.merge(part)
    return total


def fold_labels(
    cv: Any, y: Floats | None, n_rows: int, split_params: dict[str, Any]
) -> NDArray[np.int64]:
    """Return the fold in which each row is held out, -1 for none.

    Raises
    ------
    ValueError
        When a row is held out twice, or a fold leaves rows out that it does not hold
        out: then folds cannot share one pass over the rows.
    """
    labels = np.full(n_rows, -1)
    rows = np.broadcast_to(np.zeros(1), (n_rows, 1))
    for k, (train, test) in enumerate(cv.split(rows, y, **split_params)):
        is_free = bool(np.all(labels[test] == -1))
        labels[test] = k
        is_complement = not np.any(labels[train] == k)
        if not is_free or not is_complement or len(train) + len(test) != n_rows:
            raise ValueError(
                f"cv must hold every row out at most once, and train on all others, "
                f"for rows that are read in chunks: fold {k} of {cv!r} does not."
            )
    return labels
