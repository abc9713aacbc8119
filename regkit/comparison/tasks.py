"""What is predicted (numbers, classes or counts), and how errors are measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.linear_model._labels import kinds_of

Task = Literal["regression", "classification", "counts"]
TASKS: tuple[Task, ...] = ("regression", "classification", "counts")

# A predicted share is never taken for less: one sure and wrong answer would decide.
_SMALLEST_SHARE = 1e-15
# Numbers whose squares, and sums of these, float64 holds.
_LARGEST = 1e150
_SMALLEST_SPREAD = 1e-140
# Whole numbers with no more than so many values may stand for classes.
_FEW_VALUES = 20


@dataclass(frozen=True, eq=False)
class ComparisonTarget:
    """The column to predict.

    Attributes
    ----------
    values : ndarray of shape (n_rows,)
        As estimators take it: floats, or labels of classes.
    task : {"regression", "classification", "counts"}
        What it holds.
    classes : ndarray of shape (n_classes,) or None
        Labels in order.
    codes : ndarray of shape (n_rows,) or None
        Which class each row has.
    notes : tuple of str
        What the reader may want to correct.
    """

    values: NDArray[Any]
    task: Task
    classes: NDArray[Any] | None = None
    codes: NDArray[np.intp] | None = None
    notes: tuple[str, ...] = ()

    @property
    def numbers(self) -> Floats:
        """The target as losses take it: numbers, or codes of classes."""
        chosen = self.values if self.codes is None else self.codes
        return np.asarray(chosen, dtype=np.float64)


@dataclass(frozen=True)
class Metric:
    """An error: the mean of a loss over rows, or its root.

    Attributes
    ----------
    name, short, title : str
        "rmse", "RMSE", "root mean squared error".
    task : {"regression", "classification", "counts"}
        Where it applies.
    loss : callable
        Of the targets (codes of classes) and answers (shares of classes), each row's.
    scoring : str or None
        For cross-validated estimators; None for the loss that they minimize.
    constant : str
        What the best prediction without columns is called.
    root : bool
        Whether the error is the root of the mean loss.
    """

    name: str
    short: str
    title: str
    task: Task
    loss: Callable[[Floats, Floats], Floats]
    scoring: str | None
    constant: str
    root: bool = False

    def error(self, mean_loss: float) -> float:
        """Turn a mean loss into the error."""
        return float(np.sqrt(mean_loss)) if self.root else float(mean_loss)

    def error_se(self, mean_loss: float, se: float) -> float:
        """Turn the standard error of a mean loss into that of the error."""
        if not self.root or mean_loss <= 0:
            return float(se)
        return float(se / (2 * np.sqrt(mean_loss)))  # the derivative of the root

    def constant_answer(self, y: Floats, n_classes: int) -> Floats:
        """Give the best answer without columns, of shape (1,) or (1, n_classes)."""
        if self.task == "classification":
            shares = np.bincount(y.astype(np.intp), minlength=n_classes) / y.size
            return np.asarray(shares[None], dtype=np.float64)
        return np.atleast_1d(np.median(y) if self.name == "mae" else np.mean(y))


def _squares(y: Floats, answer: Floats) -> Floats:
    return np.asarray((y - answer) ** 2)


def _sizes(y: Floats, answer: Floats) -> Floats:
    return np.abs(y - answer)


def _log_loss(codes: Floats, shares: Floats) -> Floats:
    rows = np.arange(codes.size)
    shares = np.broadcast_to(shares, (codes.size, shares.shape[1]))
    given = shares[rows, codes.astype(np.intp)]
    return -np.log(np.clip(given, _SMALLEST_SHARE, 1.0))


def _wrong(codes: Floats, shares: Floats) -> Floats:
    return np.asarray(shares.argmax(axis=1) != codes, dtype=np.float64)


def _poisson_deviance(y: Floats, answer: Floats) -> Floats:
    mean = np.maximum(answer, 1e-12)
    ratio = np.where(y > 0, y, 1.0) / np.where(y > 0, mean, 1.0)
    return np.asarray(2 * (y * np.log(ratio) - y + mean))


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "rmse",
            "RMSE",
            "root mean squared error",
            "regression",
            _squares,
            None,
            "the mean",
            root=True,
        ),
        Metric(
            "mae",
            "MAE",
            "mean absolute error",
            "regression",
            _sizes,
            "neg_mean_absolute_error",
            "the median",
        ),
        Metric(
            "log_loss",
            "log-loss",
            "log-loss, the mean of -log(share of the true class)",
            "classification",
            _log_loss,
            None,
            "the shares of the classes",
        ),
        Metric(
            "error_rate",
            "error rate",
            "share of rows with a wrong class",
            "classification",
            _wrong,
            "accuracy",
            "the most frequent class",
        ),
        Metric(
            "deviance",
            "deviance",
            "mean Poisson deviance",
            "counts",
            _poisson_deviance,
            None,
            "the mean",
        ),
    )
}


def choose_metric(name: str | None, task: Task) -> Metric:
    """Give the metric of that name, or the first of the task."""
    fitting = [metric for metric in METRICS.values() if metric.task == task]
    if name is None:
        return fitting[0]
    for metric in fitting:
        if metric.name == name:
            return metric
    names = ", ".join(metric.name for metric in fitting)
    raise ValueError(f"metric must be one of {names} for {task}, got {name!r}")


def read_target(y: Any, task: str, name: str) -> ComparisonTarget:
    """Find out what the target holds; `task` is "auto", or says it.

    Raises
    ------
    ValueError
        When the target does not suit the task, or has a single value.
    """
    if task not in ("auto", *TASKS):
        raise ValueError(f"task must be one of auto, {', '.join(TASKS)}, got {task!r}")
    values = np.asarray(y)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(f"y must hold one target, got shape {values.shape}")
    if values.size == 0:
        raise ValueError(f"{name} has no rows")
    numbers = _as_numbers(values)
    try:
        distinct = np.unique(values if numbers is None else numbers)
    except TypeError:
        raise ValueError(
            f"{name} mixes values of different kinds, {kinds_of(values)}: convert them "
            "to one kind"
        ) from None
    if distinct.size == 1:
        raise ValueError(
            f"{name} is {_show(distinct[0])} in every row: there is nothing to predict"
        )
    if task == "auto":
        two = distinct.size == 2 or values.dtype.kind == "b"
        task = "classification" if numbers is None or two else "regression"
        notes = _hints(distinct, values.size, task, name)
    else:
        notes = ()
    if task == "classification":
        return _classes(values, name, notes)
    if numbers is None:
        raise ValueError(
            f"{name} must hold numbers for {task}, but holds {_show(distinct[0])}"
        )
    if task == "counts" and numbers.min() < 0:
        raise ValueError(
            f"{name} must not be negative for counts, but holds {_show(numbers.min())}"
        )
    _refuse_lost_squares(numbers, name)
    return ComparisonTarget(numbers, task, notes=notes)  # type: ignore[arg-type]


def _refuse_lost_squares(numbers: Floats, name: str) -> None:
    """Raise where float64 cannot hold the squares that errors are made of."""
    largest, spread = np.abs(numbers).max(), np.ptp(numbers)
    if largest > _LARGEST or spread < _SMALLEST_SPREAD:
        what = f"holds {largest:g}" if largest > _LARGEST else f"varies by {spread:g}"
        raise ValueError(
            f"{name} {what}, whose square does not fit into float64: rescale it"
        )


def _as_numbers(values: NDArray[Any]) -> Floats | None:
    """Convert to floats; None for text and other labels."""
    if values.dtype.kind in "biuf":
        return np.asarray(values, dtype=np.float64)
    if values.dtype.kind == "O" and not any(isinstance(v, str) for v in values):
        try:
            return values.astype(np.float64)
        except (TypeError, ValueError):
            return None
    return None


def _classes(
    values: NDArray[Any], name: str, notes: tuple[str, ...]
) -> ComparisonTarget:
    if values.dtype.kind not in "biu":
        is_float = values.dtype.kind == "f"
        # Beyond 2^53 not every whole number is a float, and integers overflow.
        if is_float and np.all((values == np.floor(values)) & (abs(values) < 2**53)):
            values = values.astype(np.int64)
        else:
            values = values.astype(str)
    classes, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    if classes.size > max(_FEW_VALUES, values.size // 20):
        raise ValueError(
            f"{name} has {classes.size} different values in {values.size} rows: too "
            "many for classes"
        )
    if counts.min() < 4:
        rare = classes[counts.argmin()]
        raise ValueError(
            f"class {_show(rare)} of {name} has {counts.min()} "
            f"{'row' if counts.min() == 1 else 'rows'}: at least 4 are needed, to "
            "train and to test"
        )
    return ComparisonTarget(values, "classification", classes, codes, notes)


def _hints(distinct: Any, n_rows: int, task: str, name: str) -> tuple[str, ...]:
    """Say what else whole numbers could be."""
    if task != "regression" or not np.all(distinct == np.floor(distinct)):
        return ()
    if distinct.size <= _FEW_VALUES and distinct.size * 10 <= n_rows:
        other = " or counts" if distinct.min() >= 0 else ""
        return (
            f"{name} holds {distinct.size} different whole numbers and is taken as a "
            f"number: task classification{other} takes it otherwise",
        )
    return ()


def _show(value: Any) -> str:
    return repr(str(value)) if isinstance(value, str) else f"{value:.15g}"
