"""The losses of all targets or classes of a fit, as estimators ask for them."""

from __future__ import annotations

from dataclasses import dataclass

from regkit._types import Floats, Indices
from regkit.designs import RowDesign
from regkit.solvers.losses import Loss
from regkit.solvers.multinomial import Multinomial
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult
from regkit.solvers.solve_loss import loss_alpha_grid, solve_loss_path
from regkit.solvers.solve_multinomial import (
    multinomial_alpha_grid,
    solve_multinomial_path,
)


@dataclass(frozen=True)
class LossTerm:
    """What a fit minimizes beside its penalty, for some rows of any weights.

    Attributes
    ----------
    loss : Loss or Multinomial
    targets : ndarray (T, n)
        Labels as the loss takes them, counts, or indicators of the classes.
    offset : ndarray (n,), (n, T) of several classes, or None
    """

    loss: Loss | Multinomial
    targets: Floats
    offset: Floats | None

    @property
    def width(self) -> int:
        """How many targets are one problem, with one gap."""
        raise NotImplementedError

    def path(
        self,
        design: RowDesign,
        penalty: Penalty,
        alphas: Floats,
        *,
        tol: float,
        max_iter: int,
        start: tuple[Floats, Floats] | None = None,
        max_nonzero: int | None = None,
    ) -> PathResult:
        """Solve for decreasing alphas; see `solve_loss_path`.

        ``start`` are coefficients (T, p) and intercepts (T,) in the user's units. The
        result has the shape (n_alphas, T).
        """
        raise NotImplementedError

    def alpha_grid(
        self, design: RowDesign, penalty: Penalty, n_alphas: int, eps: float
    ) -> Floats:
        """Return alphas from the smallest without nonzero coefficients down."""
        raise NotImplementedError


@dataclass(frozen=True)
class SeparateTargets(LossTerm):
    """Targets that are a problem each."""

    loss: Loss

    @property
    def width(self) -> int:
        """How many targets are one problem."""
        return 1

    def path(
        self,
        design: RowDesign,
        penalty: Penalty,
        alphas: Floats,
        *,
        tol: float,
        max_iter: int,
        start: tuple[Floats, Floats] | None = None,
        max_nonzero: int | None = None,
    ) -> PathResult:
        """Solve one path per target."""
        starts = [None] * len(self.targets) if start is None else _split(start)
        return PathResult.stack(
            [
                solve_loss_path(
                    design,
                    self.loss,
                    target,
                    penalty,
                    alphas,
                    offset=self.offset,
                    tol=tol,
                    max_iter=max_iter,
                    start=first,
                    max_nonzero=max_nonzero,
                )
                for target, first in zip(self.targets, starts, strict=True)
            ]
        )

    def alpha_grid(
        self, design: RowDesign, penalty: Penalty, n_alphas: int, eps: float
    ) -> Floats:
        """Return the grid of the target whose coefficients become zero last."""
        grids = [
            loss_alpha_grid(
                design, self.loss, y, penalty, n_alphas, eps, offset=self.offset
            )
            for y in self.targets
        ]
        return max(grids, key=lambda grid: float(grid[0]))


@dataclass(frozen=True)
class JointClasses(LossTerm):
    """Classes of a multinomial loss, which are one problem.

    Attributes
    ----------
    codes : ndarray (n,) of int
        The rows' classes.
    is_grouped : bool
        See `solve_multinomial_path`.
    """

    loss: Multinomial
    codes: Indices
    is_grouped: bool = False

    @property
    def width(self) -> int:
        """How many classes there are."""
        return len(self.targets)

    def path(
        self,
        design: RowDesign,
        penalty: Penalty,
        alphas: Floats,
        *,
        tol: float,
        max_iter: int,
        start: tuple[Floats, Floats] | None = None,
        max_nonzero: int | None = None,
    ) -> PathResult:
        """Solve the path of all classes."""
        return solve_multinomial_path(
            design,
            self.codes,
            self.width,
            penalty,
            alphas,
            offset=self.offset,
            tol=tol,
            max_iter=max_iter,
            start=None if start is None else (start[0].T, start[1]),
            max_nonzero=max_nonzero,
            is_grouped=self.is_grouped,
        )

    def alpha_grid(
        self, design: RowDesign, penalty: Penalty, n_alphas: int, eps: float
    ) -> Floats:
        """Return alphas from the smallest without nonzero coefficients down."""
        return multinomial_alpha_grid(
            design,
            self.codes,
            self.width,
            penalty,
            n_alphas,
            eps,
            offset=self.offset,
            is_grouped=self.is_grouped,
        )


def _split(start: tuple[Floats, Floats]) -> list[tuple[Floats, float] | None]:
    """Return the coefficients and the intercept of each target."""
    return [(coef, float(b)) for coef, b in zip(*start, strict=True)]
