"""Unpenalised columns in coordinate descent: their exact fit, and what is left of it.

Where columns U without a penalty, off their bounds, have correlations c, the joint
Newton step ``G_UU⁺ c`` gains ``1/2 cᵀ G_UU⁺ c``, and changes the other columns'
correlations, on which the rest of the duality gap depends. So the step is made, not
only counted.
"""

import numpy as np
from numpy.typing import NDArray

from regkit.solvers.problem import Floats

# Beyond so many unpenalised columns their joint Newton step costs too much.
MOST = 3000


def pushes_without_end(
    slope: Floats, penalty: Floats, lower: Floats, upper: Floats
) -> NDArray[np.bool_]:
    """Tell which columns of no penalty want to move towards an infinite bound."""
    wall = np.where(slope > 0.0, upper, -lower)
    pushes: NDArray[np.bool_] = (penalty == 0.0) & np.isposinf(wall) & (slope != 0.0)
    return pushes


def joint_step(
    gram: Floats, slope: Floats, coef: Floats, lower: Floats, upper: Floats
) -> Floats | None:
    """Return the columns' joint Newton step, or None where a bound is in its way."""
    step = np.linalg.lstsq(gram, slope, rcond=1e-12)[0]
    fitted = coef + step
    is_inside = np.all((lower < fitted) & (fitted < upper))
    return np.asarray(step) if is_inside else None


def are_open(
    coef: Floats, penalty: Floats, lower: Floats, upper: Floats
) -> NDArray[np.bool_]:
    """Tell which columns of no penalty are off their bounds."""
    inside = (lower < coef) & (coef < upper)
    found: NDArray[np.bool_] = (penalty == 0.0) & inside
    return found


def excess(gram: Floats, slope: Floats) -> float:
    """Return what the columns' joint Newton step gains over their steps one by one.

    The gap of unpenalised columns U with correlations c is 1/2 cᵀ G_UU⁺ c; the
    certificate's kernel counts 1/2 Σ c_j²/G_jj.
    """
    if len(slope) > MOST:
        return np.inf
    step = np.linalg.lstsq(gram, slope, rcond=1e-12)[0]
    square = np.maximum(gram.diagonal(), np.finfo(np.float64).tiny)
    return max(0.0, 0.5 * float(slope @ step - np.sum(slope**2 / square)))
