"""Paths of classes and counts by regkit and its peers, each certified from outside.

python -m benchmarks.classification [--only NAME ...] [--solvers NAME ...] [--quick]

100 alphas from alpha_max to alpha_max/100 with an unpenalized intercept, in seconds of
processor time of one thread (set OMP_NUM_THREADS=1), the best of several runs. The gap
is relative to the null deviance, the largest at every 11th alpha; it is computed by
`tests.loss_certificate`, which shares no code with any solver.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer
from threadpoolctl import threadpool_limits

from benchmarks import problems
from tests.loss_certificate import certify_loss

N_ALPHAS, LAST_ALPHA = 100, 0.01
_ALLOWANCE = 5.0
_JUDGED = slice(0, None, 11)


@dataclass(frozen=True)
class LossProblem:
    """One path to solve."""

    name: str
    loss: str
    X: Any
    y: Any
    offset: Any
    alphas: Any


Path = tuple[Any, Any]
"""Coefficients (p, K) and intercepts (K,)."""


# ------------------------------------------------------------------------- problems


def _labelled(make: Callable[[bool], Any]) -> Callable[[bool], Any]:
    """Classes in place of a problem's target: above its median, with noise."""

    def made(quick: bool) -> Any:
        X, y = make(quick)
        rng = np.random.default_rng(0)
        noisy = (y - np.median(y)) / y.std() + 0.5 * rng.logistic(size=len(y))
        return "logistic", X, (noisy > 0).astype(np.float64), None

    return made


def _cancer(quick: bool) -> Any:
    X, y = load_breast_cancer(return_X_y=True)
    X = np.asfortranarray((X - X.mean(axis=0)) / X.std(axis=0))
    return "logistic", X, y.astype(np.float64), None


def _claims(quick: bool) -> Any:
    """Counts with exposure, as of insured cars."""
    rng = np.random.default_rng(5)
    n_samples, n_features = (5_000, 20) if quick else (67_856, 32)
    X = np.asfortranarray(rng.standard_normal((n_samples, n_features)))
    exposure = np.log(rng.uniform(0.05, 1.0, size=n_samples))
    coef = rng.standard_normal(n_features) * (rng.random(n_features) < 0.4) * 0.15
    y = rng.poisson(np.exp(X @ coef - 1.5 + exposure))
    return "poisson", X, y.astype(np.float64), exposure


def _genes(quick: bool) -> Any:
    """Few rows, thousands of columns of blocks that go together."""
    rng = np.random.default_rng(7)
    n_samples, n_features = 72, 500 if quick else 7_129
    factors = rng.standard_normal((n_samples, 20))
    X = factors @ rng.standard_normal((20, n_features)) * 0.5
    X = np.asfortranarray(X + rng.standard_normal((n_samples, n_features)))
    y = factors[:, 0] + 0.3 * rng.standard_normal(n_samples) > 0.0
    return "logistic", X, y.astype(np.float64), None


def _many_claims(quick: bool) -> Any:
    """Ten times as many insured cars."""
    rng = np.random.default_rng(6)
    n_samples, n_features = (8_000, 20) if quick else (680_000, 66)
    X = np.asfortranarray(rng.standard_normal((n_samples, n_features)))
    exposure = np.log(rng.uniform(0.05, 1.0, size=n_samples))
    coef = rng.standard_normal(n_features) * (rng.random(n_features) < 0.4) * 0.15
    y = rng.poisson(np.exp(X @ coef - 1.5 + exposure))
    return "poisson", X, y.astype(np.float64), exposure


PROBLEMS: dict[str, Callable[[bool], Any]] = {
    "cancer": _cancer,
    "wide": _labelled(problems.wide),
    "correlated": _labelled(problems.correlated),
    "square": _labelled(problems.square),
    "tall": _labelled(problems.tall),
    "text": _labelled(problems.text),
    "genes": _genes,
    "claims": _claims,
    "many claims": _many_claims,
}


def make_problem(name: str, quick: bool) -> LossProblem:
    """Generate a problem with its grid."""
    from regkit import glm_path, logistic_path

    loss, X, y, offset = PROBLEMS[name](quick)
    compute = logistic_path if loss == "logistic" else glm_path
    top = compute(X, y, offset=offset, n_alphas=1).alphas[0]
    alphas = np.geomspace(top, LAST_ALPHA * top, N_ALPHAS)
    return LossProblem(name, loss, X, y, offset, alphas)


# --------------------------------------------------------------------------- solvers


def solve_regkit(problem: LossProblem, tol: float) -> Path:
    """`logistic_path` or `glm_path`."""
    from regkit import glm_path, logistic_path

    compute = logistic_path if problem.loss == "logistic" else glm_path
    path = compute(
        problem.X, problem.y, offset=problem.offset, alphas=problem.alphas, tol=tol
    )
    return path.sparse_coefs, path.intercepts


def solve_adelie(problem: LossProblem, tol: float) -> Path:
    """``grpnet`` with one thread."""
    import adelie
    from scipy import sparse

    is_sparse = sparse.issparse(problem.X)
    matrix = adelie.matrix.sparse if is_sparse else adelie.matrix.dense
    kind = adelie.glm.binomial if problem.loss == "logistic" else adelie.glm.poisson
    state = adelie.grpnet(
        matrix(problem.X, n_threads=1),
        kind(problem.y),
        offsets=problem.offset,
        lmda_path=problem.alphas,
        tol=tol,
        early_exit=False,
        progress_bar=False,
        n_threads=1,
    )
    return sparse.csc_array(state.betas.T), np.asarray(state.intercepts)


