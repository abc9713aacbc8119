"""Errors of alphas along a path: by held-out rows, or by an information criterion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np
from sklearn.metrics import check_scoring

from regkit._sklearn import rows_of_parameters
from regkit._types import Floats
from regkit.linear_model._evaluation import Evaluation, Refitted, Report
from regkit.linear_model._grid import automatic_grid
from regkit.linear_model._limits import Limits
from regkit.linear_model._moment_scores import scores
from regkit.linear_model._problem import MatrixProblem, Problem
from regkit.linear_model._regularization_path import as_regularization_path
from regkit.linear_model._selection import ErrorCurve
from regkit.linear_model._source_reducer import Names
from regkit.rows.inputs import FitData
from regkit.solvers.criteria import information_criteria
from regkit.solvers.folds.averages import mean_and_se
from regkit.solvers.folds.fold import Fold
from regkit.solvers.folds.in_memory import Folded, FoldPaths, PathSettings, PathTask
from regkit.solvers.problem import Penalty
from regkit.solvers.relaxed import Relaxed, relax
from regkit.solvers.results import PathResult


class AlongPath:
    """What both evaluators share: the grid, and the fit at the chosen alpha."""

    y_ndim = 1

    def __init__(
        self,
        name: str,
        problem: Problem,
        settings: PathSettings,
        mix: Mix | None = None,
    ) -> None:
        """Prepare the evaluator.

        Parameters
        ----------
        name : str
            Of the estimator, for messages.
        problem : Problem
            All rows; one target.
        settings : PathSettings
        mix : Mix or None
            How the coefficients at the chosen alpha are relaxed.
        """
        self._name, self._problem = name, problem
        self._settings, self._mix = settings, mix
        self.n_features: int = problem.n_features
        self.feature_names: Names = problem.feature_names
        self.limits: Limits = problem.limits

    def _penalty(self, l1_ratio: float) -> Penalty:
        return self.limits.penalty(self.n_features, l1_ratio)

    def alpha_grid(self, l1_ratio: float, n_alphas: int, eps: float | None) -> Floats:
        """Return the automatic grid, strictly decreasing."""
        assert eps is not None
        penalty = self._penalty(l1_ratio)
        return automatic_grid(self._name, self._problem, penalty, n_alphas, eps)

    def refuse_underflow(self) -> None:
        """Raise where squares of the rows underflow."""
        self._problem.refuse_underflow(self._name)

    def refit(
        self, evaluation: Evaluation, places: list[int], report: Report
    ) -> Refitted:
        """Take the solution at the chosen alpha from the path on all rows."""
        whole = evaluation.whole
        assert whole is not None
        path = as_regularization_path(whole, self.feature_names)
        chosen = whole.take(np.array(places))
        if self._mix is None:
            return Refitted(chosen, path)
        penalty = self._penalty(evaluation.l1_ratio)
        return Refitted(self._mix.relaxed(chosen, penalty), path)


class Mix(NamedTuple):
    """The relaxed Lasso: how much of the penalized fit, and what it is mixed with."""

    share: float
    """Of the penalized coefficients."""
    fit: Callable[[Penalty, Floats], Relaxed]
    """Fits the same columns without penalty."""

    @classmethod
    def of(
        cls, share: float | None, problem: MatrixProblem, settings: PathSettings
    ) -> Mix | None:
        """Return how to relax by the parameter `relaxed`, None where it is None."""
        if share is None:
            return None

        def fit(penalty: Penalty, coef: Floats) -> Relaxed:
            design, y = problem.design, problem.target(0)
            return relax(design, y, penalty, coef, settings.tol, settings.max_iter)

        return cls(float(share), fit)

    def relaxed(self, chosen: PathResult, penalty: Penalty) -> PathResult:
        """Mix the coefficients of one solution, and its intercept."""
        coef = chosen.columns()
        loose = self.fit(penalty, coef[:, 0])
        rest = 1.0 - self.share
        return replace(
            chosen,
            coefs=self.share * coef + rest * loose.coef[:, None],
            intercepts=self.share * chosen.intercepts + rest * loose.intercept,
        )


class Scores(Protocol):
    """Replaces the folds' squared errors by a scorer's."""

    def __call__(self, l1_ratio: float, found: FoldPaths) -> Floats:
        """Return the scores of every alpha and fold, (n_alphas, n_folds)."""


class PathEvaluator(AlongPath):
    """Evaluates alphas by rows held out from the paths of folds.

    ``folded`` says where the rows are: in memory, summed up, or read in chunks.
    """

    def __init__(
        self,
        name: str,
        problem: Problem,
        settings: PathSettings,
        folded: Folded,
        *,
        refit: bool,
        scores: Scores | None = None,
        mix: Mix | None = None,
    ) -> None:
        super().__init__(name, problem, settings, mix)
        self._folded, self._refit, self._scores = folded, refit, scores
        self.n_folds = len(folded.test_weights)

    def evaluate(self, l1_ratio: float, alphas: Floats, report: Report) -> Evaluation:
        """Solve the paths of all folds, and find every alpha's held-out errors."""
        penalty = self._penalty(l1_ratio)
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            task = PathTask(penalty, alphas, self._settings, self._refit)
            found = self._folded.solve(task)
        if found.whole is not None:
            report(found.whole)
        for k, path in enumerate(found.folds):
            report(path, k)
        errors = found.errors
        if self._scores is not None:
            errors = -self._scores(l1_ratio, found)
        mean, se = mean_and_se(errors, self._folded.test_weights)
        return Evaluation(
            l1_ratio,
            [ErrorCurve(alphas, mean, se, errors)],
            fold_errors=found.errors[:, :, None],
            whole=found.whole,
            folds=found.folds,
            is_null_at_largest=_is_null_at_largest(
                found.folds if found.whole is None else [found.whole], penalty
            ),
        )


