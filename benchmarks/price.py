"""The price of a cross-validation in paths, on tables that nothing was tuned for.

Processor seconds of one `LassoRegressorCV` fit, the path on all rows included, over
those of `lasso_path` with the same alphas: whatever else the machine does, both are
measured in turn, in one process.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.folds import N_FOLDS, certified_gap
from benchmarks.problems import Problem, autoregressive, make_problem, problem_of
from benchmarks.report import Row

_COLUMNS = (100, 250, 400, 700, 1_000)
_ROWS_PER_COLUMN = (2, 10, 50, 300)
# Shares of entries that are stored in a sparse X of 50 rows per column.
_DENSITIES = (0.01, 0.05)
# Entries of the largest X.
_MOST = 32_000_000
# How X is stored, its type and the number of folds.
_FORMS = (
    ("F", "float64", N_FOLDS),
    ("C", "float64", N_FOLDS),
    ("F", "float32", N_FOLDS),
    ("C", "float32", N_FOLDS),
    ("C", "float64", 3),
    ("C", "float64", 10),
)
_TOL = 1e-10
# Seconds in which a pair is repeated, and how often at least.
_ALLOWANCE = 2.0
_LEAST = 3


def price_rows(solvers: Sequence[str], quick: bool) -> list[Row]:
    """Rows of every table and form; only regkit is asked, whatever ``solvers`` say."""
    rows = []
    for problem in _problems(quick):
        for order, dtype, n_folds in _FORMS:
            X = np.asarray(problem.X, dtype=dtype, order=order)  # type: ignore[call-overload]
            form = f"{order} {dtype}, {n_folds} folds"
            rows.append(_row(replace(problem, X=X), form, n_folds))
    for density in _DENSITIES:
        problem = _sparse_problem(2_000 if quick else 20_000, density)
        form = f"CSC, {density:.0%} stored, {N_FOLDS} folds"
        rows.append(_row(problem, form, N_FOLDS))
    return rows


def _row(problem: Problem, form: str, n_folds: int) -> Row:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the grid ends early
        row = replace(_price(problem, n_folds), solver=form)
    print("  ", problem.size, form, f"{row.value:.2f}", flush=True)
    return row


def _problems(quick: bool) -> Iterator[Problem]:
    """Yield tables of few columns and many, hardly taller than wide and very tall."""
    for p in _COLUMNS[:1] if quick else _COLUMNS:
        for ratio in _ROWS_PER_COLUMN[:2] if quick else _ROWS_PER_COLUMN:
            if ratio * p * p <= _MOST:
                yield problem_of("price", *autoregressive(ratio * p, p))
    for name in ("housing", "tall"):
        yield make_problem(name, quick)


def _sparse_problem(n_samples: int, density: float) -> Problem:
    """Return 50 rows per column, a tenth of these informative, as much noise."""
    rng = np.random.default_rng(5)
    p = n_samples // 50
    X = sparse.csc_array(sparse.random_array((n_samples, p), density=density, rng=rng))
    signal = X[:, : p // 10] @ rng.standard_normal(p // 10)
    y = signal + signal.std() * rng.standard_normal(n_samples)
    return problem_of("price", X, y)


def _price(problem: Problem, n_folds: int) -> Row:
    from regkit import LassoRegressorCV, lasso_path

    X, y, alphas = problem.X, problem.y, problem.alphas

    def path() -> Any:
        return lasso_path(X, y, alphas=alphas, tol=_TOL)

    def fit() -> Any:
        return LassoRegressorCV(alphas=alphas, cv=n_folds, tol=_TOL).fit(X, y)

    pairs = in_turn(path, fit, _ALLOWANCE)
    ratio = median(whole / alone for alone, whole in pairs)
    model = fit()
    return Row(
        f"price {problem.size}",
        "regkit",
        ratio,
        certified_gap(replace(problem, X=X.astype(np.float64)), model, n_folds),
        int(np.count_nonzero(model.path_.coefs[:, -1])),
        note=f"path {1e3 * min(alone for alone, _ in pairs):.3g} ms",
        unit="paths",
    )


def in_turn(
    path: Callable[[], Any], fit: Callable[[], Any], allowance: float
) -> list[tuple[float, float]]:
    """Return processor seconds of both, measured in turn for ``allowance`` seconds."""
    for run in (path, fit):  # compiles
        run()
    pairs: list[tuple[float, float]] = []
    start = time.perf_counter()
    while len(pairs) < _LEAST or time.perf_counter() - start < allowance:
        pairs.append((_seconds(path), _seconds(fit)))
    return pairs


def _seconds(run: Callable[[], Any]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin
