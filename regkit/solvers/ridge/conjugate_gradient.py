"""Ridge and least squares from products with Z and Zᵀ alone: for large sparse X."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from regkit._types import EPS, Floats
from regkit.designs import Design

# The recursion starts afresh this often while true residuals do not confirm its gap.
_RESTARTS = 4
# Iterations over which the decrease of the objective is summed up.
_DELAY = 10
# The error of the coefficients, relative to their norm, over `tol`; and its least.
_COEF_SHARE = 10.0
_LEAST_COEF_ERROR = 1e-10
# Slopes below this share of |z_j| |t| are rounding errors, which steps would enlarge.
_ROUNDING = 16.0 * EPS


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
    iterates from zero stay in the row space of Z and end at the shortest answer. Where
    penalties are so small that rounding hides them, they alone are the preconditioner:
    the iterates then end at the answer that is shortest by them.
    Stopped by the duality gap; where unpenalized columns make it infinite, by Hestenes'
    and Stiefel's estimate of the distance to the optimum, the decrease that the latest
    iterations made (Strakoš and Tichý 2002).

    A small gap leaves coefficients free where columns depend on each other. So the
    iteration goes on until their relative error is at most 10 times the goal's share
    of the null objective. In the norm ``Σ penalty_j g_j²`` the squared error is at most
    twice the gap, by strong convexity; beside unpenalized columns it is estimated by
    the latest moves. It stops where slopes are rounding errors, and keeps the answer of
    least gap. The gap alone says whether the answer has converged.

    Returns
    -------
    coef : ndarray (p,)
    gap : float
    n_iter : int
    """
    total = float(target @ target)
    share = 2.0 * goal / total if total > 0.0 else 0.0
    floor = _ROUNDING * np.sqrt(total) * design.lengths
    is_bounded = bool(np.all(penalty[kept] > 0.0))
    weight = np.zeros(design.n_features)
    if is_bounded:
        weight[kept] = 0.5 / penalty[kept]
    inverse = np.where(kept, 1.0, 0.0)
    if is_bounded and float(weight @ floor**2) > goal:
        inverse[kept] = np.min(penalty[kept]) / penalty[kept]
    elif penalty.any():
        inverse[kept] /= (design.lengths**2 + penalty)[kept]
    coef = np.zeros(design.n_features)
    gap, n_iter = np.inf, 0
    best_gap, best = np.inf, coef
    precision = max(_COEF_SHARE * share, _LEAST_COEF_ERROR) ** 2
    for _ in range(_RESTARTS):
        residual = target - design.predict(coef)
        slope = np.where(kept, design.correlate(residual) - penalty * coef, 0.0)
        if is_bounded:
            gap = float(weight @ slope**2)
            if gap <= goal and (
                gap <= 0.5 * precision * float(penalty @ coef**2)
                or np.all(np.abs(slope) <= floor)
            ):
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
        moves: deque[float] = deque(maxlen=_DELAY)
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
            moves.append(length**2 * float(direction @ direction))
            if is_bounded:
                gap = float(weight @ slope**2)
            elif len(decreases) == _DELAY or n_iter - start >= len(coef):
                gap = sum(decreases)
            if is_bounded:
                error = 2.0 * gap
                norm = float(penalty @ coef**2)
                if gap < best_gap:
                    best_gap, best = gap, coef
            else:
                error, norm = sum(moves), float(coef @ coef)
            if gap <= (0.1 if is_bounded else 1e-4) * goal and (
                error <= 0.1 * precision * norm or np.all(np.abs(slope) <= floor)
            ):
                break
            scaled = inverse * slope
            size, before = float(slope @ scaled), size
            direction = scaled + (size / before) * direction
        if not is_bounded and gap <= goal and start > 0:
            break
    if gap > best_gap:
        residual = target - design.predict(best)
        slope = np.where(kept, design.correlate(residual) - penalty * best, 0.0)
        best_gap = float(weight @ slope**2)
        if not gap <= best_gap:
            coef, gap = best, best_gap
    return coef, gap, max(n_iter, 1)
