"""A path on the training rows of each fold, and its errors on the rows held out.

Every fold is a design of the same X with weights of its own: rows that a fold does not
train on have weight zero, rows that it takes several times a multiple. So no fold has a
copy of X, and each path is certified like the path on all rows. Tasks and results are
those of any loss; `FoldedDesign` is for squared loss.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from functools import cached_property, partial
from itertools import chain
from typing import NamedTuple, Protocol

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs import RowDesign
from regkit.kernels.linear.three_views import ABREAST
from regkit.parallel.threads import map_in_threads, one_blas_thread
from regkit.solvers.folds.fold import Fold
from regkit.solvers.folds.gram_folds import FoldMoments
from regkit.solvers.folds.lockstep import (
    Three,
    can_go_in_lockstep,
    share_columns,
    solve_in_lockstep,
)
from regkit.solvers.folds.shared_reads import solve_together
from regkit.solvers.problem import Penalty, ScaledPenalty, is_small
from regkit.solvers.results import PathResult
from regkit.solvers.solve import solve_path, solve_terms

# Work of a fold, in multiplications, below which threads cost more than they save.
_WORTHWHILE = 1 << 22
# Entries of an X (64 MB) that a processor's cache may hold from read to read.
_STAYS_IN_CACHE = 1 << 23
# Paths that share a read of X where they are not in lockstep: their sums stay in
# registers and first-level cache.
_AT_A_TIME = 12
# Residuals of all alphas that are held at a time.
_ENTRIES = 1 << 20


class PathSettings(NamedTuple):
    """What every path of a cross-validation is solved with; see `solve_path`."""

    tol: float = 1e-8
    max_iter: int = 1000
    solver: str = "auto"


class PathTask(NamedTuple):
    """What the paths of a cross-validation are solved for."""

    penalty: Penalty
    alphas: Floats
    """(A,), strictly decreasing, non-negative; the same for all folds."""
    settings: PathSettings
    with_whole: bool = True
    """Whether the path on all rows is solved as well."""


class FoldPaths(NamedTuple):
    """The paths of all folds, and how well each predicts the rows held out of it."""

    whole: PathResult | None
    """On all rows."""
    folds: list[PathResult]
    errors: Floats
    """(n_alphas, n_folds), weighted means over the held-out rows: of squared residuals,
    or of what another loss loses above its least value, in the units that are reported.
    NaN for a fold whose held-out rows all have weight zero."""


class Folded(Protocol):
    """What cross-validation asks of its folds, whatever the loss."""

    test_weights: Floats
    """(n_folds,): sums of the held-out rows' weights."""

    def solve(self, task: PathTask) -> FoldPaths:
        """Solve the path on the training rows of every fold, and on all rows."""


# A path, and the errors of the rows held out of it.
_Solved = tuple[PathResult, Floats]


