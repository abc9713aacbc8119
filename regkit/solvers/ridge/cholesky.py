"""Ridge by Cholesky of the smaller Gram matrix, guarded by its condition.

With c = Zᵀ(t - Z g) - a f g, the gradient left at g, the objective is above its optimum
by exactly ``1/2 cᵀ (ZᵀZ + a F)⁻¹ c``, and the duality gap is ``Σ c_j² / (2 a f_j)``.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from regkit._types import Floats
from regkit.designs import Design
from regkit.designs.dense_products import times
from regkit.parallel.threads import calm_blas
from regkit.solvers.ridge.svd import ColumnSpace, rank_tolerance

# Below this reciprocal condition number a solution is refined by its true residual
# (corrected seminormal equations, Björck 1987) …
_REFINED = 1e-6
# … and below this one squaring X has lost too much.
_HOPELESS = 1e-12
# More distinct penalties than this are cheaper by one eigendecomposition.
_MANY = 5
_ROUNDS = 4


class System(Protocol):
    """A positive definite matrix that can be solved with."""

    rcond: float

    def solve(self, right: Floats) -> Floats:
        """Solve for one or many right-hand sides."""


class Systems(Protocol):
    """Matrices that differ by a multiple of the penalty's."""

    def system(self, alpha: float) -> System:
        """Give the matrix of one penalty."""


class Factor:
    """Cholesky factor of a matrix scaled to a unit diagonal.

    By the library that formed the matrix, NumPy's or SciPy's BLAS: the threads of the
    one, still awake, would not make room for those of the other. (One column to solve
    for does not wake them.)
    """

    def __init__(self, matrix: Floats, *, of_rows: bool = False) -> None:
        diagonal = matrix.diagonal()
        self.rcond = 0.0
        if not len(diagonal) or not np.all(diagonal > 0.0):
            return
        self._scale = 1.0 / np.sqrt(diagonal)
        scaled = matrix * self._scale
        scaled *= self._scale[:, None]
        norm = float(np.max(np.abs(scaled).sum(axis=0), initial=0.0))
        with calm_blas(len(scaled)):
            if of_rows:
                self._factor, info = lapack.dpotrf(scaled.T, overwrite_a=True)
                if info != 0:
                    return
            else:
                try:
                    self._factor = np.linalg.cholesky(scaled).T
                except np.linalg.LinAlgError:
                    return
        self.rcond = float(lapack.dpocon(self._factor, norm, uplo="U")[0])

    def solve(self, right: Floats) -> Floats:
        scale = self._scale if right.ndim == 1 else self._scale[:, None]
        solved, _ = lapack.dpotrs(self._factor, scale * right, lower=0)
        product: Floats = scale * solved
        return product


class Spectrum:
    """Eigenvalues of ``matrix``, good for every ``matrix + a diag(shift)``."""

    def __init__(self, matrix: Floats, shift: Floats) -> None:
        self._root = np.sqrt(shift)
        with calm_blas(len(matrix)):
            self._values, self._vectors = np.linalg.eigh(
                matrix / (self._root * self._root[:, None])
            )
        self._values = np.maximum(self._values, 0.0)

    def shifted(self, alpha: float) -> "ShiftedSpectrum":
        return ShiftedSpectrum(self._values + alpha, self._vectors, self._root)


class ShiftedSpectrum:
    """One matrix of a `Spectrum`'s family."""

    def __init__(self, values: Floats, vectors: Floats, root: Floats) -> None:
        self.rcond = float(values[0] / values[-1]) if np.any(values > 0.0) else 0.0
        self._values, self._vectors, self._root = values, vectors, root

    def solve(self, right: Floats) -> Floats:
        inner = self._vectors.T @ (right / self._root[:, None])
        inner /= self._values[:, None]
        return (self._vectors @ inner) / self._root[:, None]


class Family:
    """The matrices ``matrix + a diag(shift)`` for the penalties asked for."""

    def __init__(
        self, matrix: Floats, shift: Floats, n_alphas: int, *, of_rows: bool = False
    ) -> None:
        self._matrix = matrix
        self._of_rows = of_rows
        self._shift = shift
        self._spectrum = None
        if n_alphas > _MANY and np.all(shift > 0.0):
            self._spectrum = Spectrum(matrix, shift)

    def system(self, alpha: float) -> System:
        if self._spectrum is not None:
            system = self._spectrum.shifted(alpha)
            if system.rcond > _REFINED:
                return system
        shifted = self._matrix.copy()
        shifted.flat[:: len(shifted) + 1] += alpha * self._shift
        return Factor(shifted, of_rows=self._of_rows)


def groups(alphas: Floats) -> list[tuple[float, NDArray[np.intp]]]:
    """Return each distinct alpha with the targets that share it."""
    if len(alphas) == 1:
        return [(float(alphas[0]), np.zeros(1, dtype=np.intp))]
    values, inverse = np.unique(alphas, return_inverse=True)
    return [(float(a), np.flatnonzero(inverse == i)) for i, a in enumerate(values)]


