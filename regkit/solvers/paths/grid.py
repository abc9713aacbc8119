"""The grid of alphas, from the true alpha_max of a problem downwards."""

import numpy as np

from regkit._types import Floats
from regkit.designs import Design
from regkit.solvers.paths.gram import CompleteGram
from regkit.solvers.problem import Penalty, is_small, scale_problem

_TINY = float(np.finfo(np.float64).resolution)


def alpha_grid(
    design: Design,
    y: Floats,
    penalty: Penalty,
    n_alphas: int = 100,
    eps: float = 1e-3,
) -> Floats:
    """Return ``n_alphas`` alphas from the true alpha_max down to ``eps`` of it.

    alpha_max is the smallest alpha at which no penalized column enters, given the
    weights, bounds, penalty factors, centering, and the unpenalized columns' own fit.

    Raises
    ------
    ValueError
        When ``penalty.l1_ratio`` is 0: no finite alpha makes all coefficients zero.
    """
    require_l1(penalty)
    # The design keeps the Gram matrix for the path that follows.
    complete = CompleteGram.of_rows(design, y, penalty) if is_small(design) else None
    if complete is not None and not complete.is_doubtful:
        top = complete.top
    elif np.any(penalty.factor == 0.0):
        # The kernels of the walk are loaded where they are needed.
        from regkit.solvers.paths.walk import ScreenedPath

        top = ScreenedPath.begin(design, y, penalty).top
    else:
        problem = scale_problem(design, y, penalty)
        top = problem.penalty.largest_alpha(design.correlate(problem.target))
    return grid_below(top, n_alphas, eps)


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
