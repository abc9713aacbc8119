"""Traps that make a comparison look better than a model will be: found, and said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import r2_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from regkit._text import count
from regkit._types import Floats
from regkit.comparison.columns import Prepared, dense
from regkit.comparison.numbers import percent
from regkit.comparison.splits import Split
from regkit.comparison.tables import Given
from regkit.comparison.tasks import ComparisonTarget, Metric

# One column that explains so much of what varies may be computed from the target.
_ALONE = 0.99
# A share of a constant's error that real data seldom allow.
_TOO_GOOD = 0.01
# Test rows from which a column's share of what varies is no chance.
_ENOUGH_TO_TELL = 10
_FEW_TEST_ROWS = 50
_FEW_OF_A_CLASS = 10
# Correlation of the targets of neighboring rows that chance does not explain.
_IN_ORDER = 0.3
_REPEATED = 0.01
# Rows that suffice to see that a column tells the target.
_MOST_ROWS = 4_000
_MOST_COLUMNS = 2_000


def look_for_traps(
    given: Given,
    prepared: Prepared,
    split: Split,
    metric: Metric,
    best_loss: float,
    constant_loss: float,
) -> tuple[str, ...]:
    """Give the warnings of a comparison, a sentence each."""
    warnings = [
        *_leaks(given, prepared, split),
        *_too_good(given, metric, best_loss, constant_loss),
        *_few_rows(given.target, split),
        *_repeated_rows(prepared, given.target, split),
        *_order(given, split),
    ]
    return tuple(dict.fromkeys(warnings))


def _leaks(given: Given, prepared: Prepared, split: Split) -> Iterator[str]:
    """Name columns that predict the target alone."""
    target = given.target
    X_train, X_test = dense(prepared.X_train), dense(prepared.X_test)
    if X_train is None or X_test is None or X_train.shape[1] > _MOST_COLUMNS:
        return
    fit, judge = slice(0, _MOST_ROWS), slice(0, _MOST_ROWS)
    y, y_test = target.numbers[split.train][fit], target.numbers[split.test][judge]
    grouped: dict[str, list[int]] = {}
    for j, source in enumerate(prepared.sources):
        grouped.setdefault(source, []).append(j)
    for name, used in grouped.items():
        share = _explained(
            X_train[fit][:, used], y, X_test[judge][:, used], y_test, target
        )
        if share > _ALONE:
            yield (
                f"{name!r} alone predicts {given.target_name!r} almost exactly: is it "
                "known before the target is?"
            )


def _explained(
    X: Floats, y: Floats, X_test: Floats, y_test: Floats, target: ComparisonTarget
) -> float:
    """Return how much of the target one column explains on other rows, in [0, 1]."""
    if np.ptp(y_test) == 0 or y_test.size < _ENOUGH_TO_TELL:
        return 0.0
    tree: Any
    if target.task == "classification":
        tree = DecisionTreeClassifier(max_leaf_nodes=50, random_state=0).fit(X, y)
        frequent = np.bincount(y_test.astype(np.intp)).max() / y_test.size
        wrong = float(np.mean(tree.predict(X_test) != y_test))
        return float(1 - wrong / (1 - frequent))
    tree = DecisionTreeRegressor(min_samples_leaf=2, random_state=0).fit(X, y)
    by_steps = float(r2_score(y_test, tree.predict(X_test)))
    A = np.column_stack([np.ones(len(X)), X])
    found = np.linalg.lstsq(A, y, rcond=None)[0]
    by_line = float(r2_score(y_test, found[0] + X_test @ found[1:]))
    return max(by_steps, by_line, *(_monotone(column, y_test) for column in X_test.T))


def _monotone(x: Floats, y: Floats) -> float:
    """Return how far y is monotone in x: the squared correlation of their ranks."""
    if np.ptp(x) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(x), rankdata(y))[0, 1] ** 2)


def _too_good(
    given: Given, metric: Metric, best_loss: float, constant_loss: float
) -> Iterator[str]:
    error, constant = metric.error(best_loss), metric.error(constant_loss)
    if error < _TOO_GOOD * constant:
        yield (
            f"the smallest error is {percent(error / constant)} of that of "
            f"predicting {metric.constant}: is {given.target_name!r} computed from "
            "these columns?"
        )


def _few_rows(target: ComparisonTarget, split: Split) -> Iterator[str]:
    n_test = split.test.size
    if n_test < _FEW_TEST_ROWS:
        yield (
            f"only {count(n_test, 'test row')} decide: --repeats 20 averages over more"
        )
    elif target.codes is not None:
        assert target.classes is not None
        found = np.bincount(target.codes[split.test], minlength=target.classes.size)
        if found.min() < _FEW_OF_A_CLASS:
            rare = str(target.classes[found.argmin()])
            yield (
                f"only {count(int(found.min()), 'test row')} of class {rare!r}: "
                "--repeats 20 averages over more"
            )


def _repeated_rows(
    prepared: Prepared, target: ComparisonTarget, split: Split
) -> Iterator[str]:
    """Count test rows that stand among the training rows, target included."""
    X_train, X_test = dense(prepared.X_train), dense(prepared.X_test)
    if X_train is None or X_test is None:
        return
    numbers = target.numbers
    seen = set(_keys(X_train, numbers[split.train]))
    n_repeated = sum(key in seen for key in _keys(X_test, numbers[split.test]))
    if n_repeated > max(1, _REPEATED * split.test.size):
        yield (
            f"{n_repeated} of the {split.test.size} test rows are training rows too, "
            "the target included: drop duplicates, or keep copies together with --group"
        )


def _keys(X: Floats, y: Floats) -> list[bytes]:
    rows = np.ascontiguousarray(np.column_stack([X, y]), dtype=np.float64)
    return [row.tobytes() for row in rows + 0.0]  # -0.0 is 0.0


def _order(given: Given, split: Split) -> Iterator[str]:
    """Say so where neighboring rows are alike: a random split then flatters."""
    if given.time is not None or given.groups is not None:
        return
    numbers = given.target.numbers
    steps = np.diff(numbers)
    if numbers.size < 20 or np.all(steps >= 0) or np.all(steps <= 0):
        return  # sorted by the target: no order of its own
    dates = given.columns.sorted_dates()
    if dates:
        yield (
            f"rows are in order of {dates[0]!r}, and a random split predicts the past "
            f"from the future: --time {dates[0]} tests on the last rows"
        )
        return
    a, b = numbers[:-1], numbers[1:]
    if (
        a.std() > 0
        and b.std() > 0
        and np.corrcoef(a, b)[0, 1] > max(_IN_ORDER, 4 / np.sqrt(numbers.size))
    ):
        yield (
            "neighboring rows have similar targets: if the rows are in order of time "
            "or belong to groups, --time or --group tests what a random split cannot"
        )
