"""The front door of least squares: rows as users pass them, as solvers take them.

Whatever X is, the fits, paths, cross-validations and `fit_path` open it here: rows in
memory become a design; of rows that are read in chunks one pass sums up the moments,
which solvers take in the place of a design; where X has too many columns for that, the
paths are solved out of core.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from regkit._types import Floats
from regkit.designs import Design, RowDesign, make_design
from regkit.designs.centered_moments import CenteredMoments
from regkit.designs.reduced import ReducedDesign
from regkit.linear_model._problem import FitRows, PathRequest, Problem, Setup, Start
from regkit.linear_model._source_reducer import SourceReducer
from regkit.linear_model._sums import SumsByFold
from regkit.linear_model._underflow import (
    CONSTANT,
    LEAST,
    WIDEST,
    refuse_small_moments,
    refuse_underflow,
)
from regkit.rows.inputs import FitData, check_fit_data
from regkit.rows.open import as_source
from regkit.solvers.criteria import information_criteria
from regkit.solvers.folds.from_moments import held_out_errors
from regkit.solvers.folds.in_memory import mean_squares
from regkit.solvers.folds.out_of_core import MOST_COLUMNS, WideRows
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult
from regkit.solvers.solve import alpha_grid, solve_path


@dataclass(frozen=True)
class MatrixProblem(Problem):
    """Rows in memory, or the moments of rows, as solvers see them.

    Attributes
    ----------
    design : Design
    y : ndarray of shape (n,) or (n, n_targets)
        The targets, or what replaces them in a design made of moments.
    """

    design: Design
    y: Floats

    @property
    def n_targets(self) -> int:
        """Columns of y."""
        return 1 if self.y.ndim == 1 else self.y.shape[1]

    @property
    def targets(self) -> Floats:
        """The targets, of shape (n, n_targets)."""
        return self.y.reshape(len(self.y), -1)

    def target(self, number: int = 0) -> Floats:
        """Return one target, of shape (n,)."""
        if self.y.ndim == 1:
            return self.y
        return np.ascontiguousarray(self.y[:, number])

    def of_target(self, number: int) -> Self:
        """Return the problem of one target."""
        return replace(self, y=self.target(number), y_ndim=1)

    def alpha_grid(self, penalty: Penalty, n_alphas: int, eps: float) -> Floats:
        """Return alphas from alpha_max of the first target down."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            return alpha_grid(self.design, self.target(), penalty, n_alphas, eps)

    def path(self, asked: PathRequest) -> PathResult:
        """Solve the first target for strictly decreasing alphas."""
        start = asked.start
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            return solve_path(
                self.design,
                self.target(),
                asked.penalty,
                asked.alphas,
                **asked.settings._asdict(),
                max_nonzero=asked.max_nonzero,
                start=None if start is None else start.coefs[0],
            )

    def solve_each(self, asked: PathRequest) -> PathResult:
        """Solve every target for an alpha of its own."""
        if self.y.ndim == 1:
            return self.path(asked)
        found = []
        for t in range(self.n_targets):
            mine, start = slice(t, t + 1), asked.start
            if start is not None:
                start = Start(start.coefs[mine], start.intercepts[mine])
            own = asked._replace(alphas=asked.alphas[mine], start=start)
            found.append(self.of_target(t).path(own))
        return PathResult.concat(found)

    def solve_many(self, asked: PathRequest) -> PathResult:
        """Solve every target for alphas of its own, in any order, repeated or not."""
        if self.y.ndim == 1:
            return super().solve_many(asked)
        found = []
        for t in range(self.n_targets):
            own = asked._replace(alphas=asked.alphas[:, t : t + 1])
            found.append(self.of_target(t).solve_many(own).reshaped(-1))
        return PathResult.stack(found)

    def criterion(self, name: str, penalty: Penalty, path: PathResult) -> Floats:
        """Return an information criterion along a path on all rows, (n_alphas,)."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            return information_criteria(
                self.design,
                self.target(),
                self._mean_squares(path),
                penalty,
                path,
                name,
            )

    def _mean_squares(self, path: PathResult) -> Floats:
        """Return the weighted mean squares of the residuals, (n_alphas,)."""
        raise NotImplementedError


@dataclass(frozen=True)
class RowProblem(MatrixProblem):
    """Rows in memory."""

    design: RowDesign
    data: FitData

    @classmethod
    def of(cls, setup: Setup, data: FitData) -> RowProblem:
        """Make a problem of checked rows."""
        n_features, names = data.X.shape[1], data.feature_names
        limits = setup.limits(n_features, names)
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            design = make_design(
                data.X, data.sample_weight, setup.fit_intercept, setup.standardize
            )
        return cls(
            setup, limits, names, n_features, design, data.y, data, y_ndim=data.y.ndim
        )

    def refuse_underflow(self) -> None:
        """Raise where squares of a column of X or y leave the range of float64."""
        X, y, weight, names = self.data
        if y.ndim == 1 and (weight is None or weight.all()):
            # Most are seen at a glance: a y so large varies enough, or is constant.
            with np.errstate(invalid="ignore"):
                sizes = self.design.lengths * self.design.scale
            is_large = sizes.min() >= LEAST and np.abs(y).max() * CONSTANT > WIDEST
            if is_large and sizes.max() < np.inf:
                return
        refuse_underflow(self.setup.name, self.design, X, y, weight, names)

    def _mean_squares(self, path: PathResult) -> Floats:
        weight, rows = self.data.sample_weight, np.arange(len(self.y))
        weight = np.ones(len(rows)) if weight is None else weight
        return mean_squares(self.design, self.y, weight, path, rows)


@dataclass(frozen=True)
class MomentProblem(MatrixProblem):
    """Rows that have been summed up; ``y`` is what replaces the targets."""

    design: ReducedDesign
    moments: CenteredMoments

    @classmethod
    def of(cls, setup: Setup, sums: SumsByFold) -> MomentProblem:
        """Make a problem of the moments of all rows."""
        moments = sums.moments()
        limits = setup.limits(moments.n_features, sums.names)
        variance = moments.cross.diagonal() / moments.total_weight
        sizes = np.maximum(np.sqrt(np.maximum(0.0, variance)), np.abs(moments.mean))
        refuse_small_moments(setup.name, sizes, moments.n_features, sums.names)
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            design = ReducedDesign(moments, setup.fit_intercept, setup.standardize)
        y = design.targets
        if sums.y_ndim == 1:
            y = np.ascontiguousarray(y[:, 0])
        n_features, y_ndim = moments.n_features, sums.y_ndim
        return cls(
            setup, limits, sums.names, n_features, design, y, moments, y_ndim=y_ndim
        )

    def with_design(self, design: ReducedDesign) -> MomentProblem:
        """Return the same problem by another design of the same moments."""
        y = design.targets
        if self.y.ndim == 1:
            y = np.ascontiguousarray(y[:, 0])
        return replace(self, design=design, y=y)

    def _mean_squares(self, path: PathResult) -> Floats:
        return held_out_errors(self.moments, path)


@dataclass(frozen=True)
class OutOfCoreProblem(Problem):
    """Rows that are read in chunks, with too many columns for their moments."""

    rows: WideRows

    @classmethod
    def of_chunks(cls, setup: Setup, reducer: SourceReducer) -> OutOfCoreProblem:
        """Make a problem of rows that are read pass by pass."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            rows = WideRows(reducer, setup.fit_intercept, setup.standardize)
        # Names are known once there was a pass.
        limits = setup.limits(reducer.n_features, reducer.names)
        sizes = rows.thin[-1].magnitudes
        refuse_small_moments(setup.name, sizes, reducer.n_features, reducer.names)
        return cls(setup, limits, reducer.names, reducer.n_features, rows)

    @property
    def n_targets(self) -> int:
        """Columns of y; there is one."""
        return 1

    def alpha_grid(self, penalty: Penalty, n_alphas: int, eps: float) -> Floats:
        """Return alphas from alpha_max down."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            return self.rows.alpha_grid(penalty, n_alphas, eps)

    def path(self, asked: PathRequest) -> PathResult:
        """Solve for strictly decreasing alphas, whatever there is to start from."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            return self.rows.solve_whole(*asked[:3], asked.max_nonzero)


