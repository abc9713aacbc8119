"""How far predictions may be off: spread, noise, intervals, entropies."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from regkit._types import Floats
from regkit.neural_network._ensemble import Ensemble
from regkit.neural_network._fitted import Fitted
from regkit.neural_network._heads import Heads
from regkit.neural_network._held_out import Judges
from regkit.solvers.networks import conformal
from regkit.solvers.networks.scaling import Scaling

# A deviation that can still be divided by.
_SMALLEST = 1e-300
# The least spread of a row, in medians of all: a smaller one is a network's mistake.
_LEAST_SHARE = 0.1


class RegressionUncertainty(NamedTuple):
    """Predictions and the parts of their uncertainty, each of y's shape.

    Attributes
    ----------
    mean : ndarray
        What `predict` returns.
    epistemic : ndarray
        Standard deviation over members and dropout masks: what more rows like these
        would reduce.
    noise : ndarray
        Standard deviation of y around the best prediction: what no row would reduce.
    total : ndarray
        Root of the sum of both squares: what ``predict(X, return_std=True)`` returns.
    """

    mean: Floats
    epistemic: Floats
    noise: Floats
    total: Floats


class ClassUncertainty(NamedTuple):
    """Class probabilities averaged over dropout masks, and their entropies in nats.

    Attributes
    ----------
    probabilities : ndarray (n_samples, n_classes)
        The average.
    entropy : ndarray (n_samples,)
        Predictive entropy: that of the average.
    noise : ndarray (n_samples,)
        The average of the masks' entropies: what no further row would reduce.
    epistemic : ndarray (n_samples,)
        The difference, the mutual information between class and mask.
    """

    probabilities: Floats
    entropy: Floats
    noise: Floats
    epistemic: Floats


@dataclass(frozen=True, slots=True)
class Calibration:
    """What rows that were held out tell of a regression.

    Attributes
    ----------
    scores : tuple of ndarray (n, n_targets)
        |y - center| / spread of each group of rows, ascending.
    members : tuple of tuple of int
        The members that predict for each group.
    least : ndarray (n_targets,)
        The least spread that counts, a tenth of the median of the held-out rows.
    factor : ndarray (n_targets,)
        What turns a predicted spread into a standard deviation.
    """

    scores: tuple[Floats, ...]
    members: tuple[tuple[int, ...], ...]
    least: Floats
    factor: Floats

    @property
    def n_rows(self) -> int:
        """Number of rows that were held out."""
        return sum(len(group) for group in self.scores)

    def interval(
        self, heads: Heads, members: tuple[Fitted, ...], X: Any, coverage: float
    ) -> tuple[Floats, Floats]:
        """Return the ends of intervals, (n, n_targets); see `conformal.interval`."""
        outputs = [heads.center_and_spread(m.outputs(X), m.targets) for m in members]
        predicted = [combine([outputs[k] for k in own]) for own in self.members]
        ends = [
            conformal.interval(
                np.array([center[:, t] for center, _ in predicted]),
                np.array([np.maximum(s[:, t], self.least[t]) for _, s in predicted]),
                [group[:, t] for group in self.scores],
                coverage,
            )
            for t in range(heads.n_targets)
        ]
        lower, upper = (np.column_stack(each) for each in zip(*ends, strict=True))
        return lower, upper


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


def predict_spread(
    heads: Heads, networks: tuple[Fitted, ...], X: Any
) -> tuple[Floats, Floats]:
    """Return center and spread (n, n_targets) of networks that predict together."""
    return combine(
        [
            heads.center_and_spread(network.outputs(X), network.targets)
            for network in networks
        ]
    )


def combine(found: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Return the mean of centers, and spreads with how far those are apart."""
    centers, spreads = (np.array(each) for each in zip(*found, strict=True))
    center = centers.mean(axis=0)
    spread = root_mean_square(spreads)
    if len(found) > 1:
        spread = np.hypot(spread, root_mean_square(centers - center))
    return center, spread


def judge(heads: Heads, judges: Judges) -> Judged:
    """Compare predictions with the truth of all rows that were held out."""
    predicted = [
        predict_spread(heads, networks, table.X)
        for networks, table, _ in judges.held_out
    ]
    spreads = np.concatenate([spread for _, spread in predicted])
    least = _LEAST_SHARE * np.median(spreads, axis=0)
    scores, residuals, means = [], [], []
    for (networks, table, _), (center, spread) in zip(
        judges.held_out, predicted, strict=True
    ):
        scores.append(np.abs(table.targets - center) / np.maximum(spread, least))
        mean = np.mean(
            [heads.means(each.outputs(table.X), each.targets) for each in networks],
            axis=0,
        )
        means.append(mean)
        residuals.append(table.targets - mean)
    weights = np.concatenate([table.weights for _, table, _ in judges.held_out])
    factor = root_mean_square(np.concatenate(scores), weights)
    deviation = root_mean_square(np.concatenate(residuals), weights)
    factor = np.maximum(factor, _SMALLEST)
    calibration = Calibration(judges.groups(scores), judges.members, least, factor)
    return Judged(calibration, np.maximum(deviation, _SMALLEST), means)


def root_mean_square(values: Floats, weights: Floats | None = None) -> Floats:
    """Return √(Σ w v²) over the first axis, w summing to 1, without overflow."""
    size = np.max(np.abs(values), axis=0)
    size = np.where(size == 0.0, 1.0, size)
    found: Floats = size * np.sqrt(
        np.average(np.square(values / size), axis=0, weights=weights)
    )
    return found


def epistemic_deviation(
    heads: Heads, ensemble: Ensemble, X: Any, n_passes: int
) -> Floats:
    """Return the deviation of predictions over members and masks, (n, n_targets)."""
    members = ensemble.members
    each = max(2, -(-n_passes // len(members)))
    unit = Scaling.none(heads.n_targets)
    parts = []
    if any(member.dropout.rates.any() for member in members):
        for number, member in enumerate(members):
            spread = member.spread(
                X, each, ensemble.seed + number, lambda raw: heads.means(raw, unit)
            )
            parts.append(spread * member.targets.scale)
    means = [heads.means(m.outputs(X), m.targets) for m in members]
    if len(members) > 1:
        distance = root_mean_square(np.array(means) - np.mean(means, axis=0))
        among = distance * np.sqrt(len(members) / (len(members) - 1))
        parts = [np.hypot(part, among) for part in parts] or [among]
    if not parts:
        return np.zeros_like(means[0])
    return root_mean_square(np.array(parts))


def determination(truth: Floats, predicted: Floats, weights: Floats) -> float:
    """Return R², averaged over targets (n, n_targets); 0 where y does not vary."""
    residual = root_mean_square(truth - predicted, weights)
    spread = root_mean_square(
        truth - np.average(truth, axis=0, weights=weights), weights
    )
    ratio = np.divide(residual, spread, out=np.ones_like(spread), where=spread > 0)
    return float(np.mean(1.0 - np.square(ratio)))


def gaussian_reach(coverage: float) -> float:
    """Return how many deviations cover a share of a normal distribution."""
    return NormalDist().inv_cdf(0.5 + coverage / 2)


def entropy(probabilities: Floats) -> Floats:
    """Return -Σ p log p over the last axis."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(probabilities > 0, probabilities * np.log(probabilities), 0.0)
    total: Floats = -parts.sum(axis=-1)
    return total
