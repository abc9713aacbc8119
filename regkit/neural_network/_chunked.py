"""Rows that are read chunk by chunk: looked at, counted, then learned from.

Two passes come before training. The first checks every chunk, finds the classes and
draws a sample of rows, which decides everything that takes rows at hand: the parts set
apart, quartiles of columns, residuals. The second counts and sums up the rows that are
left to learn from.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.kernels.networks.passes import InputRows
from regkit.kernels.networks.training import Data
from regkit.neural_network._data import Table
from regkit.neural_network._sample import Sample, SomeRows
from regkit.parallel.streaming import read_ahead
from regkit.rows.chunk_checks import Form, beside, count_rows
from regkit.rows.inputs import check_fit_data, check_sample_weight
from regkit.rows.row_chunks import RowChunks
from regkit.rows.sources import RowSource, named
from regkit.solvers.networks.scaling import Scaling, ScalingMoments

# The largest sample, in rows and in bytes as they are stored.
_SAMPLE_ROWS = 100_000
_SAMPLE_BYTES = 1 << 26


class TargetEncoding(NamedTuple):
    """How an estimator turns y and weights into what kernels take."""

    targets: Callable[[Any], Floats]
    weights: Callable[[Any, Floats], Floats]
    names: NDArray[Any] | None = None
    """Those of the columns."""

    def table(self, rows: SomeRows) -> Table:
        """Encode rows; those of weight zero are dropped."""
        return Table(
            rows.X,
            self.targets(rows.y),
            self.weights(rows.y, rows.weights),
            rows.numbers,
            names=self.names,
        ).without_weightless()


class Chunks:
    """Checked rows of a source, as often as they are needed.

    Parameters
    ----------
    caller : estimator
        Named in messages.
    source : RowSource
    y, sample_weight : object
        As they were passed to `fit`.
    plain_y : callable
        Checks and converts a y, of a chunk or of all rows, to an array.
    """

    def __init__(
        self,
        caller: Any,
        source: RowSource,
        y: Any,
        sample_weight: Any,
        plain_y: Callable[[Any], NDArray[Any]],
    ) -> None:
        self._caller = caller
        self._plain_y = plain_y
        self._skips_empty = source.may_be_empty
        self._chunks: RowChunks
        self._chunks, y, self._weight = source.chunks(y, sample_weight)
        self._y = None if y is None else plain_y(y)
        self._weights = None
        if self._weight is not None and not np.isscalar(self._weight):
            n = len(self._weight) if self._y is None else len(self._y)
            self._weights = check_sample_weight(self._weight, n)
        self._form: Form | None = None
        self._places: dict[int, tuple[int, int]] = {}
        self._n_rows = 0
        self._surveyed = False

    @property
    def names(self) -> NDArray[Any] | None:
        """Names of the columns."""
        return None if self._form is None else self._form.names

    @property
    def n_chunks(self) -> int:
        """Number of chunks with rows, after the first pass."""
        return len(self._places)

    @property
    def in_any_order(self) -> bool:
        """Whether chunks can be read in any order."""
        return self._chunks.n_chunks is not None

    def survey(self, seed: int, summary: Any, buffer_chunks: int) -> Sample:
        """Read everything once: sum y up, and draw a sample.

        Chunks are kept whole as long as there are no more than ``buffer_chunks``.
        """
        sample = Sample(seed)
        limit, count = 0, 0
        for number, rows in self.read():
            with named(number):
                summary.add(rows.y)
            carried = rows.weights > 0
            sample.add(rows if carried.all() else rows.take(carried))
            count += 1
            limit = limit or _sample_rows(rows.X)
            if count > buffer_chunks and len(sample) >= 2 * limit:
                sample.shrink(limit)
        if not count:
            raise ValueError("X has no chunks: its source is empty.")
        if self._y is not None and self._n_rows != len(self._y):
            raise ValueError(
                "X and y must have the same number of rows: the chunks of X have "
                f"{self._n_rows}, y has {len(self._y)}."
            )
        if not len(sample):
            raise ValueError("sample_weight must not be all zero.")
        if count > buffer_chunks:
            sample.shrink(limit)
        self._surveyed = True
        return sample

    def read(
        self, order: Sequence[int] | None = None
    ) -> Iterator[tuple[int, SomeRows]]:
        """Give chunks with their numbers, checked; all, or in this order.

        Raises
        ------
        ValueError, TypeError
            When a chunk is not usable, or the source is not what it was in the first
            pass; the message says which chunk.
        """
        seen = 0
        for chunk in self._chunks.read(order):
            number, X = chunk.number, chunk.X
            with named(number):
                n_rows = count_rows(X)
            if not n_rows and self._skips_empty:
                continue
            with named(number):
                start = self._start(number, n_rows)
                y, weight = beside(chunk, start, self._y, self._weights, self._weight)
                y = self._plain_y(y)
                data = check_fit_data(self._caller, X, np.zeros(len(y)), None)
                weights = np.ones(n_rows)
                if weight is not None:
                    weights = check_sample_weight(weight, n_rows)
                form = Form.of(chunk, data.X.shape[1])
                self._form = self._form or form
                self._form.compare(form)
            seen += 1
            numbers = np.arange(start, start + n_rows)
            yield number, SomeRows(numbers, data.X, y, weights)
        if self._surveyed and order is None and seen != len(self._places):
            raise ValueError(
                f"X has {seen} chunks, and had {len(self._places)} when it was read "
                "first; a source must give the same rows in every pass."
            )

    def _start(self, number: int, n_rows: int) -> int:
        """Give the number of a chunk's first row."""
        if not self._surveyed:
            self._places[number] = (self._n_rows, n_rows)
            self._n_rows += n_rows
        start, expected = self._places.get(number, (0, 0))
        if n_rows != expected:
            raise ValueError(
                f"X has {n_rows} rows, and had {expected} when it was read first; a "
                "source must give the same rows in every pass."
            )
        return start


