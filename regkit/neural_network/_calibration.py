"""What follows from held-out rows of a regression: noise, and widths of intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from regkit._types import Floats
from regkit.neural_network._data import Table
from regkit.neural_network._fitted import Fitted
from regkit.neural_network._heads import Heads
from regkit.neural_network._held_out import Judges
from regkit.neural_network._uncertainty import root_mean_square
from regkit.solvers.networks.averaging import Apart, Averaging
from regkit.solvers.networks.conformal import (
    interval,
    interval_score,
    least_rows,
    rank_of,
)

# A deviation that can still be divided by.
_SMALLEST = 1e-300
# The least spread of a row, in medians of all: a smaller one is a network's mistake.
_LEAST_SHARE = 0.1
# What to choose from: less than 0 exaggerates what networks say, who see less than
# there is; the coverage for which it is chosen, and how many rows a choice needs.
_OF_MEAN = (0.0, 0.5, 1.0)
_EVENNESS = (-0.25, 0.0, 0.25, 0.5, 0.75, 1.0)
_COVERAGE = 0.9
_ENOUGH = 2 * least_rows(_COVERAGE)


class JointPrediction(NamedTuple):
    """What networks say together, each (n, n_targets)."""

    middle: Floats
    """Of the quantiles."""
    mean: Floats
    """The prediction."""
    spread: Floats
    """Half the distance of the quantiles, or a deviation."""
    apart: Floats
    """How far the middles of several networks are from theirs."""
    means_apart: Floats
    """How far their predictions are."""

    def with_spread_of(self, other: JointPrediction) -> JointPrediction:
        """Return the same center with another's spread."""
        return other._replace(middle=self.middle, mean=self.mean)


class IntervalShape(NamedTuple):
    """Which intervals suit, of each target (n_targets,)."""

    of_mean: Floats
    """Share of the prediction in the center, the rest being the middle."""
    evenness: Floats
    """Share of the common width, in logarithms, the rest being the row's own: less than
    0 exaggerates the latter."""
    typical: Floats
    """The common width, the geometric mean of the spreads."""
    least: Floats
    """The least spread that counts."""

    def plain(self) -> IntervalShape:
        """Return that of the spreads as networks predict them, around the middle."""
        none = np.zeros_like(self.of_mean)
        return self._replace(of_mean=none, evenness=none)

    def center_and_spread(
        self, found: JointPrediction, t: int
    ) -> tuple[Floats, Floats]:
        """Return what intervals of target ``t`` are around, and multiples of."""
        a, b = float(self.of_mean[t]), float(self.evenness[t])
        own = np.maximum(found.spread[:, t], self.least[t])
        typical = float(self.typical[t])
        spread = typical * (own / typical) ** (1 - b)
        apart = (1 - a) * found.apart[:, t] + a * found.means_apart[:, t]
        return self.center(found, t), np.hypot(spread, apart)

    def center(self, found: JointPrediction, t: int) -> Floats:
        """Return what intervals of target ``t`` are around."""
        a = float(self.of_mean[t])
        center: Floats = (1 - a) * found.middle[:, t] + a * found.mean[:, t]
        return center


