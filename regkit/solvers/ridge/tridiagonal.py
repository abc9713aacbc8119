"""A symmetric matrix in tridiagonal form, for systems with any multiple of I added.

Reflections Q turn it into a tridiagonal T. A system with T + a I takes a few operations
a row, so that eigenvectors, the larger half of an eigendecomposition, are not needed.
"""

from functools import cached_property

import numpy as np
from scipy.linalg import blas, eigvalsh_tridiagonal, lapack

from regkit._types import EPS, Floats

# Reflections that LAPACK may apply at a time.
_BLOCK = 64


class TridiagonalForm:
    """``T = Qᵀ gram Q`` for a Q orthogonal to what is unpenalized.

    Attributes
    ----------
    vectors : ndarray (m, r)
        Q.
    bounds : tuple of (float, float)
        What no eigenvalue of T is below or above.
    """

    def __init__(self, gram: Floats, unpenalized: Floats) -> None:
        """Reduce ``gram`` (m, m); ``unpenalized`` (m, f) is orthonormal.

        All in SciPy's BLAS: two libraries' threads would be in each other's way.
        """
        self._diagonal, self._off_diagonal, self.vectors = _reduce(gram, unpenalized)
        size = np.abs(self._diagonal)
        size[1:] += np.abs(self._off_diagonal)
        size[:-1] += np.abs(self._off_diagonal)
        largest = float(np.max(size, initial=0.0))
        # LAPACK squares entries, which must not overflow: it is given T over this power
        # of two.
        self._exponent = int(np.frexp(largest)[1]) - 1
        self._noise = 16.0 * EPS * float(np.sqrt(len(gram))) * largest
        # Of no directions at all any bounds will do.
        self.bounds = float(np.min(self._found(first=0), initial=largest)), largest

    @cached_property
    def values(self) -> Floats:
        """The eigenvalues, rounding errors as 0."""
        return self._found()

    def _found(self, first: int | None = None) -> Floats:
        """Return all eigenvalues, or one of them in an array."""
        if not len(self._diagonal):
            return np.empty(0)
        matrix = (
            np.ldexp(self._diagonal, -self._exponent),
            np.ldexp(self._off_diagonal, -self._exponent),
        )
        if first is None:
            found = eigvalsh_tridiagonal(*matrix, check_finite=False)
        else:
            found = eigvalsh_tridiagonal(
                *matrix, select="i", select_range=(first, first), check_finite=False
            )
        values = np.ldexp(np.asarray(found, dtype=np.float64), self._exponent)
        values[values <= self._noise] = 0.0
        return values

    def inner(self, right: Floats) -> Floats:
        """Return ``Qᵀ right``, (r, T), for (m, T)."""
        if not len(self._diagonal):
            return np.zeros((0, right.shape[1]))
        product: Floats = blas.dgemm(1.0, self.vectors, right, trans_a=True)
        return product

    def factor(self, alphas: Floats) -> tuple[Floats, Floats]:
        """Factor T + a I for each a; see `regkit.kernels.linear.tridiagonal.factor`."""
        # Loaded here, as below: only folds of a wide X need it.
        from regkit.kernels.linear import tridiagonal as kernels

        return kernels.factor(self._diagonal, self._off_diagonal, alphas)


def solve(factors: tuple[Floats, Floats], inner: Floats) -> Floats:
    """Return ``(T + a I)⁻¹ inner``, (r, A), for one right-hand side (r,)."""
    # Loaded where rows are left out: a fit alone does without.
    from regkit.kernels.linear import tridiagonal as kernels

    return kernels.solve(*factors, np.ascontiguousarray(inner))


def _reduce(gram: Floats, unpenalized: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the diagonals of T and vectors Q (m, m - f) with ``T = Qᵀ gram Q``.

    Q is orthogonal to ``unpenalized`` (m, f), whose reflections come first.
    """
    m, f = unpenalized.shape
    if f == m:
        return np.empty(0), np.empty(0), np.empty((m, 0))
    reflections = np.zeros((m, m), order="F")
    scales = np.zeros(m)
    inner = gram[f:, f:]
    if f > 0:
        reflections[:, :f], scales[:f] = lapack.dgeqrf(unpenalized)[:2]
        V = np.tril(reflections[:, :f], -1)
        np.fill_diagonal(V, 1.0)
        # H = I - V U Vᵀ for all of them; then Hᵀ gram H = gram - V Wᵀ - W Vᵀ.
        U = np.diag(scales[:f])
        for i in range(1, f):
            U[:i, i] = -scales[i] * U[:i, :i] @ (V[:, :i].T @ V[:, i])
        image = blas.dgemm(1.0, gram.T, V) @ U
        W = image - 0.5 * V @ (U.T @ (V.T @ image))
        inner = np.array(inner.T, order="F")
        if m > f:
            blas.dsyr2k(
                -1.0, V[f:], W[f:], beta=1.0, c=inner, lower=True, overwrite_c=True
            )
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
