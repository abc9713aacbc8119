"""Dask arrays and data frames, whose rows are summed up on the workers.

Each partition is a task of its own, and partial results are merged as a tree: neither
the client nor any worker ever has more of X than the partitions it works on. Tasks
change nothing that they are given, so that Dask may run them again when it loses a
worker.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import dask
import numpy as np
from numpy.typing import NDArray
from sklearn import config_context

from regkit._types import Floats
from regkit.parallel.threads import one_blas_thread, side_by_side
from regkit.rows.inputs import check_fit_data, check_sample_weight, check_y
from regkit.rows.row_chunks import RowChunks
from regkit.rows.sources import (
    BesideX,
    Block,
    Combine,
    Encode,
    Found,
    Task,
    named,
    no_fold,
)

# Partial results that one task merges.
_BRANCHES = 8


class DaskRows:
    """The partitions of a Dask array or data frame."""

    may_be_empty = True

    def __init__(self, X: Any) -> None:
        self._X = X
        # Of the class: a Delayed claims to have whatever it is asked for.
        self._is_array = hasattr(type(X), "chunks")
        self._lengths: NDArray[np.int64] | None = None
        if not self._is_array and not (hasattr(type(X), "columns") and X.ndim == 2):
            raise TypeError(
                f"X must be a Dask array or data frame, got {type(X).__name__}."
            )
        if self._is_array:
            if X.ndim != 2:
                raise ValueError(f"X must be a 2D array, got one of shape {X.shape}.")
            if X.numblocks[1] > 1:
                X = self._X = X.rechunk({1: -1})
            if not np.isnan(X.chunks[0]).any():
                self._lengths = np.array(X.chunks[0], dtype=np.int64)
        self._parts = _partitions(X)

    @property
    def n_features(self) -> int:
        return int(self._X.shape[1]) if self._is_array else len(self._X.columns)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Rows of each partition; counted, by a pass, where Dask does not know."""
        if self._lengths is None:
            counts = dask.compute(*[dask.delayed(_n_rows)(X) for X in self._parts])
            self._lengths = np.array(counts, dtype=np.int64)
        return self._lengths

    def reduce(
        self, task: Task[Found], combine: Combine[Found], given: BesideX
    ) -> Found:
        _require_y(given.y)
        each = zip(
            self._parts,
            self._beside("y", given.y),
            self._beside("sample_weight", given.sample_weight),
            self._labels(given.labels),
            self._beside("offset", given.offset),
            strict=True,
        )
        work = partial(_on_partition, task, self.n_features, given.encode)
        run = dask.delayed(work, pure=False)
        found = [run(number, *parts) for number, parts in enumerate(each)]
        join = dask.delayed(partial(_join, combine), pure=False)
        while len(found) > 1:
            found = [
                join(found[at : at + _BRANCHES])
                for at in range(0, len(found), _BRANCHES)
            ]
        result: Found | None = found[0].compute()
        if result is None:
            raise ValueError("X has no rows: all of its partitions are empty.")
        return result

    def targets(self, y: Any) -> tuple[Floats | None, int]:
        return None, int(self.lengths.sum())

    def each_target(self, y: Any, task: Callable[[Any], Found]) -> list[Found]:
        _require_y(y)
        if not dask.is_dask_collection(y):
            return [task(y)]
        run = dask.delayed(partial(_of_targets, task), pure=False)
        parts = [run(number, part) for number, part in enumerate(_partitions(y))]
        found = [one for one in dask.compute(*parts) if one is not None]
        if not found:
            raise ValueError("X has no rows: all of its partitions are empty.")
        return found

    def chunks(self, y: Any, sample_weight: Any) -> tuple[RowChunks, Any, Any]:
        _require_y(y)
        beside: list[Any] = []
        for name, values in (("y", y), ("sample_weight", sample_weight)):
            comes = dask.is_dask_collection(values)
            beside.append(self._beside(name, values if comes else None))
        chunks = RowChunks(_Partitions(list(zip(self._parts, *beside, strict=True))))
        rest = [
            None if dask.is_dask_collection(values) else values
            for values in (y, sample_weight)
        ]
        return chunks, rest[0], rest[1]

    def predict(self, predict: Callable[[Any], Any]) -> Any:
        row: Any = np.zeros((1, self.n_features))
        if not self._is_array:
            import pandas as pd

            # Now, that columns of other names are refused here, and not by a worker.
            empty = _predict_frame(predict, pd.DataFrame(row, columns=self._X.columns))
            of_part = partial(_predict_frame, predict)
            return self._X.map_partitions(of_part, meta=empty[:0])
        one = predict(row)
        width = one.shape[1:]
        how: dict[str, Any] = {"drop_axis": 1}
        if width:
            how = {"chunks": (self._X.chunks[0], width)}
        meta = np.empty((0,) * (1 + len(width)), dtype=one.dtype)
        of_block = partial(_predict_block, predict, meta.dtype, width)
        return self._X.map_blocks(of_block, dtype=meta.dtype, meta=meta, **how)

    def _beside(self, name: str, values: Any) -> list[Any]:
        """Cut y or the weights as X is cut."""
        count = len(self._parts)
        if values is None or np.isscalar(values):
            return [values] * count
        if not dask.is_dask_collection(values):
            if name != "sample_weight":
                values = check_y("X", values, name)
            else:
                values = check_sample_weight(values, int(self.lengths.sum()))
            if len(values) != self.lengths.sum():
                raise ValueError(
                    f"X and {name} must have the same number of rows: X has "
                    f"{self.lengths.sum()}, {name} has {len(values)}."
                )
            return list(np.split(values, np.cumsum(self.lengths)[:-1]))
        if hasattr(values, "chunks"):
            chunks: dict[int, Any] = {1: -1} if values.ndim == 2 else {}
            if self._is_array and not np.isnan(self._X.chunks[0]).any():
                if values.shape[0] != self._X.shape[0]:
                    raise ValueError(
                        f"X and {name} must have the same number of rows: X has "
                        f"{self._X.shape[0]}, {name} has {values.shape[0]}."
                    )
                chunks[0] = self._X.chunks[0]
            values = values.rechunk(chunks) if chunks else values
        parts = _partitions(values)
        if len(parts) != count:
            raise ValueError(
                f"X and {name} must have the same partitions: X has {count}, {name} "
                f"has {len(parts)}."
            )
        return parts

    def _labels(self, labels: NDArray[np.int64] | None) -> list[Any]:
        if labels is None:
            return [no_fold()] * len(self._parts)
        cut = np.split(labels, np.cumsum(self.lengths)[:-1])
        # One label for all rows travels lighter than one for each.
        return [
            part[:1] if len(part) and np.all(part == part[0]) else part for part in cut
        ]


