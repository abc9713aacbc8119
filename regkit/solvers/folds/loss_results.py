"""The paths that a walk over chunks leaves, as results of solvers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from regkit._types import Floats, Indices
from regkit.solvers.folds.loss_cells import Cell, WalkProblem
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult


class PathAssembly(NamedTuple):
    """What the paths of one penalty have in common."""

    width: int
    """Rows of coefficients of a problem: classes of the multinomial loss."""
    center: Floats
    """(p,), that intercepts are about."""
    fit_intercept: bool
    columns: Indices
    """Those of the second derivatives."""
    penalty: Penalty
    alphas: Floats
    tol: float

    def path(self, problem: WalkProblem, cells: Sequence[Cell]) -> PathResult:
        """Put a problem's solutions together, of shape (A,) or (A, classes)."""
        p, width, penalty = len(self.center), self.width, self.penalty
        scale, null = problem.scale, problem.null_deviance
        coefs = np.stack([cell.base.coef.reshape(width, p) / scale for cell in cells])
        coefs = np.clip(coefs, penalty.lower, penalty.upper)
        levels = np.stack([cell.base.intercept for cell in cells])
        levels = levels - coefs @ self.center
        if width > 1 and self.fit_intercept:
            # A number added to all classes changes nothing.
            levels = levels - levels.mean(axis=1, keepdims=True)
        shape: tuple[int, ...] = (len(cells),) if width == 1 else (len(cells), width)
        unpenalized = problem.penalty.is_unpenalized[:p]
        refused = cells[-1].refused
        is_unique = True
        if refused is not None and unpenalized.any():
            each = refused.reshape(width, -1)[:, unpenalized[self.columns]]
            redundant = int(unpenalized.sum()) if width > 1 else 0
            is_unique = int(each.sum()) <= redundant

        def spread(values: list[Any]) -> Any:
            return np.repeat(np.array(values), width).reshape(shape)

        gaps = spread([float(cell.gap) for cell in cells])
        return PathResult(
            alphas=spread(self.alphas.tolist()),
            coefs=sparse.csc_array(coefs.reshape(-1, p).T),
            intercepts=levels.reshape(shape),
            dual_gaps=gaps,
            null_objectives=np.full(shape, null),
            losses=spread([cell.base.deviance for cell in cells]),
            n_iters=spread([cell.n_iter for cell in cells]),
            converged=gaps <= self.tol * null,
            unique=is_unique,
            solver="newton",
        )


def beside(several: list[PathResult]) -> PathResult:
    """Put the targets' paths side by side; that of several classes is one already."""
    return several[0] if several[0].intercepts.ndim == 2 else PathResult.stack(several)
