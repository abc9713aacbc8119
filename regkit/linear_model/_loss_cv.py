"""Choosing alpha for a loss of classes or counts."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv

from regkit._sklearn import rows_of_parameters, validate_parameters
from regkit._types import Floats
from regkit.linear_model._grid import (
    check_l1_ratios,
    decreasing_alphas,
    refuse_pure_l2,
)
from regkit.linear_model._labels import class_weighted, refuse_empty_classes
from regkit.linear_model._loss_base import LossEstimator, LossProblem, refuse_chunks
from regkit.linear_model._loss_paths import regularization_path
from regkit.linear_model._parameters import thread_count
from regkit.linear_model._progress import Progress
from regkit.linear_model._report import warn_at_grid_edge
from regkit.linear_model._selection import ErrorCurve, choose
from regkit.linear_model._splits import for_scorer, make_folds, make_router, route
from regkit.linear_model._views import SelectionViews
from regkit.parallel.threads import map_in_threads
from regkit.solvers.folds.averages import mean_and_se
from regkit.solvers.folds.fold import Fold
from regkit.solvers.folds.losses import held_out_losses
from regkit.solvers.loss_criteria import loss_criteria
from regkit.solvers.multinomial import Multinomial
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult
from regkit.solvers.solve_loss import loss_alpha_grid
from regkit.solvers.solve_multinomial import multinomial_alpha_grid


class _Candidate(NamedTuple):
    """All that was computed for one l1_ratio."""

    l1_ratio: float
    penalty: Penalty
    whole: PathResult | None
    """The path on all rows, where it was asked for; (n_alphas, n_targets)."""
    folds: list[PathResult]
    curve: ErrorCurve


class LossCV(SelectionViews, LossEstimator):
    """Base of the twins that choose alpha; subclasses state the problem."""

    # What a mean loss is multiplied by to give the error that the field reports.
    _error_scale = 1.0

    @property
    def _error_name(self) -> str:
        """What the held-out error is called in pictures."""
        return "loss"

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        offset: Any = None,
        **params: Any,
    ) -> Self:
        """Choose alpha and fit the model at it.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Training rows, taken as by the estimator for one alpha: never written, and
            no copy is made for a fold.
        y : array-like of shape (n_samples,)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, non-negative and not all zero: in training and in the
            held-out errors. An integer weight counts as that many copies of the row.
        offset : array-like of shape (n_samples,), default=None
            Added to the linear predictor of each row, in training and when held out.
        **params : dict
            `groups` for the splitter. With metadata routing enabled, whatever the
            splitter and the scorer request.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the data is not usable, or when there is no finite
            optimum; the message names the parameter, the class or the columns.

        Warns
        -----
        ConvergenceWarning
            When the duality gap is above `tol` at some alpha, in the path on all rows
            or in a fold's.
        UserWarning
            When the least error is at an end of the grid and still falling, or when
            unpenalized columns are linearly dependent.
        """
        validate_parameters(self)
        name = type(self).__name__
        l1_ratios = check_l1_ratios(self.l1_ratio)
        progress = Progress(self, len(l1_ratios))
        refuse_chunks(name, X)
        if offset is not None and self.scoring is not None:
            raise ValueError(
                f"{name} takes no scoring={self.scoring!r} together with an offset: a "
                "scorer predicts without it. Use scoring=None, the held-out loss."
            )
        split_params, score_params = route(self, params, sample_weight)
        problem = self._open(X, y, sample_weight, offset)
        score_params = for_scorer(score_params, problem.data.sample_weight)
        folds: list[Fold] = []
        if self.criterion == "cv":
            folds = self._folds(problem, split_params)
        elif len(problem.data.y) == 1:
            raise ValueError(
                f"criterion={self.criterion!r} cannot evaluate a fit to 1 sample."
            )
        elif isinstance(problem.loss, Multinomial):
            raise ValueError(
                f"{name} has criterion={self.criterion!r} for two classes only, y has "
                f"{len(problem.targets)}; use criterion='cv'."
            )
        elif not self._has_likelihood():
            raise ValueError(
                f"{name} has no likelihood for criterion={self.criterion!r}; use "
                "criterion='cv'."
            )
        candidates = [
            self._candidate(problem, l1_ratio, folds, y, score_params, progress)
            for l1_ratio in l1_ratios
        ]
        best = _best(candidates)
        choice = choose(best.curve, self.rule, null_at_largest=_starts_null(best))
        if choice.is_worth_a_warning:
            warn_at_grid_edge(name, choice.edge)
        fitted = self._attributes(problem) | self._curves(candidates, best, choice)
        if self.refit:
            assert best.whole is not None
            fitted |= self._solution(best.whole.at(choice.index))
            fitted |= self._path_attributes(best.whole, problem)
        self._replace_attributes(fitted)
        progress.end(fitted)
        return self

    def get_metadata_routing(self) -> Any:
        """Say where `fit` passes its arguments on to: the splitter and the scorer.

        Returns
        -------
        routing : MetadataRouter
            The routes.
        """
        return make_router(self)

    def _has_likelihood(self) -> bool:
        """Whether the loss is a log-likelihood, which information criteria need."""
        return False

    def _path_attributes(
        self, whole: PathResult, problem: LossProblem
    ) -> dict[str, Any]:
        if whole.shape[1] > 1 and not self._is_joint:
            return {"coef_path_": _by_target(whole)}
        path = regularization_path(whole, problem)
        return {"path_": path, "coef_path_": path.coefs}

    def _single(self, l1_ratio: float) -> Any:
        """Return the unfitted estimator for one alpha."""
        raise NotImplementedError

    def _folds(self, problem: LossProblem, split_params: dict[str, Any]) -> list[Fold]:
        data, labels = problem.data, problem.labels
        y: Any = data.y if labels is None else labels.codes
        cv = check_cv(self.cv, y, classifier=labels is not None)
        folds = make_folds(cv, data.X, y, data.sample_weight, split_params)
        if labels is not None:
            for k, fold in enumerate(folds):
                refuse_empty_classes(
                    labels,
                    fold.training_weight(data.sample_weight, len(y)),
                    f" in the training rows of fold {k}: use fewer folds, or a "
                    "stratified splitter",
                )
        return folds

    def _candidate(
        self,
        problem: LossProblem,
        l1_ratio: float,
        folds: list[Fold],
        y: Any,
        score_params: dict[str, Any],
        progress: Progress,
    ) -> _Candidate:
        """Solve all paths for one l1_ratio, and judge every alpha."""
        penalty = problem.penalty(l1_ratio)
        alphas = self._alphas(problem, penalty)
        progress.begin(l1_ratio, len(alphas), len(folds))
        options = {"tol": self.tol, "max_iter": self.max_iter}
        told = {**options, "standardize": self.standardize}
        whole: PathResult | None = None
        if self.refit or not folds:
            whole = problem.solve(penalty, alphas, **options)
            problem.report(whole, **told)
        data, n_rows = problem.data, len(problem.data.y)

        def solve(fold: Fold) -> tuple[PathResult, Floats]:
            design = problem.design.reweighted(self._training_weight(problem, fold))
            path = problem.solve(penalty, alphas, design=design, **options)
            losses = held_out_losses(
                design,
                problem.loss,
                problem.targets,
                problem.offset,
                fold.test_weight(data.sample_weight),
                path,
                fold.test,
            )
            return path, self._error_scale * losses.mean(axis=1)

        solved = map_in_threads(solve, folds, thread_count(self.n_jobs))
        paths = [found for found, _ in solved]
        for k, (fold, found) in enumerate(zip(folds, paths, strict=True)):
            rows = np.flatnonzero(fold.training_weight(None, n_rows))
            where = f", in fold {k} of {len(folds)},"
            problem.report(found, **told, where=where, rows=rows)
        if not folds:
            assert whole is not None
            assert not isinstance(problem.loss, Multinomial)
            values = loss_criteria(
                problem.design,
                problem.loss,
                problem.targets[0],
                problem.offset,
                penalty,
                whole.reshaped(-1),
                self.criterion,
                problem.weight,
            )
            return _Candidate(l1_ratio, penalty, whole, [], ErrorCurve(alphas, values))
        errors = np.column_stack([losses for _, losses in solved])
        if self.scoring is not None:
            errors = -self._scores(problem, folds, paths, l1_ratio, y, score_params)
        weights = np.array(
            [fold.test_weight(data.sample_weight).sum() for fold in folds]
        )
        mean, se = mean_and_se(errors, weights)
        return _Candidate(
            l1_ratio, penalty, whole, paths, ErrorCurve(alphas, mean, se, errors)
        )

    def _alphas(self, problem: LossProblem, penalty: Penalty) -> Floats:
        if not isinstance(self.alphas, Integral):
            return decreasing_alphas(self.alphas)
        return automatic_alphas(problem, penalty, int(self.alphas), self.eps)

    def _training_weight(self, problem: LossProblem, fold: Fold) -> Floats:
        """Return every row's weight in training, classes weighed by training rows."""
        weight = fold.training_weight(problem.data.sample_weight, len(problem.data.y))
        if problem.labels is None:
            return weight
        weighted = class_weighted(self.class_weight, problem.labels, weight)
        assert weighted is not None
        return weighted

    def _scores(
        self,
        problem: LossProblem,
        folds: list[Fold],
        paths: list[PathResult],
        l1_ratio: float,
        y: Any,
        score_params: dict[str, Any],
    ) -> Floats:
        """Score every path on its held-out rows, (n_alphas, n_folds)."""
        model = self._single(l1_ratio)
        scorer = check_scoring(model, scoring=self.scoring)
        X = problem.data.X
        labels = problem.labels
        truth = problem.data.y if labels is None else labels.classes[labels.codes]
        model._replace_attributes(
            {
                name: value
                for name, value in self._attributes(problem).items()
                if name != "feature_names_in_"
            }
        )
        alphas = paths[0].alphas[:, 0]
        scores = np.empty((len(alphas), len(folds)))
        for k, (fold, found) in enumerate(zip(folds, paths, strict=True)):
            rows, expected = X[fold.test], truth[fold.test]
            params = rows_of_parameters(X, score_params, fold.test)
            for i, alpha in enumerate(alphas):
                model.alpha = float(alpha)
                model.__dict__.update(model._solution(found.at(i)))
                scores[i, k] = scorer(model, rows, expected, **params)
        return scores

    def _curves(
        self, candidates: list[_Candidate], best: _Candidate, choice: Any
    ) -> dict[str, Any]:
        """Return what is known of every alpha, and the choice."""
        curve = best.curve
        fitted: dict[str, Any] = {
            "alpha_": curve.alphas[choice.index],
            "alpha_min_": curve.alphas[choice.index_min],
            "at_grid_edge_": bool(choice.edge),
            "alphas_": _stack([c.curve.alphas for c in candidates]),
            "l1_ratio_": best.l1_ratio,
        }
        if not isinstance(self.alphas, Integral):
            fitted["alphas_"] = curve.alphas
        if not best.folds:
            return fitted | {"criterion_": _stack([c.curve.mean for c in candidates])}
        fitted["fold_errors_"] = _stack([c.curve.fold_errors for c in candidates])
        fitted["cv_error_"] = _stack([c.curve.mean for c in candidates])
        fitted["cv_error_se_"] = _stack([c.curve.se for c in candidates])
        if choice.index_1se is not None:
            fitted["alpha_1se_"] = curve.alphas[choice.index_1se]
        if self.store_fold_coefs:
            fitted["fold_coef_path_"] = np.stack(
                [_by_target(path) for path in best.folds]
            )
        return fitted


