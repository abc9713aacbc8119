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
        has none: the member that validates on it would not have learned it.
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
        if not len(order):
            return held
        at = (np.arange(count) + rng.random()) * len(order) / max(1, count)
        held[order[np.unique(at.astype(np.int64))]] = True
        for label in np.setdiff1d(labels[held], labels[~held]):
            held[np.flatnonzero(labels == label)[0]] = False
    if held.all():
        raise ValueError("no rows to learn from")
    return held


def assign_groups(
    groups: NDArray[np.int64], labels: NDArray[Any] | None, n_folds: int
) -> NDArray[np.int64]:
    """Give each row the fold of its group, each fold about as many of every class.

    The largest groups first, each where it makes the sum of squared shares least.

    Parameters
    ----------
    groups : ndarray (n_rows,)
        Numbers from 0 in random order.
    labels : ndarray (n_rows,) or None
        Classes. A group that has all rows of a class has no fold.
    n_folds : int
        At most the number of groups.

    Returns
    -------
    folds : ndarray (n_rows,)
        In [0, n_folds), or `NEVER`.
    """
    _, numbers = np.unique(groups, return_inverse=True)
    kinds = np.zeros(len(groups), dtype=np.int64)
    if labels is not None:
        _, kinds = np.unique(labels, return_inverse=True)
    counts = np.zeros((numbers.max() + 1, kinds.max() + 1))
    np.add.at(counts, (numbers, kinds), 1.0)
    shares = counts / counts.sum(axis=0)
    alone = (shares == 1.0).any(axis=1)
    found = np.where(alone, NEVER, 0)
    filled = np.zeros((n_folds, counts.shape[1]))
    for group in np.argsort(-counts.sum(axis=1), kind="stable"):
        if alone[group]:
            continue
        fold = int(np.argmin(filled @ shares[group]))
        filled[fold] += shares[group]
        found[group] = fold
    folds: NDArray[np.int64] = found[numbers]
    return folds


def hold_out_groups(
    groups: NDArray[np.int64], labels: NDArray[Any] | None, fraction: float
) -> NDArray[np.bool_]:
    """Return which rows validate: whole groups, about a ``fraction`` of the rows.

    Raises
    ------
    ValueError
        When no row would be left to learn from.
    """
    count = len(np.unique(groups))
    if count < 2:
        raise ValueError("no rows to learn from")
    n_folds = min(count, max(2, round(1.0 / min(fraction, 1.0 - fraction))))
    folds = assign_groups(groups, labels, n_folds)
    held = folds == 0 if fraction <= 0.5 else folds > 0
    return np.asarray(held)


def _alone(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which rows are the only one of their class."""
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
