"""Errors of ridge for every alpha, for rows in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from regkit._sklearn import rows_of_parameters
from regkit._types import Floats
from regkit.linear_model._cv import Evaluation, Refitted
from regkit.linear_model._least_squares import MatrixProblem, RowProblem
from regkit.linear_model._problem import TrainingRows
from regkit.linear_model._report import raise_if_overflowed, warn_not_estimated
from regkit.linear_model._selection import Choice, ErrorCurve, score_of
from regkit.linear_model.ridge import RidgeRegressor
from regkit.parallel.threads import calm_blas
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


class RidgeChoice(NamedTuple):
    """How `RidgeRegressorCV` evaluates alphas, by its parameters."""

    name: str
    cv: Any
    """None leaves out one row at a time, "gcv" is generalized cross-validation,
    anything else has made folds."""
    is_per_target: bool
    """Whether each target gets an alpha of its own."""
    keeps_rows: bool
    """Whether the results of each row are kept."""
    single: RidgeRegressor
    """Unfitted, for one alpha."""
    n_threads: int

    @property
    def options(self) -> dict[str, Any]:
        """As the solvers of folds take them."""
        single = self.single
        return {
            "solver": single.solver,
            "tol": single.tol,
            "max_iter": single.max_iter,
        }


class Scoring(NamedTuple):
    """A scorer of predictions, in place of their squared errors."""

    scoring: Any
    """The parameter."""
    scorer: Callable[..., Any]
    params: dict[str, Any]
    """For the scorer; of arrays with one entry per row it gets those of its rows."""

    def scores(
        self, y: Floats, predicted: Floats, rows: Any, per_target: bool
    ) -> Floats:
        """Return the scores (A, G) of predictions (rows, T, A) for some rows of y."""
        params = rows_of_parameters(y, self.params, rows)
        model, y = Predictions(), y[rows]
        if per_target and y.ndim == 2:
            pairs = [(y[:, t], predicted[:, t]) for t in range(y.shape[1])]
        else:
            pairs = [(y, predicted if y.ndim == 2 else predicted[:, 0])]
        return np.array(
            [
                [
                    score_of(
                        self.scoring, self.scorer, model, given[..., a], truth, params
                    )
                    for truth, given in pairs
                ]
                for a in range(predicted.shape[2])
            ]
        )


class Predictions(RegressorMixin, BaseEstimator):
    """A model that predicts what it is given, for scorers; errors of theirs name it."""

    def fit(self, X: Any, y: Any) -> Predictions:
        return self

    def predict(self, X: Any) -> Any:
        return X

    def __sklearn_is_fitted__(self) -> bool:
        return True


class RidgeEvaluator:
    """What evaluators of ridge share, wherever the rows are; one l1_ratio: 0."""

    n_folds: int

    def __init__(self, problem: MatrixProblem, choice: RidgeChoice) -> None:
        self.problem, self._choice = problem, choice
        self._settings = choice.single._settings()
        self._known: Systems | None = None
        self._per_target = choice.is_per_target and problem.y_ndim == 2
        self._penalty: Penalty = problem.penalty(0.0)

    def _evaluation(
        self,
        curves: list[ErrorCurve],
        fold_errors: Floats | None = None,
        row_results: Floats | None = None,
    ) -> Evaluation:
        if row_results is not None and self.problem.y_ndim == 1:
            row_results = row_results[:, 0]
        return Evaluation(
            0.0,
            curves,
            is_per_target=self._per_target,
            fold_errors=fold_errors,
            row_results=row_results,
        )

    def _of_folds(
        self,
        alphas: Floats,
        squares: Sequence[Floats],
        errors: Sequence[Floats],
        sizes: Floats,
    ) -> Evaluation:
        """Average the folds' mean squares (A, G), and other errors if there are."""
        mse = np.stack(squares, axis=1)
        used = np.stack(errors, axis=1) if errors else mse
        curves = [
            ErrorCurve.of_folds(alphas, used[:, :, g], sizes)
            for g in range(mse.shape[2])
        ]
        return self._evaluation(curves, mse)

    def _of_values(self, alphas: Floats, values: Floats) -> Evaluation:
        """Average generalized errors (A, T) over the targets, if alphas are shared."""
        if not self._per_target:
            values = values.mean(axis=1, keepdims=True)
        return self._evaluation([ErrorCurve(alphas, column) for column in values.T])

    def _check_estimated(self, evaluation: Evaluation) -> Evaluation:
        """Warn of alphas whose errors are lost to rounding."""
        lacking = np.isnan(evaluation.curves[0].mean)
        if lacking.any():
            alphas = evaluation.alphas[lacking]
            warn_not_estimated(self._choice.name, self._choice.cv, alphas)
        return evaluation

    def _report_fold(self, result: PathResult, number: int) -> None:
        """Raise or warn where a fold's fits are not what was asked for."""
        fold = TrainingRows(number, self.n_folds)
        self.problem.report(result, self._settings, kind="problem", fold=fold)

    def refit(self, evaluation: Evaluation, choices: Sequence[Choice]) -> Refitted:
        """Fit all rows, each target with its alpha."""
        places = [choice.index for choice in choices]
        alphas = np.zeros(self.problem.n_targets) + evaluation.alphas[places]
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            result = self._choice.single._solve(self.problem, alphas, self._known)
        self.problem.report(result, self._settings, kind="target")
        return Refitted(result, {})


