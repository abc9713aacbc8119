"""The duality gap of a solution, beside penalties as small as rounding errors too.

The kernel's dual point is the residual, shrunk until every correlation is within its
threshold. A threshold of 1e-13 of |z_j| |y| is less than what rounding does to the
correlation: then it shrinks to nothing, or divides a square by however small a ridge,
and a true optimum has a gap as large as the objective.

So let T be columns of such penalties h_j, and F the objective without them. F <= P
everywhere, whence

    P(b) - min P <= P(b) - min F = [F(b) - min F] + Σ_T h_j(b_j):

the gap of a problem in which T has no penalty, plus the penalties that were left out.
Both are tiny where the penalties are, and T's slopes are rounding errors.
"""

import numpy as np
from numpy.typing import NDArray

from regkit.kernels.certificate import ROUNDED, duality_gap
from regkit.kernels.coordinate_descent import Terms
from regkit.solvers.problem import Floats

# What a threshold may be of its column's length times that of y, and a ridge of its
# column's square, for both to be left out: the largest that helps is not known before.
_TINY = (1e-13, 1e-11, 1e-9, 1e-7)


def certified_gap(
    columns: NDArray[np.int64],
    coef: Floats,
    slope: Floats,
    terms: Terms,
    alpha: float,
    residual_square: float,
    total: float,
    goal: float,
) -> float:
    """Return the duality gap at ``coef``, the best known where it exceeds ``goal``.

    Parameters
    ----------
    columns : ndarray of int
        Those to look at, see `regkit.kernels.certificate.duality_gap`.
    coef, slope : ndarray (p,)
        Coefficients, and the columns' correlations with the residual.
    terms : Terms
        Penalties, bounds and squares |z_j|² of p columns.
    alpha : float
    residual_square, total : float
        |r|² and |y|².
    goal : float
    """
    gap: float = duality_gap(columns, coef, slope, *terms, alpha, residual_square)
    if gap <= goal:
        return gap
    square = terms.square[columns]
    size = np.sqrt(square * total)
    threshold, ridge = alpha * terms.l1[columns], alpha * terms.l2[columns]
    own = np.abs(coef[columns])
    penalty = own * (threshold + 0.5 * ridge * own)
    with np.errstate(invalid="ignore"):
        is_rounding = np.abs(slope[columns]) <= ROUNDED * size
    for share in _TINY:
        without = (threshold <= share * size) & (ridge <= share * square)
        if not np.all(is_rounding[without]):
            break
        left_out = float(np.sum(penalty[without]))
        if not left_out < gap:
            break
        l1, l2 = terms.l1.copy(), terms.l2.copy()
        l1[columns[without]] = l2[columns[without]] = 0.0
        freer = terms._replace(l1=l1, l2=l2)
        found = duality_gap(columns, coef, slope, *freer, alpha, residual_square)
        if found + left_out < gap:
            gap = found + left_out
    return gap
