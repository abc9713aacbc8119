"""Folds of a loss beyond squares: paths on training rows, losses of held-out rows."""

from __future__ import annotations

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs import RowDesign
from regkit.solvers.losses import Loss
from regkit.solvers.multinomial import Multinomial
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
    offset : ndarray (n,), (n, K) for K classes, or None
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
        # Of several classes, one column each, repeated for every alpha.
        shift = offset[rows].reshape(len(rows), -1)
        eta += np.tile(shift, eta.shape[1] // shift.shape[1])
    return eta


def held_out_losses(
    design: RowDesign,
    loss: Loss | Multinomial,
    targets: Floats,
    offset: Floats | None,
    weight: Floats,
    path: PathResult,
    rows: Indices,
) -> Floats:
    """Return the weighted mean loss of ``rows``, shape (A, T); (A, 1) of multinomials.

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
    # What is one problem: so many columns of eta and targets at a time.
    width = n_targets if isinstance(loss, Multinomial) else 1
    share = weight / total
    losses = np.zeros(path.intercepts.size // width)
    step = max(16, _ENTRIES // path.intercepts.size)
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        eta = linear_predictors(design, path, offset, rows[part])
        chosen = np.ascontiguousarray(targets[:, rows[part]])
        shares = np.tile(share[part], width)
        for k in range(len(losses)):
            first = k * width % n_targets
            losses[k] += loss.deviance(
                chosen[first : first + width].reshape(-1),
                shares,
                np.ascontiguousarray(eta[:, k * width : (k + 1) * width].T).reshape(-1),
            )
    return losses.reshape(len(path.intercepts), -1)
