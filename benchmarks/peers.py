"""Adapters: one Lasso path by each solver, timed with all that its user pays.

An adapter takes ``(problem, tol)`` and returns a ``Solution``. Centering, Gram
matrices and copies are inside the timed part; imports, compilation (the worker runs
a small problem first) and the judge's duality gap are not. ``tol`` is the solver's
own tolerance; ``targets.py`` holds the one that gives the stated gap.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.from_r import missing_from_r, run_glmnet
from benchmarks.problems import Problem, Vector


@dataclass(frozen=True)
class Solution:
    """A path: ``coefs`` (p, K) sparse, ``intercepts`` (K,), and its seconds."""

    coefs: sparse.csc_matrix
    intercepts: Vector
    seconds: float


def _solution(coefs: Any, intercepts: Any, start: float) -> Solution:
    seconds = time.perf_counter() - start
    return Solution(sparse.csc_matrix(coefs), np.asarray(intercepts), seconds)


def solve_regkit(problem: Problem, tol: float) -> Solution:
    """``lasso_path``."""
    from regkit import lasso_path

    start = time.perf_counter()
    path = lasso_path(problem.X, problem.y, alphas=problem.alphas, tol=tol)
    return _solution(path.sparse_coefs, path.intercepts, start)


def _column_means(X: Any) -> Vector:
    return np.asarray(X.mean(axis=0), dtype=np.float64).ravel()


def _centered(problem: Problem) -> tuple[Any, Vector, float, dict[str, Any]]:
    """X and its means, the mean of y, and options; sparse X is left as it is."""
    X, means, y_mean = problem.X, _column_means(problem.X), float(problem.y.mean())
    if problem.is_sparse:
        return X, means, y_mean, {"X_offset": means, "X_scale": np.ones_like(means)}
    return X - means, means, y_mean, {}


def solve_sklearn(problem: Problem, tol: float) -> Solution:
    """``lasso_path`` on centered data; sparse X is centered through ``X_offset``, as
    ``Lasso.fit`` does for each alpha."""
    from sklearn.linear_model import lasso_path

    start = time.perf_counter()
    X, means, y_mean, options = _centered(problem)
    # Its default of 1,000 sweeps does not reach tol on correlated columns.
    options |= {"alphas": problem.alphas, "tol": tol, "max_iter": 1_000_000}
    _, coefs, _ = lasso_path(X, problem.y - y_mean, **options)
    return _solution(coefs, y_mean - means @ coefs, start)


def solve_celer(problem: Problem, tol: float) -> Solution:
    """``celer_path`` on centered data."""
    from celer import celer_path

    start = time.perf_counter()
    X, means, y_mean, options = _centered(problem)
    # Its default of 20 working sets does not always reach tol.
    options |= {"alphas": problem.alphas, "tol": tol, "max_iter": 1_000}
    _, coefs, _ = celer_path(X, problem.y - y_mean, pb="lasso", **options)
    return _solution(coefs, y_mean - means @ coefs, start)


def solve_skglm(problem: Problem, tol: float) -> Solution:
    """``AndersonCD.path``, warm-started; dense X is centered, sparse X is left to
    the solver's own intercept. ``tol`` is relative to the largest alpha."""
    from skglm.datafits import Quadratic
    from skglm.penalties import L1
    from skglm.solvers import AndersonCD
    from skglm.utils.jit_compilation import compiled_clone

    start = time.perf_counter()
    X, y = problem.X, problem.y
    alphas = problem.alphas
    solver = AndersonCD(tol=tol * alphas[0], fit_intercept=problem.is_sparse)
    means, y_mean = np.zeros(X.shape[1]), 0.0
    if not problem.is_sparse:
        means, y_mean = _column_means(X), y.mean()
        X = X - means
    datafit, penalty = compiled_clone(Quadratic()), compiled_clone(L1(alphas[0]))
    _, coefs, _ = solver.path(X, y - y_mean, datafit, penalty, alphas)
    if problem.is_sparse:
        return _solution(coefs[:-1], coefs[-1], start)
    return _solution(coefs, y_mean - means @ coefs, start)


def solve_adelie(problem: Problem, tol: float) -> Solution:
    """``grpnet``; when n > 2p the covariance method, its Gram included."""
    import adelie

    X, y, alphas = problem.X, problem.y, problem.alphas
    n_threads = os.cpu_count() or 1
    options: dict[str, Any] = {
        "lmda_path": alphas,
        "tol": tol,
        "early_exit": False,
        "progress_bar": False,
        "n_threads": n_threads,
    }
    start = time.perf_counter()
    if X.shape[0] > 2 * X.shape[1]:
        means, y_mean = _column_means(X), y.mean()
        # One product of X with itself (BLAS syrk), centered by a rank-one update.
        gram = X.T @ X / len(y) - np.outer(means, means)
        products = X.T @ (y - y_mean) / len(y)
        state = adelie.gaussian_cov(
            np.asfortranarray(gram), products, rdev_tol=0.0, **options
        )
        coefs = state.betas.T
        return _solution(coefs, y_mean - means @ coefs, start)
    matrix = adelie.matrix.sparse if problem.is_sparse else adelie.matrix.dense
    state = adelie.grpnet(
        matrix(X, n_threads=n_threads), adelie.glm.gaussian(y), **options
    )
    return _solution(state.betas.T, state.intercepts, start)


def solve_glmnet(problem: Problem, tol: float) -> Solution:
    """R's ``glmnet``: data passed by files, seconds measured inside R."""
    found = run_glmnet(problem.X, problem.y, problem.alphas, tol, "gaussian")
    return Solution(*found)


@dataclass(frozen=True)
class Solver:
    """A row of the table: its function and the distribution that it needs."""

    solve: Callable[[Problem, float], Solution]
    distribution: str
    is_r_package: bool = False

    def missing(self) -> str | None:
        """Why the solver cannot run here; None when it can."""
        if self.is_r_package:
            return missing_from_r(self.distribution)
        try:
            importlib.metadata.version(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            # A checkout is importable without having been installed.
            if importlib.util.find_spec(self.distribution) is None:
                return f"{self.distribution} is not installed"
        return None

    def run(self, problem: Problem, tol: float) -> Solution:
        with warnings.catch_warnings():
            # The outside gap judges; peers' own warnings would drown the table.
            warnings.simplefilter("ignore")
            return self.solve(problem, tol)


SOLVERS: dict[str, Solver] = {
    "regkit": Solver(solve_regkit, "regkit"),
    "scikit-learn": Solver(solve_sklearn, "scikit-learn"),
    "celer": Solver(solve_celer, "celer"),
    "skglm": Solver(solve_skglm, "skglm"),
    "adelie": Solver(solve_adelie, "adelie"),
    "glmnet": Solver(solve_glmnet, "glmnet", is_r_package=True),
}