class Totals(NamedTuple):
    """What is known of the rows to learn from after the second pass."""

    lengths: dict[int, int]
    """Rows of each chunk that has any."""
    weight: float
    columns: ScalingMoments | None
    targets: ScalingMoments | None


class Stream:
    """Rows to learn from: all of `Chunks` but those that were set apart.

    Parameters
    ----------
    chunks : Chunks
        After the first pass.
    encoding : Encoding
    apart : ndarray of int
        Numbers of the rows to leave out.
    of_columns, of_targets : bool
        Whose means and deviations to work out in the second pass.
    """

    def __init__(
        self,
        chunks: Chunks,
        encoding: TargetEncoding,
        apart: NDArray[np.int64],
        of_columns: bool,
        of_targets: bool,
    ) -> None:
        self._chunks = chunks
        self._encoding = encoding
        self._apart = np.sort(apart)
        self.totals = self._count(of_columns, of_targets)
        self.n_rows = sum(self.totals.lengths.values())

    def _count(self, of_columns: bool, of_targets: bool) -> Totals:
        lengths: dict[int, int] = {}
        weight = 0.0
        columns: ScalingMoments | None = None
        targets: ScalingMoments | None = None
        for number, table in read_ahead(self.tables()):
            lengths[number] = len(table.weights)
            weight += float(table.weights.sum())
            if of_columns:
                more = ScalingMoments.of(table.X, table.weights)
                columns = more if columns is None else columns.merge(more)
            if of_targets:
                more = ScalingMoments.of(table.targets, table.weights)
                targets = more if targets is None else targets.merge(more)
        if not lengths:
            raise ValueError("X has no rows to learn from.")
        return Totals(lengths, weight, columns, targets)

    def tables(self, order: Sequence[int] | None = None) -> Iterator[tuple[int, Table]]:
        """Give the rows of each chunk that has any, with its number."""
        for number, rows in self._chunks.read(order):
            first, last = np.searchsorted(self._apart, rows.numbers[[0, -1]] + [0, 1])
            if first < last:
                stays = np.ones(len(rows.numbers), dtype=bool)
                stays[self._apart[first:last] - rows.numbers[0]] = False
                if not stays.any():
                    continue
                rows = rows.take(stays)
            with named(number):
                table = self._encoding.table(rows)
            if len(table.weights):
                yield number, table

    def feed(
        self,
        inputs: Scaling,
        targets: Scaling,
        dtype: Any,
        *,
        seed: int | None,
        buffer_chunks: int,
    ) -> "ChunkFeed":
        """Scale rows for the trainer; no seed for chunks in their own order."""
        if not self._chunks.in_any_order:
            seed = None
        return ChunkFeed(self, inputs, targets, dtype, seed, buffer_chunks)


