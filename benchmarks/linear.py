"""Time regkit and its peers on the same problems, and certify every answer.

python -m benchmarks.linear [--only NAME ...] [--solvers NAME ...] [--quick]
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import report
from benchmarks.peers import SOLVERS
from benchmarks.problems import PROBLEMS, make_problem, save_problem
from benchmarks.report import Row
from benchmarks.search import SEARCHES
from benchmarks.single import MEASUREMENTS
from benchmarks.targets import tolerance
from benchmarks.worker import run_solver


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.linear", description="Time regkit and its peers."
    )
    names = [*PROBLEMS, *MEASUREMENTS, *SEARCHES]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--solvers", nargs="+", choices=SOLVERS, default=list(SOLVERS))
    parser.add_argument("--quick", action="store_true", help="small problems")
    parser.add_argument(
        "--budget",
        type=float,
        default=600.0,
        help="seconds after which a solver is killed on a path (default: 600)",
    )
    parser.add_argument(
        "--allowance",
        type=float,
        default=10.0,
        help="seconds in which a path is repeated, the best counts (default: 10)",
    )
    parser.add_argument("--output", type=Path, help="also write FILE.csv or FILE.md")
    return parser.parse_args(argv)


def _run_path(name: str, solvers: Sequence[str], options: argparse.Namespace) -> None:
    """Solve one path by each solver and print its rows as they come."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, name)
        problem = make_problem(name, options.quick)
        save_problem(problem, folder)
        save_problem(make_problem(name, quick=True), folder / "warm_up")
        print(f"\n{name}: {problem.size}", flush=True)
        del problem
        for solver in solvers:
            tol = tolerance(name, solver)
            row = run_solver(folder, solver, tol, options.allowance, options.budget)
            _add(options.rows, row)


def _add(rows: list[Row], row: Row) -> None:
    rows.append(row)
    print("  ", " | ".join(cell for cell in report.cells(rows, row)[1:] if cell))
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for and print both tables."""
    options = _arguments(argv)
    # Stopped from outside, leave no worker behind: exit through the finally blocks.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    load = os.getloadavg()[0]
    options.rows = []
    solvers = []
    for solver in options.solvers:
        missing = SOLVERS[solver].missing()
        if missing:
            print(f"{solver} left out: {missing}")
        else:
            solvers.append(solver)
    for name in options.only:
        if name in PROBLEMS:
            _run_path(name, solvers, options)
            continue
        print(f"\n{name}", flush=True)
        try:
            rows = (MEASUREMENTS | SEARCHES)[name](solvers, options.quick)
        except (ImportError, RuntimeError) as error:
            rows = [Row(name, "", note=f"failed: {str(error).splitlines()[-1]}")]
        for row in rows:
            _add(options.rows, row)

    tables = [report.machine(load), report.measurements(options.rows)]
    if not options.quick:  # The targets are about the full sizes.
        tables.append(report.targets(options.rows))
    text = "\n\n".join(tables) + "\n"
    print(f"\n{text}")
    if options.output is not None:
        is_csv = options.output.suffix == ".csv"
        options.output.write_text(report.as_csv(options.rows) if is_csv else text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
