"""The optimum of a `tests.loss_problem.LossProblem`, by an interior-point method.

For a decreasing ``mu`` the problem without corners is solved: ``a |beta|`` becomes the
least over t of ``a t - mu log(t^2 - |beta|^2)``, whose slope ``s = a beta / t`` with
``t = mu/a + sqrt((mu/a)^2 + |beta|^2)`` is shorter than a, and every finite bound is a
logarithmic barrier. Slopes and the barriers' forces are unknowns of their own, as in

    T. F. Chan, G. H. Golub, P. Mulet: A nonlinear primal-dual method for total
    variation-based image restoration. SIAM J. Sci. Comput. 20 (1999) 1964-1977.

So no guess of signs or of the columns in use is made, and the gradient at the end is
dual feasible but for the last digits. Directions come from float64, whereas gradients
and objectives have the precision of the problem.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tests.loss_problem import Array, LossProblem, state

_MOST_STEPS = 120


class Point(NamedTuple):
    """Coefficients (K, p), what is added to all rows (K,), slopes and forces (K, p)."""

    coef: Array
    level: Array
    slope: Array
    up: Array
    down: Array


def minimize(
    problem: LossProblem, coef: Array, intercept: Array, goal: float
) -> tuple[Array, Array]:
    """Return coefficients (K, p) and intercepts (K,) next to an optimum.

    The start is at ``coef`` and ``intercept``; ``goal`` is how far above the least
    value the end may be. Columns that can be told to have no coefficient are left out.
    """
    columns = _in_question(problem, coef, intercept)
    while True:
        part = problem.restricted(columns)
        at = _Interior(part, goal).minimize(coef[:, columns], intercept)
        z = part.best_intercept(part.predictor(at.coef, at.level))
        missed = problem.violated(problem.loss.gradient(problem.y, z))
        missed = np.setdiff1d(missed, columns)
        if not len(missed):
            break
        columns = np.union1d(columns, missed)
    found = np.zeros_like(coef)
    found[:, columns] = at.coef
    level = z - part.predictor(at.coef, 0 * at.level)
    return found, level.mean(axis=0)


def reference_optimum(loss: str, X: Any, y: Any, **options: Any) -> tuple[Array, Array]:
    """The optimal coefficients (K, p) and intercepts (K,) in float64; see `state`."""
    problem = state(loss, X, y, **options)
    n_outputs, p = problem.y.shape[1], problem.X.shape[1]
    start = np.zeros((n_outputs, p), problem.X.dtype)
    goal = 1e-16 * problem.null_deviance()
    coef, level = minimize(problem, start, start.sum(axis=1), goal)
    return coef.astype(np.float64), level.astype(np.float64)


def _in_question(problem: LossProblem, coef: Array, level: Array) -> Array:
    """Columns that may have a nonzero coefficient at the optimum near here."""
    z = problem.best_intercept(problem.predictor(coef, level))
    c = problem.correlate(problem.loss.gradient(problem.y, z))
    size = np.linalg.norm(c, axis=0) if problem.grouped else np.abs(c).max(axis=0)
    is_open = problem.upper > problem.lower
    return np.flatnonzero(
        is_open & ((size >= 0.8 * problem.l1) | np.any(coef != 0, axis=0))
    )


class _Interior:
    """Steps of one problem all of whose columns are open."""

    def __init__(self, problem: LossProblem, goal: float) -> None:
        self.problem = problem
        n_outputs, p = problem.y.shape[1], len(problem.l1)
        self.shape = (n_outputs, p)
        self.l1 = np.broadcast_to(problem.l1, self.shape)
        self.is_penalized = self.l1 > 0
        self.has_upper = np.broadcast_to(np.isfinite(problem.upper), self.shape)
        self.has_lower = np.broadcast_to(np.isfinite(problem.lower), self.shape)
        groups = p if problem.grouped else n_outputs * p
        self.n_barriers = 1 + 2 * groups + self.has_upper.sum() + self.has_lower.sum()
        self.last = goal / self.n_barriers

    def minimize(self, coef: Array, level: Array) -> Point:
        problem = self.problem
        width = np.minimum(problem.upper - problem.lower, 1 / problem.spread)
        coef = np.clip(coef, problem.lower + 1e-4 * width, problem.upper - 1e-4 * width)
        mu = 1e-3 * problem.null_deviance() / self.n_barriers
        above, below = self._room(coef)
        at = Point(
            coef,
            level + np.zeros_like(coef, shape=len(coef)),
            self._slope(coef, mu)[0],
            np.where(self.has_upper, mu / above, 0),
            np.where(self.has_lower, mu / below, 0),
        )
        for _ in range(_MOST_STEPS):
            at, length, decrement = self._step(at, mu)
            if mu <= self.last and decrement <= self.last:
                break
            if length > 0.5 and decrement <= 10 * mu * self.n_barriers:
                mu = max(0.1 * mu, 0.99 * self.last)
        return at

    def _room(self, coef: Array) -> tuple[Array, Array]:
        above = np.where(self.has_upper, self.problem.upper - coef, 1)
        below = np.where(self.has_lower, coef - self.problem.lower, 1)
        return above, below

    def _size(self, coef: Array) -> Array:
        if self.problem.grouped:
            return np.broadcast_to(np.sqrt((coef**2).sum(axis=0)), coef.shape)
        return np.abs(coef)

    def _slope(self, coef: Array, mu: float) -> tuple[Array, Array, Array]:
        """s, t and the root in t."""
        least = mu / np.where(self.is_penalized, self.l1, 1)
        root = np.sqrt(least**2 + self._size(coef) ** 2)
        return self.l1 * coef / (least + root), least + root, root

    def _value(self, coef: Array, level: Array, mu: float) -> Array:
        """The objective with its barriers."""
        problem = self.problem
        total = problem.data_loss(problem.predictor(coef, level))
        total += (problem.l2 * coef**2).sum() / 2
        _, t, _ = self._slope(coef, mu)
        smooth = np.where(
            self.is_penalized, self.l1 * t - mu * np.log(self.l1 * t / mu + 1e-300), 0
        )
        total += smooth[0].sum() if problem.grouped else smooth.sum()
        above, below = self._room(coef)
        if np.any(above <= 0) or np.any(below <= 0):
            return np.inf
        return total - mu * (np.log(above).sum() + np.log(below).sum())

    def _step(self, at: Point, mu: float) -> tuple[Point, float, float]:
        """The next point, the share of the step taken, and what it promised."""
        problem, coef = self.problem, at.coef
        z = problem.predictor(coef, at.level)
        gradient = problem.loss.gradient(problem.y, z)
        slope, t, root = self._slope(coef, mu)
        above, below = self._room(coef)
        forces = np.where(self.has_upper, mu / above, 0) - np.where(
            self.has_lower, mu / below, 0
        )
        pull = -problem.correlate(gradient) + problem.l2 * coef + slope + forces
        sums = problem.row_weight @ gradient * problem.fit_intercept
        hessian = self._hessian(at, z, t, root, above, below)
        step = _solve(hessian, -np.append(pull, sums))
        change, shift = step[: coef.size].reshape(self.shape), step[coef.size :]
        promised = -float((pull * change).sum() + sums @ shift)
        reach = min(
            _reach(above, change, self.has_upper),
            _reach(below, -change, self.has_lower),
        )
        value, length = self._value(coef, at.level, mu), reach
        noise = 1e-18 * (1 + abs(value))
        while length > 1e-10:
            moved = coef + length * change, at.level + length * shift
            if self._value(*moved, mu) <= value - 1e-4 * length * promised + noise:
                break
            length *= 0.5
        else:
            return at, 1.0, 0.0
        bent = self._bend(at.slope, coef, change, t, root)
        up = (mu + at.up * (change - above)) / above * self.has_upper
        down = (mu + at.down * (-change - below)) / below * self.has_lower
        following = Point(
            *moved,
            self._shorter(at.slope, slope - at.slope + bent),
            at.up + _reach(at.up, -up, self.has_upper) * up,
            at.down + _reach(at.down, -down, self.has_lower) * down,
        )
        return following, float(length), promised

    def _bend(
        self, s: Array, coef: Array, change: Array, t: Array, root: Array
    ) -> Array:
        """How a change of the coefficients changes the slopes."""
        inner = coef * change
        if self.problem.grouped:
            inner = np.broadcast_to(inner.sum(axis=0), self.shape)
        root = np.where(root > 0, root, 1)
        return np.where(self.is_penalized, (self.l1 * change - s * inner / root) / t, 0)

    def _shorter(self, s: Array, change: Array) -> Array:
        """s and as much of its change as leaves it shorter than l1."""
        length = 1.0
        while np.any(
            self._size(s + length * change)[self.is_penalized]
            >= self.l1[self.is_penalized]
        ):
            length *= 0.7
            if length < 1e-9:
                return s
        return s + length * change

    def _hessian(
        self, at: Point, z: Array, t: Array, root: Array, above: Array, below: Array
    ) -> Array:
        problem, (n_outputs, p) = self.problem, self.shape
        curvature = problem.loss.hessian(problem.y, z).astype(np.float64)
        share = problem.row_weight.astype(np.float64)
        X = np.asarray(problem.X, dtype=np.float64)
        size = n_outputs * p
        full = np.zeros((size + n_outputs, size + n_outputs))
        for k in range(n_outputs):
            for other in range(k + 1):
                w = share * curvature[:, k, other]
                mine, theirs = slice(k * p, k * p + p), slice(other * p, other * p + p)
                full[mine, theirs] = (X.T * w) @ X
                full[mine, size + other] = full[theirs, size + k] = w @ X
                full[size + k, size + other] = w.sum()
                full[theirs, mine] = full[mine, theirs].T
                full[size + other, size + k] = full[size + k, size + other]
        full[size:, :size] = full[:size, size:].T
        if not problem.fit_intercept:
            full[size:] = full[:, size:] = 0
        own = problem.l2 + np.where(self.has_upper, at.up / above, 0)
        own = own + np.where(self.has_lower, at.down / below, 0)
        own = own + np.where(self.is_penalized, self.l1 / t, 0)
        full[np.arange(size), np.arange(size)] += own.ravel()
        ratio = at.coef / np.where(root > 0, root * t, 1)
        for k in range(n_outputs):
            for other in range(n_outputs) if problem.grouped else (k,):
                bend = (at.slope[k] * ratio[other] + at.slope[other] * ratio[k]) / 2
                places = k * p + np.arange(p), other * p + np.arange(p)
                full[places] -= np.where(self.is_penalized[0], bend, 0)
        return full


def _reach(room: Array, change: Array, has_bound: Array) -> float:
    """The largest share of a change, at most 1, that leaves some room."""
    over = has_bound & (change > 0.99 * room)
    return float(np.min(0.99 * room[over] / change[over], initial=1.0))


def _solve(hessian: Array, right_side: Array) -> Array:
    """Rows and columns scaled to a unit diagonal."""
    diagonal = np.diag(hessian)
    scale = np.where(diagonal > 0, 1 / np.sqrt(np.maximum(diagonal, 1e-300)), 0.0)
    scaled = hessian * scale[:, None] * scale
    scaled[np.diag_indices_from(scaled)] = 1.0 + 1e-14
    scaled_side = (right_side * scale).astype(np.float64)
    try:
        return scale * np.linalg.solve(scaled, scaled_side)
    except np.linalg.LinAlgError:  # columns that depend on each other to all digits
        return scale * np.linalg.lstsq(scaled, scaled_side, rcond=1e-15)[0]
