"""A slow solver of small problems of `tests.loss_certificate`, for comparison only.

Accelerated proximal gradient steps with backtracking find the signs, Newton steps on
the columns in use the digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.loss_certificate import Array, LossProblem, state


def reference_optimum(loss: str, X: Any, y: Any, **options: Any) -> tuple[Array, Array]:
    """The optimal coefficients (K, p) and intercepts (K,); see `state`."""
    return solve(state(loss, X, y, **options))


def solve(problem: LossProblem, n_steps: int = 20_000) -> tuple[Array, Array]:
    """The optimum of a problem stated."""
    n_outputs = problem.y.shape[1]
    # One more row for the intercepts.
    point = np.zeros((n_outputs, problem.X.shape[1] + 1))
    if problem.fit_intercept:
        start = problem.best_intercept(problem.offset.copy()) - problem.offset
        point[:, -1] = start[0]
    ahead, momentum, size = point, 1.0, 1.0
    best = np.inf
    for step in range(n_steps):
        slope, value = _slope(problem, ahead), _loss(problem, ahead)
        while True:
            moved = _proximal(problem, ahead - size * slope, size)
            change = moved - ahead
            bound = value + np.sum(slope * change) + np.sum(change**2) / (2 * size)
            if _loss(problem, moved) <= bound + 1e-15 * abs(bound) or size < 1e-12:
                break
            size /= 2
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        if np.sum((ahead - moved) * (moved - point)) > 0:  # restart
            following, ahead = 1.0, moved
        else:
            ahead = moved + (momentum - 1) / following * (moved - point)
        done = np.abs(moved - point).max() <= 1e-13 * (1 + np.abs(moved).max())
        point, momentum = moved, following
        size *= 1.02
        if step % 100 == 99 or done:
            found = _polished(problem, point)
            best = problem.gap(*found)
            if best <= 1e-13 * problem.null_deviance() or done:
                return found
    raise AssertionError(f"the reference solver stopped at a gap of {best:.2g}")


def _polished(problem: LossProblem, point: Array) -> tuple[Array, Array]:
    coef, intercept = point[:, :-1], point[:, -1]
    best = coef, intercept, problem.primal(coef, intercept)
    z = problem.predictor(coef, intercept)
    for _, moved, ahead in problem.newton_points(coef, z):
        level = ahead - problem.predictor(moved, np.zeros(len(moved)))
        value = problem.primal(moved, level[0])
        if value <= best[2]:
            best = moved.copy(), level[0], value
    return best[0], best[1]


def _loss(problem: LossProblem, point: Array) -> float:
    return problem.data_loss(problem.predictor(point[:, :-1], point[:, -1]))


def _slope(problem: LossProblem, point: Array) -> Array:
    z = problem.predictor(point[:, :-1], point[:, -1])
    u = problem.loss.gradient(problem.y, z)
    level = problem.row_weight @ u * problem.fit_intercept
    return np.column_stack([-problem.correlate(u), level])


def _proximal(problem: LossProblem, point: Array, size: float) -> Array:
    coef, l1 = point[:, :-1], size * problem.l1
    if problem.grouped:
        length = np.maximum(np.linalg.norm(coef, axis=0), 1e-300)
        shrunk = coef * np.maximum(1 - l1 / length, 0)
    else:
        shrunk = np.sign(coef) * np.maximum(np.abs(coef) - l1, 0)
    shrunk = np.clip(shrunk / (1 + size * problem.l2), problem.lower, problem.upper)
    return np.column_stack([shrunk, point[:, -1]])
