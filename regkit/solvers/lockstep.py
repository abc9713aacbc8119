"""Three paths in lockstep on one X, in one thread: they share columns and passes.

What the path driver of `regkit.solvers.screening` does for one path, on a working set
that three share: a column that any of them wants is gathered once, its products with
the others serve all three Gram matrices, and one visit gives its correlation with
three residuals. So little is done between the kernels that threads, each with paths of
its own, do not wait for each other's turn in Python.

Made for what folds are: paths that want nearly the same columns at nearly the same
alphas. Where one of them needs more than block pivoting (or all of them more memory
than X), the walk ends, to be gone on with by each path for itself.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from regkit.designs import Design
from regkit.kernels.cholesky import BLOCK
from regkit.kernels.hull import Problem, State
from regkit.kernels.lockstep import Columns, Past, Terms, View, solve, visit
from regkit.solvers import exact
from regkit.solvers.path import Solved, go_on
from regkit.solvers.problem import (
    Floats,
    PathResult,
    Penalty,
    ScaledProblem,
    largest_alpha,
    scale_problem,
)

Indices = NDArray[np.int64]

ABREAST = 3
# Columns expected to exceed this share of the next threshold are admitted.
_LIKELY = 0.99
# At most this many columns enter at a time, or twice the present working set.
_BATCH = 100
# Working sets up to this size, or those whose Gram matrices are no larger than X.
_ALWAYS_HELD = 2048
# Columns that there is room for at first.
_ROOM = 256


class LockstepPaths:
    """Walks down the alphas with up to three paths."""

    def __init__(
        self,
        columns: Columns,
        designs: Sequence[Design],
        problems: Sequence[ScaledProblem],
        *,
        tol: float,
        max_iter: int,
    ) -> None:
        """Take X as the designs see it, and their problems."""
        self._X = columns
        self._problems = problems
        self._n_paths = len(problems)
        self._max_iter = max_iter
        self._goals = np.zeros(ABREAST)
        self._goals[: len(problems)] = [tol * p.null_objective for p in problems]
        self._ridged = bool(np.any(problems[0].l2 > 0.0))
        self._rank = max(design.max_rank for design in designs)
        n, p = designs[0].n_samples, designs[0].n_features
        self._most = max(_ALWAYS_HELD, int(np.sqrt(n * p / ABREAST)))
        # Whoever stands in for a missing path has nothing to explain.
        self._targets = np.zeros((ABREAST, n))
        self._targets[: len(problems)] = [q.target for q in problems]
        at = [min(k, len(problems) - 1) for k in range(ABREAST)]
        lengths = np.stack([designs[k].lengths for k in at])
        self._terms = Terms(
            np.zeros((ABREAST, p)),
            np.stack([problems[k].l1 for k in at]),
            np.stack([problems[k].l2 for k in at]),
            np.stack([problems[k].lower for k in at]),
            np.stack([problems[k].upper for k in at]),
            np.stack([problems[k].noise for k in at]),
            lengths,
            lengths**2,
        )
        self._least_l1 = self._terms.l1.min(axis=0)
        self._past = Past(
            np.zeros((ABREAST, 2, n)),
            np.zeros((ABREAST, 2)),
            np.zeros((ABREAST, 2, p)),
        )
        self._view = View(
            np.zeros((ABREAST, p), dtype=np.bool_),
            *(np.zeros((ABREAST, p)) for _ in range(4)),
            np.full(p, -1),
        )
        self._gaps = np.zeros(ABREAST)
        self._n_visits = 0
        self._sizes = np.zeros(ABREAST, dtype=np.int64)
        self._working = np.zeros((ABREAST, 0), dtype=np.int64)
        self._problem = _stacked_problem(0)
        self._state = _stacked_state(0, 0)
        self._make_room(_ROOM)
        # Columns that the paths want, and how many.
        self._found = np.zeros((ABREAST, 0), dtype=np.int64)
        self._counts = np.zeros(ABREAST, dtype=np.int64)
        # The null models: every column is visited, none wanted.
        self._visit(np.inf, 0.0, 0.0)
        self._terms.products[:] = self._view.correlation

    def walk(self, alphas: Floats) -> list[Solved]:
        """Solve for one alpha after the other, as many as can be in lockstep.

        Returns what was found for each path, all for the same number of alphas.
        """
        tops = [
            largest_alpha(row, problem)
            for row, problem in zip(self._terms.products, self._problems, strict=False)
        ]
        stops = list(_stops(alphas, max(tops)))
        supports: list[list[Indices]] = [[] for _ in self._problems]
        values: list[list[Floats]] = [[] for _ in self._problems]
        gaps, n_iters = [], []
        n_iter = np.zeros(ABREAST, dtype=np.int64)
        before = np.inf
        for at, (alpha, is_asked_for) in enumerate(stops):
            following = min(alpha, stops[min(at + 1, len(stops) - 1)][0])
            # Correlations are expected to move on as they last did.
            step = 0.0
            if alpha < before:
                step = min(1.0, (alpha - following) / (before - alpha))
            n_more = self._settle(alpha, following, step)
            if n_more is None:
                break
            n_iter += n_more
            before = alpha
            if not is_asked_for:
                continue
            for k in range(self._n_paths):
                size = self._sizes[k]
                is_used = self._state.coef[k, :size] != 0.0
                support = np.sort(self._working[k, :size][is_used])
                supports[k].append(support)
                values[k].append(self._view.coef[k, support])
            gaps.append(self._gaps.copy())
            n_iters.append(n_iter)
            n_iter = np.zeros(ABREAST, dtype=np.int64)
        return [
            Solved(
                np.cumsum([0, *map(len, supports[k])]),
                np.concatenate([np.empty(0, dtype=np.int64), *supports[k]]),
                np.concatenate([np.empty(0), *values[k]]),
                np.array([found[k] for found in gaps]),
                np.array([found[k] for found in n_iters], dtype=np.int64),
                True,
                "active_set",
                problem.target_mean,
                problem.null_objective,
            )
            for k, problem in enumerate(self._problems)
        ]

    def _settle(self, alpha: float, following: float, step: float) -> Indices | None:
        """Solve for ``alpha``; return each path's iterations, None for no success."""
        n_iter = np.zeros(ABREAST, dtype=np.int64)
        refined = np.inf
        while True:
            most = int(np.max(self._sizes + self._counts))
            if most > self._most:
                return None
            self._make_room(most)
            n_iter += self._solve(alpha)
            self._visit(alpha, following, step)
            excess = float(np.max(self._gaps - self._goals))
            if self._is_missing:
                continue
            if excess <= 0.0:
                return n_iter
            # The systems are solved again for what the residuals leave over.
            if not excess < 0.5 * refined:
                return None
            refined = excess

    def _solve(self, alpha: float) -> Indices:
        n_iter, are_solved = solve(
            self._X,
            self._terms,
            self._view,
            self._found,
            self._counts,
            self._working,
            self._sizes,
            self._problem,
            self._state,
            self._starts,
            alpha,
            self._max_iter,
            self._ridged,
        )
        for k in np.flatnonzero(~are_solved):
            n_iter[k] += exact.minimise_from(
                Problem(*(array[k] for array in self._problem)),
                State(*(array[k] for array in self._state)),
                self._starts[k, : self._sizes[k]],
                alpha,
                self._max_iter - n_iter[k],
            )
        found: Indices = n_iter
        return found

    def _visit(self, alpha: float, following: float, step: float) -> None:
        found, counts, self._is_missing = visit(
            self._X,
            self._terms,
            self._least_l1,
            self._targets,
            self._past,
            self._view,
            self._working,
            self._sizes,
            self._state,
            alpha,
            _LIKELY * following,
            self._n_visits,
            step,
            self._goals,
            self._gaps,
        )
        self._n_visits += 1
        for k in np.flatnonzero(counts > np.maximum(_BATCH, 2 * self._sizes)):
            most = max(_BATCH, 2 * self._sizes[k])
            columns = found[k, : counts[k]]
            pull = np.abs(self._view.correlation[k, columns])
            pull /= self._terms.l1[k, columns]
            found[k, :most] = columns[np.argpartition(-pull, most)[:most]]
            counts[k] = most
        self._found, self._counts = found, counts

    def _make_room(self, size: int) -> None:
        """Have room for ``size`` columns, in arrays that are not touched in advance."""
        room = self._working.shape[1]
        if size <= room:
            return
        room, held = max(room + room // 2, size), int(self._sizes.max())
        support = room if self._ridged else min(room, self._rank)
        working = np.zeros((ABREAST, room), dtype=np.int64)
        problem = _stacked_problem(room)
        state = _stacked_state(room, support + 2 * BLOCK)
        for new, old in zip(
            (working, *problem, *state),
            (self._working, *self._problem, *self._state),
            strict=True,
        ):
            corner = tuple(slice(0, min(held, length)) for length in old.shape[1:])
            new[(slice(None), *corner)] = old[(slice(None), *corner)]
        self._working, self._problem, self._state = working, problem, state
        self._starts = np.zeros((ABREAST, room))


def _stacked_problem(room: int) -> Problem:
    vectors = (np.zeros((ABREAST, room)) for _ in range(6))
    return Problem(np.zeros((ABREAST, room, room)), *vectors)


def _stacked_state(room: int, support: int) -> State:
    return State(
        coef=np.zeros((ABREAST, room)),
        correlation=np.zeros((ABREAST, room)),
        free=np.zeros((ABREAST, room), dtype=np.bool_),
        side=np.zeros((ABREAST, room)),
        active=np.zeros((ABREAST, support), dtype=np.int64),
        factor=np.zeros((ABREAST, support, support)),
        size=np.zeros((ABREAST, 1), dtype=np.int64),
    )


def _stops(alphas: Floats, top: float) -> Iterator[tuple[float, bool]]:
    """List the alphas and the stones on the way to them; which are the alphas?"""
    reached = top
    for alpha in map(float, alphas):
        if alpha >= reached:
            yield alpha, True
        while reached > alpha:
            reached = exact.next_stone(reached, alpha, top)
            yield reached, reached == alpha


def can_go_in_lockstep(penalty: Penalty, alphas: Floats, solver: str) -> bool:
    """Whether block pivoting is asked for, and every column can be kept out."""
    is_exact = solver in ("auto", "active_set")
    return bool(
        is_exact
        and penalty.l1_ratio > 0.0
        and alphas[-1] > 0.0
        and np.all(penalty.factor > 0.0)
    )


def solve_in_lockstep(
    columns: Columns,
    designs: Sequence[Design],
    y: Floats,
    penalty: Penalty,
    alphas: Floats,
    *,
    tol: float,
    max_iter: int,
    solver: str,
) -> list[PathResult]:
    """Solve the paths on up to three ``designs``; ``columns`` is X as they see it."""
    problems = [scale_problem(design, y, penalty) for design in designs]
    walk = LockstepPaths(columns, designs, problems, tol=tol, max_iter=max_iter)
    solved = walk.walk(alphas)
    del walk  # its Gram matrices, before those of paths that have to go on alone
    return [
        go_on(design, y, penalty, alphas, found, tol, max_iter, solver)
        for design, found in zip(designs, solved, strict=True)
    ]
