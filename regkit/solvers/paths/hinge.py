"""Paths of the hinge loss: smoothed less and less, until its own gap is closed.

A dual point of the smoothed hinge is one of the hinge, so that each smoothed solution
has a gap for the hinge itself: the smoothed gap and at most a quarter of the width for
each row whose margin is on the kink, as a share of all. The solution of a narrower
smoothing is close, and where the rows on the kink have been found, Newton's method is
exact in one step.
"""

from typing import Any

import numpy as np

from regkit._types import Floats
from regkit.designs.protocols import WeightedDesign
from regkit.solvers.losses import PathLoss, smoothed_hinge
from regkit.solvers.paths.newton import NewtonPath
from regkit.solvers.paths.walk import Asking
from regkit.solvers.problem import Penalty

_WIDEST, _NARROWEST = 1.0, 1e-11
# A width is so many times narrower than the one before.
_NARROWING = 4.0


class HingePath(NewtonPath):
    """`NewtonPath` for the hinge loss."""

    # Without it no step would have a length where no row is on the kink.
    _damping = 1e-2
    _patience = 60

    def __init__(
        self,
        design: WeightedDesign,
        loss: PathLoss,
        y: Floats,
        penalty: Penalty,
        *,
        offset: Floats | None,
        tol: float,
        max_iter: int,
        judge: PathLoss | None = None,
    ) -> None:
        """Take the problem; ``loss`` is the hinge, which is its own judge."""
        self._width = _WIDEST
        super().__init__(
            design,
            smoothed_hinge(_WIDEST),
            y,
            penalty,
            offset=offset,
            tol=tol,
            max_iter=max_iter,
            judge=loss if judge is None else judge,
        )

    def step(self, alpha: float) -> Asking[int]:
        if alpha >= self.alpha and self.null_deviance > 0.0:
            # The null model is known for the smoothed hinge alone.
            return (yield from self._settle(alpha))
        return (yield from super().step(alpha))

    def start_from(self, coef: Floats, intercept: Any) -> Asking[None]:
        self._smooth(_WIDEST)
        yield from super().start_from(coef, intercept)

    def _smooth(self, width: float) -> None:
        """Go on with the loss smoothed over ``width``."""
        self._width = width
        self._loss = smoothed_hinge(width)
        self._differentiate()
        self._weight = np.empty(0)
        self._products = None

    def _settle(self, alpha: float) -> Asking[int]:
        """Narrow the smoothing until the hinge's gap is closed."""
        self._smooth(_WIDEST)
        before = self.alpha
        n_iter = 0
        while True:
            # The strong rule is for the step in alpha: once.
            n_iter += yield from super()._settle(alpha)
            if self.gap <= self._goal or self._width <= _NARROWEST:
                break
            if n_iter >= self._max_iter:
                break
            self._smooth(self._width / _NARROWING)
        self.alpha = min(alpha, before)
        return n_iter
