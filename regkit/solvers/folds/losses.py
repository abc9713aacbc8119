"""Folds of a loss beyond squares: paths on training rows, losses of held-out rows."""

from __future__ import annotations

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs import RowDesign
from regkit.solvers.losses import Loss
from regkit.solvers.results import PathResult

# Linear predictors of all alphas that are held at a time.
_ENTRIES = 1 << 20


def linear_predictors(
    design: RowDesign, path: PathResult, offset: Floats | None, rows: Indices
) -> Floats:
    """Return the linear predictors of ``rows``, one column per problem of ``path``.

    Parameters
    ----------
    design : RowDesign
        Of the X that the path is about, with whatever weights.
    path : PathResult of any shape S
    offset : ndarray (n,) or None
    rows : ndarray of int

    Returns
    -------
    eta : ndarray (rows, M)
        In C order of S.
    """
    used, coefs = path.used()
    # About the design's means, so that large means take no digits.
    level = path.intercepts.ravel() + design.offset[used] @ coefs
    eta = design.fitted(rows, used, coefs)
    eta += level
    if offset is not None:
        eta += offset[rows, None]
    return eta


def held_out_losses(
    design: RowDesign,
    loss: Loss,
    targets: Floats,
    offset: Floats | None,
    weight: Floats,
    path: PathResult,
    rows: Indices,
) -> Floats:
    """Return the weighted mean loss of ``rows``, shape (A, T).

    It is counted from the least that any predictor reaches.

    Parameters
    ----------
    design, offset, rows : object
        As for `linear_predictors`.
    loss : Loss
    targets : ndarray (T, n)
    weight : ndarray (rows,)
        NaN comes out where all are zero.
    path : PathResult of shape (A, T)
    """
    total = float(weight.sum())
    if not total > 0.0:
        return np.full(path.shape, np.nan)
    n_targets = len(targets)
    share, losses = weight / total, np.zeros(path.intercepts.size)
    step = max(16, _ENTRIES // len(losses))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        eta = linear_predictors(design, path, offset, rows[part])
        chosen = np.ascontiguousarray(targets[:, rows[part]])
        for k in range(len(losses)):
            losses[k] += loss.deviance(
                chosen[k % n_targets], share[part], np.ascontiguousarray(eta[:, k])
            )
    return losses.reshape(path.shape)
