"""The two inner solvers that work on a growing set of columns.

Both start empty, take columns as screening admits them, and minimize over the columns
they hold: `ActiveSet` exactly, through a Gram matrix and a Cholesky factor;
`Descent` by coordinate descent on the residual, where the support is too large for a
factor or the user asks for it.
"""

from typing import NamedTuple, Protocol

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs import Design
from regkit.solvers.paths import pivoting
from regkit.solvers.paths.certificate import Products, within
from regkit.solvers.problem import ScaledProblem

# Squares of columns have too few digits where less than this share is a column's own.
_DOUBTED = 1e-6


class DualPoint(NamedTuple):
    """A residual moved until free columns have the slopes that the optimum asks for."""

    residual: Floats
    slopes: Floats
    """One per column of the working set, nan where they are not known exactly."""
    move_square: float
    """|move|²."""


class Inner(Protocol):
    """What the path driver asks of an inner solver."""

    name: str
    columns: Indices  # the working set, in order of arrival

    def add(self, columns: Indices) -> None:
        """Take ``columns`` in, at coefficient zero."""

    def minimize(self, alpha: float, goal: float) -> int:
        """Minimize over the working set; return the iterations made.

        A solver that only comes closer stops once its duality gap is below ``goal``.
        """

    def restart(self, coef: Floats) -> None:
        """Go on from ``coef``, in the working set's order."""

    def coef(self) -> Floats:
        """Return the coefficients of the working set, in its order."""

    def residual(self) -> Floats:
        """Return ``y - Z b``, computed afresh."""

    def correlate(self, residual: Floats) -> Floats | None:
        """Return the working set's correlations with a residual of its own.

        None where they are better asked for together with those of other columns.
        """

    def gathered(self, chosen: Indices) -> Products:
        """Return products of the ``chosen`` columns; see `Certificate`."""

    @property
    def is_doubtful(self) -> bool:
        """Whether squares of the columns are known to keep too few digits."""

    def n_refused(self, columns: Indices) -> int:
        """Count those of ``columns`` known to depend on others, which stay fixed."""

    def refresh(self, correlation: Floats) -> None:
        """Take the exact correlations of all columns with the residual."""

    def dual_point(self, alpha: float) -> DualPoint | None:
        """Return a dual point nearer to the optimum than the residual, or None."""


class WorkingSet:
    """What inner solvers begin with: no columns."""

    def __init__(
        self, design: Design, problem: ScaledProblem, products: Floats, max_iter: int
    ) -> None:
        self.columns: Indices = np.empty(0, dtype=np.int64)
        self._design = design
        self._full = problem
        self._products = products  # Zᵀy
        self._max_iter = max_iter
        self._begin()

    def _begin(self) -> None:
        """Make what the solver keeps of its columns."""
        raise NotImplementedError

    def dual_point(self, alpha: float) -> DualPoint | None:
        return None


class ActiveSet(WorkingSet):
    """Block pivoting on the Gram matrix of the working set."""

    name = "active_set"

    def _begin(self) -> None:
        self._store = self._design.columns()
        self._rank = self._design.max_rank
        self._ridged = self._full.penalty.is_ridged
        self._problem = pivoting.empty_problem(0)
        self._state = pivoting.empty_state(0, 0)

    def _make_room(self, size: int) -> None:
        capacity = len(self._problem.target)
        if size <= capacity:
            return
        problem, state = self._problem, self._state
        capacity = max(2 * capacity, size, 64)
        rank = capacity if self._ridged else self._rank
        self._problem, self._state = pivoting.with_room(problem, state, capacity, rank)

    def add(self, columns: Indices) -> None:
        size, new = len(self.columns), len(self.columns) + len(columns)
        self._make_room(new)
        self._store.append(columns)
        rows = self._store.gram(size)
        gram = self._problem.gram
        gram[size:new, :new] = rows
        gram[:size, size:new] = rows[:, :size].T
        penalty = self._full.penalty.by_column
        for mine, theirs in zip(self._problem[2:], penalty, strict=True):
            mine[size:new] = theirs[columns]
        products = self._products[columns]
        self._problem.target[size:new] = products
        self._state.correlation[size:new] = products - rows @ self._state.coef[:new]
        self.columns = np.concatenate([self.columns, columns])

    def restart(self, coef: Floats) -> None:
        pivoting.set_coef(self._problem, self._state, coef)

    def minimize(self, alpha: float, goal: float) -> int:
        return pivoting.minimize(
            self._problem,
            self._state,
            len(self.columns),
            alpha,
            self._ridged,
            self._max_iter,
        )

    def coef(self) -> Floats:
        return self._state.coef[: len(self.columns)]

    def residual(self) -> Floats:
        return self._store.residual(self._full.target, self.coef())

    def correlate(self, residual: Floats) -> Floats | None:
        return None

    def gathered(self, chosen: Indices) -> Products:
        n = len(self.columns)
        return within(self._problem.gram[:n, :n])(chosen)

    def n_refused(self, columns: Indices) -> int:
        held = np.isin(self.columns, columns)
        stays = pivoting.stays_inside(self._problem, self._state)
        return int(np.count_nonzero(held & stays[: len(held)]))

    @property
    def is_doubtful(self) -> bool:
        """Whether columns depend on others, or nearly: squares keep too few digits."""
        state, k = self._state, self._state.size[0]
        squares = self._problem.gram.diagonal()[state.active[:k]]
        pivots = state.factor.diagonal()[:k] ** 2
        return bool(k < len(self.columns) or np.any(pivots <= _DOUBTED * squares))

    def refresh(self, correlation: Floats) -> None:
        self._state.correlation[: len(self.columns)] = correlation[self.columns]
