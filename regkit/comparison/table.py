"""The table of a comparison, as text (plain ASCII, below 80 columns) and as cells."""

from __future__ import annotations

import textwrap

import numpy as np

from regkit._text import align, count
from regkit.comparison.findings import Findings, ModelResult
from regkit.comparison.networks import n_network_folds
from regkit.comparison.numbers import (
    digits,
    error_text,
    percent,
    unit_and_decimals,
)

WIDTH = 79
# How scores are called, and with how many decimals they are shown.
SCORES = {"r2": "R2", "accuracy": "acc.", "auc": "AUC"}
_MOST_CLASSES_SHOWN = 6
_ROUNDING = 1e-4


def header(comparison: Findings) -> list[str]:
    """Give the names of the columns of the table."""
    scores = [SCORES[name] for name in comparison.results[0].scores]
    return ["model", "train", "test", "se", "nonzero", *scores, "chosen"]


def explain(comparison: Findings) -> dict[str, str]:
    """Say what the columns hold."""
    several = len(comparison.splits) > 1
    lines = {
        "train": "error on the rows that a model learned from",
        "test, se": "error on rows kept back, and its standard error",
    }
    if several:
        lines["test, se"] += f" ({len(comparison.splits)} splits)"
    lines["nonzero"] = "columns with a coefficient, of linear models"
    scores = comparison.results[0].scores
    if "r2" in scores:
        lines["R2"] = "share of the variance of the test rows that is explained"
    if "accuracy" in scores:
        lines["acc."] = "share of rows whose class is predicted"
        lines["AUC"] = "share of pairs of rows that are ranked as they should be"
    if (
        len(comparison.target.classes if comparison.target.classes is not None else ())
        > 2
    ):
        lines["AUC"] = "share of pairs ranked right, mean of each class against others"
    lines["*"] = "recommended: the simplest of the models that are equal"
    lines["="] = "equal to the best: within one standard error, or 0.5%"
    lines["chosen"] = _how_chosen(comparison)
    return lines


def _how_chosen(comparison: Findings) -> str:
    plan = comparison.plan
    n_folds = len(comparison.splits[0].folds)
    text = f"by {n_folds}-fold cross-validation on the training rows"
    didactic = any(result.dropout for result in comparison.results)
    fewer = n_network_folds(comparison.n_train, plan.n_folds)
    if didactic and fewer < n_folds:
        text += f" (MLP: {fewer} folds)"
    if len(comparison.splits) > 1:
        text += ", first split"
    return text


def describe_data(comparison: Findings) -> str:
    """Say how many rows and columns there were."""
    parts = [
        f"{comparison.n_train} rows to train and tune, {comparison.n_test} to test"
    ]
    if comparison.plan.time is not None and len(comparison.splits) > 1:
        parts[0] += f", the first of {len(comparison.splits)} blocks of the last rows"
    elif comparison.plan.time is not None:
        parts[0] += " (the last)"
    elif len(comparison.splits) > 1:
        parts[0] += f", {len(comparison.splits)} times"
    return "; ".join([*parts, count(comparison.n_features, "column")])


def describe_columns(comparison: Findings) -> str | None:
    """Say which columns of a table these come from, unless each is one of it."""
    if comparison.encoder is None:
        return None
    n_given, n_features = comparison.n_columns, comparison.n_features
    n_used = sum(bool(column.features) for column in comparison.encoder.columns_)
    of = count(n_given, "column")
    text = f"from {f'{n_used} of ' if n_used < n_given else ''}{of} of the table"
    if n_used < n_features:
        text += ": categories, dates and gaps make several"
    return None if n_used == n_given == n_features else text


def describe_error(comparison: Findings) -> str:
    """Say what the error is, and how large it is without any column."""
    size = error_size(comparison)
    unit, _ = unit_and_decimals(size)
    in_units = "" if unit == 1 else f" in units of {unit:g}"
    return (
        f"error: {comparison.metric.title}{in_units} "
        f"(predicting {comparison.metric.constant}: "
        f"{error_text(comparison.mean_error, size)})"
    )


def describe(comparison: Findings) -> list[str]:
    """Say what stands above the table, a line each."""
    lines = (
        describe_data(comparison),
        describe_columns(comparison),
        describe_classes(comparison),
        describe_error(comparison),
    )
    return [line for line in lines if line is not None]


