"""Ridge and least squares through singular values: where squaring X costs too much.

A tall Z is first reduced, by QR of a few rows at a time, to a triangle R with
``|t - Z g| = |t' - R g|`` for all g: no second array of X's size is formed. Columns
without a penalty are projected out; what is left is one singular value decomposition
that serves every penalty, zero included (there: the answer of minimum norm).
"""

import numpy as np
from numpy.typing import NDArray

from regkit._types import EPS, Floats
from regkit.designs import Design

# Entries of Z that are reduced at a time.
_CHUNK = 1 << 19
# Up to this many columns of a wide Z, a row for each column's penalty is affordable.
_DAMPED = 500
# Corrections by the gradient left, so that the duality gap is as small as the distance
# to the optimum.
_ROUNDS = 3


def reduce_rows(
    design: Design, target: Floats, kept: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Return M and t of a least-squares problem equal to that of Z[:, kept]."""
    n, width = design.n_samples, len(kept) + target.shape[1]
    step = max(4 * width, _CHUNK // max(width, 1))
    if n <= 2 * step:
        return design.materialize()[:, kept], target
    triangle: Floats = np.empty((0, width))
    for start in range(0, n, step):
        rows = slice(start, min(start + step, n))
        block = np.empty((len(triangle) + rows.stop - start, width))
        block[: len(triangle)] = triangle
        block[len(triangle) :, : len(kept)] = design.materialize(rows)[:, kept]
        block[len(triangle) :, len(kept) :] = target[rows]
        triangle = np.asarray(np.linalg.qr(block, mode="r"))
    return triangle[:, : len(kept)], triangle[:, len(kept) :]


def rank_tolerance(n: int, p: int) -> float:
    """Singular values below this share of the largest are rounding errors."""
    return 32.0 * EPS * float(np.sqrt(max(n, p)))


class ColumnSpace:
    """Least squares of minimum norm on the columns of M.

    The rank is determined with all columns scaled to length one, so that it does not
    depend on units; the norm that is minimal is that of the coefficients themselves.
    """

    def __init__(self, M: Floats, tolerance: float) -> None:
        lengths = np.sqrt(np.einsum("ij,ij->j", M, M))
        lengths[lengths == 0.0] = 1.0
        left, values, right = np.linalg.svd(M / lengths, full_matrices=False)
        rank = int(np.sum(values > tolerance * np.max(values, initial=0.0)))
        self.is_full = rank == M.shape[1]
        self.basis: Floats = left[:, :rank]
        self._values = values[:rank]
        self._right = right[:rank]
        self._lengths = lengths

    @property
    def directions(self) -> Floats:
        """Coefficients with which the columns of M combine to ``basis``."""
        combined: Floats = (self._right.T / self._values) / self._lengths[:, None]
        return combined

    def project_out(self, block: Floats) -> Floats:
        """Return what of the columns of ``block`` is orthogonal to M's."""
        for _ in range(2):  # the second time for the last digits
            block = block - self.basis @ (self.basis.T @ block)
        return block

    def solve(self, target: Floats) -> Floats:
        """Return the shortest g with least ``|target - M g|``, a column per target."""
        inner = (self.basis.T @ target) / self._values[:, None]
        if self.is_full:
            unique: Floats = (self._right.T @ inner) / self._lengths[:, None]
            return unique
        # The shortest g lies in the row space of M, spanned by D V.
        q, r = np.linalg.qr(self._lengths[:, None] * self._right.T)
        shortest: Floats = q @ np.linalg.solve(r.T, inner)
        return shortest


def least_squares(
    M: Floats, target: Floats, tolerance: float
) -> tuple[Floats, Floats, bool]:
    """Return coefficients (p, T) of minimum norm, gaps (T,), and whether unique."""
    space = ColumnSpace(M, tolerance)
    coef = space.solve(target)
    left_over = space.basis.T @ (target - M @ coef)
    return coef, 0.5 * np.sum(left_over**2, axis=0), space.is_full


def ridge(
    M: Floats, target: Floats, alphas: Floats, factor: Floats, tolerance: float
) -> tuple[Floats, Floats, bool]:
    """Return coefficients (p, T) for positive ``alphas``, gaps (T,), and uniqueness.

    Minimizes ``1/2 |t - M g|² + a/2 Σ f_j g_j²``; the gap is the exact suboptimality
    that follows from the gradient left.
    """
    free = factor == 0.0
    space = ColumnSpace(M[:, free], tolerance)
    penalized = M[:, ~free]
    root = np.sqrt(factor[~free])
    scaled = space.project_out(penalized / root)
    aim = space.project_out(target)
    left, values, right = np.linalg.svd(scaled, full_matrices=False)
    square = values[:, None] ** 2 + alphas
    # Directions of rounding errors alone, where the penalty does not damp them.
    largest = float(np.max(values, initial=0.0))
    noise = tolerance * largest
    lost = (values[:, None] <= noise) & (alphas <= noise * largest)
    gain = np.where(lost, 0.0, values[:, None] / square)
    inner = right.T @ (gain * (left.T @ aim))
    slope = np.zeros_like(square)
    for round_ in range(_ROUNDS):
        slope = right @ (scaled.T @ (aim - scaled @ inner) - alphas * inner)
        slope[lost] = 0.0
        if round_ < _ROUNDS - 1:
            inner += right.T @ (slope / square)
    coef = np.empty((M.shape[1], target.shape[1]))
    coef[~free] = inner / root[:, None]
    coef[free] = space.solve(target - penalized @ coef[~free])
    unspent = space.basis.T @ (target - M @ coef)
    gaps = 0.5 * (np.sum(slope**2 / square, axis=0) + np.sum(unspent**2, axis=0))
    if M.shape[1] <= max(M.shape[0], _DAMPED):
        for t in np.flatnonzero(lost.any(axis=0)):
            one = slice(t, t + 1)
            penalty = alphas[t] * factor
            other, gap = _damped(M, target[:, one], penalty, tolerance)
            worse = _objective(M, target[:, one], penalty, coef[:, one])
            better = _objective(M, target[:, one], penalty, other)
            # Within rounding the shorter answer, the one without noise, is kept.
            if better < worse - 1e-12 * float(np.sum(target[:, one] ** 2)):
                coef[:, one], gaps[one] = other, gap
    return coef, gaps, space.is_full


def _objective(M: Floats, target: Floats, penalty: Floats, coef: Floats) -> float:
    return float(np.sum((target - M @ coef) ** 2) + penalty @ np.sum(coef**2, axis=1))


def _damped(
    M: Floats, target: Floats, penalty: Floats, tolerance: float
) -> tuple[Floats, Floats]:
    """Solve for one penalty as least squares with a row for each column's penalty.

    `ColumnSpace` determines the rank with columns of length one: what looked like noise
    beside a column in large units may be a column in small ones.
    """
    extended = np.vstack([M, np.diag(np.sqrt(penalty))])
    right = np.vstack([target, np.zeros((len(penalty), target.shape[1]))])
    coef, gaps, _ = least_squares(extended, right, tolerance)
    return coef, gaps
