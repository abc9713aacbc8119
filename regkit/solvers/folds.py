"""A path on the training rows of each fold, and its errors on the rows held out.

Every fold is a design of the same X with weights of its own: rows that a fold does not
train on have weight zero, rows that it takes several times a multiple. So no fold has a
copy of X, and each path is certified like the path on all rows.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit.designs import Design
from regkit.designs.threads import map_in_threads
from regkit.solvers.path import solve_path
from regkit.solvers.problem import Floats, PathResult, Penalty
from regkit.solvers.residuals import mean_squares

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows to train on and rows held out; a row given twice counts twice.

    Attributes
    ----------
    train, test : ndarray of int
    """

    train: Indices
    test: Indices

    def weights(self, rows: Indices, sample_weight: Floats | None, n: int) -> Floats:
        """Spread the weights of ``rows`` (``train`` or ``test``) over all n rows."""
        counts = np.bincount(rows, minlength=n).astype(np.float64)
        return counts if sample_weight is None else counts * sample_weight


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


def solve_folds(
    design: Design,
    y: Floats,
    sample_weight: Floats | None,
    folds: Sequence[Fold],
    penalty: Penalty,
    alphas: Floats,
    settings: PathSettings,
    n_threads: int,
) -> list[PathResult]:
    """Solve the path on the training rows of every fold.

    Parameters
    ----------
    design : Design
        Of all rows.
    y : ndarray (n,)
    sample_weight : ndarray (n,) or None
    folds : sequence of Fold
        Each with a positive weight to train on.
    penalty : Penalty
    alphas : ndarray (A,)
        Strictly decreasing, non-negative; the same for all folds.
    settings : PathSettings
    n_threads : int
        How many folds may be solved at the same time.

    Returns
    -------
    paths : list of PathResult
    """

    def solve(fold: Fold) -> PathResult:
        weight = fold.weights(fold.train, sample_weight, design.n_samples)
        with np.errstate(over="ignore", invalid="ignore"):  # a thread's own state
            return solve_path(
                design.reweighted(weight), y, penalty, alphas, **settings.options
            )

    return map_in_threads(solve, folds, n_threads)


def held_out_errors(
    design: Design,
    y: Floats,
    sample_weight: Floats | None,
    folds: Sequence[Fold],
    paths: Sequence[PathResult],
) -> Floats:
    """Return the weighted mean squares of the held-out residuals, (A, n_folds).

    NaN for a fold whose held-out rows all have weight zero.
    """
    errors = [
        mean_squares(
            design, y, held_out_weight(fold, sample_weight), path, rows=fold.test
        )
        for fold, path in zip(folds, paths, strict=True)
    ]
    return np.stack(errors, axis=1)


def held_out_weight(fold: Fold, sample_weight: Floats | None) -> Floats:
    """Return the weights of a fold's held-out rows, as many as ``fold.test`` has."""
    if sample_weight is None:
        return np.ones(len(fold.test))
    return sample_weight[fold.test]