class CriterionEvaluator(AlongPath):
    """Evaluates alphas by an information criterion of the path on all rows."""

    n_folds = 0

    def __init__(
        self,
        name: str,
        problem: MatrixProblem,
        settings: PathSettings,
        criterion: str,
        squares: Callable[[PathResult], Floats],
        mix: Mix | None = None,
    ) -> None:
        """Prepare the evaluator.

        Parameters
        ----------
        name, problem, settings, mix : object
            As for `AlongPath`.
        criterion : {"aic", "bic", "ebic"}
        squares : callable
            Returns the mean squares of the residuals that a path leaves, (n_alphas,).
        """
        super().__init__(name, problem, settings, mix)
        self._design, self._y = problem.design, problem.target(0)
        self._criterion, self._squares = criterion, squares

    def evaluate(self, l1_ratio: float, alphas: Floats, report: Report) -> Evaluation:
        """Solve the path on all rows, and compute the criterion along it."""
        penalty = self._penalty(l1_ratio)
        whole = self._problem.path(penalty, alphas, self._settings)
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            squares = self._squares(whole)
            values = information_criteria(
                self._design, self._y, squares, penalty, whole, self._criterion
            )
        report(whole)
        return Evaluation(
            l1_ratio,
            [ErrorCurve(alphas, values)],
            whole=whole,
            is_null_at_largest=_is_null_at_largest([whole], penalty),
        )


class MomentScores:
    """Scores that follow from mean squared errors."""

    def __init__(self, scoring: str, variances: Floats) -> None:
        """Prepare the scores; ``variances`` (n_folds,) are those of the targets."""
        self._scoring, self._variances = scoring, variances

    def __call__(self, l1_ratio: float, found: FoldPaths) -> Floats:
        """Return the scores of every alpha and fold, (n_alphas, n_folds)."""
        return scores(self._scoring, found.errors, self._variances, per_target=True)


class RowScores:
    """Scores of any scorer, of predictions for the held-out rows."""

    def __init__(
        self,
        single: Callable[[float], Any],
        scoring: Any,
        data: FitData,
        folds: Sequence[Fold],
        params: dict[str, Any],
    ) -> None:
        """Prepare the scores.

        Parameters
        ----------
        single : callable
            Returns the unfitted estimator for one alpha and a given l1_ratio.
        scoring : str or callable
        data : FitData
            All rows.
        folds : sequence of Fold
        params : dict
            For the scorer.
        """
        self._single, self._scoring = single, scoring
        self._data, self._folds, self._params = data, folds, params

    def __call__(self, l1_ratio: float, found: FoldPaths) -> Floats:
        """Return the scores of every alpha and fold, (n_alphas, n_folds)."""
        model = self._single(l1_ratio)
        scorer = check_scoring(model, scoring=self._scoring)
        X, y = self._data.X, self._data.y
        alphas = found.folds[0].alphas
        table = np.empty((len(alphas), len(self._folds)))
        for k, (fold, path) in enumerate(zip(self._folds, found.folds, strict=True)):
            held_out, targets = X[fold.test], y[fold.test]
            params = rows_of_parameters(X, self._params, fold.test)
            coefs = path.columns()
            for i, alpha in enumerate(alphas):
                model.alpha = float(alpha)
                model.coef_ = coefs[:, i]
                model.intercept_ = path.intercepts[i]
                model.n_features_in_ = X.shape[1]
                table[i, k] = scorer(model, held_out, targets, **params)
        return table


def _is_null_at_largest(paths: Sequence[PathResult], penalty: Penalty) -> bool:
    """Whether every penalized coefficient is zero at the largest alpha."""
    penalized = penalty.factor > 0.0
    for path in paths:
        stored = slice(0, path.coefs.indptr[1])
        is_nonzero = path.coefs.data[stored] != 0.0
        if np.any(penalized[path.coefs.indices[stored]] & is_nonzero):
            return False
    return True
