"""Averages over folds."""

import numpy as np

from regkit._types import Floats


def mean_and_se(errors: Floats, fold_weights: Floats) -> tuple[Floats, Floats]:
    """Average errors over folds, with standard errors as glmnet defines them.

    ``mean = Σ v_k e_k / Σ v_k`` and ``se² = Σ v_k (e_k - mean)² / Σ v_k / (K - 1)``
    with v the fold weights and K the number of positive ones (J. Friedman, T. Hastie
    and R. Tibshirani, Journal of Statistical Software 33, 2010).

    Parameters
    ----------
    errors : ndarray of shape (..., n_folds)
        Mean held-out errors. An alpha with a NaN cannot be compared with the others:
        its mean is NaN. Folds of weight 0 do not count, whatever their errors.
    fold_weights : ndarray of shape (n_folds,)
        Sums of the held-out rows' weights; counts of rows when these are equal.

    Returns
    -------
    mean : ndarray of shape (...,)
    se : ndarray of shape (...,)
        NaN with fewer than two folds of positive weight.
    """
    used = fold_weights > 0.0
    errors, share = errors[..., used], fold_weights[used] / fold_weights[used].sum()
    mean: Floats = errors @ share
    with np.errstate(invalid="ignore"):  # inf - inf
        spread: Floats = (errors - mean[..., None]) ** 2 @ share
    n_folds = int(used.sum())
    if n_folds < 2:
        return mean, np.full(mean.shape, np.nan)
    return mean, np.sqrt(spread / (n_folds - 1))