class FoldedDesign:
    """Rows in memory and squared loss, and what the folds share; see `Folded`."""

    def __init__(
        self,
        design: RowDesign,
        y: Floats,
        sample_weight: Floats | None,
        folds: Sequence[Fold],
        n_threads: int = 1,
    ) -> None:
        """Prepare the folds; few columns or many rows are read here, and only here.

        Parameters
        ----------
        design : RowDesign
            Of all rows.
        y : ndarray (n,)
        sample_weight : ndarray (n,) or None
        folds : sequence of Fold
            Each with a positive weight to train on.
        n_threads : int
            How many folds may be solved at the same time.
        """
        self._design = design
        self._y = y
        n = design.n_samples
        self._weight = np.ones(n) if sample_weight is None else sample_weight
        self._folds = folds
        self._n_threads = n_threads
        self.test_weights = np.empty(len(folds))
        for k, fold in enumerate(folds):
            self.test_weights[k] = self._weight[fold.test].sum()
        self._moments: FoldMoments | None = None
        if is_small(design) and folds:
            self._moments = FoldMoments(design, y, sample_weight, folds)

    def solve(self, task: PathTask) -> FoldPaths:
        """Solve the path on the training rows of every fold, and on all rows."""
        penalty, alphas, settings, with_whole = task
        n_folds = len(self._folds)
        waiting: list[int | None] = [*range(n_folds)]
        if with_whole:
            waiting.append(None)
        threes = None
        if (
            self._moments is None
            and alphas[-1] > 0.0
            and can_go_in_lockstep(penalty, settings.solver)
        ):
            threes = self._threes
        if threes is not None:
            solve_three = partial(self._solve_three, threes, task, waiting)
            with one_blas_thread() if self._n_threads > 1 else nullcontext():
                in_turn = range(-(-len(waiting) // ABREAST))
                found = map_in_threads(solve_three, in_turn, self._n_threads)
            solved = list(chain.from_iterable(found))
        elif self._moments is None and self._is_worth_sharing(task):
            solved = self._solve_together(task, waiting)
        else:
            solved = self._solve_apart(task, waiting)
        paths, errors = zip(*solved, strict=True)
        return FoldPaths(
            paths[-1] if with_whole else None,
            list(paths[:n_folds]),
            np.stack(errors[:n_folds], axis=1),
        )

    def _is_worth_sharing(self, task: PathTask) -> bool:
        """Whether the paths walk, and wait less for each other than for a read of X."""
        penalty, alphas, settings, _ = task
        walks = settings.solver != "auto" or penalty.is_bounded
        walks = walks or (penalty.l1_ratio > 0.0 and alphas[-1] > 0.0)
        every = np.arange(self._design.n_features)
        return walks and self._design.n_stored(every) > _STAYS_IN_CACHE

    def _solve_apart(self, task: PathTask, waiting: list[int | None]) -> list[_Solved]:
        """Solve each path by itself, several at a time."""
        n_threads = self._n_threads
        if self._moments is not None:
            # Two or three systems an alpha, of at most p columns.
            work = len(task.alphas) * self._design.n_features**2
            n_threads = n_threads if work > _WORTHWHILE else 1

        def solve(k: int | None) -> _Solved:
            with np.errstate(over="ignore", invalid="ignore"):  # a thread's own state
                path = self._solve_alone(k, task)
                return path, self._errors(k, path)

        with one_blas_thread() if n_threads > 1 else nullcontext():
            return map_in_threads(solve, waiting, n_threads)

    def _solve_alone(self, k: int | None, task: PathTask) -> PathResult:
        """Solve the path of fold k, None for all rows."""
        penalty, alphas, settings, _ = task
        if k is not None and self._moments is not None:
            terms = self._moments.gram_terms(k)
            if terms is not None:
                found = solve_terms(terms, penalty, alphas, **settings._asdict())
                if found is not None:
                    return found
        design = self._design if k is None else self._training_design(k)
        return solve_path(design, self._y, penalty, alphas, **settings._asdict())

    def largest_alpha(self, penalty: Penalty, solver: str) -> float | None:
        """Return alpha_max of all rows, where paths that go in lockstep give it."""
        if self._moments is not None or not can_go_in_lockstep(penalty, solver):
            return None
        if self._threes is None:
            return None
        last = self._threes[-1]
        at = len(last.designs) - 1
        size = last.targets[at].total ** 0.5
        scaled = ScaledPenalty.of(penalty, last.designs[at], size)
        return scaled.largest_alpha(last.products[at])

    @cached_property
    def _threes(self) -> list[Three] | None:
        """The designs of the folds and of all rows, if X is stored to be shared."""
        designs = []
        for k in [*range(len(self._folds)), None]:
            design = self._design if k is None else self._training_design(k)
            shared = design.shared_columns
            if shared is None:
                return None
            designs.append(shared)
        with one_blas_thread():
            return share_columns(designs, self._y)

    def _solve_three(
        self, threes: list[Three], task: PathTask, waiting: list[int | None], at: int
    ) -> list[_Solved]:
        """Solve the ``at``-th three of the paths, in lockstep."""
        penalty, alphas, settings, _ = task
        mine = waiting[ABREAST * at : ABREAST * (at + 1)]
        with np.errstate(over="ignore", invalid="ignore"):  # a thread's own state
            paths = solve_in_lockstep(
                threes[at], len(mine), self._y, penalty, alphas, **settings._asdict()
            )
            return list(zip(paths, map(self._errors, mine, paths), strict=True))

    def _solve_together(
        self, task: PathTask, waiting: list[int | None]
    ) -> list[_Solved]:
        """Solve the paths side by side, a dozen at a time."""
        penalty, alphas, settings, _ = task
        paths: list[PathResult] = []
        for first in range(0, len(waiting), _AT_A_TIME):
            paths += solve_together(
                self._design,
                [
                    self._design if k is None else self._training_design(k)
                    for k in waiting[first : first + _AT_A_TIME]
                ],
                self._y,
                penalty,
                alphas,
                self._n_threads,
                **settings._asdict(),
            )
        return list(zip(paths, map(self._errors, waiting, paths), strict=True))

    def _training_design(self, k: int) -> RowDesign:
        if self._moments is not None:
            return self._moments.training_design(k)
        counts = np.bincount(self._folds[k].train, minlength=len(self._weight))
        return self._design.reweighted(counts * self._weight)

    def _errors(self, k: int | None, path: PathResult) -> Floats:
        """Return the errors of fold k's held-out rows; none where it has none."""
        if k is None:
            return np.empty(0)
        errors = None
        if self._moments is not None:
            errors = self._moments.held_out_errors(k, path)
        if errors is None or np.isnan(errors).any():
            rows = self._folds[k].test
            errors = mean_squares(self._design, self._y, self._weight[rows], path, rows)
        return errors


def mean_squares(
    design: RowDesign,
    y: Floats,
    weight: Floats,
    path: PathResult,
    rows: Indices,
) -> Floats:
    """Return the weighted mean square of the residuals of ``rows``, shape (A,).

    Parameters
    ----------
    design : RowDesign
        Of the X that the path is about, with whatever weights.
    y : ndarray (n,)
    weight : ndarray (rows,)
        NaN comes out where all are zero.
    path : PathResult
    rows : ndarray of int
    """
    used, coefs = path.used()
    # About the design's means, so that large means take no digits.
    level = path.intercepts + design.offset[used] @ coefs
    step = max(16, _ENTRIES // max(len(used), coefs.shape[1]))
    squares = np.zeros(coefs.shape[1])
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        residual = design.fitted(rows[part], used, coefs)
        residual -= y[rows[part], None]
        residual += level
        squares += weight[part] @ np.square(residual, out=residual)
    with np.errstate(invalid="ignore"):
        mean: Floats = squares / weight.sum()
    return mean
