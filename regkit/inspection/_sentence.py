"""What a comparison found, in one sentence."""

from typing import TYPE_CHECKING

import numpy as np

from regkit.inspection._numbers import count, digits, percent

if TYPE_CHECKING:
    from regkit.inspection.comparison import ModelResult, RegularizerComparison

# A share of the error this small is no finding, however many rows show it.
_NO_DIFFERENCE = 0.005
# How much more error a model may have that is recommended for being simpler.
_CLOSE = 1.05


def summarize(comparison: "RegularizerComparison") -> str:
    """Say which model predicts best, by how much, and what is simpler and as good.

    The clauses, in order: what the best model is and does; what does as well with
    half the columns, or without a network; what dropout does; whether chance can
    explain the difference.
    """
    best, plain = comparison.best_, comparison.results[0]
    metric = comparison.metric.upper()
    if best.test_error >= comparison.mean_error:
        return (
            "No model predicts the test rows better than a constant does "
            f"({metric} {digits(comparison.mean_error)}): these columns say "
            "little about the target."
        )
    if plain.test_error - best.test_error <= _NO_DIFFERENCE * plain.test_error:
        clauses = [
            "Least squares predicts the test rows as well as any other model "
            f"({metric} {digits(plain.test_error)}): no penalty is needed on this table"
        ]
        best = plain
    else:
        clauses = [_praise(comparison, best, plain, metric)]
    clauses += _simpler(comparison, best)
    if best is not plain:
        clauses += _networks(comparison, best)
        clauses += _doubt(comparison, best, plain)
    return "; ".join(clauses) + "."


def _praise(
    comparison: "RegularizerComparison",
    best: "ModelResult",
    plain: "ModelResult",
    metric: str,
) -> str:
    saved = percent(1 - best.test_error / plain.test_error)
    errors = f"{metric} {digits(best.test_error)} against {digits(plain.test_error)}"
    if best.is_network:
        return f"{best.name} predicts {saved} better than least squares ({errors})"
    return (
        f"{best.name} keeps {_columns(comparison, best)} and predicts {saved} better "
        f"than least squares ({errors})"
    )


def _columns(comparison: "RegularizerComparison", result: "ModelResult") -> str:
    p = comparison.n_features
    if result.n_nonzero == p:
        return "the only column" if p == 1 else f"all {p} columns"
    return f"{result.n_nonzero} of {count(p, 'column')}"


def _simpler(
    comparison: "RegularizerComparison", reference: "ModelResult"
) -> list[str]:
    """Name the best linear model beside a network, or the sparsest good one."""
    linear = [result for result in comparison.results if not result.is_network]
    if reference.is_network:
        other = min(linear, key=lambda result: result.test_error)
        behind = other.test_error / reference.test_error - 1
        return [
            f"the best linear model, {other.name}, keeps "
            f"{_columns(comparison, other)} and {_behind('is', behind)} it"
        ]
    close = [
        result
        for result in linear
        if result.test_error <= _CLOSE * reference.test_error
        and 2 * result.n_nonzero <= reference.n_nonzero
    ]
    if not close:
        return []
    sparser = min(close, key=lambda result: result.n_nonzero)
    behind = sparser.test_error / reference.test_error - 1
    how = f"comes within {percent(behind)} of it" if behind > 0 else "does as well"
    return [f"{sparser.name} {how} with {count(sparser.n_nonzero, 'column')}"]


def _networks(comparison: "RegularizerComparison", best: "ModelResult") -> list[str]:
    """Say what dropout does to the network, and where that leaves it."""
    networks = [result for result in comparison.results if result.is_network]
    if len(networks) < 2:
        return []
    bare = networks[0]
    dropped = min(networks[1:], key=lambda result: result.test_error)
    saved = 1 - dropped.test_error / bare.test_error
    if saved < _NO_DIFFERENCE:
        clause = "dropout does not help the network here"
    else:
        how = "dropout and L2 take" if dropped.alpha else "dropout takes"
        clause = f"{how} {percent(saved)} off the error of the network"
    if not best.is_network:
        nearest = min(networks, key=lambda result: result.test_error)
        behind = nearest.test_error / best.test_error - 1
        verb = "stays" if saved >= _NO_DIFFERENCE else "is"
        clause += f", which {_behind(verb, behind)} {best.name.split(' (')[0]}"
    return [clause]


def _behind(verb: str, share: float) -> str:
    """Say how much larger an error is than that of what is named next."""
    if share < 1:
        return f"{verb} {percent(share)} behind"
    return f"has {digits(1 + share, 2)} times the error of"


def _doubt(
    comparison: "RegularizerComparison", best: "ModelResult", plain: "ModelResult"
) -> list[str]:
    """Say so where two standard errors are more than what was won."""
    rivals = [plain]
    if best.is_network:
        linear = [result for result in comparison.results if not result.is_network]
        rivals.append(min(linear, key=lambda result: result.test_error))
    for rival in rivals:
        if not _clearly_better(best, rival):
            name = "least squares" if rival is plain else rival.name
            return [
                f"on {comparison.n_test} test rows a difference of this size to "
                f"{name} can be chance"
            ]
    return []


def _clearly_better(best: "ModelResult", other: "ModelResult") -> bool:
    """Tell whether the mean paired difference exceeds two standard errors."""
    difference = other.test_losses - best.test_losses
    standard_error = difference.std(ddof=1) / np.sqrt(difference.size)
    return bool(difference.mean() > 2 * standard_error)
