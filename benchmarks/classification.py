"""Paths and fits of classes and counts by regkit and its peers, certified from outside.

python -m benchmarks.classification [--only NAME ...] [--solvers NAME ...] [--quick]

100 alphas from alpha_max to alpha_max/100 with an unpenalized intercept, in seconds of
processor time of one thread, the median of several runs; `--threads 2` allows two, and
reports seconds by the clock too. A solver whose path takes more than `--budget` seconds
of processor time is stopped. Gaps are by `benchmarks.loss_judge`, the largest at every
11th alpha.
"""

from __future__ import annotations

import argparse
import multiprocessing
import signal
import sys
import time
import warnings
from collections.abc import Sequence
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

from threadpoolctl import threadpool_limits

from benchmarks.loss_fits import MEASUREMENTS
from benchmarks.loss_judge import Judge
from benchmarks.loss_peers import SOLVERS, timed
from benchmarks.loss_problems import PROBLEMS, LossProblem, make_problem

_ALLOWANCE, _QUICK_ALLOWANCE = 5.0, 0.2
_JUDGED = 11


def _work(sender: Connection, name: str, solver: str, tol: float, options: Any) -> None:
    """Solve in a process of its own: once, and again while the allowance lasts."""
    quick = options.quick
    with warnings.catch_warnings(), threadpool_limits(options.threads):
        # The outside gap judges; peers' own warnings would drown the table.
        warnings.simplefilter("ignore")
        problem = make_problem(name, quick)
        timed(SOLVERS[solver], make_problem(name, True), 1e-3)  # compiles
        allowance = _QUICK_ALLOWANCE if quick else _ALLOWANCE
        started, runs = time.perf_counter(), []
        while True:
            begun = time.perf_counter()
            signal.setitimer(signal.ITIMER_PROF, options.budget)  # ends the process
            solved, seconds = timed(SOLVERS[solver], problem, tol)
            signal.setitimer(signal.ITIMER_PROF, 0.0)
            runs.append((seconds, time.perf_counter() - begun))
            longest = max(elapsed for _, elapsed in runs)
            if time.perf_counter() - started + longest > allowance:
                break
    cpu, clock = (median(found) for found in zip(*runs, strict=True))
    sender.send((solved, cpu, clock))


def measure(
    problem: LossProblem, judge: Judge, solver: str, tol: float, options: Any
) -> str:
    """Time one solver at one tolerance, and judge its answer."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    arguments = (sender, problem.name, solver, tol, options)
    process = context.Process(target=_work, args=arguments)
    process.start()
    sender.close()
    try:
        found = receiver.recv()
    except EOFError:
        process.join()
        is_over = process.exitcode == -signal.SIGPROF
        reason = f"> {options.budget:.0f} s" if is_over else "failed"
        return f"{solver:>8}  tol {tol:.0e}  {reason}"
    process.join()
    solved, seconds, elapsed = found
    gap = judge.largest_gap(solved.coefs, solved.intercepts)
    clock = f"  {elapsed:9.3f} by the clock" if options.threads > 1 else ""
    return f"{solver:>8}  tol {tol:.0e}  {seconds:9.3f} s{clock}  gap {gap:.1e}"


def _measure_paths(name: str, options: Any) -> None:
    problem = make_problem(name, options.quick)
    size = " x ".join(f"{length:,}" for length in problem.X.shape)
    classes = f", {problem.n_outputs} classes" if problem.n_outputs > 1 else ""
    print(f"{name}: {size}, {problem.loss}{classes}", flush=True)
    judges: dict[bool, Judge] = {}
    for solver in options.solvers:
        chosen = SOLVERS[solver]
        missing = chosen.missing(problem)
        if missing is not None:
            print(f"{solver:>8}  {missing}")
            continue
        key = chosen.fit_intercept
        if key not in judges:
            places = range(0, len(problem.alphas), _JUDGED)
            judges[key] = Judge(problem, places, fit_intercept=key)
        for tol in options.tol or chosen.tolerances:
            print(measure(problem, judges[key], solver, tol, options), flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.classification",
        description="Time paths and fits of classes and counts, and certify them.",
    )
    names = [*PROBLEMS, *MEASUREMENTS]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--solvers", nargs="+", choices=SOLVERS, default=list(SOLVERS))
    parser.add_argument("--tol", nargs="+", type=float, help="in place of each one's")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--budget", type=float, default=120.0, help="seconds")
    parser.add_argument("--quick", action="store_true", help="small problems")
    options = parser.parse_args(argv)
    with threadpool_limits(options.threads):
        for name in options.only:
            if name in PROBLEMS:
                _measure_paths(name, options)
            else:
                for line in MEASUREMENTS[name](options.quick):
                    print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