def describe_classes(comparison: Findings) -> str | None:
    """Say which classes there are, and how large their shares."""
    target = comparison.target
    if target.classes is None or target.codes is None:
        return None
    shares = np.bincount(target.codes) / target.codes.size
    order = np.argsort(-shares, kind="stable")
    shown = [
        f"{target.classes[k]} {percent(float(shares[k]))}"
        for k in order[:_MOST_CLASSES_SHOWN]
    ]
    if len(order) > _MOST_CLASSES_SHOWN:
        shown.append(f"and {len(order) - _MOST_CLASSES_SHOWN} more")
    return f"classes of {comparison.given.target_name}: {', '.join(shown)}"


def error_size(comparison: Findings) -> float:
    """Give the error that sets unit and digits: the smallest, or a constant's."""
    smallest = min(result.test_error for result in comparison.results)
    if comparison.metric.name == "error_rate":
        # The smallest that can be seen, besides none: a single row.
        smallest = max(smallest, 1 / comparison.n_test)
    # Below that, digits are those of rounding errors.
    return max(smallest, _ROUNDING * comparison.mean_error)


def mark(comparison: Findings, result: ModelResult) -> str:
    """Give the sign that says what to think of a model."""
    if result.name == comparison.recommended:
        return "*"
    return "=" if result.equal_to_best else " "


def cells(comparison: Findings, result: ModelResult, fewer: bool = False) -> list[str]:
    """Give one row of the table; with `fewer`, one digit of the errors less."""
    size = error_size(comparison) * (10 if fewer else 1)
    return [
        result.name,
        error_text(result.train_error, size),
        error_text(result.test_error, size),
        error_text(result.test_error_se, size),
        str(result.n_nonzero) if result.is_linear else "-",
        *(_score(value) for value in result.scores.values()),
        chosen(result),
    ]


def render_table(comparison: Findings) -> str:
    """Lay the results out in aligned columns, between lines that explain them."""
    lines = []
    for text in describe(comparison):
        lines += textwrap.wrap(text, WIDTH, subsequent_indent="  ")
    table, legend = _fit_table(comparison), explain(comparison)
    if _has_mix(comparison) and not any("l1_ratio" in line for line in table):
        legend["l1"] = "the parameter l1_ratio: the share of the L1 penalty"
    width = max(map(len, legend))
    told = [f"{name.ljust(width)}  {text}" for name, text in legend.items()]
    return "\n".join([*lines, "", *table, "", *told])


def _fit_table(comparison: Findings) -> list[str]:
    """Lay out the rows below 80 columns: first names get shorter, then numbers."""
    whole = _rows(comparison)
    fewer = _rows(comparison, fewer=_leads_with_zeros(comparison))
    left = {0, len(whole[0]) - 1}  # names, and what was chosen
    table = align(whole, 2, left)
    for rows, gutter in ((whole, 2), (fewer, 2), (fewer, 1)):
        if max(map(len, table)) > WIDTH:
            shorter = [[c.replace("l1_ratio", "l1") for c in row] for row in rows]
            table = align(shorter, gutter, left)
    return table


def _has_mix(comparison: Findings) -> bool:
    return any("l1_ratio" in chosen(result) for result in comparison.results)


def _rows(comparison: Findings, fewer: bool = False) -> list[list[str]]:
    """Give header and rows, the mark before what was chosen."""
    *head, last = header(comparison)
    rows = [[*head, f"  {last}"]]
    for result in comparison.results:
        *others, last = cells(comparison, result, fewer)
        rows.append([*others, f"{mark(comparison, result)} {last}"])
    return rows


def _leads_with_zeros(comparison: Findings) -> bool:
    """Whether errors are written as 0.01234, with a digit to spare."""
    unit, _ = unit_and_decimals(error_size(comparison))
    return unit == 1 and error_size(comparison) < 0.1


def chosen(result: ModelResult) -> str:
    """Say what cross-validation chose, by the names of the parameters."""
    parts = [] if result.dropout is None else [f"dropout {result.dropout:g}"]
    if result.alpha is not None:
        parts.append(f"alpha {digits(result.alpha, 3)}")
    if result.l1_ratio not in (None, 0.0, 1.0):
        parts.append(f"l1_ratio {_ratio(result.l1_ratio)}")
    return ", ".join(parts) or "-"


def _ratio(value: float) -> str:
    """Show 0.5 and 0.9986: a mix near 1 with the digits that tell it from 1."""
    for n in (3, 4, 5, 6):
        if digits(value, n) != "1":
            return digits(value, n)
    return "1"


def _score(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"


def time_text(seconds: float) -> str:
    """Show 0.12 s and 14 s."""
    return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.0f} s"
