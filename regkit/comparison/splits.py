"""Which rows train and which test: at random, by group, or in order of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedKFold,
    TimeSeriesSplit,
    train_test_split,
)

from regkit._text import count
from regkit.comparison.numbers import percent
from regkit.comparison.tasks import ComparisonTarget

Rows = NDArray[np.intp]
Folds = Sequence[tuple[Rows, Rows]]


class Split(NamedTuple):
    """One division of the rows, with the folds that tune inside its training rows."""

    train: Rows
    test: Rows
    folds: Folds
    """Positions within `train`."""


class Plan(NamedTuple):
    """How rows are divided."""

    test_size: float
    n_folds: int
    n_repeats: int
    seed: int | None
    groups: NDArray[Any] | None = None
    """(n_rows,): rows of one value stay together."""
    time: NDArray[Any] | None = None
    """(n_rows,): the test rows come last."""


def make_splits(target: ComparisonTarget, plan: Plan) -> list[Split]:
    """Divide the rows `n_repeats` times.

    At random, the k-th division draws with seed + k, and keeps the shares of classes.
    In order of time, the last `test_size` of the rows is cut into `n_repeats` blocks;
    each block is predicted from all rows before it.
    """
    if plan.time is not None:
        parts = _in_time(np.argsort(plan.time, kind="stable"), plan)
    else:
        parts = [_at_random(target, plan, k) for k in range(plan.n_repeats)]
    for train, _ in parts:
        _check_part(target, train)
    return [
        Split(train, test, _folds(target, plan, train, k))
        for k, (train, test) in enumerate(parts)
    ]


def seed_of(plan: Plan, k: int) -> int | None:
    """Give the seed of the k-th division."""
    return None if plan.seed is None else plan.seed + k


def _at_random(target: ComparisonTarget, plan: Plan, k: int) -> tuple[Rows, Rows]:
    rows = np.arange(target.values.size)
    seed = seed_of(plan, k)
    if plan.groups is not None:
        splitter = GroupShuffleSplit(1, test_size=plan.test_size, random_state=seed)
        train, test = next(splitter.split(rows, groups=plan.groups))
        return train, test
    train, test = train_test_split(
        rows, test_size=plan.test_size, random_state=seed, stratify=target.codes
    )
    return train, test


def _in_time(order: Rows, plan: Plan) -> list[tuple[Rows, Rows]]:
    n_test = int(np.ceil(plan.test_size * order.size))
    blocks = np.array_split(np.arange(order.size - n_test, order.size), plan.n_repeats)
    return [(order[: block[0]], order[block]) for block in blocks if block.size]


def _folds(target: ComparisonTarget, plan: Plan, train: Rows, k: int) -> Folds:
    seed = seed_of(plan, k)
    splitter: Any
    if plan.time is not None:
        splitter = TimeSeriesSplit(plan.n_folds)
        return list(splitter.split(train))
    if plan.groups is not None:
        groups = plan.groups[train]
        n_folds = min(plan.n_folds, np.unique(groups).size)
        return list(GroupKFold(n_folds).split(train, groups=groups))
    if target.codes is not None:
        codes = target.codes[train]
        n_folds = max(2, min(plan.n_folds, int(np.bincount(codes).min())))
        splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
        return list(splitter.split(train, codes))
    splitter = KFold(plan.n_folds, shuffle=True, random_state=seed)
    return list(splitter.split(train))


def check_plan(plan: Plan, n: int) -> None:
    """Refuse what cannot be done, before anything is fitted."""
    if not 0 < plan.test_size < 1:
        raise ValueError(f"test_size must lie strictly in (0, 1), got {plan.test_size}")
    if plan.n_folds < 2:
        raise ValueError(f"n_folds must be at least 2, got {plan.n_folds}")
    if plan.n_repeats < 1:
        raise ValueError(f"n_repeats must be at least 1, got {plan.n_repeats}")
    if plan.seed is not None and plan.seed < 0:
        raise ValueError(f"random_state must not be negative, got {plan.seed}")
    # Each repeat has the next seed.
    if plan.seed is not None and plan.seed > 2**32 - plan.n_repeats:
        raise ValueError(
            f"random_state must be at most {2**32 - plan.n_repeats}, got {plan.seed}"
        )
    if plan.groups is not None and plan.time is not None:
        raise ValueError("groups and time cannot be used together")
    for name, values in (("groups", plan.groups), ("time", plan.time)):
        if values is not None and values.shape != (n,):
            raise ValueError(
                f"{name} must have one value for each of the {n} rows, got shape "
                f"{values.shape}"
            )
    n_groups = 4 if plan.groups is None else np.unique(plan.groups).size
    if n_groups < 4:
        raise ValueError(
            f"groups has {count(n_groups, 'different value')}: at least 4 are needed, "
            "to train and to test"
        )
    n_test = int(np.ceil(plan.test_size * n))
    if n_test < 2 or n - n_test < 2 * plan.n_folds:
        raise ValueError(
            f"{n} rows are too few for {plan.n_folds} folds and a test part of "
            f"{percent(plan.test_size)}: at least 2 test rows and {2 * plan.n_folds} "
            "training rows (2 per fold) are needed"
        )
    if plan.time is not None and n_test < 2 * plan.n_repeats:
        raise ValueError(
            f"n_repeats={plan.n_repeats} leaves fewer than 2 of the {n_test} last rows "
            "for each test"
        )


def _check_part(target: ComparisonTarget, train: Rows) -> None:
    if target.codes is not None:
        missing = np.setdiff1d(target.codes, target.codes[train])
        if missing.size:
            raise ValueError(
                f"class {str(target.classes[missing[0]])!r} is not among the training "  # type: ignore[index]
                "rows: it occurs in other groups, or later, only"
            )
        return
    if np.ptp(target.numbers[train]) == 0:
        raise ValueError(
            f"y is {target.numbers[train][0]:g} in every training row: there is "
            "nothing to predict"
        )
