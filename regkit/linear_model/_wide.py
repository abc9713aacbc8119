"""The passes over rows in chunks that paths over very many columns ask for."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.designs.centered_moments import CenteredMoments
from regkit.rows.sources import Block, RowSource, refuse
from regkit.solvers.folds.out_of_core_passes import (
    ColumnMoments,
    Correlations,
    Residuals,
    correlate_rows,
)

Names = NDArray[Any] | None

# Up to this many columns, the moments of all of them are summed up instead.
MOST_SUMMED_UP = 3000


@dataclass
class Passes:
    """Passes over the rows of a source, as `WideRows` asks for them.

    Attributes
    ----------
    source : RowSource
    y, sample_weight : object
        As the user passed them.
    labels : ndarray of int or None
        The fold of every row.
    names : ndarray or None
        Column names, once there was a pass.
    """

    source: RowSource
    y: Any
    sample_weight: Any
    labels: Indices | None
    names: Names = None

    def measure(self) -> dict[int, ColumnMoments]:
        found: dict[int, ColumnMoments]
        self.names, found = self._reduce(_measure, _join_measured)
        if not found:
            raise ValueError("sample_weight must not be all zero.")
        return found

    def moments(self, columns: Indices) -> dict[int, CenteredMoments]:
        found: dict[int, CenteredMoments]
        found = self._reduce(partial(_moments, columns), _join_moments)
        return found

    def correlate(self, residuals: Residuals) -> Correlations:
        found: Correlations
        found = self._reduce(partial(_correlate, residuals), _join_correlations)
        return found

    def _reduce(self, task: Any, combine: Any) -> Any:
        return self.source.reduce(
            task, combine, self.y, self.sample_weight, self.labels
        )


def _by_fold(block: Block) -> Iterable[tuple[int, Any, Floats, Floats | None]]:
    """Cut a block into the rows of its folds; those of weight zero alone are left."""
    X, y, weight = block.data.X, _one_target(block.data.y), block.data.sample_weight
    present = np.unique(block.labels).tolist()
    if len(present) > 1 and hasattr(X, "tocsr"):
        X = X.tocsr()
    for label in present:
        rows: Any = slice(None)
        if len(present) > 1:
            rows = np.flatnonzero(block.labels == label)
        mine = None if weight is None else weight[rows]
        if mine is None or mine.any():
            yield label, X[rows], y[rows], mine


def _one_target(y: Floats) -> Floats:
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
            refuse(block, "Sums of squares of X or y overflow float64; rescale them.")
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
        for label, found in part.items():
            if label in total:
                total[label].merge(found)
            else:
                total[label] = found.copy()  # the part stays as it is
    return total


def _correlate(residuals: Residuals, block: Block) -> Correlations:
    return correlate_rows(
        block.data.X,
        _one_target(block.data.y),
        block.data.sample_weight,
        block.labels,
        residuals,
    )


def _join_correlations(parts: Iterable[Correlations]) -> Correlations:
    remaining = iter(parts)
    total = next(remaining).copy()  # the part stays as it is
    for part in remaining:
        total.add(part)
    return total
