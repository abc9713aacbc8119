"""The alphas of a path: the grid, and the stops on the way down it."""

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.solvers.problem import Penalty

_TINY = float(np.finfo(np.float64).resolution)
# An alpha below this share of its predecessor is approached in steps.
LARGEST_DROP = 0.6
# Below this share of the largest alpha the solution changes too little for that.
_SETTLED = 1e-3


def require_l1(penalty: Penalty) -> None:
    """Refuse a pure L2 penalty, of which no grid is known.

    Raises
    ------
    ValueError
        When ``penalty.l1_ratio`` is 0.
    """
    if penalty.l1_ratio == 0.0:
        raise ValueError(
            "alphas must be given when l1_ratio=0: no finite alpha makes all "
            "coefficients zero."
        )


def grid_below(top: float, n_alphas: int, eps: float) -> Floats:
    """Return alphas from ``top`` to ``eps`` of it, evenly spaced in their logarithm.

    A constant y has an alpha_max of 0: any positive grid serves. With an ``eps`` of 1
    the grid is alpha_max alone.
    """
    top = top or _TINY
    if eps == 1.0:
        return np.array([top])
    grid = np.geomspace(top, top * eps, n_alphas)
    grid[0] = top
    return grid


def next_alpha(reached: float, alpha: float, top: float) -> float:
    """Return the next alpha to solve for on the way from ``reached`` to ``alpha``.

    Block pivoting needs a start near the solution, so large drops are made in steps.
    """
    following = LARGEST_DROP * reached
    if following <= alpha or reached <= _SETTLED * top or reached == np.inf:
        return alpha
    return following


def add_stops(alphas: Floats, top: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the alphas and those on the way there, and whether each was asked for."""
    is_close = alphas[0] >= LARGEST_DROP * top
    if is_close and np.all(alphas[1:] >= LARGEST_DROP * alphas[:-1]):
        return alphas, np.ones(len(alphas), dtype=np.bool_)
    reached, found, are_kept = top, [], []
    for alpha in alphas.tolist():
        while (stop := next_alpha(reached, alpha, top)) > alpha:
            reached = stop
            found.append(stop)
            are_kept.append(False)
        reached = min(reached, alpha)
        found.append(alpha)
        are_kept.append(True)
    return np.array(found), np.array(are_kept)
