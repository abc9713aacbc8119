"""Solved problems on their way from a solver to an estimator's attributes."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.solvers.problem import PathResult


class Solution(NamedTuple):
    """Solved problems, one a target."""

    coefs: Floats
    """(n_targets, n_features)"""
    intercepts: Floats
    """(n_targets,)"""
    dual_gaps: Floats
    """(n_targets,)"""
    null_objectives: Floats
    """(n_targets,), what `tol` is relative to."""
    n_iters: NDArray[np.integer[Any]]
    """(n_targets,)"""
    converged: NDArray[np.bool_]
    """(n_targets,)"""
    unique: bool
    """False when a coefficient vector is known not to be the only answer."""
    solver: str
    """What ran."""


class PathSolution(NamedTuple):
    """Solved problems along a path, for each value one a target."""

    coefs: Callable[[int], Floats]
    """Gives the coefficients at a value, (n_targets, n_features)."""
    intercepts: Floats
    """(n_values, n_targets), as all that follow"""
    dual_gaps: Floats
    null_objectives: Floats
    n_iters: NDArray[np.integer[Any]]
    converged: NDArray[np.bool_]
    unique: bool
    """False when coefficients are known not to be the only answer somewhere."""
    solver: str
    """What ran."""

    def at(self, k: int) -> Solution:
        """Give the solutions at the k-th value."""
        return Solution(
            self.coefs(k),
            self.intercepts[k],
            self.dual_gaps[k],
            self.null_objectives[k],
            self.n_iters[k],
            self.converged[k],
            self.unique,
            self.solver,
        )


def join_targets(coefs: Floats, results: list[PathResult]) -> Solution:
    """Put the results of the targets, each a path of one alpha, side by side."""
    first = results[0]
    nulls = np.array([result.null_objective for result in results])
    if len(results) == 1:
        return Solution(
            coefs,
            first.intercepts,
            first.dual_gaps,
            nulls,
            first.n_iters,
            first.converged,
            first.unique,
            first.solver,
        )
    return Solution(
        coefs,
        np.concatenate([result.intercepts for result in results]),
        np.concatenate([result.dual_gaps for result in results]),
        nulls,
        np.concatenate([result.n_iters for result in results]),
        np.concatenate([result.converged for result in results]),
        all(result.unique for result in results),
        ", ".join(dict.fromkeys(result.solver for result in results)),
    )
