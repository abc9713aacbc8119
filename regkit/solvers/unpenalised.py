"""What the duality gap has to add where unpenalised columns are not fitted exactly."""

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
    return (penalty == 0.0) & np.isposinf(wall) & (slope != 0.0)


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
