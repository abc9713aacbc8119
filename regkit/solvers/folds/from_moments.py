"""Cross-validation where only the moments of each fold's rows are known."""

from collections.abc import Sequence

import numpy as np

from regkit._types import Floats
from regkit.designs.centered_moments import CenteredMoments
from regkit.designs.reduced import ReducedDesign
from regkit.parallel.threads import map_in_threads, one_blas_thread
from regkit.solvers.folds.in_memory import FoldPaths, PathTask
from regkit.solvers.results import PathResult
from regkit.solvers.solve import solve_path


class FoldedStatistics:
    """The moments of every fold, and of the rows that it trains on.

    Attributes
    ----------
    test_weights : ndarray (K,)
        Sums of the held-out rows' weights.
    test_variances : ndarray (K,)
        Variances of the held-out rows' targets; NaN without weight.
    """

    def __init__(
        self,
        design: ReducedDesign,
        training: Sequence[CenteredMoments],
        held_out: Sequence[CenteredMoments],
        n_threads: int,
    ) -> None:
        """Prepare the folds.

        Parameters
        ----------
        design : ReducedDesign
            Of all rows.
        training, held_out : sequence of CenteredMoments
            Of the rows that each fold trains on, and holds out.
        n_threads : int
            How many folds may be solved at the same time.
        """
        self._designs = [
            ReducedDesign(part, design.fit_intercept, design.standardize)
            for part in training
        ]
        self._whole, self._held_out = design, held_out
        self._n_threads = n_threads
        self.test_weights = np.array([part.total_weight for part in held_out])
        squares = np.array([part.cross[-1, -1] for part in held_out])
        with np.errstate(invalid="ignore"):
            self.test_variances: Floats = squares / self.test_weights

    def solve(self, task: PathTask) -> FoldPaths:
        """Solve the path on the training rows of every fold; see `FoldedDesign`."""
        penalty, alphas, settings, with_whole = task

        def solve(design: ReducedDesign) -> PathResult:
            y = np.ascontiguousarray(design.targets[:, 0])
            with np.errstate(over="ignore", invalid="ignore"):  # a thread's own state
                return solve_path(design, y, penalty, alphas, **settings._asdict())

        designs = [*self._designs, *([self._whole] if with_whole else [])]
        with one_blas_thread():
            paths = map_in_threads(solve, designs, self._n_threads)
        whole = paths.pop() if with_whole else None
        errors = [
            held_out_errors(moments, path)
            for moments, path in zip(self._held_out, paths, strict=True)
        ]
        return FoldPaths(whole, paths, np.stack(errors, axis=1))


def held_out_errors(moments: CenteredMoments, path: PathResult) -> Floats:
    """Return the weighted mean squares of the residuals at every alpha, (A,)."""
    return mean_squares(moments, 0, path.columns(), path.intercepts)


def mean_squares(
    moments: CenteredMoments, target: int, coefs: Floats, intercepts: Floats
) -> Floats:
    """Return the weighted mean squares of a target's residuals, (A,).

    ``(S - 2 bᵀc + bᵀG b) / w`` about the rows' own means, plus the square of the mean
    residual; right to about 1e-16 of the terms' size, ``S / w``. NaN without weight.
    ``coefs`` are (p, A).
    """
    at = moments.n_features + target
    used = np.flatnonzero(coefs.any(axis=1))
    coefs = coefs[used]
    gram = moments.cross[np.ix_(used, used)]
    squares = moments.cross[at, at] - 2.0 * (moments.cross[at, used] @ coefs)
    squares += np.einsum("ja,ja->a", coefs, gram @ coefs)
    level = moments.mean[at] - intercepts - moments.mean[used] @ coefs
    level += moments.rest[at] - moments.rest[used] @ coefs
    with np.errstate(invalid="ignore", divide="ignore"):
        errors: Floats = np.maximum(0.0, squares) / moments.total_weight + level**2
    if moments.total_weight == 0.0:
        errors[:] = np.nan
    return errors
