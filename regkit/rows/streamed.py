"""`RowChunks`, checked chunk by chunk and worked on by the threads of this process."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn import config_context

from regkit._types import Floats
from regkit.parallel.streaming import map_stream
from regkit.rows.chunk_checks import Form, Marks, beside, check_targets, mark_of
from regkit.rows.inputs import FitData, check_fit_data, check_sample_weight, check_y
from regkit.rows.row_chunks import Chunk, RowChunks
from regkit.rows.sources import (
    BesideX,
    Block,
    Combine,
    Found,
    Task,
    named,
    no_fold,
)

# Bytes of X that a thread works on at a time.
_BLOCK_BYTES = 1 << 25


class StreamedRows:
    """The chunks of a `RowChunks`, in this process."""

    may_be_empty = False

    def __init__(self, chunks: RowChunks) -> None:
        self._chunks = chunks
        self._marks = Marks()

    @property
    def n_features(self) -> int:
        return self._chunks.count_features()

    def reduce(
        self, task: Task[Found], combine: Combine[Found], given: BesideX
    ) -> Found:
        blocks = _blocks(self._chunks, self._marks, given)
        return combine(map_stream(task, blocks))

    def targets(self, y: Any) -> tuple[Floats | None, int]:
        if y is not None:
            y = check_y("X", y)
            return y, len(y)
        found: list[Floats] = []
        for chunk in self._chunks:
            with named(chunk.number):
                if chunk.y is None:
                    raise ValueError("y is neither passed nor comes with the chunk.")
                found.append(check_y("X", chunk.y))
                check_targets(found[-1], found[0])
                self._marks.compare("y", chunk.number, mark_of(found[-1]))
        if not found:
            raise ValueError("X has no chunks: its source is empty.")
        self._marks.compare_ends(len(found))
        targets: Floats = np.concatenate(found)
        return targets, len(targets)

    def each_target(self, y: Any, task: Callable[[Any], Found]) -> list[Found]:
        if y is not None:
            return [task(y)]
        found = []
        for chunk in self._chunks:
            with named(chunk.number):
                if chunk.y is None:
                    raise ValueError("y is neither passed nor comes with the chunk.")
                found.append(task(chunk.y))
        if not found:
            raise ValueError("X has no chunks: its source is empty.")
        return found

    def chunks(self, y: Any, sample_weight: Any) -> tuple[RowChunks, Any, Any]:
        return self._chunks, y, sample_weight

    def predict(self, predict: Callable[[Any], Floats]) -> Any:
        found = []
        for chunk in self._chunks:
            with named(chunk.number):
                found.append(predict(chunk.X))
        if not found:
            raise ValueError("X has no chunks: its source is empty.")
        return np.concatenate(found)


def _blocks(chunks: RowChunks, marks: Marks, given: BesideX) -> Iterator[Block]:
    """Check the chunks one by one, and cut them into what threads work on."""
    y, sample_weight, labels, offset, _ = given
    whole_y = None if y is None else check_y("X", y)
    weights = None
    if sample_weight is not None and not np.isscalar(sample_weight):
        n = np.shape(sample_weight)[0] if whole_y is None else len(whole_y)
        weights = check_sample_weight(sample_weight, n)
    first: tuple[Form, Floats] | None = None
    start = n_chunks = 0
    for chunk in chunks:
        with named(chunk.number):
            data = _check_chunk(chunk, start, whole_y, weights, given)
            form = Form.of(chunk, data.X.shape[1])
            first = first or (form, data.y[:1].copy())
            first[0].compare(form)
            check_targets(data.y, first[1])
            marks.compare("X", chunk.number, mark_of(data.X))
            marks.compare("y", chunk.number, mark_of(data.y))
        n_chunks += 1
        n_rows = len(data.y)
        rows = slice(start, start + n_rows)
        mine = no_fold() if labels is None else labels[rows]
        shift = None
        if offset is not None:
            shift = offset[rows]
            if len(shift) < n_rows:
                raise ValueError(
                    f"X goes to row {start + n_rows}, but offset has {len(offset)} "
                    "entries."
                )
        yield from _cut(Block(chunk.number, data, mine, shift))
        start += n_rows
    if first is None:
        raise ValueError("X has no chunks: its source is empty.")
    if whole_y is not None and start != len(whole_y):
        raise ValueError(
            "X and y must have the same number of rows: the chunks of X have "
            f"{start}, y has {len(whole_y)}."
        )
    if offset is not None and start != len(offset):
        raise ValueError(
            f"offset must have one entry per row of X: the chunks of X have {start} "
            f"rows, offset has {len(offset)} entries."
        )
    if weights is not None and start != len(weights):
        raise ValueError(
            "sample_weight must have one entry per row of X: the chunks of X have "
            f"{start} rows, sample_weight has {len(weights)} entries."
        )
    marks.compare_ends(n_chunks)


def _check_chunk(
    chunk: Chunk,
    start: int,
    whole_y: Floats | None,
    weights: Floats | None,
    given: BesideX,
) -> FitData:
    y, weight = beside(chunk, start, whole_y, weights, given.sample_weight)
    if whole_y is None:
        y = given.encode(y)
    # Whether X is finite comes out of the sums, without a pass of its own.
    with config_context(assume_finite=True):
        data = check_fit_data("X", chunk.X, y, None)
    if weight is not None:
        weight = check_sample_weight(weight, len(data.y))
    return data._replace(sample_weight=weight)


def _cut(block: Block) -> Iterator[Block]:
    number, data, labels, offset = block
    X, n_rows = data.X, len(data.y)
    is_sparse = sp.issparse(X)
    size = X.data.nbytes + X.indices.nbytes if is_sparse else X.nbytes
    count = max(1, min(n_rows, round(size / _BLOCK_BYTES)))
    if count == 1:
        yield block
        return
    if is_sparse:
        X = X.tocsr()
    bounds = np.linspace(0, n_rows, count + 1).astype(int).tolist()
    for begin, end in pairwise(bounds):
        rows = slice(begin, end)
        part = X[rows] if is_sparse else np.ascontiguousarray(X[rows])
        weight = None if data.sample_weight is None else data.sample_weight[rows]
        mine = labels if len(labels) == 1 else labels[rows]
        shift = None if offset is None else offset[rows]
        cut = data._replace(X=part, y=data.y[rows], sample_weight=weight)
        yield Block(number, cut, mine, shift)
