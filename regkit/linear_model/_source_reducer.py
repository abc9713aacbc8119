"""Passes over rows that are read in chunks: what each of them computes and merges.

Tasks travel to where the chunks are (other processes, with Dask), so that each is a
function of this module that takes a block, and what it returns is merged as a tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.designs.centered_moments import CenteredMoments
from regkit.linear_model._statistics_checks import check_fold
from regkit.linear_model._sums import (
    OVERFLOW,
    SumsByFold,
    merge_by_fold,
    rows_by_fold,
)
from regkit.rows.inputs import check_fit_data, check_total_weight
from regkit.rows.open import as_source
from regkit.rows.sources import NO_FOLD, BesideX, Block, RowSource, refuse
from regkit.solvers.folds.out_of_core_passes import (
    ColumnMoments,
    Correlations,
    Residuals,
    correlate_rows,
)

# Up to this many columns the moments of all of them are summed up.
MOST_SUMMED_UP = 3000

Names = NDArray[Any] | None
_Sums = TypeVar("_Sums")
_Task = Callable[[Any, Floats, Floats | None], _Sums]


@dataclass
class SourceReducer:
    """Rows that are read in chunks, with their targets and weights."""

    source: RowSource
    y: Any
    sample_weight: Any
    """As the user passed them."""
    labels: Indices | None = None
    """The fold that holds each row out."""
    names: Names = None
    """Names of the columns, known after `measure`."""

    @cached_property
    def n_features(self) -> int:
        """Columns of X, for which the first chunk is read."""
        return self.source.n_features

    @property
    def is_summed_up(self) -> bool:
        """Whether the moments of all columns are few enough to be held."""
        return self.n_features <= MOST_SUMMED_UP

    def sums(self, *, allow_zero_weights: bool = False) -> SumsByFold:
        """Sum up all rows, fold by fold.

        Raises
        ------
        ValueError, TypeError
            When a chunk is not usable, and the message names it, or when all weights
            are zero.
        """
        found: SumsByFold = self._reduce(_sums, SumsByFold.merged)
        if not allow_zero_weights:
            check_total_weight(sum(p.total_weight for p in found.parts.values()))
        return found

    # What paths over very many columns ask for; see `regkit.solvers.folds.out_of_core`.

    def measure(self) -> dict[int, ColumnMoments]:
        """Return every fold's columns; rows of no fold as fold -1."""
        found: dict[int, ColumnMoments]
        self.names, found = self._reduce(_measure, _join_measured)
        check_total_weight(sum(fold.total_weight for fold in found.values()))
        return found

    def moments(self, columns: Indices) -> dict[int, CenteredMoments]:
        """Return every fold's moments of some columns and y."""
        found: dict[int, CenteredMoments]
        found = self._reduce(partial(_moments, columns), _join_moments)
        return found

    def correlate(self, residuals: Residuals) -> Correlations:
        """Return the correlations of all columns with some residuals."""
        found: Correlations
        found = self._reduce(partial(_correlate, residuals), _join_correlations)
        return found

    def reduce(
        self, task: _Task[_Sums], combine: Callable[[Iterable[_Sums]], _Sums]
    ) -> _Sums:
        """Combine what ``task(X, Y, sample_weight)`` returns for every block of rows.

        Y has two dimensions.
        """
        found: _Sums = self._reduce(partial(_apply, task), combine)
        return found

    def _reduce(self, task: Any, combine: Any) -> Any:
        return self.source.reduce(
            task, combine, BesideX(self.y, self.sample_weight, self.labels)
        )


def sum_up(
    caller: Any, X: Any, y: Any, sample_weight: Any, fold: Any = None
) -> SumsByFold:
    """Sum up rows, wherever they are; they may all be of weight zero.

    Parameters
    ----------
    caller : object
        Named in messages.
    X, y, sample_weight : object
        As the user passed them.
    fold : object
        The fold that holds the rows out, or one per row, as the user passed it.
    """
    source = as_source(X)
    if source is None:
        data = check_fit_data(caller, X, y, sample_weight, allow_zero_weights=True)
        return SumsByFold.of_rows(data, check_fold(fold, len(data.y)))
    labels = None
    if np.ndim(fold):
        labels = check_fold(fold, source.targets(y)[1])
    else:
        fold = int(check_fold(fold, 1)[0])
    reducer = SourceReducer(source, y, sample_weight, labels)
    found = reducer.sums(allow_zero_weights=True)
    if labels is None:
        found.parts = {fold: found.parts[NO_FOLD]}
    return found


def _sums(block: Block) -> SumsByFold:
    try:
        return SumsByFold.of_rows(block.data, block.labels)
    except ValueError as error:
        refuse(block, str(error))


def _by_fold(block: Block) -> Iterable[tuple[int, Any, Floats, Floats | None]]:
    """Return the rows of each fold, without folds whose rows all have weight zero."""
    y, weight = _one_column(block.data.y), block.data.sample_weight
    for label, X, rows in rows_by_fold(block.data.X, block.labels):
        of_fold = None if weight is None else weight[rows]
        if of_fold is None or of_fold.any():
            yield label, X, y[rows], of_fold


def _one_column(y: Floats) -> Floats:
    if y.ndim == 2 and y.shape[1] > 1:
        raise ValueError(
            f"y must have one column where X has more than {MOST_SUMMED_UP:,} and is "
            f"read in chunks, got shape {y.shape}."
        )
    return y.reshape(-1)


def _measure(block: Block) -> tuple[Names, dict[int, ColumnMoments]]:
    with np.errstate(over="ignore", invalid="ignore"):
        found = {
            label: ColumnMoments.of_rows(X, y, weight)
            for label, X, y, weight in _by_fold(block)
        }
    for part in found.values():
        if not (np.isfinite(part.square).all() and np.isfinite(part.mean).all()):
            refuse(block, OVERFLOW)
    return block.data.feature_names, found


def _join_measured(
    parts: Iterable[tuple[Names, dict[int, ColumnMoments]]],
) -> tuple[Names, dict[int, ColumnMoments]]:
    names: Names = None
    total: dict[int, ColumnMoments] = {}
    for these, part in parts:
        names = these
        for label, found in part.items():
            total[label] = total[label].merged(found) if label in total else found
    return names, total


def _moments(columns: Indices, block: Block) -> dict[int, CenteredMoments]:
    return {
        label: CenteredMoments.of_rows(X[:, columns], y[:, None], weight)
        for label, X, y, weight in _by_fold(block)
    }


def _join_moments(
    parts: Iterable[dict[int, CenteredMoments]],
) -> dict[int, CenteredMoments]:
    total: dict[int, CenteredMoments] = {}
    for part in parts:
        merge_by_fold(total, part)
    return total


def _correlate(residuals: Residuals, block: Block) -> Correlations:
    return correlate_rows(
        block.data.X,
        _one_column(block.data.y),
        block.data.sample_weight,
        block.labels,
        residuals,
    )


def _join_correlations(parts: Iterable[Correlations]) -> Correlations:
    remaining = iter(parts)
    total = next(remaining).copy()  # a part is never changed: Dask may use it again
    for part in remaining:
        total.add(part)
    return total


def _apply(task: _Task[_Sums], block: Block) -> _Sums:
    data = block.data
    return task(data.X, data.y.reshape(len(data.y), -1), data.sample_weight)
