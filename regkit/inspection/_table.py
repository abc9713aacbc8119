"""The table of a comparison, as text (plain ASCII, 80 columns) and as cells."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from regkit.inspection._networks import n_network_folds
from regkit.inspection._numbers import (
    count,
    digits,
    error_text,
    unit_and_decimals,
)

if TYPE_CHECKING:
    from regkit.inspection.comparison import ModelResult, RegularizerComparison

METRIC_NAMES = {"rmse": "root mean squared error", "mae": "mean absolute error"}
HEADER = ("model", "train", "test", "gap", "nonzero", "chosen", "time")
_WIDTH = 80


def explain(comparison: "RegularizerComparison") -> dict[str, str]:
    """Say what the columns hold."""
    counted = "coefficients that are not zero"
    if any(result.is_network for result in comparison.results):
        counted += " (MLP: weights)"
    chosen = f"by {comparison.n_folds}-fold cross-validation on the training rows"
    lines = {
        "train, test": "error on the rows a model learned from, and on rows kept back",
        "gap": "test minus train, large where a model overfits",
        "nonzero": counted,
        "chosen": chosen,
        "alpha": "strength of the penalty",
    }
    if any(result.is_network for result in comparison.results):
        n_folds = n_network_folds(comparison.n_train, comparison.n_folds)
        if n_folds < comparison.n_folds:
            lines["chosen"] += f" (MLP: {n_folds} folds)"
        lines["rate"] = "share of its units that a network drops in each step"
    return lines


def describe_data(comparison: "RegularizerComparison") -> str:
    """Say how many rows and columns there were."""
    return (
        f"{comparison.n_train} rows to train and tune, {comparison.n_test} to test; "
        f"{count(comparison.n_features, 'column')}"
    )


def describe_error(comparison: "RegularizerComparison") -> str:
    """Say what the error is, and how large it is without any column."""
    size = comparison.mean_error
    unit, _ = unit_and_decimals(size)
    in_units = "" if unit == 1 else f" in units of {unit:g}"
    baseline = "mean" if comparison.metric == "rmse" else "median"
    return (
        f"error: {METRIC_NAMES[comparison.metric]}{in_units} "
        f"(predicting the {baseline}: {error_text(size, size)})"
    )


def cells(comparison: "RegularizerComparison", result: "ModelResult") -> list[str]:
    """Give one row of the table."""
    size = comparison.mean_error
    return [
        result.name.split(" (")[0],
        error_text(result.train_error, size),
        error_text(result.test_error, size),
        error_text(result.gap, size),
        str(result.n_nonzero),
        _chosen(result),
        _time(result.seconds),
    ]


def render_table(comparison: "RegularizerComparison") -> str:
    """Lay the results out in aligned columns, between lines that explain them."""
    width = max(map(len, explain(comparison)))
    legend = (f"{k.ljust(width)}  {v}" for k, v in explain(comparison).items())
    return "\n".join(
        [
            describe_data(comparison),
            describe_error(comparison),
            "",
            *_align([HEADER, *(cells(comparison, r) for r in comparison.results)]),
            "",
            *legend,
        ]
    )


def _chosen(result: "ModelResult") -> str:
    """Say what cross-validation chose, by the names of the parameters."""
    parts = [] if result.dropout is None else [f"rate {result.dropout:g}"]
    if result.alpha is not None:
        parts.append(f"alpha {digits(result.alpha, 3)}")
    if " (" in result.name:
        parts.append(result.name.split(" (")[1].rstrip(")"))
    return ", ".join(parts) or "-"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.0f} s"


def _align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Left-align names and choices, right-align numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    gutter = "  " if sum(widths) + 2 * len(widths) - 2 <= _WIDTH else " "
    left = {HEADER.index("model"), HEADER.index("chosen")}
    return [
        gutter.join(
            cell.ljust(width) if k in left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
