"""Held-out errors of ridge for every alpha, from sums over rows and visits to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from regkit._types import Floats
from regkit.designs.reduced import ReducedDesign
from regkit.linear_model._limits import Limits
from regkit.linear_model._moment_scores import scores
from regkit.linear_model._ridge_errors import (
    Alphas,
    ErrorTable,
    GridSize,
    table_of_folds,
)
from regkit.linear_model._selection import ErrorCurve
from regkit.linear_model.statistics import SufficientStatistics
from regkit.rows.sources import Block, RowSource
from regkit.solvers.folds.from_moments import mean_squares
from regkit.solvers.folds.out_of_core import MOST_COLUMNS
from regkit.solvers.folds.ridge import fit_alphas
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult
from regkit.solvers.ridge.basis import RidgeData
from regkit.solvers.ridge.column_basis import ColumnBasis, DampedSweep
from regkit.solvers.ridge.grid import alpha_grid
from regkit.solvers.ridge.leave_one_out import (
    DAMPED,
    DAMPED_REMAINING,
    MOST_REFITS,
    generalized,
)
from regkit.solvers.ridge.passes import (
    Answer,
    Fits,
    Frame,
    Question,
    join_answers,
    join_triangles,
    judge_rows,
    refit_without,
    triangle_of,
)

# Entries of the Gram matrices that may be held: 10,000 columns without folds.
MOST_ENTRIES = MOST_COLUMNS**2


@dataclass(frozen=True)
class Rows:
    """Rows that can be visited again."""

    source: RowSource
    y: Any
    sample_weight: Any

    def triangle(self, frame: Frame) -> Floats:
        found: Floats = self._reduce(partial(_triangle, frame), join_triangles)
        return found

    def judge(self, question: Question) -> Answer:
        found: Answer = self._reduce(partial(_judge, question), join_answers)
        return found

    def _reduce(self, task: Any, combine: Any) -> Any:
        return self.source.reduce(task, combine, self.y, self.sample_weight, None)


def _triangle(frame: Frame, block: Block) -> Floats:
    data = block.data
    targets = data.y.reshape(len(data.y), -1)
    return triangle_of(frame, data.X, targets, data.sample_weight)


def _judge(question: Question, block: Block) -> Answer:
    data = block.data
    targets = data.y.reshape(len(data.y), -1)
    return judge_rows(question, data.X, targets, data.sample_weight)


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
        rows: Rows | None,
    ) -> None:
        self._statistics, self._how = statistics, (fit_intercept, standardize)
        self._scoring, self._rows = scoring, rows
        self._moments = statistics.moments()
        self.design, self.y = statistics.problem(fit_intercept, standardize)
        self._per_target = per_target and self.y.ndim == 2
        self._penalty = Penalty.build(
            self.design.n_features, 0.0, limits.factor, limits.lower, limits.upper
        )

    @property
    def size(self) -> Floats:
        """Sums of squares of the targets, which may have overflowed, (T,)."""
        total: Floats = np.sum(self._ridge.target**2, axis=0)
        return total

    @property
    def _ridge(self) -> RidgeData:
        design: Any = self.design
        target, _ = design.center(self.y.reshape(len(self.y), -1))
        weights = np.full(len(target), 1.0 / len(target))
        n_rows, is_centered = self._moments.n_samples, self._how[0]
        factor = self._penalty.factor
        return RidgeData(design, weights, is_centered, target, target, factor, n_rows)

    def leave_one_out(self, alphas: Alphas, keep: bool) -> ErrorTable:
        """Judge every alpha by rows left out one at a time; ``keep`` is not for use."""
        basis = self._basis()
        alphas = self._grid(alphas, basis)
        scaled = alphas / self.design.total_weight
        if not basis.is_precise(scaled).all():
            basis = self._refined()
        per_target = self._per_target or self._scoring is not None
        found, mine = self._judged(basis, scaled, np.arange(len(alphas)), per_target)
        if found.n_unsure[mine].any() and not self._is_refined:
            # What squares leave unsure, singular values may tell.
            again = mine[found.n_unsure[mine] > 0]
            better, _ = self._judged(self._refined(), scaled, again, per_target)
            found.sums[:, :, again] = better.sums[:, :, again]
            found.n_unsure[again] = better.n_unsure[again]
        few = (found.n_unsure > 0) & (found.n_unsure <= MOST_REFITS)
        if few.any():
            again = np.flatnonzero(few)
            last, _ = self._judged(self._refined(), scaled, again, per_target, few)
            factor = self._penalty.factor
            refit_without(last, self.design, factor, alphas)
            found.sums[:, :, again] = last.sums[:, :, again]
        unknown = np.setdiff1d(np.arange(len(alphas)), mine)
        found.sums[:, :, unknown] = np.nan
        found.sums[:, :, found.n_unsure > MOST_REFITS] = np.nan
        return self._table_of_rows(alphas, found)

    def _judged(
        self,
        basis: ColumnBasis,
        alphas: Floats,
        wanted: Any,
        per_target: bool,
        set_apart: Any = None,
    ) -> tuple[Answer, Any]:
        """Visit the rows for some of the alphas; say as well which could be judged."""
        if set_apart is None:
            set_apart = np.zeros(len(alphas), dtype=bool)
        is_precise = basis.is_precise(alphas[wanted])
        mine = wanted[is_precise]
        fits = []
        if len(mine):
            least = basis.least_remaining(alphas[mine])
            fits.append(Fits(mine, basis.sweep(alphas[mine]).parts, least))
        if self.design.n_features <= DAMPED:
            for k in wanted[~is_precise]:
                sweep = DampedSweep(self._ridge, float(alphas[k]))
                least = np.full(1, DAMPED_REMAINING)
                fits.append(Fits(np.array([k]), sweep.parts, least))
            mine = wanted
        frame = Frame.of(self.design)
        question = Question(frame, fits, len(alphas), per_target, set_apart)
        assert self._rows is not None
        return self._rows.judge(question), mine

    def _table_of_rows(self, alphas: Floats, found: Answer) -> ErrorTable:
        mean, square = np.moveaxis(found.sums, 2, 1)
        if self._scoring is not None:
            judged = scores(self._scoring, mean, self._variances(), self._per_target)
            curves = [ErrorCurve(alphas, -column) for column in judged.T]
            return ErrorTable(alphas, curves, None, None)
        variance = np.maximum(square - mean**2, 0.0)
        se = np.sqrt(variance / (self._moments.n_samples - 1))
        curves = [ErrorCurve(alphas, *pair) for pair in zip(mean.T, se.T, strict=True)]
        return ErrorTable(alphas, curves, None, None)

    def generalized(self, alphas: Alphas) -> ErrorTable:
        """Judge every alpha by generalized cross-validation."""
        basis: Any = self._basis()
        alphas = self._grid(alphas, basis)
        scaled = alphas / self.design.total_weight
        if self._rows is not None and not basis.is_precise(scaled).all():
            basis = self._refined()
        values = generalized(self._ridge, scaled, [basis])
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
            design: Any = ReducedDesign(training, *self._how)
            fit = fit_alphas(design, design.targets, self._penalty, alphas, **settings)
            judge(k, fit.result)
            held_out = self._statistics.part(label)
            coefs = fit.result.coefs.reshape(design.n_features, -1, len(alphas))
            levels = fit.result.intercepts.reshape(-1, len(alphas))
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

    def _variances(self, moments: Any = None) -> Floats:
        """Return the variances of the targets, (T,)."""
        moments = self._moments if moments is None else moments
        squares: Floats = moments.cross.diagonal()[moments.n_features :]
        with np.errstate(invalid="ignore"):
            variances: Floats = squares / moments.total_weight
        return variances

    # ---------------------------------------------------------------- decompositions

    _is_refined = False

    def _basis(self) -> ColumnBasis:
        """Decompose the Gram matrix; or the rows, where it has too few digits."""
        found = ColumnBasis.from_gram(self._ridge)
        return self._refined() if found is None else found

    def _refined(self) -> ColumnBasis:
        """Decompose the rows themselves, if they can be visited."""
        if not self._is_refined and self._rows is not None:
            triangle = self._rows.triangle(Frame.of(self.design))
            self.design = self.design.refined(triangle)
            targets = self.design.targets
            self.y = targets if self.y.ndim == 2 else targets[:, 0].copy()
        self._is_refined = True
        return ColumnBasis.from_singular_values(self._ridge)

    def _grid(self, alphas: Alphas, basis: ColumnBasis | None) -> Floats:
        if not isinstance(alphas, GridSize):
            return alphas
        values = (self._basis() if basis is None else basis).values
        return alpha_grid(values, *alphas) * self.design.total_weight
