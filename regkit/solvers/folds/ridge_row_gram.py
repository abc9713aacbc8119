"""Ridge folds of a wide X: one Gram matrix of all rows serves every fold.

With ``K = X F⁻¹ Xᵀ`` about any center, the matrix of a fold's training rows about their
own weighted means is a block of K less what their means c make up, ``K_ij - c_i - c_j +
s``. Its systems give what the fits leave of y, v, and a row's prediction is the mean of
y and ``Σ_j K_ij sqrt(w_j) v_j``. Coefficients are never formed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs import RowDesign
from regkit.designs.dense_products import times
from regkit.solvers.alpha_scales import mean_scale
from regkit.solvers.folds.fold import Fold
from regkit.solvers.results import PathResult
from regkit.solvers.ridge.basis import Precision
from regkit.solvers.ridge.route import SPARSE_GRAM
from regkit.solvers.ridge.tridiagonal import TridiagonalForm, solve

# Beyond so many squared deviations between the means of a fold and those of all rows,
# too few digits are left.
_FAR = 900.0
# A gap that rounding errors alone may leave, as a share of the null objective.
_GAP = 1e-16


@dataclass(frozen=True, slots=True)
class RowFoldFit:
    """Fits of a fold's training rows for A alphas and T targets.

    Attributes
    ----------
    result : PathResult
        Of T A problems, target by target, without their coefficients.
    n_alphas : int
    kernel : ndarray (n, n)
        K.
    rows : ndarray of int (m,)
        The training rows.
    duals : ndarray (m, T A)
        ``sqrt(w_j) v_j``.
    levels : ndarray (T A,)
    """

    result: PathResult
    n_alphas: int
    kernel: Floats
    rows: Indices
    duals: Floats
    levels: Floats

    def predict(self, rows: Indices) -> Floats:
        """Return predictions for rows of X, shape (rows, T, A)."""
        predicted = times(self.kernel[np.ix_(rows, self.rows)], self.duals)
        predicted += self.levels
        return predicted.reshape(len(rows), -1, self.n_alphas)


class RowFolds:
    """The folds of a wide X, and what they share."""

    def __init__(
        self,
        kernel: Floats,
        Y: Floats,
        weight: Floats,
        folds: Sequence[Fold],
        centered: bool,
    ) -> None:
        """Take K (n, n), targets (n, T), weights (n,), and whether to center."""
        self._kernel, self._Y, self._weight = kernel, Y, weight
        self._folds, self._is_centered = folds, centered

    @classmethod
    def build(
        cls,
        design: RowDesign,
        Y: Floats,
        sample_weight: Floats | None,
        folds: Sequence[Fold],
        factor: Floats,
    ) -> "RowFolds | None":
        """Form K; None where folds must have their own, or need their columns."""
        n = design.n_samples
        penalized = np.isfinite(factor) & (factor > 0.0)
        if (
            design.standardize  # by each fold's own scales
            or n >= design.n_features
            or (design.is_sparse and n > SPARSE_GRAM)
            or np.any(factor == 0.0)
        ):
            return None
        inverse = np.zeros(design.n_features)
        inverse[penalized] = 1.0 / factor[penalized]
        weight = np.ones(n) if sample_weight is None else sample_weight
        # About the means of all rows, each of which counts the same: rows without
        # weight are predicted as well.
        even = design if sample_weight is None else design.reweighted(np.ones(n))
        inverse[even.constant] = 0.0
        kernel = n * even.row_gram(inverse)  # of rows with the weight 1/n
        if not np.isfinite(kernel.sum()):
            return None
        return cls(kernel, Y, weight, folds, design.fit_intercept)

    def fit(self, k: int, alphas: Floats, tol: float) -> RowFoldFit | None:
        """Fit the training rows of fold k; None where rounding errors would show."""
        n = len(self._weight)
        weight = self._folds[k].training_weight(None, n) * self._weight
        rows = np.flatnonzero(weight)
        total = float(weight.sum())
        root = np.sqrt(weight[rows] / total)
        gram = self._kernel[np.ix_(rows, rows)]
        means = np.zeros(len(rows))
        mean = np.zeros(self._Y.shape[1])
        unpenalized = np.empty((len(rows), 0))
        if self._is_centered:
            unpenalized = root[:, None]
            share = root**2
            means = times(gram, share)
            distance = float(share @ means)
            gram -= means
            gram -= means[:, None]
            gram += distance
            if distance > _FAR * float(share @ gram.diagonal()):
                return None
            mean = share @ self._Y[rows]
            mean = mean + share @ (self._Y[rows] - mean)
        gram *= root
        gram *= root[:, None]
        target = root[:, None] * (self._Y[rows] - mean)
        squares = np.sum(target**2, axis=0)
        a = mean_scale(alphas, total)
        form = TridiagonalForm(gram, unpenalized)
        least, largest = form.bounds
        if not Precision(np.array([least]), largest, None).suffices(a).all():
            return None
        factors = form.factor(a)
        inner = form.inner(target)
        duals = np.hstack(
            [times(form.vectors, solve(factors, column)) for column in inner.T]
        )
        every_a = np.tile(a, len(squares))
        left = np.repeat(target, len(a), axis=1) - times(gram, duals)
        gaps = 0.5 * np.sum((left - every_a * duals) ** 2, axis=0)
        null = 0.5 * np.repeat(squares, len(a))
        if not np.all(gaps <= min(tol, _GAP) * null):
            return None
        duals *= root[:, None]
        result = PathResult(
            alphas=every_a,
            coefs=np.empty((0, len(null))),
            intercepts=np.repeat(mean, len(a)),
            dual_gaps=gaps,
            null_objectives=null,
            losses=np.full(len(null), np.nan),
            n_iters=np.ones(len(null), dtype=np.int64),
            converged=np.ones(len(null), dtype=np.bool_),
            unique=True,
            solver="dual_cholesky",
        )
        # Not by BLAS: NumPy's threads would wake, and be in the next fold's way.
        levels = result.intercepts - np.einsum("i,ij->j", means, duals)
        return RowFoldFit(result, len(alphas), self._kernel, rows, duals, levels)
