"""A design made of moments alone: as many rows as columns, in the place of all rows.

With centered and scaled moments G = ZᵀZ, c = ZᵀY and S = YᵀY, the triangles of

    [ S   cᵀ ]   [ L  0 ] [ Lᵀ  A ]
    [ c   G  ] = [ Aᵀ B ] [ 0   Bᵀ]

make a table of p + T rows, targets Lᵀ above 0 beside columns A above Bᵀ, whose inner
products are those of the n rows. Without an intercept G, c and S are about the means
all the same, and the means are one more row. There is no difference to solvers:
residuals, correlations and duality gaps are the same, to rounding. B is only computed
where more is needed than products with the targets.
"""

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from regkit._types import EPS, Floats, Indices
from regkit.designs.centered_moments import CenteredMoments
from regkit.designs.dense_columns import RowMajorColumns
from regkit.designs.protocols import ColumnStore
from regkit.designs.weighted_rows import norm

# A deviation below this share of its mean is the rounding error of a constant column,
# merged from many parts.
_CONSTANT = 16.0 * EPS


class ReducedDesign:
    """Z for rows of which only moments are known.

    Attributes
    ----------
    targets : ndarray (n_samples, T)
        Takes the place of y: the last entry of each column is the target's mean.
    """

    is_sparse = False
    has_gram = True

    def __init__(
        self, moments: CenteredMoments, fit_intercept: bool, standardize: bool
    ) -> None:
        p = self.n_features = moments.n_features
        n_targets = len(moments.mean) - p
        self.n_samples = n_targets + p + 1 + (not fit_intercept)
        self.max_rank = moments.n_samples - fit_intercept
        self.fit_intercept, self.standardize = fit_intercept, standardize
        self.total_weight = moments.total_weight
        cross = moments.cross / moments.total_weight
        deviation = np.sqrt(np.maximum(0.0, cross.diagonal()[:p]))
        constant = deviation <= _CONSTANT * np.abs(moments.mean[:p])
        cross[:p][constant] = 0.0
        cross[:, :p][:, constant] = 0.0
        self.scale = np.ones(p)
        if standardize:
            self.scale = np.where(constant, 1.0, deviation)
        self.offset = np.zeros(p)
        self.offset_rest = np.zeros(p)
        target_mean = np.zeros(n_targets)
        if fit_intercept:
            self.offset = moments.mean[:p].copy()
            self.offset_rest = moments.rest[:p].copy()
            target_mean = moments.mean[p:].copy()
        units = np.concatenate([self.scale, np.ones(n_targets)])
        cross /= units
        cross /= units[:, None]
        # Without an intercept the means are a row of their own: of products they would
        # leave nothing but themselves, were they many deviations large.
        means = (moments.mean + moments.rest)[None] / units
        self._means = means[:0] if fit_intercept else means
        self._centered = self._gram = np.ascontiguousarray(cross[:p, :p])
        if not fit_intercept:
            self._gram = self._centered + np.outer(means[:, :p], means[:, :p])
        self._deviation = np.sqrt(np.maximum(0.0, self._centered.diagonal()))
        self.lengths: Floats = np.sqrt(np.maximum(0.0, self._gram.diagonal()))
        self.sizes = np.stack([self.lengths, self.lengths])
        self.constant: NDArray[np.bool_] = self.lengths == 0.0

        # Targets first: their part of the triangle needs nothing of G.
        triangle, order = _triangle(cross[p:, p:])
        rank = len(triangle)
        leading = triangle[:, order[:rank]]
        beside = np.linalg.solve(leading.T, cross[p:, :p][order[:rank]])
        self._top = np.concatenate([self._means[:, :p], beside])
        self.targets = np.zeros((self.n_samples, n_targets))
        self.targets[: len(self._top)] = np.concatenate([self._means[:, p:], triangle])
        self.targets[-1] = target_mean

    def refined(self, triangle: Floats) -> "ReducedDesign":
        """Return the design with other rows of the same products, known better.

        ``triangle`` (at most p + T, p + T) is R of a QR decomposition of [Z, target]:
        its singular values have all digits, where those of products lack half.
        """
        made = copy(self)
        p, size = self.n_features, len(triangle)
        rows = np.zeros((self.n_samples, p))
        rows[:size] = triangle[:, :p]
        rows[:, self.constant] = 0.0
        made.targets = np.zeros_like(self.targets)
        made.targets[:size] = triangle[:, p:]
        made.targets[-1] = self.targets[-1]
        made._top = rows[:size]
        made._gram = rows.T @ rows
        made.__dict__["_rows"] = rows
        return made

    @cached_property
    def _rows(self) -> Floats:
        """The means where they count, and A above Bᵀ."""
        rank, p = self._top.shape
        rows = np.zeros((self.n_samples, p))
        rows[:rank] = self._top
        beside = self._top[len(self._means) :]
        units = np.where(self._deviation == 0.0, 1.0, self._deviation)
        left = (self._centered - beside.T @ beside) / units
        triangle, _ = _triangle(left / units[:, None])
        rows[rank : rank + len(triangle)] = triangle * units
        return rows

    def center(self, y: Floats) -> tuple[Floats, Any]:
        target = y.copy()
        target[-1] = 0.0
        return target, y[-1].copy()

    def distances(self, move: Floats) -> Floats:
        return np.full(2, norm(move))

    def correlate(self, residual: Floats) -> Floats:
        return self._rows.T @ residual

    def correlate_columns(self, residual: Floats, columns: Indices) -> Floats:
        return self.correlate(residual)[columns]

    def gram(self, target: Floats) -> tuple[Floats, Floats]:
        rank = len(self._top)
        if target[rank:].any():
            return self._gram, self.correlate(target)
        return self._gram, self._top.T @ target[:rank]

    def row_gram(self, column_weights: Floats) -> Floats:
        return (self._rows * column_weights) @ self._rows.T

    def gather(self, columns: Indices) -> Floats:
        return np.ascontiguousarray(self._rows[:, columns].T)

    def materialize(self, rows: slice = slice(None)) -> Floats:
        return self._rows[rows]

    def predict(self, coef: Floats) -> Floats:
        return self._rows @ coef

    def row_predictor(self, coefs: Floats) -> Callable[[slice], Floats]:
        return lambda rows: self._rows[rows] @ coefs

    def n_stored(self, columns: Indices) -> int:
        return self.n_samples * len(columns)

    def columns(self) -> ColumnStore:
        return RowMajorColumns(self)


def _triangle(matrix: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Return R with ``RᵀR = matrix``, of as many rows as its rank, and the pivots.

    Pivoted Cholesky (Higham 2002, chapter 10). What is left of a diagonal below the
    rounding error of the largest is taken for zero: a column that depends on others
    must not leave noise that looks like a direction of its own.
    """
    size = len(matrix)
    largest = float(np.max(matrix.diagonal(), initial=0.0))
    if not 0.0 < largest < np.inf:
        return np.empty((0, size)), np.arange(size)
    factor, pivots, rank, _ = lapack.dpstrf(
        matrix, tol=4.0 * size * EPS * largest, lower=0
    )
    order = pivots - 1
    triangle = np.zeros((rank, size))
    triangle[:, order] = np.triu(factor)[:rank]
    return triangle, order
