"""Folds of a loss beyond squares: paths on training rows, losses of held-out rows."""

from __future__ import annotations

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs import Design
from regkit.solvers.losses import Loss
from regkit.solvers.problem import PathResult

# Linear predictors of all alphas that are held at a time.
_ENTRIES = 1 << 20


def linear_predictors(
    design: Design, path: PathResult, offset: Floats | None, rows: Indices
) -> Floats:
    """Return the linear predictors of ``rows`` at every alpha, (rows, A).

    Parameters
    ----------
    design : Design
        Of the X that the path is about, with whatever weights.
    path : PathResult
    offset : ndarray (n,) or None
    rows : ndarray of int
    """
    used = np.unique(path.coefs.indices)
    coefs = path.coefs.tocsr()[used].toarray()
    # About the design's means, so that large means take no digits.
    level = path.intercepts + design.offset[used] @ coefs
    eta = design.fitted(rows, used, coefs)
    eta += level
    if offset is not None:
        eta += offset[rows, None]
    return eta


def held_out_losses(
    design: Design,
    loss: Loss,
    y: Floats,
    offset: Floats | None,
    weight: Floats,
    path: PathResult,
    rows: Indices,
) -> Floats:
    """Return the weighted mean loss of ``rows`` at every alpha, shape (A,).

    It is counted from the least that any predictor reaches.

    Parameters
    ----------
    design, offset, path, rows : object
        As for `linear_predictors`.
    loss : Loss
    y : ndarray (n,)
    weight : ndarray (rows,)
        NaN comes out where all are zero.
    """
    n_alphas = len(path.alphas)
    total = float(weight.sum())
    if not total > 0.0:
        return np.full(n_alphas, np.nan)
    share, losses = weight / total, np.zeros(n_alphas)
    step = max(16, _ENTRIES // n_alphas)
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        eta = linear_predictors(design, path, offset, rows[part])
        for k in range(n_alphas):
            losses[k] += loss.deviance(
                y[rows[part]], share[part], np.ascontiguousarray(eta[:, k])
            )
    return losses
