"""Folds of a loss beyond squares: paths on training rows, losses of held-out rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs import RowDesign
from regkit.parallel.threads import map_in_threads
from regkit.solvers.folds.fold import Fold
from regkit.solvers.folds.in_memory import FoldPaths, PathTask
from regkit.solvers.folds.loss_lockstep import can_share, solve_folds
from regkit.solvers.folds.loss_reads import can_share_reads, solve_by_shared_reads
from regkit.solvers.loss_terms import LossTerm
from regkit.solvers.losses import Loss, LossTask, PathLoss
from regkit.solvers.paths.quickest import LossWalk
from regkit.solvers.results import PathResult
from regkit.solvers.solve_loss import path_type

# Linear predictors of all alphas that are held at a time.
_ENTRIES = 1 << 20


class LossFolds:
    """Rows in memory and a loss, and what its folds share; see `Folded`."""

    def __init__(
        self,
        design: RowDesign,
        term: LossTerm,
        training_weight: Callable[[Fold], Floats],
        folds: Sequence[Fold],
        sample_weight: Floats | None,
        error_scale: float = 1.0,
        n_threads: int = 1,
    ) -> None:
        """Prepare the folds.

        Parameters
        ----------
        design : RowDesign
            Of all rows.
        term : LossTerm
        training_weight : callable
            Returns every row's weight in the training of a fold, (n,).
        folds : sequence of Fold
        sample_weight : ndarray (n,) or None
            Of held-out rows.
        error_scale : float
            What a mean loss is multiplied by to give the error reported.
        n_threads : int
            How many folds may be solved at the same time.
        """
        self._design, self._term = design, term
        self._sample_weight, self._folds = sample_weight, folds
        self._training_weight, self._error_scale = training_weight, error_scale
        self._n_threads = n_threads
        self.test_weights = np.array(
            [fold.test_weight(sample_weight).sum() for fold in folds]
        )

    def solve(self, task: PathTask) -> FoldPaths:
        """Solve the path on the training rows of every fold, and on all rows."""
        term, loss = self._term, self._term.loss.elementwise
        if loss is not None and len(term.targets) == 1:
            design, penalty = self._design, task.penalty
            if can_share(design, loss, penalty):
                return self._side_by_side(loss, task)
            if not loss.is_quadratic and can_share_reads(design, penalty):
                return self._by_shared_reads(loss, task)
        whole = self._path(self._design, task) if task.with_whole else None
        solved = map_in_threads(
            lambda fold: self._of_fold(fold, task), self._folds, self._n_threads
        )
        paths, errors = zip(*solved, strict=True)
        return FoldPaths(whole, list(paths), np.column_stack(errors))

    def _side_by_side(self, loss: Loss, task: PathTask) -> FoldPaths:
        """Solve the paths of one target together."""
        designs = [self._design, *map(self._training, self._folds)]
        with np.errstate(over="ignore", invalid="ignore"):
            found = solve_folds(
                designs,
                loss,
                self._term.targets[0],
                task.penalty,
                task.alphas,
                offset=self._term.offset,
                tol=task.settings.tol,
                max_iter=task.settings.max_iter,
            )
        return self._judged(found, designs, task)

    def _by_shared_reads(self, loss: Loss, task: PathTask) -> FoldPaths:
        """Solve the paths of one target, which read X together."""
        designs = [self._design, *map(self._training, self._folds)]
        settings = task.settings
        found = solve_by_shared_reads(
            designs,
            LossWalk(
                LossTask(
                    loss,
                    self._term.targets[0],
                    self._term.offset,
                    settings.tol,
                    settings.max_iter,
                ),
                path_type(loss),
            ),
            task.penalty,
            task.alphas,
            self._n_threads,
        )
        return self._judged(found, designs, task)

    def _judged(
        self, found: list[PathResult], designs: list[RowDesign], task: PathTask
    ) -> FoldPaths:
        """Return the paths, the first of which is on all rows, and their errors."""
        whole, *paths = (PathResult.stack([path]) for path in found)
        errors = [
            self._errors(fold, design, path)
            for fold, design, path in zip(self._folds, designs[1:], paths, strict=True)
        ]
        return FoldPaths(
            whole if task.with_whole else None, paths, np.column_stack(errors)
        )

    def _training(self, fold: Fold) -> RowDesign:
        return self._design.reweighted(self._training_weight(fold))

    def _of_fold(self, fold: Fold, task: PathTask) -> tuple[PathResult, Floats]:
        """Solve the path on training rows, and find its errors on those held out."""
        design = self._training(fold)
        path = self._path(design, task)
        return path, self._errors(fold, design, path)

    def _errors(self, fold: Fold, design: RowDesign, path: PathResult) -> Floats:
        losses = held_out_losses(
            design,
            self._term.loss,
            self._term.targets,
            self._term.offset,
            fold.test_weight(self._sample_weight),
            path,
            fold.test,
            self._term.width,
        )
        scaled: Floats = self._error_scale * losses.mean(axis=1)
        return scaled

    def _path(self, design: RowDesign, task: PathTask) -> PathResult:
        settings = task.settings
        with np.errstate(over="ignore", invalid="ignore"):  # a thread's own state
            return self._term.path(
                design,
                task.penalty,
                task.alphas,
                tol=settings.tol,
                max_iter=settings.max_iter,
            )


def linear_predictors(
    design: RowDesign, path: PathResult, offset: Floats | None, rows: Indices
) -> Floats:
    """Return the linear predictors of ``rows``, one column per problem of ``path``.

    Parameters
    ----------
    design : RowDesign
        Of the X that the path is about, with whatever weights.
    path : PathResult of any shape S
    offset : ndarray (n,), (n, K) for K classes, or None
    rows : ndarray of int

    Returns
    -------
    eta : ndarray (rows, M)
        In C order of S.
    """
    used, coefs = path.used()
    # About the design's means, so that large means take no digits.
    level = path.intercepts.ravel() + design.offset[used] @ coefs
    eta = design.fitted(rows, used, coefs)
    eta += level
    if offset is not None:
        # Of several classes, one column each, repeated for every alpha.
        shift = offset[rows].reshape(len(rows), -1)
        eta += np.tile(shift, eta.shape[1] // shift.shape[1])
    return eta


def held_out_losses(
    design: RowDesign,
    loss: PathLoss,
    targets: Floats,
    offset: Floats | None,
    weight: Floats,
    path: PathResult,
    rows: Indices,
    width: int = 1,
) -> Floats:
    """Return the weighted mean loss of ``rows``, shape (A, T / width).

    It is counted from the least that any predictor reaches.

    Parameters
    ----------
    design, offset, rows : object
        As for `linear_predictors`.
    loss : PathLoss
    targets : ndarray (T, n)
    weight : ndarray (rows,)
        NaN comes out where all are zero.
    path : PathResult of shape (A, T)
    width : int
        How many targets are one problem: so many columns of eta at a time.
    """
    total = float(weight.sum())
    if not total > 0.0:
        return np.full(path.shape, np.nan)
    n_targets = len(targets)
    share = weight / total
    losses = np.zeros(path.intercepts.size // width)
    step = max(16, _ENTRIES // path.intercepts.size)
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        eta = linear_predictors(design, path, offset, rows[part])
        chosen = np.ascontiguousarray(targets[:, rows[part]])
        shares = np.tile(share[part], width)
        for k in range(len(losses)):
            first = k * width % n_targets
            losses[k] += loss.deviance(
                chosen[first : first + width].reshape(-1),
                shares,
                np.ascontiguousarray(eta[:, k * width : (k + 1) * width].T).reshape(-1),
            )
    return losses.reshape(len(path.intercepts), -1)
