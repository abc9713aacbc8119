"""The command line: ``python -m regkit compare``."""

import argparse
import io
import os
import shlex
import sys
import textwrap
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from regkit import __version__
from regkit._terminal import ProgressLine

_COMPARE = """\
Tune least squares, Ridge, Lasso, Elastic Net and networks without and with
dropout by cross-validation and print their train and test errors. Without FILE:
scikit-learn's diabetes data with its quadratic terms (442 rows, 64 columns), or
with --data houses an artificial table of house prices (500 rows, 28 columns)."""

_EXAMPLES = """\
examples:
  python -m regkit compare
  python -m regkit compare houses.csv --target price
  python -m regkit compare houses.csv --target price --drop id --category district
  python -m regkit compare houses.csv --target price --output report.html
"""

_WARM_UP = """\
Compile all kernels that are not compiled yet, in as many processes as there are
processors, and keep them. No fit of this installation has to wait for a compiler
afterwards. Where nothing is missing, nothing is done."""

_FIGURES = (".png", ".svg", ".pdf")
_READINGS = ("drop", "category", "number", "date", "boolean")
_READING_OPTIONS = ("missing", "decimal", "date_order", "encoding", "sheet")


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
    for stream in (sys.stdout, sys.stderr):
        # A terminal without the characters of the data shows their codes.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parser = _build_parser()
    try:
        given = sys.argv[1:] if argv is None else list(argv)
        arguments = parser.parse_args(given)
        arguments.command_line = [*parser.prog.split(), *given]
        if arguments.command is None:
            parser.print_help()
        elif arguments.command == "warm-up":
            _warm_up(parser.prog)
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
    add(
        "file",
        nargs="?",
        metavar="FILE",
        help="table with a header line: CSV, Excel, Parquet, JSON lines; - for stdin",
    )
    add(
        "--data",
        choices=("diabetes", "houses"),
        help="without FILE: bundled data (default: diabetes)",
    )
    add("--target", metavar="COLUMN", help="column to predict (needed with FILE)")
    _add_table_options(compare)
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
    add(
        "--output",
        metavar="FILE",
        type=Path,
        help="write a page with the table and pictures (.html)",
    )
    add(
        "--figure",
        metavar="FILE",
        type=Path,
        help="draw the errors (.png, .svg or .pdf)",
    )
    compare.set_defaults(prog=compare.prog)
    commands.add_parser(
        "warm-up",
        help="compile everything now, so that no later fit waits",
        description=_WARM_UP,
    )
    return parser


def _warm_up(prog: str) -> None:
    with ProgressLine() as progress:
        progress.step("loading")
        from regkit._warm_up import warm_up

        report = warm_up(progress.step)
    if report.n_compiled and report.kept_in is None:
        _fail("compiled kernels can be kept nowhere: set NUMBA_CACHE_DIR", prog)
    print(report)


def _add_table_options(compare: argparse.ArgumentParser) -> None:
    """Add what says how to read the table."""
    group = compare.add_argument_group("reading the table (all may be repeated)")
    for option, help_text in (
        ("drop", "leave a column out"),
        ("category", "read a column as a category, such as a postal code"),
        ("number", "read a column as numbers, and keep it"),
        ("date", "read a column as dates"),
        ("boolean", "read a column as yes and no"),
    ):
        group.add_argument(
            f"--{option}", metavar="COLUMN", action="append", default=[], help=help_text
        )
    group.add_argument(
        "--missing",
        metavar="CELL",
        action="append",
        default=[],
        help="a cell that stands for a missing value, such as -999",
    )
    group = compare.add_argument_group("where the table leaves it open")
    group.add_argument(
        "--decimal", choices=(".", ","), help="the decimal mark of 1.234 or 1,234"
    )
    group.add_argument(
        "--date-order", choices=("dmy", "mdy"), help="the order of 03/04/2024"
    )
    group.add_argument("--encoding", help="encoding of the file (default: UTF-8)")
    group.add_argument("--sheet", help="sheet of a workbook (default: the first)")


