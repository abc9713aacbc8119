"""One of the problems that go down the alphas side by side: a fold, or all rows."""

from typing import Any

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs import RowDesign
from regkit.kernels.linear import loss_model
from regkit.kernels.linear.loss_policy import (
    AHEAD,
    CLOSE,
    LEAST_WEIGHT,
    MOST_WEIGHT,
)
from regkit.kernels.linear.loss_steps import LossRows
from regkit.solvers.losses import Loss
from regkit.solvers.paths import pivoting
from regkit.solvers.paths.certificate import LossCertificate
from regkit.solvers.paths.newton import NewtonPath
from regkit.solvers.paths.newton_walk import (
    ColumnScales,
    SolutionBlock,
    path_of_blocks,
)
from regkit.solvers.paths.screening import Answer, Request
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult
from regkit.solvers.solve_loss import solve_loss_path


class Member(NewtonPath):
    """One of the problems; its model has the columns of all, in their order."""

    def __init__(
        self,
        design: RowDesign,
        loss: Loss,
        y: Floats,
        penalty: Penalty,
        **options: Any,
    ) -> None:
        super().__init__(design, loss, y, penalty, **options)
        self.design = design
        self._unpenalized = np.empty(0, dtype=np.int64)
        self.top = self.alpha = self.penalty.largest_alpha(self._screen.correlation)
        n = len(y)
        self.rows = LossRows(
            loss.code,
            loss.power,
            y.copy(),
            self._share.copy(),
            np.zeros(n),
            self.eta.copy(),
            self._dual.copy(),
            np.zeros(n),
            np.zeros(n),
            np.zeros(n),
            self._residual.copy(),
            self._curvature.copy(),
        )
        self.columns: Indices = np.empty(0, dtype=np.int64)
        self.problem = pivoting.empty_problem(0)
        self.state = pivoting.empty_state(0, 0)
        self.sums = np.empty(0)
        self.square = np.empty(0)
        self.figures = np.zeros(loss_model.N_FIGURES)
        self.figures[loss_model.INTERCEPT] = self.intercept
        self.figures[loss_model.IS_NEW] = 1.0
        self._settled = np.zeros(n)
        self._order: Indices | None = None  # of the rows; None for that of the design
        self.n_solved = 0  # alphas
        self.is_alone = self.null_deviance == 0.0
        self.blocks: list[SolutionBlock] = []

    def sort_rows(self, order: Indices) -> None:
        """Go on with the rows in another order."""
        self._order = order
        self.rows = LossRows(
            self.rows.code, self.rows.power, *(row[order] for row in self.rows[2:])
        )
        self._certificate = LossCertificate(
            self.penalty, self._judge, self.rows.y, self.rows.share, self.null_deviance
        )

    def _weighted_dual(self) -> Floats:
        """Return the dual point times roots of shares, in the order of the design."""
        if self._order is None:
            return self._root * self.rows.dual
        dual = np.empty_like(self._root)
        dual[self._order] = self.rows.dual
        dual *= self._root
        return dual

    def settings(self, price: float) -> loss_model.Settings:
        """Return what stays the same on the path."""
        loss: Any = self._loss
        return loss_model.Settings(
            self._design.fit_intercept,
            self.penalty.is_ridged,
            loss.is_smooth,
            loss.curvature_bound,
            self._goal,
            self.null_deviance,
            self._max_iter,
            price,
        )

    def working(self) -> loss_model.Working:
        """Return the model as kernels take it."""
        return loss_model.Working(
            _NO_COLUMNS,
            _NO_COLUMNS,
            self.problem,
            self.state,
            self.square,
            self.sums,
            self._since,
            self._settled,
            self.figures,
        )

    def wanted(self, alpha: float, is_new: bool) -> Indices:
        """Return the columns that a solution at ``alpha`` may need."""
        threshold = alpha
        if is_new and np.isfinite(self.alpha):
            threshold = max(2.0 * alpha - self.alpha, 0.8 * alpha)
        return self._screen.wanted(threshold, int(self.state.size[0]))

    def admit(self, columns: Indices, products: Floats, gram: Floats) -> None:
        """Take columns in at zero; ``gram`` are their rows of G, of all columns."""
        old, new = len(self.columns), len(self.columns) + len(columns)
        capacity = len(self.problem.target)
        if new > capacity:
            capacity = max(2 * capacity, new, 64)
            rank = capacity if self.penalty.is_ridged else self._design.max_rank
            self.problem, self.state = pivoting.with_room(
                self.problem, self.state, capacity, rank
            )
        self._screen.outside[columns] = False
        self.columns = np.concatenate([self.columns, columns])
        self.square = self.penalty.square[self.columns]
        for mine, all_ in zip(self.problem[2:], self.penalty.by_column, strict=True):
            mine[old:new] = all_[columns]
        state, problem = self.state, self.problem
        state.coef[old:new] = 0.0
        state.free[old:new] = False
        state.correlation[old:new] = products
        problem.gram[old:new, :new] = gram
        problem.gram[:old, old:new] = gram[:, :old].T
        problem.target[old:new] = products + gram @ state.coef[:new]

    def take_gram(
        self, weight: Floats, gram: Floats, sums: Floats, total: float
    ) -> None:
        """Take a new model; ``weight`` are the rows', not times their shares."""
        size, figures = len(self.columns), self.figures
        self.rows.weight[:] = weight
        self.sums = np.zeros(size)
        if self._design.fit_intercept and total > 0.0:
            self.sums = sums
            gram = gram - np.outer(sums / total, sums)
        self.problem.gram[:size, :size] = gram
        figures[loss_model.TOTAL] = total
        figures[loss_model.IS_NEW] = 1.0
        coef = self.state.coef[:size]
        self.problem.target[:size] = self.state.correlation[:size] + gram @ coef

    def undecided(self, alpha: float) -> Request | None:
        """Ask for the columns outside that may exceed their threshold at ``alpha``."""
        columns, screen = self.columns, self._screen
        size = len(columns)
        self.coef[columns] = self.state.coef[:size]
        screen.correlation[columns] = self.state.correlation[:size]
        self._looked_at = columns
        if not screen.outside.any():
            return None
        dual = self._weighted_dual()
        found = screen.foresee(dual, alpha)
        self._looked_at = np.concatenate([columns, found])
        return screen.request(dual, found, columns[:0]) if len(found) else None

    def take(self, request: Request, answer: Answer) -> None:
        """Take the correlations asked for."""
        self._screen.take(request.residual, answer)

    def settle(self, alpha: float) -> None:
        """Record the solution at ``alpha``."""
        figures, rows = self.figures, self.rows
        gap = figures[loss_model.GAP] if len(self.columns) else 0.0
        is_known = len(self._looked_at) == len(self.columns) and gap <= self._goal
        if not is_known and len(self._looked_at):
            gap = self._certificate.gap(
                self._looked_at,
                self.coef,
                self._screen.correlation,
                alpha,
                rows.eta,
                rows.dual,
                float(figures[loss_model.DIVERGENCE]),
                self._goal,
            )
        self.gap = float(gap)
        self._settled[:] = rows.curvature
        self.alpha = min(alpha, self.alpha)
        self.n_solved += 1
        support = np.flatnonzero(self.coef)
        self.blocks.append(
            SolutionBlock(
                np.array([len(support)]),
                support,
                self.coef[support],
                figures[loss_model.INTERCEPT].reshape(1, 1),
                np.array([self.gap]),
                np.array([max(1, int(figures[loss_model.N_SOLVES]))]),
                np.array([self.deviance]),
            )
        )

    @property
    def deviance(self) -> float:
        rows = self.rows
        value = self._judge.value_at(
            rows.y, rows.share, rows.eta, rows.residual, rows.curvature
        )
        return max(0.0, value - self._least_value)

    def extrapolated(self, alpha: float) -> Floats:
        """Return the rows' weights for a Gram matrix that is to serve a while."""
        loss: Any = self._loss
        weight = self.rows.curvature
        if self.n_solved == 0 or alpha < CLOSE * self.alpha:
            return weight.copy()
        ahead = weight + AHEAD * (weight - self._settled)
        most = np.minimum(MOST_WEIGHT * weight, loss.curvature_bound)
        return np.clip(ahead, LEAST_WEIGHT * weight, most)

    def result(
        self,
        whole: RowDesign,
        penalty: Penalty,
        alphas: Floats,
        *,
        offset: Floats | None,
        tol: float,
    ) -> PathResult:
        """Return the path; what was not to be solved side by side is solved now."""
        design, found = self.design, []
        if self.blocks:
            # Intercepts are those beside columns with the means of all rows.
            found.append(
                path_of_blocks(
                    self.blocks,
                    self,
                    penalty,
                    alphas,
                    tol,
                    ColumnScales(design.scale, whole.offset, design.fit_intercept),
                )
            )
        if self.n_solved < len(alphas):
            start = None
            if found:
                last = found[0].at(self.n_solved - 1)
                start = last.coefs[:, 0], float(last.intercepts[0])
            loss: Any = self._loss
            found.append(
                solve_loss_path(
                    design,
                    loss,
                    self._y,
                    penalty,
                    alphas[self.n_solved :],
                    offset=offset,
                    tol=tol,
                    max_iter=self._max_iter,
                    start=start,
                )
            )
        return found[0] if len(found) == 1 else PathResult.concat(found)


_NO_COLUMNS = np.empty((0, 0))
