"""The directions in which ridge shrinks, as combinations of a tall Z's columns."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from regkit._types import Floats
from regkit.solvers.ridge.basis import (
    PlacedSweep,
    Precision,
    RidgeData,
    RowDirections,
    SweptRows,
)
from regkit.solvers.ridge.cholesky import Factor, Systems
from regkit.solvers.ridge.svd import ColumnSpace, rank_tolerance, reduce_rows

# Unpenalized columns less independent than this need their singular values.
_FREE_RCOND = 1e-7
# A residual this small beside y is a difference with too few digits.
_SMALL_RESIDUAL = 1e-6


class ColumnBasis:
    """Directions as combinations of Z's columns, for more rows than columns."""

    def __init__(
        self,
        data: RidgeData,
        values: Floats,
        precision: Precision,
        free: Floats,
        others: Floats,
        products: Floats,
    ) -> None:
        """Take what `from_gram` or `from_singular_values` found.

        Z @ ``free`` (p, f) is orthonormal, Z @ ``others`` (p, r) orthogonal with
        lengths ``sqrt(values)``; ``products`` is ``Zᵀ target``.
        """
        self.values = values
        self._data, self._precision = data, precision
        self._free, self._others = free, others
        self._free_inner = free.T @ products
        self._inner = others.T @ products

    @classmethod
    def from_gram(cls, data: RidgeData) -> "ColumnBasis | None":
        """Decompose ZᵀZ; None where unpenalized columns are too dependent for it."""
        gram, products = data.design.gram(data.target)
        f, q = data.free, data.penalized
        root = np.sqrt(data.factor[q])
        free = np.zeros((data.design.n_features, len(f)))
        others = np.zeros((data.design.n_features, len(q)))
        matrix = gram[np.ix_(q, q)] / root / root[:, None]
        if not np.isfinite(matrix.sum()):
            return None
        largest = float(np.abs(matrix).sum(axis=0).max(initial=0.0))
        if not len(f):
            values, vectors = np.linalg.eigh(matrix)
        else:
            unpenalized = gram[np.ix_(f, f)]
            if Factor(unpenalized).rcond < _FREE_RCOND:
                return None
            lower = np.linalg.cholesky(unpenalized)
            half = solve_triangular(lower, gram[np.ix_(f, q)] / root, lower=True)
            values, vectors = np.linalg.eigh(matrix - half.T @ half)
            free[f] = solve_triangular(lower, np.eye(len(f)), lower=True).T
            others[f] = -free[f] @ (half @ vectors)
        others[q] = vectors / root[:, None]
        values = np.maximum(values, 0.0)
        precision = Precision(values, largest, None)
        return cls(data, values, precision, free, others, products)

    @classmethod
    def from_singular_values(cls, data: RidgeData) -> "ColumnBasis":
        """Decompose Z itself, where squaring it loses too many digits."""
        f, q = data.free, data.penalized
        root = np.sqrt(data.factor[q])
        free = np.zeros((data.design.n_features, len(f)))
        others = np.zeros((data.design.n_features, len(q)))
        M, target = reduce_rows(data.design, data.target, np.concatenate([f, q]))
        tolerance = rank_tolerance(data.design.n_samples, data.design.n_features)
        space = ColumnSpace(M[:, : len(f)], tolerance)
        scaled = M[:, len(f) :] / root
        _, values, vectors = np.linalg.svd(
            space.project_out(scaled), full_matrices=False
        )
        values[values <= tolerance * np.max(values, initial=0.0)] = 0.0
        others = others[:, : len(values)]
        others[q] = vectors.T / root[:, None]
        others[f] = -space.solve(scaled @ vectors.T)
        free = free[:, : space.basis.shape[1]]
        free[f] = space.directions
        products = np.zeros((data.design.n_features, target.shape[1]))
        products[np.concatenate([f, q])] = M.T @ target
        squares = values**2
        largest = float(np.max(squares, initial=0.0))
        precision = Precision(squares, largest, tolerance)
        return cls(data, squares, precision, free, others, products)

    @property
    def systems(self) -> Systems | None:
        return None

    def is_precise(self, alphas: Floats) -> NDArray[np.bool_]:
        return self._precision.suffices(alphas)

    def least_remaining(self, alphas: Floats) -> Floats:
        return self._precision.least_remaining(alphas)

    def sweep(self, alphas: Floats) -> "ColumnSweep":
        smallest = float(alphas.min())
        size = self.values + smallest
        used = size > 0.0
        length = np.sqrt(size[used])
        return ColumnSweep(
            self._data.rows,
            size[used, None] / (self.values[used, None] + alphas),
            self._inner[used] / length[:, None],
            np.hstack([self._free, self._others[:, used] / length]),
            self._free_inner,
        )

    def degrees_left(self, alphas: Floats) -> tuple[Floats, Floats]:
        data = self._data
        square = self.values[:, None] + alphas
        inverse = np.divide(1.0, square, out=np.zeros_like(square), where=square > 0.0)
        n = data.n_rows - data.fit_intercept - self._free.shape[1]
        left = n - self.values @ inverse
        total = np.sum(data.target**2, axis=0)
        share = (2.0 - self.values[:, None] * inverse) * inverse
        squares = total - np.sum(self._free_inner**2, axis=0) - share.T @ self._inner**2
        for i, t in np.argwhere(squares <= _SMALL_RESIDUAL * total):
            coef = self._free @ self._free_inner[:, t]
            coef += self._others @ (inverse[:, i] * self._inner[:, t])
            rest = data.target[:, t] - data.design.predict(coef)
            squares[i, t] = rest @ rest
        return left, squares


class ColumnSweep(PlacedSweep):
    """Fits of several alphas over a `ColumnBasis`.

    Attributes
    ----------
    parts : tuple of ndarray
        All that the fits are besides the rows: what they are for other rows.
    """

    def __init__(
        self,
        rows: SweptRows,
        filters: Floats,
        inner: Floats,
        directions: Floats,
        free_inner: Floats,
    ) -> None:
        super().__init__(filters, inner)
        self.parts = filters, inner, directions, free_inner
        self._rows, self._predict = rows, rows.predictor(directions)
        self._free_inner = free_inner

    def rows(self, part: slice) -> RowDirections:
        all_rows = self._rows
        places = self._predict(part)
        free = places[:, : len(self._free_inner)]
        weights = all_rows.weights[part]
        own = np.einsum("ij,ij->i", free, free) + float(all_rows.fit_intercept)
        return RowDirections(
            places[:, free.shape[1] :],
            1.0 - weights * own,
            -weights,
            all_rows.raw[part] - free @ self._free_inner,
            np.full(len(weights), -1.0),
        )


class DampedSweep(ColumnSweep):
    """The fit of one alpha, with a row for each column's penalty.

    Its rank is determined with all columns scaled to length one, so that it does not
    depend on their units, as singular values of Z do.
    """

    def __init__(self, data: RidgeData, alpha: float) -> None:
        kept = np.concatenate([data.free, data.penalized])
        M, target = reduce_rows(data.design, data.target, kept)
        penalty = np.diag(np.sqrt(alpha * data.factor[kept]))
        tolerance = rank_tolerance(data.design.n_samples, data.design.n_features)
        space = ColumnSpace(np.vstack([M, penalty]), tolerance)
        directions = np.zeros((data.design.n_features, space.basis.shape[1]))
        directions[kept] = space.directions
        super().__init__(
            data.rows,
            np.ones((space.basis.shape[1], 1)),
            space.basis[: len(M)].T @ target,
            directions,
            np.empty((0, target.shape[1])),
        )
