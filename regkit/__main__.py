"""The command line: ``python -m regkit compare``."""

import argparse
import os
import sys
import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from regkit import __version__

_COMPARE = """\
Tune least squares, Ridge, Lasso, Elastic Net and networks without and with
dropout by cross-validation and print their train and test errors. Without FILE:
scikit-learn's diabetes data with its quadratic terms (442 rows, 64 columns)."""

_EXAMPLES = """\
examples:
  python -m regkit compare
  python -m regkit compare houses.csv --target price
  python -m regkit compare houses.csv --target price --drop id --category district
"""


class _Parser(argparse.ArgumentParser):
    """An argparse parser whose errors take one line."""

    def error(self, message: str) -> NoReturn:
        _fail(f"{message} (see {self.prog} --help)", self.prog)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Parameters
    ----------
    argv : sequence of str, default=None
        Arguments; ``sys.argv[1:]`` by default.

    Returns
    -------
    code : int
        0 for success. Errors in what the user gave leave through SystemExit with
        code 2 and one line on stderr, Ctrl-C returns 130.
    """
    parser = _build_parser()
    try:
        arguments = parser.parse_args(argv)
        if arguments.command is None:
            parser.print_help()
        else:
            _compare(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has gone. Python flushes stdout once more at exit:
        # give it somewhere to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # as a program killed by SIGPIPE
    except OSError as error:
        _fail(f"cannot write the output: {error.strerror}", parser.prog)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def _build_parser() -> argparse.ArgumentParser:
    as_module = Path(sys.argv[0]).name == "__main__.py"
    parser = _Parser(
        prog="python -m regkit" if as_module else "regkit",
        description="Regularized models: exact Lasso, Elastic Net, Ridge; dropout.",
    )
    parser.add_argument("--version", action="version", version=f"regkit {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    compare = commands.add_parser(
        "compare",
        help="compare least squares, L1, L2 and dropout on a table",
        description=_COMPARE,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = compare.add_argument
    add("file", nargs="?", metavar="FILE", help="CSV file with a header line")
    add("--target", metavar="COLUMN", help="column to predict (needed with FILE)")
    add(
        "--drop",
        metavar="COLUMN",
        action="append",
        default=[],
        help="leave a column out (may be repeated)",
    )
    add(
        "--category",
        metavar="COLUMN",
        action="append",
        default=[],
        help="numbers that stand for categories (may be repeated)",
    )
    add(
        "--test-size",
        metavar="SHARE",
        type=float,
        default=0.25,
        help="share of the rows kept for the test (default: 0.25)",
    )
    add(
        "--folds",
        metavar="K",
        type=int,
        default=5,
        help="folds of the cross-validation (default: 5)",
    )
    add(
        "--metric",
        choices=("rmse", "mae"),
        default="rmse",
        help="root mean squared or mean absolute error (default: rmse)",
    )
    add(
        "--seed",
        metavar="N",
        type=int,
        default=0,
        help="seed of the split and of the folds (default: 0)",
    )
    add(
        "--no-networks",
        dest="networks",
        action="store_false",
        help="linear models only",
    )
    compare.set_defaults(prog=compare.prog)
    return parser


def _compare(arguments: argparse.Namespace) -> None:
    if arguments.file is None:
        for option in ("target", "drop", "category"):
            if getattr(arguments, option):
                _fail(f"--{option} needs a CSV file before it", arguments.prog)
    elif arguments.target is None:
        _fail(
            f"say which column of {arguments.file} to predict with --target COLUMN",
            arguments.prog,
        )

    # Imported here: --help and usage errors need not wait for scikit-learn.
    from regkit.inspection import compare_regularizers

    try:
        title, X, y = _load(arguments)
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # type: ignore[assignment]
            comparison = compare_regularizers(
                X,
                y,
                test_size=arguments.test_size,
                n_folds=arguments.folds,
                metric=arguments.metric,
                networks=arguments.networks,
                random_state=arguments.seed,
                progress=lambda name: _show_progress(f"{name} ..."),
            )
    except ValueError as error:
        _show_progress("")
        _fail(str(error), arguments.prog)
    _show_progress("")
    print(title)
    print(comparison)
    print()
    print(textwrap.fill(comparison.summary(), 80))


def _load(arguments: argparse.Namespace) -> tuple[str, Any, Any]:
    """Return a title and the data: the user's table or the bundled one."""
    if arguments.file is None:
        from regkit.datasets import load_diabetes_interactions

        X, y = load_diabetes_interactions(return_X_y=True)
        return "diabetes progression with quadratic terms", X, y
    from regkit.inspection.csv_table import read_csv

    table = read_csv(
        arguments.file,
        arguments.target,
        drop=arguments.drop,
        category=arguments.category,
    )
    for note in table.notes:
        print(f"note: {note}", file=sys.stderr)
    return f"{arguments.target} in {arguments.file}", table.X, table.y


def _show_progress(message: str) -> None:
    """Replace the current line of a terminal; say nothing to a file or a pipe."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{message}", end="", file=sys.stderr, flush=True)


def _show_warning(message: Warning | str, *_: Any) -> None:
    _show_progress("")
    print(f"note: {message}", file=sys.stderr)


def _fail(message: str, prog: str) -> NoReturn:
    print(f"{prog}: error: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    sys.exit(main())
