"""What three paths in lockstep hold between the stops of their walk."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.kernels.linear.active_set_state import State, WorkingProblem


class PathTerms(NamedTuple):
    """The penalty of every column and more, each (3, p), in the units of their Z."""

    products: Floats  # Zᵀ target
    l1: Floats
    l2: Floats
    lower: Floats
    upper: Floats
    noise: Floats
    lengths: Floats
    squares: Floats  # of the lengths
    least_l1: Floats  # (p,), of the paths


class Past(NamedTuple):
    """Two residuals of each path for which every correlation is known, newest first."""

    residuals: Floats  # (3, 2, n)
    errors: Floats  # (3, 2), of a correlation, for columns of length 1
    correlation: Floats  # (3, 2, p)


class View(NamedTuple):
    """What was found when columns were last read, each (3, p)."""

    inside: NDArray[np.bool_]  # columns in the path's working set
    coef: Floats
    correlation: Floats
    before: Floats  # correlations at the last alpha
    is_held: NDArray[np.bool_]  # (p,), columns in any working set
    seen: Indices  # (p,), the alpha at which a column was last read


class WorkingSets(NamedTuple):
    """The paths' working sets, with room for columns to come, and their states."""

    problem: (
        WorkingProblem  # its arrays, as those of the state, have a row for each path
    )
    state: State
    columns: Indices  # (3, room), in order of arrival
    sizes: Indices  # (3,)
    starts: Floats  # (3, room), coefficients before the last solve
    wanted: Indices  # (3, p), columns to take in
    n_wanted: Indices  # (3,)
    goals: Floats  # (3,), for the duality gaps
    gaps: Floats  # (3,)
    residual_squares: Floats  # (3,)
    n_iter: Indices  # (3,), linear systems since the last kept solution
    refined: Floats  # [0]: the excess over a goal that was refined last


class Found(NamedTuple):
    """Solutions, one behind the other."""

    columns: Indices  # (3, room)
    values: Floats  # (3, room)
    starts: Indices  # (3, alphas + 1)
    gaps: Floats  # (3, alphas)
    residual_squares: Floats  # (3, alphas)
    n_iter: Indices  # (3, alphas)
    at: Indices  # [0]: how many there are
