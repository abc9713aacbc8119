"""Ridge on the training rows of a fold for all alphas, and its errors on the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.designs import Design, RowDesign
from regkit.parallel.threads import (
    is_calm,
    map_in_threads,
    one_blas_thread,
)
from regkit.solvers.alpha_scales import mean_scale
from regkit.solvers.folds.fold import Fold
from regkit.solvers.folds.gram_folds import FoldMoments
from regkit.solvers.folds.ridge_row_gram import RowFoldFit, RowFolds
from regkit.solvers.problem import Penalty, is_small
from regkit.solvers.results import PathResult
from regkit.solvers.ridge.route import solve_ridge
from regkit.solvers.solve import solve_path

# Folds that are fitted before the first of them is evaluated.
_FOLDS_A_THREAD = 4
# Predictions that are held at a time.
_ENTRIES = 1 << 20


@dataclass(frozen=True, slots=True)
class FoldFit:
    """Fits for A alphas and T targets."""

    design: RowDesign
    """Of the training rows."""
    result: PathResult
    """Of T A problems, target by target."""
    n_alphas: int

    def predict(self, rows: NDArray[np.int64]) -> Floats:
        """Return predictions for rows of X, shape (rows, T, A)."""
        design, coefs = self.design, self.result.coefs
        level = self.result.intercepts + design.offset @ coefs
        first, last = int(rows[0]), int(rows[-1]) + 1
        if np.array_equal(rows, np.arange(first, last)):
            scaled = coefs * design.scale[:, None]
            predicted = design.row_predictor(scaled)(slice(first, last))
        else:
            predicted = design.fitted(rows, np.arange(design.n_features), coefs)
        predicted += level
        return predicted.reshape(len(rows), -1, self.n_alphas)


AnyFit = FoldFit | RowFoldFit


class RidgeFolds:
    """The folds of a cross-validation, and what they share."""

    def __init__(
        self,
        design: RowDesign,
        Y: Floats,
        sample_weight: Floats | None,
        folds: Sequence[Fold],
        penalty: Penalty,
        n_threads: int,
    ) -> None:
        """Prepare the folds.

        Parameters
        ----------
        design : RowDesign
            Of all rows.
        Y : ndarray (n, T)
        sample_weight : ndarray (n,) or None
        folds : sequence of Fold
            Each with a positive weight to train on.
        penalty : Penalty
            With an ``l1_ratio`` of 0.
        n_threads : int
            How many folds may be fitted at the same time.
        """
        self._n_threads = n_threads
        self._design, self._Y, self._sample_weight = design, Y, sample_weight
        self._folds, self._penalty = folds, penalty
        self._moments: FoldMoments | None = None
        if design.n_samples >= design.n_features and is_small(design):
            first = np.ascontiguousarray(Y[:, 0])
            self._moments = FoldMoments(design, first, sample_weight, folds)

    @cached_property
    def _shared_rows(self) -> RowFolds | None:
        """What the folds of a wide X share, if they can."""
        if self._moments is not None or self._penalty.is_bounded:
            return None
        return RowFolds.build(
            self._design,
            self._Y,
            self._sample_weight,
            self._folds,
            self._penalty.factor,
        )

    def fits(self, alphas: Floats, **settings: Any) -> Iterator[AnyFit]:
        """Fit the training rows of one fold after the other; see `fit_alphas`."""
        count, at_a_time = len(self._folds), 1
        if self._moments is not None and is_calm(self._design.n_features):
            at_a_time = _FOLDS_A_THREAD * self._n_threads
        for start in range(0, count, at_a_time):
            some = range(start, min(start + at_a_time, count))
            if len(some) == 1:
                yield self.fit(start, alphas, **settings)
                continue
            with one_blas_thread():
                found = map_in_threads(
                    lambda k: self.fit(k, alphas, **settings), some, self._n_threads
                )
            yield from found

    def fit(self, k: int, alphas: Floats, **settings: Any) -> AnyFit:
        """Fit the training rows of fold k with every alpha; see `fit_alphas`."""
        if settings["solver"] in ("auto", "cholesky") and self._shared_rows is not None:
            shared = self._shared_rows.fit(k, alphas, settings["tol"])
            if shared is not None:
                return shared
        if self._moments is not None:
            training = self._moments.training_design(k)
        else:
            training = self._design.reweighted(
                self._folds[k].training_weight(self._sample_weight, len(self._Y))
            )
        found = fit_alphas(training, self._Y, self._penalty, alphas, **settings)
        return FoldFit(training, found, len(alphas))

    def mean_squares(self, k: int, fit: AnyFit) -> Floats:
        """Return the weighted means of the squared held-out errors, shape (A, T).

        NaN for a fold whose held-out rows all have weight zero.
        """
        # (With sums over the rows, every fold is fitted by its columns.)
        if self._moments is not None and self._Y.shape[1] == 1:
            known = self._moments.held_out_errors(k, fit.result)
            if known is not None and not np.isnan(known).any():
                return known[:, None]
        rows = self._folds[k].test
        weights = self._folds[k].test_weight(self._sample_weight)
        squares = np.zeros((fit.n_alphas, self._Y.shape[1]))
        step = max(16, _ENTRIES // max(squares.size, self._design.n_features))
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            errors = self._Y[rows[part], :, None] - fit.predict(rows[part])
            np.square(errors, out=errors)
            squares += np.einsum("i,ita->at", weights[part], errors)
        with np.errstate(invalid="ignore"):
            mean: Floats = squares / weights.sum()
        return mean


def fit_alphas(
    design: Design,
    Y: Floats,
    penalty: Penalty,
    alphas: Floats,
    *,
    solver: str,
    tol: float,
    max_iter: int,
) -> PathResult:
    """Fit every target with every alpha.

    Parameters
    ----------
    design : Design
    Y : ndarray (n, T)
    penalty : Penalty
        With an ``l1_ratio`` of 0.
    alphas : ndarray (A,)
        Strictly decreasing, beside a sum of squares.
    solver, tol, max_iter
        As for `solve_ridge`, or `solve_path` where ``penalty`` has bounds.

    Returns
    -------
    result : PathResult
        Of T A problems, target by target, with dense coefficients.
    """
    n_targets, n_alphas = Y.shape[1], len(alphas)
    alphas = mean_scale(alphas, design.total_weight)
    if not penalty.is_bounded and solver not in ("active_set", "coordinate_descent"):
        return solve_ridge(
            design,
            Y,
            np.tile(alphas, n_targets),
            penalty.factor,
            columns=np.repeat(np.arange(n_targets), n_alphas),
            solver=solver,
            tol=tol,
            max_iter=max_iter,
        )
    paths = [
        solve_path(
            design,
            np.ascontiguousarray(y),
            penalty,
            alphas,
            solver=solver,
            tol=tol,
            max_iter=max_iter,
        )
        for y in Y.T
    ]
    found = PathResult.concat(paths)
    return replace(found, coefs=found.columns())
