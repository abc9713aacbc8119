"""What a comparison found, in words."""

from __future__ import annotations

from regkit._text import count
from regkit.comparison.findings import Findings, ModelResult
from regkit.comparison.numbers import error_text, percent, unit_and_decimals
from regkit.comparison.table import error_size

# Of a constant's error: what is smaller is taken for no error at all.
EXACT = 1e-6


def summarize(comparison: Findings) -> str:
    """Say which model to take, its error, its equals, and how far others are behind."""
    if comparison.constant_equal:
        return _nothing_found(comparison)
    sentences = [_recommend(comparison), *_equals(comparison), *_behind(comparison)]
    return " ".join(sentences)


def _nothing_found(comparison: Findings) -> str:
    best = comparison.best_
    metric = comparison.metric
    if best.test_error >= comparison.mean_error:
        return (
            f"No model predicts the test rows better than {metric.constant} "
            f"({metric.short} {_error(comparison, comparison.mean_error)}): these "
            "columns say little about the target."
        )
    return (
        f"No model is better than {metric.constant} by more than one standard error "
        f"({metric.short} {_error(comparison, best.test_error)} of {best.name} against "
        f"{_error(comparison, comparison.mean_error)}): what was found can be chance."
    )


def _recommend(comparison: Findings) -> str:
    chosen, metric = comparison.recommended_, comparison.metric
    saved = percent(1 - chosen.test_error / comparison.mean_error)
    error = (
        f"{metric.short} {_error(comparison, chosen.test_error)} "
        f"(standard error {_error(comparison, chosen.test_error_se)}), {saved} less "
        f"than predicting {metric.constant}"
    )
    if chosen.is_linear:
        return f"Take {_called(chosen)}: {_columns(comparison, chosen)}, {error}."
    return f"Take {_called(chosen)}: {error}."


def _columns(comparison: Findings, result: ModelResult) -> str:
    p = comparison.n_features
    if result.n_nonzero == p:
        return "the only column" if p == 1 else f"all {p} columns"
    return f"{result.n_nonzero} of {count(p, 'column')}"


def _equals(comparison: Findings) -> list[str]:
    """Name the models that are as good, and the one with the smallest error."""
    chosen, best = comparison.recommended_, comparison.best_
    others = [
        result
        for result in comparison.results
        if result.equal_to_best and result is not chosen
    ]
    if not others:
        return [] if len(comparison.results) == 1 else ["No other model equals it."]
    names = _join([_called(result) for result in others])
    verb = "equals" if len(others) == 1 else "equal"
    name = names[0].upper() + names[1:]
    sentence = f"{name} {verb} it within one standard error"
    if best is not chosen and best.test_error < chosen.test_error:
        who = "" if len(others) == 1 else f"{_called(best)} with "
        sentence += f" ({who}the smallest error, {_error(comparison, best.test_error)})"
    return [f"{sentence}."]


def _behind(comparison: Findings) -> list[str]:
    """Say how far the other kinds of models are behind, or what linear ones miss."""
    chosen = comparison.recommended_
    sentences = []
    linear = [r for r in comparison.results if r.is_linear]
    if not chosen.is_linear and linear:
        other = min(linear, key=lambda result: result.test_error)
        sentences.append(
            f"{other.name}, the best linear model, {_worse(comparison, other)}: "
            "the effects bend or depend on each other."
        )
    else:
        plain = comparison.results[0]
        if plain.is_linear and plain is not chosen and not plain.equal_to_best:
            sentences.append(f"{plain.name} {_worse(comparison, plain)}.")
    rivals = [r for r in comparison.results if r.name in ("Boosting", "Network")]
    rest = [r for r in rivals if r is not chosen and not r.equal_to_best]
    if rest:
        parts = [f"{_called(r)} {_worse(comparison, r)}" for r in rest]
        text = _join(parts)
        sentences.append(f"{text[0].upper()}{text[1:]}.")
    return sentences


def _worse(comparison: Findings, result: ModelResult) -> str:
    reference = comparison.recommended_.test_error
    if reference <= EXACT * comparison.mean_error:
        return f"has the error {_error(comparison, result.test_error)}"
    share = result.test_error / reference - 1
    if share < 1:
        return f"is {percent(share)} behind"
    return f"has {1 + share:.2g} times the error"


def _called(result: ModelResult) -> str:
    """Name a model within a sentence."""
    return {
        "Least squares": "least squares",
        "Boosting": "boosting",
        "Network": "the network",
    }.get(result.name, result.name)


def _error(comparison: Findings, error: float) -> str:
    """Show an error with the digits of the table."""
    size = error_size(comparison)
    unit, _ = unit_and_decimals(size)
    text = error_text(error, size)
    return (
        text
        if unit == 1
        else f"{text}e{len(f'{unit:.0f}') - 1}"
        if unit > 1
        else (f"{error:.4g}")
    )


def _join(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"
