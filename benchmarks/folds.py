"""Cross-validated Lasso: 5 folds, 100 alphas, each solver in a process of its own.

As a script, this file is that process: ``python -m benchmarks.folds FOLDER SOLVER``.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks.gap import relative_gaps
from benchmarks.peers import SOLVERS as PEERS
from benchmarks.problems import Problem, load_problem, make_problem, save_problem
from benchmarks.report import Row

N_FOLDS = 5
TOLERANCES = {"path": 1e-10, "regkit": 1e-10, "scikit-learn": 1e-6, "adelie": 1e-10}
# Seconds in which a run is repeated; the best counts.
_ALLOWANCE = 6.0
# A solver's first run may take so long.
_BUDGET = 600.0


def _folds(problem: Problem, n_folds: int) -> list[tuple[Any, Any]]:
    from sklearn.model_selection import KFold

    return list(KFold(n_folds).split(problem.X))


def _run_path(problem: Problem, tol: float) -> Any:
    from regkit import lasso_path

    return lasso_path(problem.X, problem.y, alphas=problem.alphas, tol=tol)


def _run_regkit(problem: Problem, tol: float) -> Any:
    from regkit import LassoRegressorCV

    model = LassoRegressorCV(alphas=problem.alphas, cv=N_FOLDS, tol=tol)
    return model.fit(problem.X, problem.y)


def _run_sklearn(problem: Problem, tol: float) -> Any:
    from sklearn.linear_model import LassoCV

    alphas: dict[str, Any] = {"alphas": problem.alphas}
    # Its default of 1,000 sweeps does not reach tol on correlated columns.
    model = LassoCV(cv=N_FOLDS, tol=tol, n_jobs=2, max_iter=1_000_000, **alphas)
    return model.fit(problem.X, problem.y)


def _run_adelie(problem: Problem, tol: float) -> Any:
    import adelie

    return adelie.cv_grpnet(
        problem.X,
        adelie.glm.gaussian(problem.y),
        n_folds=N_FOLDS,
        seed=0,
        lmda_path_size=len(problem.alphas),
        min_ratio=float(problem.alphas[-1] / problem.alphas[0]),
        tol=tol,
        early_exit=False,
        progress_bar=False,
        n_threads=2,
    )


_RUN: dict[str, Callable[[Problem, float], Any]] = {
    "path": _run_path,
    "regkit": _run_regkit,
    "scikit-learn": _run_sklearn,
    "adelie": _run_adelie,
}


def _gap(problem: Problem, solver: str, tol: float, found: Any) -> float | None:
    """The largest certified gap: of all folds and alphas where they can be had."""
    X, y, alphas = problem.X, problem.y, problem.alphas
    if solver == "path":
        return float(relative_gaps(X, y, found.coefs, found.intercepts, alphas).max())
    if solver == "scikit-learn":  # the final fit is all that it gives
        coef, intercept = found.coef_[:, None], np.array([found.intercept_])
        return float(relative_gaps(X, y, coef, intercept, np.array([found.alpha_]))[0])
    if solver != "regkit":
        return None
    return certified_gap(problem, found, N_FOLDS)


def certified_gap(problem: Problem, found: Any, n_folds: int) -> float:
    """The largest gap of regkit's path on all rows and of its folds' paths."""
    X, y, alphas = problem.X, problem.y, problem.alphas
    found.set_params(store_fold_coefs=True).fit(X, y)
    gaps = [relative_gaps(X, y, found.coef_path_, found.path_.intercepts, alphas).max()]
    folds = _folds(problem, n_folds)
    for coefs, (train, _) in zip(found.fold_coef_path_, folds, strict=True):
        rows, target = X[train], y[train]
        intercepts = target.mean() - rows.mean(axis=0) @ coefs
        gaps.append(relative_gaps(rows, target, coefs, intercepts, alphas).max())
    return float(max(gaps))


def _nonzeros(found: Any) -> int | None:
    coef = getattr(found, "coef_", None)
    return None if coef is None else int(np.count_nonzero(coef))


def _work(folder: Path, solver: str) -> dict[str, Any]:
    """Run one solver on a saved problem, after a small one that compiles things."""
    warnings.simplefilter("ignore")  # the outside gap judges
    problem, tol = load_problem(folder), TOLERANCES[solver]
    run = _RUN[solver]
    for _ in range(2):
        run(load_problem(folder / "warm_up"), tol)
    seconds: list[float] = []
    start = time.perf_counter()
    while not seconds or time.perf_counter() - start + max(seconds) < _ALLOWANCE:
        begin = time.perf_counter()
        found = run(problem, tol)
        seconds.append(time.perf_counter() - begin)
    return {
        "value": min(seconds),
        "gap": _gap(problem, solver, tol, found),
        "nonzeros": _nonzeros(found),
        "note": f"tol {tol:g}, best of {len(seconds)}",
    }


def lasso_rows(
    name: str, order: Literal["F", "C"] = "F"
) -> Callable[[Sequence[str], bool], list[Row]]:
    """Rows of one problem of ``problems.py``; "path" is `lasso_path` alone."""
    title = f"lasso_cv_{name}" if order == "F" else f"lasso_cv_{name}_c_order"

    def measure(solvers: Sequence[str], quick: bool) -> list[Row]:
        rows = []
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary, name)
            _save(name, order, quick, folder)
            for solver in solvers:
                if solver in PEERS and PEERS[solver].missing():
                    continue
                rows.append(_in_a_process(title, folder, solver))
        return rows

    return measure


def _save(name: str, order: Literal["F", "C"], quick: bool, folder: Path) -> None:
    """Write a problem, and a small one to warm up with, X stored in ``order``."""
    for place, is_small in ((folder, quick), (folder / "warm_up", True)):
        problem = make_problem(name, is_small)
        save_problem(replace(problem, X=np.asarray(problem.X, order=order)), place)


def _in_a_process(name: str, folder: Path, solver: str) -> Row:
    command = [sys.executable, "-m", "benchmarks.folds", str(folder), solver]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=_BUDGET)
    except subprocess.TimeoutExpired:
        return Row(name, solver, _BUDGET, note="killed", exceeds=True)
    if run.returncode:
        return Row(name, solver, note=f"failed: {run.stderr.strip().splitlines()[-1]}")
    return Row(name, solver, **json.loads(run.stdout.splitlines()[-1]))


# The peak of the process's own memory beyond what it held before, over X.
_MEMORY = """
import warnings
warnings.simplefilter("ignore")
from pathlib import Path
from benchmarks.folds import _RUN, TOLERANCES
from benchmarks.problems import load_problem

