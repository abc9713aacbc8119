"""Penalties worth trying, by the spectrum of X."""

import numpy as np

from regkit._types import Floats
from regkit.designs import Design

# The grid goes from where the coefficients along the strongest direction are a
# hundredth of those of least squares to where those along the weakest are 99 % …
_BEYOND = 100.0
# … of directions stronger than this share of the strongest.
_WEAKEST = 1e-10
# Where the weakest is not known.
_USUAL_WEAKEST = 1e-6
_ROUNDS = 30


def alpha_grid(values: Floats, n_alphas: int, eps: float | None = None) -> Floats:
    """Return decreasing penalties, evenly spaced in their logarithm.

    Parameters
    ----------
    values : ndarray
        Eigenvalues of ``F^-½ ZᵀZ F^-½``, or what is known of them.
    n_alphas : int
    eps : float or None
        The last penalty relative to the first; None lets the spectrum decide.
    """
    if eps == 1.0:
        n_alphas = 1  # they would all be the same
    largest = float(np.max(values, initial=0.0))
    if not largest > 0.0:
        last = 1.0 / _BEYOND if eps is None else _BEYOND * eps
        return np.geomspace(_BEYOND, last, n_alphas)
    first = _BEYOND * largest
    weakest = float(np.min(values[values > _WEAKEST * largest]))
    last = weakest / _BEYOND if eps is None else first * eps
    return np.geomspace(first, last, n_alphas)


def rough_eigenvalues(design: Design, factor: Floats) -> Floats:
    """Return about the largest eigenvalue, and a usual smallest one, of a large X."""
    scale = np.zeros(design.n_features)
    penalized = ~design.constant & np.isfinite(factor) & (factor > 0.0)
    scale[penalized] = factor[penalized] ** -0.5
    vector = scale * design.lengths
    size = 0.0
    for _ in range(_ROUNDS):
        length = float(np.sqrt(vector @ vector))
        if length == 0.0:
            break
        vector = vector / length
        image = design.predict(scale * vector)
        size = float(image @ image)
        vector = scale * design.correlate(image)
    return np.array([_USUAL_WEAKEST * size, size])
