"""What passes over rows compute for ridge, where no row is kept.

One pass finds every row's leverage and residual, and thereby its error when it is left
out; one the triangle of a QR decomposition, where squares of X have too few digits. See
`regkit.solvers.ridge.summed`, which asks for them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from regkit._types import Floats
from regkit.designs.centered_moments import CenteredMoments
from regkit.designs.reduced import ReducedDesign
from regkit.solvers.alpha_scales import mean_scale
from regkit.solvers.ridge.basis import SweptRows
from regkit.solvers.ridge.column_basis import ColumnSweep
from regkit.solvers.ridge.leave_one_out import CHUNK, MOST_REFITS
from regkit.solvers.ridge.route import solve_ridge


class RowTransform(NamedTuple):
    """What turns rows into those of Z, and targets into centered ones."""

    offset: Floats
    """(p,), zero without an intercept, as the next."""
    rest: Floats
    """(p,), what rounding took from ``offset``."""
    scale: Floats
    """(p,)"""
    level: Floats
    """(T,)"""
    total_weight: float
    fit_intercept: bool

    @classmethod
    def of(cls, design: ReducedDesign) -> "RowTransform":
        return cls(
            design.offset,
            design.offset_rest,
            design.scale,
            design.targets[-1],
            design.total_weight,
            design.fit_intercept,
        )

    def rows(self, X: Any) -> Floats:
        """Return rows of Z without their weights, all entries of them."""
        centered: Floats = (_dense(X) - self.offset) - self.rest
        return centered / self.scale

    def predictor(self, coefs: Floats) -> Callable[[Any], Floats]:
        """Return what gives ``rows(X) @ coefs``, forming no rows of a sparse X."""
        scaled = coefs / self.scale[:, None]
        center = self.offset @ scaled

        def predict(X: Any) -> Floats:
            if _is_sparse(X):
                return np.asarray(X @ scaled - center)
            return np.asarray((X - self.offset) @ scaled)

        return predict


def _is_sparse(X: Any) -> bool:
    return bool(sparse.issparse(X))


def _dense(X: Any) -> Floats:
    entries: Floats = X.toarray() if _is_sparse(X) else X
    return entries


class Fits(NamedTuple):
    """The fits of some alphas: the ``parts`` of a `ColumnSweep`."""

    mine: NDArray[np.intp]
    """Places among all alphas, (B,)."""
    parts: tuple[Floats, ...]
    least: Floats
    """(B,), the values of 1 - h below which too few digits are left."""


class LeverageQuery(NamedTuple):
    """What a pass computes; it is sent to where the rows are."""

    transform: RowTransform
    fits: list[Fits]
    n_alphas: int
    per_target: bool
    set_apart: NDArray[np.bool_]
    """(A,), whether rows whose error is unsure are kept for refits without them."""


class IsolatedRow(NamedTuple):
    """A row that alone determines a coefficient, or nearly so."""

    x: Floats
    y: Floats
    weight: float
    unsure: NDArray[np.bool_]
    """(A,)"""


@dataclass(slots=True)
class LeverageSums:
    """Sums over some rows, each left out.

    Attributes
    ----------
    sums : ndarray (2, T or 1, A)
        Of squared errors and of their squares, by weights that sum to 1.
    n_unsure : ndarray (A,) of int
        Rows whose error is not in the sums.
    isolated : list of IsolatedRow
        Those of them that the query sets apart.
    others : CenteredMoments or None
        Of all other rows, where some may be set apart.
    """

    sums: Floats
    n_unsure: NDArray[np.int64]
    isolated: list[IsolatedRow]
    others: CenteredMoments | None


def leverage_sums(
    query: LeverageQuery, X: Any, Y: Floats, weight: Floats | None
) -> LeverageSums:
    """Return the errors of rows in memory, each left out."""
    transform = query.transform
    X = X.tocsr() if _is_sparse(X) else X
    weights = np.ones(len(Y)) if weight is None else weight

    def predictor(coefs: Floats) -> Callable[[slice], Floats]:
        predict = transform.predictor(coefs)
        return lambda rows: predict(X[rows])

    rows = SweptRows(
        weights / transform.total_weight,
        Y - transform.level,
        transform.fit_intercept,
        predictor,
    )
    n_means = Y.shape[1] if query.per_target else 1
    found = LeverageSums(
        np.zeros((2, n_means, query.n_alphas)),
        np.zeros(query.n_alphas, dtype=np.int64),
        [],
        None,
    )
    unsure = np.zeros((len(Y), query.n_alphas), dtype=bool)
    for mine, parts, least in query.fits:
        sweep = ColumnSweep(rows, *parts)
        step = max(16, CHUNK // (sweep.width + Y.shape[1] * len(mine) + X.shape[1]))
        for start in range(0, len(Y), step):
            part = slice(start, min(start + step, len(Y)))
            remaining, errors = sweep.evaluate(part)
            sums, unsure[part, mine] = _summed_up(
                errors, remaining, least, rows.weights[part], n_means
            )
            found.sums[:, :, mine] += sums
    found.n_unsure += unsure.sum(axis=0)
    if query.set_apart.any():
        is_isolated = (unsure & query.set_apart).any(axis=1)
        for i in np.flatnonzero(is_isolated):
            x = np.array(_dense(X[[i]])[0], dtype=np.float64)
            found.isolated.append(
                IsolatedRow(x, Y[i].copy(), float(weights[i]), unsure[i])
            )
        kept = np.flatnonzero(~is_isolated & (weights > 0.0))
        found.others = CenteredMoments.empty(X.shape[1], Y.shape[1])
        if len(kept):
            their = None if weight is None else weight[kept]
            found.others = CenteredMoments.of_rows(X[kept], Y[kept], their)
    return found


def _summed_up(
    residuals: Floats,
    remaining: Floats,
    least: Floats,
    weights: Floats,
    n_means: int,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the sums (2, T or 1, B) of errors, and which are unsure, (m, B)."""
    # Loaded here: a fit without this route does not compile it.
    from regkit.kernels.linear.left_out import left_out_errors

    found = np.zeros((2, n_means, len(least)))
    unsure = np.zeros(remaining.shape, dtype=np.bool_)
    left_out_errors(residuals, remaining, least, weights, found, unsure)
    return found, unsure


