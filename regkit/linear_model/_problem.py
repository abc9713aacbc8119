"""The front door: rows as users pass them, opened as a problem that solvers take.

Whatever X is, the fits, paths, cross-validations and `fit_path` open it here: rows in
memory become a design; of rows that are read in chunks one pass sums up the moments,
which solvers take in the place of a design; where X has too many columns for that, the
paths are solved out of core.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from regkit._types import Floats
from regkit.designs import Design, RowDesign, make_design
from regkit.designs.reduced import ReducedDesign
from regkit.linear_model._limits import Limits, check_limits
from regkit.linear_model._source_reducer import Names, SourceReducer
from regkit.linear_model._sums import SumsByFold
from regkit.linear_model._underflow import refuse_small_moments, refuse_underflow
from regkit.rows.inputs import FitData, check_fit_data
from regkit.rows.open import as_source
from regkit.solvers.folds.in_memory import PathSettings
from regkit.solvers.folds.out_of_core import MOST_COLUMNS, WideRows
from regkit.solvers.paths.grid import alpha_grid
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult
from regkit.solvers.solve import solve_path


class Setup(NamedTuple):
    """What a fit does with its rows, wherever they are, as the user said it."""

    name: str
    """Of the public class or function, for messages."""
    fit_intercept: bool
    standardize: bool
    positive: bool
    bounds: Any
    penalty_factor: Any

    @classmethod
    def of(cls, estimator: Any) -> Setup:
        """Read the parameters of an estimator."""
        return cls(
            type(estimator).__name__,
            bool(estimator.fit_intercept),
            bool(estimator.standardize),
            estimator.positive,
            estimator.bounds,
            estimator.penalty_factor,
        )

    def limits(self, n_features: int, names: Names) -> Limits:
        """Check the parameters that have an entry per feature, or name features."""
        return check_limits(
            n_features, self.positive, self.bounds, self.penalty_factor, names
        )


class Problem(Protocol):
    """Least squares on some rows; only the penalty is missing."""

    @property
    def limits(self) -> Limits:
        """Penalty factors and bounds."""

    @property
    def feature_names(self) -> Names:
        """Names of the columns of X."""

    @property
    def y_ndim(self) -> int:
        """Dimensions of y as it was passed."""

    @property
    def n_features(self) -> int:
        """Columns of X."""

    @property
    def n_targets(self) -> int:
        """Columns of y, each a problem of its own."""

    def alpha_grid(self, penalty: Penalty, n_alphas: int, eps: float) -> Floats:
        """Return alphas from alpha_max of the first target down."""

    def path(
        self,
        penalty: Penalty,
        alphas: Floats,
        settings: PathSettings,
        *,
        target: int = 0,
        start: Floats | None = None,
        max_nonzero: int | None = None,
    ) -> PathResult:
        """Solve a target for strictly decreasing alphas; see `solve_path`."""

    def refuse_underflow(self, name: str) -> None:
        """Raise where squares of the rows underflow; after the fit, it costs little."""


@dataclass(frozen=True, slots=True)
class MatrixProblem:
    """Rows in memory, or the moments of rows, as solvers see them.

    Attributes
    ----------
    design : Design
    y : ndarray of shape (n,) or (n, n_targets)
        The targets, or what replaces them in a design made of moments.
    limits : Limits
    feature_names : ndarray or None
    """

    design: Design
    y: Floats
    limits: Limits
    feature_names: Names

    @property
    def y_ndim(self) -> int:
        """Dimensions of y as it was passed."""
        return self.y.ndim

    @property
    def n_features(self) -> int:
        """Columns of X."""
        return self.design.n_features

    @property
    def n_targets(self) -> int:
        """Columns of y."""
        return 1 if self.y.ndim == 1 else self.y.shape[1]

    @property
    def targets(self) -> Floats:
        """The targets, of shape (n, n_targets)."""
        return self.y.reshape(len(self.y), -1)

    def target(self, number: int) -> Floats:
        """Return one target, of shape (n,)."""
        return np.ascontiguousarray(self.targets[:, number])

    def alpha_grid(self, penalty: Penalty, n_alphas: int, eps: float) -> Floats:
        """Return alphas from alpha_max of the first target down."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            return alpha_grid(
                self.design, self.target(0), penalty, n_alphas=n_alphas, eps=eps
            )

    def path(
        self,
        penalty: Penalty,
        alphas: Floats,
        settings: PathSettings,
        *,
        target: int = 0,
        start: Floats | None = None,
        max_nonzero: int | None = None,
    ) -> PathResult:
        """Solve a target for strictly decreasing alphas; see `solve_path`."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            return solve_path(
                self.design,
                self.target(target),
                penalty,
                alphas,
                tol=settings.tol,
                max_iter=settings.max_iter,
                solver=settings.solver,
                max_nonzero=max_nonzero,
                start=start,
            )

    def refuse_underflow(self, name: str) -> None:
        """Do nothing: moments are looked at when the problem is made of them."""


@dataclass(frozen=True, slots=True)
class RowProblem(MatrixProblem):
    """Rows in memory."""

    design: RowDesign
    data: FitData

    @classmethod
    def of(cls, setup: Setup, data: FitData) -> RowProblem:
        """Make a problem of checked rows."""
        limits = setup.limits(data.X.shape[1], data.feature_names)
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            design = make_design(
                data.X, data.sample_weight, setup.fit_intercept, setup.standardize
            )
        return cls(design, data.y, limits, data.feature_names, data)

    def refuse_underflow(self, name: str) -> None:
        """Raise where squares of a column of X or y underflow."""
        X, y, weight, names = self.data
        refuse_underflow(name, self.design, X, y, weight, names)


@dataclass(frozen=True, slots=True)
class MomentProblem(MatrixProblem):
    """Rows that have been summed up; ``y`` is what replaces the targets."""

    design: ReducedDesign

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
        return cls._by(design, sums.y_ndim, limits, sums.names)

    @classmethod
    def _by(
        cls, design: ReducedDesign, y_ndim: int, limits: Limits, names: Names
    ) -> MomentProblem:
        targets = design.targets
        y = np.ascontiguousarray(targets[:, 0]) if y_ndim == 1 else targets
        return cls(design, y, limits, names)

    def with_design(self, design: ReducedDesign) -> MomentProblem:
        """Return the same problem by another design of the same moments."""
        return self._by(design, self.y_ndim, self.limits, self.feature_names)


@dataclass(frozen=True, slots=True)
class OutOfCoreProblem:
    """Rows that are read in chunks, with too many columns for their moments."""

    rows: WideRows
    limits: Limits
    feature_names: Names
    y_ndim: int = 1
    n_targets: int = 1

    @classmethod
    def of_chunks(cls, setup: Setup, reducer: SourceReducer) -> OutOfCoreProblem:
        """Make a problem of rows that are read pass by pass."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            rows = WideRows(reducer, setup.fit_intercept, setup.standardize)
        # Names are known once there was a pass.
        limits = setup.limits(reducer.n_features, reducer.names)
        sizes = rows.thin[-1].magnitudes
        refuse_small_moments(setup.name, sizes, reducer.n_features, reducer.names)
        return cls(rows, limits, reducer.names)

    @property
    def n_features(self) -> int:
        """Columns of X."""
        return self.rows.n_features

    def alpha_grid(self, penalty: Penalty, n_alphas: int, eps: float) -> Floats:
        """Return alphas from alpha_max down."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            return self.rows.alpha_grid(penalty, n_alphas, eps)

    def path(
        self,
        penalty: Penalty,
        alphas: Floats,
        settings: PathSettings,
        *,
        target: int = 0,
        start: Floats | None = None,
        max_nonzero: int | None = None,
    ) -> PathResult:
        """Solve for strictly decreasing alphas; there is one target, and no start."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            return self.rows.solve_whole(penalty, alphas, settings, max_nonzero)

    def refuse_underflow(self, name: str) -> None:
        """Do nothing: moments are looked at when the problem is made."""


