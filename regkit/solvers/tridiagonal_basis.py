"""A wide ridge problem by its rows, without eigenvectors: the tridiagonal form.

Reflections Q turn ``Z F⁻¹ Zᵀ``, what is unpenalised taken out, into a tridiagonal T. A
system with T + a I takes a few operations a row, so that eigenvectors, the larger half
of an eigendecomposition, are never needed: with ``S = Q (T + a I)⁻¹ Qᵀ``, what a fit
leaves of y is ``a S y``, and 1 - h_i is ``a S_ii``.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas, eigvalsh_tridiagonal, lapack

from regkit.designs.dense_products import times, transposed_times
from regkit.solvers.problem import Floats
from regkit.solvers.ridge_basis import (
    LEAST_REMAINING,
    Precision,
    RidgeData,
    interpolate,
)
from regkit.solvers.row_basis import inverse_roots, unpenalised_space

_EPS = float(np.finfo(np.float64).eps)
# Reflections that LAPACK may apply at a time.
_BLOCK = 64


class TridiagonalBasis:
    """A tridiagonal form of ``Z F⁻¹ Zᵀ``, for more columns than rows.

    Attributes
    ----------
    diagonal : ndarray (r,)
        Of T.
    rows : ndarray (r, n)
        The places of Z's rows, Qᵀ.
    inner : ndarray (r, T)
        ``Qᵀ target``.
    gain : ndarray (n,)
        What turns a residual back into the units of y.
    bounds : tuple of (float, float)
        What no eigenvalue of T is below or above.
    """

    def __init__(self, data: RidgeData, gram: Floats, unpenalised: Floats) -> None:
        """Reduce ``gram`` of the rows with weight; see `from_gram`.

        ``unpenalised`` (m, f) is an orthonormal basis of what has no penalty.
        """
        self.gain = inverse_roots(data.weights)
        self.diagonal, self._off_diagonal, vectors = _reduce(gram, unpenalised)
        used = np.flatnonzero(data.weights)
        # All in SciPy's BLAS: two libraries' threads would be in each other's way.
        self.inner = np.zeros((len(self.diagonal), data.target.shape[1]))
        if len(self.diagonal):
            self.inner = blas.dgemm(1.0, vectors, data.target[used], trans_a=True)
        self.rows = vectors.T
        if len(used) < len(data.weights):  # rows without weight have no place
            self.rows = np.zeros((len(self.diagonal), len(data.weights)))
            self.rows[:, used] = vectors.T
        size = np.abs(self.diagonal)
        size[1:] += np.abs(self._off_diagonal)
        size[:-1] += np.abs(self._off_diagonal)
        largest = float(np.max(size, initial=0.0))
        self._noise = 16.0 * _EPS * float(np.sqrt(len(used))) * largest
        least = self._found(first=0)
        self._precision = Precision(least, largest, None)
        # Of no directions at all any bounds will do.
        self.bounds = float(np.min(least, initial=largest)), largest

    @classmethod
    def from_gram(cls, data: RidgeData) -> "TridiagonalBasis | None":
        """Reduce ``Z F⁻¹ Zᵀ``; None where it overflows."""
        inverse = np.zeros(data.design.n_features)
        inverse[data.penalised] = 1.0 / data.factor[data.penalised]
        gram = data.design.row_gram(inverse)
        used = np.flatnonzero(data.weights)
        if len(used) < len(gram):
            gram = gram[np.ix_(used, used)]
        if not np.isfinite(gram.sum()):
            return None
        return cls(data, gram, unpenalised_space(data, used).basis)

    def _found(self, first: int | None = None) -> Floats:
        """Return all eigenvalues, or one of them in an array; rounding errors as 0."""
        if not len(self.diagonal):
            return np.empty(0)
        which = {} if first is None else {"select": "i", "select_range": (first, first)}
        values: Floats = eigvalsh_tridiagonal(
            self.diagonal, self._off_diagonal, check_finite=False, **which
        )
        values[values <= self._noise] = 0.0
        return values

    @cached_property
    def values(self) -> Floats:
        return self._found()

    def is_precise(self, alphas: Floats) -> NDArray[np.bool_]:
        return self._precision.suffices(alphas)

    def least_remaining(self, alphas: Floats) -> Floats:
        return np.full(len(alphas), LEAST_REMAINING[0])

    def sweep(self, alphas: Floats) -> "TridiagonalSweep":
        return TridiagonalSweep(self, alphas)

    def factored(self, alphas: Floats) -> tuple[Floats, Floats]:
        """Return factors of T + a I for each a, as `kernels.tridiagonal.factor`."""
        from regkit.kernels import tridiagonal as kernels

        return kernels.factor(self.diagonal, self._off_diagonal, alphas)

    def degrees_left(self, alphas: Floats) -> tuple[Floats, Floats]:
        from regkit.kernels import tridiagonal as kernels

        size = self.bounds[0] + alphas
        left = (size / (self.values[:, None] + alphas)).sum(axis=0)
        squares = np.zeros((len(alphas), self.inner.shape[1]))
        factors = self.factored(alphas)
        for t, inner in enumerate(self.inner.T):
            rest = kernels.solve(*factors, np.ascontiguousarray(inner))
            squares[:, t] = np.einsum("ja,ja->a", rest, rest) * size**2
        return left, squares

    def system(self, alpha: float) -> "TridiagonalSystem":
        """Return ``Z F⁻¹ Zᵀ + alpha I``, where nothing unpenalised is left."""
        return TridiagonalSystem(self, alpha)


class TridiagonalSystem:
    """One matrix of a `TridiagonalBasis`."""

    def __init__(self, basis: TridiagonalBasis, alpha: float) -> None:
        least, largest = basis.bounds
        self.rcond = (least + alpha) / (largest + alpha) if largest > 0.0 else 0.0
        self._rows = basis.rows
        self._factors = basis.factored(np.array([alpha]))

    def solve(self, right: Floats) -> Floats:
        from regkit.kernels import tridiagonal as kernels

        inner = times(self._rows, right)
        found = [
            kernels.solve(*self._factors, np.ascontiguousarray(column))[:, 0]
            for column in inner.T
        ]
        solved: Floats = transposed_times(self._rows, np.array(found)).T
        return solved


class TridiagonalSweep:
    """Fits of several alphas over a `TridiagonalBasis`."""

    def __init__(self, basis: TridiagonalBasis, alphas: Floats) -> None:
        self._rows, self._inner = basis.rows, basis.inner
        self._gain = basis.gain
        nodes, self._combine = interpolate(alphas, *basis.bounds)
        self._size = basis.bounds[0] + alphas[nodes]
        self._factors = basis.factored(alphas[nodes])
        multipliers, inverse = self._factors
        self._by_alphas = multipliers.T.copy(), inverse.T.copy()
        self.width = len(self._inner) + len(alphas)

    def judge(self, part: slice) -> tuple[Floats, Floats]:
        from regkit.kernels import tridiagonal as kernels

        start, stop, _ = part.indices(self._rows.shape[1])
        remaining = kernels.inverse_forms(self._rows, start, stop, *self._by_alphas)
        remaining *= self._size
        places, gain = self._rows[:, part].T, self._gain[part, None]
        n_targets, n_alphas = self._inner.shape[1], self._combine.shape[1]
        residual = np.empty((stop - start, n_targets, n_alphas))
        for t, inner in enumerate(self._inner.T):
            rest = kernels.solve(*self._factors, np.ascontiguousarray(inner))
            few = (places @ (rest * self._size)) * gain
            np.matmul(few, self._combine, out=residual[:, t])
        return remaining @ self._combine, residual


def _reduce(gram: Floats, unpenalised: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the diagonals of T and vectors Q (m, m - f) with ``T = Qᵀ gram Q``.

    Q is orthogonal to ``unpenalised`` (m, f), whose reflections come first.
    """
    m, f = unpenalised.shape
    reflections = np.zeros((m, m), order="F")
    scales = np.zeros(m)
    inner = gram[f:, f:]
    if 0 < f:
        reflections[:, :f], scales[:f] = lapack.dgeqrf(unpenalised)[:2]
        V = np.tril(reflections[:, :f], -1)
        np.fill_diagonal(V, 1.0)
        # H = I - V U Vᵀ for all of them; then Hᵀ gram H = gram - V Wᵀ - W Vᵀ.
        U = np.diag(scales[:f])
        for i in range(1, f):
            U[:i, i] = -scales[i] * U[:i, :i] @ (V[:, :i].T @ V[:, i])
        image = blas.dgemm(1.0, gram.T, V) @ U
        W = image - 0.5 * V @ (U.T @ (V.T @ image))
        inner = np.array(inner.T, order="F")
        blas.dsyr2k(-1.0, V[f:], W[f:], beta=1.0, c=inner, lower=True, overwrite_c=True)
    if m - f < 2:
        diagonal, off_diagonal = inner.diagonal().copy(), np.empty(0)
    else:
        work = int(lapack.dsytrd_lwork(m - f, lower=True)[0])
        reduced, diagonal, off_diagonal, scales[f + 1 :] = lapack.dsytrd(
            inner, lower=True, lwork=work, overwrite_a=f > 0
        )[:4]
        reflections[f + 1 :, f + 1 :] = reduced[1:, :-1]
    work = _BLOCK * max(1, m)
    vectors = lapack.dorgqr(reflections, scales, lwork=work, overwrite_a=True)[0]
    return diagonal, off_diagonal, vectors[:, f:]
