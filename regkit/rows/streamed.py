"""`RowChunks`, checked chunk by chunk and worked on by the threads of this process."""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn import config_context

from regkit._sklearn import feature_names
from regkit._types import Floats
from regkit.parallel.streaming import map_stream
from regkit.rows.inputs import FitData, check_fit_data, check_sample_weight, check_y
from regkit.rows.row_chunks import Chunk, RowChunks
from regkit.rows.sources import Block, Found, named, no_fold

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
        self,
        task: Callable[[Block], Found],
        combine: Callable[[Iterable[Found]], Found],
        y: Any,
        sample_weight: Any,
        labels: NDArray[np.int64] | None,
    ) -> Found:
        blocks = _blocks(self._chunks, self._marks, y, sample_weight, labels)
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
                _check_targets(found[-1], found[0])
                self._marks.compare("y", chunk.number, _mark(found[-1]))
        if not found:
            raise ValueError("X has no chunks: its source is empty.")
        self._marks.compare_ends(len(found))
        targets: Floats = np.concatenate(found)
        return targets, len(targets)

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


class Marks:
    """A few bytes of each chunk, by which a source that changed is told.

    They are looked at in every pass over one source: sums over other rows would make
    an answer that belongs to neither, and no certificate could tell.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], bytes] = {}
        self._n_chunks: int | None = None

    def compare(self, what: str, number: int, mark: bytes) -> None:
        """Keep the mark of X or y of a chunk, or compare it with the one kept.

        Raises
        ------
        ValueError
            When it differs, or there was no such chunk.
        """
        is_new = self._n_chunks is not None and number >= self._n_chunks
        if is_new or self._known.setdefault((what, number), mark) != mark:
            raise ValueError(
                f"{what} is not what it was when it was read first; a source must "
                "give the same rows in every pass."
            )

    def compare_ends(self, n_chunks: int) -> None:
        """Refuse a pass that ends earlier than the one before."""
        if self._n_chunks not in (None, n_chunks):
            raise ValueError(
                f"X has {n_chunks} chunks, and had {self._n_chunks} when it was read "
                "first; a source must give the same rows in every pass."
            )
        self._n_chunks = n_chunks


def _mark(values: Any) -> bytes:
    """Return the shape, and the first and the last row, or entries, of some rows."""
    some = values[[0, -1]] if isinstance(values, np.ndarray) else values.data[:99]
    return f"{values.shape}".encode() + bytes(some.tobytes())


def _blocks(
    chunks: RowChunks,
    marks: Marks,
    y: Any,
    sample_weight: Any,
    labels: NDArray[np.int64] | None,
) -> Iterator[Block]:
    """Check the chunks one by one, and cut them into what threads work on."""
    whole_y = None if y is None else check_y("X", y)
    weights = None
    if sample_weight is not None and not np.isscalar(sample_weight):
        n = np.shape(sample_weight)[0] if whole_y is None else len(whole_y)
        weights = check_sample_weight(sample_weight, n)
    first: tuple[Form, Floats] | None = None
    start = n_chunks = 0
    for chunk in chunks:
        with named(chunk.number):
            data = _check_chunk(chunk, start, whole_y, weights, sample_weight)
            form = Form.of(chunk, data.X.shape[1])
            first = first or (form, data.y[:1].copy())
            first[0].compare(form)
            _check_targets(data.y, first[1])
            marks.compare("X", chunk.number, _mark(data.X))
            marks.compare("y", chunk.number, _mark(data.y))
        n_chunks += 1
        n_rows = len(data.y)
        mine = no_fold() if labels is None else labels[start : start + n_rows]
        yield from _cut(chunk.number, data, mine)
        start += n_rows
    if first is None:
        raise ValueError("X has no chunks: its source is empty.")
    if whole_y is not None and start != len(whole_y):
        raise ValueError(
            "X and y must have the same number of rows: the chunks of X have "
            f"{start}, y has {len(whole_y)}."
        )
    if weights is not None and start != len(weights):
        raise ValueError(
            "sample_weight must have one entry per row of X: the chunks of X have "
            f"{start} rows, sample_weight has {len(weights)} entries."
        )
    marks.compare_ends(n_chunks)


class Form(NamedTuple):
    """What all chunks must have in common."""

    dtypes: Any
    names: Any
    n_features: int
    has_weights: bool

    @classmethod
    def of(cls, chunk: Chunk, n_features: int) -> "Form":
        X = chunk.X
        dtypes = getattr(X, "dtypes", getattr(X, "dtype", None))
        if not isinstance(dtypes, np.dtype) and dtypes is not None:
            dtypes = [str(dtype) for dtype in dtypes]
        has_weights = chunk.sample_weight is not None
        return cls(dtypes, feature_names(X), n_features, has_weights)

    def compare(self, form: "Form") -> None:
        """Refuse a later chunk that is not like the first.

        Raises
        ------
        ValueError
            When the columns, their names or their types differ, or only one of them
            brings weights.
        """
        if form.n_features != self.n_features:
            raise ValueError(
                f"X has {form.n_features} features, but the chunks before have "
                f"{self.n_features}."
            )
        if form.dtypes != self.dtypes:
            raise ValueError(
                f"X is of type {form.dtypes}, but the chunks before are {self.dtypes}; "
                "convert them all to one."
            )
        if (form.names is None) != (self.names is None) or np.any(
            form.names != self.names
        ):
            raise ValueError(
                f"X has the columns {form.names}, but the chunks before have "
                f"{self.names}."
            )
        if form.has_weights != self.has_weights:
            which = "comes" if form.has_weights else "does not come"
            raise ValueError(
                f"sample_weight {which} with the chunk, unlike those before."
            )


def count_rows(X: Any) -> int:
    """Return the number of rows of a chunk as it came.

    Raises
    ------
    TypeError
        When it is nothing that has rows.
    """
    if getattr(X, "shape", ()):
        return int(X.shape[0])
    if not hasattr(X, "__len__"):
        raise TypeError(f"X must hold rows, got {type(X).__name__}.")
    return len(X)


def _check_targets(y: Floats, before: Floats) -> None:
    """Refuse a y of other columns than those before have."""
    if y.shape[1:] != before.shape[1:]:
        raise ValueError(
            f"y has rows of shape {y.shape[1:]}, but in the chunks before they are "
            f"{before.shape[1:]}."
        )


def _check_chunk(
    chunk: Chunk,
    start: int,
    whole_y: Floats | None,
    weights: Floats | None,
    sample_weight: Any,
) -> FitData:
    y, weight = beside(chunk, start, whole_y, weights, sample_weight)
    if whole_y is None:
        y = check_y("X", y)
    # Whether X is finite comes out of the sums, without a pass of its own.
    with config_context(assume_finite=True):
        data = check_fit_data("X", chunk.X, y, None)
    if weight is not None:
        weight = check_sample_weight(weight, len(data.y))
    return data._replace(sample_weight=weight)


def beside(
    chunk: Chunk, start: int, whole_y: Any, weights: Any, sample_weight: Any
) -> tuple[Any, Any]:
    """Return y and the weights of a chunk, unchecked where they come with it.

    Parameters
    ----------
    chunk : Chunk
    start : int
        The number of its first row.
    whole_y, weights : ndarray or None
        Of all rows, checked, where they were passed.
    sample_weight : object
        The weights as they were passed; a number is the weight of all rows.
    """
    if (chunk.y is None) == (whole_y is None):
        raise ValueError(
            "y comes with the chunk and is passed as well; leave one of them out."
            if whole_y is not None
            else "y is neither passed nor comes with the chunk."
        )
    if chunk.sample_weight is not None and sample_weight is not None:
        raise ValueError(
            "sample_weight comes with the chunk and is passed as well; leave one of "
            "them out."
        )
    y, weight = chunk.y, chunk.sample_weight
    if weight is None:
        weight = sample_weight
    n_rows = count_rows(chunk.X)
    rows = slice(start, start + n_rows)
    if whole_y is not None:
        y = whole_y[rows]
        if len(y) < n_rows:
            raise ValueError(
                f"X goes to row {start + n_rows}, but y has {len(whole_y)} rows."
            )
    if weights is not None:
        weight = weights[rows]
        if len(weight) < n_rows:
            raise ValueError(
                f"X goes to row {start + n_rows}, but sample_weight has "
                f"{len(weights)} entries."
            )
    return y, weight


def _cut(number: int, data: FitData, labels: NDArray[np.int64]) -> Iterator[Block]:
    X, n_rows = data.X, len(data.y)
    is_sparse = sp.issparse(X)
    size = X.data.nbytes + X.indices.nbytes if is_sparse else X.nbytes
    count = max(1, min(n_rows, round(size / _BLOCK_BYTES)))
    if count == 1:
        yield Block(number, data, labels)
        return
    if is_sparse:
        X = X.tocsr()
    bounds = np.linspace(0, n_rows, count + 1).astype(int).tolist()
    for begin, end in pairwise(bounds):
        rows = slice(begin, end)
        part = X[rows] if is_sparse else np.ascontiguousarray(X[rows])
        weight = None if data.sample_weight is None else data.sample_weight[rows]
        mine = labels if len(labels) == 1 else labels[rows]
        yield Block(
            number, data._replace(X=part, y=data.y[rows], sample_weight=weight), mine
        )
