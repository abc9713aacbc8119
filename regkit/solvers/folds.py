"""A path on the training rows of each fold, and its errors on the rows held out.

Every fold is a design of the same X with weights of its own: rows that a fold does not
train on have weight zero, rows that it takes several times a multiple. So no fold has a
copy of X, and each path is certified like the path on all rows.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from regkit.designs import Design
from regkit.designs.threads import map_in_threads
from regkit.solvers.fold import Fold
from regkit.solvers.fold_moments import FoldMoments
from regkit.solvers.path import is_small, solve_path
from regkit.solvers.problem import Floats, PathResult, Penalty
from regkit.solvers.residuals import mean_squares

# Work of a fold, in multiplications, below which threads cost more than they save.
_WORTHWHILE = 1 << 22


@dataclass(frozen=True, slots=True)
class PathSettings:
    """What every path of a cross-validation is solved with; see `solve_path`."""

    tol: float = 1e-8
    max_iter: int = 1000
    solver: str = "auto"

    @property
    def options(self) -> dict[str, Any]:
        """As `solve_path` takes them."""
        return asdict(self)


class FoldPaths(NamedTuple):
    """The paths of all folds and their errors."""

    paths: list[PathResult]
    errors: Floats
    """(n_alphas, n_folds), weighted means of the squared held-out residuals; NaN for a
    fold whose held-out rows all have weight zero."""


class FoldedDesign:
    """A design, and what its folds share."""

    def __init__(
        self,
        design: Design,
        y: Floats,
        sample_weight: Floats | None,
        folds: Sequence[Fold],
        n_threads: int = 1,
    ) -> None:
        """Prepare the folds; few columns or many rows are read here, and only here.

        Parameters
        ----------
        design : Design
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
        self._sample_weight = sample_weight
        self._folds = folds
        self._n_threads = n_threads
        self._moments: FoldMoments | None = None
        if is_small(design) and folds:
            self._moments = FoldMoments(design, y, sample_weight, folds)

    def solve(
        self, penalty: Penalty, alphas: Floats, settings: PathSettings
    ) -> FoldPaths:
        """Solve the path on the training rows of every fold.

        Parameters
        ----------
        penalty : Penalty
        alphas : ndarray (A,)
            Strictly decreasing, non-negative; the same for all folds.
        settings : PathSettings

        Returns
        -------
        paths : FoldPaths
        """

        def solve(k: int) -> tuple[PathResult, Floats]:
            with np.errstate(over="ignore", invalid="ignore"):  # a thread's own state
                path = solve_path(
                    self._training_design(k),
                    self._y,
                    penalty,
                    alphas,
                    **settings.options,
                )
                return path, self._errors(k, path)

        n_threads = self._n_threads
        if self._moments is not None:
            # Two or three systems an alpha, of at most p columns.
            work = len(alphas) * self._design.n_features**2
            n_threads = n_threads if work > _WORTHWHILE else 1
        solved = map_in_threads(solve, range(len(self._folds)), n_threads)
        paths, errors = zip(*solved, strict=True)
        return FoldPaths(list(paths), np.stack(errors, axis=1))

    def _training_design(self, k: int) -> Design:
        if self._moments is not None:
            return self._moments.training_design(k)
        n = self._design.n_samples
        weight = self._folds[k].training_weight(self._sample_weight, n)
        return self._design.reweighted(weight)

    def _errors(self, k: int, path: PathResult) -> Floats:
        errors = None
        if self._moments is not None:
            used = np.unique(path.coefs.indices)
            coefs = path.coefs.tocsr()[used].toarray()
            errors = self._moments.held_out_errors(k, used, coefs, path.intercepts)
        if errors is None or np.isnan(errors).any():
            fold = self._folds[k]
            errors = mean_squares(
                self._design,
                self._y,
                fold.test_weight(self._sample_weight),
                path,
                rows=fold.test,
            )
        return errors
