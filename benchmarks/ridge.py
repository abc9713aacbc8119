"""Ridge with its alpha chosen, each solver in a process of its own.

As a script, this file is that process: ``python -m benchmarks.ridge NAME SOLVER SIZE``.
Both packages are exact: the notes show the least error, to compare digits by.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from benchmarks.report import Row

# Seconds in which a run is repeated; the best counts.
_ALLOWANCE = 6.0
_BUDGET = 300.0


@dataclass(frozen=True)
class _Shape:
    n: int
    p: int
    n_alphas: int
    cv: int | None


SHAPES = {
    "ridge_loo_tall": _Shape(20_000, 300, 100, None),
    "ridge_loo_wide": _Shape(1_000, 5_000, 100, None),
    "ridge_folds": _Shape(100_000, 300, 10, 5),
}


def _data(
    name: str, quick: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Columns of correlation 0.5 with the next, and alphas around the best."""
    shape, rng = SHAPES[name], np.random.default_rng(0)
    n, p = (shape.n // 10, shape.p // 10) if quick else (shape.n, shape.p)
    noise = rng.standard_normal((n, p))
    X = signal.lfilter([np.sqrt(0.75)], [1.0, -0.5], noise, axis=1)
    y = X @ (rng.standard_normal(p) / np.sqrt(p)) + rng.standard_normal(n)
    return np.ascontiguousarray(X), y, np.geomspace(1e4, 1e-2, shape.n_alphas)


def _run(name: str, solver: str, X: Any, y: Any, alphas: Any) -> Any:
    cv = SHAPES[name].cv
    if solver == "regkit":
        from regkit import RidgeRegressorCV

        return RidgeRegressorCV(alphas=alphas, cv=cv).fit(X, y)
    from sklearn.linear_model import RidgeCV

    scoring = None if cv is None else "neg_mean_squared_error"
    return RidgeCV(alphas=alphas, cv=cv, scoring=scoring).fit(X, y)


def _peak() -> float:
    """The most memory that this process ever held, in bytes; Linux only."""
    status = Path("/proc/self/status").read_text().splitlines()
    return 1024.0 * int(next(s for s in status if s.startswith("VmHWM")).split()[1])


def _work(name: str, solver: str, quick: bool) -> dict[str, Any]:
    """Time one solver, after a small problem that compiles and loads things."""
    _run(name, solver, *_data(name, True))
    X, y, alphas = _data(name, quick)
    before, seconds, start = _peak(), [], time.perf_counter()
    while not seconds or time.perf_counter() - start + max(seconds) < _ALLOWANCE:
        begin = time.perf_counter()
        found = _run(name, solver, X, y, alphas)
        seconds.append(time.perf_counter() - begin)
    extra = (_peak() - before) / X.nbytes
    return {
        "value": min(seconds),
        "note": f"alpha {found.alpha_:.4g}, error {-found.best_score_:.10f}, "
        f"{extra:.2f} X of memory, best of {len(seconds)}",
    }


def ridge_rows(name: str) -> Callable[[Sequence[str], bool], list[Row]]:
    """Rows of one of ``SHAPES``."""

    def measure(solvers: Sequence[str], quick: bool) -> list[Row]:
        rows = []
        for solver in solvers:
            if solver not in ("regkit", "scikit-learn"):
                continue
            size = "quick" if quick else "full"
            command = [sys.executable, "-m", "benchmarks.ridge", name, solver, size]
            try:
                run = subprocess.run(
                    command, capture_output=True, text=True, timeout=_BUDGET
                )
            except subprocess.TimeoutExpired:
                rows.append(Row(name, solver, _BUDGET, note="killed", exceeds=True))
                continue
            if run.returncode:
                note = f"failed: {run.stderr.strip().splitlines()[-1]}"
                rows.append(Row(name, solver, note=note))
            else:
                rows.append(Row(name, solver, **json.loads(run.stdout)))
        return rows

    return measure


if __name__ == "__main__":
    print(json.dumps(_work(sys.argv[1], sys.argv[2], sys.argv[3] == "quick")))
