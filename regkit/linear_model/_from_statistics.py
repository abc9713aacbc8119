"""Fitting without the rows: from their statistics, or batch by batch."""

from typing import Any, Self

import numpy as np

from regkit._sklearn import check_same_features, validate_parameters
from regkit.linear_model._base import LinearModel
from regkit.linear_model._inputs import check_fit_data
from regkit.linear_model._limits import check_limits
from regkit.linear_model._sources import RowSource, statistics_of
from regkit.linear_model._statistics_checks import check_statistics, no_fold
from regkit.linear_model.statistics import SufficientStatistics, of_rows


class FitsFromStatistics(LinearModel):
    """Base of the estimators for one alpha."""

    def _fit_source(
        self, source: RowSource, y: Any, sample_weight: Any, params: dict[str, Any]
    ) -> None:
        self._fit_statistics(statistics_of(source, y, sample_weight))

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
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            More training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their targets.
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
        if before is not None:
            check_same_features(self, X)
        data = check_fit_data(self, X, y, sample_weight, allow_zero_weights=True)
        if before is None:
            statistics = of_rows(data, no_fold())
        else:
            if data.X.shape[1] != before.n_features:
                raise ValueError(
                    f"X has {data.X.shape[1]} features, but {type(self).__name__} is "
                    f"expecting {before.n_features} features as input."
                )
            # Names were looked at above, where plain arrays may go without.
            data = data._replace(feature_names=before.feature_names)
            statistics = before + of_rows(data, no_fold())
        self._fit_statistics(statistics)
        self.statistics_ = statistics
        return self

    def _fit_statistics(self, statistics: SufficientStatistics) -> None:
        moments = statistics.moments()
        limits = check_limits(
            moments.n_features, self.positive, self.bounds, self.penalty_factor
        )
        with np.errstate(over="ignore", invalid="ignore"):  # told in `_judge`
            design, y = statistics.problem(
                bool(self.fit_intercept), bool(self.standardize)
            )
            solution = self._solve(design, y, limits)
        self._judge(solution, limits, self.alpha, stacklevel=4)
        self._keep(solution, y.ndim, moments.n_features, statistics.feature_names)