class _Partitions(Sequence[Any]):
    """Partitions with what belongs to them, each computed when it is asked for."""

    def __init__(self, parts: list[Any]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, number: Any) -> Any:
        return dask.compute(self._parts[number])[0]


def _require_y(y: Any) -> None:
    if y is None:
        raise ValueError("y must be passed beside a Dask X, got None.")


def _partitions(values: Any) -> list[Any]:
    parts = values.to_delayed()
    return list(parts.ravel()) if isinstance(parts, np.ndarray) else list(parts)


def _n_rows(X: Any) -> int:
    return int(X.shape[0])


def _on_partition(
    task: Callable[[Block], Found],
    n_features: int,
    encode: Encode,
    number: int,
    X: Any,
    y: Any,
    sample_weight: Any,
    labels: NDArray[np.int64],
    offset: Any,
) -> Found | None:
    if not X.shape[0]:
        return None
    with named(number):
        y = encode(y)
        # Whether X is finite comes out of the sums, without a pass of its own.
        with config_context(assume_finite=True):
            data = check_fit_data("X", X, y, None)
        if data.X.shape[1] != n_features:
            raise ValueError(
                f"X has {data.X.shape[1]} features, but the Dask collection says "
                f"{n_features}."
            )
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, len(y))
        if offset is not None:
            offset = check_y("X", offset, "offset")
    # The workers' threads share the cores.
    with one_blas_thread(), side_by_side():
        data = data._replace(sample_weight=sample_weight)
        return task(Block(number, data, labels, offset))


def _of_targets(task: Callable[[Any], Found], number: int, y: Any) -> Found | None:
    if not len(y):
        return None
    with named(number):
        return task(y)


def _join(
    combine: Callable[[Iterable[Found]], Found], parts: list[Found | None]
) -> Found | None:
    found = [part for part in parts if part is not None]
    return combine(found) if found else None


def _predict_block(
    predict: Callable[[Any], Any], dtype: Any, width: tuple[int, ...], X: Any
) -> Any:
    return predict(X) if X.shape[0] else np.empty((0, *width), dtype=dtype)


def _predict_frame(predict: Callable[[Any], Any], X: Any) -> Any:
    import pandas as pd

    predicted = np.empty(0) if not len(X) else predict(X)
    made: Any = pd.Series if predicted.ndim == 1 else pd.DataFrame
    return made(predicted, index=X.index)
