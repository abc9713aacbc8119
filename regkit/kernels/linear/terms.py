"""A penalty as kernels take it, and the point whose gap is to be bounded."""

from typing import NamedTuple

from regkit._types import Floats, Indices


class Terms(NamedTuple):
    """The penalty of each column and its squared length."""

    l1: Floats
    l2: Floats
    lower: Floats
    upper: Floats
    square: Floats


class Point(NamedTuple):
    """Coefficients, and how far the columns' correlations pull at them."""

    columns: Indices
    """Those to look at: every one with a nonzero coefficient, and each whose
    correlation may exceed its threshold. The others add nothing to a gap.
    """
    coef: Floats
    slope: Floats
    """Correlations with the residual, or with another dual point."""
