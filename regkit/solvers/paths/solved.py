"""What the path solvers find, in the units of a design's Z, and its way to users'."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from regkit._types import Floats
from regkit.designs import ColumnUnits
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult


class Solved(NamedTuple):
    """Solutions for some alphas: CSC columns in Z's units, and figures."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    values: Floats
    gaps: Floats
    residual_squares: Floats
    """|r|², of targets as the design weights them."""
    n_iters: NDArray[np.int64]
    is_unique: bool
    name: str


class CenteredTarget(Protocol):
    """What is known of a target."""

    @property
    def target_mean(self) -> float: ...
    @property
    def null_objective(self) -> float: ...


def as_result(
    columns: ColumnUnits,
    penalty: Penalty,
    problem: CenteredTarget,
    alphas: Floats,
    solved: Solved,
    tol: float,
) -> PathResult:
    """Bring coefficients to the user's units and add the intercepts."""
    n_solved = len(solved.gaps)
    gaps = solved.gaps
    if not np.all(np.isfinite(columns.lengths)):
        # Squares overflow: nothing is certified.
        gaps = np.full(n_solved, np.inf)
    at = solved.indices
    values = np.clip(
        solved.values / columns.scale[at], penalty.lower[at], penalty.upper[at]
    )
    column = np.repeat(np.arange(n_solved), np.diff(solved.indptr))
    parts = values * columns.offset[at]
    shifts = np.bincount(column, parts, n_solved).astype(np.float64, copy=False)
    coefs = sparse.csc_array(
        (values, solved.indices, solved.indptr), shape=(len(columns.scale), n_solved)
    )
    return PathResult(
        alphas=alphas[:n_solved],
        coefs=coefs,
        intercepts=problem.target_mean - shifts,
        dual_gaps=gaps,
        null_objectives=np.full(n_solved, problem.null_objective),
        losses=0.5 * solved.residual_squares,
        n_iters=solved.n_iters,
        converged=gaps <= tol * problem.null_objective,
        unique=solved.is_unique,
        solver=solved.name,
    )
