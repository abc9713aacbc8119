"""Proof that an unpenalized fit has no finite optimum, and the columns to blame.

Along a direction d of the unpenalized coefficients (intercept included) that never
raises any row's loss and lowers some forever, the loss has no minimum: for classes,
``x_i'd_k`` is nowhere larger than for the row's own class and somewhere smaller
(complete or quasi-complete separation; A. Albert and J. A. Anderson, "On the existence
of maximum likelihood estimates in logistic regression models", Biometrika 71, 1984);
for counts, ``x_i'd`` is 0 where y > 0 and nowhere positive where y = 0. A linear
program finds such a direction or shows that there is none (K. Konis, "Linear
programming algorithms for detecting separated data in binary logistic regression
models", DPhil thesis, Oxford, 2007).
"""

from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from regkit._types import Floats, Indices

# Moves of a row below this share of the largest are rounding errors of the program.
MOVED = 1e-7


def separating_columns(
    X: Any,
    codes: Indices,
    n_classes: int,
    free: Indices,
    box: tuple[Floats | float, Floats | float],
    fit_intercept: bool,
) -> Indices | None:
    """Find columns along which the loss of classes falls forever.

    Parameters
    ----------
    X : ndarray or sparse of shape (n_samples, n_features)
        Rows of positive weight.
    codes : ndarray of shape (n_samples,)
        Their classes.
    n_classes : int
    free : ndarray of int
        The columns that are not penalized.
    box : pair of ndarray of shape (n_features,) or float
        Bounds: a bounded coefficient cannot move forever.
    fit_intercept : bool

    Returns
    -------
    columns : ndarray of int or None
        None where there is an optimum.
    """
    rows = _with_intercept(X, free, fit_intercept)
    if n_classes == 2:
        signed = sp.diags_array(np.where(codes == 1, 1.0, -1.0)) @ rows
        bounds = cone(free, box, fit_intercept)
    else:
        signed = against_others(rows, codes, n_classes)
        bounds = np.tile(cone(free, box, fit_intercept), (n_classes, 1))
    direction = _direction(signed, None, bounds)
    if direction is None:
        return None
    return moving(free, direction, rows.shape[1])


def lowering_columns(
    X: Any,
    y: Floats,
    free: Indices,
    box: tuple[Floats | float, Floats | float],
    fit_intercept: bool,
) -> Indices | None:
    """Find columns along which the expected counts of zeros fall forever.

    Parameters and result are those of `separating_columns`, ``y`` the counts.
    """
    rows = _with_intercept(X, free, fit_intercept)
    bounds = cone(free, box, fit_intercept)
    direction = _direction(-rows[np.flatnonzero(y == 0.0)], rows[y > 0.0], bounds)
    return None if direction is None else moving(free, direction, rows.shape[1])


def _with_intercept(X: Any, columns: Indices, fit_intercept: bool) -> sp.csr_array:
    """Return some columns, scaled to a largest entry of 1, and one of ones."""
    rows = sp.csc_array(X[:, columns], dtype=np.float64)
    if rows.shape[1]:
        largest = np.asarray(abs(rows).max(axis=0).toarray()).ravel()
        scale = np.where(largest > 0.0, largest, 1.0)
        rows = rows @ sp.diags_array(1.0 / scale)
    if fit_intercept:
        rows = sp.hstack([rows, sp.csc_array(np.ones((rows.shape[0], 1)))])
    return sp.csr_array(rows)


def cone(
    columns: Indices, box: tuple[Floats | float, Floats | float], fit_intercept: bool
) -> Floats:
    """Return how far each coefficient of a direction may go, lower and upper."""
    n_columns = len(columns)
    lower, upper = (
        np.broadcast_to(side, n_columns) if np.ndim(side) == 0 else side[columns]
        for side in map(np.asarray, box)
    )
    cone = np.column_stack(
        [np.where(np.isinf(lower), -1.0, 0.0), np.where(np.isinf(upper), 1.0, 0.0)]
    )
    return np.vstack([cone, [-1.0, 1.0]]) if fit_intercept else cone


def against_others(rows: sp.csr_array, codes: Indices, n_classes: int) -> sp.csr_array:
    """Return a row for each row of X and other class: x in its own class, -x there."""
    n_samples = rows.shape[0]
    own = sp.csr_array(
        (np.ones(n_samples), (np.arange(n_samples), codes)), (n_samples, n_classes)
    )
    parts = []
    for k in range(n_classes):
        others = codes != k
        signs = own[others] - sp.csr_array(np.eye(n_classes)[[k] * int(others.sum())])
        mine = rows[others]
        parts.append(
            sp.hstack(
                [
                    sp.diags_array(signs[:, [c]].toarray().ravel()) @ mine
                    for c in range(n_classes)
                ]
            )
        )
    return sp.csr_array(sp.vstack(parts))


def _direction(
    gains: sp.csr_array, fixed: sp.csr_array | None, bounds: Floats
) -> Floats | None:
    """Maximize the sum of the gains, none negative, with the fixed rows at 0."""
    if not gains.shape[0] or not gains.shape[1]:
        return None
    goal: Floats = np.asarray(gains.sum(axis=0), dtype=np.float64).ravel()
    direction = maximize(goal, gains, fixed, bounds)
    if direction is None:
        return None
    moves = gains @ direction
    largest = float(np.max(moves, initial=0.0))
    stays = True if fixed is None else np.abs(fixed @ direction).max(initial=0) <= 1e-6
    if largest <= MOVED or moves.min() < -MOVED * largest or not stays:
        return None
    return direction


def maximize(
    goal: Floats, gains: sp.csr_array, fixed: sp.csr_array | None, bounds: Floats
) -> Floats | None:
    """Maximize a sum, no gain negative, with the fixed rows at 0."""
    equal: dict[str, Any] = {}
    if fixed is not None and fixed.shape[0]:
        equal = {"A_eq": fixed, "b_eq": np.zeros(fixed.shape[0])}
    solve: Any = linprog  # its stubs take no sparse matrices
    found = solve(
        -goal,
        A_ub=-gains,
        b_ub=np.zeros(gains.shape[0]),
        bounds=bounds,
        method="highs",
        **equal,
    )
    direction: Floats | None = found.x
    return direction


def moving(columns: Indices, direction: Floats, width: int) -> Indices:
    """Return the columns that a direction moves along, whatever the class."""
    moves = direction.reshape(-1, width)[:, : len(columns)]
    # The same move of all classes changes no loss.
    size = np.ptp(moves, axis=0) if len(moves) > 1 else np.abs(moves[0])
    found: Indices = columns[size > MOVED]
    return found