def open_problem(setup: Setup, given: FitRows, *, has_l1: bool) -> Problem:
    """Check rows, and state the problem on them.

    Parameters
    ----------
    setup : Setup
    given : FitRows
    has_l1 : bool
        Whether there is an L1 penalty, without which no column can be left aside.

    Returns
    -------
    problem : Problem

    Raises
    ------
    ValueError, TypeError
        When a parameter or the data is not usable.
    """
    X, y, sample_weight, _, caller = given
    source = as_source(X)
    if source is None:
        data = check_fit_data(caller, X, y, sample_weight)
        return RowProblem.of(setup, data)
    reducer = SourceReducer(source, y, sample_weight)
    if has_l1 and not reducer.is_summed_up:
        return OutOfCoreProblem.of_chunks(setup, reducer)
    if reducer.n_features > MOST_COLUMNS:
        raise ValueError(
            f"{setup.name} without an L1 penalty needs all {reducer.n_features:,} "
            f"columns at once: more than {MOST_COLUMNS:,} are too many for rows that "
            "are read in chunks."
        )
    return MomentProblem.of(setup, reducer.sums())


def require_one_target(name: str, n_targets: int | None, remedy: str) -> None:
    """Refuse a y of several columns where a path of alphas belongs to one target."""
    if n_targets != 1:
        raise ValueError(f"{name} takes one target, but y has {n_targets}: {remedy}.")
