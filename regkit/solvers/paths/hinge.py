"""Paths of the hinge loss: smoothed less and less, until its own gap is closed.

A dual point of the smoothed hinge is one of the hinge, so that each smoothed solution
has a gap for the hinge itself: the smoothed gap and at most a quarter of the width for
each row whose margin is on the kink, as a share of all. The solution of a narrower
smoothing is close, and where the rows on the kink have been found, Newton's method is
exact in one step.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from regkit._types import EPS, Floats
from regkit.designs.protocols import WeightedDesign
from regkit.solvers.losses import LossTask, smoothed_hinge
from regkit.solvers.paths.newton import NewtonPath
from regkit.solvers.paths.walk import Asking
from regkit.solvers.problem import Penalty

_WIDEST, _NARROWEST = 1.0, 1e-11
# A width is so many times narrower than the one before.
_NARROWING = 4.0
# Gaps above this share of the null deviance are not yet those of a solution.
_SMALL = 1e-9
# Coefficients that move margins by up to so many widths may be the smoothing's.
_TRACE = 100.0


class _Solution(NamedTuple):
    """What a width leaves to go back to."""

    gap: float
    coef: Floats
    intercept: Any
    eta: Floats
    dual: Floats
    correlation: Floats


class HingePath(NewtonPath):
    """`NewtonPath` for the hinge loss."""

    # Without it no step would have a length where no row is on the kink.
    _damping = 1e-2
    _patience = 60

    def __init__(
        self, design: WeightedDesign, task: LossTask, penalty: Penalty
    ) -> None:
        """Take the problem, of the hinge loss, which is its own judge."""
        self._width = _WIDEST
        smoothed = replace(task, loss=smoothed_hinge(_WIDEST))
        super().__init__(design, smoothed, penalty, judge=task.loss)

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
        n_iter, best = 0, None
        while True:
            # The strong rule is for the step in alpha: once.
            n_iter += yield from super()._settle(alpha)
            if best is not None and not self.gap < best.gap:
                # Below some width rounding errors are all that is left.
                self._return_to(best)
                break
            if self.gap <= self._goal or self._width <= _NARROWEST:
                break
            if n_iter >= self._max_iter:
                break
            if self.gap <= _SMALL * self.null_deviance:
                best = _Solution(
                    self.gap,
                    self.coef.copy(),
                    self.intercept,
                    self.eta,
                    self._dual,
                    self._screen.correlation.copy(),
                )
            self._smooth(self._width / _NARROWING)
        yield from self._drop_traces(alpha)
        self.alpha = min(alpha, before)
        return n_iter

    def _return_to(self, solution: _Solution) -> None:
        """Go back to a solution of a wider smoothing."""
        model, screen = self._model, self._screen
        used = np.flatnonzero(solution.coef)
        self._admit(used[screen.outside[used]])
        self.gap, _, self.intercept, self.eta, self._dual, _ = solution
        self.coef[:] = solution.coef
        screen.correlation[:] = solution.correlation
        model.restart(solution.coef[model.columns])
        model.correlation[:] = solution.correlation[model.columns]

    def _drop_traces(self, alpha: float) -> Asking[None]:
        """Set coefficients to zero that the smoothing alone keeps from it.

        The hinge's gap decides, which smoothing moves by a quarter of the width.
        """
        model, gap = self._model, self.gap
        coef, before = model.coef.copy(), (self.eta, self.intercept)
        sizes = np.abs(coef) * self._design.lengths[model.columns]
        traces = np.where(sizes <= _TRACE * self._width, coef, 0.0)
        if not traces.any():
            return
        self.eta = self.eta - model.combine(traces)
        if self._design.fit_intercept:
            shift = _least_shift(self._y, self._share, self.eta)
            self.eta, self.intercept = self.eta + shift, self.intercept + shift
        model.restart(coef - traces)
        yield from self._certify(alpha)
        most = self._goal if gap <= self._goal else gap + self._width
        if not self.gap <= most:
            self.eta, self.intercept = before
            model.restart(coef)
            yield from self._certify(alpha)


def _least_shift(y: Floats, share: Floats, eta: Floats) -> float:
    """Return the number that, added to ``eta``, makes the mean hinge loss least.

    The loss is linear between the numbers that put a row's margin at 1.
    """
    kinks = y - eta
    order = np.argsort(kinks)
    slopes = np.cumsum(share[order]) - float(share[y > 0.0].sum())
    return float(kinks[order[np.searchsorted(slopes, -EPS)]])
