"""Single fits, imports and first fits, regkit beside scikit-learn.

Each measurement takes the solvers asked for and ``quick``, and returns rows. What
depends on the process (memory, imports, compilation) runs in fresh ones.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gap import relative_gaps, ridge_relative_gap
from benchmarks.problems import make_problem
from benchmarks.report import Row

_LASSO = {"regkit": "LassoRegressor", "scikit-learn": "Lasso"}
_RIDGE = {"regkit": "RidgeRegressor", "scikit-learn": "Ridge"}
_MODULE = {"regkit": "regkit", "scikit-learn": "sklearn.linear_model"}


def _known(solvers: Iterable[str]) -> list[str]:
    return [solver for solver in solvers if solver in _MODULE]


def _estimator(solver: str, names: dict[str, str]) -> Any:
    module = __import__(_MODULE[solver], fromlist=[names[solver]])
    return getattr(module, names[solver])


def medians(runs: dict[str, Callable[[], float]], n_repeats: int) -> dict[str, float]:
    """Median of each run's values; alternating, so that noise falls on all alike."""
    values: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(n_repeats):
        for name, run in runs.items():
            values[name].append(run())
    return {name: statistics.median(found) for name, found in values.items()}


def timed_fit(model: Any, X: Any, y: Any, rest: float = 0.0) -> Callable[[], float]:
    def run() -> float:
        time.sleep(rest)
        start = time.perf_counter()
        model.fit(X, y)
        return time.perf_counter() - start

    run()
    return run


def lasso_fit(solvers: Sequence[str], quick: bool) -> list[Row]:
    """``LassoRegressor(0.1).fit`` on scikit-learn's diabetes data, 442 x 10."""
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True)
    models = {s: _estimator(s, _LASSO)(alpha=0.1) for s in _known(solvers)}
    n_repeats = 50 if quick else 1_000
    runs = {solver: timed_fit(model, X, y) for solver, model in models.items()}
    seconds = medians(runs, n_repeats)
    rows = []
    for solver, model in models.items():
        coef = np.reshape(model.coef_, (-1, 1))
        intercept = np.array([float(model.intercept_)])
        gap = relative_gaps(X, y, coef, intercept, np.array([0.1]))[0]
        nonzeros = int(np.count_nonzero(coef))
        note = f"median of {n_repeats}"
        rows.append(Row("lasso_fit", solver, seconds[solver], gap, nonzeros, note))
    return rows


def ridge_fit(solvers: Sequence[str], quick: bool) -> list[Row]:
    """``RidgeRegressor().fit`` on the tall problem, rows contiguous."""
    problem = make_problem("tall", quick)
    X, y = np.ascontiguousarray(problem.X), problem.y
    models = {s: _estimator(s, _RIDGE)(alpha=1.0) for s in _known(solvers)}
    n_repeats = 9
    # A rest before each fit: the BLAS threads that the one before left spinning, the
    # other solver's, would hold a core for some hundredths of a second.
    runs = {s: timed_fit(model, X, y, rest=0.2) for s, model in models.items()}
    seconds = medians(runs, n_repeats)
    rows = []
    for solver, model in models.items():
        gap = ridge_relative_gap(X, y, model.coef_, float(model.intercept_), 1.0)
        note = f"median of {n_repeats}"
        rows.append(Row("ridge_fit", solver, seconds[solver], gap, X.shape[1], note))
    return rows


# The peak of this process's own memory: ru_maxrss starts at the parent's peak on
# Linux, so it is the fallback only.
_RIDGE_MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np
from {module} import {estimator}

def peak():
    status = Path("/proc/self/status")
    if status.exists():
        line = next(l for l in status.read_text().splitlines() if "VmHWM" in l)
        return 1024 * int(line.split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

X, y = np.load("X.npy"), np.load("y.npy")
{estimator}().fit(X[:2_000].copy(), y[:2_000])
before = peak()
{estimator}().fit(X, y)
print((peak() - before) / X.nbytes)
"""


def ridge_memory(solvers: Sequence[str], quick: bool) -> list[Row]:
    """Peak extra memory of ``ridge_fit``, in multiples of X."""
    problem = make_problem("tall", quick)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder, "X.npy"), np.ascontiguousarray(problem.X))
        np.save(Path(folder, "y.npy"), problem.y)
        for solver in _known(solvers):
            names = {"module": _MODULE[solver], "estimator": _RIDGE[solver]}
            extra = _script(_RIDGE_MEMORY.format(**names), folder=folder)
            note = "peak extra memory"
            rows.append(Row("ridge_memory", solver, extra, note=note, unit="x X"))
    return rows


_IMPORT = """
import time
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""

_FIRST_FIT = """
import time
start = time.perf_counter()
import numpy as np
from {module} import {estimator}
rng = np.random.default_rng(0)
X = rng.standard_normal((442, 10))
{estimator}(0.1).fit(X, X[:, 0] + rng.standard_normal(442))
print(time.perf_counter() - start)
"""


def imports(solvers: Sequence[str], quick: bool) -> list[Row]:
    """``import regkit`` against ``import sklearn.linear_model``, and the import of an
    estimator, which is what a lazy package puts off."""
    n_repeats = 3 if quick else 9
    rows = []
    for name, statement in (
        ("import", "import {module}"),
        ("import_estimator", "from {module} import {estimator}"),
    ):
        runs = {}
        for solver in _known(solvers):
            line = statement.format(module=_MODULE[solver], estimator=_LASSO[solver])
            runs[solver] = _runner(_IMPORT.format(statement=line))
        for run in runs.values():
            run()
        for solver, seconds in medians(runs, n_repeats).items():
            rows.append(Row(name, solver, seconds, note=f"median of {n_repeats}"))
    return rows


def first_fits(solvers: Sequence[str], quick: bool) -> list[Row]:
    """The import and first fit of a fresh process, 442 x 10: with an empty Numba
    cache (``first_fit_ever``), then with the cache that this left."""
    n_repeats = 3 if quick else 7
    runs = {}
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        for solver in _known(solvers):
            names = {"module": _MODULE[solver], "estimator": _LASSO[solver]}
            runs[solver] = _runner(_FIRST_FIT.format(**names), cache=cache)
            note = "import and fit, empty cache"
            rows.append(Row("first_fit_ever", solver, runs[solver](), note=note))
        for solver, seconds in medians(runs, n_repeats).items():
            note = f"import and fit, warm cache, median of {n_repeats}"
            rows.append(Row("first_fit", solver, seconds, note=note))
    return rows


def _runner(code: str, cache: str | None = None) -> Callable[[], float]:
    return lambda: _script(code, cache=cache)


def _script(code: str, *, folder: str = ".", cache: str | None = None) -> float:
    """The number that ``code`` prints in a fresh interpreter run in ``folder``."""
    environment = dict(os.environ)
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = cache
    command = [sys.executable, "-W", "ignore", "-c", code]
    run = subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=environment
    )
    if run.returncode:
        raise RuntimeError(run.stderr.strip())
    return float(run.stdout.split()[-1])


MEASUREMENTS: dict[str, Callable[[Sequence[str], bool], list[Row]]] = {
    "lasso_fit": lasso_fit,
    "ridge_fit": ridge_fit,
    "ridge_memory": ridge_memory,
    "import": imports,
    "first_fit": first_fits,
}
