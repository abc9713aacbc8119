"""A wide ridge problem by its rows, without eigenvectors.

With ``Z F⁻¹ Zᵀ``, what is unpenalized taken out, in the form ``Q T Qᵀ``, and with ``S =
Q (T + a I)⁻¹ Qᵀ``, what a fit leaves of y is ``a S y``, and 1 - h_i is ``a S_ii``.
"""

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.designs.dense_products import times, transposed_times
from regkit.solvers.ridge.basis import (
    LEAST_REMAINING,
    Precision,
    RidgeData,
    interpolate,
)
from regkit.solvers.ridge.cholesky import Systems
from regkit.solvers.ridge.row_basis import inverse_roots, unpenalized_space
from regkit.solvers.ridge.tridiagonal import TridiagonalForm, solve


class TridiagonalBasis:
    """A tridiagonal form of ``Z F⁻¹ Zᵀ``, for more columns than rows.

    Attributes
    ----------
    form : TridiagonalForm
        Of the rows with weight.
    rows : ndarray (r, n)
        The places of Z's rows, Qᵀ; 0 for rows without weight.
    inner : ndarray (r, T)
        ``Qᵀ target``.
    gain : ndarray (n,)
        What turns a residual back into the units of y.
    """

    def __init__(self, data: RidgeData, form: TridiagonalForm) -> None:
        self.form = form
        used = np.flatnonzero(data.weights)
        self.inner = form.inner(data.target[used])
        self.rows = form.vectors.T
        if len(used) < len(data.weights):
            self.rows = np.zeros((len(self.inner), len(data.weights)))
            self.rows[:, used] = form.vectors.T
        self.gain = inverse_roots(data.weights)
        least, largest = form.bounds
        self._precision = Precision(np.array([least]), largest, None)

    @classmethod
    def from_gram(cls, data: RidgeData) -> "TridiagonalBasis | None":
        """Reduce ``Z F⁻¹ Zᵀ``; None where it overflows."""
        inverse = np.zeros(data.design.n_features)
        inverse[data.penalized] = 1.0 / data.factor[data.penalized]
        gram = data.design.row_gram(inverse)
        used = np.flatnonzero(data.weights)
        if len(used) < len(gram):
            gram = gram[np.ix_(used, used)]
        if not np.isfinite(gram.sum()):
            return None
        form = TridiagonalForm(gram, unpenalized_space(data, used).basis)
        return cls(data, form)

    @property
    def values(self) -> Floats:
        return self.form.values

    @property
    def systems(self) -> Systems | None:
        return self

    def is_precise(self, alphas: Floats) -> NDArray[np.bool_]:
        return self._precision.suffices(alphas)

    def least_remaining(self, alphas: Floats) -> Floats:
        return np.full(len(alphas), LEAST_REMAINING[0])

    def sweep(self, alphas: Floats) -> "TridiagonalSweep":
        return TridiagonalSweep(self, alphas)

    def degrees_left(self, alphas: Floats) -> tuple[Floats, Floats]:
        size = self.form.bounds[0] + alphas
        left = (size / (self.values[:, None] + alphas)).sum(axis=0)
        squares = np.zeros((len(alphas), self.inner.shape[1]))
        factors = self.form.factor(alphas)
        for t, inner in enumerate(self.inner.T):
            rest = solve(factors, inner) * size  # before its squares can overflow
            squares[:, t] = np.einsum("ja,ja->a", rest, rest)
        return left, squares

    def system(self, alpha: float) -> "TridiagonalSystem":
        """Return ``Z F⁻¹ Zᵀ + alpha I``, where nothing unpenalized is left."""
        return TridiagonalSystem(self, alpha)


class TridiagonalSystem:
    """One matrix of a `TridiagonalBasis`."""

    def __init__(self, basis: TridiagonalBasis, alpha: float) -> None:
        least, largest = basis.form.bounds
        self.rcond = (least + alpha) / (largest + alpha) if largest > 0.0 else 0.0
        self._rows = basis.rows
        self._factors = basis.form.factor(np.array([alpha]))

    def solve(self, right: Floats) -> Floats:
        inner = times(self._rows, right)
        found = [solve(self._factors, column)[:, 0] for column in inner.T]
        solved: Floats = transposed_times(self._rows, np.array(found)).T
        return solved


class TridiagonalSweep:
    """Fits of several alphas over a `TridiagonalBasis`."""

    def __init__(self, basis: TridiagonalBasis, alphas: Floats) -> None:
        self._rows, self._inner = basis.rows, basis.inner
        self._gain = basis.gain
        nodes, self._combine = interpolate(alphas, *basis.form.bounds)
        self._size = basis.form.bounds[0] + alphas[nodes]
        self._factors = basis.form.factor(alphas[nodes])
        multipliers, inverse = self._factors
        self._by_alphas = multipliers.T.copy(), inverse.T.copy()
        self.width = len(self._inner) + len(alphas)

    def evaluate(self, part: slice) -> tuple[Floats, Floats]:
        # Loaded here: only rows left out of a wide X need it.
        from regkit.kernels.linear import tridiagonal as kernels

        start, stop, _ = part.indices(self._rows.shape[1])
        remaining = kernels.inverse_forms(self._rows, start, stop, *self._by_alphas)
        remaining *= self._size
        places, gain = self._rows[:, part].T, self._gain[part, None]
        n_targets, n_alphas = self._inner.shape[1], self._combine.shape[1]
        residual = np.empty((stop - start, n_targets, n_alphas))
        for t, inner in enumerate(self._inner.T):
            rest = solve(self._factors, inner)
            few = (places @ (rest * self._size)) * gain
            np.matmul(few, self._combine, out=residual[:, t])
        return remaining @ self._combine, residual
