"""Refusal of data whose squares leave the range of float64.

Where they underflow, solvers would take a column for constant; where they overflow,
its scale is infinite and its coefficient zero.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import EPS, Floats
from regkit.designs import Design

# Below this deviation squares have lost digits, or are zero: float64 ends at 1e-308.
LEAST = 1e-145
# Range of a column of at most 1e10 rows that deviates by so little.
WIDEST = 1e-140
# A range below this share of the largest entry is the rounding error of a constant.
CONSTANT = 16.0 * EPS
# Columns that are copied at a time.
_BLOCK = 256


def refuse_overflow(
    name: str, design: Design, feature_names: NDArray[Any] | None
) -> None:
    """Raise where squares of a column of X in memory overflow float64.

    Parameters and the error are as `refuse_underflow` has them.
    """
    with np.errstate(invalid="ignore"):
        is_lost = ~np.isfinite(design.lengths * design.scale)
    if is_lost.any():
        _refuse(name, _called(int(is_lost.argmax()), feature_names), "overflow")


def refuse_underflow(
    name: str,
    design: Design,
    X: Any,
    y: Floats | None,
    sample_weight: Floats | None,
    feature_names: NDArray[Any] | None,
) -> None:
    """Raise where squares of a column of X or y in memory underflow float64.

    The columns' lengths are known after a fit; only columns that look constant are
    read again.

    Parameters
    ----------
    name : str
        Estimator or function.
    design : Design
        Of X.
    X : {ndarray, CSR, CSC} of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,) or (n_samples, n_targets), or None
        None where targets are not squared.
    sample_weight : ndarray of shape (n_samples,) or None
        Rows of weight 0 are left out.
    feature_names : ndarray of shape (n_features,) or None

    Raises
    ------
    ValueError
        With the column, or y, and the remedy.
    """
    rows: Any = slice(None)
    if sample_weight is not None and not sample_weight.all():
        rows = sample_weight > 0.0
    about_mean = design.fit_intercept
    if y is not None and _varies_too_little(y[rows], about_mean).any():
        _refuse(name, "y")
    refuse_overflow(name, design, feature_names)
    is_small = design.lengths * design.scale < LEAST
    if not is_small.any():
        return
    suspects = np.flatnonzero(is_small)
    for start in range(0, len(suspects), _BLOCK):
        block = suspects[start : start + _BLOCK]
        found = block[_varies_too_little(X[:, block][rows], about_mean)]
        if len(found):
            _refuse(name, _called(int(found[0]), feature_names))


def refuse_small_moments(
    name: str, magnitudes: Floats, n_features: int, feature_names: NDArray[Any] | None
) -> None:
    """Raise where squares of a column of X or y underflowed before they were summed.

    Of rows that are not at hand: a column of tiny mean counts as one that varies.

    Parameters
    ----------
    name : str
        Estimator or function.
    magnitudes : ndarray of shape (n_features + n_targets,)
        The larger of |mean| and the deviation, of the columns of X and of y.
    n_features : int
    feature_names : ndarray of shape (n_features,) or None

    Raises
    ------
    ValueError
        With the column, or y, and the remedy.
    """
    found = np.flatnonzero((magnitudes > 0.0) & (magnitudes < LEAST))
    if len(found):
        first = int(found[0])
        _refuse(name, _called(first, feature_names) if first < n_features else "y")


def _varies_too_little(columns: Any, about_mean: bool) -> NDArray[np.bool_]:
    """Return which columns vary, but by less than squares can show."""
    high, low = (_dense(columns.max(axis=0)), _dense(columns.min(axis=0)))
    largest = np.maximum(np.abs(high), np.abs(low))
    spread = high - low if about_mean else largest
    result: NDArray[np.bool_] = (spread > CONSTANT * largest) & (spread < WIDEST)
    return result


def _dense(row: Any) -> Floats:
    found = row.toarray() if hasattr(row, "toarray") else row
    return np.asarray(found, dtype=np.float64).ravel()


def _called(column: int, feature_names: NDArray[Any] | None) -> str:
    if feature_names is None:
        return f"column {column} of X"
    return f"column {str(feature_names[column])!r} of X"


def _refuse(name: str, what: str, how: str = "underflow") -> None:
    raise ValueError(
        f"{name} cannot solve this problem in float64: squares of {what} {how}; "
        "rescale it."
    )
