"""Three paths in lockstep on one X, in one thread: they share the passes over X.

What `kernels.linear.lockstep` needs around its walk: arrays, more of them where the
working sets grow, and another method where block pivoting does not settle. So little
is done in Python that threads, each with paths of its own, do not wait for each other.

Made for what folds are: paths that look at nearly the same columns at nearly the same
alphas. Where one of them needs more than exact solutions of small systems, or all of
them more memory than X, the walk ends, and each path goes on alone.
"""

from collections.abc import Sequence

import numpy as np

from regkit._types import Floats
from regkit.designs import Design
from regkit.kernels.linear.active_set_state import State, WorkingProblem
from regkit.kernels.linear.cholesky import BLOCK
from regkit.kernels.linear.lockstep import (
    END,
    ROOM,
    UNSOLVED,
    Found,
    Past,
    PathTerms,
    View,
    WorkingSets,
    follow,
    remember,
)
from regkit.kernels.linear.screening import BATCH
from regkit.kernels.linear.three_views import ABREAST, SharedColumns, correlate
from regkit.solvers.paths import pivoting
from regkit.solvers.paths.solved import Solved, as_result
from regkit.solvers.problem import (
    Penalty,
    ScaledProblem,
    scale_problem,
)
from regkit.solvers.results import PathResult
from regkit.solvers.solve import go_on

# Working sets of this size are held whatever their Gram matrices are beside X.
_ALWAYS_HELD = 2048
# Columns that there is room for at first.
_ROOM = 256


