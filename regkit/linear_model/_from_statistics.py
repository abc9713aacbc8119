"""Fitting without the rows: from their statistics, or batch by batch."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from regkit._sklearn import (
    check_same_features,
    check_same_names,
    validate_parameters,
)
from regkit.linear_model._base import LinearModel
from regkit.linear_model._limits import check_limits
from regkit.linear_model._statistics_checks import check_statistics
from regkit.linear_model._statistics_of import statistics_of, sums_of
from regkit.linear_model._wide import MOST_SUMMED_UP, Passes
from regkit.linear_model.statistics import SufficientStatistics, of_rows
from regkit.rows.inputs import check_fit_data
from regkit.rows.sources import RowSource, as_source, no_fold
from regkit.solvers.folds.in_memory import PathSettings
from regkit.solvers.folds.out_of_core import MOST_COLUMNS, WideRows
from regkit.solvers.problem import Penalty


class FitsFromStatistics(LinearModel):
    """Base of the estimators for one alpha."""

    def _fit_source(
        self, source: RowSource, y: Any, sample_weight: Any, params: dict[str, Any]
    ) -> None:
        n_features = source.n_features
        if n_features <= MOST_SUMMED_UP:
            self._fit_statistics(statistics_of(source, y, sample_weight))
            return
        l1_ratio = self._l1_ratio()
        if l1_ratio == 0.0:
            if n_features > MOST_COLUMNS:
                raise ValueError(
                    f"{type(self).__name__} without an L1 penalty needs all "
                    f"{n_features:,} columns at once: more than {MOST_COLUMNS:,} are "
                    "too many for rows that are read in chunks."
                )
            self._fit_statistics(statistics_of(source, y, sample_weight))
            return
        passes = Passes(source, y, sample_weight, None)
        settings = PathSettings(self.tol, self.max_iter, self.solver)
        with np.errstate(over="ignore", invalid="ignore"):  # told in `_judge`
            rows = WideRows(passes, bool(self.fit_intercept), bool(self.standardize))
            limits = check_limits(
                n_features,
                self.positive,
                self.bounds,
                self.penalty_factor,
                passes.names,  # known from the first pass on
            )
            penalty = Penalty.build(
                n_features, l1_ratio, limits.factor, limits.lower, limits.upper
            )
            found = rows.solve(penalty, np.array([float(self.alpha)]), settings).whole
        assert found is not None
        self._judge(found, limits, self.alpha)
        self._keep(found, 1, n_features, passes.names)

    def _l1_ratio(self) -> float:
        """Return the share of the L1 penalty."""
        raise NotImplementedError

    def fit_statistics(self, statistics: SufficientStatistics) -> Self:
        """Fit the model to rows that are known by their statistics alone.

        Parameters
        ----------
        statistics : SufficientStatistics
            Of all training rows. Not changed, and not kept.

        Returns
        -------
        self : estimator
            As `fit` would leave it for the rows, to about 8 digits and more: see
            `SufficientStatistics` for what statistics cannot tell.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the statistics are not usable.

        Warns
        -----
        ConvergenceWarning, UserWarning
            As `fit` does.
        """
        validate_parameters(self)
        check_statistics(statistics)
        self._fit_statistics(statistics)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the model to these rows and those of earlier calls since the last `fit`.

        Exact, not a step of some descent: the rows' sufficient statistics, (p + T)²
        numbers, are kept in `statistics_`, and every call solves anew. `fit` and
        `fit_statistics` keep none, so the rows of a `fit` do not count: begin with
        `partial_fit`, or update `SufficientStatistics` of your own.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            More training rows; what `fit` visits is visited here too.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their targets. None where `RowChunks` bring them.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Their weights, on one scale through all calls.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the data is not usable; the estimator, statistics
            included, is then as it was.

        Warns
        -----
        ConvergenceWarning, UserWarning
            As `fit` does.
        """
        validate_parameters(self)
        before: SufficientStatistics | None = self.__dict__.get("statistics_")
        source = as_source(X)
        if source is not None:
            statistics = sums_of(source, y, sample_weight)
        else:
            if before is not None:
                check_same_features(self, X)
            data = check_fit_data(self, X, y, sample_weight, allow_zero_weights=True)
            statistics = of_rows(data, no_fold())
        if before is not None:
            if statistics.n_features != before.n_features:
                raise ValueError(
                    f"X has {statistics.n_features} features, but "
                    f"{type(self).__name__} is expecting {before.n_features} features "
                    "as input."
                )
            if source is not None:
                check_same_names(self, statistics.feature_names)
            # Names have been looked at; plain arrays may go without.
            statistics.feature_names = before.feature_names
            statistics = before + statistics
        self._fit_statistics(statistics)
        self.statistics_ = statistics
        return self

    def _fit_statistics(self, statistics: SufficientStatistics) -> None:
        moments = statistics.moments()
        limits = check_limits(
            moments.n_features,
            self.positive,
            self.bounds,
            self.penalty_factor,
            statistics.feature_names,
        )
        with np.errstate(over="ignore", invalid="ignore"):  # told in `_judge`
            design, y = statistics.problem(
                bool(self.fit_intercept), bool(self.standardize)
            )
            solution = self._solve(design, y, limits)
        self._judge(solution, limits, self.alpha)
        self._keep(solution, y.ndim, moments.n_features, statistics.feature_names)