class RidgeRowEvaluator(RidgeEvaluator):
    """Evaluates alphas on rows in memory: by leaving out each, by GCV, by folds."""

    def __init__(
        self,
        problem: RowProblem,
        choice: RidgeChoice,
        data: FitData,
        folds: Sequence[Fold],
        scoring: Scoring | None,
    ) -> None:
        """Prepare the evaluator.

        Parameters
        ----------
        problem : RowProblem
            Of ``data``.
        choice : RidgeChoice
        data : FitData
        folds : sequence of Fold
            Empty where rows are left out one at a time, or with GCV.
        scoring : Scoring or None
        """
        super().__init__(problem, choice)
        design = self._design = problem.design
        self._data, self._folds, self._scoring = data, folds, scoring
        self.n_folds = len(folds)
        self._weight = data.sample_weight
        self._Y = problem.targets
        self._size = min(data.X.shape)
        self._bases: Iterator[Basis] | None = None
        with np.errstate(over="ignore", invalid="ignore"):
            target, mean = design.center(self._Y)
            raise_if_overflowed(choice.name, np.einsum("ij,ij->j", target, target))
            # The problem as a basis takes it.
            self._ridge = RidgeData(
                design,
                design.weights,
                design.fit_intercept,
                target,
                self._Y - mean,
                self._penalty.factor,
                int(np.count_nonzero(design.weights)),
            )

    def alpha_grid(self, l1_ratio: float, n_alphas: int, eps: float | None) -> Floats:
        """Return penalties by the spectrum of X, strictly decreasing."""
        with self._solving():
            if self._folds and not self._leaves_out_rows:
                # The Gram matrix that they form serves the grid as well.
                _ = self._folded
            try:
                bases = decompose(self._ridge)
                first = next(bases)
                values = first.values
                if not self._folds:
                    self._bases = chain([first], bases)
            except TooLarge:
                if not self._folds:
                    raise
                values = rough_eigenvalues(self._design, self._penalty.factor)
            grid = alpha_grid(values, n_alphas, eps)
            return sum_scale(grid, self._design.total_weight)

    def evaluate(self, l1_ratio: float, alphas: Floats) -> Evaluation:
        """Find the error of every alpha."""
        with self._solving():
            if self._folds:
                return self._by_folds(alphas)
            if self._choice.cv is None:
                found = self._by_rows(alphas)
            else:
                scaled = mean_scale(alphas, self._design.total_weight)
                values = generalized(self._ridge, scaled, self._take_bases())
                found = self._of_values(alphas, values)
            return self._check_estimated(found)

    def refit(self, evaluation: Evaluation, choices: Sequence[Choice]) -> Refitted:
        """Fit all rows, each target with its alpha."""
        with calm_blas(self._size):
            return super().refit(evaluation, choices)

    @contextmanager
    def _solving(self) -> Iterator[None]:
        """Turn overflows into the message that names the remedy."""
        with np.errstate(over="ignore", invalid="ignore"), calm_blas(self._size):
            try:
                yield
            except FloatingPointError:
                raise_if_overflowed(self._choice.name, np.array([np.inf]))
                raise

    def _take_bases(self) -> Iterator[Basis]:
        """Return all bases, among them the one that the grid was made by."""
        bases, self._bases = self._bases, None
        return decompose(self._ridge) if bases is None else bases

    def _leave_out(self, alphas: Floats, *, keep: bool) -> LeftOut:
        """Find the errors of every row when it is left out."""
        bases = self._take_bases()
        first = next(bases)
        self._known = first.systems
        return leave_one_out(
            self._design,
            self._ridge,
            mean_scale(alphas, self._design.total_weight),
            chain([first], bases),
            per_target=self._per_target,
            keep_errors=keep,
            n_threads=self._choice.n_threads,
        )

    def _by_rows(self, alphas: Floats) -> Evaluation:
        """Evaluate by rows left out one at a time."""
        keeps_rows, scoring = self._choice.keeps_rows, self._scoring
        found = self._leave_out(alphas, keep=keeps_rows or scoring is not None)
        if scoring is None:
            curves = [
                ErrorCurve(alphas, mean, se)
                for mean, se in zip(found.mean.T, found.se.T, strict=True)
            ]
            results = None if found.errors is None else found.errors**2
            if results is not None and self._weight is not None:
                results *= self._weight[:, None, None]
            return self._evaluation(curves, row_results=results)
        assert found.errors is not None
        predicted = self._Y[:, :, None] - found.errors
        used = np.flatnonzero(self._ridge.weights)
        scores = scoring.scores(self._data.y, predicted[used], used, self._per_target)
        scores[np.isnan(found.mean).any(axis=1)] = np.nan
        curves = [ErrorCurve(alphas, -column) for column in scores.T]
        return self._evaluation(curves, row_results=predicted if keeps_rows else None)

    def _by_folds(self, alphas: Floats) -> Evaluation:
        """Evaluate by the held-out rows of the folds."""
        folds, options = self._folds, self._choice.options
        sizes = np.array([fold.test_weight(self._weight).sum() for fold in folds])
        if self._leaves_out_rows:
            found = self._by_folds_of_one_row(alphas, sizes)
            if found is not None:
                return found
        folded = self._folded
        squares, errors = [], []
        fits = folded.fits(alphas, **options)
        for k, (fold, fit) in enumerate(zip(folds, fits, strict=True)):
            self._report_fold(fit.result, k)
            square = folded.mean_squares(k, fit)
            squares.append(self._averaged(square))
            if self._scoring is not None:
                errors.append(-self._fold_scores(fit.predict(fold.test), fold))
        return self._of_folds(alphas, squares, errors, sizes)

    def _by_folds_of_one_row(self, alphas: Floats, sizes: Floats) -> Evaluation | None:
        """Evaluate without refitting; None where that is not precise."""
        try:
            found = self._leave_out(alphas, keep=True)
        except TooLarge:
            return None
        assert found.errors is not None
        if np.isnan(found.mean).any():
            return None
        rows = np.concatenate([fold.test for fold in self._folds])
        squares = np.moveaxis(found.errors[rows] ** 2, 2, 1)
        errors = []
        if self._scoring is not None:
            for fold in self._folds:
                predicted = self._Y[fold.test, :, None] - found.errors[fold.test]
                errors.append(-self._fold_scores(predicted, fold))
        return self._of_folds(
            alphas, [self._averaged(square) for square in squares], errors, sizes
        )

    def _fold_scores(self, predicted: Floats, fold: Fold) -> Floats:
        """Return the scores (A, G) of predictions for the rows held out."""
        assert self._scoring is not None
        return self._scoring.scores(
            self._data.y, predicted, fold.test, self._per_target
        )

    def _averaged(self, square: Floats) -> Floats:
        """Average mean squares (A, T) over the targets, if alphas are shared."""
        return square if self._per_target else square.mean(axis=1, keepdims=True)

    @cached_property
    def _folded(self) -> RidgeFolds:
        """What the folds share."""
        return RidgeFolds(
            self._design,
            self._Y,
            self._weight,
            self._folds,
            self._penalty,
            self._choice.n_threads,
        )

    @cached_property
    def _leaves_out_rows(self) -> bool:
        """Whether folds leave out one row each, so that none needs a fit of its own."""
        if self._choice.single.solver not in ("auto", "cholesky"):
            return False
        n, folds = len(self._Y), self._folds
        if any(len(fold.test) != 1 for fold in folds) or self._penalty.is_bounded:
            return False
        # Scales would be those of the other rows.
        if self._design.standardize or not self._ridge.weights.all():
            return False
        left_out = (fold.left_out(n) for fold in folds)
        return all(
            rows is not None and np.array_equal(rows, fold.test)
            for rows, fold in zip(left_out, folds, strict=True)
        )
