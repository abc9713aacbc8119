"""Held-out errors of ridge for every alpha, from sums over rows."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from regkit._types import Floats
from regkit.designs.centered_moments import CenteredMoments
from regkit.designs.reduced import ReducedDesign
from regkit.linear_model._limits import Limits
from regkit.linear_model._moment_scores import scores
from regkit.linear_model._ridge_errors import (
    Alphas,
    ErrorTable,
    GridSize,
    table_of_folds,
)
from regkit.linear_model._row_reducer import SourceReducer
from regkit.linear_model._selection import ErrorCurve
from regkit.linear_model.statistics import SufficientStatistics
from regkit.solvers.alpha_scales import mean_scale, sum_scale
from regkit.solvers.folds.from_moments import mean_squares
from regkit.solvers.folds.out_of_core import MOST_COLUMNS
from regkit.solvers.folds.ridge import fit_alphas
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult
from regkit.solvers.ridge.column_basis import ColumnBasis
from regkit.solvers.ridge.grid import alpha_grid
from regkit.solvers.ridge.summed import SummedRidge

# Entries of the Gram matrices that may be held: 10,000 columns without folds.
MOST_ENTRIES = MOST_COLUMNS**2


class StatisticsErrors:
    """The statistics of one `fit`, and what is asked of them.

    Attributes
    ----------
    design : ReducedDesign
        Of all rows.
    y : ndarray
        What stands for the targets.
    """

    def __init__(
        self,
        statistics: SufficientStatistics,
        limits: Limits,
        fit_intercept: bool,
        standardize: bool,
        per_target: bool,
        scoring: str | None,
        rows: SourceReducer | None,
    ) -> None:
        self._statistics, self._how = statistics, (fit_intercept, standardize)
        self._scoring = scoring
        self._moments = statistics.moments()
        design, y = statistics.problem(fit_intercept, standardize)
        self._y_ndim = y.ndim
        self._per_target = per_target and y.ndim == 2
        self._penalty = Penalty.build(
            design.n_features, 0.0, limits.factor, limits.lower, limits.upper
        )
        n_rows = self._moments.n_samples
        self._ridge = SummedRidge(design, self._penalty.factor, n_rows, rows)

    @property
    def design(self) -> ReducedDesign:
        return self._ridge.design

    @property
    def y(self) -> Floats:
        targets = self.design.targets
        return targets if self._y_ndim == 2 else targets[:, 0].copy()

    @property
    def size(self) -> Floats:
        """Sums of squares of the targets, which may have overflowed, (T,)."""
        total: Floats = np.sum(self._ridge.data.target**2, axis=0)
        return total

    def leave_one_out(self, alphas: Alphas, keep: bool) -> ErrorTable:
        """Evaluate every alpha by rows left out one at a time; no errors are kept."""
        basis = self._ridge.basis()
        alphas = self._grid(alphas, basis)
        scaled = mean_scale(alphas, self.design.total_weight)
        per_target = self._per_target or self._scoring is not None
        found = self._ridge.leave_one_out(scaled, basis, per_target)
        if self._scoring is not None:
            spread = self._variances(self._moments)
            means = scores(self._scoring, found.mean, spread, self._per_target)
            curves = [ErrorCurve(alphas, -column) for column in means.T]
            return ErrorTable(alphas, curves, None, None)
        pairs = zip(found.mean.T, found.se.T, strict=True)
        curves = [ErrorCurve(alphas, *pair) for pair in pairs]
        return ErrorTable(alphas, curves, None, None)

    def generalized(self, alphas: Alphas) -> ErrorTable:
        """Judge every alpha by generalized cross-validation."""
        basis = self._ridge.basis()
        alphas = self._grid(alphas, basis)
        scaled = mean_scale(alphas, self.design.total_weight)
        values = self._ridge.generalized(scaled, basis)
        if not self._per_target:
            values = values.mean(axis=1, keepdims=True)
        curves = [ErrorCurve(alphas, column) for column in values.T]
        return ErrorTable(alphas, curves, None, None)

    def folds(
        self,
        alphas: Alphas,
        folds: Sequence[int],
        judge: Callable[[int, PathResult], None],
        **settings: Any,
    ) -> ErrorTable:
        """Judge every alpha by the folds of the statistics."""
        alphas = self._grid(alphas, None)
        squares, errors = [], []
        for k, label in enumerate(folds):
            training = self._statistics.moments(without=label)
            design = ReducedDesign(training, *self._how)
            result = fit_alphas(
                design, design.targets, self._penalty, alphas, **settings
            )
            judge(k, result)
            held_out = self._statistics.part(label)
            coefs = result.coefs.reshape(design.n_features, -1, len(alphas))
            levels = result.intercepts.reshape(-1, len(alphas))
            square = np.stack(
                [
                    mean_squares(held_out, t, coefs[:, t], level)
                    for t, level in enumerate(levels)
                ],
                axis=1,
            )
            if self._scoring is not None:
                spread = self._variances(held_out)
                errors.append(-scores(self._scoring, square, spread, self._per_target))
            if not self._per_target:
                square = square.mean(axis=1, keepdims=True)
            squares.append(square)
        sizes = np.array([self._statistics.part(label).total_weight for label in folds])
        return table_of_folds(alphas, squares, errors, sizes)

    def _variances(self, moments: CenteredMoments) -> Floats:
        """Return the variances of the targets, (T,)."""
        squares: Floats = moments.cross.diagonal()[moments.n_features :]
        with np.errstate(invalid="ignore"):
            variances: Floats = squares / moments.total_weight
        return variances

    def _grid(self, alphas: Alphas, basis: ColumnBasis | None) -> Floats:
        if not isinstance(alphas, GridSize):
            return alphas
        values = (self._ridge.basis() if basis is None else basis).values
        return sum_scale(alpha_grid(values, *alphas), self.design.total_weight)
