"""Errors of alphas along a path: by held-out rows, or by an information criterion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np
from sklearn.metrics import check_scoring

from regkit._sklearn import rows_of_parameters
from regkit._types import Floats
from regkit.linear_model._evaluation import Evaluation, Refitted, in_fold
from regkit.linear_model._grid import automatic_grid
from regkit.linear_model._least_squares import MatrixProblem
from regkit.linear_model._moment_scores import scores
from regkit.linear_model._problem import Problem
from regkit.linear_model._selection import ErrorCurve
from regkit.solvers.folds.averages import mean_and_se
from regkit.solvers.folds.fold import Fold
from regkit.solvers.folds.in_memory import Folded, FoldPaths, PathSettings, PathTask
from regkit.solvers.problem import Penalty
from regkit.solvers.relaxed import Relaxed, relax
from regkit.solvers.results import PathResult


class AlongPath:
    """What both evaluators share: the grid, and the fit at the chosen alpha."""

    def __init__(
        self, problem: Problem, settings: PathSettings, mix: Mix | None = None
    ) -> None:
        """Prepare the evaluator.

        Parameters
        ----------
        problem : Problem
            All rows.
        settings : PathSettings
        mix : Mix or None
            How the coefficients at the chosen alpha are relaxed.
        """
        self.problem, self._settings, self._mix = problem, settings, mix

    def alpha_grid(self, l1_ratio: float, n_alphas: int, eps: float | None) -> Floats:
        """Return the automatic grid, strictly decreasing."""
        assert eps is not None
        penalty = self.problem.penalty(l1_ratio)
        return automatic_grid(self.problem, penalty, n_alphas, eps)

    def refit(self, evaluation: Evaluation, places: list[int]) -> Refitted:
        """Take the solution at the chosen alpha from the path on all rows."""
        whole = evaluation.whole
        assert whole is not None
        chosen = whole.reshaped(len(whole.alphas), -1).at(places[0])
        if self._mix is not None:
            penalty = self.problem.penalty(evaluation.l1_ratio)
            chosen = self._mix.relaxed(chosen, penalty)
        return Refitted(chosen, self.problem.path_attributes(whole))


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
            design, y = problem.design, problem.target()
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
        problem: Problem,
        settings: PathSettings,
        folded: Folded,
        *,
        refit: bool,
        folds: Sequence[Fold] = (),
        scores: Scores | None = None,
        mix: Mix | None = None,
    ) -> None:
        """Prepare the evaluator.

        Parameters
        ----------
        problem, settings, mix : object
            As for `AlongPath`.
        folded : Folded
            Solves the paths.
        refit : bool
            Whether the path on all rows is solved as well.
        folds : sequence of Fold
            The rows of each, where they are in memory.
        scores : Scores or None
            Replaces the folds' errors.
        """
        super().__init__(problem, settings, mix)
        self._folded, self._refit, self._scores = folded, refit, scores
        self._folds = folds
        self.n_folds = len(folded.test_weights)

    def evaluate(self, l1_ratio: float, alphas: Floats) -> Evaluation:
        """Solve the paths of all folds, and find every alpha's held-out errors."""
        problem, settings = self.problem, self._settings
        penalty = problem.penalty(l1_ratio)
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            task = PathTask(penalty, alphas, settings, self._refit)
            found = self._folded.solve(task)
        if found.whole is not None:
            problem.report(found.whole, settings)
        for k, path in enumerate(found.folds):
            rows = self._folds[k].train if self._folds else None
            where = in_fold(k, self.n_folds)
            problem.report(path, settings, where=where, rows=rows)
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
        problem: Problem,
        settings: PathSettings,
        criterion: str,
        mix: Mix | None = None,
    ) -> None:
        """Prepare the evaluator.

        Parameters
        ----------
        problem, settings, mix : object
            As for `AlongPath`.
        criterion : {"aic", "bic", "ebic"}
        """
        super().__init__(problem, settings, mix)
        self._criterion = criterion

    def evaluate(self, l1_ratio: float, alphas: Floats) -> Evaluation:
        """Solve the path on all rows, and compute the criterion along it."""
        problem = self.problem
        penalty = problem.penalty(l1_ratio)
        whole = problem.path(penalty, alphas, self._settings)
        values = problem.criterion(self._criterion, penalty, whole)
        problem.report(whole, self._settings)
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
        problem: Problem,
        X: Any,
        y: Any,
        folds: Sequence[Fold],
        params: dict[str, Any],
    ) -> None:
        """Prepare the scores.

        Parameters
        ----------
        single : callable
            Returns the unfitted estimator for one alpha and a given l1_ratio.
        scoring : str or callable
        problem : Problem
        X, y : object
            All rows, as scorers take them.
        folds : sequence of Fold
        params : dict
            For the scorer.
        """
        self._single, self._scoring, self._problem = single, scoring, problem
        self._X, self._y, self._folds, self._params = X, y, folds, params

    def __call__(self, l1_ratio: float, found: FoldPaths) -> Floats:
        """Return the scores of every alpha and fold, (n_alphas, n_folds)."""
        model = self._single(l1_ratio)
        scorer = check_scoring(model, scoring=self._scoring)
        attributes = self._problem.attributes()
        attributes.pop("feature_names_in_", None)  # X is an array
        model._replace_attributes(attributes)
        X, y = self._X, self._y
        alphas = found.folds[0].alphas.reshape(len(found.errors), -1)[:, 0]
        table = np.empty((len(alphas), len(self._folds)))
        for k, (fold, path) in enumerate(zip(self._folds, found.folds, strict=True)):
            held_out, targets = X[fold.test], y[fold.test]
            params = rows_of_parameters(X, self._params, fold.test)
            path = path.reshaped(len(alphas), -1)
            for i, alpha in enumerate(alphas):
                model.alpha = float(alpha)
                model.__dict__.update(model._solution(path.at(i), 1))
                table[i, k] = scorer(model, held_out, targets, **params)
        return table


def _is_null_at_largest(paths: Sequence[PathResult], penalty: Penalty) -> bool:
    """Whether every penalized coefficient is zero at the largest alpha."""
    penalized = penalty.factor > 0.0
    return not any(np.any(path.at(0).coefs[penalized]) for path in paths)
