"""Three paths in lockstep on one X, in one thread: they share the passes over X.

What `kernels.linear.lockstep` needs around its walk: columns of X that lie together,
arrays, and more of them where the working sets grow. So little is done in Python that
threads, each with paths of its own, do not wait for each other.

Made for what folds are: paths that look at nearly the same columns at nearly the same
alphas. Where one of them needs more than exact solutions of small systems, or all of
them more memory than X, the walk ends, and each path goes on alone.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from regkit._types import Floats
from regkit.designs import Design
from regkit.designs.protocols import SharesColumns
from regkit.designs.weighted_rows import SAFE_RATIO, read_only
from regkit.kernels.linear.active_set_state import State, WorkingProblem
from regkit.kernels.linear.cholesky import BLOCK
from regkit.kernels.linear.lockstep import ROOM, follow, moments
from regkit.kernels.linear.lockstep_state import (
    Found,
    Past,
    PathTerms,
    View,
    WorkingSets,
)
from regkit.kernels.linear.screening import BATCH, ROUNDED_SUM
from regkit.kernels.linear.three_views import ABREAST, SharedColumns
from regkit.parallel.threads import WORTHWHILE, map_in_threads, n_threads
from regkit.solvers.problem import (
    Penalty,
    ScaledPenalty,
    ScaledProblem,
    Target,
    add_stops,
    center_target,
)
from regkit.solvers.results import PathResult, Solved, as_result
from regkit.solvers.solve import go_on

# Working sets of this size are held whatever their Gram matrices are beside X …
_ALWAYS_HELD = 2048
# … and larger ones while those are together at most this large beside it.
_SHARE_OF_X = 1.0
# Columns that there is room for at first.
_ROOM = 256
# Bytes of an X in C order that may be copied, once for all designs: the copy takes 5 to
# 10 % of a path, and the walk on it a fifth of what paths on X as it is take. A larger
# one might be what memory has no room for twice.
MOST_COPIED = 1 << 31
# Columns that are copied and measured at a time: parts of rows that fill a few cache
# lines.
_STRIP = 256
# Rows whose means guess those of all.
_SAMPLE = 128


class Three(NamedTuple):
    """Up to three designs of one X, and one target as each of them weights it."""

    columns: SharedColumns
    """X as the designs see it."""
    designs: Sequence[Design]
    targets: Sequence[Target]
    products: Floats
    """(3, n_features), Zᵀ target."""


def share_columns(designs: Sequence[SharesColumns], y: Floats) -> list[Three] | None:
    """Return every three of ``designs``, or None.

    ``designs`` are those of one X with different weights, the last of all rows; they
    learn their means and variances. None where X is too large to copy once into
    contiguous columns, or where the designs' means are too far apart. The last design
    takes the places of those missing in the last three, with a target of zero.
    """
    whole, last = designs[-1], len(designs) - 1
    present, n_features = whole.transposed, whole.n_features
    is_copied = not present.flags.c_contiguous
    if is_copied and present.nbytes > MOST_COPIED:
        return None
    n_places = (last // ABREAST + 1) * ABREAST
    weights = np.empty((n_places, whole.n_samples))
    for place in range(n_places):
        weights[place] = designs[min(place, last)].weights
    roots = np.sqrt(weights)
    targets = [center_target(design, y) for design in designs]
    weighted = np.zeros_like(weights)
    for k, target in enumerate(targets):
        weighted[k] = roots[k] * target.target
    columns = np.empty(present.shape, present.dtype) if is_copied else present
    transposed, every = read_only(columns), np.arange(n_features)
    center, some = np.empty(n_features), max(1, whole.n_samples // _SAMPLE)
    products, about = np.empty((n_places, n_features)), np.zeros(n_features)

    def measure(first: int) -> Floats:
        """Copy a strip of columns, and measure it while it is in the cache."""
        strip = slice(first, first + _STRIP)
        if is_copied:
            columns[strip] = present[strip]
        columns[strip, ::some].mean(axis=1, dtype=np.float64, out=center[strip])
        sums: Floats = moments(transposed, every[strip], center, weights)
        part = columns[strip]
        # Products about 0 lose digits only where a mean is far from it.
        far = np.square(center[strip]) > SAFE_RATIO**2 * sums[:, last, 1]
        if far.any():
            about[strip] = np.where(far, center[strip], 0.0)
            part = part - about[strip, None]
        np.matmul(weighted, part.T, out=products[:, strip])
        return sums

    at_a_time = n_threads() if present.size >= WORTHWHILE else 1
    strips = range(0, n_features, _STRIP)
    found = np.concatenate(map_in_threads(measure, strips, at_a_time))
    for k, design in enumerate(designs):
        design.learn_moments(center, found[:, k, 0], found[:, k, 1])
    if not np.all(np.isfinite(whole.lengths)):
        return None
    totals = weighted.sum(axis=1)
    shifts, scales = np.empty((2, n_places, n_features))
    for place in range(n_places):
        design = designs[min(place, last)]
        shifts[place] = design.offset - whole.offset
        scales[place] = 1.0 / design.scale
        # Products about ``whole``'s means must give those about the design's own.
        near = np.abs(shifts[place]) <= SAFE_RATIO * design.lengths * design.scale
        if not np.all(near | design.constant):
            return None
        products[place] -= (design.offset - about) * totals[place]
        products[place] *= scales[place]

    threes = []
    for first in range(0, n_places, ABREAST):
        three = slice(first, first + ABREAST)
        views = weights[three], roots[three], shifts[three], scales[three]
        shared = SharedColumns(transposed, whole.offset, *views)
        threes.append(Three(shared, designs[three], targets[three], products[three]))
    return threes


class LockstepPaths:
    """Walks down the alphas with up to three paths."""

    def __init__(
        self,
        three: Three,
        problems: Sequence[ScaledProblem],
        *,
        tol: float,
        max_iter: int,
    ) -> None:
        """Take the problems of the first designs, as many as there are."""
        self._X, designs = three.columns, three.designs
        self._problems = problems
        self._max_iter = max_iter
        n, p = designs[0].n_samples, designs[0].n_features
        held = int(np.sqrt(_SHARE_OF_X * n * p / ABREAST))
        self._most = max(_ALWAYS_HELD, held)
        self._rank = 0
        self._targets, goals = np.zeros((ABREAST, n)), np.zeros(ABREAST)
        lengths, penalties = np.empty((ABREAST, p)), np.empty((6, ABREAST, p))
        products = np.zeros((ABREAST, p))
        for k in range(ABREAST):
            # The places of missing paths are like the last, with a target of zero.
            at = min(k, len(problems) - 1)
            problem, design = problems[at], designs[at]
            lengths[k], penalties[:, k] = design.lengths, problem.penalty[:6]
            if at == k:
                self._rank = max(self._rank, design.max_rank)
                self._targets[k], goals[k] = problem.target, tol * 0.5 * problem.total
                products[k] = three.products[k]
        l1, l2, lower, upper, squares, noise = penalties
        self._terms = PathTerms(
            products,
            l1,
            l2,
            lower,
            upper,
            noise,
            lengths,
            squares,
            l1.min(axis=0),
        )
        self._ridged = bool(np.any(l2 > 0.0))
        self._past = Past(
            np.zeros((ABREAST, 2, n)),
            np.zeros((ABREAST, 2)),
            np.zeros((ABREAST, 2, p)),
        )
        self._view = View(
            inside=np.zeros((ABREAST, p), dtype=np.bool_),
            coef=np.zeros((ABREAST, p)),
            correlation=products.copy(),
            before=np.zeros((ABREAST, p)),
            is_held=np.zeros(p, dtype=np.bool_),
            seen=np.full(p, -2),
        )
        self._work = self._empty_sets(_ROOM, goals)
        self._past.residuals[:, 0] = self._targets
        self._past.errors[:, 0] = ROUNDED_SUM * np.linalg.norm(self._targets, axis=1)
        self._past.correlation[:, 0] = products

    def walk(self, alphas: Floats) -> Found:
        """Solve for one alpha after the other, as many as can be in lockstep."""
        top = 0.0
        for k, problem in enumerate(self._problems):
            top = max(top, problem.penalty.largest_alpha(self._terms.products[k]))
        stops, are_kept = add_stops(alphas, top)
        self._found = Found(
            columns=np.zeros((ABREAST, 0), dtype=np.int64),
            values=np.zeros((ABREAST, 0)),
            starts=np.zeros((ABREAST, len(alphas) + 1), dtype=np.int64),
            gaps=np.zeros((ABREAST, len(alphas))),
            residual_squares=np.zeros((ABREAST, len(alphas))),
            n_iter=np.zeros((ABREAST, len(alphas)), dtype=np.int64),
            at=np.zeros(1, dtype=np.int64),
        )
        at, event = 0, ROOM
        while event == ROOM and self._make_room():
            at, event = follow(
                self._X,
                self._terms,
                self._targets,
                self._past,
                self._view,
                self._work,
                self._found,
                stops,
                are_kept,
                at,
                self._max_iter,
                self._ridged,
                BATCH,
            )
        return self._found

    def _make_room(self) -> bool:
        """Have room for the columns wanted, the most urgent ones if they are many.

        And for another solution of that size, if not for many.
        """
        work, found = self._work, self._found
        for k in np.flatnonzero(work.n_wanted > np.maximum(BATCH, 2 * work.sizes)):
            most = max(BATCH, 2 * work.sizes[k])
            columns = work.wanted[k, : work.n_wanted[k]].copy()
            pull = np.abs(self._view.correlation[k, columns])
            pull /= self._terms.l1[k, columns]
            work.wanted[k, :most] = columns[np.argpartition(-pull, most)[:most]]
            work.n_wanted[k] = most
        size, room = int(np.max(work.sizes + work.n_wanted)), work.columns.shape[1]
        if size > self._most:
            return False
        if size > room:
            new = self._empty_sets(max(room + room // 2, size), work.goals)
            held = int(work.sizes.max())
            for to, array in zip(
                (new.columns, *new.problem, *new.state),
                (work.columns, *work.problem, *work.state),
                strict=True,
            ):
                corner = (slice(None), *[slice(held)] * (array.ndim - 1))
                old = array[corner]
                to[tuple(map(slice, old.shape))] = old
            self._work = work._replace(
                problem=new.problem,
                state=new.state,
                columns=new.columns,
                starts=new.starts,
            )
        stored, room = int(found.starts[:, found.at[0]].max()), found.values.shape[1]
        if stored + size > room:
            columns = np.zeros((ABREAST, 2 * (room + size)), dtype=np.int64)
            values = np.zeros(columns.shape)
            columns[:, :stored] = found.columns[:, :stored]
            values[:, :stored] = found.values[:, :stored]
            self._found = found._replace(columns=columns, values=values)
        return True

    def _empty_sets(self, room: int, goals: Floats) -> WorkingSets:
        """Return working sets with ``room``, in arrays not touched in advance."""
        support = (room if self._ridged else min(room, self._rank)) + 2 * BLOCK
        vectors = np.zeros((6, ABREAST, room))
        sizes, n_wanted, n_iter = np.zeros((3, ABREAST), dtype=np.int64)
        return WorkingSets(
            problem=WorkingProblem(np.zeros((ABREAST, room, room)), *vectors),
            state=State(
                coef=np.zeros((ABREAST, room)),
                correlation=np.zeros((ABREAST, room)),
                free=np.zeros((ABREAST, room), dtype=np.bool_),
                side=np.zeros((ABREAST, room)),
                active=np.zeros((ABREAST, support), dtype=np.int64),
                factor=np.zeros((ABREAST, support, support)),
                size=np.zeros((ABREAST, 1), dtype=np.int64),
            ),
            columns=np.zeros((ABREAST, room), dtype=np.int64),
            sizes=sizes,
            starts=np.zeros((ABREAST, room)),
            wanted=np.zeros(self._terms.l1.shape, dtype=np.int64),
            n_wanted=n_wanted,
            goals=goals,
            gaps=np.zeros(ABREAST),
            residual_squares=np.zeros(ABREAST),
            n_iter=n_iter,
            refined=np.full(1, np.inf),
        )


def can_go_in_lockstep(penalty: Penalty, solver: str) -> bool:
    """Whether block pivoting is asked for, and every column can be kept out."""
    is_exact = solver in ("auto", "active_set")
    return is_exact and penalty.l1_ratio > 0.0 and bool(np.all(penalty.factor > 0.0))


def solve_in_lockstep(
    three: Three,
    count: int,
    y: Floats,
    penalty: Penalty,
    alphas: Floats,
    *,
    tol: float,
    max_iter: int,
    solver: str,
) -> list[PathResult]:
    """Solve the paths of the first ``count`` designs; alphas are positive."""
    designs, problems = three.designs[:count], []
    for design, target in zip(designs, three.targets, strict=False):
        scaled = ScaledPenalty.of(penalty, design, target.total**0.5)
        problems.append(ScaledProblem(*target, scaled))
    walk = LockstepPaths(three, problems, tol=tol, max_iter=max_iter)
    found = walk.walk(alphas)
    del walk  # its Gram matrices, before those of paths that have to go on alone
    n_solved, paths = found.at[0], []
    for k, (design, problem) in enumerate(zip(designs, problems, strict=True)):
        indptr = found.starts[k, : n_solved + 1].copy()
        columns = found.columns[k, : indptr[-1]]
        at = np.repeat(np.arange(n_solved), np.diff(indptr))
        ascending = np.lexsort((columns, at))
        solved = Solved(
            indptr,
            columns[ascending],
            found.values[k, ascending],
            found.gaps[k, :n_solved].copy(),
            found.residual_squares[k, :n_solved].copy(),
            found.n_iter[k, :n_solved].copy(),
            True,
            "active_set",
        )
        path = as_result(design, penalty, problem, alphas, solved, tol)
        if len(path.alphas) < len(alphas):
            path = go_on(design, y, penalty, alphas, path, tol, max_iter, solver)
        paths.append(path)
    return paths
