"""The directions in which ridge shrinks: one decomposition for all alphas.

With F = diag(f) over the penalised columns and P the projection that takes the
intercept and the unpenalised columns out, let λ_k be the eigenvalues of
``F^-½ ZᵀP Z F^-½``. Ridge with penalty a leaves the share a/(λ_k + a) of y along the
k-th direction and fits the rest. What a row's own y has to say in its own fit, the
leverage h_i, is a weighted sum of squares of its places along the directions.

A tall Z is described by its columns: places are products of its rows with a p x p
matrix, and 1 - h_i is a difference. A wide Z is described by its rows: places are the
eigenvectors of an n x n matrix, and 1 - h_i is a sum of squares, without cancellation
even where the fit interpolates.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from regkit.designs import Design
from regkit.solvers.normal_equations import Factor
from regkit.solvers.problem import Floats
from regkit.solvers.spectral import ColumnSpace, rank_tolerance, reduce_rows

_EPS = float(np.finfo(np.float64).eps)
# Unpenalised columns less independent than this need their singular values.
_FREE_RCOND = 1e-7
# With fewer digits than this in squares, singular values are asked.
_PRECISE = 1e-9
# Differences 1 - h of fewer rounding errors than this are uncertain, within limits.
_ROOM = 1e7
_LEAST_REMAINING = (1e-9, 1e-2)
# A residual this small beside y is a difference with too few digits.
_SMALL_RESIDUAL = 1e-6


@dataclass(frozen=True, slots=True)
class RidgeData:
    """What is to be fitted.

    Attributes
    ----------
    design : Design
        Not standardized: scales are part of ``factor``.
    weights : ndarray (n,)
        Weights of the rows, with sum 1.
    fit_intercept : bool
    target : ndarray (n, T)
        ``sqrt(weights) (y - mean)``.
    raw : ndarray (n, T)
        ``y - mean``.
    factor : ndarray (p,)
        f, 0 for an unpenalised column and inf for an excluded one.
    n_rows : int
        Rows of positive weight.
    """

    design: Design
    weights: Floats
    fit_intercept: bool
    target: Floats
    raw: Floats
    factor: Floats
    n_rows: int

    @property
    def free(self) -> NDArray[np.intp]:
        """The unpenalised columns."""
        return np.flatnonzero(~self.design.constant & (self.factor == 0.0))

    @property
    def penalised(self) -> NDArray[np.intp]:
        """The columns with a penalty that are not excluded."""
        taking_part = np.isfinite(self.factor) & (self.factor > 0.0)
        return np.flatnonzero(~self.design.constant & taking_part)


class Rows(NamedTuple):
    """What each of a few rows has along the directions.

    For filters D (r, A) and inner products c (r, T) of the same sweep, up to a common
    factor for each alpha, ``1 - h = start + square_gain * places² @ D``, and
    ``y - fit = base + gain * places @ (D * c)``, one column an alpha.
    """

    places: Floats
    """(m, r), the caller's to overwrite."""
    start: Floats
    """(m,)"""
    square_gain: Floats
    """(m,)"""
    base: Floats
    """(m, T)"""
    gain: Floats
    """(m,)"""


class Sweep(Protocol):
    """The fits of several alphas."""

    filters: Floats
    """D, (r, A), no entry above 1."""
    inner: Floats
    """c, (r, T)"""

    def rows(self, part: slice) -> Rows:
        """Describe some rows."""


class Basis(Protocol):
    """A decomposition of a `RidgeData` that serves every alpha."""

    values: Floats
    """λ, (r,)"""

    def is_precise(self, alphas: Floats) -> NDArray[np.bool_]:
        """Say for which alphas rounding errors are negligible, shape (A,)."""

    def least_remaining(self, alphas: Floats) -> Floats:
        """Return the values of 1 - h below which too few digits are left, (A,)."""

    def sweep(self, alphas: Floats) -> Sweep:
        """Prepare the fits of these alphas."""

    def degrees_left(self, alphas: Floats) -> tuple[Floats, Floats]:
        """Return n - tr(H), (A,), and the sums of squared residuals, (A, T).

        Up to a factor, of which the latter have the square.
        """


