"""``regkit warm-up``: compile all kernels now."""

import argparse

from regkit.commands.failure import fail
from regkit.commands.terminal import ProgressLine


def run(arguments: argparse.Namespace) -> None:
    """Compile what is missing, and say what was done."""
    with ProgressLine() as progress:
        progress.step("loading")
        # Imported here: the line before tells what the wait is for.
        try:
            from regkit._warm_up import warm_up
        except ValueError as error:  # a variable that Numba does not start with
            fail(str(error), arguments.prog)

        report = warm_up(progress.step)
    if report.kept_in is None and not report.n_found:
        fail(
            "compiled kernels can be kept nowhere: set NUMBA_CACHE_DIR, and leave "
            "NUMBA_DISABLE_JIT out",
            arguments.prog,
        )
    print(report)
