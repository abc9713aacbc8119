"""Types and numbers that all of the package shares, each defined here alone."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

EPS = float(np.finfo(np.float64).eps)
"""The distance from 1 to the next float64: 2.0**-52."""
