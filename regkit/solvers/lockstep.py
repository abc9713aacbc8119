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
from regkit.designs.base import LockstepStore
from regkit.kernels.cholesky import BLOCK
from regkit.kernels.hull import Problem, State
from regkit.kernels.lockstep import (
    Terms,
    conclude,
    expect,
    look_ahead,
    take_in,
    wanted_by_each,
)
from regkit.solvers import exact
from regkit.solvers.path import Solved, go_on
from regkit.solvers.problem import (
    Floats,
    PathResult,
    Penalty,
    ScaledProblem,
    largest_alpha,
    scale_problem,
    sum_of_squares,
)

Indices = NDArray[np.int64]

ABREAST = 3
# Columns expected to exceed this share of the next threshold are admitted.
_LIKELY = 0.99
# At most this many columns enter at a time, or twice the present working set.
_BATCH = 100
# Share of the columns that are undecided from which on all are visited.
_MANY = 0.2
# Rounding of a correlation, beside the column's length and the residual's.
_ROUNDED = 1e-14
# Working sets up to this size, or those whose Gram matrices are no larger than X.
_ALWAYS_HELD = 2048
# Columns that there is room for at first.
_ROOM = 256


class LockstepPaths:
    """Walks down the alphas with up to three paths."""

    def __init__(
        self,
        store: LockstepStore,
        designs: Sequence[Design],
        problems: Sequence[ScaledProblem],
        *,
        tol: float,
        max_iter: int,
    ) -> None:
        """Take the designs that ``store`` has been made for, and their problems."""
        self._store = store
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
        self._every = np.arange(p)
        self._correlation = np.empty((ABREAST, p))
        store.correlate(self._targets, self._every, self._correlation)
        at = [min(k, len(problems) - 1) for k in range(ABREAST)]
        lengths = np.stack([designs[k].lengths for k in at])
        self._terms = Terms(
            self._correlation.copy(),
            np.stack([problems[k].l1 for k in at]),
            np.stack([problems[k].l2 for k in at]),
            np.stack([problems[k].lower for k in at]),
            np.stack([problems[k].upper for k in at]),
            np.stack([problems[k].noise for k in at]),
            lengths,
            lengths**2,
        )
        self._least_l1 = self._terms.l1.min(axis=0)
        self._coefs = np.zeros((ABREAST, p))
        # Two residuals of each path for which every correlation is known.
        self._past_residuals = np.zeros((ABREAST, 2, n))
        self._past_errors = np.zeros((ABREAST, 2))
        self._past = np.zeros((ABREAST, 2, p))
        self._remember(self._targets)
        # The columns last visited; what they had been the time before, and when.
        self._visited = self._every
        self._before = self._correlation.copy()
        self._expected = self._correlation.copy()
        self._seen = np.zeros(p, dtype=np.int64)
        self._visit = 0
        self._gaps = np.zeros(ABREAST)
        self._inside = np.zeros((ABREAST, p), dtype=np.bool_)
        self._sizes = np.zeros(ABREAST, dtype=np.int64)
        self._working = np.zeros((ABREAST, 0), dtype=np.int64)
        self._problem = _stacked_problem(0)
        self._state = _stacked_state(0, 0)
        self._views: list[tuple[Problem, State]] = []
        self._make_room(_ROOM)

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
        for at, (alpha, is_asked_for) in enumerate(stops):
            following = stops[min(at + 1, len(stops) - 1)][0]
            n_more = self._settle(alpha, min(alpha, following))
            if n_more is None:
                break
            n_iter += n_more
            self._look_forward(stops[max(at - 1, 0)][0], alpha, following)
            if not is_asked_for:
                continue
            for k in range(self._n_paths):
                size = self._sizes[k]
                working, coef = self._working[k, :size], self._state.coef[k, :size]
                support = working[coef != 0.0]
                support.sort()
                supports[k].append(support)
                values[k].append(self._coefs[k, support])
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

    def _settle(self, alpha: float, following: float) -> Indices | None:
        """Solve for ``alpha``; return each path's iterations, None for no success."""
        n_iter = np.zeros(ABREAST, dtype=np.int64)
        refined = np.inf
        found, counts = self._wanted(self._expected, _LIKELY * alpha)
        while True:
            if not self._admit(found, counts):
                return None
            for k, (problem, state) in enumerate(self._views):
                n_iter[k] += exact.minimise(
                    problem,
                    state,
                    self._sizes[k],
                    alpha,
                    self._max_iter,
                    self._ridged,
                )
            self._certify(alpha, following)
            found, counts = self._wanted(self._correlation, alpha)
            if counts.any():
                continue
            excess = float(np.max(self._gaps - self._goals))
            if excess <= 0.0:
                return n_iter
            # The systems are solved again for what the residuals leave over.
            if not excess < 0.5 * refined:
                return None
            refined = excess

    def _look_forward(self, before: float, alpha: float, following: float) -> None:
        """Expect correlations to move on towards the next alpha as they last did."""
        step = 0.0
        if following < alpha < before < np.inf:
            step = min(1.0, (alpha - following) / (before - alpha))
        self._visit += 1
        expect(
            self._visited,
            self._correlation,
            self._before,
            self._seen,
            self._visit,
            step,
            self._expected,
        )

    def _wanted(self, correlation: Floats, alpha: float) -> tuple[Indices, Indices]:
        found, counts = wanted_by_each(
            self._visited,
            self._inside,
            self._correlation,
            correlation,
            self._terms,
            alpha,
        )
        for k in np.flatnonzero(counts > np.maximum(_BATCH, 2 * self._sizes)):
            most = max(_BATCH, 2 * self._sizes[k])
            columns = found[k, : counts[k]]
            pull = np.abs(correlation[k, columns]) / self._terms.l1[k, columns]
            found[k, :most] = columns[np.argpartition(-pull, most)[:most]]
            counts[k] = most
        return found, counts

    def _admit(self, found: Indices, counts: Indices) -> bool:
        """Take each path's columns in; refuse if they are too many to hold."""
        if not counts.any():
            return True
        before = self._sizes.copy()
        most = int(np.max(before + counts))
        if most > self._most:
            return False
        self._make_room(most)
        take_in(
            found,
            counts,
            self._correlation,
            self._terms,
            self._inside,
            self._working,
            self._sizes,
            self._problem,
            self._state,
        )
        self._store.grow(self._problem.gram, self._working, before, self._sizes)
        return True

    def _certify(self, alpha: float, following: float) -> None:
        """Visit the columns that matter at ``alpha`` or at the next one."""
        residuals = self._store.residuals(
            self._targets, self._working, self._sizes, self._state.coef
        )
        columns = look_ahead(
            self._past_residuals,
            self._past_errors,
            self._past,
            residuals,
            self._terms.lengths,
            self._least_l1,
            self._inside,
            _LIKELY * following,
        )
        if len(columns) > _MANY * len(self._every):
            columns = self._every
        self._store.correlate(residuals, columns, self._correlation)
        self._visited = columns
        if columns is self._every:
            self._remember(residuals)
        conclude(
            columns,
            self._working,
            self._sizes,
            self._correlation,
            residuals,
            self._terms,
            alpha,
            self._state,
            self._coefs,
            self._gaps,
        )

    def _remember(self, residuals: Floats) -> None:
        """Keep the correlations of all columns with three residuals."""
        for past in (self._past_residuals, self._past_errors, self._past):
            past[:, 1] = past[:, 0]
        self._past_residuals[:, 0] = residuals
        self._past_errors[:, 0] = _ROUNDED * np.sqrt(
            [sum_of_squares(residual) for residual in residuals]
        )
        self._past[:, 0] = self._correlation

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
        self._views = [
            (Problem(*(a[k] for a in problem)), State(*(a[k] for a in state)))
            for k in range(self._n_paths)
        ]


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
    store: LockstepStore,
    designs: Sequence[Design],
    y: Floats,
    penalty: Penalty,
    alphas: Floats,
    *,
    tol: float,
    max_iter: int,
    solver: str,
) -> list[PathResult]:
    """Solve the paths on up to three ``designs``, which ``store`` has been made for."""
    problems = [scale_problem(design, y, penalty) for design in designs]
    walk = LockstepPaths(store, designs, problems, tol=tol, max_iter=max_iter)
    solved = walk.walk(alphas)
    del walk  # its Gram matrices, before those of paths that have to go on alone
    return [
        go_on(design, y, penalty, alphas, found, tol, max_iter, solver)
        for design, found in zip(designs, solved, strict=True)
    ]
