"""Held-out errors of ridge for every alpha: by rows left out, by folds, by GCV."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from regkit._sklearn import rows_of_parameters
from regkit._types import Floats
from regkit.designs import RowDesign
from regkit.linear_model._limits import Limits
from regkit.linear_model._selection import ErrorCurve, fold_statistics
from regkit.rows.inputs import FitData
from regkit.solvers.alpha_scales import mean_scale, sum_scale
from regkit.solvers.folds.fold import Fold
from regkit.solvers.folds.ridge import RidgeFolds
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult
from regkit.solvers.ridge.basis import Basis, RidgeData
from regkit.solvers.ridge.cholesky import Systems
from regkit.solvers.ridge.grid import alpha_grid, rough_eigenvalues
from regkit.solvers.ridge.leave_one_out import (
    LeftOut,
    TooLarge,
    decompose,
    generalized,
    leave_one_out,
)
from regkit.solvers.ridge.tridiagonal_basis import TridiagonalBasis


class GridSize(NamedTuple):
    """What a grid is to be, where no alphas are given."""

    n_alphas: int
    eps: float | None
    """Its last alpha relative to its first; None lets the spectrum of X decide."""


Alphas = Floats | GridSize


class ErrorTable(NamedTuple):
    """What is known of A alphas, for G targets or for their average."""

    alphas: Floats
    """(A,), decreasing."""
    curves: list[ErrorCurve]
    """G of them."""
    mse: Floats | None
    """(A, n_folds, G), mean squared errors of each fold."""
    results: Floats | None
    """(n, T, A), squared errors or predictions of each row, where they are kept."""
    known: Systems | None = None
    """What was factored on the way and serves the fit to all rows."""

    def in_order(self, alphas: Floats) -> "ErrorTable":
        """Give the table for alphas in another order, repeated or not."""
        places = np.searchsorted(-self.alphas, -alphas)

        def moved(values: Floats | None) -> Floats | None:
            return None if values is None else values[places]

        curves = [
            ErrorCurve(alphas, c.mean[places], moved(c.se), moved(c.fold_errors))
            for c in self.curves
        ]
        results = None if self.results is None else self.results[:, :, places]
        return ErrorTable(alphas, curves, moved(self.mse), results, self.known)


def table_of_folds(
    alphas: Floats, squares: list[Floats], errors: list[Floats], sizes: Floats
) -> ErrorTable:
    """Put the folds' mean squares (A, G) together, and other errors if there are."""
    mse = np.stack(squares, axis=1)
    judged = np.stack(errors, axis=1) if errors else mse
    curves = []
    for g in range(mse.shape[2]):
        mean, se = fold_statistics(judged[:, :, g], sizes)
        curves.append(ErrorCurve(alphas, mean, se, judged[:, :, g]))
    return ErrorTable(alphas, curves, mse, None)


class Scoring(NamedTuple):
    """How to judge predictions other than by their squared errors."""

    scorer: Callable[..., Any]
    params: dict[str, Any]
    """For the scorer; of arrays with an entry a row it is shown those of its rows."""

    def scores(
        self, y: Floats, predicted: Floats, rows: Any, per_target: bool
    ) -> Floats:
        """Return the scores (A, G) of predictions (rows, T, A) for some rows of y."""
        params = rows_of_parameters(y, self.params, rows)
        model, y = _Echo(), y[rows]
        if per_target and y.ndim == 2:
            pairs = [(y[:, t], predicted[:, t]) for t in range(y.shape[1])]
        else:
            pairs = [(y, predicted if y.ndim == 2 else predicted[:, 0])]
        return np.array(
            [
                [
                    self.scorer(model, given[..., a], truth, **params)
                    for truth, given in pairs
                ]
                for a in range(predicted.shape[2])
            ]
        )


class _Echo(RegressorMixin, BaseEstimator):
    """Predicts what it is given; scorers want an estimator."""

    def fit(self, X: Any, y: Any) -> "_Echo":
        return self

    def predict(self, X: Any) -> Any:
        return X

    def __sklearn_is_fitted__(self) -> bool:
        return True