class ChunkFeed:
    """`Feed` of the trainer: an epoch's parts are a few chunks each."""

    def __init__(
        self,
        stream: Stream,
        inputs: Scaling,
        targets: Scaling,
        dtype: Any,
        seed: int | None,
        buffer_chunks: int,
    ) -> None:
        self._stream = stream
        self._scaling = (inputs, targets, dtype)
        self._seed = seed
        self._buffer_chunks = buffer_chunks
        self._lengths = stream.totals.lengths
        self.n_rows = stream.n_rows
        self.n_targets = len(targets.center)

    def _groups(self, key: int) -> list[list[int]]:
        """Give the chunks of each part, as equal in number as possible."""
        numbers = np.array(list(self._lengths))
        if self._seed is not None:
            numbers = np.random.default_rng([self._seed, key]).permutation(numbers)
        count = -(-len(numbers) // self._buffer_chunks)
        return [part.tolist() for part in np.array_split(numbers, count)]

    def plan(self, key: int) -> list[int]:
        groups = self._groups(key)
        return [sum(self._lengths[number] for number in group) for group in groups]

    def read(self, key: int) -> Iterator[Data]:
        return read_ahead(self._parts(key))

    def _parts(self, key: int) -> Iterator[Data]:
        groups = self._groups(key)
        order = None if self._seed is None else [n for group in groups for n in group]
        mean_weight = self._stream.totals.weight / self.n_rows
        tables = self._stream.tables(order)
        for group in groups:
            parts = []
            for expected in group:
                number, table = next(tables, (-1, None))
                if table is None or len(table.weights) != self._lengths[expected]:
                    raise ValueError(
                        f"Chunk {max(number, expected)} has other rows to learn from "
                        "than when it was read before; a source must give the same "
                        "rows in every pass."
                    )
                with named(number):
                    parts.append(table.data(*self._scaling, mean_weight))
            yield _join(parts, float(self.n_rows))
        next(tables, None)  # the source's own end, where it is checked


def _join(parts: list[Data], total_weight: float) -> Data:
    """Put the rows of parts one after the other."""
    rows = [part.rows for part in parts]
    ends = np.cumsum([0, *(len(each.data) for each in rows)])
    indptr = [each.indptr[:-1] + end for each, end in zip(rows, ends, strict=False)]
    sparse = len(rows[0].indptr) > 0
    return Data(
        InputRows(
            dense=np.concatenate([each.dense for each in rows]),
            data=np.concatenate([each.data for each in rows]),
            indices=np.concatenate([each.indices for each in rows]),
            indptr=np.concatenate([*indptr, ends[-1:]]) if sparse else rows[0].indptr,
            absent=rows[0].absent,
        ),
        np.concatenate([part.targets for part in parts]),
        np.concatenate([part.weights for part in parts]),
        total_weight,
    )


def _sample_rows(X: Any) -> int:
    """Return how many rows like these a sample may have."""
    stored = 12 * X.nnz if hasattr(X, "nnz") else X.nbytes
    return max(1, min(_SAMPLE_ROWS, int(_SAMPLE_BYTES * X.shape[0] / max(1, stored))))
