"""Scores of classifiers and of regressions with a log link, by one pass over chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy
from sklearn.metrics import mean_tweedie_deviance

from regkit._types import Floats
from regkit.linear_model._source_reducer import Names
from regkit.rows.inputs import is_dask
from regkit.rows.sources import BesideX, Block, Encode, RowSource, named, plain_targets


class _Sums(NamedTuple):
    """Weighted sums over rows."""

    names: Names
    values: Floats

    @classmethod
    def joined(cls, parts: Iterable[_Sums]) -> _Sums:
        names, values = zip(*parts, strict=True)
        return cls(names[0], np.sum(values, axis=0))


def accuracy_in_chunks(
    source: RowSource,
    y: Any,
    sample_weight: Any,
    predict: Callable[[Any], NDArray[Any]],
    classes: NDArray[Any],
) -> tuple[Names, float]:
    """Return the share of rows whose class is predicted, and the columns' names.

    Parameters are those of `regkit.linear_model._moment_scores.score_in_chunks`, and
    the ``classes``; ``predict`` gives labels.
    """
    encode: Encode = partial(_places, classes)
    if y is not None and not is_dask(y):
        y, encode = encode(y), plain_targets
    task = partial(_count_right, predict, classes)
    names, (right, total) = source.reduce(
        task, _Sums.joined, BesideX(y, sample_weight, encode=encode)
    )
    return names, float(right / total)


def d2_in_chunks(
    source: RowSource,
    y: Any,
    sample_weight: Any,
    predict: Callable[[Any], Floats],
    power: float,
) -> tuple[Names, float]:
    """Return D² of the deviance of a power, and the columns' names.

    See scikit-learn's ``d2_tweedie_score``; parameters as for `accuracy_in_chunks`.
    """
    task = partial(_sum_deviances, predict, power)
    names, values = source.reduce(task, _Sums.joined, BesideX(y, sample_weight))
    total, amount, own, deviance = values
    mean = amount / total
    if power == 1.0:
        null = 2.0 * (own - amount * np.log(mean))
    elif power == 2.0:
        null = 2.0 * (total * np.log(mean) - own)
    else:
        a, b = 1.0 - power, 2.0 - power
        null = 2.0 * (own / (a * b) - amount * mean**a / a + total * mean**b / b)
    return names, float(1.0 - deviance / null)


def _places(classes: NDArray[Any], y: Any) -> Floats:
    """Return the places of labels among the classes; -1 for other labels."""
    known = {label: place for place, label in enumerate(classes.tolist())}
    labels = np.asarray(y).reshape(-1).tolist()
    return np.array([known.get(label, -1) for label in labels], dtype=np.float64)


def _weights(block: Block) -> Floats:
    weight = block.data.sample_weight
    return np.ones(len(block.data.y)) if weight is None else weight


def _count_right(
    predict: Callable[[Any], NDArray[Any]], classes: NDArray[Any], block: Block
) -> _Sums:
    with named(block.number):
        predicted = _places(classes, predict(block.data.X))
    weight = _weights(block)
    right = float(weight @ (predicted == block.data.y))
    return _Sums(block.data.feature_names, np.array([right, weight.sum()]))


def _sum_deviances(
    predict: Callable[[Any], Floats], power: float, block: Block
) -> _Sums:
    y, weight = block.data.y.reshape(-1), _weights(block)
    with named(block.number):
        expected = predict(block.data.X)
        deviance = 0.0
        if weight.any():
            deviance = weight.sum() * mean_tweedie_deviance(
                y, expected, sample_weight=weight, power=power
            )
    if power == 1.0:
        own = xlogy(y, y)
    else:
        own = np.log(y) if power == 2.0 else y ** (2.0 - power)
    values = [weight.sum(), weight @ y, weight @ own, deviance]
    return _Sums(block.data.feature_names, np.array(values))
