"""Single fits of classes and the choice of alpha, beside scikit-learn's.

Medians of processor seconds, the fits in turn; gaps by `benchmarks.loss_judge`.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV

from benchmarks.loss_folds import folds
from benchmarks.loss_judge import Judge
from benchmarks.loss_problems import LossProblem, make_problem


def _in_turn(
    models: dict[str, Any], X: Any, y: Any, n_repeats: int
) -> dict[str, float]:
    """Return the median seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in models}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(n_repeats + 1):  # the first one warms up
            for name, model in models.items():
                started = time.process_time()
                model.fit(X, y)
                seconds[name].append(time.process_time() - started)
    return {name: median(found[1:]) for name, found in seconds.items()}


def _compared(
    problem: LossProblem, models: dict[str, Any], l1_ratio: float, n_repeats: int
) -> Iterator[str]:
    judge = Judge(problem, [0], l1_ratio=l1_ratio)
    for name, seconds in _in_turn(models, problem.X, problem.y, n_repeats).items():
        model = models[name]
        gap = judge.largest_gap(model.coef_.reshape(-1, 1), model.intercept_[None])
        yield f"{name:>20}  {1e3 * seconds:9.2f} ms  gap {gap:.1e}"


def fit(quick: bool) -> Iterator[str]:
    """``LogisticClassifier(0.01)`` on 569 x 30 beside lbfgs, which has L2 alone."""
    from regkit import LogisticClassifier

    problem = make_problem("cancer", quick)
    n_repeats = 5 if quick else 200
    for l1_ratio, what in ((1.0, "L1"), (0.0, "L2")):
        yield f"fit: one alpha of 0.01, 569 x 30, {what} by regkit"
        models = {"regkit": LogisticClassifier(0.01, l1_ratio=l1_ratio)}
        if l1_ratio == 0.0:
            C = 1 / (0.01 * len(problem.y))
            models |= {
                name: LogisticRegression(C=C, solver=name)
                for name in ("lbfgs", "newton-cholesky")
            }
        one = replace(problem, alphas=np.array([0.01]))
        yield from _compared(one, models, l1_ratio, n_repeats)


def ridge(quick: bool) -> Iterator[str]:
    """An L2 penalty on 100,000 x 300 and on text beside scikit-learn's solvers."""
    from regkit import LogisticClassifier

    peers = {"tall": ("newton-cholesky", "lbfgs"), "text": ("lbfgs",)}
    for where, alphas in (("tall", (0.1, 0.001)), ("text", (0.001, 1e-5))):
        problem = make_problem(where, quick)
        size = " x ".join(f"{length:,}" for length in problem.X.shape)
        for alpha in alphas:
            yield f"ridge: one alpha of {alpha}, {where}, {size}, L2"
            C = 1 / (alpha * len(problem.y))
            models = {"regkit": LogisticClassifier(alpha, l1_ratio=0.0)}
            for name in peers[where]:
                models[name] = LogisticRegression(C=C, solver=name, max_iter=1_000)
            one = replace(problem, alphas=np.array([alpha]))
            yield from _compared(one, models, 0.0, 2 if quick else 5)


def many(quick: bool) -> Iterator[str]:
    """Thousands of nonzero coefficients on text."""
    from regkit import LogisticClassifier

    problem = make_problem("text", quick)
    for l1_ratio in (1.0, 0.01):
        alpha = float(problem.alphas[0]) * 1e-3 / l1_ratio
        model = LogisticClassifier(alpha, l1_ratio=l1_ratio)
        one = replace(problem, alphas=np.array([alpha]))
        lines = list(_compared(one, {"regkit": model}, l1_ratio, 1))
        yield (
            f"many: one alpha of {alpha:.2g}, l1_ratio {l1_ratio:g}: "
            f"{np.count_nonzero(model.coef_):,} nonzero coefficients, {model.solver_}"
        )
        yield from lines


def choice(quick: bool) -> Iterator[str]:
    """Five folds of 100 alphas, L1, 569 x 30, beside ``LogisticRegressionCV``."""
    from regkit import LogisticClassifierCV, logistic_path

    problem = make_problem("cancer", quick)
    X, y, alphas = problem.X, problem.y, problem.alphas
    if quick:
        alphas = alphas[::20]
    Cs = 1 / (alphas * len(y))
    models: dict[str, Any] = {"regkit": LogisticClassifierCV(alphas=alphas)}
    for name in ("saga", "liblinear"):
        models[name] = LogisticRegressionCV(
            Cs=Cs,
            cv=5,
            l1_ratios=(1.0,),
            solver=name,
            scoring="neg_log_loss",
            use_legacy_attributes=False,
        )
    yield f"choice: 5 folds of {len(alphas)} alphas, L1, {len(y)} rows"
    for name, seconds in _in_turn(models, X, y, 1 if quick else 3).items():
        yield f"{name:>20}  {seconds:9.3f} s"
    started = time.process_time()
    logistic_path(X, y, alphas=alphas)
    yield f"{'one path':>20}  {time.process_time() - started:9.3f} s"


MEASUREMENTS: dict[str, Callable[[bool], Iterator[str]]] = {
    "fit": fit,
    "ridge": ridge,
    "many": many,
    "choice": choice,
    "folds": folds,
}
