"""Rows that are read chunk by chunk and never held all at once."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from typing import Any, NamedTuple, Self

import numpy as np
import scipy.sparse as sp

from regkit._text import count
from regkit.parallel.streaming import read_ahead

# Bytes of an array that are read at a time, unless the user says otherwise.
_CHUNK_BYTES = 1 << 25
# Chunks of a memory map that the system is asked to read ahead, and chunks after which
# it may have the memory back.
_AHEAD = 3
_BEHIND = 8


class Chunk(NamedTuple):
    """Some rows as they came, unchecked."""

    number: int
    """Counted from 0."""
    X: Any
    y: Any
    """None where the source has rows of X alone."""
    sample_weight: Any
    """None where the source has no weights."""


class RowChunks:
    """Rows of X, read chunk by chunk whenever they are needed.

    Wherever the linear estimators take X they take `RowChunks`: to fit, to
    cross-validate, to predict; so do the networks. A few chunks are in memory at a
    time. Memory maps (`numpy.memmap`) of 256 MB and more are read so without being
    wrapped.

    Parameters
    ----------
    source : array, sparse matrix, sequence or callable
        - A two-dimensional array, such as a `numpy.memmap`, or a CSR matrix: its rows,
          `chunk_rows` at a time.
        - A sequence (with ``len``) of chunks: opened files, frames, delayed readers
          behind ``__getitem__``.
        - A callable without arguments that returns an iterator over the chunks: it is
          called anew for every pass, and must give the same rows each time.

        A chunk is what `fit` takes for X (array, CSR or CSC matrix, pandas or polars
        frame, Arrow record batch or table), or a tuple ``(X, y)`` or
        ``(X, y, sample_weight)``.
    chunk_rows : int, default=None
        Rows of an array that are read at a time; by default as many as 32 MB hold.

    See Also
    --------
    SufficientStatistics : Rows summed up once and for all.

    Examples
    --------
    >>> import numpy as np
    >>> from regkit import RidgeRegressor, RowChunks
    >>> def days():
    ...     for day in range(7):
    ...         rng = np.random.default_rng(day)
    ...         X = rng.standard_normal((1000, 3))
    ...         yield X, X @ [1.0, 2.0, 3.0] + 4.0
    >>> model = RidgeRegressor(alpha=1e-6).fit(RowChunks(days))
    >>> model.coef_.round(3)
    array([1., 2., 3.])
    """

    def __init__(
        self,
        source: Any,
        *,
        chunk_rows: int | None = None,
    ) -> None:
        if chunk_rows is not None and not (
            isinstance(chunk_rows, int | np.integer) and chunk_rows >= 1
        ):
            raise ValueError(f"chunk_rows must be 1 or more, got {chunk_rows!r}.")
        self._source = source
        self._chunk_rows = chunk_rows
        is_array = isinstance(source, np.ndarray) or sp.issparse(source)
        if is_array and source.ndim != 2:
            raise ValueError(
                f"source must have two dimensions, got an array of shape "
                f"{source.shape}."
            )
        self._is_array = is_array
        is_list = isinstance(source, Sequence) and not isinstance(source, str | bytes)
        if not is_array and not callable(source) and not is_list:
            raise TypeError(
                "source must be a two-dimensional array, a sparse matrix, a sequence "
                "of chunks or a callable that returns an iterator over them, got "
                f"{type(source).__name__}; an iterator or generator could be read only "
                "once."
            )

    @classmethod
    def from_parquet(
        cls,
        path: str | PathLike[str] | Sequence[str],
        target: str | Sequence[str] | None = None,
        *,
        columns: Sequence[str] | None = None,
        sample_weight: str | None = None,
        chunk_rows: int = 1 << 16,
    ) -> Self:
        """Read Parquet files, or a directory of them, batch by batch.

        Parameters
        ----------
        path : str, path or list of them
            As ``pyarrow.dataset.dataset`` takes it.
        target : str or list of str, default=None
            The column, or columns, of y; None where y is passed to `fit`, and to
            predict.
        columns : list of str, default=None
            The columns of X; by default all others.
        sample_weight : str, default=None
            The column of the weights.
        chunk_rows : int, default=65536
            Rows read at a time.

        Returns
        -------
        chunks : RowChunks

        Raises
        ------
        ImportError
            Without pyarrow: ``pip install "scikit-regkit[arrow]"``.
        """
        try:
            import pyarrow.dataset
        except ImportError as error:
            raise ImportError(
                'Parquet needs pyarrow: pip install "scikit-regkit[arrow]".'
            ) from error
        files = pyarrow.dataset.dataset(path, format="parquet")
        targets = [target] if isinstance(target, str) else list(target or [])
        others = {*targets, sample_weight}
        names = list(columns or (n for n in files.schema.names if n not in others))
        weights = [] if sample_weight is None else [sample_weight]

        def read() -> Iterator[Any]:
            batches = files.to_batches(
                columns=[*names, *targets, *weights], batch_size=chunk_rows
            )
            for batch in batches:
                if not batch.num_rows:
                    continue
                frame = batch.to_pandas()
                if target is None:
                    yield frame[names]
                    continue
                y = frame[target if isinstance(target, str) else targets].to_numpy()
                if sample_weight is None:
                    yield frame[names], y
                else:
                    yield frame[names], y, frame[sample_weight].to_numpy()

        return cls(read)

    def __repr__(self) -> str:
        if self._is_array:
            what = f"array of shape {self._source.shape}"
        elif callable(self._source):
            what = getattr(self._source, "__name__", type(self._source).__name__)
        else:
            what = count(len(self._source), "chunk")
        return f"RowChunks({what})"

    def __iter__(self) -> Iterator[Chunk]:
        """Read all chunks, one ahead of the caller."""
        return read_ahead(self._chunks())

    def count_features(self) -> int:
        """Count the columns of the first chunk.

        Returns
        -------
        n_features : int
            0 without chunks.
        """
        for chunk in self._chunks():
            shape = getattr(chunk.X, "shape", None)
            if shape is None and isinstance(chunk.X, list) and chunk.X:
                shape = len(chunk.X), np.size(chunk.X[0])
            return int(shape[1]) if shape is not None and len(shape) == 2 else 0
        return 0

    def __array__(self, *args: Any, **how: Any) -> Any:
        """Refuse to become an array, which searches and others would make of it."""
        raise TypeError(
            "RowChunks are read by fit and predict, never held as one array; to choose "
            "alpha, use a CV class of regkit, such as LassoRegressorCV."
        )

    @property
    def n_chunks(self) -> int | None:
        """Number of chunks, None where they can only be read one after the other."""
        if self._is_array:
            rows = self._chunk_rows or _rows_of(self._source)
            return -(-int(self._source.shape[0]) // rows)
        return None if callable(self._source) else len(self._source)

    def read(self, order: Sequence[int] | None = None) -> Iterator[Chunk]:
        """Read the chunks, one after the other.

        Parameters
        ----------
        order : sequence of int, default=None
            Numbers of chunks, in the order to read them, where `n_chunks` is known;
            None for all, as they come.

        Returns
        -------
        chunks : iterator of Chunk
        """
        return self._chunks(order)

    def _chunks(self, order: Sequence[int] | None = None) -> Iterator[Chunk]:
        if self._is_array:
            yield from self._slices(order)
            return
        items: Iterable[Any]
        if callable(self._source):
            given = self._source()
            if not isinstance(given, Iterable):
                raise TypeError(
                    "source must return an iterator over chunks, got "
                    f"{type(given).__name__}."
                )
            items = enumerate(given)
        elif order is None:
            items = enumerate(self._source)
        else:
            items = ((number, self._source[number]) for number in order)
        for number, item in items:
            parts = item if isinstance(item, tuple) else (item,)
            if not 1 <= len(parts) <= 3:
                raise ValueError(
                    f"Chunk {number} must be X, (X, y) or (X, y, sample_weight), got a "
                    f"tuple of {len(parts)}."
                )
            X, y, weight = (*parts, None, None)[:3]
            yield Chunk(number, from_arrow(X), y, weight)

    def _slices(self, order: Sequence[int] | None) -> Iterator[Chunk]:
        X = self._source
        rows = self._chunk_rows or _rows_of(X)
        numbers = range(self.n_chunks or 0) if order is None else order
        for at, number in enumerate(numbers):
            for ahead in numbers[at + 1 : at + 1 + _AHEAD]:
                _advise(X, ahead * rows, (ahead + 1) * rows, "MADV_WILLNEED")
            if at >= _BEHIND:
                behind = numbers[at - _BEHIND]
                _advise(X, behind * rows, (behind + 1) * rows, "MADV_DONTNEED")
            part = X[number * rows : (number + 1) * rows]
            # Plain arrays: a memory map's own class slows down every view of it.
            yield Chunk(
                number, part if sp.issparse(part) else np.asarray(part), None, None
            )


def _rows_of(X: Any) -> int:
    """Return how many rows make a chunk."""
    n, p = X.shape
    stored = 12 * X.nnz if hasattr(X, "nnz") else n * p * X.itemsize
    return max(1, int(_CHUNK_BYTES / max(1.0, stored / max(1, n))))


def _advise(X: Any, start: int, stop: int, advice: str) -> None:
    """Tell the system what will happen to these rows of a memory map.

    Asked for in time they are read in one go, where page faults would read a few pages
    each; let go, they no longer count as this process's memory.
    """
    mapped = getattr(X, "_mmap", None)
    # Pages of a copy-on-write map may hold what is nowhere else.
    if mapped is None or X.mode == "c" or not X.flags.c_contiguous:
        return
    start, stop = max(0, start), min(X.shape[0], stop)
    if start >= stop or not hasattr(mmap, advice):
        return
    row = X.shape[1] * X.itemsize
    # Where X's first row is within the map, which begins at a page.
    origin = X.__array_interface__["data"][0] - np.frombuffer(mapped, "u1").ctypes.data
    begin = origin + start * row
    begin -= begin % mmap.PAGESIZE
    end = min(len(mapped), origin + stop * row)
    mapped.madvise(getattr(mmap, advice), begin, end - begin)


def from_arrow(X: Any) -> Any:
    """Return an Arrow table or batch as a data frame, all else as it is."""
    if type(X).__module__.partition(".")[0] == "pyarrow":
        return X.to_pandas()
    return X
