"""The quickest way down the alphas of a loss: products, the rows' space, or a walk."""

from dataclasses import dataclass
from typing import Any

from regkit._types import Floats
from regkit.designs.class_columns import ClassDesign
from regkit.designs.protocols import RowDesign
from regkit.solvers.losses import LossTask
from regkit.solvers.paths.hinge import HingePath
from regkit.solvers.paths.newton import NewtonPath
from regkit.solvers.paths.newton_cg import ridge_by_products
from regkit.solvers.paths.newton_walk import few_blas_threads, walking_down
from regkit.solvers.paths.row_space import RowSpace
from regkit.solvers.paths.walk import Asking, answered
from regkit.solvers.problem import Penalty, grid_below, require_l1
from regkit.solvers.results import PathResult


@dataclass(frozen=True)
class LossWalk:
    """A problem, and what walks down its alphas where nothing else is quicker."""

    task: LossTask
    kind: type[NewtonPath]
    n_classes: int | None = None
    """Of classes that are one problem, see `regkit.solvers.solve_multinomial`."""

    def solve(
        self,
        design: RowDesign,
        penalty: Penalty,
        alphas: Floats,
        start: tuple[Floats, Any] | None,
        max_nonzero: int | None,
    ) -> PathResult:
        """Solve for all alphas, by the quickest way."""
        if max_nonzero is None and self.kind is not HingePath:
            quick = ridge_by_products(
                design, self.task, penalty, alphas, self.n_classes
            )
            if quick is not None:
                return quick
        rows = RowSpace.of(design, penalty) if max_nonzero is None else None
        if rows is not None:
            duals: list[Floats] = []
            inner = self._path(rows.design, rows.penalty, alphas, duals=duals)
            found = rows.solutions(inner, self.task, duals)
            if found is not None:
                return found
        return self._path(design, penalty, alphas, start, max_nonzero)

    def grid(
        self, design: RowDesign, penalty: Penalty, n_alphas: int, eps: float
    ) -> Floats:
        """Return alphas from the smallest at which no penalized column enters down."""
        require_l1(penalty)
        with few_blas_threads(design):
            columns, penalty = self._stacked(design, penalty)
            walk = self.kind(columns, self.task, penalty)
            answered(walk.start(), columns)
        return grid_below(walk.top, n_alphas, eps)

    def asking(
        self,
        columns: RowDesign | ClassDesign,
        penalty: Penalty,
        alphas: Floats,
        start: tuple[Floats, Any] | None = None,
        max_nonzero: int | None = None,
        duals: list[Floats] | None = None,
    ) -> Asking[PathResult]:
        """Walk down the alphas; see `walking_down` for ``duals``.

        Of classes that are one problem ``columns`` and ``penalty`` are stacked.
        """
        walk = self.kind(columns, self.task, penalty)
        yield from walk.start()
        if start is not None:
            coef = start[0].T.reshape(-1) * columns.scale
            yield from walk.start_from(coef, start[1])
        limit = columns.n_features if max_nonzero is None else max_nonzero
        tol, n_classes = self.task.tol, self.n_classes
        return (
            yield from walking_down(
                walk, columns, penalty, alphas, tol, limit, n_classes, duals
            )
        )

    def _stacked(
        self, design: RowDesign, penalty: Penalty
    ) -> tuple[RowDesign | ClassDesign, Penalty]:
        """Return the problem of stacked columns where there are classes."""
        if self.n_classes is None:
            return design, penalty
        return ClassDesign(design, self.n_classes), penalty.repeated(self.n_classes)

    def _path(
        self,
        design: RowDesign,
        penalty: Penalty,
        alphas: Floats,
        start: tuple[Floats, Any] | None = None,
        max_nonzero: int | None = None,
        duals: list[Floats] | None = None,
    ) -> PathResult:
        """Walk down the alphas; see `walking_down` for ``duals``."""
        columns, penalty = self._stacked(design, penalty)
        asking = self.asking(columns, penalty, alphas, start, max_nonzero, duals)
        with few_blas_threads(design):
            return answered(asking, columns)
