"""From alpha to alpha: the solutions of a Newton path in the user's units."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from scipy import sparse

from regkit._types import Floats
from regkit.designs import RowDesign
from regkit.designs.protocols import WeightedDesign
from regkit.parallel.threads import one_blas_thread
from regkit.solvers.paths.newton import NewtonPath
from regkit.solvers.paths.walk import answered
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult

# Up to so many entries of X the products of a path are too small for BLAS's threads.
_SMALL = 1 << 22


def few_blas_threads(design: RowDesign) -> AbstractContextManager[None]:
    """Keep BLAS to one thread where its others would spin more than they work."""
    if design.is_sparse or design.n_samples * design.n_features <= _SMALL:
        return one_blas_thread()
    return nullcontext()


def walk_down(
    walk: NewtonPath,
    design: WeightedDesign,
    penalty: Penalty,
    alphas: Floats,
    tol: float,
    limit: int,
    n_classes: int | None = None,
) -> PathResult:
    """Solve for decreasing alphas; stop at more than ``limit`` nonzeros.

    With ``n_classes``, the stacked columns of `ClassDesign` become a target per class:
    the result has the shape (K, n_classes), and the gap of an alpha is repeated.
    """
    supports, values, intercepts, gaps, n_iters = [], [], [], [], []
    for alpha in alphas.tolist():
        n_iter = answered(walk.step(alpha), design)
        support = walk.support
        if len(support) > limit:
            break
        value = np.clip(
            walk.coef[support] / design.scale[support],
            penalty.lower[support],
            penalty.upper[support],
        )
        supports.append(support)
        values.append(value)
        intercepts.append(_intercepts(walk, design, support, value, n_classes))
        gaps.append(walk.gap)
        n_iters.append(n_iter)
    n_solved, n_columns = len(gaps), n_classes or 1
    p = design.n_features // n_columns
    indices = np.concatenate([np.empty(0, dtype=np.int64), *supports])
    at_alpha = np.repeat(np.arange(n_solved), [len(s) for s in supports])
    counts = np.bincount(
        at_alpha * n_columns + indices // p, minlength=n_solved * n_columns
    )
    coefs = sparse.csc_array(
        (
            np.concatenate([np.empty(0), *values]),
            indices % p,
            np.concatenate([[0], np.cumsum(counts)]),
        ),
        shape=(p, n_solved * n_columns),
    )
    shape: Any = (n_solved,) if n_classes is None else (n_solved, n_classes)

    def spread(found: Any) -> Any:
        """Repeat what an alpha has one of for each of its targets."""
        return np.repeat(np.asarray(found), n_columns).reshape(shape)

    found_gaps = np.array(gaps, dtype=np.float64)
    null = walk.null_deviance
    return PathResult(
        alphas=spread(alphas[:n_solved]),
        coefs=coefs,
        intercepts=np.array(intercepts, dtype=np.float64).reshape(shape),
        dual_gaps=spread(found_gaps),
        null_objectives=np.full(shape, null),
        n_iters=spread(np.array(n_iters, dtype=np.int64)),
        converged=spread(found_gaps <= tol * null),
        unique=walk.is_unique,
        solver=walk.name,
    )


def _intercepts(
    walk: NewtonPath,
    design: WeightedDesign,
    support: Any,
    value: Floats,
    n_classes: int | None,
) -> Any:
    """Return the intercepts beside columns that are not centered."""
    effects = value * design.offset[support]
    if n_classes is None:
        return walk.intercept - float(effects.sum())
    p = design.n_features // n_classes
    found = walk.intercept - np.bincount(support // p, effects, n_classes)
    if design.fit_intercept:
        # A number added to all classes changes nothing.
        found = found - found.mean()
    return np.zeros(n_classes) + found
