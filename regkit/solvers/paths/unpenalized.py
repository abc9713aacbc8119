"""Unpenalized columns in coordinate descent: their exact fit.

Where columns U without a penalty, off their bounds, have correlations c, the joint
Newton step ``G_UU⁺ c`` gains ``1/2 cᵀ G_UU⁺ c``, which sweeps are slow to gain where
the columns are nearly dependent.
"""

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats

# Beyond so many unpenalized columns their joint Newton step costs too much.
MOST = 3000


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
    """Return which columns of no penalty are off their bounds."""
    inside = (lower < coef) & (coef < upper)
    found: NDArray[np.bool_] = (penalty == 0.0) & inside
    return found
