"""Designs: how X is stored, centered, scaled and weighted, hidden from the solvers.

A design represents the matrix Z with entries

    z_ij = sqrt(p_i) (x_ij - m_j) / s_j,     p_i = w_i / Σ w,

where m_j is the weighted mean of column j (0 without an intercept) and s_j its weighted
standard deviation (1 unless ``standardize``). Solvers ask a design for correlations
Zᵀr, Gram matrices and residuals and never see how X is stored.
"""

from regkit.designs.factory import make_design
from regkit.designs.gram_terms import GramTerms
from regkit.designs.moments import Moments
from regkit.designs.protocols import (
    Columns,
    ColumnStore,
    ColumnUnits,
    Design,
    GramSource,
    RowDesign,
)

__all__ = [
    "ColumnStore",
    "ColumnUnits",
    "Columns",
    "Design",
    "GramSource",
    "GramTerms",
    "Moments",
    "RowDesign",
    "make_design",
]
