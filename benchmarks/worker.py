"""One solver on one saved problem, in a process that can be killed.

``run_solver`` starts ``python -m benchmarks.worker FOLDER SOLVER TOL ALLOWANCE`` and
kills it, with its children, when the first solution takes longer than the budget.
The worker reports each stage as a line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gap import relative_gaps
from benchmarks.peers import SOLVERS
from benchmarks.problems import load_problem
from benchmarks.report import Row

_MARK = "benchmark:"


def run_solver(
    folder: Path, solver: str, tol: float, allowance: float, budget: float
) -> Row:
    """Time ``solver`` on the problem in ``folder``: best of the runs that fit in
    ``allowance`` seconds, at least one."""
    name = folder.name
    command = [
        sys.executable,
        "-m",
        "benchmarks.worker",
        folder,
        solver,
        tol,
        allowance,
    ]
    expired = threading.Event()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )

        def kill() -> None:
            expired.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(budget, kill)
        try:
            result = _follow(process, timer)
        finally:
            timer.cancel()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if expired.is_set():
            return Row(name, solver, budget, note=f"tol {tol:g}, killed", exceeds=True)
        if result is None:
            errors.seek(0)
            lines = errors.read().strip().splitlines() or ["no message"]
            return Row(name, solver, note=f"failed: {lines[-1]}")
    note = f"tol {tol:g}, best of {result['n_runs']}"
    return Row(name, solver, result["seconds"], result["gap"], result["nonzeros"], note)


def _follow(
    process: subprocess.Popen[str], timer: threading.Timer
) -> dict[str, Any] | None:
    """Read the worker's events to the end; the timer covers its first solution."""
    assert process.stdout is not None
    for line in process.stdout:
        if not line.startswith(_MARK):
            continue
        event: dict[str, Any] = json.loads(line.removeprefix(_MARK))
        if event["stage"] == "start":
            timer.start()
        elif event["stage"] == "solved":
            timer.cancel()
        else:
            process.wait()
            return event
    process.wait()
    return None


def _tell(stage: str, **values: float) -> None:
    print(_MARK + json.dumps({"stage": stage, **values}), flush=True)


def _work(folder: Path, solver: str, tol: float, allowance: float) -> None:
    problem = load_problem(folder)
    # Compiles what a solver compiles, and wakes up thread pools.
    SOLVERS[solver].run(load_problem(folder / "warm_up"), tol)
    _tell("start")
    start = time.perf_counter()
    solution = SOLVERS[solver].run(problem, tol)
    _tell("solved")
    seconds = [solution.seconds]
    while time.perf_counter() - start + max(seconds) < allowance:
        seconds.append(SOLVERS[solver].run(problem, tol).seconds)
    gaps = relative_gaps(
        problem.X, problem.y, solution.coefs, solution.intercepts, problem.alphas
    )
    nonzeros = int(np.count_nonzero(solution.coefs[:, [-1]].data))
    _tell(
        "done",
        seconds=min(seconds),
        n_runs=len(seconds),
        gap=float(gaps.max()),
        nonzeros=nonzeros,
    )


if __name__ == "__main__":
    folder, solver, tol, allowance = sys.argv[1:]
    _work(Path(folder), solver, float(tol), float(allowance))