class _Precision:
    """How precise a basis is, by what its values were found from."""

    def __init__(self, values: Floats, largest: float, noise: float | None) -> None:
        """Take the values; ``noise`` (0 found out) for those from singular values."""
        self._values, self._largest, self._noise = values, largest, noise

    def rounding(self, alphas: Floats) -> Floats:
        """Return the relative error of squares of places, by the condition number."""
        values = self._values
        if self._noise is not None:
            values = values[values > 0.0]
        least = np.min(values, initial=self._largest) + alphas
        condition = np.ones(len(alphas))
        np.divide(self._largest, least, out=condition, where=least > 0.0)
        condition[(least == 0.0) & (self._largest > 0.0)] = np.inf
        return 16.0 * _EPS * (condition if self._noise is None else condition**0.5)

    def suffices(self, alphas: Floats) -> NDArray[np.bool_]:
        """Say for which alphas rounding errors are negligible."""
        if self._noise is None:
            return self.rounding(alphas) <= _PRECISE
        # What looks like noise beside a column in large units, and is not damped, may
        # be a column in small ones.
        is_lost = bool(np.any(self._values == 0.0))
        return ~(is_lost & (alphas <= self._noise * self._largest))


class ColumnBasis:
    """Directions as combinations of Z's columns, for more rows than columns."""

    def __init__(
        self,
        data: RidgeData,
        values: Floats,
        precision: _Precision,
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
        """Decompose ZᵀZ; None where unpenalised columns are too dependent for it."""
        gram, products = data.design.gram(data.target)
        f, q = data.free, data.penalised
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
            unpenalised = gram[np.ix_(f, f)]
            if Factor(unpenalised).rcond < _FREE_RCOND:
                return None
            lower = np.linalg.cholesky(unpenalised)
            half = solve_triangular(lower, gram[np.ix_(f, q)] / root, lower=True)
            values, vectors = np.linalg.eigh(matrix - half.T @ half)
            free[f] = solve_triangular(lower, np.eye(len(f)), lower=True).T
            others[f] = -free[f] @ (half @ vectors)
        others[q] = vectors / root[:, None]
        values = np.maximum(values, 0.0)
        precision = _Precision(values, largest, None)
        return cls(data, values, precision, free, others, products)

    @classmethod
    def from_singular_values(cls, data: RidgeData) -> "ColumnBasis":
        """Decompose Z itself, where squaring it loses too many digits."""
        f, q = data.free, data.penalised
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
        precision = _Precision(squares, largest, tolerance)
        return cls(data, squares, precision, free, others, products)

    def is_precise(self, alphas: Floats) -> NDArray[np.bool_]:
        return self._precision.suffices(alphas)

    def least_remaining(self, alphas: Floats) -> Floats:
        return np.clip(_ROOM * self._precision.rounding(alphas), *_LEAST_REMAINING)

    def sweep(self, alphas: Floats) -> "ColumnSweep":
        smallest = float(alphas.min())
        size = self.values + smallest
        used = size > 0.0
        length = np.sqrt(size[used])
        return ColumnSweep(
            self._data,
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


class ColumnSweep:
    """Fits of several alphas over a `ColumnBasis`."""

    def __init__(
        self,
        data: RidgeData,
        filters: Floats,
        inner: Floats,
        directions: Floats,
        free_inner: Floats,
    ) -> None:
        self.filters, self.inner = filters, inner
        self._data, self.directions = data, directions
        self.free_inner = free_inner

    def rows(self, part: slice) -> Rows:
        data = self._data
        places = data.design.predict_rows(part, self.directions)
        free = places[:, : len(self.free_inner)]
        weights = data.weights[part]
        own = np.einsum("ij,ij->i", free, free) + float(data.fit_intercept)
        return Rows(
            places[:, len(self.free_inner) :],
            1.0 - weights * own,
            -weights,
            data.raw[part] - free @ self.free_inner,
            np.full(len(weights), -1.0),
        )


class DampedSweep(ColumnSweep):
    """The fit of one alpha, with a row for each column's penalty.

    Its rank is judged with all columns scaled to length one, so that their units do not
    matter to it, as they do to singular values of Z.
    """

    def __init__(self, data: RidgeData, alpha: float) -> None:
        kept = np.concatenate([data.free, data.penalised])
        M, target = reduce_rows(data.design, data.target, kept)
        penalty = np.diag(np.sqrt(alpha * data.factor[kept]))
        tolerance = rank_tolerance(data.design.n_samples, data.design.n_features)
        space = ColumnSpace(np.vstack([M, penalty]), tolerance)
        directions = np.zeros((data.design.n_features, space.basis.shape[1]))
        directions[kept] = space.directions
        super().__init__(
            data,
            np.ones((space.basis.shape[1], 1)),
            space.basis[: len(M)].T @ target,
            directions,
            np.empty((0, target.shape[1])),
        )


class RowBasis:
    """Directions as combinations of Z's rows, for more columns than rows."""

    def __init__(
        self,
        data: RidgeData,
        values: Floats,
        precision: _Precision,
        vectors: Floats,
    ) -> None:
        self.values = values
        self._data, self._precision = data, precision
        self._vectors = vectors
        self._inner = vectors.T @ data.target

    @classmethod
    def from_gram(cls, data: RidgeData) -> "RowBasis | None":
        """Decompose ``Z F⁻¹ Zᵀ``; None where it overflows."""
        inverse = np.zeros(data.design.n_features)
        inverse[data.penalised] = 1.0 / data.factor[data.penalised]
        used = np.flatnonzero(data.weights)
        gram = data.design.row_gram(inverse)[np.ix_(used, used)]
        if not np.isfinite(gram.sum()):
            return None
        largest = float(np.abs(gram).sum(axis=0).max(initial=0.0))
        space = cls._unpenalised(data, used)
        if len(data.free):  # the intercept alone is out already: Z is centred
            gram = space.project_out(space.project_out(gram).T)
        # Lifted above all others, what is unpenalised has vectors of its own.
        lift = 2.0 * largest if largest > 0.0 else 1.0
        gram += lift * (space.basis @ space.basis.T)
        values, vectors = np.linalg.eigh(gram)
        n_left = len(used) - space.basis.shape[1]
        values, vectors = values[:n_left], _spread(vectors[:, :n_left], used, data)
        values[values <= 8.0 * _EPS * np.sqrt(len(used)) * lift] = 0.0
        return cls(data, values, _Precision(values, largest, None), vectors)

    @classmethod
    def from_singular_values(cls, data: RidgeData) -> "RowBasis":
        """Decompose Z itself, where squaring it loses too many digits."""
        used = np.flatnonzero(data.weights)
        space = cls._unpenalised(data, used)
        root = np.sqrt(data.factor[data.penalised])
        scaled = data.design.materialise()[np.ix_(used, data.penalised)] / root
        scaled = space.project_out(scaled)
        largest = float(np.sum(scaled**2))
        lift = 2.0 * np.sqrt(largest) if largest > 0.0 else 1.0
        lifted = np.hstack([lift * space.basis, scaled])
        vectors, values, _ = np.linalg.svd(lifted, full_matrices=True)[:3]
        n_free = space.basis.shape[1]
        vectors = _spread(vectors[:, n_free:], used, data)
        squares = np.zeros(vectors.shape[1])
        tolerance = rank_tolerance(data.design.n_samples, data.design.n_features)
        values = values[n_free:]
        values[values <= tolerance * (np.max(values) if largest > 0.0 else lift)] = 0.0
        squares[: len(values)] = values**2
        precision = _Precision(squares, float(np.max(squares, initial=0.0)), tolerance)
        return cls(data, squares, precision, vectors)

    @staticmethod
    def _unpenalised(data: RidgeData, used: NDArray[np.intp]) -> ColumnSpace:
        """Return the space of the intercept and the unpenalised columns."""
        columns = data.design.gather(data.free).T[used]
        if data.fit_intercept:
            columns = np.column_stack([np.sqrt(data.weights[used]), columns])
        return ColumnSpace(columns, rank_tolerance(*columns.shape))

    def is_precise(self, alphas: Floats) -> NDArray[np.bool_]:
        return self._precision.suffices(alphas)

    def least_remaining(self, alphas: Floats) -> Floats:
        return np.full(len(alphas), _LEAST_REMAINING[0])

    def _filters(self, alphas: Floats) -> Floats:
        least = float(np.min(self.values, initial=np.inf))
        square = self.values[:, None] + alphas
        # Without any penalty, what is left is left along directions without length.
        return np.divide(
            least + alphas, square, out=np.ones_like(square), where=square > 0.0
        )

    def sweep(self, alphas: Floats) -> "RowSweep":
        return RowSweep(self._data, self._filters(alphas), self._inner, self._vectors)

    def degrees_left(self, alphas: Floats) -> tuple[Floats, Floats]:
        filters = self._filters(alphas)
        return filters.sum(axis=0), (filters**2).T @ self._inner**2


class RowSweep:
    """Fits of several alphas over a `RowBasis`."""

    def __init__(
        self, data: RidgeData, filters: Floats, inner: Floats, vectors: Floats
    ) -> None:
        self.filters, self.inner = filters, inner
        self._vectors = vectors
        root = np.sqrt(data.weights)
        self._gain = np.divide(1.0, root, out=np.zeros_like(root), where=root > 0.0)

    def rows(self, part: slice) -> Rows:
        gain = self._gain[part]
        return Rows(
            self._vectors[part].copy(),
            np.zeros(len(gain)),
            np.ones(len(gain)),
            np.zeros((len(gain), self.inner.shape[1])),
            gain,
        )


def _spread(vectors: Floats, used: NDArray[np.intp], data: RidgeData) -> Floats:
    """Give rows without weight the place 0 along every direction."""
    if len(used) == len(data.weights):
        return vectors
    spread = np.zeros((len(data.weights), vectors.shape[1]))
    spread[used] = vectors
    return spread
