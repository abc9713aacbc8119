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

    def largest_predictors(
        self, coefs: Floats, intercepts: Floats, n_classes: int
    ) -> Predictors:
        """Return what the predictors of a model show of an optimum."""
        task = partial(_predictors, coefs, intercepts, n_classes)
        found: Predictors = self._reduce(task, Predictors.joined)
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


class Predictors(NamedTuple):
    """What the linear predictors of rows of positive weight show of an optimum."""

    largest: float
    """The largest absolute value."""
    are_separated: bool
    """Whether all rows are on their class's side."""

    @classmethod
    def joined(cls, parts: Iterable[Predictors]) -> Predictors:
        """Return what those of all parts show."""
        several = list(parts)
        return cls(
            max(part.largest for part in several),
            all(part.are_separated for part in several),
        )


def _predictors(
    coefs: Floats, intercepts: Floats, n_classes: int, block: Block
) -> Predictors:
    X, y, weight, _ = block.data
    eta = np.asarray(X @ coefs.T) + intercepts
    used = np.ones(len(y), dtype=bool) if weight is None else weight > 0.0
    eta, y = eta[used], y[used]
    if not len(y):
        return Predictors(0.0, True)
    separated = False
    if n_classes == 2:
        separated = bool(np.all(np.where(y > 0.0, eta[:, 0], -eta[:, 0]) > 0.0))
    elif n_classes:
        codes = y.astype(np.intp)
        own = np.take_along_axis(eta, codes[:, None], axis=1)[:, 0]
        np.put_along_axis(eta, codes[:, None], -np.inf, axis=1)
        separated = bool(np.all(own > eta.max(axis=1)))
    finite = np.abs(eta[np.isfinite(eta)])
    return Predictors(float(np.max(finite, initial=0.0)), separated)
