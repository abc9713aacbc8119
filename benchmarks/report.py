"""The tables: every measurement, and every target against what was measured."""

from __future__ import annotations

import csv
import io
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from benchmarks.targets import TARGETS, Target


@dataclass(frozen=True)
class Row:
    """One measurement; ``value`` in seconds unless ``unit`` says otherwise, and None
    when there is none, for the reason in ``note``. A solver killed at its budget
    ``exceeds`` the value."""

    problem: str
    solver: str
    value: float | None = None
    gap: float | None = None
    nonzeros: int | None = None
    note: str = ""
    unit: str = "s"
    exceeds: bool = False


_PACKAGES = (
    "regkit",
    "numpy",
    "scikit-learn",
    "celer",
    "skglm",
    "adelie",
    "torch",
    "skorch",
)
HEADER = ("problem", "solver", "time", "gap", "nonzeros", "ratio to regkit", "note")
TARGET_HEADER = ("problem", "against", "measure", "required", "measured", "gap", "")


def machine(load: float) -> str:
    """One line on the machine, its load before the start and what was measured."""
    versions = []
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    cores = f"{os.cpu_count()} cores, {platform.machine()}"
    python = f"Python {platform.python_version()}"
    # Timings taken beside other work mislead: those of threaded solvers most.
    return ", ".join([cores, f"load at the start {load:.1f}", python, *versions])


def _ratio(rows: Iterable[Row], row: Row) -> float | None:
    for other in rows:
        if (other.problem, other.solver) == (row.problem, "regkit"):
            if row.value is None or not other.value or other.exceeds:
                return None
            return row.value / other.value
    return None


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def cells(rows: Sequence[Row], row: Row) -> tuple[str, ...]:
    """One line of the table of measurements."""
    more = "> " if row.exceeds else ""
    value = "" if row.value is None else f"{more}{row.value:.4g} {row.unit}"
    ratio = _ratio(rows, row)
    return (
        row.problem,
        row.solver,
        value,
        _number(row.gap, ".1e"),
        _number(row.nonzeros, ",d"),
        "" if ratio is None else f"{more}{ratio:.2f}",
        row.note,
    )


def _judge(target: Target, rows: Sequence[Row]) -> tuple[str, ...]:
    found = {row.solver: row for row in rows if row.problem == target.problem}
    own = found.get("regkit", Row(target.problem, "regkit"))
    peer = found.get(target.peer, Row(target.problem, target.peer))
    measured = _measured(target, own, peer)
    is_ratio = target.kind == "ratio"
    verdict = "not measured"
    if measured is not None:
        met = measured >= target.limit if is_ratio else measured <= target.limit
        exact = target.gap is None or (own.gap is not None and own.gap <= target.gap)
        verdict = "met" if met and exact else "MISSED"
        if peer.exceeds and not met:
            verdict = "undecided: a larger --budget"
    sign = ">=" if is_ratio else "<="
    more = "> " if peer.exceeds and measured is not None else ""
    gap = "" if target.gap is None else f"{_number(own.gap, '.0e')} <= {target.gap:.0e}"
    return (
        target.problem,
        target.peer,
        target.kind,
        f"{sign} {target.limit:.3g}",
        more + _number(measured, ".3g"),
        gap,
        verdict,
    )


def _measured(target: Target, own: Row, peer: Row) -> float | None:
    """The number that the target's limit bounds; None when it was not measured."""
    if own.value is None or own.exceeds:
        return None
    if target.kind == "value":
        return own.value
    if peer.value is None:
        return None
    return peer.value / own.value if target.kind == "ratio" else own.value - peer.value


def measurements(rows: Sequence[Row]) -> str:
    """All rows, as a Markdown table."""
    return markdown(HEADER, [cells(rows, row) for row in rows])


def targets(rows: Sequence[Row], asked: Sequence[Target] = TARGETS) -> str:
    """The targets of the problems that were run, as a Markdown table."""
    problems = {row.problem for row in rows}
    judged = [_judge(t, rows) for t in asked if t.problem in problems]
    return markdown(TARGET_HEADER, judged)


def as_csv(rows: Sequence[Row]) -> str:
    """All rows, unrounded, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text)
    fields = (
        "problem",
        "solver",
        "value",
        "unit",
        "exceeds",
        "gap",
        "nonzeros",
        "note",
    )
    writer.writerow([*fields, "ratio to regkit"])
    for row in rows:
        writer.writerow([getattr(row, name) for name in fields] + [_ratio(rows, row)])
    return text.getvalue()


def markdown(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table, its columns aligned."""
    table = [tuple(header), *map(tuple, lines)]
    widths = [max(len(line[i]) for line in table) for i in range(len(header))]
    text = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |"
        for line in table
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([text[0], rule, *text[1:]])
