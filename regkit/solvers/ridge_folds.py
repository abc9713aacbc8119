"""Ridge on the training rows of a fold for all alphas, and its errors on the rest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from regkit.designs import Design
from regkit.solvers.path import solve_path
from regkit.solvers.problem import Floats, Penalty
from regkit.solvers.ridge import RidgeResult, solve_ridge

# Predictions that are held at a time.
_ENTRIES = 1 << 20


@dataclass(frozen=True, slots=True)
class FoldFit:
    """Fits for A alphas and T targets.

    Attributes
    ----------
    design : Design
        Of the training rows.
    result : RidgeResult
        Of T A problems, target by target.
    n_alphas : int
    """

    design: Design
    result: RidgeResult
    n_alphas: int

    def predict(self, rows: NDArray[np.int64]) -> Floats:
        """Return predictions for rows of X, shape (rows, T, A)."""
        design, coefs = self.design, self.result.coefs.T
        level = self.result.intercepts + design.offset @ coefs
        first, last = int(rows[0]), int(rows[-1]) + 1
        if np.array_equal(rows, np.arange(first, last)):
            scaled = coefs * design.scale[:, None]
            predicted = design.predict_rows(slice(first, last), scaled)
        else:
            predicted = design.fitted(rows, np.arange(design.n_features), coefs)
        predicted += level
        return predicted.reshape(len(rows), -1, self.n_alphas)

    def mean_squares(
        self, Y: Floats, weights: Floats, rows: NDArray[np.int64]
    ) -> Floats:
        """Return the weighted mean squares of the residuals of rows, (A, T).

        NaN where all weights are zero.
        """
        squares = np.zeros((self.n_alphas, Y.shape[1]))
        step = max(16, _ENTRIES // max(len(self.result.coefs), self.design.n_features))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            errors = Y[part][:, :, None] - self.predict(part)
            np.square(errors, out=errors)
            squares += np.tensordot(weights[start : start + step], errors, axes=1).T
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
) -> FoldFit:
    """Fit every target with every alpha.

    Parameters
    ----------
    design : Design
    Y : ndarray (n, T)
    penalty : Penalty
        With an ``l1_ratio`` of 0.
    alphas : ndarray (A,)
        Strictly decreasing, on `solve_ridge`'s scale.
    solver, tol, max_iter
        As for `solve_ridge`, or `solve_path` where ``penalty`` has bounds.
    """
    n_targets, n_alphas = Y.shape[1], len(alphas)
    if not penalty.is_bounded and solver not in ("active_set", "coordinate_descent"):
        result = solve_ridge(
            design,
            Y,
            np.tile(alphas, n_targets),
            penalty.factor,
            columns=np.repeat(np.arange(n_targets), n_alphas),
            solver=solver,
            tol=tol,
            max_iter=max_iter,
        )
        return FoldFit(design, result, n_alphas)
    paths = [
        solve_path(
            design,
            np.ascontiguousarray(y),
            penalty,
            # The elastic net divides the squares by twice the weights' sum.
            alphas / design.total_weight,
            solver=solver,
            tol=tol,
            max_iter=max_iter,
        )
        for y in Y.T
    ]
    result = RidgeResult(
        np.concatenate([path.coefs.toarray().T for path in paths]),
        np.concatenate([path.intercepts for path in paths]),
        np.concatenate([path.dual_gaps for path in paths]),
        np.repeat([path.null_objective for path in paths], n_alphas),
        np.concatenate([path.n_iters for path in paths]),
        np.concatenate([path.converged for path in paths]),
        all(path.unique for path in paths),
        paths[0].solver,
    )
    return FoldFit(design, result, n_alphas)
