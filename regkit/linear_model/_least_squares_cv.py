"""What `LassoRegressorCV` and `ElasticNetRegressorCV` share."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.model_selection import check_cv
from sklearn.utils.validation import column_or_1d

from regkit._describe import described_as
from regkit._sklearn import validate_parameters
from regkit.linear_model._base import LinearRegressor
from regkit.linear_model._choice_parameters import LeastSquaresChoice, WorkParameters
from regkit.linear_model._cv import Arguments, Evaluator, PathCV
from regkit.linear_model._least_squares import (
    MatrixProblem,
    MomentProblem,
    OutOfCoreProblem,
    RowProblem,
    require_one_target,
)
from regkit.linear_model._moment_scores import check_moment_scoring
from regkit.linear_model._path_evaluators import (
    CriterionEvaluator,
    Mix,
    MomentScores,
    PathEvaluator,
    RowPathEvaluator,
    RowScores,
    Scores,
)
from regkit.linear_model._problem import Setup
from regkit.linear_model._progress import Progress
from regkit.linear_model._single_alpha import LeastSquaresModel
from regkit.linear_model._source_reducer import SourceReducer
from regkit.linear_model._splits import each_fold, fold_labels, for_scorer
from regkit.linear_model._sums import SumsByFold
from regkit.linear_model.statistics import SufficientStatistics, check_statistics
from regkit.parallel.threads import n_threads
from regkit.rows.inputs import check_fit_data
from regkit.rows.sources import RowSource
from regkit.solvers.folds.from_moments import FoldedStatistics
from regkit.solvers.folds.in_memory import Folded, FoldedDesign, PathSettings

_REMEDY = (
    "its alpha is chosen for that target alone; fit each column by itself, or use "
    "sklearn.multioutput.MultiOutputRegressor"
)


class LeastSquaresCV(PathCV, LinearRegressor, WorkParameters, LeastSquaresChoice):
    r"""Base of the twins that choose alpha along a path of least squares.

    Parameters
    ----------
    tol : float, default=1e-8
        An alpha has converged when its duality gap is at most `tol` times the
        objective of the model without features,
        :math:`\frac{1}{2n} \sum_i w_i (y_i - \bar y)^2`: in the path on all rows and in
        that of every fold.
    max_iter : int, default=1000
        Iterations allowed at each alpha.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients at `alpha_`, in float64.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        `coef_` as a CSR matrix.
    intercept_ : float
        Intercept; 0 with ``fit_intercept=False``.
    n_iter_ : int
        Iterations run at `alpha_`.
    dual_gap_ : float
        Duality gap at `alpha_`, before any relaxation, in the units of the objective.
    solver_ : str
        What ran: "active_set", "coordinate_descent" or "qr", or "least_squares" and
        other names where an alpha is 0; several are joined by "+".
    """

    @described_as(PathCV._fit)
    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, **params: Any
    ) -> Self:
        """Choose alpha and fit the model at it.

        The paths of all folds and that of all rows share what they read of X.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Training rows. Float32 and float64, C or F ordered arrays and CSR or CSC
            matrices are used in place and never written, and no copy is made for a
            fold; everything else is converted to float64, other sparse formats to CSC.
            Wide dense rows in C order, up to 2 GB, are copied once, for all folds, to
            columns in contiguous memory. `RowChunks`, and memory maps of 256 MB and
            more, are read chunk by chunk; Dask arrays and data frames are summed up
            where their partitions are.
        y : array-like of shape (n_samples,) or (n_samples, 1), default=None
            Target. None where `RowChunks` bring it.
        """
        return self._fit(X, y, sample_weight, params)

    @described_as(LeastSquaresModel.fit_statistics)
    def fit_statistics(self, statistics: SufficientStatistics) -> Self:
        """Choose alpha and fit the model to the statistics of rows.

        The folds are those of the statistics, whatever `cv` says.

        Parameters
        ----------
        statistics : SufficientStatistics
            With two folds or more, unless `criterion` is an information criterion, and
            one target. Not changed, and not kept.

        Returns
        -------
        self : estimator
            As `fit` would leave it for the rows and these folds, to about 8 digits.
        """
        validate_parameters(self)
        l1_ratios = self._l1_ratios
        progress = Progress(self, len(l1_ratios)) if self.verbose else None
        evaluator = self._evaluator_of_sums(check_statistics(statistics))
        return self._choose(evaluator, l1_ratios, progress)

    def _evaluator_of_rows(self, given: Arguments) -> Evaluator:
        data = check_fit_data(self, *given.rows[:3])
        if data.y.ndim > 1:
            require_one_target(type(self).__name__, data.y.shape[1], _REMEDY)
            data = data._replace(y=column_or_1d(data.y, warn=True))
        if self.criterion != "cv":
            self._check_one_is_enough(len(data.y))
            return self._evaluator(RowProblem.of(Setup.of(self), data))
        cv, weight = check_cv(self.cv), data.sample_weight
        folds = list(each_fold(cv, data.X, data.y, weight, given.split_params))
        problem = RowProblem.of(Setup.of(self), data)
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            folded = FoldedDesign(
                problem.design, data.y, weight, folds, n_threads(self.n_jobs)
            )
        scores = None
        if self.scoring is not None:
            scores = RowScores(
                self._single,
                self.scoring,
                problem,
                data.X,
                data.y,
                folds,
                for_scorer(given.score_params, weight),
            )
        return self._evaluator(problem, folded, scores, RowPathEvaluator)

    def _evaluator_of_chunks(self, source: RowSource, given: Arguments) -> Evaluator:
        labels, y = None, given.rows.y
        if self.criterion == "cv":
            cv = check_cv(self.cv)
            labels = fold_labels(cv, *source.targets(y), given.split_params)
        reducer = SourceReducer(source, y, given.rows.sample_weight, labels)
        if reducer.is_summed_up:
            check_moment_scoring(type(self).__name__, self.scoring)
            return self._evaluator_of_sums(reducer.sums())
        self._check_out_of_core(reducer.n_features)
        problem = OutOfCoreProblem.of_chunks(Setup.of(self), reducer)
        settings = PathSettings(float(self.tol), self.max_iter, self.solver)
        return PathEvaluator(problem, settings, problem.rows, bool(self.refit))

    def _evaluator_of_sums(self, sums: SumsByFold) -> Evaluator:
        """Return the evaluator for rows of which only the moments are known."""
        name = type(self).__name__
        check_moment_scoring(name, self.scoring)
        if self.criterion == "cv" and len(sums.folds) < 2:
            raise ValueError(
                f"{name} needs statistics with two folds or more: these have "
                f"{len(sums.folds)}."
            )
        require_one_target(name, sums.n_targets, _REMEDY)
        problem = MomentProblem.of(Setup.of(self), sums)
        if self.criterion != "cv":
            self._check_one_is_enough(problem.moments.n_samples)
            return self._evaluator(problem)
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            folded = FoldedStatistics(
                problem.design,
                [sums.moments(without=label) for label in sums.folds],
                [sums.parts[label] for label in sums.folds],
                n_threads(self.n_jobs),
            )
        scores = None
        if self.scoring is not None:
            scores = MomentScores(self.scoring, folded.test_variances)
        return self._evaluator(problem, folded, scores)

    def _evaluator(
        self,
        problem: MatrixProblem,
        folded: Folded | None = None,
        scores: Scores | None = None,
        kind: type[PathEvaluator] = PathEvaluator,
    ) -> Evaluator:
        """Return what evaluates alphas by held-out rows, or by a criterion."""
        settings = PathSettings(float(self.tol), self.max_iter, self.solver)
        mix = None
        if self.relaxed is not None:
            mix = Mix(float(self.relaxed), problem, settings)
        if folded is None:
            return CriterionEvaluator(problem, settings, self.criterion, mix=mix)
        with_whole = bool(self.refit)
        return kind(problem, settings, folded, with_whole, scores=scores, mix=mix)

    def _check_out_of_core(self, n_features: int) -> None:
        """Refuse what needs all columns at once, or the rows in memory."""
        name = type(self).__name__
        if self.criterion != "cv" or self.scoring is not None:
            raise ValueError(
                f"{name} needs the rows in memory for criterion={self.criterion!r} and "
                f"scoring={self.scoring!r}; for {n_features:,} columns in "
                "chunks it takes criterion='cv' and scoring=None."
            )
        if self.relaxed is not None or min(self._l1_ratios) == 0.0:
            raise ValueError(
                f"{name} with {n_features:,} columns, read in chunks, takes no "
                f"relaxed={self.relaxed!r} and no l1_ratio of 0."
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags
