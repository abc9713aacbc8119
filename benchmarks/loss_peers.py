"""Adapters: one path of classes or counts by each solver, on one thread or several."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_info

from benchmarks.from_r import missing_from_r, run_glmnet
from benchmarks.loss_problems import LossProblem


class Solved(NamedTuple):
    """A path: a column of coefficients for each alpha, class after class."""

    coefs: Any
    """(n_outputs * n_features, A), dense or sparse."""
    intercepts: Any
    """(A,), or (A, n_outputs) of several classes."""
    seconds: float | None = None
    """Where a solver measures its own."""


def _n_threads() -> int:
    """As many as BLAS was limited to."""
    return max((int(pool["num_threads"]) for pool in threadpool_info()), default=1)


def solve_regkit(problem: LossProblem, tol: float) -> Solved:
    """`logistic_path` or `glm_path`."""
    from regkit import glm_path, logistic_path

    compute = glm_path if problem.loss == "poisson" else logistic_path
    path = compute(
        problem.X, problem.y, offset=problem.offset, alphas=problem.alphas, tol=tol
    )
    return Solved(path.sparse_coefs, path.intercepts)


def solve_adelie(problem: LossProblem, tol: float) -> Solved:
    """``grpnet``."""
    import adelie

    is_sparse = sparse.issparse(problem.X)
    matrix = adelie.matrix.sparse if is_sparse else adelie.matrix.dense
    kind = adelie.glm.binomial if problem.loss == "logistic" else adelie.glm.poisson
    n_threads = _n_threads()
    state = adelie.grpnet(
        matrix(problem.X, n_threads=n_threads),
        kind(problem.y),
        offsets=problem.offset,
        lmda_path=problem.alphas,
        tol=tol,
        early_exit=False,
        progress_bar=False,
        n_threads=n_threads,
    )
    return Solved(sparse.csc_array(state.betas.T), np.asarray(state.intercepts))


def solve_glmnet(problem: LossProblem, tol: float) -> Solved:
    """R's ``glmnet``, or its Fortran by way of ``python-glmnet``."""
    if missing_from_r("glmnet") is None:
        family = {"logistic": "binomial"}.get(problem.loss, problem.loss)
        found = run_glmnet(
            problem.X, problem.y, problem.alphas, tol, family, problem.offset
        )
        return Solved(*found)
    from glmnet import LogitNet

    model = LogitNet(lambda_path=problem.alphas, standardize=False, n_splits=0, tol=tol)
    model.fit(problem.X, problem.y.astype(np.int64))
    is_binary = problem.loss == "logistic"
    # (K, p, A) and (K, A); its path may end early.
    coefs, intercepts = model.coef_path_, model.intercept_path_
    missing = len(problem.alphas) - coefs.shape[-1]
    coefs = np.concatenate([coefs, np.repeat(coefs[..., -1:], missing, -1)], axis=-1)
    more = np.repeat(intercepts[..., -1:], missing, -1)
    intercepts = np.concatenate([intercepts, more], axis=-1)
    coefs = coefs.reshape(-1, coefs.shape[-1])
    return Solved(coefs, intercepts[0] if is_binary else intercepts.T)


def solve_glum(problem: LossProblem, tol: float) -> Solved:
    """``GeneralizedLinearRegressor`` with a search over alphas."""
    from glum import GeneralizedLinearRegressor

    model = GeneralizedLinearRegressor(
        family="binomial" if problem.loss == "logistic" else "poisson",
        l1_ratio=1.0,
        alpha=list(problem.alphas),
        alpha_search=True,
        gradient_tol=tol,
        max_iter=1000,
    )
    model.fit(problem.X, problem.y, offset=problem.offset)
    return Solved(model.coef_path_.T, model.intercept_path_)


