"""Which columns outside of a working set a path may need: bounds from the past.

Of two past residuals the correlations with every column are remembered. A new residual
is a combination of them and a remainder, so that every correlation is known up to the
remainder's norm: it is computed anew only where it may exceed the threshold.
"""

from typing import NamedTuple, Protocol

import numpy as np

from regkit._types import Floats, Indices
from regkit.kernels.linear.certificate import NEAR, foresee, in_span
from regkit.kernels.linear.screening import BATCH, MANY, ROUNDED_SUM
from regkit.solvers.problem import ScaledPenalty

# Correlations are carried on to alphas of at least this share of the last.
_CLOSE = 0.75


class Request(NamedTuple):
    """What a path asks for: the correlations of these columns with its residual."""

    residual: Floats
    columns: Indices


class Answer(NamedTuple):
    """Correlations of the columns asked for, and maybe of others."""

    columns: Indices
    correlations: Floats


class MeasuresMoves(Protocol):
    """What `Screen` asks of a design; see `regkit.designs.Columns`."""

    n_features: int

    @property
    def sizes(self) -> Floats: ...
    def distances(self, move: Floats) -> Floats: ...


class Seen(NamedTuple):
    """Correlations of some columns at a solution."""

    alpha: float
    columns: Indices
    correlations: Floats


class Sight(NamedTuple):
    """What is known of all columns at a residual."""

    alpha: float
    undecided: Indices
    """Columns outside of the working set that may exceed ``alpha``."""
    near: Indices
    """... that may exceed a little less."""
    correlation: Floats
    """(p,)"""


class Screen:
    """The correlations of all columns, as far as they are needed.

    Attributes
    ----------
    correlation : ndarray (p,)
        With the last residual: exact for columns asked for, otherwise a combination of
        past ones.
    outside : ndarray of bool (p,)
        Columns that may enter the working set and are not in it.
    """

    def __init__(
        self,
        design: MeasuresMoves,
        penalty: ScaledPenalty,
        residual: Floats,
        correlation: Floats,
    ) -> None:
        """Take the correlations of all columns with a first residual."""
        self._design, self._penalty = design, penalty
        self.correlation = correlation.copy()
        self.outside = penalty.is_open
        # The newest first.
        self._past_residuals = np.stack([residual, 0.0 * residual])
        self._past_norms = np.stack([design.distances(residual), np.zeros(2)])
        self._past = np.stack([correlation, np.zeros(design.n_features)])
        self._sizes = design.sizes
        self._every = np.arange(design.n_features)
        self.forget_near()

    def forget_near(self) -> None:
        """Look at all columns again, after a jump to other coefficients."""
        # Columns near their thresholds, and the alpha at which they were found.
        self._near, self._near_at = self._every, np.inf
        # What was seen at the last two solutions, the newest first.
        self._seen = (Seen(np.inf, self._every[:0], self.correlation[:0]),) * 2

    def foresee(self, residual: Floats, alpha: float) -> Indices:
        """Set the correlations outside as far as past ones determine them.

        Returns the columns outside of the working set that may exceed ``alpha``.
        """
        shares, move = in_span(self._past_residuals, residual)
        # With what the past correlations were rounded by.
        distances = self._design.distances(move) + ROUNDED_SUM * (
            np.abs(shares) @ self._past_norms
        )
        undecided: Indices
        undecided, self._near = foresee(
            self._past,
            shares,
            self._sizes,
            distances,
            self._penalty.l1,
            self.outside,
            alpha,
            self.correlation,
        )
        self._near_at = alpha
        return undecided

    def sight(self, residual: Floats, alpha: float) -> Sight:
        """Return what `foresee` finds; what is found later does not change it."""
        self.correlation = self.correlation.copy()
        undecided = self.foresee(residual, alpha)
        return self.present._replace(undecided=undecided)

    @property
    def present(self) -> Sight:
        """The correlations as they are known, and the columns near their thresholds."""
        return Sight(self._near_at, self._every[:0], self._near, self.correlation)

    @present.setter
    def present(self, sight: Sight) -> None:
        self._near_at, _, self._near, self.correlation = sight

    def request(self, residual: Floats, undecided: Indices, others: Indices) -> Request:
        """Ask for the undecided columns and ``others``, for all if those are many."""
        if len(undecided) > MANY * len(self._every):
            return Request(residual, self._every)
        return Request(residual, np.concatenate([others, undecided]))

    def take(self, residual: Floats, answer: Answer) -> None:
        """Take exact correlations; those of all columns are remembered."""
        self.correlation[answer.columns] = answer.correlations
        if len(answer.columns) < len(self._every):
            return
        for past in (self._past_residuals, self._past_norms, self._past):
            past[1] = past[0]
        self._past_residuals[0] = residual
        self._past_norms[0] = self._design.distances(residual)
        self._past[0] = answer.correlations

    def see_all(self, correlation: Floats, alpha: float) -> None:
        """Take the exact correlations of all columns at a solution."""
        self.correlation[:] = correlation
        self._near = np.flatnonzero(
            np.abs(correlation) > NEAR * alpha * self._penalty.l1
        )
        self._near_at = alpha
        self.settle(alpha)

    def settle(self, alpha: float) -> None:
        """Remember the present correlations as those of the solution at ``alpha``."""
        near = self._near
        self._seen = Seen(alpha, near, self.correlation[near]), self._seen[0]

    def coming(
        self, alpha: float, n_present: int, share: float = 1.0
    ) -> Indices | None:
        """Return the columns outside that ought to exceed ``share`` of their threshold.

        If all go on as they went from one solution to the next; None where that is not
        known, or ``alpha`` too far from there. As many as `wanted` returns.
        """
        last, before = self._seen
        if not _CLOSE * last.alpha <= alpha < last.alpha < before.alpha < np.inf:
            return None
        now = self.correlation[before.columns]
        ahead = (last.alpha - alpha) / (before.alpha - last.alpha)
        expected = np.abs(now + ahead * (now - before.correlations))
        exceed = expected > share * alpha * self._penalty.l1[before.columns]
        exceed &= self.outside[before.columns]
        return self._strongest(before.columns[exceed], n_present)

    def wanted(self, alpha: float, n_present: int) -> Indices:
        """Return the columns outside whose correlation exceeds its threshold.

        At most `BATCH` of them or twice the ``n_present`` columns: those that exceed it
        most.
        """
        columns = self._near if alpha >= NEAR * self._near_at else self._every
        found = self._penalty.violations(columns, self.correlation, self.outside, alpha)
        return self._strongest(found, n_present)

    def _strongest(self, found: Indices, n_present: int) -> Indices:
        most = max(BATCH, 2 * n_present)
        if len(found) > most:
            pull = self._penalty.pull(self.correlation, found)
            found = found[np.argpartition(-pull, most)[:most]]
        return found
