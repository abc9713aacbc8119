"""Five folds of classes and counts, in paths.

Processor seconds of one fit that chooses alpha, the path on all rows included, over
those of one path with the same alphas: both in turn, in one process.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import numpy as np

from benchmarks.loss_judge import Judge
from benchmarks.loss_problems import (
    PROBLEMS,
    LossProblem,
    Stated,
    insured,
    labeled,
    problem_of,
)
from benchmarks.price import in_turn
from benchmarks.problems import autoregressive

N_FOLDS = 5
_SIZES = ((5_000, 60), (20_000, 60), (30_000, 30), (10_000, 100), (2_000, 300))
_NAMES = ("cancer", "genes", "wide", "correlated", "tall", "text", "claims")
_QUICK_NAMES = ("cancer", "claims")
# Seconds in which a pair is repeated.
_ALLOWANCE, _QUICK_ALLOWANCE = 4.0, 0.2
_JUDGED = 11


def folds(quick: bool) -> Iterator[str]:
    """Every problem with one target, and tables of sizes between."""
    yield f"folds: {N_FOLDS} folds of 100 alphas, the path on all rows included"
    for problem in _problems(quick):
        yield _price(problem, _QUICK_ALLOWANCE if quick else _ALLOWANCE)


def _problems(quick: bool) -> Iterator[LossProblem]:
    for name in _QUICK_NAMES if quick else _NAMES:
        yield problem_of(name, PROBLEMS[name](quick))
    for n_samples, n_features in _SIZES[:1] if quick else _SIZES:
        yield problem_of("seeded", _classes(n_samples, n_features))
    if not quick:
        for size in ((10_000, 100), (10_000, 200)):
            yield problem_of("seeded", insured(4, size, size)(quick))


def _classes(n_samples: int, n_features: int) -> Stated:
    return labeled(lambda quick: autoregressive(n_samples, n_features))(False)


def _price(problem: LossProblem, allowance: float) -> str:
    from regkit import (
        GeneralizedLinearRegressorCV,
        LogisticClassifierCV,
        glm_path,
        logistic_path,
    )

    X, y, offset, alphas = problem.X, problem.y, problem.offset, problem.alphas
    is_logistic = problem.loss == "logistic"
    compute: Callable[..., Any] = logistic_path if is_logistic else glm_path
    kind: Any = LogisticClassifierCV if is_logistic else GeneralizedLinearRegressorCV

    def path() -> Any:
        return compute(X, y, offset=offset, alphas=alphas)

    def fit() -> Any:
        return kind(alphas=alphas, cv=N_FOLDS).fit(X, y, offset=offset)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the outside gap judges
        pairs = in_turn(path, fit, allowance)
        ratio = median(whole / alone for alone, whole in pairs)
        found = fit().path_
    judge = Judge(problem, range(0, len(alphas), _JUDGED))
    gap = judge.largest_gap(found.sparse_coefs, np.asarray(found.intercepts))
    size = " x ".join(f"{length:,}" for length in X.shape)
    alone = 1e3 * median(alone for alone, _ in pairs)
    return (
        f"{problem.name:>12}  {problem.loss:>8}  {size:>16}  {ratio:5.2f} paths"
        f"  (path {alone:8.2f} ms)  gap {gap:.1e}"
    )
