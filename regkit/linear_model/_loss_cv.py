"""Choosing alpha for a loss of classes or counts."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.model_selection import check_cv

from regkit._describe import described_as
from regkit._types import Floats
from regkit._warn import warn
from regkit.linear_model._choice_parameters import PathChoice, WorkParameters
from regkit.linear_model._cv import Arguments, Evaluator, PathCV
from regkit.linear_model._labels import (
    Labels,
    class_weighted,
    of_lone_rows,
    refuse_empty_classes,
)
from regkit.linear_model._loss_base import LossEstimator
from regkit.linear_model._loss_chunks import ChunkFolds, chunk_source, open_chunks
from regkit.linear_model._loss_problem import LossProblem
from regkit.linear_model._path_evaluators import (
    CriterionEvaluator,
    PathEvaluator,
    RowScores,
)
from regkit.linear_model._problem import Setup
from regkit.linear_model._splits import each_fold, fold_labels, for_scorer
from regkit.parallel.threads import n_threads
from regkit.rows.sources import RowSource
from regkit.solvers.folds.fold import Fold
from regkit.solvers.folds.in_memory import PathSettings
from regkit.solvers.folds.losses import LossFolds


class LossCV(PathCV, LossEstimator, WorkParameters, PathChoice):
    """Base of the twins that choose alpha; subclasses state the problem.

    Parameters
    ----------
    cv : int, splitter or iterable of (train, test), default=None
        The folds; None means 5, stratified by class; the only row of a class is never
        held out then. Folds may overlap or leave rows out. Each is solved on its own
        training rows alone, centering, `standardize` and balanced class weights
        included.
    class_weight : dict or "balanced", default=None
        Weights of the classes, by label; a row's `sample_weight` is multiplied by that
        of its class. "balanced" gives every class the same total weight, in each fold
        among its training rows. Held-out errors count rows by `sample_weight` alone.
    tol : float, default=1e-8
        An alpha has converged when its duality gap is at most `tol` times the mean loss
        of the model without features, in the path on all rows and in that of every
        fold. Held-out errors are then right to about the root of `tol`.
    max_iter : int, default=1000
        Newton steps allowed at each alpha.

    Attributes
    ----------
    fold_errors_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratios, n_alphas, \
            n_folds)
        Mean loss on the held-out rows of each fold, or minus the score with `scoring`;
        only with ``criterion="cv"``.
    cv_error_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        Mean over the folds of `fold_errors_`; a fold counts by the weight of its
        held-out rows.
    cv_error_se_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        Standard error of `cv_error_`, as in glmnet.
    coef_ : ndarray of shape (n_features,)
        Coefficients at `alpha_`, in float64.
    n_iter_ : int
        Newton steps at `alpha_`.
    dual_gap_ : float
        Duality gap at `alpha_`, in the units of the objective.
    """

    # What a mean loss is multiplied by to give the error that the field reports.
    _error_scale = 1.0

    @property
    def _error_name(self) -> str:
        """What the held-out error is called in pictures."""
        return "loss"

    @described_as(PathCV._fit)
    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        offset: Any = None,
        **params: Any,
    ) -> Self:
        """Choose alpha and fit the model at it.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Training rows, taken as by the estimator for one alpha: never written, and
            no copy is made for a fold. Each pass over rows in chunks serves several
            alphas and all folds; a `criterion` other than "cv" and a `scoring` need
            the rows in memory.
        y : array-like of shape (n_samples,), default=None
            Targets. None where `RowChunks` bring them.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the data is not usable, or when there is no finite
            optimum; the message names the parameter, the class or the columns.
        """
        return self._fit(X, y, sample_weight, params, offset)

    def _has_likelihood(self) -> bool:
        """Whether the loss is a log-likelihood, which information criteria need."""
        return False

    def _settings(self) -> PathSettings:
        return PathSettings(float(self.tol), self.max_iter)

    def _evaluator_of_rows(self, given: Arguments) -> Evaluator:
        if given.rows.offset is not None and self.scoring is not None:
            raise ValueError(
                f"{type(self).__name__} takes no scoring={self.scoring!r} together "
                "with an offset: a scorer predicts without it. Use scoring=None, the "
                "held-out loss."
            )
        problem = self._open(Setup.of(self), given.rows)
        if self.criterion != "cv":
            self._check_criterion(problem)
            return CriterionEvaluator(problem, self._settings(), self.criterion)
        folds = self._folds(problem, given.split_params)
        folded = LossFolds(
            problem.design,
            problem.term,
            lambda fold: self._training_weight(problem, fold),
            folds,
            problem.data.sample_weight,
            self._error_scale,
            n_threads(self.n_jobs),
        )
        return PathEvaluator(
            problem,
            self._settings(),
            folded,
            bool(self.refit),
            folds=folds,
            scores=self._scores(problem, folds, given.score_params),
            keeps_squares=False,
        )

    def _source(self, X: Any) -> RowSource | None:
        return chunk_source(X, type(self).__name__, self._needs_rows())

    def _needs_rows(self) -> str | None:
        if self.criterion != "cv":
            return f"criterion={self.criterion!r}"
        if self.scoring is not None:
            return f"scoring={self.scoring!r}"
        return super()._needs_rows()

    def _evaluator_of_chunks(self, source: RowSource, given: Arguments) -> Evaluator:
        rows, kind = self._given(type(self).__name__, source, given.rows)
        targets = rows.all_targets()
        cv = check_cv(self.cv, targets, classifier=kind.classes is not None)
        labels = fold_labels(cv, targets, len(targets), given.split_params)
        rows = rows._replace(labels=labels, n_folds=int(labels.max()) + 1)
        problem = open_chunks(Setup.of(self), rows, kind)
        return PathEvaluator(
            problem,
            self._settings(),
            ChunkFolds(problem.rows, self._error_scale),
            bool(self.refit),
            keeps_squares=False,
        )

    def _check_criterion(self, problem: LossProblem) -> None:
        """Refuse what has no information criterion."""
        self._check_one_is_enough(len(problem.data.y))
        name = type(self).__name__
        if not self._has_likelihood():
            raise ValueError(
                f"{name} has no likelihood for criterion={self.criterion!r}; use "
                "criterion='cv'."
            )

    def _folds(self, problem: LossProblem, split_params: dict[str, Any]) -> list[Fold]:
        data, labels = problem.data, problem.labels
        y: Any = data.y if labels is None else labels.codes
        cv = check_cv(self.cv, y, classifier=labels is not None)
        folds = list(each_fold(cv, data.X, y, data.sample_weight, split_params))
        if labels is not None:
            if self.cv is None or isinstance(self.cv, Integral):
                folds = self._trained_on_lone_rows(folds, labels)
            for k, fold in enumerate(folds):
                refuse_empty_classes(
                    labels,
                    fold.training_weight(data.sample_weight, len(y)),
                    f" in the training rows of fold {k}: use fewer folds, or a "
                    "stratified splitter",
                )
        return folds

    def _trained_on_lone_rows(self, folds: list[Fold], labels: Labels) -> list[Fold]:
        """Never hold out the only row of a class, which could not be learned then."""
        alone = np.bincount(labels.codes, minlength=len(labels.classes)) == 1
        lone = np.flatnonzero(alone[labels.codes])
        held_out = [np.setdiff1d(fold.test, lone) for fold in folds]
        if not len(lone) or not all(map(len, held_out)):
            return folds
        warn(f"{type(self).__name__}: {of_lone_rows(labels.classes[alone])}")
        return [
            Fold(np.union1d(fold.train, lone), test)
            for fold, test in zip(folds, held_out, strict=True)
        ]

    def _training_weight(self, problem: LossProblem, fold: Fold) -> Floats:
        """Return every row's weight in training, classes weighed by training rows."""
        weight = fold.training_weight(problem.data.sample_weight, len(problem.data.y))
        if problem.labels is None:
            return weight
        weighted = class_weighted(self.class_weight, problem.labels, weight)
        assert weighted is not None
        return weighted

    def _scores(
        self, problem: LossProblem, folds: list[Fold], params: dict[str, Any]
    ) -> RowScores | None:
        """Return what scores held-out rows, where a scorer is asked for."""
        if self.scoring is None:
            return None
        data, labels = problem.data, problem.labels
        truth = data.y if labels is None else labels.classes[labels.codes]
        params = for_scorer(params, data.sample_weight)
        return RowScores(
            self._single, self.scoring, problem, data.X, truth, folds, params
        )
