"""Wide X and an L2 penalty alone: as many coefficients as rows are enough.

The optimum of ``loss(Z b) + alpha/2 Σ f_j b_j²`` is ``b = D Zᵀ v`` with D = diag(1/f).
With the eigenvectors U and eigenvalues s of ``Z D Zᵀ``, ``b = D Zᵀ U s^(-1/2) g`` turns
``Z b`` into ``U s^(1/2) g`` and the penalty into ``alpha/2 |g|²``: the same problem in
at most n coefficients, but for the rounding errors of the eigenvalues. Where alpha is
as small as those, it is another problem: gaps are computed with X itself.
"""

from dataclasses import dataclass, replace

import numpy as np

from regkit._types import EPS, Floats
from regkit.designs import RowDesign, make_design
from regkit.designs.class_columns import ClassDesign
from regkit.kernels.linear.terms import Point
from regkit.solvers.losses import LossTask, overflowing
from regkit.solvers.paths.certificate import LossCertificate
from regkit.solvers.problem import Penalty, ScaledPenalty
from regkit.solvers.results import PathResult

# With more coefficients than this X itself is not gone to where gaps stay open.
_MOST = 4096


@dataclass(frozen=True, slots=True)
class RowSpace:
    """A problem in the coefficients g.

    Attributes
    ----------
    design : RowDesign
        Of ``U s^(1/2)``.
    penalty : Penalty
        Of g.
    """

    design: RowDesign
    penalty: Penalty
    _of: RowDesign
    _penalty: Penalty
    _directions: Floats  # U s^(-1/2)
    _inverse: Floats  # D

    @classmethod
    def of(cls, design: RowDesign, penalty: Penalty) -> "RowSpace | None":
        """Return the problem, or None where it is not one of L2 penalties on wide X."""
        is_ridge = penalty.l1_ratio == 0.0 and not penalty.is_bounded
        if not is_ridge or design.n_features <= design.n_samples:
            return None
        if np.any(penalty.factor == 0.0):
            return None
        excluded = design.constant | np.isinf(penalty.factor)
        inverse = np.where(excluded, 0.0, 1.0 / penalty.factor)
        values, vectors = np.linalg.eigh(design.row_gram(inverse))
        kept = values > 4.0 * EPS * len(values) * max(values[-1], 0.0)
        if not kept.any():
            return None
        sizes, vectors = np.sqrt(values[kept]), vectors[:, kept]
        root = np.sqrt(design.weights)
        rows = vectors * sizes / np.where(root > 0.0, root, 1.0)[:, None]
        inner = make_design(
            np.asfortranarray(rows), design.weights.copy(), design.fit_intercept
        )
        ridge = Penalty.build(len(sizes), 0.0)
        return cls(inner, ridge, design, penalty, vectors / sizes, inverse)

    def back(self, found: PathResult) -> PathResult:
        """Return the solutions in the coefficients of X's columns."""
        design = self._of
        products = design.correlate(self._directions @ found.columns())
        scaled = self._inverse[:, None] * products
        coefs = scaled / design.scale[:, None]
        shifts = (design.offset @ coefs).reshape(found.shape)
        own = (self.design.offset @ found.columns()).reshape(found.shape)
        intercepts = found.intercepts + own - shifts
        if len(found.shape) == 2 and design.fit_intercept:
            # A number added to all classes changes nothing.
            intercepts = intercepts - intercepts.mean(axis=1, keepdims=True)
        if not design.fit_intercept:
            intercepts = np.zeros(found.shape)
        return replace(found, coefs=coefs, intercepts=intercepts)

    def solutions(
        self, inner: PathResult, task: LossTask, duals: list[Floats]
    ) -> PathResult | None:
        """Return what was found in g as solutions of X's columns, with their gaps.

        The dual points, one for each alpha, are of all classes. None where gaps stay
        open that X itself may close.
        """
        found = self._judge(self.back(inner), task, duals)
        n_coefs = found.coefs.shape[0] * (found.shape[1] if found.shape[1:] else 1)
        lost = inner.converged & ~found.converged
        return found if n_coefs > _MOST or not np.any(lost) else None

    def _judge(
        self, found: PathResult, task: LossTask, duals: list[Floats]
    ) -> PathResult:
        """Compute the gaps of solutions of X's columns, and whether those are small."""
        loss, y, offset, tol = task.loss, task.y, task.offset, task.tol
        null = found.null_objectives.reshape(len(duals), -1)[:, 0]
        if not np.all(null > 0.0):
            return found
        n_columns = found.intercepts.size // len(duals)
        design = self._of
        stacked = design if len(found.shape) == 1 else ClassDesign(design, n_columns)
        coefs = found.columns()
        level = found.intercepts.ravel() + design.offset @ coefs
        scaled = coefs * design.scale[:, None]
        etas = design.row_predictor(scaled)(slice(None)) + level
        own = np.sqrt(design.weights) * np.reshape(duals, (len(level), -1))
        slopes = design.correlate(own.T)
        etas, scaled, slopes = (
            part.T.reshape(len(duals), -1) for part in (etas, scaled, slopes)
        )
        share = np.tile(design.weights, n_columns)
        gaps = np.empty(len(duals))
        penalty = self._penalty.repeated(n_columns)
        units = ScaledPenalty.of(penalty, stacked, float(np.max(np.abs(duals))))
        open_ = np.flatnonzero(units.is_open)
        alphas = found.alphas.reshape(len(duals), -1)[:, 0]
        for k, dual in enumerate(duals):
            eta = etas[k] if offset is None else etas[k] + offset
            certificate = LossCertificate(units, loss, y, share, float(null[k]))
            with overflowing():
                gaps[k] = certificate.gap(
                    Point(open_, scaled[k], slopes[k]),
                    float(alphas[k]),
                    eta,
                    dual,
                    loss.divergence(y, share, eta, dual),
                    tol * float(null[k]),
                )
        gaps = np.repeat(gaps, n_columns).reshape(found.shape)
        converged = gaps <= tol * found.null_objectives
        return replace(found, dual_gaps=gaps, converged=converged)
