"""Which rows validate: every class in proportion, and none that is not learned."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats

NEVER = -1
"""The fold of rows that are always learned from."""

# Rows of a class from which its weight counts in full where it validates.
_ENOUGH = 10


def assign_folds(
    n_rows: int, labels: NDArray[Any] | None, n_folds: int, seed: int
) -> NDArray[np.int64]:
    """Draw a fold for each row.

    Parameters
    ----------
    n_rows : int
    labels : ndarray (n_rows,) or None
        Classes, shared out so that each fold has its part of each. A class of one row
        has none: whoever validated on it would not have learned it.
    n_folds : int
        At least 2.
    seed : int

    Returns
    -------
    folds : ndarray (n_rows,)
        In [0, n_folds), or `NEVER`.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(n_rows)
    folds = np.empty(n_rows, dtype=np.int64)
    if labels is None:
        folds[order] = np.arange(n_rows) % n_folds
        return folds
    order = order[np.argsort(labels[order], kind="stable")]
    alone = _alone(labels)[order]
    folds[order[alone]] = NEVER
    rest = order[~alone]
    folds[rest] = (rng.integers(n_folds) + np.arange(len(rest))) % n_folds
    return folds


def hold_out(
    n_rows: int, labels: NDArray[Any] | None, fraction: float, seed: int
) -> NDArray[np.bool_]:
    """Draw the rows that validate; see `assign_folds`.

    Raises
    ------
    ValueError
        When no row would be left to learn from.
    """
    rng = np.random.default_rng(seed)
    count = int(np.ceil(fraction * n_rows))
    order = rng.permutation(n_rows)
    held = np.zeros(n_rows, dtype=bool)
    if labels is None:
        held[order[:count]] = True
    else:
        order = order[np.argsort(labels[order], kind="stable")]
        order = order[~_alone(labels)[order]]
        # Evenly spaced: of each class its share.
        at = (np.arange(count) + rng.random()) * len(order) / max(1, count)
        held[order[np.unique(at.astype(np.int64))]] = True
        for label in np.setdiff1d(labels[held], labels[~held]):
            held[np.flatnonzero(labels == label)[0]] = False
    if held.all():
        raise ValueError("no rows to learn from")
    return held


def _alone(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which rows are the only one of their class."""
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    found: NDArray[np.bool_] = counts[inverse] == 1
    return found


def lone_classes(labels: NDArray[Any]) -> NDArray[Any]:
    """Return the classes of one row."""
    return np.asarray(labels[_alone(labels)])


def cautious_weights(labels: NDArray[Any], weights: Floats) -> Floats:
    """Return weights of validation rows of which no rare class decides alone.

    Of a class of k < 10 rows, what its weights exceed the mean by counts k tenths.
    """
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    share = np.minimum(1.0, counts[inverse] / _ENOUGH)
    common = float(weights.mean())
    return np.where(weights > common, common + share * (weights - common), weights)
