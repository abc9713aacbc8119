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
from regkit.kernels.linear.terms import Point
from regkit.solvers.losses import LossTask
from regkit.solvers.paths import pivoting
from regkit.solvers.paths.certificate import LossCertificate
from regkit.solvers.paths.newton import NewtonPath
from regkit.solvers.paths.newton_walk import (
    ColumnScales,
    SolutionBlock,
    path_of_blocks,
)
from regkit.solvers.paths.quickest import LossWalk
from regkit.solvers.paths.screening import Answer, Request
from regkit.solvers.paths.walk import answered
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult


class Member(NewtonPath):
    """One of the problems; its model has the columns of all, in their order."""

    def __init__(self, design: RowDesign, task: LossTask, penalty: Penalty) -> None:
        super().__init__(design, task, penalty)
        answered(self.screen(), design)
        self.design, self._task = design, task
        self._unpenalized = np.empty(0, dtype=np.int64)
        self.top = self.alpha = self.penalty.largest_alpha(self._screen.correlation)
        self.rows = self._kernel_rows(np.zeros(len(task.y)))
        self.columns: Indices = np.empty(0, dtype=np.int64)
        self.is_alone = self.null_deviance == 0.0
        self.n_solved = 0  # alphas
        self.is_first = False
        self.blocks: list[SolutionBlock] = []
        self._order: Indices | None = None  # of the rows; None for that of the design

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
        return self._kernel_settings(self._max_iter, price)

    @property
    def goal(self) -> float:
        return self._goal

    @property
    def rank(self) -> int | None:
        """How many columns may be free; None for all."""
        return None if self.penalty.is_ridged else self._design.max_rank

    def take_place(self, rows: LossRows, working: loss_model.Working) -> None:
        """Go on in this room."""
        self.rows = rows
        self.problem, self.state = working.problem, working.state
        self.square, self.sums = working.square, working.sums
        self._since, self._settled = working.since, working.settled
        self.figures = working.figures
        if not self.columns.size:
            self.figures[loss_model.INTERCEPT] = self.intercept
            self.figures[loss_model.ALPHA] = self.alpha
            self.figures[loss_model.IS_NEW] = 1.0

    def wanted(self, alpha: float, is_new: bool) -> Indices:
        """Return the columns that a solution at ``alpha`` may need."""
        threshold = alpha
        if is_new and np.isfinite(self.alpha):
            threshold = max(2.0 * alpha - self.alpha, 0.8 * alpha)
        return self._screen.wanted(threshold, int(self.state.size[0]))

    def admit(self, columns: Indices, products: Floats, gram: Floats) -> None:
        """Take columns in at zero; ``gram`` are their rows of G, of all columns."""
        old, new = len(self.columns), len(self.columns) + len(columns)
        self._screen.outside[columns] = False
        self.columns = np.concatenate([self.columns, columns])
        self.square[old:new] = self.penalty.square[columns]
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
        self.sums[:size] = 0.0
        if self._design.fit_intercept and total > 0.0:
            self.sums[:size] = sums
            squares = np.diagonal(gram)
            gram = gram - np.outer(sums / total, sums)
            if not self._loss.is_smooth:
                gram = pivoting.without_rounding(gram, squares)
        self.problem.gram[:size, :size] = gram
        figures[loss_model.TOTAL] = total
        figures[loss_model.WORN] = figures[loss_model.IS_NEW] = 1.0
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
                Point(self._looked_at, self.coef, self._screen.correlation),
                alpha,
                rows.eta,
                rows.dual,
                float(figures[loss_model.DIVERGENCE]),
                self._goal,
            )
        self.gap = float(gap)
        self._settled[:] = rows.curvature
        self.alpha = min(alpha, self.alpha)
        figures[loss_model.ALPHA] = self.alpha
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
                np.array([self.deviance if self.is_first else np.nan]),
            )
        )

    def take_solutions(self, coefs: Floats, found: Floats) -> None:
        """Take what `loss_rounds.descend` has found, for some alphas."""
        self.coef[self.columns] = coefs[-1]
        self.alpha = float(self.figures[loss_model.ALPHA])
        self.gap = float(found[-1, 1])
        self.n_solved += len(coefs)
        coefs = coefs[:, np.argsort(self.columns)]
        at, places = np.nonzero(coefs)
        self.blocks.append(
            SolutionBlock(
                np.bincount(at, minlength=len(coefs)),
                np.sort(self.columns)[places],
                coefs[at, places],
                found[:, :1],
                found[:, 1],
                found[:, 2].astype(np.int64),
                np.maximum(0.0, found[:, 3] - self._least_value),
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

    def result(self, whole: RowDesign, penalty: Penalty, alphas: Floats) -> PathResult:
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
                    self._tol,
                    ColumnScales(design.scale, whole.offset, design.fit_intercept),
                )
            )
        if self.n_solved < len(alphas):
            start = None
            if found:
                last = found[0].at(self.n_solved - 1)
                start = last.coefs[:, 0], float(last.intercepts[0])
            walk = LossWalk(self._task, NewtonPath)
            rest = alphas[self.n_solved :]
            found.append(walk.solve(design, penalty, rest, start, None))
        return found[0] if len(found) == 1 else PathResult.concat(found)
