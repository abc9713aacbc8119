"""The text of a comparison: its table and its sentence. Plain ASCII, 80 columns."""

from collections.abc import Sequence
from math import floor, isfinite, log10
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from regkit.inspection.compare import ModelResult, RegularizerComparison

_METRIC_NAMES = {"rmse": "root mean squared error", "mae": "mean absolute error"}
# A share of the error this small is no finding, however many rows show it.
_NO_DIFFERENCE = 0.005
_HEADER = ("model", "train", "test", "gap", "nonzero", "penalty", "seconds")


def render_table(comparison: "RegularizerComparison") -> str:
    """Lay the results out in aligned columns under two lines on the data."""
    unit, decimals = _unit_and_decimals(comparison.mean_error)

    def show(error: float) -> str:
        return f"{error / unit:.{decimals}f}"

    rows = [
        (
            result.name,
            show(result.train_error),
            show(result.test_error),
            show(result.gap),
            str(result.n_nonzero),
            _penalty(result),
            f"{result.seconds:.3f}",
        )
        for result in comparison.results
    ]
    metric = _METRIC_NAMES[comparison.metric]
    in_units = "" if unit == 1 else f" in units of {unit:g}"
    baseline = "mean" if comparison.metric == "rmse" else "median"
    return "\n".join(
        [
            f"{comparison.n_train} rows to train and tune, {comparison.n_test} to "
            f"test; {_count(comparison.n_features, 'column')}",
            f"error: {metric}{in_units} (predicting the {baseline}: "
            f"{show(comparison.mean_error)})",
            "",
            *_align([_HEADER, *rows]),
        ]
    )


def _penalty(result: "ModelResult") -> str:
    """Say what was chosen: alpha, the share of units dropped, or both."""
    parts = [] if result.dropout is None else [f"{result.dropout:.0%} dropped"]
    if result.alpha is not None:
        parts.append(f"{result.alpha:.4g}")
    return ", ".join(parts) or "-"


def summarize(comparison: "RegularizerComparison") -> str:
    """Say which model predicts best, by how much, and what sparsity costs."""
    best, plain = comparison.best_, comparison.results[0]
    metric = comparison.metric.upper()
    if best.test_error >= comparison.mean_error:
        return (
            "No model predicts the test rows better than a constant does "
            f"({metric} {_four_digits(comparison.mean_error)}): these columns say "
            "little about the target."
        )
    saved = 1 - best.test_error / plain.test_error if best is not plain else 0.0
    if saved < _NO_DIFFERENCE:
        return (
            "Least squares predicts the test rows as well as any penalised model "
            f"({metric} {_four_digits(plain.test_error)}): no penalty is needed on "
            f"this table{_sparser_clause(comparison, plain)}."
        )
    sentence = (
        f"{best.name} predicts the test rows best "
        f"({metric} {_four_digits(best.test_error)}, {_percent(saved)} below least "
        f"squares), with {best.n_nonzero} of "
        f"{_count(comparison.n_features, 'coefficient')} nonzero"
        f"{_sparser_clause(comparison, best)}"
    )
    if not _clearly_better(best, plain):
        sentence += (
            f"; on {comparison.n_test} test rows a difference of this size to least "
            "squares can be chance"
        )
    return sentence + "."


def _sparser_clause(
    comparison: "RegularizerComparison", reference: "ModelResult"
) -> str:
    """Name the sparsest model with half the coefficients at up to 5% more error."""
    close = [
        result
        for result in comparison.results
        if result.test_error <= 1.05 * reference.test_error
        and 2 * result.n_nonzero <= reference.n_nonzero
    ]
    if not close:
        return ""
    sparser = min(close, key=lambda result: result.n_nonzero)
    behind = sparser.test_error / reference.test_error - 1
    how = f"comes within {_percent(behind)} of it" if behind > 0 else "does as well"
    return f"; {sparser.name} {how} with {_count(sparser.n_nonzero, 'coefficient')}"


def _clearly_better(best: "ModelResult", other: "ModelResult") -> bool:
    """Tell whether the mean paired difference exceeds two standard errors."""
    difference = other.test_losses - best.test_losses
    standard_error = difference.std(ddof=1) / np.sqrt(difference.size)
    return bool(difference.mean() > 2 * standard_error)


def _unit_and_decimals(size: float) -> tuple[float, int]:
    """Choose a unit and decimals that show four digits of an error of this size."""
    if not (isfinite(size) and size > 0):
        return 1.0, 4
    exponent = floor(log10(size))
    shift = 0 if -2 <= exponent < 6 else 3 * (exponent // 3)
    return float(f"1e{shift}"), max(0, 3 - exponent + shift)


def _four_digits(value: float) -> str:
    """Show 57.08, 25120 and 1.292e+06."""
    return f"{float(f'{value:.4g}'):g}"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.0995 else f"{share:.1%}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Left-align the first column, right-align the others."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if k == 0 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