def by_columns(
    design: Design,
    target: Floats,
    columns: NDArray[np.intp],
    alphas: Floats,
    factor: Floats,
    goals: Floats,
) -> tuple[Floats, Floats]:
    """Solve with the p x p Gram matrix, problem t being about ``columns[t]`` of target.

    Returns
    -------
    coef : ndarray (p, T)
    gaps : ndarray (T,)
        NaN where the matrix is too close to singular.
    """
    gram, products = design.gram(target)
    excluded = design.constant | np.isinf(factor)
    coef = np.zeros((len(factor), len(alphas)))
    gaps = np.full(len(alphas), np.nan)
    kept = np.arange(len(factor))
    if excluded.any():
        kept = np.flatnonzero(~excluded)
        gram, products, factor = gram[np.ix_(kept, kept)], products[kept], factor[kept]
    if not np.isfinite(gram.diagonal().sum()):
        return coef, gaps
    together = groups(alphas)
    family = Family(gram, factor, len(together))
    for alpha, mine in together:
        system = family.system(alpha)
        if system.rcond < _HOPELESS:
            continue
        found = system.solve(products[:, columns[mine]])
        penalty = (alpha * factor)[:, None]
        slope = products[:, columns[mine]] - gram @ found - penalty * found
        gaps[mine] = 0.5 * np.sum(slope * system.solve(slope), axis=0)
        dual = np.where(penalty > 0.0, 0.5 * slope**2 / penalty, 0.0).sum(axis=0)
        if system.rcond < _REFINED or np.any(dual > 0.1 * goals[mine]):
            found, gaps[mine] = _refine(
                design, target[:, columns[mine]], kept, system, penalty, found
            )
        coef[kept[:, None], mine] = found
    return coef, np.abs(gaps)


def _refine(
    design: Design,
    target: Floats,
    kept: NDArray[np.intp],
    system: System,
    penalty: Floats,
    coef: Floats,
) -> tuple[Floats, Floats]:
    """Correct ``coef`` by gradients that come through X; NaN gaps when it fails."""
    last = np.full(target.shape[1], np.inf)
    for _ in range(_ROUNDS):
        slope = design.correlate(target - expand(design, kept, coef))[kept]
        slope -= penalty * coef
        step = system.solve(slope)
        gaps = 0.5 * np.abs(np.sum(slope * step, axis=0))
        if np.all(gaps >= 0.01 * last):
            break
        coef = coef + step
        last = gaps
    total = np.sum(target**2, axis=0)
    return coef, np.where(gaps <= 1e-16 * total, gaps, np.nan)


def expand(design: Design, kept: NDArray[np.intp], coef: Floats) -> Floats:
    """Return ``Z[:, kept] @ coef``, one column per target."""
    predicted = np.empty((design.n_samples, coef.shape[1]))
    full = np.zeros(design.n_features)
    for t in range(coef.shape[1]):
        full[kept] = coef[:, t]
        predicted[:, t] = design.predict(full)
    return predicted


def by_rows(
    design: Design,
    target: Floats,
    alphas: Floats,
    factor: Floats,
    goals: Floats,
    known: Systems | None = None,
) -> tuple[Floats, Floats, bool]:
    """Solve with the n x n matrix ``Z F⁻¹ Zᵀ + a I``, for positive alphas.

    The residual is a v with ``(Z F⁻¹ Zᵀ + a I) v = t``, and ``g = F⁻¹ Zᵀ v``; columns
    without a penalty are projected out of both sides first. A v that leaves the
    remainder e = residual - a v is above the optimum by at most ``|e|²/2``. Where the
    systems are ``known``, their factorization is saved.

    Returns
    -------
    coef : ndarray (p, T)
    gaps : ndarray (T,)
        NaN where the matrix is too close to singular.
    unique : bool
        False when the unpenalized columns depend on each other.
    """
    n, p = design.n_samples, design.n_features
    kept = ~(design.constant | np.isinf(factor))
    inverse = np.zeros(p)
    penalized = kept & (factor > 0.0)
    inverse[penalized] = 1.0 / factor[penalized]
    gram = design.row_gram(inverse)
    free = np.flatnonzero(kept & (factor == 0.0))
    tolerance = rank_tolerance(n, len(free))
    space = ColumnSpace(design.gather(free).T, tolerance)
    aim = target
    if len(free):
        gram = space.project_out(space.project_out(gram).T)
        aim = space.project_out(target)
    coef = np.zeros((p, target.shape[1]))
    gaps = np.full(len(alphas), np.nan)
    if not np.isfinite(gram.diagonal().sum()):
        return coef, gaps, True
    everything = np.arange(p)
    together = groups(alphas)
    family = known
    if family is None:
        family = Family(gram, np.ones(n), len(together), of_rows=True)
    for alpha, mine in together:
        system = family.system(alpha)
        if system.rcond < _HOPELESS:
            continue
        dual = system.solve(aim[:, mine])
        last = np.full(len(mine), np.inf)
        for _ in range(_ROUNDS):
            dual = space.project_out(dual)
            found = inverse[:, None] * design.correlate(dual)
            left = target[:, mine] - expand(design, everything, found)
            rest = space.project_out(left) - alpha * dual
            gap = 0.5 * np.sum(rest**2, axis=0)
            gradient = 0.5 / alpha * np.sum(rest * times(gram, rest), axis=0)
            exact = system.rcond > _REFINED and np.all(gradient <= 0.1 * goals[mine])
            if exact or np.all(gap >= 0.01 * last):
                break
            dual = dual + system.solve(rest)
            last = gap
        if len(free):
            found[free] = space.solve(left)
        total = np.sum(target[:, mine] ** 2, axis=0)
        gaps[mine] = np.where(gap <= 1e-16 * total, gap, np.nan)
        coef[:, mine] = found
    return coef, gaps, space.is_full
