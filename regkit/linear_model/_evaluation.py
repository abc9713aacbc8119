"""What choosing alpha asks of the data, and what is known of every alpha."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import numpy as np

from regkit._types import Floats
from regkit.linear_model._problem import Problem
from regkit.linear_model._selection import Choice, ErrorCurve
from regkit.solvers.results import PathResult


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What is known of every alpha, for one l1_ratio.

    Attributes
    ----------
    l1_ratio : float
    curves : list of ErrorCurve
        One; or one per target where each gets an alpha of its own.
    is_per_target : bool
        Whether results have an axis for the targets.
    fold_errors : ndarray of shape (n_alphas, n_folds, n_curves) or None
        Mean errors of the held-out rows; None without folds.
    fold_errors_name, error_name : str
        The attributes that hold them, and the curves' means.
    whole : PathResult or None
        The path on all rows, where it was solved.
    folds : sequence of PathResult
        The paths on the folds' training rows, where they are kept.
    is_null_at_largest : bool
        Whether every penalized coefficient is zero at the largest alpha, so that
        larger ones would change nothing.
    row_results : ndarray of shape (n_samples, [n_targets,] n_alphas) or None
        Squared errors or predictions of each row when left out, where they are kept.
    """

    l1_ratio: float
    curves: list[ErrorCurve]
    is_per_target: bool = False
    fold_errors: Floats | None = None
    fold_errors_name: str = "mse_path_"
    error_name: str = "cv_error_"
    whole: PathResult | None = None
    folds: Sequence[PathResult] = ()
    is_null_at_largest: bool = False
    row_results: Floats | None = None

    @property
    def alphas(self) -> Floats:
        """The alphas, of shape (n_alphas,)."""
        return self.curves[0].alphas

    @property
    def least_error(self) -> float:
        """The least mean error that is finite, by which l1_ratios are compared."""
        mean = self.curves[0].mean
        return float(np.min(mean, where=np.isfinite(mean), initial=np.inf))

    def joined(self, values: Sequence[Any]) -> Any:
        """Return one value per curve as an array; the value itself of a single one."""
        return np.stack(values, axis=-1) if self.is_per_target else values[0]

    def attributes(self) -> dict[str, Any]:
        """Return the fitted attributes that have an entry per alpha."""
        first, errors = self.curves[0], self.fold_errors
        fitted = {"alphas_": first.alphas, self.error_name: first.mean}
        if first.se is not None:
            fitted["cv_error_se_"] = first.se
        if errors is not None:
            fitted[self.fold_errors_name] = errors[:, :, 0]
        if self.is_per_target:
            fitted[self.error_name] = np.stack([c.mean for c in self.curves], axis=-1)
            if first.se is not None:
                spreads: Any = [c.se for c in self.curves]
                fitted["cv_error_se_"] = np.stack(spreads, axis=-1)
            if errors is not None:
                fitted[self.fold_errors_name] = errors
        return fitted

    def in_order(self, alphas: Floats) -> Evaluation:
        """Return what is known of the same alphas in another order, repeated or not.

        The alphas known are decreasing, and belong to no path.
        """
        places = np.searchsorted(-self.alphas, -alphas)

        def moved(values: Floats | None) -> Floats | None:
            return None if values is None else values[places]

        curves = [
            ErrorCurve(alphas, c.mean[places], moved(c.se), moved(c.fold_errors))
            for c in self.curves
        ]
        rows = None if self.row_results is None else self.row_results[..., places]
        return replace(
            self, curves=curves, fold_errors=moved(self.fold_errors), row_results=rows
        )


class Refitted(NamedTuple):
    """The model at the chosen alpha, and what else is known of its path."""

    result: PathResult
    """Of shape (n_targets,)."""
    attributes: dict[str, Any]


class Evaluator(Protocol):
    """What choosing alpha asks of the data: one class per kind of folds."""

    @property
    def problem(self) -> Problem:
        """All rows."""

    @property
    def n_folds(self) -> int:
        """How many there are; 0 where alphas are evaluated without folds."""

    def alpha_grid(self, l1_ratio: float, n_alphas: int, eps: float) -> Floats:
        """Return the automatic grid, strictly decreasing."""

    def evaluate(self, l1_ratio: float, alphas: Floats) -> Evaluation:
        """Find the error of every alpha; they are strictly decreasing."""

    def refit(self, evaluation: Evaluation, choices: Sequence[Choice]) -> Refitted:
        """Fit all rows with the alphas chosen, one per curve."""
