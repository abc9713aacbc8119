"""Which model to take: the simplest of those within one standard error of the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from regkit._types import Floats, Indices

# Errors that differ by this share are equal to a reader, however surely they differ.
NO_DIFFERENCE = 0.005


class Sampling(NamedTuple):
    """What the standard error of a test error depends on, besides the losses."""

    ratio: float
    """Test rows for each training row."""
    in_time: bool
    """Whether the splits test different rows."""
    groups: Sequence[Indices] | None = None
    """Of each split's test rows, (n_test,): rows of one group are not independent."""


def mean_loss(losses: Sequence[Floats], sampling: Sampling) -> tuple[float, float]:
    """Give the mean over splits of the mean loss, and its standard error.

    Of one split, the standard error is that of the mean over its rows (over its groups
    where there are any). Of several, the variance s² of a split's mean is the larger of
    what the splits show and of what the rows of a split show, and

        se² = s² (1/R + n_test/n_train),

    because splits at random share rows (C. Nadeau, Y. Bengio, Inference for the
    generalization error, Machine Learning 52, 2003); s² / R where they share no test
    rows.
    """
    means = np.array([part.mean() for part in losses])
    groups: Sequence[Indices | None] = sampling.groups or [None] * len(losses)
    within = float(
        np.mean([_variance_of_mean(a, g) for a, g in zip(losses, groups, strict=True)])
    )
    n_splits = len(losses)
    if n_splits == 1:
        return float(means[0]), float(np.sqrt(within))
    shared = 0.0 if sampling.in_time else sampling.ratio
    variance = max(within, float(means.var(ddof=1)))
    return float(means.mean()), float(np.sqrt(variance * (1 / n_splits + shared)))


def _variance_of_mean(losses: Floats, groups: Indices | None) -> float:
    n = losses.size
    if groups is None:
        return float(losses.var(ddof=1) / n) if n > 1 else 0.0
    sums = np.bincount(groups, losses - losses.mean())
    sizes = np.bincount(groups)
    n_groups = np.count_nonzero(sizes)
    if n_groups < 2:
        return 0.0
    return float((sums**2).sum() / n**2 * n_groups / (n_groups - 1))


def equal_to_best(
    losses: Sequence[Sequence[Floats]],
    best: int,
    sampling: Sampling,
    error: Callable[[float], float],
    exact: float = 0.0,
) -> list[bool]:
    """Return which models are within one standard error of the best one.

    Of the paired difference of their losses, row by row: what makes rows hard for both
    models cancels. Of two models that hardly differ that is close to nothing, so an
    error within 0.5% of the smallest is equal, too, and so is one below `exact`.
    """
    smallest = error(mean_loss(losses[best], sampling)[0])
    equal = []
    for own in losses:
        difference = [a - b for a, b in zip(own, losses[best], strict=True)]
        behind, se = mean_loss(difference, sampling)
        close = max((1 + NO_DIFFERENCE) * smallest, exact)
        near = error(mean_loss(own, sampling)[0]) <= close
        equal.append(bool(behind <= se or near))
    return equal


def simplest(equal: Sequence[bool], kinds: Sequence[int], sizes: Sequence[int]) -> int:
    """Choose among equals: by kind of model, then by coefficients, then by order."""
    ranked = [(kinds[k], sizes[k], k) for k in range(len(equal)) if equal[k]]
    return min(ranked)[2]