def open_problem(
    setup: Setup, caller: Any, X: Any, y: Any, sample_weight: Any, *, has_l1: bool
) -> Problem:
    """Check rows, and state the problem on them.

    Parameters
    ----------
    setup : Setup
    caller : estimator or str
        Named in messages about X and y.
    X, y, sample_weight : object
        As the user passed them.
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


def solve_each(
    problem: Problem,
    penalty: Penalty,
    alphas: Floats,
    settings: PathSettings,
    starts: Floats | None = None,
) -> PathResult:
    """Solve every target for an alpha of its own.

    Parameters
    ----------
    problem : Problem
    penalty : Penalty
    alphas : ndarray of shape (n_targets,)
    settings : PathSettings
    starts : ndarray of shape (n_targets, n_features) or None
        Coefficients to start from.

    Returns
    -------
    result : PathResult
        Of shape (n_targets,).
    """
    return PathResult.concat(
        [
            problem.path(
                penalty,
                alphas[t : t + 1],
                settings,
                target=t,
                start=None if starts is None else starts[t],
            )
            for t in range(problem.n_targets)
        ]
    )


def solve_paths(
    problem: Problem, penalty: Penalty, alphas: Floats, settings: PathSettings
) -> PathResult:
    """Solve every target for several alphas, in any order, repeated or not.

    Parameters
    ----------
    problem : Problem
    penalty : Penalty
    alphas : ndarray of shape (n_values, n_targets)
    settings : PathSettings

    Returns
    -------
    result : PathResult
        Of the shape of ``alphas``, and in their order.
    """
    paths = []
    for t in range(problem.n_targets):
        ascending, place = np.unique(alphas[:, t], return_inverse=True)
        decreasing = np.ascontiguousarray(ascending[::-1])
        path = problem.path(penalty, decreasing, settings, target=t)
        paths.append(path.take(len(ascending) - 1 - place))
    return PathResult.stack(paths)