class LockstepPaths:
    """Walks down the alphas with up to three paths."""

    def __init__(
        self,
        columns: SharedColumns,
        designs: Sequence[Design],
        problems: Sequence[ScaledProblem],
        *,
        tol: float,
        max_iter: int,
    ) -> None:
        """Take X as the designs see it, and their problems."""
        self._X = columns
        self._problems = problems
        self._max_iter = max_iter
        self._ridged = problems[0].penalty.is_ridged
        self._rank = max(design.max_rank for design in designs)
        n, p = designs[0].n_samples, designs[0].n_features
        self._most = _most_columns(n, p)
        # The places of missing paths have a target of zero.
        self._targets = np.zeros((ABREAST, n))
        self._targets[: len(problems)] = [q.target for q in problems]
        self._terms = _terms(designs, problems)
        self._past = Past(
            np.zeros((ABREAST, 2, n)),
            np.zeros((ABREAST, 2)),
            np.zeros((ABREAST, 2, p)),
        )
        self._view = View(
            inside=np.zeros((ABREAST, p), dtype=np.bool_),
            coef=np.zeros((ABREAST, p)),
            correlation=np.zeros((ABREAST, p)),
            before=np.zeros((ABREAST, p)),
            is_held=np.zeros(p, dtype=np.bool_),
            seen=np.full(p, -2),
        )
        self._work = _empty_work(p)
        self._work.goals[: len(problems)] = [tol * q.null_objective for q in problems]
        self._make_room(_ROOM)
        every, slopes = np.arange(p), self._view.correlation
        least = self._terms.least_l1
        correlate(columns, every, self._targets, least, np.inf, slopes)
        remember(self._past, self._targets, slopes)
        self._terms.products[:] = slopes

    def walk(self, alphas: Floats) -> list[Solved]:
        """Solve for one alpha after the other, as many as can be in lockstep.

        Returns what was found for each path, all for the same number of alphas.
        """
        tops = [
            problem.penalty.largest_alpha(row)
            for row, problem in zip(self._terms.products, self._problems, strict=False)
        ]
        stops, are_kept = pivoting.stops(alphas, max(tops))
        found = _empty_found(len(alphas))
        at, event = 0, END
        while True:
            at, event = follow(
                self._X,
                self._terms,
                self._targets,
                self._past,
                self._view,
                self._work,
                found,
                stops,
                are_kept,
                at,
                event,
                self._max_iter,
                self._ridged,
                BATCH,
            )
            if event == UNSOLVED:
                self._solve_otherwise(float(stops[at]))
            elif event != ROOM or not self._can_admit():
                break
            else:
                most = int(np.max(self._work.sizes + self._work.n_wanted))
                found = _with_room(found, most)
        return [self._solved(found, k) for k in range(len(self._problems))]

    def _solved(self, found: Found, k: int) -> Solved:
        count = found.at[0]
        indptr = found.starts[k, : count + 1]
        stored = slice(0, indptr[-1])
        at = np.repeat(np.arange(count), np.diff(indptr))
        columns = found.columns[k, stored]
        ascending = np.lexsort((columns, at))
        return Solved(
            indptr.copy(),
            columns[ascending],
            found.values[k, stored][ascending],
            found.gaps[k, :count].copy(),
            found.residual_squares[k, :count].copy(),
            found.n_iter[k, :count].copy(),
            True,
            "active_set",
        )

    def _solve_otherwise(self, alpha: float) -> None:
        """Start again where block pivoting has not settled."""
        work = self._work
        for k in np.flatnonzero(~work.is_solved):
            work.n_iter[k] += pivoting.minimize_from(
                WorkingProblem(*(array[k] for array in work.problem)),
                State(*(array[k] for array in work.state)),
                work.starts[k, : work.sizes[k]],
                alpha,
                self._max_iter - work.n_last[k],
            )

    def _can_admit(self) -> bool:
        """Have room for the columns wanted, the most urgent ones if they are many."""
        work = self._work
        for k in np.flatnonzero(work.n_wanted > np.maximum(BATCH, 2 * work.sizes)):
            most = max(BATCH, 2 * work.sizes[k])
            columns = work.wanted[k, : work.n_wanted[k]].copy()
            pull = np.abs(self._view.correlation[k, columns])
            pull /= self._terms.l1[k, columns]
            work.wanted[k, :most] = columns[np.argpartition(-pull, most)[:most]]
            work.n_wanted[k] = most
        most = int(np.max(work.sizes + work.n_wanted))
        if most > self._most:
            return False
        self._make_room(most)
        return True

    def _make_room(self, size: int) -> None:
        """Have room for ``size`` columns, in arrays that are not touched in advance."""
        work = self._work
        room, held = work.columns.shape[1], int(work.sizes.max())
        if size <= room:
            return
        room = max(room + room // 2, size)
        support = room if self._ridged else min(room, self._rank)
        problem = _stacked_problem(room)
        state = _stacked_state(room, support + 2 * BLOCK)
        columns = np.zeros((ABREAST, room), dtype=np.int64)
        for new, old in zip(
            (columns, *problem, *state),
            (work.columns, *work.problem, *work.state),
            strict=True,
        ):
            corner = tuple(slice(0, min(held, length)) for length in old.shape[1:])
            new[(slice(None), *corner)] = old[(slice(None), *corner)]
        self._work = work._replace(
            problem=problem,
            state=state,
            columns=columns,
            starts=np.zeros((ABREAST, room)),
        )


def _most_columns(n: int, p: int) -> int:
    """Return how many columns each path may hold, for matrices no larger than X."""
    return max(_ALWAYS_HELD, int(np.sqrt(n * p / ABREAST)))


def _terms(designs: Sequence[Design], problems: Sequence[ScaledProblem]) -> PathTerms:
    at = [min(k, len(problems) - 1) for k in range(ABREAST)]
    lengths = np.stack([designs[k].lengths for k in at])
    penalties = [problems[k].penalty for k in at]
    l1 = np.stack([penalty.l1 for penalty in penalties])
    return PathTerms(
        np.zeros(lengths.shape),
        l1,
        np.stack([penalty.l2 for penalty in penalties]),
        np.stack([penalty.lower for penalty in penalties]),
        np.stack([penalty.upper for penalty in penalties]),
        np.stack([penalty.noise for penalty in penalties]),
        lengths,
        np.stack([penalty.square for penalty in penalties]),
        l1.min(axis=0),
    )


def _empty_work(p: int) -> WorkingSets:
    sizes, n_wanted, n_iter, n_last = np.zeros((4, ABREAST), dtype=np.int64)
    return WorkingSets(
        problem=_stacked_problem(0),
        state=_stacked_state(0, 0),
        columns=np.zeros((ABREAST, 0), dtype=np.int64),
        sizes=sizes,
        starts=np.zeros((ABREAST, 0)),
        wanted=np.zeros((ABREAST, p), dtype=np.int64),
        n_wanted=n_wanted,
        goals=np.zeros(ABREAST),
        gaps=np.zeros(ABREAST),
        residual_squares=np.zeros(ABREAST),
        is_solved=np.ones(ABREAST, dtype=np.bool_),
        n_iter=n_iter,
        n_last=n_last,
        refined=np.full(1, np.inf),
    )


def _empty_found(n_alphas: int) -> Found:
    return Found(
        columns=np.zeros((ABREAST, 0), dtype=np.int64),
        values=np.zeros((ABREAST, 0)),
        starts=np.zeros((ABREAST, n_alphas + 1), dtype=np.int64),
        gaps=np.zeros((ABREAST, n_alphas)),
        residual_squares=np.zeros((ABREAST, n_alphas)),
        n_iter=np.zeros((ABREAST, n_alphas), dtype=np.int64),
        at=np.zeros(1, dtype=np.int64),
    )


def _with_room(found: Found, size: int) -> Found:
    """Have room for another solution of ``size`` columns, if not for many."""
    held = int(found.starts[:, found.at[0]].max())
    room = found.values.shape[1]
    if held + size <= room:
        return found
    columns = np.zeros((ABREAST, 2 * (room + size)), dtype=np.int64)
    values = np.zeros(columns.shape)
    columns[:, :held] = found.columns[:, :held]
    values[:, :held] = found.values[:, :held]
    return found._replace(columns=columns, values=values)


def _stacked_problem(room: int) -> WorkingProblem:
    vectors = np.zeros((6, ABREAST, room))
    return WorkingProblem(np.zeros((ABREAST, room, room)), *vectors)


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
    columns: SharedColumns,
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
        go_on(
            design,
            y,
            penalty,
            alphas,
            as_result(design, penalty, problem, alphas, found, tol),
            tol,
            max_iter,
            solver,
        )
        for design, problem, found in zip(designs, problems, solved, strict=True)
    ]
