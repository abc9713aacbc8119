"""Checking what users pass to `SufficientStatistics`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.linear_model._limits import as_floats
from regkit.linear_model._sums import SumsByFold
from regkit.rows.sources import NO_FOLD, no_fold


def check_fold(fold: Any, n_samples: int) -> NDArray[np.int64]:
    """Return one label, or one for each row."""
    if fold is None:
        return no_fold()
    labels = np.asarray(fold)
    if labels.dtype.kind not in "iu" or labels.shape not in ((), (n_samples,)):
        raise ValueError(
            f"fold must be an integer or {n_samples} of them, one per row of X, got "
            f"{fold!r}."
        )
    if labels.min(initial=0) < NO_FOLD:
        raise ValueError(
            f"fold must hold labels of 0 and more, or -1 for rows of no fold, got "
            f"{labels.min()}."
        )
    return np.atleast_1d(labels).astype(np.int64)


def check_names(names: Any, n_features: int) -> NDArray[Any] | None:
    if names is None:
        return None
    checked = np.array(names, dtype=object)
    is_text = all(isinstance(name, str) for name in checked.flat)
    if checked.shape != (n_features,) or not is_text:
        raise ValueError(
            f"feature_names must be {n_features} strings, one per feature, got "
            f"{names!r}."
        )
    return checked


def join_moments(
    X_mean: Any, y_mean: Any, X_cross: Any, Xy_cross: Any, y_cross: Any
) -> tuple[Floats, Floats]:
    """Put the means, and the products, of X and y into one array each."""
    y_means = as_floats("y_mean", y_mean)
    x_means = as_floats("X_mean", X_mean)
    if x_means.ndim != 1 or not x_means.size or y_means.ndim > 1:
        raise ValueError(
            "X_mean must have shape (n_features,) and y_mean () or (n_targets,), "
            f"got {x_means.shape} and {y_means.shape}."
        )
    p, tail = len(x_means), y_means.shape
    blocks = {}
    for name, value, shape in (
        ("X_cross", X_cross, (p, p)),
        ("Xy_cross", Xy_cross, (p, *tail)),
        ("y_cross", y_cross, (*tail, *tail)),
    ):
        blocks[name] = as_floats(name, value)
        if blocks[name].shape != shape:
            raise ValueError(
                f"{name} must have shape {shape} beside X_mean of shape {(p,)} and "
                f"y_mean of shape {tail}, got {blocks[name].shape}."
            )
    n_targets = y_means.size
    mixed = blocks["Xy_cross"].reshape(p, n_targets)
    cross = np.block(
        [
            [blocks["X_cross"], mixed],
            [mixed.T, blocks["y_cross"].reshape(n_targets, n_targets)],
        ]
    )
    mean = np.concatenate([x_means, y_means.reshape(n_targets)])
    return mean, cross


def check_moments(
    n_samples: int, total_weight: float, mean: Floats, cross: Floats
) -> None:
    """Refuse what no rows can have; whether positive definite is left to solvers."""
    if not n_samples >= 0 or not np.isfinite(total_weight) or not total_weight >= 0.0:
        raise ValueError(
            "n_samples and total_weight must be finite and not negative, got "
            f"{n_samples} and {total_weight:g}."
        )
    if not (np.isfinite(mean).all() and np.isfinite(cross).all()):
        raise ValueError("Means and cross-products must be finite.")
    square = cross.diagonal()
    if square.min(initial=0.0) < 0.0:
        raise ValueError(
            f"A sum of squares cannot be negative: {square.min():g} on the diagonal."
        )
    root = np.sqrt(square)
    limit = (1.0 + 1e-9) * np.outer(root, root)
    if np.any(np.abs(cross) > limit) or np.any(np.abs(cross - cross.T) > 1e-9 * limit):
        raise ValueError(
            "Cross-products must be symmetric, and none larger than the geometric "
            "mean of its two sums of squares; are they centered by the means?"
        )


def check_same_columns(before: SumsByFold, added: SumsByFold) -> None:
    """Refuse to merge rows of other columns or targets."""
    if added.n_features != before.n_features:
        raise ValueError(
            f"X has {added.n_features} features, but SufficientStatistics is "
            f"expecting {before.n_features} features as input."
        )
    if (added.y_ndim, added.n_targets) != (before.y_ndim, before.n_targets):
        raise ValueError(
            f"y must have {_shape_of_y(before)} as in the rows before, got "
            f"{_shape_of_y(added)}."
        )
    if (before.names is None) != (added.names is None):
        which = "has no" if added.names is None else "has"
        raise ValueError(
            f"X {which} column names, unlike the rows before it in these statistics."
        )
    if before.names is not None and added.names is not None:
        different = np.flatnonzero(before.names != added.names)
        if different.size:
            at = different[0]
            raise ValueError(
                f"Column {at} of X is {added.names[at]!r}, but {before.names[at]!r} "
                "in the rows before it in these statistics."
            )


def _shape_of_y(sums: SumsByFold) -> str:
    if sums.y_ndim == 1:
        return "shape (n_samples,)"
    return f"shape (n_samples, {sums.n_targets})"
