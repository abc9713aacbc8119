"""Time the choice of alpha: regkit and its peers on the same folds and alphas.

python -m benchmarks.cross_validation [--only NAME ...] [--solvers NAME ...] [--quick]

A row is a function in ``MEASUREMENTS``; what is asked of it stands in ``targets.py``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import report
from benchmarks.folds import lasso_memory, lasso_rows
from benchmarks.price import price_rows
from benchmarks.report import Row
from benchmarks.ridge import SHAPES, ridge_rows
from benchmarks.targets import CV_TARGETS

SOLVERS = ("path", "regkit", "scikit-learn", "adelie")

# Each takes the solvers asked for and ``quick``.
MEASUREMENTS: dict[str, Callable[[Sequence[str], bool], list[Row]]] = {
    "lasso_cv_wide": lasso_rows("wide"),
    "lasso_cv_correlated": lasso_rows("correlated"),
    "lasso_cv_tall": lasso_rows("tall"),
    "lasso_cv_wide_c_order": lasso_rows("wide", "C"),
    "lasso_cv_correlated_c_order": lasso_rows("correlated", "C"),
    "lasso_cv_tall_c_order": lasso_rows("tall", "C"),
    "lasso_cv_memory": lasso_memory,
    "price": price_rows,
    **{name: ridge_rows(name) for name in SHAPES},
}


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cross_validation",
        description="Time the choice of alpha by regkit and its peers.",
    )
    names = list(MEASUREMENTS)
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--solvers", nargs="+", choices=SOLVERS, default=list(SOLVERS))
    parser.add_argument("--quick", action="store_true", help="small problems")
    parser.add_argument("--output", type=Path, help="also write FILE.csv or FILE.md")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for and print both tables."""
    options = _arguments(argv)
    load = os.getloadavg()[0]
    rows: list[Row] = []
    for name in options.only:
        print(f"\n{name}", flush=True)
        try:
            found = MEASUREMENTS[name](options.solvers, options.quick)
        except (ImportError, RuntimeError) as error:
            found = [Row(name, "", note=f"failed: {str(error).splitlines()[-1]}")]
        for row in found:
            rows.append(row)
            print("  ", " | ".join(c for c in report.cells(rows, row)[1:] if c))
        sys.stdout.flush()
    tables = [report.machine(load), report.measurements(rows)]
    if not options.quick:  # The targets are about the full sizes.
        tables.append(report.targets(rows, CV_TARGETS))
    text = "\n\n".join(tables) + "\n"
    print(f"\n{text}")
    if options.output is not None:
        is_csv = options.output.suffix == ".csv"
        options.output.write_text(report.as_csv(rows) if is_csv else text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