def peak():
    status = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(l for l in status if l.startswith("VmHWM")).split()[1])

folder = Path({folder!r})
run, tol = _RUN[{solver!r}], TOLERANCES[{solver!r}]
run(load_problem(folder / "warm_up"), tol)
problem = load_problem(folder)
before = peak()
run(problem, tol)
print((peak() - before) / problem.X.nbytes)
"""


def lasso_memory(solvers: Sequence[str], quick: bool) -> list[Row]:
    """Peak extra memory of the same runs, in multiples of X; Linux only."""
    if not Path("/proc/self/status").exists():
        raise RuntimeError("the peak of a process's memory is read from /proc")
    rows = []
    shapes = ("wide", "correlated", "tall")
    for name, order in itertools.product(shapes, ("F", "C")):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary, name)
            _save(name, order, quick, folder)
            for solver in solvers:
                if solver == "adelie":
                    continue
                code = _MEMORY.format(folder=str(folder), solver=solver)
                command = [sys.executable, "-c", code]
                run = subprocess.run(command, capture_output=True, text=True)
                if run.returncode:
                    raise RuntimeError(run.stderr.strip())
                extra = float(run.stdout.split()[-1])
                suffix = "memory" if order == "F" else "c_order_memory"
                problem = f"lasso_cv_{name}_{suffix}"
                note = "peak extra memory"
                rows.append(Row(problem, solver, extra, note=note, unit="x X"))
    return rows


if __name__ == "__main__":
    print(json.dumps(_work(Path(sys.argv[1]), sys.argv[2])))
