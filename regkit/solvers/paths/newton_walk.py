"""From alpha to alpha: the solutions of a Newton path in the user's units."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from regkit._types import Floats, Indices
from regkit.designs import RowDesign
from regkit.designs.protocols import WeightedDesign
from regkit.parallel.threads import one_blas_thread
from regkit.solvers.paths.newton import NewtonPath
from regkit.solvers.paths.walk import Asking
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult

# Up to so many entries of X the products of a path are too small for BLAS's threads.
_SMALL = 1 << 22


def few_blas_threads(design: RowDesign) -> AbstractContextManager[None]:
    """Keep BLAS to one thread where its others would spin more than they work."""
    if design.is_sparse or design.n_samples * design.n_features <= _SMALL:
        return one_blas_thread()
    return nullcontext()


def walking_down(
    walk: NewtonPath,
    design: WeightedDesign,
    penalty: Penalty,
    alphas: Floats,
    tol: float,
    limit: int,
    n_classes: int | None = None,
    duals: list[Floats] | None = None,
) -> Asking[PathResult]:
    """Solve for decreasing alphas; stop at more than ``limit`` nonzeros.

    With ``n_classes``, the stacked columns of `ClassDesign` become a target per class:
    the result has the shape (K, n_classes), and the gap of an alpha is repeated. The
    dual points, one for each alpha, are added to ``duals``.
    """
    n_columns = n_classes or 1
    blocks: list[SolutionBlock] = []
    n_solved = 0
    while n_solved < len(alphas):
        end = len(alphas) if duals is None else n_solved + 1
        block = yield from _solved_block(walk, alphas[n_solved:end], n_columns)
        if duals is not None:
            duals.append(walk.dual.copy())
        too_large = np.flatnonzero(block.counts > limit)
        if len(too_large):
            blocks.append(block.until(int(too_large[0])))
            break
        blocks.append(block)
        n_solved += len(block.counts)
    units = ColumnScales(design.scale, design.offset, design.fit_intercept)
    return path_of_blocks(blocks, walk, penalty, alphas, tol, units, n_classes)


class ColumnScales(NamedTuple):
    """The columns that solutions are about."""

    scale: Floats
    offset: Floats
    """Their means, beside which intercepts are."""
    fit_intercept: bool


def path_of_blocks(
    blocks: "list[SolutionBlock]",
    walk: NewtonPath,
    penalty: Penalty,
    alphas: Floats,
    tol: float,
    units: ColumnScales,
    n_classes: int | None = None,
) -> PathResult:
    """Return solutions in the user's units; see `walking_down`."""
    n_columns = n_classes or 1
    counts, columns, values, intercepts, gaps, n_iters, losses = (
        np.concatenate(parts) for parts in zip(*blocks, strict=True)
    )
    n_solved = len(counts)
    values = np.clip(
        values / units.scale[columns], penalty.lower[columns], penalty.upper[columns]
    )
    p = len(units.scale) // n_columns
    of_problem = np.repeat(np.arange(n_solved), counts) * n_columns + columns // p
    n_problems = n_solved * n_columns
    bounds = np.cumsum(np.bincount(of_problem, minlength=n_problems))
    coefs = sparse.csc_array(
        (values, columns % p, np.concatenate([[0], bounds])), shape=(p, n_problems)
    )
    # Those beside columns that are not centered.
    effects = np.bincount(of_problem, values * units.offset[columns], n_problems)
    intercepts = intercepts - effects.reshape(intercepts.shape)
    if n_classes is not None and units.fit_intercept:
        # A number added to all classes changes nothing.
        intercepts = intercepts - intercepts.mean(axis=1, keepdims=True)
    shape: Any = (n_solved,) if n_classes is None else (n_solved, n_classes)

    def spread(found: Any) -> Any:
        """Repeat what an alpha has one of for each of its targets."""
        return np.repeat(found, n_columns).reshape(shape)

    null = walk.null_deviance
    return PathResult(
        alphas=spread(alphas[:n_solved]),
        coefs=coefs,
        intercepts=intercepts.reshape(shape),
        dual_gaps=spread(gaps),
        null_objectives=np.full(shape, null),
        losses=spread(losses),
        n_iters=spread(n_iters),
        converged=spread(gaps <= tol * null),
        unique=walk.is_unique,
        solver=walk.name,
    )


class SolutionBlock(NamedTuple):
    """Solutions at some alphas, in the units of the design's columns."""

    counts: Indices
    """(K,), of nonzero coefficients."""
    columns: Indices
    """(nonzero coefficients,), ascending for each alpha."""
    values: Floats
    intercepts: Floats
    """(K, n_columns) beside centered columns."""
    gaps: Floats
    n_iters: Indices
    losses: Floats
    """The mean losses above the least that any predictor could reach."""

    def until(self, n_alphas: int) -> "SolutionBlock":
        """Return the first alphas."""
        n_values = int(self.counts[:n_alphas].sum())
        return SolutionBlock(
            self.counts[:n_alphas],
            self.columns[:n_values],
            self.values[:n_values],
            self.intercepts[:n_alphas],
            self.gaps[:n_alphas],
            self.n_iters[:n_alphas],
            self.losses[:n_alphas],
        )


def _solved_block(
    walk: NewtonPath, alphas: Floats, n_columns: int
) -> Asking[SolutionBlock]:
    """Solve for one alpha or more."""
    solved = yield from walk.run(alphas)
    if solved is not None:
        at, places = np.nonzero(solved.coefs)
        found = solved.found
        return SolutionBlock(
            np.bincount(at, minlength=len(found)),
            solved.columns[places],
            solved.coefs[at, places],
            found[:, :1],
            found[:, 1],
            found[:, 2].astype(np.int64),
            found[:, 3],
        )
    n_iter = yield from walk.step(float(alphas[0]))
    support = walk.support
    return SolutionBlock(
        np.array([len(support)]),
        support,
        walk.coef[support],
        np.zeros((1, n_columns)) + walk.intercept,
        np.array([walk.gap], dtype=np.float64),
        np.array([n_iter], dtype=np.int64),
        np.array([walk.deviance]),
    )