def solve_glmnet(problem: LossProblem, tol: float) -> Path:
    """glmnet's Fortran by way of `python-glmnet`; its path may end early."""
    from glmnet import LogitNet

    model = LogitNet(lambda_path=problem.alphas, standardize=False, n_splits=0, tol=tol)
    model.fit(problem.X, problem.y.astype(np.int64))
    coefs, intercepts = model.coef_path_[0], model.intercept_path_[0]
    missing = len(problem.alphas) - len(intercepts)
    coefs = np.concatenate([coefs, np.repeat(coefs[:, -1:], missing, axis=1)], axis=1)
    return coefs, np.append(intercepts, np.repeat(intercepts[-1:], missing))


def solve_glum(problem: LossProblem, tol: float) -> Path:
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
    return model.coef_path_.T, model.intercept_path_


def solve_skglm(problem: LossProblem, tol: float) -> Path:
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
    return np.array(coefs).T, np.array(intercepts)


def solve_sklearn(problem: LossProblem, tol: float) -> Path:
    """``LogisticRegression`` with saga, each alpha from the last one's solution."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        solver="saga", l1_ratio=1.0, tol=tol, max_iter=10_000, warm_start=True
    )
    coefs, intercepts = [], []
    for alpha in problem.alphas:
        model.set_params(C=1.0 / (alpha * len(problem.y)))
        model.fit(problem.X, problem.y)
        coefs.append(model.coef_[0].copy())
        intercepts.append(float(model.intercept_[0]))
    return np.array(coefs).T, np.array(intercepts)


@dataclass(frozen=True)
class Solver:
    """A function, its tolerances in turn, and what it can solve."""

    solve: Callable[[LossProblem, float], Path]
    package: str
    tolerances: tuple[float, ...]
    losses: tuple[str, ...] = ("logistic", "poisson")
    takes_offset: bool = True
    small_only: bool = False
    takes_sparse: bool = True


SOLVERS = {
    "regkit": Solver(solve_regkit, "regkit", (1e-6, 1e-10)),
    "adelie": Solver(solve_adelie, "adelie", (1e-7, 1e-11)),
    "glmnet": Solver(
        solve_glmnet, "glmnet", (1e-7, 1e-12), ("logistic",), takes_offset=False
    ),
    "glum": Solver(solve_glum, "glum", (1e-4,), takes_sparse=False),
    "skglm": Solver(solve_skglm, "skglm", (1e-4,), takes_offset=False),
    "scikit-learn": Solver(
        solve_sklearn, "sklearn", (1e-3,), ("logistic",), small_only=True
    ),
}


def _can(solver: Solver, problem: LossProblem, quick: bool) -> bool:
    if problem.loss not in solver.losses:
        return False
    if problem.offset is not None and not solver.takes_offset:
        return False
    if hasattr(problem.X, "tocsc") and not solver.takes_sparse:
        return False
    return not solver.small_only or quick or problem.name == "cancer"


# ------------------------------------------------------------------------ measurement


def largest_gap(problem: LossProblem, coefs: Any, intercepts: Any) -> float:
    """Certify every 11th alpha of a path."""
    gaps = []
    for k in range(len(problem.alphas))[_JUDGED]:
        coef = coefs[:, [k]]
        coef = coef.toarray() if hasattr(coef, "toarray") else np.asarray(coef)
        found = certify_loss(
            problem.loss,
            problem.X,
            problem.y,
            coef.ravel(),
            intercepts[k],
            alpha=problem.alphas[k],
            offset=problem.offset,
        )
        gaps.append(found.relative_gap)
    return max(gaps)


def measure(problem: LossProblem, name: str, tol: float) -> str:
    """Time one solver at one tolerance, and judge its answer."""
    solver, seconds = SOLVERS[name], []
    started = time.perf_counter()
    while not seconds or time.perf_counter() - started + max(seconds) < _ALLOWANCE:
        begin = time.process_time()
        coefs, intercepts = solver.solve(problem, tol)
        seconds.append(time.process_time() - begin)
    gap = largest_gap(problem, coefs, intercepts)
    return f"{name:>12}  tol {tol:.0e}  {min(seconds):9.3f} s  gap {gap:.1e}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.classification",
        description="Time paths of classes and counts, and certify them.",
    )
    parser.add_argument("--only", nargs="+", choices=PROBLEMS, default=list(PROBLEMS))
    parser.add_argument("--solvers", nargs="+", choices=SOLVERS, default=list(SOLVERS))
    parser.add_argument("--quick", action="store_true", help="small problems")
    options = parser.parse_args(argv)
    for name in options.only:
        problem = make_problem(name, options.quick)
        print(f"{name}: {problem.X.shape[0]:,} x {problem.X.shape[1]:,}", flush=True)
        for solver in options.solvers:
            if importlib.util.find_spec(SOLVERS[solver].package) is None:
                print(f"{solver:>12}  not installed")
                continue
            if not _can(SOLVERS[solver], problem, options.quick):
                continue
            with warnings.catch_warnings(), threadpool_limits(1):
                # The outside gap judges; peers' own warnings would drown the table.
                warnings.simplefilter("ignore")
                SOLVERS[solver].solve(make_problem(name, True), 1e-3)  # compiles
                for tol in SOLVERS[solver].tolerances:
                    print(measure(problem, solver, tol), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