class RidgeErrors:
    """The data of one `fit`, and what is asked of it.

    Attributes
    ----------
    design : RowDesign
        Of all rows.
    y : ndarray
        The targets.
    """

    def __init__(
        self,
        design: RowDesign,
        data: FitData,
        limits: Limits,
        fit_intercept: bool,
        per_target: bool,
        scoring: Scoring | None,
        n_threads: int,
    ) -> None:
        self._n_threads = n_threads
        self.design, self.y = design, data.y
        self._data, self._scoring = data, scoring
        self._per_target = per_target and data.y.ndim == 2
        self._Y = data.y.reshape(len(data.y), -1)
        self._penalty = Penalty.build(
            design.n_features, 0.0, limits.factor, limits.lower, limits.upper
        )
        target, mean = design.center(self._Y)
        self._ridge = RidgeData(
            design,
            design.weights,
            fit_intercept,
            target,
            self._Y - mean,
            self._penalty.factor,
            int(np.count_nonzero(design.weights)),
        )

    @property
    def size(self) -> Floats:
        """Sums of squares of the targets, which may have overflowed, (T,)."""
        total: Floats = np.sum(self._ridge.target**2, axis=0)
        return total

    def leave_one_out(self, alphas: Alphas, keep: bool) -> ErrorTable:
        """Judge every alpha by rows left out one at a time."""
        alphas, found, known = self._leave_out(
            alphas, keep or self._scoring is not None
        )
        if self._scoring is None:
            curves = [
                ErrorCurve(alphas, mean, se)
                for mean, se in zip(found.mean.T, found.se.T, strict=True)
            ]
            results = None if found.errors is None else found.errors**2
            return ErrorTable(alphas, curves, None, results, known)
        assert found.errors is not None
        predicted = self._Y[:, :, None] - found.errors
        used = np.flatnonzero(self._ridge.weights)
        scores = self._scoring.scores(
            self._data.y, predicted[used], used, self._per_target
        )
        scores[np.isnan(found.mean).any(axis=1)] = np.nan
        curves = [ErrorCurve(alphas, -column) for column in scores.T]
        return ErrorTable(alphas, curves, None, predicted if keep else None, known)

    def _leave_out(
        self, alphas: Alphas, keep: bool
    ) -> tuple[Floats, LeftOut, Systems | None]:
        """Give the alphas, what is known of each, and what was factored on the way."""
        bases = decompose(self._ridge)
        first = next(bases)
        alphas, bases = self._grid(alphas, chain([first], bases))
        found = leave_one_out(
            self.design,
            self._ridge,
            mean_scale(alphas, self.design.total_weight),
            bases,
            per_target=self._per_target,
            keep_errors=keep,
            n_threads=self._n_threads,
        )
        return alphas, found, first if isinstance(first, TridiagonalBasis) else None

    def generalized(self, alphas: Alphas) -> ErrorTable:
        """Judge every alpha by generalized cross-validation."""
        alphas, bases = self._grid(alphas, decompose(self._ridge))
        values = generalized(
            self._ridge, mean_scale(alphas, self.design.total_weight), bases
        )
        if not self._per_target:
            values = values.mean(axis=1, keepdims=True)
        curves = [ErrorCurve(alphas, column) for column in values.T]
        return ErrorTable(alphas, curves, None, None)

    def folds(
        self,
        alphas: Alphas,
        folds: Sequence[Fold],
        judge: Callable[[int, PathResult], None],
        **settings: Any,
    ) -> ErrorTable:
        """Judge every alpha by folds; ``judge`` sees each fold's fits."""
        weight = self._data.sample_weight
        if self._are_single_rows(folds) and settings["solver"] in ("auto", "cholesky"):
            found = self._folds_of_one_row(alphas, folds)
            if found is not None:
                return found
        folded = RidgeFolds(
            self.design, self._Y, weight, folds, self._penalty, self._n_threads
        )
        alphas = self._grid_for_folds(alphas)
        squares, errors = [], []
        fits = folded.fits(alphas, **settings)
        for k, (fold, fit) in enumerate(zip(folds, fits, strict=True)):
            judge(k, fit.result)
            square = folded.mean_squares(k, fit)
            if not self._per_target:
                square = square.mean(axis=1, keepdims=True)
            squares.append(square)
            if self._scoring is not None:
                predicted = fit.predict(fold.test)
                scores = self._scoring.scores(
                    self._data.y, predicted, fold.test, self._per_target
                )
                errors.append(-scores)
        return self._table_of_folds(alphas, folds, squares, errors)

    def _table_of_folds(
        self,
        alphas: Floats,
        folds: Sequence[Fold],
        squares: list[Floats],
        errors: list[Floats],
        known: Systems | None = None,
    ) -> ErrorTable:
        """Sum up mean squares (A, G) of each fold, and errors if there is a scorer."""
        weight = self._data.sample_weight
        sizes = np.array([fold.test_weight(weight).sum() for fold in folds])
        return table_of_folds(alphas, squares, errors, sizes)._replace(known=known)

    def _are_single_rows(self, folds: Sequence[Fold]) -> bool:
        """Tell whether each fold leaves out one row, and nothing else differs."""
        n = len(self._Y)
        if any(len(fold.test) != 1 for fold in folds) or self._penalty.is_bounded:
            return False
        # Scales would be those of the other rows.
        if self.design.standardize or not self._ridge.weights.all():
            return False
        left_out = (fold.left_out(n) for fold in folds)
        return all(
            rows is not None and np.array_equal(rows, fold.test)
            for rows, fold in zip(left_out, folds, strict=True)
        )

    def _folds_of_one_row(
        self, alphas: Alphas, folds: Sequence[Fold]
    ) -> ErrorTable | None:
        """Judge every alpha without refitting; None where that is not precise."""
        try:
            alphas, found, known = self._leave_out(alphas, keep=True)
        except TooLarge:
            return None
        assert found.errors is not None
        if np.isnan(found.mean).any():
            return None
        rows = np.concatenate([fold.test for fold in folds])
        squares = np.moveaxis(found.errors[rows] ** 2, 2, 1)
        if not self._per_target:
            squares = squares.mean(axis=2, keepdims=True)
        errors = []
        if self._scoring is not None:
            for fold in folds:
                predicted = self._Y[fold.test, :, None] - found.errors[fold.test]
                errors.append(
                    -self._scoring.scores(
                        self._data.y, predicted, fold.test, self._per_target
                    )
                )
        return self._table_of_folds(alphas, folds, list(squares), errors, known)

    def _grid(
        self, alphas: Alphas, bases: Iterator[Basis]
    ) -> tuple[Floats, Iterator[Basis]]:
        """Find the alphas where only their number is given."""
        if not isinstance(alphas, GridSize):
            return alphas, bases
        first = next(bases)
        return self._spread(first.values, alphas), chain([first], bases)

    def _grid_for_folds(self, alphas: Alphas) -> Floats:
        if not isinstance(alphas, GridSize):
            return alphas
        try:
            values = next(decompose(self._ridge)).values
        except TooLarge:
            values = rough_eigenvalues(self.design, self._penalty.factor)
        return self._spread(values, alphas)

    def _spread(self, values: Floats, size: GridSize) -> Floats:
        return sum_scale(alpha_grid(values, *size), self.design.total_weight)
