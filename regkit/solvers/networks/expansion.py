"""Columns that hold categories or gaps, as columns of numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats

# Levels of a category that have columns of their own; the rarest others share one.
_MOST_LEVELS = 64


@dataclass(frozen=True, slots=True)
class Expansion:
    """What was learned from the rows to learn from, and only from them.

    Attributes
    ----------
    fills : ndarray (n_features,)
        Medians of the numeric columns, for their gaps.
    gaps : ndarray (n_gaps,) of int
        Numeric columns with gaps: each gets an indicator of them.
    levels : tuple of (int, ndarray, bool)
        Of each categorical column its number, the codes that have an indicator each,
        and whether all other codes share one.
    n_features : int
    """

    fills: Floats
    gaps: NDArray[np.int64]
    levels: tuple[tuple[int, Floats, bool], ...]
    n_features: int

    @classmethod
    def learn(cls, X: Floats, categorical: tuple[int, ...]) -> Expansion:
        """Learn from rows (n, n_features), NaN where a number is missing."""
        fills = np.zeros(X.shape[1])
        gaps, levels = [], []
        for j in range(X.shape[1]):
            if j in categorical:
                codes, counts = np.unique(X[:, j], return_counts=True)
                rare = len(codes) > _MOST_LEVELS
                if rare:
                    order = np.argsort(-counts, kind="stable")[: _MOST_LEVELS - 1]
                    codes = np.sort(codes[order])
                levels.append((j, codes, rare))
                continue
            missing = np.isnan(X[:, j])
            if missing.any():
                gaps.append(j)
            if not missing.all():
                fills[j] = np.median(X[~missing, j])
        return cls(fills, np.array(gaps, dtype=np.int64), tuple(levels), X.shape[1])

    @property
    def numeric(self) -> NDArray[np.int64]:
        """Columns that are no categories; they are the first when expanded."""
        own = [j for j, _, _ in self.levels]
        return np.setdiff1d(np.arange(self.n_features), own)

    def expand(self, X: Floats) -> Floats:
        """Return numeric columns filled, indicators of gaps, indicators of levels.

        A level that was not learned has none, or that of the rare ones.
        """
        numeric = self.numeric
        filled = np.where(np.isnan(X[:, numeric]), self.fills[numeric], X[:, numeric])
        parts = [filled, np.isnan(X[:, self.gaps]).astype(np.float64)]
        for j, codes, rare in self.levels:
            is_level = X[:, [j]] == codes
            parts.append(is_level.astype(np.float64))
            if rare:
                parts.append(~is_level.any(axis=1, keepdims=True) * 1.0)
        return np.ascontiguousarray(np.hstack(parts))