def solve_skglm(problem: LossProblem, tol: float) -> Solved:
    """``ProxNewton.path``, warm-started."""
    from skglm.datafits import Logistic, Poisson
    from skglm.penalties import L1
    from skglm.solvers import ProxNewton
    from skglm.utils.jit_compilation import compiled_clone

    is_logistic = problem.loss == "logistic"
    y = 2.0 * problem.y - 1.0 if is_logistic else problem.y
    datafit = compiled_clone(Logistic() if is_logistic else Poisson())
    solver = ProxNewton(tol=tol * problem.alphas[0], fit_intercept=True, max_iter=100)
    coefs, intercepts = [], []
    start = np.zeros(problem.X.shape[1] + 1)
    for alpha in problem.alphas:
        penalty = compiled_clone(L1(alpha))
        if hasattr(datafit, "initialize"):
            datafit.initialize(problem.X, y)
        fitted = problem.X @ start[:-1] + start[-1]
        start = solver.solve(problem.X, y, datafit, penalty, start.copy(), fitted)[0]
        coefs.append(start[:-1])
        intercepts.append(start[-1])
    return Solved(np.array(coefs).T, np.array(intercepts))


def solve_celer(problem: LossProblem, tol: float) -> Solved:
    """``celer_path``, which has no intercept: judged on the problem without one."""
    from celer import celer_path

    y = 2.0 * problem.y - 1.0
    alphas = problem.alphas * len(y)
    _, coefs, _ = celer_path(
        problem.X, y, "logreg", alphas=alphas, tol=tol, max_iter=1_000, use_PN=True
    )
    return Solved(coefs, np.zeros(len(alphas)))


def solve_sklearn(problem: LossProblem, tol: float) -> Solved:
    """``LogisticRegression`` with saga, each alpha from the last one's solution."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        solver="saga", l1_ratio=1.0, tol=tol, max_iter=10_000, warm_start=True
    )
    is_binary = problem.loss == "logistic"
    X = problem.X.tocsr() if sparse.issparse(problem.X) else problem.X
    coefs, intercepts = [], []
    for alpha in problem.alphas:
        model.set_params(C=1.0 / (alpha * len(problem.y)))
        model.fit(X, problem.y)
        coefs.append(model.coef_.ravel().copy())
        intercepts.append(model.intercept_[0] if is_binary else model.intercept_.copy())
    return Solved(np.array(coefs).T, np.array(intercepts))


@dataclass(frozen=True)
class Solver:
    """A function, its tolerances in turn, and what it can solve."""

    solve: Callable[[LossProblem, float], Solved]
    package: str
    tolerances: tuple[float, ...]
    losses: tuple[str, ...] = ("logistic", "poisson")
    takes_offset: bool = True
    takes_sparse: bool = True
    fit_intercept: bool = True

    def missing(self, problem: LossProblem) -> str | None:
        """Why the solver cannot run here, or on this problem; None when it can."""
        if problem.loss not in self.losses:
            return f"has no {problem.loss} regression with an L1 penalty"
        if problem.offset is not None and not self.takes_offset:
            return "takes no offset"
        if sparse.issparse(problem.X) and not self.takes_sparse:
            return "makes sparse X dense"
        if self.package == "glmnet" and missing_from_r("glmnet") is None:
            return None
        if importlib.util.find_spec(self.package) is None:
            return "is not installed"
        if self.package == "glmnet" and problem.loss == "poisson":
            return missing_from_r("glmnet")
        return None


SOLVERS = {
    "regkit": Solver(
        solve_regkit, "regkit", (1e-6, 1e-10), ("logistic", "poisson", "multinomial")
    ),
    "adelie": Solver(solve_adelie, "adelie", (1e-7, 1e-11)),
    "glmnet": Solver(
        solve_glmnet, "glmnet", (1e-7, 1e-12), ("logistic", "poisson", "multinomial")
    ),
    "glum": Solver(solve_glum, "glum", (1e-4,), takes_sparse=False),
    "skglm": Solver(solve_skglm, "skglm", (1e-4,), takes_offset=False),
    "celer": Solver(solve_celer, "celer", (1e-4,), ("logistic",), fit_intercept=False),
    "saga": Solver(
        solve_sklearn, "sklearn", (1e-3,), ("logistic", "multinomial"), False
    ),
}


def timed(solver: Solver, problem: LossProblem, tol: float) -> tuple[Solved, float]:
    """Solve; return the seconds of processor time too."""
    started = time.process_time()
    found = solver.solve(problem, tol)
    seconds = time.process_time() - started
    return found, seconds if found.seconds is None else found.seconds
