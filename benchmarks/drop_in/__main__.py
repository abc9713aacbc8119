"""scikit-learn's own tests, run with regkit's classes in the place of theirs.

    python -m benchmarks.drop_in                 # all parts: about ten minutes
    python -m benchmarks.drop_in ridge lasso     # some
    python -m benchmarks.drop_in ridge --details # and what each failure says

The test files are those of the installed scikit-learn. A test counts if it makes an
object of a class, or calls a function, that has been replaced, and is not about a
parameter or a part of scikit-learn that regkit does not have (`unrelated.py`). What
differs by design is listed with its reason in `differences.py`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.drop_in.differences import DIFFERENCES
from benchmarks.drop_in.outcomes import Outcome, Tally, read
from benchmarks.drop_in.parts import PARTS

_ROOT = Path(__file__).parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.drop_in", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "parts",
        nargs="*",
        choices=[*PARTS, []],
        metavar="part",
        help=f"of {', '.join(PARTS)}; all without",
    )
    parser.add_argument("--details", action="store_true", help="what failures say")
    arguments = parser.parse_args()
    names = arguments.parts or list(PARTS)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        outcomes = list(threads.map(_run, names))
    total = Tally("all")
    for name, found in zip(names, outcomes, strict=True):
        tally = Tally(name)
        for outcome in found:
            tally.add(outcome, DIFFERENCES)
        tally.print_failures(arguments.details)
        total.include(tally)
        print(tally)
    if len(names) > 1:
        print(total)
    return 0 if total.is_good else 1


def _run(name: str) -> list[Outcome]:
    """Run the tests of a part in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.json"
        command = [sys.executable, "-m", "benchmarks.drop_in.session"]
        subprocess.run(
            [*command, name, str(results)],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(_ROOT)},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if not results.exists():
            raise RuntimeError(f"{name}: the tests did not run")
        return read(results)


if __name__ == "__main__":
    sys.exit(main())
