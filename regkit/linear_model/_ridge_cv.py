"""How `RidgeRegressorCV` evaluates alphas, and what it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv

from regkit._describe import described_as
from regkit._sklearn import validate_parameters
from regkit.linear_model._base import LinearRegressor
from regkit.linear_model._choice_parameters import ChoiceParameters, WorkParameters
from regkit.linear_model._cv import Arguments, CrossValidated, Evaluation, Evaluator
from regkit.linear_model._least_squares import MomentProblem, RowProblem
from regkit.linear_model._moment_scores import check_moment_scoring
from regkit.linear_model._problem import Limits, Setup
from regkit.linear_model._progress import Progress
from regkit.linear_model._ridge_evaluators import (
    RidgeChoice,
    RidgeRowEvaluator,
    Scoring,
)
from regkit.linear_model._ridge_moments import RidgeMomentEvaluator
from regkit.linear_model._selection import Choice
from regkit.linear_model._single_alpha import LeastSquaresModel
from regkit.linear_model._source_reducer import SourceReducer
from regkit.linear_model._splits import (
    each_fold,
    fold_labels,
    for_scorer,
    make_router,
)
from regkit.linear_model._sums import SumsByFold
from regkit.linear_model.statistics import SufficientStatistics, check_statistics
from regkit.parallel.threads import calm_blas, n_threads
from regkit.rows.inputs import check_fit_data
from regkit.rows.sources import RowSource
from regkit.solvers.folds.fold import Fold
from regkit.solvers.folds.out_of_core import MOST_COLUMNS


class RidgeCV(CrossValidated, LinearRegressor, WorkParameters, ChoiceParameters):
    """Base of `RidgeRegressorCV`, which documents its parameters."""

    _keeps_order = True

    @described_as(CrossValidated._fit)
    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, **params: Any
    ) -> Self:
        """Choose alpha and fit the model at it.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Training rows, taken as by `RidgeRegressor`: never written, and no copy is
            made for a fold. `RowChunks`, large memory maps and Dask collections are
            read once with folds or "gcv", and twice where each row is left out; up to
            twice more where columns are nearly dependent, or where a coefficient
            depends on one row alone.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets; None where `RowChunks` bring them.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, non-negative and not all zero: in training and in the
            held-out errors.

        Warns
        -----
        ConvergenceWarning
            When an iterative solver stopped above `tol`.
        UserWarning
            When the least error is at an end of the grid and still falling, when the
            error of alphas could not be estimated, or when unpenalized columns are
            linearly dependent.
        """
        return self._fit(X, y, sample_weight, params)

    @described_as(LeastSquaresModel.fit_statistics)
    def fit_statistics(self, statistics: SufficientStatistics) -> Self:
        """Choose alpha and fit the model to the statistics of rows.

        Parameters
        ----------
        statistics : SufficientStatistics
            Of all training rows. With ``cv="gcv"`` their folds are ignored; otherwise
            there must be two or more, which replace those of `cv`. Not changed, and
            not kept.

        Returns
        -------
        self : estimator
            As `fit` would leave it for the rows and these folds, to about 8 digits.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the statistics are not usable: leaving out one row at a
            time, in particular, needs the rows.
        """
        validate_parameters(self)
        progress = Progress(self, 1) if self.verbose else None
        sums = check_statistics(statistics)
        self._check_rows_not_needed()
        labels = [] if self.cv == "gcv" else sums.folds
        if self.cv != "gcv" and len(labels) < 2:
            raise ValueError(
                f"RidgeRegressorCV with cv={self.cv!r} needs statistics with two folds "
                f"or more, these have {len(labels)}; only cv='gcv' takes none, and "
                "leaving out one row at a time needs the rows, in chunks for example."
            )
        evaluator = self._evaluator_of_sums(sums, labels, None, {})
        return self._choose(evaluator, self._l1_ratios, progress)

    def get_metadata_routing(self) -> Any:
        """Return the routes of arguments of `fit` to the splitter and the scorer.

        Returns
        -------
        routing : MetadataRouter
            The routes.
        """
        return make_router(self, has_folds=self._makes_folds())

    def _makes_folds(self) -> bool:
        return self.cv is not None and not isinstance(self.cv, str)

    def _attributes_of(
        self, best: Evaluation, choices: Sequence[Choice]
    ) -> dict[str, Any]:
        scores = []
        for curve, choice in zip(best.curves, choices, strict=True):
            scores.append(-curve.mean[choice.index])
        fitted = super()._attributes_of(best, choices)
        fitted["best_score_"] = np.array(scores) if best.is_per_target else scores[0]
        return fitted

    def _evaluator_of_rows(self, given: Arguments) -> Evaluator:
        data = check_fit_data(self, *given.rows[:3])
        split_params = given.split_params
        setup, weight = Setup.of(self), data.sample_weight
        choice = self._choice_of()
        limits = setup.limits(data.X.shape[1], data.feature_names)
        n_rows = len(data.y) if weight is None else int(np.count_nonzero(weight))
        self._check_combination(choice, n_rows, limits, split_params)
        folds: list[Fold] = []
        if self._makes_folds():
            cv = check_cv(self.cv)
            folds = list(each_fold(cv, data.X, data.y, weight, split_params))
        scoring = None
        if self.scoring is not None:
            scorer = check_scoring(self, scoring=self.scoring)
            scoring = Scoring(
                self.scoring, scorer, for_scorer(given.score_params, weight)
            )
        with calm_blas(min(data.X.shape)):
            problem = RowProblem.of(setup, data)
            return RidgeRowEvaluator(problem, choice, data, folds, scoring)

    def _evaluator_of_chunks(self, source: RowSource, given: Arguments) -> Evaluator:
        self._check_rows_not_needed()
        split_params = given.split_params
        n_parts, labels = 1, None
        if self._makes_folds():
            labels = fold_labels(
                check_cv(self.cv), *source.targets(given.rows.y), split_params
            )
            n_parts += int(labels.max()) + 1
        reducer = SourceReducer(source, given.rows.y, given.rows.sample_weight, labels)
        n_features = reducer.n_features
        if n_parts * n_features**2 > MOST_COLUMNS**2:
            raise ValueError(
                f"RidgeRegressorCV needs the products of all {n_features:,} columns, "
                f"for {n_parts} sets of rows: too many for rows that are read in "
                "chunks."
            )
        sums = reducer.sums()
        return self._evaluator_of_sums(sums, sums.folds, reducer, split_params)

    def _evaluator_of_sums(
        self,
        sums: SumsByFold,
        labels: list[int],
        reducer: SourceReducer | None,
        split_params: dict[str, Any],
    ) -> Evaluator:
        """Return the evaluator for rows of which only the moments are held."""
        problem, choice = MomentProblem.of(Setup.of(self), sums), self._choice_of()
        if labels:
            choice.single._check_solver(problem.limits)
        else:
            n_rows = sums.moments().n_samples
            self._check_combination(choice, n_rows, problem.limits, split_params)
        return RidgeMomentEvaluator(
            problem, choice, sums, labels, self.scoring, reducer
        )

    def _choice_of(self) -> RidgeChoice:
        return RidgeChoice(
            type(self).__name__,
            self.cv,
            bool(self.alpha_per_target),
            bool(self.store_cv_results),
            self._single(0.0),
            n_threads(self.n_jobs),
        )

    def _check_rows_not_needed(self) -> None:
        """Refuse what needs the rows in memory."""
        check_moment_scoring(type(self).__name__, self.scoring)
        if self.store_cv_results:
            raise ValueError(
                f"{type(self).__name__} needs the rows in memory for "
                "store_cv_results=True, which keeps a number for each of them and each "
                "alpha."
            )

    def _check_combination(
        self,
        choice: RidgeChoice,
        n_rows: int,
        limits: Limits,
        split_params: dict[str, Any],
    ) -> None:
        """Refuse what one way of cross-validation cannot do."""
        if self.store_cv_results and self.cv is not None:
            raise ValueError(
                "cv!=None and store_cv_results=True are incompatible: it keeps the "
                f"errors of rows left out one at a time, got cv={self.cv!r}."
            )
        choice.single._check_solver(limits)
        if self._makes_folds():
            return
        if limits.bounded:
            raise ValueError(
                f"cv={self.cv!r} cannot be combined with bounds or positive=True, for "
                "which its formula does not hold; use folds, for example cv=5."
            )
        if split_params:
            raise ValueError(
                f"{', '.join(split_params)} was passed to fit, but cv={self.cv!r} "
                "makes no folds; set cv to a splitter that uses it."
            )
        if self.cv == "gcv" and self.scoring is not None:
            raise ValueError(
                "scoring needs held-out predictions, which cv='gcv' does not make; use "
                "cv=None or folds."
            )
        if n_rows < 2:
            raise ValueError(
                f"cv={self.cv!r} needs at least two rows of positive weight, got "
                f"n_samples = {n_rows}."
            )
