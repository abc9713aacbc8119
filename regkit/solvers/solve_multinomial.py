"""The regularization path of multinomial logistic regression."""

from typing import NamedTuple

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs import RowDesign
from regkit.designs.class_columns import ClassDesign
from regkit.solvers.multinomial import Multinomial
from regkit.solvers.paths.grouped import GroupedPath
from regkit.solvers.paths.newton import NewtonPath
from regkit.solvers.paths.newton_cg import ridge_by_products
from regkit.solvers.paths.newton_walk import few_blas_threads, walk_down
from regkit.solvers.paths.row_space import RowSpace
from regkit.solvers.paths.walk import answered
from regkit.solvers.problem import Penalty, grid_below, require_l1
from regkit.solvers.results import PathResult


def solve_multinomial_path(
    design: RowDesign,
    classes: Indices,
    n_classes: int,
    penalty: Penalty,
    alphas: Floats,
    *,
    offset: Floats | None = None,
    tol: float = 1e-8,
    max_iter: int = 1000,
    start: tuple[Floats, Floats] | None = None,
    max_nonzero: int | None = None,
    is_grouped: bool = False,
) -> PathResult:
    """Minimize ``Σ p_i (log Σ_k e^eta_ik - eta_iy)`` and the penalty of all classes.

    Parameters
    ----------
    design : Design
    classes : ndarray (n,) of int
        The rows' classes, from 0 to ``n_classes - 1``.
    n_classes : int
    penalty : Penalty
        Of each class's coefficients.
    alphas : ndarray (K,)
        Strictly decreasing, non-negative.
    offset : ndarray (n, n_classes) or None
    tol, max_iter : float, int
        As `solve_loss_path` takes them.
    start : pair of ndarray (p, n_classes) and (n_classes,), or None
    max_nonzero : int or None
        End the path before the first solution with more nonzero coefficients, those of
        all classes counted.
    is_grouped : bool
        Whether the L1 part of the penalty is of the norm of each column's coefficients,
        in place of their sizes' sum. There are no bounds then.

    Returns
    -------
    result : PathResult
        Of shape (K, n_classes): what an alpha has one of, as its gap, is repeated. The
        intercepts of an alpha sum to zero where they are fitted.

    Raises
    ------
    ValueError
        Where a class has no row of positive weight.
    """
    problem = _Problem(classes, n_classes, offset, tol, max_iter, is_grouped)
    loss, y, shift = problem.stacked
    if max_nonzero is None:
        quick = ridge_by_products(
            design,
            loss,
            y,
            penalty,
            alphas,
            n_classes,
            offset=shift,
            tol=tol,
            max_iter=max_iter,
        )
        if quick is not None:
            return quick
    rows = RowSpace.of(design, penalty) if max_nonzero is None else None
    if rows is not None:
        duals: list[Floats] = []
        inner = problem.path(rows.design, rows.penalty, alphas, duals=duals)
        found = rows.solutions(inner, loss, y, shift, duals, tol)
        if found is not None:
            return found
    return problem.path(design, penalty, alphas, start, max_nonzero)


def multinomial_alpha_grid(
    design: RowDesign,
    classes: Indices,
    n_classes: int,
    penalty: Penalty,
    n_alphas: int = 100,
    eps: float = 1e-2,
    *,
    offset: Floats | None = None,
    is_grouped: bool = False,
) -> Floats:
    """Return ``n_alphas`` alphas from the true alpha_max down to ``eps`` of it.

    Raises
    ------
    ValueError
        When ``penalty.l1_ratio`` is 0: no finite alpha makes all coefficients zero.
    """
    require_l1(penalty)
    problem = _Problem(classes, n_classes, offset, 1e-10, 1000, is_grouped)
    with few_blas_threads(design):
        walk, _, _ = problem.start(design, penalty)
    return grid_below(walk.top, n_alphas, eps)


class _Problem(NamedTuple):
    """What is fitted, whatever the columns are; see `solve_multinomial_path`."""

    classes: Indices
    n_classes: int
    offset: Floats | None
    tol: float
    max_iter: int
    is_grouped: bool

    @property
    def stacked(self) -> tuple[Multinomial, Floats, Floats | None]:
        """The loss, the classes' indicators and the offsets, class after class."""
        indicators = (self.classes == np.arange(self.n_classes)[:, None]).astype(
            np.float64
        )
        offset = None if self.offset is None else self.offset.T.reshape(-1)
        return Multinomial(self.n_classes), indicators.reshape(-1), offset

    def start(
        self, design: RowDesign, penalty: Penalty
    ) -> tuple[NewtonPath, ClassDesign, Penalty]:
        """Go to the null model of the stacked columns."""
        stacked = ClassDesign(design, self.n_classes)
        spread = penalty.repeated(self.n_classes)
        loss, indicators, offset = self.stacked
        # Squares of a norm are sums of squares: without L1 both penalties are one.
        is_grouped = self.is_grouped and penalty.l1_ratio > 0.0
        walk = (GroupedPath if is_grouped else NewtonPath)(
            stacked,
            loss,
            indicators,
            spread,
            offset=offset,
            tol=self.tol,
            max_iter=self.max_iter,
        )
        answered(walk.start(), stacked)
        return walk, stacked, spread

    def path(
        self,
        design: RowDesign,
        penalty: Penalty,
        alphas: Floats,
        start: tuple[Floats, Floats] | None = None,
        max_nonzero: int | None = None,
        duals: list[Floats] | None = None,
    ) -> PathResult:
        """Solve for all alphas; see `walk_down` for ``duals``."""
        with few_blas_threads(design):
            walk, stacked, spread = self.start(design, penalty)
            if start is not None:
                coef = start[0].T.reshape(-1) * stacked.scale
                answered(walk.start_from(coef, start[1]), stacked)
            limit = stacked.n_features if max_nonzero is None else max_nonzero
            return walk_down(
                walk,
                stacked,
                spread,
                alphas,
                self.tol,
                limit,
                self.n_classes,
                duals,
            )
