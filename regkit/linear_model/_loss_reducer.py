"""Passes over rows that are read in chunks, for losses of classes and counts.

Tasks travel to where the chunks are; see `regkit.linear_model._source_reducer`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from regkit._types import Floats, Indices
from regkit.linear_model._source_reducer import Names
from regkit.linear_model._sums import OVERFLOW, rows_by_fold
from regkit.rows.inputs import check_total_weight
from regkit.rows.sources import BesideX, Block, Encode, RowSource, refuse
from regkit.solvers.folds.loss_passes import BlockRows, LossRequest, LossSums, sum_rows
from regkit.solvers.folds.loss_setup import MeasuredGroups
from regkit.solvers.folds.out_of_core_passes import ColumnMoments
from regkit.solvers.separation_in_passes import Direction, Seen, look_along


@dataclass
class LossReducer:
    """Rows that are read in chunks, with what belongs to them."""

    source: RowSource
    y: Any
    sample_weight: Any
    """As the user passed them, but for a y of all rows: it consists of numbers."""
    offset: Any
    """Of all rows."""
    encode: Encode
    """Turns a y that comes in parts into numbers."""
    n_classes: int
    """0 where y are no classes."""
    labels: Indices | None = None
    """The fold that holds each row out."""
    names: Names = None
    """Names of the columns, known after `measure`."""

    def measure(self) -> MeasuredGroups:
        """Return the columns' and y's moments, by fold and class.

        Raises
        ------
        ValueError, TypeError
            When a chunk is not usable, and the message names it, or when all weights
            are zero.
        """
        found: _Measured = self._reduce(partial(_measure, self.n_classes), _join)
        self.names = found.names
        groups = found.groups.columns.values()
        check_total_weight(sum(group.total_weight for group in groups))
        return found.groups

    def evaluate(self, request: LossRequest) -> LossSums:
        """Return what is asked for of all rows."""
        found: LossSums = self._reduce(partial(_evaluate, request), LossSums.joined)
        return found

    def largest_predictor(self, coefs: Floats, intercepts: Floats) -> float:
        """Return the largest absolute value of a model's predictors."""
        found: float = self._reduce(partial(_largest, coefs, intercepts), max)
        return found

    def look_along(self, fold: int | None, along: Direction) -> Seen:
        """Return what all rows, or those outside of a fold, do along a direction."""
        found: Seen = self._reduce(partial(_look_along, fold, along), Seen.joined)
        return found

    def _reduce(self, task: Any, combine: Any) -> Any:
        given = BesideX(
            self.y, self.sample_weight, self.labels, self.offset, self.encode
        )
        return self.source.reduce(task, combine, given)


class _Measured(NamedTuple):
    names: Names
    groups: MeasuredGroups


def _measure(n_classes: int, block: Block) -> _Measured:
    X, y, weight, names = block.data
    folds, n_groups = np.broadcast_to(block.labels, len(y)), max(1, n_classes)
    classes = y.astype(np.int64) if n_classes else 0
    groups = MeasuredGroups({}, {})
    for number, part, rows in rows_by_fold(X, folds * n_groups + classes):
        own = np.ones(part.shape[0]) if weight is None else weight[rows]
        if not own.any():
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            found = ColumnMoments.of_rows(part, y[rows], own)
        if not (np.isfinite(found.square).all() and np.isfinite(found.mean).all()):
            refuse(block, OVERFLOW)
        key = divmod(number, n_groups)
        groups.columns[key] = found
        if block.offset is not None:
            groups.offsets[key] = float((own @ block.offset[rows]).mean())
    return _Measured(names, groups)


def _join(parts: Iterable[_Measured]) -> _Measured:
    total = MeasuredGroups({}, {})
    names: Names = None
    for part in parts:
        names, groups = part
        for key, found in groups.columns.items():
            old = total.columns.get(key)
            total.columns[key] = found if old is None else old.merged(found)
        for key, offset in groups.offsets.items():
            total.offsets[key] = total.offsets.get(key, 0.0) + offset
    return _Measured(names, total)


def _evaluate(request: LossRequest, block: Block) -> LossSums:
    X, y, weight, _ = block.data
    rows = BlockRows(
        X,
        y.reshape(-1),
        block.offset,
        np.ones(len(y)) if weight is None else weight,
        np.broadcast_to(block.labels, len(y)),
    )
    return sum_rows(rows, request)


def _largest(coefs: Floats, intercepts: Floats, block: Block) -> float:
    X, _, weight, _ = block.data
    eta = np.abs(np.asarray(X @ coefs.T) + intercepts)
    if weight is not None:
        eta = eta[weight > 0.0]
    return float(np.max(eta[np.isfinite(eta)], initial=0.0))


def _look_along(fold: int | None, along: Direction, block: Block) -> Seen:
    X, y, weight, _ = block.data
    is_used = np.ones(len(y), dtype=np.bool_)
    if fold is not None:
        is_used &= block.labels != fold
    if weight is not None:
        is_used &= weight > 0.0
    return look_along(X[is_used], y[is_used], along)
