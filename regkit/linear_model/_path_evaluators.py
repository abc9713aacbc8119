"""Errors of alphas along a path: by held-out rows, or by an information criterion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

import numpy as np
from sklearn.metrics import check_scoring

from regkit._sklearn import replace_attributes, rows_of_parameters
from regkit._types import Floats
from regkit.linear_model._cv import Evaluation, Refitted
from regkit.linear_model._least_squares import MatrixProblem
from regkit.linear_model._moment_scores import scores
from regkit.linear_model._problem import PathRequest, Problem, TrainingRows
from regkit.linear_model._selection import Choice, ErrorCurve, score_of
from regkit.solvers.folds.fold import Fold
from regkit.solvers.folds.in_memory import (
    Folded,
    FoldedDesign,
    FoldPaths,
    PathSettings,
    PathTask,
)
from regkit.solvers.problem import Penalty, grid_below
from regkit.solvers.relaxed import relax
from regkit.solvers.results import PathResult


@dataclass
class AlongPath:
    """What both evaluators share: the grid, and the fit at the chosen alpha.

    Attributes
    ----------
    problem : Problem
        All rows.
    settings : PathSettings
    mix : Mix or None
        How the coefficients at the chosen alpha are relaxed.
    """

    problem: Problem
    settings: PathSettings
    mix: Mix | None = field(default=None, kw_only=True)

    def alpha_grid(self, l1_ratio: float, n_alphas: int, eps: float | None) -> Floats:
        """Return the automatic grid, strictly decreasing."""
        assert eps is not None
        penalty = self.problem.penalty(l1_ratio)
        return self.problem.automatic_grid(penalty, n_alphas, eps)

    def refit(self, evaluation: Evaluation, choices: Sequence[Choice]) -> Refitted:
        """Take the solution at the chosen alpha from the path on all rows."""
        whole = evaluation.whole
        assert whole is not None
        chosen = whole.at(choices[0].index)
        if self.mix is not None:
            penalty = self.problem.penalty(evaluation.l1_ratio)
            chosen = self.mix.relaxed(chosen, penalty)
        attributes: dict[str, Any] = {"coef_path_": whole.coef_path()}
        path = self.problem.regularization_path(whole)
        if path is not None:
            attributes["path_"] = path
        return Refitted(chosen, attributes)


class Mix(NamedTuple):
    """The relaxed Lasso: the penalized fit, mixed with one of the same columns."""

    share: float
    """Of the penalized coefficients."""
    problem: MatrixProblem
    settings: PathSettings

    def relaxed(self, chosen: PathResult, penalty: Penalty) -> PathResult:
        """Mix the coefficients of one solution, and its intercept."""
        coef, settings = chosen.columns(), self.settings
        design, y = self.problem.design, self.problem.target()
        loose = relax(design, y, penalty, coef[:, 0], settings.tol, settings.max_iter)
        rest = 1.0 - self.share
        return replace(
            chosen,
            coefs=self.share * coef + rest * loose.coef[:, None],
            intercepts=self.share * chosen.intercepts + rest * loose.intercept,
        )


class Scores(Protocol):
    """Replaces the folds' errors by a scorer's values."""

    def __call__(self, l1_ratio: float, found: FoldPaths) -> Floats:
        """Return the scores of every alpha and fold, (n_alphas, n_folds)."""


@dataclass
class PathEvaluator(AlongPath):
    """Evaluates alphas by rows held out from the paths of folds.

    Attributes
    ----------
    folded : Folded
        Solves the paths, wherever the rows are: in memory, summed up, or in chunks.
    with_whole : bool
        Whether the path on all rows is solved as well.
    folds : sequence of Fold
        The rows of each, where they are in memory.
    scores : Scores or None
        Replaces the folds' errors.
    keeps_squares : bool
        Whether the squared errors are kept fold by fold, whatever the scores.
    """

    folded: Folded
    with_whole: bool
    folds: Sequence[Fold] = field(default=(), kw_only=True)
    scores: Scores | None = field(default=None, kw_only=True)
    keeps_squares: bool = field(default=True, kw_only=True)

    @property
    def n_folds(self) -> int:
        """How many there are."""
        return len(self.folded.test_weights)

    def evaluate(self, l1_ratio: float, alphas: Floats) -> Evaluation:
        """Solve the paths of all folds, and find every alpha's held-out errors."""
        problem, settings = self.problem, self.settings
        penalty = problem.penalty(l1_ratio)
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            task = PathTask(penalty, alphas, settings, self.with_whole)
            found = self.folded.solve(task)
        if found.whole is not None:
            problem.report(found.whole, settings)
        for k, path in enumerate(found.folds):
            rows = self.folds[k].train if self.folds else None
            problem.report(path, settings, fold=TrainingRows(k, len(found.folds), rows))
        errors = found.errors
        if self.scores is not None:
            errors = -self.scores(l1_ratio, found)
        kept = found.errors if self.keeps_squares else errors
        return Evaluation(
            l1_ratio,
            [ErrorCurve.of_folds(alphas, errors, self.folded.test_weights)],
            fold_errors=kept[:, :, None],
            fold_errors_name="mse_path_" if self.keeps_squares else "fold_errors_",
            whole=found.whole,
            folds=found.folds,
            penalized=penalty.factor > 0.0,
        )


