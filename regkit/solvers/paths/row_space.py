"""Wide X and an L2 penalty alone: as many coefficients as rows are enough.

The optimum of ``loss(Z b) + alpha/2 Σ f_j b_j²`` is ``b = D Zᵀ v`` with D = diag(1/f).
With the eigenvectors U and eigenvalues s of ``Z D Zᵀ``, ``b = D Zᵀ U s^(-1/2) g`` turns
``Z b`` into ``U s^(1/2) g`` and the penalty into ``alpha/2 |g|²``: the same problem, of
the same gaps, in at most n coefficients.
"""

from dataclasses import dataclass, replace

import numpy as np

from regkit._types import EPS, Floats
from regkit.designs import RowDesign, make_design
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult


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
        return cls(inner, ridge, design, vectors / sizes, inverse)

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