def join_sums(parts: Iterable[LeverageSums]) -> LeverageSums:
    """Add up the sums of disjoint rows; the parts stay as they are."""
    remaining = iter(parts)
    first = next(remaining)
    others = None if first.others is None else first.others.copy()
    total = LeverageSums(
        first.sums.copy(), first.n_unsure.copy(), [*first.isolated], others
    )
    for part in remaining:
        total.sums += part.sums
        total.n_unsure += part.n_unsure
        total.isolated += part.isolated
        if total.others is not None and part.others is not None:
            total.others.merge(part.others)
    return total


def refit_without(
    sums: LeverageSums,
    design: ReducedDesign,
    factor: Floats,
    alphas: Floats,
) -> None:
    """Add the errors of the rows set apart to the sums, each by a fit without it.

    Parameters
    ----------
    sums : LeverageSums
        Of all rows, with some set apart.
    design : ReducedDesign
        Of all rows.
    factor : ndarray (p,)
        Of the penalty, which stays in the units of all rows' scales.
    alphas : ndarray (A,)
        Beside the sum of squares, not their mean.
    """
    assert sums.others is not None
    own = factor * design.scale**2
    for i, row in enumerate(sums.isolated):
        training = sums.others.copy()
        for k, other in enumerate(sums.isolated):
            if k != i and other.weight > 0.0:
                weight = np.array([other.weight])
                training.merge(
                    CenteredMoments.of_rows(other.x[None], other.y[None], weight)
                )
        without = ReducedDesign(training, design.fit_intercept, False)
        mine = np.flatnonzero(row.unsure & (sums.n_unsure <= MOST_REFITS))
        n_targets = len(row.y)
        found = solve_ridge(
            without,
            without.targets,
            np.tile(mean_scale(alphas[mine], training.total_weight), n_targets),
            own,
            columns=np.repeat(np.arange(n_targets), len(mine)),
        )
        fitted = (row.x @ found.coefs + found.intercepts).reshape(n_targets, -1)
        errors = np.ascontiguousarray((row.y[:, None] - fitted)[None])
        sums.sums[:, :, mine] += _summed_up(
            errors,
            np.ones((1, len(mine))),
            np.zeros(len(mine)),
            np.array([row.weight / design.total_weight]),
            sums.sums.shape[1],
        )[0]


def triangle_of(
    transform: RowTransform, X: Any, Y: Floats, weight: Floats | None
) -> Floats:
    """Return R of ``[Z, target] = QR`` for rows in memory, (p + T, p + T) at most."""
    n, width = len(Y), X.shape[1] + Y.shape[1]
    X = X.tocsr() if _is_sparse(X) else X
    root = np.ones(n) if weight is None else np.sqrt(weight)
    root = root / np.sqrt(transform.total_weight)
    triangle: Floats = np.empty((0, width))
    step = max(4 * width, CHUNK // width)
    for start in range(0, n, step):
        part = slice(start, start + step)
        rows = np.column_stack([transform.rows(X[part]), Y[part] - transform.level])
        rows *= root[part, None]
        triangle = join_triangles([triangle, rows])
    return triangle


def join_triangles(parts: Iterable[Floats]) -> Floats:
    """Return R of the parts above each other."""
    waiting: list[Floats] = []
    for part in parts:
        waiting.append(part)
        # A few at a time: one decomposition costs less than one for each.
        if sum(len(rows) for rows in waiting) > 4 * part.shape[1]:
            waiting = [_reduced(waiting)]
    return _reduced(waiting)


def _reduced(parts: list[Floats]) -> Floats:
    rows = np.concatenate(parts)
    if len(rows) > rows.shape[1]:
        rows = np.asarray(np.linalg.qr(rows, mode="r"))
    return rows