def _compare(arguments: argparse.Namespace) -> None:
    _check_source(arguments)
    _check_destinations(arguments)

    try:
        title, X, y, names, notes = _load(arguments)

        # Imported here: what is wrong with the command need not wait for Numba.
        from regkit.inspection import compare_regularizers

        with ProgressLine() as progress, warnings.catch_warnings():
            warnings.showwarning = progress.show_warning
            for note in notes:
                progress.note(note)
            comparison = compare_regularizers(
                X,
                y,
                test_size=arguments.test_size,
                n_folds=arguments.folds,
                metric=arguments.metric,
                networks=arguments.networks,
                random_state=arguments.seed,
                feature_names=names,
                progress=progress.step,
            )
            if arguments.figure is not None:
                progress.step("drawing")
                comparison.save_figure(arguments.figure)
            if arguments.output is not None:
                progress.step("drawing")
                page = comparison.to_html(
                    title, notes=notes, command=shlex.join(arguments.command_line)
                )
                arguments.output.write_text(page, encoding="utf-8")
    except ValueError as error:
        _fail(str(error), arguments.prog)
    print(title)
    print(comparison)
    print()
    print(textwrap.fill(comparison.summary(), 80, break_on_hyphens=False))


def _check_source(arguments: argparse.Namespace) -> None:
    """Refuse options that do not go with the data asked for."""
    if arguments.file is None:
        for option in ("target", *_READINGS, *_READING_OPTIONS):
            if getattr(arguments, option):
                shown = option.replace("_", "-")
                _fail(f"--{shown} needs a file before it", arguments.prog)
        return
    if arguments.data is not None:
        _fail(f"--data cannot be used with {arguments.file}", arguments.prog)
    if arguments.target is None:
        _fail(
            f"say which column of {arguments.file} to predict with --target COLUMN",
            arguments.prog,
        )


def _check_destinations(arguments: argparse.Namespace) -> None:
    """Find out before the work whether its pictures can be made and kept."""
    for option, endings in (("output", (".html", ".htm")), ("figure", _FIGURES)):
        path = getattr(arguments, option)
        if path is None:
            continue
        if path.suffix.lower() not in endings:
            _fail(
                f"--{option} must end in {' or '.join(endings)}, got {path}",
                arguments.prog,
            )
        if not path.absolute().parent.is_dir():
            _fail(
                f"--{option}: there is no folder {path.absolute().parent}",
                arguments.prog,
            )
        if path.is_dir() or not os.access(
            path if path.exists() else path.absolute().parent, os.W_OK
        ):
            _fail(f"--{option}: {path} cannot be written", arguments.prog)
        if find_spec("matplotlib") is None:
            _fail(
                f"--{option} needs matplotlib: install it with "
                "`pip install matplotlib`",
                arguments.prog,
            )


def _load(
    arguments: argparse.Namespace,
) -> tuple[str, Any, Any, list[str] | None, tuple[str, ...]]:
    """Return title, data, names and notes: the user's table or one that regkit has."""
    if arguments.file is None:
        from regkit.datasets import load_diabetes_interactions, make_house_prices

        if arguments.data == "houses":
            title, data = "artificial house prices", make_house_prices()
        else:
            title = "diabetes progression with quadratic terms"
            data = load_diabetes_interactions()
        return title, data.data, data.target, list(data.feature_names), ()
    return _read_table(arguments)


def _read_table(
    arguments: argparse.Namespace,
) -> tuple[str, Any, Any, None, tuple[str, ...]]:
    """Read the user's file; errors name its lines and the command's options."""
    from regkit.tables.files import read_table

    file = read_table(
        arguments.file, encoding=arguments.encoding, sheet=arguments.sheet
    )
    readings = {name: kind for kind in _READINGS for name in getattr(arguments, kind)}
    for name in (arguments.target, *readings):
        file.require_column(name)
    if readings.get(arguments.target) not in (None, "number"):
        raise ValueError(
            f"the target {arguments.target!r} cannot be dropped or be a category"
        )
    from regkit.tables import CellError, TableEncoder

    encoder = TableEncoder(
        readings,
        decimal=arguments.decimal,
        date_order=arguments.date_order,
        missing=arguments.missing,
    )
    try:
        table, target = encoder.read_with_target(file, arguments.target)
        encoder.fit(table)
    except CellError as error:
        place = file.place(error.row)
        raise ValueError(f"{error.say(place, 'command')}") from None
    notes = (*file.notes, *encoder.notes("command"), *target.say_notes("command"))
    title = f"{arguments.target} in {file.source}"
    return title, table, target, None, notes


def _fail(message: str, prog: str) -> NoReturn:
    print(f"{prog}: error: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    sys.exit(main())
