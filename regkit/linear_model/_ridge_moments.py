"""Errors of ridge for every alpha, from the moments of rows and passes over them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from regkit._types import Floats
from regkit.designs.centered_moments import CenteredMoments
from regkit.designs.reduced import ReducedDesign
from regkit.linear_model._cv import Evaluation, Refitted
from regkit.linear_model._least_squares import MomentProblem
from regkit.linear_model._moment_scores import scores
from regkit.linear_model._report import raise_if_overflowed
from regkit.linear_model._ridge_evaluators import RidgeChoice, RidgeEvaluator
from regkit.linear_model._selection import Choice, ErrorCurve
from regkit.linear_model._sums import SumsByFold
from regkit.solvers.alpha_scales import mean_scale, sum_scale
from regkit.solvers.folds.from_moments import mean_squares
from regkit.solvers.folds.ridge import fit_alphas
from regkit.solvers.ridge.column_basis import ColumnBasis
from regkit.solvers.ridge.grid import alpha_grid
from regkit.solvers.ridge.summed import RowReducer, SummedRidge


class RidgeMomentEvaluator(RidgeEvaluator):
    """Evaluates alphas on the moments of rows, which may be read again or not."""

    def __init__(
        self,
        problem: MomentProblem,
        choice: RidgeChoice,
        sums: SumsByFold,
        labels: list[int],
        scoring: str | None,
        rows: RowReducer | None,
    ) -> None:
        """Prepare the evaluator.

        Parameters
        ----------
        problem : MomentProblem
            Of ``sums``.
        choice : RidgeChoice
        sums : SumsByFold
        labels : list of int
            The folds to evaluate by; empty where rows are left out one at a time, or
            with GCV.
        scoring : str or None
            One that follows from squared errors.
        rows : RowReducer or None
            Reads the rows again, where that is possible.
        """
        super().__init__(problem, choice)
        self._summed_up = problem
        self._sums, self._labels, self._scoring = sums, labels, scoring
        self.n_folds = len(labels)
        self._moments = sums.moments()
        n_rows = self._moments.n_samples
        self._ridge = SummedRidge(problem.design, self._penalty.factor, n_rows, rows)
        self._basis: ColumnBasis | None = None

    def alpha_grid(self, l1_ratio: float, n_alphas: int, eps: float | None) -> Floats:
        """Return penalties by the spectrum of X, strictly decreasing."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            self._check_overflow()
            self._basis = self._ridge.basis()
            values = self._basis.values
            total_weight = self._ridge.design.total_weight
            return sum_scale(alpha_grid(values, n_alphas, eps), total_weight)

    def evaluate(self, l1_ratio: float, alphas: Floats) -> Evaluation:
        """Find the error of every alpha."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            self._check_overflow()
            if self._labels:
                return self._by_folds(alphas)
            basis = self._ridge.basis() if self._basis is None else self._basis
            scaled = mean_scale(alphas, self._ridge.design.total_weight)
            if self._choice.cv is None:
                found = self._by_rows(basis, alphas, scaled)
            else:
                values = self._ridge.generalized(scaled, basis)
                found = self._of_values(alphas, values)
            return self._check_estimated(found)

    def refit(self, evaluation: Evaluation, choices: Sequence[Choice]) -> Refitted:
        """Fit all rows, by the design with the most digits."""
        self.problem = self._summed_up.with_design(self._ridge.design)
        return super().refit(evaluation, choices)

    def _check_overflow(self) -> None:
        target = self._ridge.data.target
        raise_if_overflowed(self._choice.name, np.sum(target**2, axis=0))

    def _by_rows(
        self, basis: ColumnBasis, alphas: Floats, scaled: Floats
    ) -> Evaluation:
        """Evaluate by rows left out one at a time."""
        per_target = self._per_target or self._scoring is not None
        found = self._ridge.leave_one_out(scaled, basis, per_target)
        if self._scoring is not None:
            variances = _variances(self._moments)
            scored = scores(self._scoring, found.mean, variances, self._per_target)
            return self._evaluation([ErrorCurve(alphas, -each) for each in scored.T])
        return self._evaluation(
            [
                ErrorCurve(alphas, mean, se)
                for mean, se in zip(found.mean.T, found.se.T, strict=True)
            ]
        )

    def _by_folds(self, alphas: Floats) -> Evaluation:
        """Evaluate by the folds of the statistics."""
        design = self.problem.design
        squares, errors = [], []
        for k, label in enumerate(self._labels):
            training = ReducedDesign(
                self._sums.moments(without=label),
                design.fit_intercept,
                design.standardize,
            )
            result = fit_alphas(
                training,
                training.targets,
                self._penalty,
                alphas,
                **self._choice.options,
            )
            self._report_fold(result, k)
            held_out = self._sums.parts[label]
            coefs = result.coefs.reshape(self.problem.n_features, -1, len(alphas))
            levels = result.intercepts.reshape(-1, len(alphas))
            square = np.stack(
                [
                    mean_squares(held_out, t, coefs[:, t], level)
                    for t, level in enumerate(levels)
                ],
                axis=1,
            )
            if self._scoring is not None:
                spread = _variances(held_out)
                errors.append(-scores(self._scoring, square, spread, self._per_target))
            squares.append(
                square if self._per_target else square.mean(axis=1, keepdims=True)
            )
        sizes = [self._sums.parts[label].total_weight for label in self._labels]
        return self._of_folds(alphas, squares, errors, np.array(sizes))


def _variances(moments: CenteredMoments) -> Floats:
    """Return the variances of the targets, (T,)."""
    squares: Floats = moments.cross.diagonal()[moments.n_features :]
    with np.errstate(invalid="ignore"):
        variances: Floats = squares / moments.total_weight
    return variances