@dataclass
class RowPathEvaluator(PathEvaluator):
    """Evaluates alphas by rows in memory, held out from paths of least squares."""

    folded: FoldedDesign

    def alpha_grid(self, l1_ratio: float, n_alphas: int, eps: float | None) -> Floats:
        """Return the automatic grid, from sums that the folds need as well."""
        penalty = self.problem.penalty(l1_ratio)
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            top = self.folded.largest_alpha(penalty, self.settings.solver)
        if top is None:
            return super().alpha_grid(l1_ratio, n_alphas, eps)
        assert eps is not None
        return grid_below(top, n_alphas, eps)


@dataclass
class CriterionEvaluator(AlongPath):
    """Evaluates alphas by an information criterion of the path on all rows."""

    criterion: str
    """"aic", "bic" or "ebic"."""

    @property
    def n_folds(self) -> int:
        """There are none."""
        return 0

    def evaluate(self, l1_ratio: float, alphas: Floats) -> Evaluation:
        """Solve the path on all rows, and compute the criterion along it."""
        problem = self.problem
        penalty = problem.penalty(l1_ratio)
        whole = problem.path(PathRequest(penalty, alphas, self.settings))
        values = problem.criterion(self.criterion, penalty, whole)
        problem.report(whole, self.settings)
        return Evaluation(
            l1_ratio,
            [ErrorCurve(alphas, values)],
            error_name="criterion_",
            whole=whole,
            penalized=penalty.factor > 0.0,
        )


@dataclass
class MomentScores:
    """Scores that follow from mean squared errors."""

    scoring: str
    variances: Floats
    """(n_folds,), of the targets."""

    def __call__(self, l1_ratio: float, found: FoldPaths) -> Floats:
        """Return the scores of every alpha and fold, (n_alphas, n_folds)."""
        return scores(self.scoring, found.errors, self.variances, per_target=True)


@dataclass
class RowScores:
    """Scores of any scorer, of predictions for the held-out rows.

    Attributes
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

    single: Callable[[float], Any]
    scoring: Any
    problem: Problem
    X: Any
    y: Any
    folds: Sequence[Fold]
    params: dict[str, Any]

    def __call__(self, l1_ratio: float, found: FoldPaths) -> Floats:
        """Return the scores of every alpha and fold, (n_alphas, n_folds)."""
        model = self.single(l1_ratio)
        scorer = check_scoring(model, scoring=self.scoring)
        attributes = self.problem.attributes()
        attributes.pop("feature_names_in_", None)  # X is an array
        replace_attributes(model, attributes)
        X, y = self.X, self.y
        alphas = found.folds[0].alphas.reshape(len(found.errors), -1)[:, 0]
        table = np.empty((len(alphas), len(self.folds)))
        for k, (fold, path) in enumerate(zip(self.folds, found.folds, strict=True)):
            held_out, targets = X[fold.test], y[fold.test]
            params = rows_of_parameters(X, self.params, fold.test)
            for i, alpha in enumerate(alphas):
                model.alpha = float(alpha)
                model.__dict__.update(self.problem.solution(path.at(i)))
                table[i, k] = score_of(
                    self.scoring, scorer, model, held_out, targets, params
                )
        return table