@dataclass(frozen=True, slots=True)
class Calibration:
    """What follows from the rows of a regression that were held out.

    Attributes
    ----------
    scores : ndarray (n, n_targets)
        |y - center| / spread of the rows, ascending.
    members : tuple of tuple of int
        The members that predict for each group.
    shape : IntervalShape
    factor : ndarray (n_targets,)
        What turns a predicted spread into a standard deviation.
    widths : list of ndarray (n_targets,)
        What the spreads of each member are divided by.
    averaging : list of Averaging or None
        Of each target, what the mean of all groups gains; None if there is one group.
    """

    scores: Floats
    members: tuple[tuple[int, ...], ...]
    shape: IntervalShape
    factor: Floats
    widths: list[Floats]
    averaging: list[Averaging] | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows that were held out."""
        return len(self.scores)

    def interval(
        self, heads: Heads, members: tuple[Fitted, ...], X: Any, coverage: float
    ) -> tuple[Floats, Floats]:
        """Return the ends of intervals, (n, n_targets); see `conformal.interval`."""
        found = self._by_group(self._predictions(heads, members, X))
        ends = []
        for t, each in enumerate(found):
            share = self._share(t, coverage)
            ends.append(interval(*each, self.scores[:, t], coverage, share))
        lower, upper = (np.column_stack(each) for each in zip(*ends, strict=True))
        return lower, upper

    def deviations(self, heads: Heads, members: tuple[Fitted, ...], X: Any) -> Floats:
        """Return standard deviations of y around the prediction, (n, n_targets).

        What members predict and how far they are apart together, scaled to what
        held-out rows show, less what the mean of all members errs less.
        """
        found = combine(self._predictions(heads, members, X))
        plain = self.shape.plain()
        columns = [
            plain.center_and_spread(found, t)[1]
            * math.sqrt(self._share(t, _COVERAGE))
            * self.factor[t]
            for t in range(heads.n_targets)
        ]
        return np.column_stack(columns)

    def _share(self, t: int, coverage: float) -> float:
        """Return how much is left of squared scores if all members predict."""
        if self.averaging is None:
            return 1.0
        return self.averaging[t].share(self.scores[:, t], coverage)

    def comparing(
        self, heads: Heads, members: tuple[Fitted, ...], judges: Judges, alone: Floats
    ) -> Calibration:
        """Return the same with what the mean of all groups gains.

        Parameters
        ----------
        alone : ndarray (n_predictions, n_targets)
            Scores by single networks; see `Averaging`.
        """
        apart, sizes = [], []
        for own, table in zip(judges.held_out, judges.some_rows(), strict=True):
            each = self._predictions(heads, members, table.X)
            sizes.append(len(table.weights))
            apart.append(
                [
                    Apart.of(
                        np.array([self.shape.center(one, t) for one in each]),
                        spreads,
                        self.members,
                        own.group,
                    )
                    for t, (_, spreads) in enumerate(self._by_group(each))
                ]
            )
        found = []
        for t, mean in enumerate(np.average(apart, axis=0, weights=sizes)):
            known = Apart(*mean.tolist())
            per_gain = known.per_gain(self.members)
            found.append(Averaging(known.off_mean, per_gain, np.sort(alone[:, t])))
        return replace(self, averaging=found)

    def _by_group(self, each: list[JointPrediction]) -> list[tuple[Floats, Floats]]:
        """Return centers and spreads (n_groups, n) of each target."""
        groups = [combine([each[k] for k in own]) for own in self.members]
        found = []
        for t in range(self.scores.shape[1]):
            both = [self.shape.center_and_spread(group, t) for group in groups]
            centers, spreads = zip(*both, strict=True)
            found.append((np.array(centers), np.array(spreads)))
        return found

    def _predictions(
        self, heads: Heads, members: tuple[Fitted, ...], X: Any
    ) -> list[JointPrediction]:
        both = zip(members, self.widths, strict=True)
        return [_predict_alone(heads, member, X, width) for member, width in both]


class Judged(NamedTuple):
    """Held-out rows of a regression, compared with their predictions.

    Attributes
    ----------
    calibration : Calibration
    deviation : ndarray (n_targets,)
        Root of the weighted mean square of the residuals.
    means : list of ndarray (n, n_targets)
        Predictions, of each part of the judges.
    """

    calibration: Calibration
    deviation: Floats
    means: list[Floats]


def _predict_alone(
    heads: Heads, network: Fitted, X: Any, width: Floats
) -> JointPrediction:
    outputs, targets = network.outputs(X), network.targets
    middle, spread = heads.center_and_spread(outputs, targets)
    mean, none = heads.means(outputs, targets), np.zeros_like(middle)
    return JointPrediction(middle, mean, spread / width, none, none)


def combine(found: list[JointPrediction]) -> JointPrediction:
    """Return what networks say together."""
    middles, means, spreads = (
        np.array([each[part] for each in found]) for part in range(3)
    )
    middle, mean = middles.mean(axis=0), means.mean(axis=0)
    return JointPrediction(
        middle,
        mean,
        root_mean_square(spreads),
        root_mean_square(middles - middle),
        root_mean_square(means - mean),
    )


def _least(spread: Floats) -> Floats:
    found: Floats = _LEAST_SHARE * np.median(spread, axis=0)
    return found


def _log_width(heads: Heads, network: Fitted, rows: Table) -> Floats:
    """Return the mean logarithm of the spreads of rows, (n_targets,)."""
    outputs = network.outputs(rows.X)
    _, spread = heads.center_and_spread(outputs, network.targets)
    return _mean_log(spread, _least(spread))


def _mean_log(spread: Floats, least: Floats) -> Floats:
    found: Floats = np.log(np.maximum(spread, least)).mean(axis=0)
    return found


def judge(
    heads: Heads, judges: Judges, members: tuple[Fitted, ...], chosen: bool
) -> Judged:
    """Compare predictions with the truth of all rows that were held out.

    With ``chosen`` these rows also choose the shape of intervals, and the spreads of
    each network are divided by what makes their geometric mean over the rows of its
    fold the same for all: from one network or epoch to the next it changes by a tenth,
    after few rows by a factor of two. Rows set apart for calibration must do neither,
    or nothing would be guaranteed.
    """
    held_out = judges.held_out
    folds = {k: each.fold for each in held_out for k in judges.members[each.group]}
    logs = [
        _log_width(heads, member, folds.get(number, held_out[0].fold))
        for number, member in enumerate(members)
    ]

    def width(log: Floats) -> Floats:
        return np.exp(log - np.mean(logs, axis=0)) if chosen else np.ones_like(log)

    each = [
        [
            _predict_alone(heads, one, table.X, width(_log_width(heads, one, fold)))
            for one in networks
        ]
        for networks, table, _, fold in held_out
    ]
    parts = [combine(networks) for networks in each]
    found = JointPrediction(
        *(np.concatenate(part) for part in zip(*parts, strict=True))
    )
    truth, weights = (
        np.concatenate([getattr(table, name) for _, table, *_ in held_out])
        for name in ("targets", "weights")
    )
    least = _least(found.spread)
    none = np.zeros(heads.n_targets)
    plain = IntervalShape(none, none, np.exp(_mean_log(found.spread, least)), least)
    factor = root_mean_square(_scores(plain, found, truth), weights)
    shape = _choose(plain, found, truth) if chosen else plain
    scores = np.sort(_scores(shape, found, truth), axis=0)
    deviation = root_mean_square(truth - found.mean, weights)
    calibration = Calibration(
        scores,
        judges.members,
        shape,
        np.maximum(factor, _SMALLEST),
        [width(log) for log in logs],
    )
    if judges.by_fold:
        alone = [
            _scores(shape, one.with_spread_of(part), own.table.targets)
            for own, networks, part in zip(held_out, each, parts, strict=True)
            for one in networks
        ]
        calibration = calibration.comparing(
            heads, members, judges, np.concatenate(alone)
        )
    return Judged(
        calibration,
        np.maximum(deviation, _SMALLEST),
        [part.mean for part in parts],
    )


def _scores(shape: IntervalShape, found: JointPrediction, truth: Floats) -> Floats:
    """Return |y - center| / spread, (n, n_targets)."""
    columns = []
    for t in range(truth.shape[1]):
        center, spread = shape.center_and_spread(found, t)
        columns.append(np.abs(truth[:, t] - center) / spread)
    return np.column_stack(columns)


def _choose(
    plain: IntervalShape, found: JointPrediction, truth: Floats
) -> IntervalShape:
    """Return the shape whose intervals have the least score on held-out rows."""
    n, n_targets = truth.shape
    if n < _ENOUGH:
        return plain
    rank = rank_of(_COVERAGE, n) - 1
    best = np.full(n_targets, np.inf)
    of_mean, evenness = np.zeros((2, n_targets))
    for a, b in product(_OF_MEAN, _EVENNESS):
        shape = plain._replace(
            of_mean=np.full(n_targets, a), evenness=np.full(n_targets, b)
        )
        q = np.sort(_scores(shape, found, truth), axis=0)[rank]
        for t in range(n_targets):
            center, spread = shape.center_and_spread(found, t)
            half = q[t] * spread
            score = interval_score(center - half, center + half, truth[:, t], _COVERAGE)
            if score < best[t]:
                best[t], of_mean[t], evenness[t] = score, a, b
    return plain._replace(of_mean=of_mean, evenness=evenness)
