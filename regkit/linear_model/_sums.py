"""Moments of rows, one part per fold: what `SufficientStatistics` and fits add up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Indices
from regkit.designs.centered_moments import CenteredMoments
from regkit.rows.inputs import FitData
from regkit.rows.sources import NO_FOLD

OVERFLOW = "Sums of squares of X or y overflow float64; rescale them."


@dataclass(slots=True)
class SumsByFold:
    """The moments of some rows.

    Attributes
    ----------
    parts : dict of int to CenteredMoments
        By the fold in which the rows are held out; -1 for rows of no fold.
    y_ndim : int
        Dimensions of y as it was passed.
    names : ndarray of shape (n_features,) or None
        Names of the columns of X.
    """

    parts: dict[int, CenteredMoments] = field(default_factory=dict)
    y_ndim: int = 1
    names: NDArray[Any] | None = None

    @classmethod
    def of_rows(cls, data: FitData, labels: Indices) -> SumsByFold:
        """Sum up rows in memory; ``labels`` are their folds, one or one per row.

        Raises
        ------
        ValueError
            When sums of squares overflow.
        """
        Y = data.y.reshape(len(data.y), -1)
        found = cls({}, data.y.ndim, data.feature_names)
        for label, X, rows in rows_by_fold(data.X, labels):
            weight = None if data.sample_weight is None else data.sample_weight[rows]
            part = CenteredMoments.empty(X.shape[1], Y.shape[1])
            if weight is None or weight.any():
                with np.errstate(over="ignore", invalid="ignore"):
                    part = CenteredMoments.of_rows(X, Y[rows], weight)
            if not part.is_finite:
                raise ValueError(OVERFLOW)
            found.parts[label] = part
        return found

    @classmethod
    def merged(cls, several: Iterable[SumsByFold]) -> SumsByFold:
        """Return the sums over the rows of all parts, which are not changed."""
        total = cls()
        for part in several:
            total.merge(part)
        return total

    def merge(self, other: SumsByFold) -> None:
        """Add the sums over other rows, in place; ``other`` is not changed."""
        if not self.parts:
            self.y_ndim, self.names = other.y_ndim, other.names
        merge_by_fold(self.parts, other.parts)

    @property
    def n_features(self) -> int | None:
        """Columns of X; None without rows."""
        return next((part.n_features for part in self.parts.values()), None)

    @property
    def n_targets(self) -> int | None:
        """Columns of y; None without rows."""
        return next(
            (len(part.mean) - part.n_features for part in self.parts.values()), None
        )

    @property
    def folds(self) -> list[int]:
        """Labels of the folds, ascending."""
        return sorted(label for label in self.parts if label != NO_FOLD)

    def moments(self, without: int | None = None) -> CenteredMoments:
        """Return the moments of all rows, or of all but one fold's.

        They are not to be written to.

        Raises
        ------
        ValueError
            While there are no rows of positive weight.
        """
        labels = sorted(label for label in self.parts if label != without)
        if not any(self.parts[label].total_weight > 0.0 for label in labels):
            rows = "rows" if without is None else f"rows but those of fold {without}"
            raise ValueError(f"These statistics hold no {rows} of positive weight.")
        if len(labels) == 1:
            return self.parts[labels[0]]
        whole = self.parts[labels[0]].copy()
        for label in labels[1:]:
            whole.merge(self.parts[label])
        return whole


def rows_by_fold(X: Any, labels: Indices) -> Iterator[tuple[int, Any, Any]]:
    """Return each fold's label, its rows of X, and their numbers.

    ``labels`` has one entry for all rows, or one per row.
    """
    present = np.unique(labels).tolist()
    if len(present) == 1:
        yield present[0], X, slice(None)
        return
    X = X.tocsr() if hasattr(X, "tocsr") else X
    for label in present:
        rows = np.flatnonzero(labels == label)
        yield label, X[rows], rows


def merge_by_fold(
    total: dict[int, CenteredMoments], added: dict[int, CenteredMoments]
) -> None:
    """Add the moments of other rows fold by fold, in place; `added` is not changed."""
    for label, part in added.items():
        if label in total:
            total[label].merge(part)
        else:
            total[label] = part.copy()
