"""How `RidgeRegressorCV` judges alphas, chooses one and fits with it."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv

from regkit._sklearn import validate_parameters
from regkit.designs import make_design
from regkit.linear_model._base import LinearModel
from regkit.linear_model._grid import check_alphas
from regkit.linear_model._limits import Limits, check_limits
from regkit.linear_model._moment_scores import check_moment_scoring
from regkit.linear_model._parameters import thread_count
from regkit.linear_model._ridge_errors import (
    Alphas,
    ErrorTable,
    GridSize,
    RidgeErrors,
    Scoring,
)
from regkit.linear_model._ridge_streamed import (
    MOST_ENTRIES,
    StatisticsErrors,
)
from regkit.linear_model._row_reducer import SourceReducer
from regkit.linear_model._selection import Choice, choose
from regkit.linear_model._splits import (
    fold_labels,
    for_scorer,
    make_folds,
    make_router,
    route,
)
from regkit.linear_model._statistics_checks import check_statistics
from regkit.linear_model._statistics_of import statistics_of
from regkit.linear_model._warnings import (
    raise_if_overflowed,
    warn_at_grid_edge,
    warn_not_converged,
    warn_not_judged,
)
from regkit.linear_model.ridge import RidgeRegressor
from regkit.linear_model.statistics import SufficientStatistics
from regkit.parallel.threads import calm_blas
from regkit.rows.inputs import check_fit_data
from regkit.rows.sources import RowSource, as_source
from regkit.solvers.folds.fold import Fold
from regkit.solvers.results import PathResult


class ChoosesAlpha(LinearModel):
    """Base of `RidgeRegressorCV`, which says what its parameters mean."""

    def _single(self, alpha: Any) -> RidgeRegressor:
        """Return the unfitted estimator for chosen alphas."""
        raise NotImplementedError

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Self:
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
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets; None where `RowChunks` bring them.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, non-negative and not all zero: in training and in the
            held-out errors.
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
            When a parameter or the data is not usable; the message names it.

        Warns
        -----
        ConvergenceWarning
            When an iterative solver stopped above `tol`.
        UserWarning
            When the least error is at an end of the grid and still falling, when alphas
            could not be judged, or when unpenalized columns are linearly dependent.
        """
        validate_parameters(self)
        split_params, score_params = route(self, params, sample_weight)
        source = as_source(X)
        if source is not None:
            self._fit_rows(source, y, sample_weight, split_params)
            return self
        data = check_fit_data(self, X, y, sample_weight)
        limits = check_limits(
            data.X.shape[1], self.positive, self.bounds, self.penalty_factor
        )
        n_rows = len(data.y)
        if data.sample_weight is not None:
            n_rows = int(np.count_nonzero(data.sample_weight))
        self._check_combination(n_rows, limits, split_params)
        folds: list[Fold] = []
        if self._has_folds():
            cv = check_cv(self.cv)
            folds = make_folds(cv, data.X, data.y, data.sample_weight, split_params)
        with (
            np.errstate(over="ignore", invalid="ignore"),  # told in `_judge`
            calm_blas(min(data.X.shape)),
        ):
            design = make_design(
                data.X,
                data.sample_weight,
                bool(self.fit_intercept),
                bool(self.standardize),
            )
            scoring = None
            if self.scoring is not None:
                scorer = check_scoring(self, scoring=self.scoring)
                params_of_rows = for_scorer(score_params, data.sample_weight)
                scoring = Scoring(scorer, params_of_rows)
            errors = RidgeErrors(
                design,
                data,
                limits,
                bool(self.fit_intercept),
                bool(self.alpha_per_target),
                scoring,
                thread_count(self.n_jobs),
            )
            self._choose(errors, folds, limits, data.feature_names)
        return self

    def fit_statistics(self, statistics: SufficientStatistics) -> Self:
        """Choose alpha and fit to rows that are known by their statistics alone.

        Parameters
        ----------
        statistics : SufficientStatistics
            Of all training rows. With ``cv="gcv"`` their folds are of no account;
            otherwise there must be two or more, which take the place of `cv`. Not
            changed, and not kept.

        Returns
        -------
        self : estimator
            As `fit` would leave it for the rows and these folds, to about 8 digits.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the statistics are not usable: leaving out one row at a
            time, in particular, needs the rows.

        Warns
        -----
        ConvergenceWarning, UserWarning
            As `fit` does.
        """
        validate_parameters(self)
        check_statistics(statistics)
        self._check_rows_not_needed()
        labels = [] if self.cv == "gcv" else statistics.folds
        if self.cv != "gcv" and len(labels) < 2:
            raise ValueError(
                f"RidgeRegressorCV with cv={self.cv!r} needs statistics with two folds "
                f"or more, these have {len(labels)}; only cv='gcv' takes none, and "
                "leaving out one row at a time needs the rows, in chunks for example."
            )
        self._fit_statistics(statistics, labels, None)
        return self

    def _fit_rows(
        self, source: RowSource, y: Any, sample_weight: Any, split_params: Any
    ) -> None:
        """Fit to rows that are visited, not held."""
        self._check_rows_not_needed()
        n_features = source.n_features
        n_parts = 1
        labels = None
        if self._has_folds():
            labels = fold_labels(check_cv(self.cv), *source.targets(y), split_params)
            n_parts += int(labels.max()) + 1
        if n_parts * n_features**2 > MOST_ENTRIES:
            raise ValueError(
                f"RidgeRegressorCV needs the products of all {n_features:,} columns, "
                f"for {n_parts} sets of rows: too many for rows that are read in "
                "chunks."
            )
        statistics = statistics_of(source, y, sample_weight, labels)
        self._fit_statistics(
            statistics,
            statistics.folds,
            SourceReducer(source, y, sample_weight),
            split_params,
        )

    def _fit_statistics(
        self,
        statistics: SufficientStatistics,
        labels: list[int],
        rows: SourceReducer | None,
        split_params: Any = None,
    ) -> None:
        moments = statistics.moments()
        limits = check_limits(
            moments.n_features, self.positive, self.bounds, self.penalty_factor
        )
        if not labels:
            self._check_combination(moments.n_samples, limits, split_params or {})
        elif limits.bounded:
            self._single(0.0)._check_bounded_solver()
        with np.errstate(over="ignore", invalid="ignore"):  # told in `_judge`
            errors = StatisticsErrors(
                statistics,
                limits,
                bool(self.fit_intercept),
                bool(self.standardize),
                bool(self.alpha_per_target),
                self.scoring,
                rows,
            )
            self._choose(errors, labels, limits, statistics.feature_names)

    def _check_rows_not_needed(self) -> None:
        check_moment_scoring(type(self).__name__, self.scoring)
        if self.store_cv_results:
            raise ValueError(
                f"{type(self).__name__} needs the rows in memory for "
                "store_cv_results=True, which keeps a number for each of them and each "
                "alpha."
            )

    def _choose(
        self,
        errors: RidgeErrors | StatisticsErrors,
        folds: list[Any],
        limits: Limits,
        names: Any,
    ) -> None:
        """Judge all alphas, fit with the chosen one, and set the attributes."""
        table = self._errors(errors, folds)
        is_automatic = isinstance(self.alphas, Integral)
        choices = [
            choose(curve, self.rule, null_at_largest=is_automatic)
            for curve in table.curves
        ]
        design, y = errors.design, errors.y
        fitted = self._curves(
            table, choices, bool(self.alpha_per_target) and y.ndim == 2
        )
        if table.results is not None:
            results = table.results
            fitted["cv_results_"] = results if y.ndim == 2 else results[:, 0]
        single = self._single(fitted["alpha_"])
        solution = single._solve(design, y, limits, table.known)
        self._judge(solution, limits, fitted["alpha_"])
        at_edge = [t for t, c in enumerate(choices) if c.is_worth_a_warning]
        if at_edge:
            advice = choices[at_edge[0]].edge
            if len(choices) > 1:
                advice = f"for target {at_edge[0]}, {advice}"
            if len(at_edge) > 1:
                others = ", ".join(str(t) for t in at_edge[1:])
                advice += f" So it is for the targets {others}."
            warn_at_grid_edge(type(self).__name__, advice)
        for name in ("mse_path_", "cv_error_se_", "alpha_1se_", "cv_results_"):
            self.__dict__.pop(name, None)
        self._keep(solution, y.ndim, design.n_features, names)
        self.__dict__.update(fitted)

    def get_metadata_routing(self) -> Any:
        """Say where `fit` passes its arguments on to: the splitter and the scorer.

        Returns
        -------
        routing : MetadataRouter
            The routes.
        """
        return make_router(self, has_folds=self._has_folds())

    def _has_folds(self) -> bool:
        return self.cv is not None and not isinstance(self.cv, str)

    def _check_combination(
        self, n_rows: int, limits: Limits, split_params: dict[str, Any]
    ) -> None:
        """Refuse what one way of cross-validation cannot do."""
        if self.store_cv_results and self.cv is not None:
            raise ValueError(
                "store_cv_results=True keeps the errors of rows left out one at a "
                f"time: it needs cv=None, got cv={self.cv!r}."
            )
        if limits.bounded:
            self._single(0.0)._check_bounded_solver()
        if self._has_folds():
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

    def _errors(
        self, errors: RidgeErrors | StatisticsErrors, folds: list[Any]
    ) -> ErrorTable:
        given = None
        if isinstance(self.alphas, Integral):
            alphas: Alphas = GridSize(int(self.alphas), self.eps)
        else:
            given = check_alphas(self.alphas)
            alphas = np.unique(given)[::-1].copy()
        name = type(self).__name__
        raise_if_overflowed(name, errors.size)
        try:
            if folds:
                table = self._fold_errors(errors, alphas, folds)
            elif self.cv is None:
                table = errors.leave_one_out(alphas, bool(self.store_cv_results))
            else:
                table = errors.generalized(alphas)
        except FloatingPointError:
            raise_if_overflowed(name, np.array([np.inf]))
            raise
        lacking = np.isnan(table.curves[0].mean)
        if not folds and lacking.any():
            warn_not_judged(name, self.cv, table.alphas[lacking])
        return table if given is None else table.in_order(given)

    def _fold_errors(
        self,
        errors: RidgeErrors | StatisticsErrors,
        alphas: Alphas,
        folds: list[Any],
    ) -> ErrorTable:
        def judge(k: int, result: PathResult) -> None:
            where = f"{type(self).__name__}, in fold {k} of {len(folds)},"
            self._judge_fold(where, result)

        settings = {"solver": self.solver, "tol": self.tol, "max_iter": self.max_iter}
        return errors.folds(alphas, folds, judge, **settings)

    def _judge_fold(self, where: str, result: PathResult) -> None:
        raise_if_overflowed(type(self).__name__, result.dual_gaps, result.intercepts)
        if not result.converged.all():
            warn_not_converged(
                where,
                result.dual_gaps,
                result.null_objectives,
                result.converged,
                ("problem", np.arange(len(result.dual_gaps))),
                tol=self.tol,
                max_iter=self.max_iter,
            )

    def _curves(
        self, table: ErrorTable, choices: list[Choice], is_per_target: bool
    ) -> dict[str, Any]:
        """Give what is known of every alpha, and the choices."""

        def joined(values: Sequence[Any]) -> Any:
            return np.stack(values, axis=-1) if is_per_target else values[0]

        alphas, curves = table.alphas, table.curves
        pairs = list(zip(curves, choices, strict=True))
        fitted: dict[str, Any] = {
            "alphas_": alphas,
            "alpha_": joined([alphas[c.index] for c in choices]),
            "alpha_min_": joined([alphas[c.index_min] for c in choices]),
            "cv_error_": joined([curve.mean for curve in curves]),
            "best_score_": joined([-curve.mean[c.index] for curve, c in pairs]),
            "at_grid_edge_": joined([bool(c.edge) for c in choices]),
        }
        if all(curve.se is not None for curve in curves):
            fitted["cv_error_se_"] = joined([curve.se for curve in curves])
        places = [c.index_1se for c in choices if c.index_1se is not None]
        if len(places) == len(choices):
            fitted["alpha_1se_"] = joined([alphas[i] for i in places])
        if table.mse is not None:
            fitted["mse_path_"] = table.mse if is_per_target else table.mse[:, :, 0]
        return fitted
