"""What a walk down a path of alphas goes over: its problems, points and cells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import inf, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import EPS, Floats, Indices
from regkit.kernels.linear.terms import Point
from regkit.solvers.folds.loss_model import Minimum
from regkit.solvers.folds.loss_passes import Curvatures, LossSums, Training
from regkit.solvers.problem import ScaledPenalty

# Steps in a row that may leave most of a gap.
PATIENCE = 8
# A dual point's sum below this share of its absolute entries' sum is rounding error.
_BALANCED = 1e-11


class WalkProblem(NamedTuple):
    """One of the problems of a walk."""

    training: Training
    penalty: ScaledPenalty
    """Of all classes' columns, class after class."""
    scale: Floats
    """(p,), the units of its columns."""
    null_deviance: float


@dataclass(frozen=True, eq=False, slots=True)
class Base:
    """A point that a pass has evaluated."""

    coef: Floats
    """(width * p,), in the units of the problem's columns."""
    intercept: Floats
    """(width,)"""
    deviance: float
    products: Floats
    """(width * p,), of the columns, in their units, with the residuals."""
    imbalance: Floats
    """(width,), the residuals' sums."""
    held_out: float = np.nan
    """The deviance of the rows held out."""
    is_met: bool = False
    """Whether nothing is left of the targets."""


@dataclass(frozen=True, eq=False, slots=True)
class Formed:
    """Second derivatives that a pass has formed."""

    place: float
    """The logarithm of the alpha that they are for."""
    weigher: int
    """The problem whose weights of classes they have."""
    point: tuple[Floats, Floats]
    """User's units, of that problem."""
    by_fold: Curvatures


class NullModels(NamedTuple):
    """The null models of all problems, and second derivatives at those of all rows."""

    bases: list[Base]
    deviances: list[float]
    formed: list[Formed]
    columns: Indices
    """Those of the second derivatives."""


@dataclass(eq=False, slots=True)
class Cell:
    """One problem at one alpha.

    Attributes
    ----------
    base : Base
        The best point known.
    gap : float
        There.
    is_new : bool
        Whether no point was found yet, beside where its model starts.
    own : Formed or None
        Second derivatives at ``base``, of this problem's rows alone.
    is_waiting : bool
        Whether the last step did not help, so that those are to be formed.
    is_slow : bool
        Whether a step by the derivatives of others left much of the gap.
    tries_lengths : bool
        Whether the next step may be as short as it has to.
    """

    base: Base
    gap: float = inf
    contraction: float = inf
    n_iter: int = 0
    is_new: bool = True
    is_done: bool = False
    own: Formed | None = None
    is_waiting: bool = False
    tries_lengths: bool = False
    is_slow: bool = False
    patience: int = PATIENCE
    refused: NDArray[np.bool_] | None = None


class Proposal(NamedTuple):
    """A point to evaluate for a cell."""

    problem: int
    place: int
    found: Minimum
    formed: Formed
    length: float

    def applied(self, base: Base, places: Indices) -> tuple[Floats, Floats]:
        """Return the coefficients and intercepts that the step leads to."""
        coef = base.coef.copy()
        if self.length == 1.0:
            coef[places] = self.found.coef
        else:
            own = coef[places]
            coef[places] = own + self.length * (self.found.coef - own)
        return coef, base.intercept + self.length * self.found.shift


class Use(Enum):
    """What second derivatives are for."""

    SHARED = 1
    """Other alphas and folds too."""
    OWN = 2
    """The next step of this solution alone."""
    WAITING = 3
    """The same, from where the last step did not help."""


class Wanted(NamedTuple):
    """Where a pass forms second derivatives."""

    problem: int
    place: int
    point: int
    use: Use


class Points:
    """The points of a pass, each once."""

    def __init__(self, width: int, p: int) -> None:
        self._width, self._p = width, p
        self._coefs: list[Floats] = []
        self._intercepts: list[Floats] = []
        self._known: dict[int, int] = {}

    def add(self, coef: Floats, intercept: Floats, scale: Floats) -> int:
        by_class = coef.reshape(self._width, self._p) / scale
        return self._add(by_class, intercept)

    def _add(self, by_class: Floats, intercept: Floats) -> int:
        self._coefs.append(by_class)
        self._intercepts.append(intercept)
        return len(self._coefs) - 1

    def add_once(self, base: Base, scale: Floats) -> int:
        if id(base) not in self._known:
            self._known[id(base)] = self.add(base.coef, base.intercept, scale)
        return self._known[id(base)]

    def add_formed(self, formed: Formed) -> int:
        if id(formed) not in self._known:
            self._known[id(formed)] = self._add(*formed.point)
        return self._known[id(formed)]

    def at(self, number: int) -> tuple[Floats, Floats]:
        return self._coefs[number], self._intercepts[number]

    def arrays(self) -> tuple[Floats, Floats]:
        if not self._coefs:
            return np.empty((0, self._p)), np.empty(0)
        return np.concatenate(self._coefs), np.concatenate(self._intercepts)


def nearest(options: list[Formed], alpha: float) -> Formed:
    """Return the second derivatives for the nearest alpha, the newest of equals."""
    place = place_of(alpha)
    return min(
        reversed(options),
        key=lambda one: 0.0 if one.place == place else abs(one.place - place),
    )


def place_of(alpha: float) -> float:
    """Return where an alpha is among others: its logarithm."""
    return log(alpha) if alpha > 0.0 else -inf


def is_balanced(found: LossSums, number: int, fit_intercept: bool) -> bool:
    """Return whether a dual point is orthogonal to the intercepts."""
    if not fit_intercept:
        return True
    size = float(found.dual_sizes[number].sum())
    limit = _BALANCED * size + 64.0 * EPS
    return bool(np.all(np.abs(found.dual_sums[number]) <= limit))


def gap_at(
    problem: WalkProblem,
    coef: Floats,
    slope: Floats,
    alpha: float,
    divergence: float,
    deviance: float,
) -> float:
    """Return the duality gap at a point with a dual point of these slopes."""
    penalty, at = problem.penalty, Point(np.arange(len(coef)), coef, slope)
    gap, scale = inf, problem.null_deviance
    if not np.isfinite(divergence):
        return gap
    tried = 2.0
    for share in penalty.shrinkages(at, alpha):
        if share >= tried:  # the first is the largest that is feasible
            continue
        tried = share
        # The rows' part is convex in the dual point; at zero it is their deviance.
        part = share * divergence + (1.0 - share) * deviance
        part += penalty.shrunk_gap(at, alpha, share, scale)
        gap = min(gap, part)
    return gap
