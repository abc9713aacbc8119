"""Ridge and least squares from products with Z and Zᵀ alone: for large sparse X."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.designs import Design

# The recursion starts afresh this often while true residuals do not confirm its gap.
_RESTARTS = 4
# Iterations over which the decrease of the objective is summed up.
_DELAY = 10


def minimize(
    design: Design,
    target: Floats,
    penalty: Floats,
    kept: NDArray[np.bool_],
    goal: float,
    max_iter: int,
) -> tuple[Floats, float, int]:
    """Minimize ``1/2 |t - Z g|² + 1/2 Σ penalty_j g_j²`` over the columns kept.

    Conjugate gradients on the least-squares form (CGLS, Hestenes and Stiefel 1952),
    with a Jacobi preconditioner; without any penalty none is used, for then the
    iterates from zero stay in the row space of Z and end at the shortest answer.
    Stopped by the duality gap; where unpenalized columns make it infinite, by Hestenes'
    and Stiefel's estimate of the distance to the optimum, the decrease that the latest
    iterations made (Strakoš and Tichý 2002).

    Returns
    -------
    coef : ndarray (p,)
    gap : float
    n_iter : int
    """
    inverse = np.where(kept, 1.0, 0.0)
    if penalty.any():
        inverse[kept] /= (design.lengths**2 + penalty)[kept]
    is_bounded = bool(np.all(penalty[kept] > 0.0))
    weight = np.zeros(design.n_features)
    if is_bounded:
        weight[kept] = 0.5 / penalty[kept]
    coef = np.zeros(design.n_features)
    gap, n_iter = np.inf, 0
    for _ in range(_RESTARTS):
        residual = target - design.predict(coef)
        slope = np.where(kept, design.correlate(residual) - penalty * coef, 0.0)
        if is_bounded:
            gap = float(weight @ slope**2)
            if gap <= goal:
                break
        scaled = inverse * slope
        direction = scaled
        size = float(slope @ scaled)
        if size == 0.0:
            gap = 0.0
        if size == 0.0 or n_iter >= max_iter or not np.isfinite(size):
            break
        start = n_iter
        decreases: deque[float] = deque(maxlen=_DELAY)
        while n_iter < max_iter and size > 0.0:
            image = design.predict(direction)
            curvature = float(image @ image + direction @ (penalty * direction))
            if not 0.0 < curvature < np.inf:
                break
            length = size / curvature
            coef = coef + length * direction
            residual -= length * image
            slope = np.where(kept, design.correlate(residual) - penalty * coef, 0.0)
            n_iter += 1
            decreases.append(0.5 * length * size)
            if is_bounded:
                gap = float(weight @ slope**2)
            elif len(decreases) == _DELAY or n_iter - start >= len(coef):
                gap = sum(decreases)
            if gap <= (0.1 if is_bounded else 1e-4) * goal:
                break
            scaled = inverse * slope
            size, before = float(slope @ scaled), size
            direction = scaled + (size / before) * direction
        if not is_bounded and gap <= goal and start > 0:
            break
    return coef, gap, max(n_iter, 1)