def _by_target(path: PathResult) -> Floats:
    """Return coefficients as (n_features, n_alphas), for several targets one each."""
    coefs = np.moveaxis(path.dense(), 0, -1)
    return coefs[0] if len(coefs) == 1 else coefs


def automatic_alphas(
    problem: LossProblem, penalty: Penalty, n_alphas: int, eps: float
) -> Floats:
    """Lay a grid down from the smallest alpha without nonzero penalized coefficients.

    Raises
    ------
    ValueError
        Where no alpha makes them all zero.
    """
    refuse_pure_l2(problem.name, penalty)
    if isinstance(problem.loss, Multinomial):
        assert problem.labels is not None
        return multinomial_alpha_grid(
            problem.design,
            problem.labels.codes,
            len(problem.labels.classes),
            penalty,
            n_alphas,
            eps,
            offset=problem.offset,
        )
    grids = [
        loss_alpha_grid(
            problem.design,
            problem.loss,
            target,
            penalty,
            n_alphas,
            eps,
            offset=problem.offset,
        )
        for target in problem.targets
    ]
    return max(grids, key=lambda grid: float(grid[0]))


def _best(candidates: list[_Candidate]) -> _Candidate:
    """Return the l1_ratio of least error; the first of equals."""
    least = [
        np.min(c.curve.mean, where=np.isfinite(c.curve.mean), initial=np.inf)
        for c in candidates
    ]
    return candidates[int(np.argmin(least))]


def _starts_null(candidate: _Candidate) -> bool:
    """Whether every penalized coefficient is zero at the largest alpha."""
    paths = candidate.folds if candidate.whole is None else [candidate.whole]
    penalized = candidate.penalty.factor > 0.0
    return not any(np.any(path.at(0).coefs[penalized]) for path in paths)


def _stack(arrays: list[Any]) -> Any:
    """Put the arrays of several l1_ratios into one; of one, give the array itself."""
    return arrays[0] if len(arrays) == 1 else np.stack(arrays)
