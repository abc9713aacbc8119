"""The proof of `regkit.solvers.separation` for rows that are read in passes.

The sum of what all rows gain along a direction is linear in it, and its coefficients
are sums over the rows. So a linear program with the rows of a few only, those that a
direction proposed before moves the wrong way, bounds what the program with all rows can
reach: where it reaches nothing there is an optimum. Else a pass looks at all rows along
the direction found: if it moves none the wrong way, it is the proof that there is no
optimum; if it does, these rows join the program (J. E. Kelley, "The cutting-plane
method for solving convex programs", Journal of SIAM 8, 1960).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from regkit._types import Floats, Indices
from regkit.solvers.separation import (
    MOVED,
    against_others,
    cone,
    maximize,
    moving,
)

# After so many passes the question is left open.
_MOST_PASSES = 40
# So many numbers join the program after a pass, as far as these numbers of rows allow.
_MOST_NUMBERS, _FEWEST_ROWS, _MOST_ROWS = 1_000_000, 50, 1000


class Direction(NamedTuple):
    """A direction to look along."""

    columns: Indices
    """The m columns that are not penalized."""
    moves: Floats
    """(1 or n_classes, m + 1), of the coefficients and, last, the intercept."""
    n_classes: int
    """0 for counts."""
    n_worst: int
    """How many rows are wanted."""


class Seen(NamedTuple):
    """What rows do along a direction."""

    goal: Floats
    """The coefficients of the sum of all gains, of the shape of ``moves``."""
    sizes: Floats
    """The largest absolute value of each column, (m,)."""
    largest: float
    """The largest gain of a row."""
    wrong: Floats
    """How far the worst rows move the wrong way, decreasing."""
    rows: Floats
    """Their values in the columns."""
    y: Floats

    @classmethod
    def joined(cls, parts: Iterable[Seen]) -> Seen:
        """Join what the rows of all parts do."""
        several = list(parts)
        wrong = np.concatenate([part.wrong for part in several])
        # As many as one part may bring.
        count = max(len(part.wrong) for part in several)
        worst = np.argsort(-wrong, kind="stable")[:count]
        return cls(
            np.sum([part.goal for part in several], axis=0),
            np.max([part.sizes for part in several], axis=0),
            max(part.largest for part in several),
            wrong[worst],
            np.concatenate([part.rows for part in several])[worst],
            np.concatenate([part.y for part in several])[worst],
        )


def look_along(X: Any, y: Floats, along: Direction) -> Seen:
    """Return what some rows of positive weight do along a direction."""
    Z = sp.csr_array(X[:, along.columns], dtype=np.float64)
    moved = Z @ along.moves[:, :-1].T + along.moves[:, -1]
    if along.n_classes == 0:
        is_zero = y == 0.0
        signs = np.where(is_zero, -1.0, 0.0)[:, None]
        gains = np.where(is_zero, -moved[:, 0], 0.0)
        wrong = np.where(is_zero, moved[:, 0], np.abs(moved[:, 0]))
    elif along.n_classes == 2:
        signs = np.where(y == 1.0, 1.0, -1.0)[:, None]
        gains = signs[:, 0] * moved[:, 0]
        wrong = -gains
    else:
        own = y.astype(np.intp)[:, None]
        above = np.take_along_axis(moved, own, axis=1) - moved
        gains = above.max(axis=1)
        np.put_along_axis(above, own, np.inf, axis=1)
        wrong = -above.min(axis=1)
        signs = np.where(own == np.arange(along.n_classes), along.n_classes - 1.0, -1.0)
    worst = np.argsort(-wrong, kind="stable")[: along.n_worst]
    is_empty = not Z.shape[0] or not Z.shape[1]
    sizes = np.zeros(Z.shape[1]) if is_empty else abs(Z).max(axis=0).toarray().ravel()
    return Seen(
        np.column_stack([(Z.T @ signs).T, signs.sum(axis=0)]),
        sizes,
        float(np.max(gains, initial=0.0)),
        wrong[worst],
        Z[worst].toarray(),
        y[worst],
    )


def endless_columns(
    look: Callable[[Direction], Seen],
    start: Floats,
    n_classes: int,
    columns: Indices,
    box: tuple[Floats | float, Floats | float],
    fit_intercept: bool,
) -> Indices | None:
    """Find columns along which a loss falls forever.

    Parameters
    ----------
    look : callable
        Makes a pass over all rows of positive weight.
    start : ndarray of shape (1 or n_classes, m + 1)
        Coefficients of the columns and intercepts, to begin with.
    n_classes : int
        0 for counts.
    columns : ndarray of shape (m,) and dtype int
        The columns that are not penalized.
    box : pair of ndarray of shape (n_features,) or float
        Bounds: a bounded coefficient cannot move forever.
    fit_intercept : bool

    Returns
    -------
    columns : ndarray of int or None
        None where there is an optimum, or after too many passes.
    """
    width = start.shape[1]
    n_worst = int(np.clip(_MOST_NUMBERS // start.size, _FEWEST_ROWS, _MOST_ROWS))
    seen = look(Direction(columns, start, n_classes, n_worst))
    scale = 1.0 / np.append(np.where(seen.sizes > 0.0, seen.sizes, 1.0), 1.0)
    goal = seen.goal * scale
    bounds = cone(columns, box, True)
    if not fit_intercept:
        bounds[-1] = 0.0
    bounds = np.tile(bounds, (len(start), 1))
    rows, y = seen.rows, seen.y
    for _ in range(_MOST_PASSES):
        Z = sp.csr_array(np.column_stack([rows, np.ones(len(y))]) * scale)
        found = maximize(goal.ravel(), *_limits(Z, y, n_classes), bounds)
        if found is None or goal.ravel() @ found <= MOVED:
            return None
        moves = found.reshape(start.shape)
        seen = look(Direction(columns, moves * scale, n_classes, n_worst))
        is_wrong = seen.wrong > MOVED * seen.largest
        if seen.largest <= MOVED:
            return None
        if not is_wrong.any():
            return moving(columns, found, width)
        if seen.wrong[0] <= MOVED:  # no program does better
            return None
        rows = np.concatenate([rows, seen.rows[is_wrong]])
        y = np.concatenate([y, seen.y[is_wrong]])
    return None


def _limits(
    Z: sp.csr_array, y: Floats, n_classes: int
) -> tuple[sp.csr_array, sp.csr_array | None]:
    """Return what must not become negative, and what must stay at 0."""
    if n_classes == 0:
        return -Z[np.flatnonzero(y == 0.0)], Z[np.flatnonzero(y > 0.0)]
    if n_classes == 2:
        return sp.csr_array(sp.diags_array(np.where(y == 1.0, 1.0, -1.0)) @ Z), None
    return against_others(Z, y.astype(np.intp), n_classes), None
