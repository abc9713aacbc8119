"""The arguments of the command line."""

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from regkit._version import __version__
from regkit.commands.failure import fail

_COMPARE = """\
Tune regularized models by cross-validation, compare their errors on rows kept
back, and say which one to take. Numbers: least squares, Ridge, Lasso, Elastic
Net. Classes: logistic regression, a linear SVM. Counts: Poisson regression.
Beside them a dropout network and boosted trees. Without FILE: scikit-learn's
diabetes data with its quadratic terms (442 rows, 64 columns), or with --data
houses an artificial table of house prices."""

_EXAMPLES = """\
examples:
  regkit compare
  regkit compare houses.csv --target price --output report.html
  regkit compare houses.csv --target price --drop id --category zip --repeats 10
  regkit compare sales.csv --target units --time date
  regkit compare churn.csv --target churned --save model.joblib --code winner.py
"""


_PREDICT = """\
Predict the rows of FILE with a model that `compare --save` wrote. Prints CSV:
the prediction of each row, and of classes the share of each."""


READINGS = ("drop", "category", "number", "date", "boolean")
TABLE_OPTIONS = ("missing", "decimal", "date_order", "encoding", "sheet")


_WARM_UP = """\
Compile all kernels that are not compiled yet, in as many processes as there are
processors, and keep them. No fit of this installation has to wait for a compiler
afterwards. Where nothing is missing, nothing is done."""


class _Parser(argparse.ArgumentParser):
    """An argparse parser whose errors take one line."""

    def error(self, message: str) -> NoReturn:
        fail(f"{message} (see {self.prog} --help)", self.prog)


def did_you_mean(unknown: Iterable[str], usage: str) -> str:
    """Name the option of ``usage`` that each mistyped one is close to."""
    from difflib import get_close_matches  # on mistakes only

    options = re.findall(r"--[\w-]+", usage)
    typed = [text.partition("=")[0] for text in unknown if text.startswith("--")]
    close = [get_close_matches(text, options, n=1) for text in typed]
    found = [matches[0] for matches in close if matches]
    return f"; did you mean {' and '.join(found)}?" if found else ""


def build_parser() -> argparse.ArgumentParser:
    """Describe all commands."""
    as_module = Path(sys.argv[0]).name == "__main__.py"
    parser = _Parser(
        prog="python -m regkit" if as_module else "regkit",
        description="Regularized models: exact linear models, dropout networks.",
    )
    parser.add_argument("--version", action="version", version=f"regkit {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_compare(
        commands.add_parser(
            "compare",
            help="compare regularized models on a table, and name one",
            description=_COMPARE,
            epilog=_EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    _add_predict(
        commands.add_parser(
            "predict",
            help="predict new rows with a saved model",
            description=_PREDICT,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    warm_up = commands.add_parser(
        "warm-up",
        help="compile everything now, so that no later fit waits",
        description=_WARM_UP,
    )
    warm_up.set_defaults(prog=warm_up.prog, usage=warm_up.format_usage)
    return parser


def _add_compare(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "file",
        nargs="?",
        metavar="FILE",
        help="table with a header line: CSV, Excel, Parquet, JSON lines; - for stdin",
    )
    add(
        "--data",
        choices=("diabetes", "houses"),
        help="without FILE: the bundled data (default: diabetes)",
    )
    _add_columns(parser)
    _add_judging(parser)
    _add_files(parser)
    parser.set_defaults(prog=parser.prog, usage=parser.format_usage)


def _add_columns(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("columns").add_argument
    add("--target", metavar="COLUMN", help="column to predict (needed with FILE)")
    add(
        "--task",
        choices=("auto", "regression", "classification", "counts"),
        default="auto",
        help="what the target holds (default: found from it)",
    )
    add("--group", metavar="COLUMN", help="rows of one value stay in one part")
    add("--time", metavar="COLUMN", help="test on the rows with the last values")
    _add_reading(parser)


def _add_reading(parser: argparse.ArgumentParser) -> None:
    """Add what says how to read the table."""
    add = parser.add_argument_group("reading the table (may be repeated)").add_argument
    texts = {
        "drop": "leave a column out",
        "category": "read a column as a category, such as a postal code",
        "number": "read a column as numbers, and keep it",
        "date": "read a column as dates",
        "boolean": "read a column as yes and no",
    }
    for option, text in texts.items():
        add(f"--{option}", metavar="COLUMN", action="append", default=[], help=text)
    add(
        "--missing",
        metavar="CELL",
        action="append",
        default=[],
        help="a cell that stands for a missing value, such as -999",
    )
    add = parser.add_argument_group("where the table leaves it open").add_argument
    add("--decimal", choices=(".", ","), help="the decimal mark of 1.234 or 1,234")
    add("--date-order", choices=("dmy", "mdy"), help="the order of 03/04/2024")
    _add_file_options(parser)


def _add_file_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("file").add_argument
    add("--encoding", help="encoding of the file (default: UTF-8)")
    add("--sheet", help="sheet of a workbook (default: the first that holds a table)")


def _add_judging(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("models and errors").add_argument
    add(
        "--metric",
        metavar="NAME",
        choices=("rmse", "mae", "log-loss", "error-rate", "deviance"),
        help="error that ranks models: rmse (default) or mae of numbers, log-loss "
        "(default) or error-rate of classes, deviance of counts",
    )
    add(
        "--test-size",
        metavar="SHARE",
        type=float,
        default=0.25,
        help="share of the rows kept for the test (default: 0.25)",
    )
    for option, what, default in (
        ("folds", "K", 5),
        ("repeats", "N", 1),
        ("seed", "N", 0),
    ):
        text = {
            "folds": "folds of the cross-validation",
            "repeats": "splits into training and test rows",
            "seed": "seed of splits, folds, boosting and networks",
        }[option]
        add(
            f"--{option}",
            metavar=what,
            type=int,
            default=default,
            help=f"{text} (default: {default})",
        )
    add(
        "--no-networks",
        dest="networks",
        action="store_false",
        help="leave the network out",
    )
    add(
        "--show-overfitting",
        action="store_true",
        help="add three small networks: plain, dropout, dropout and L2 (not of counts)",
    )


def _add_files(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("files to write").add_argument
    for option, text in (
        ("output", "page with the tables and pictures (.html)"),
        ("figure", "picture of the errors (.png, .svg or .pdf)"),
        ("save", "recommended model, fitted on all rows (.joblib)"),
        ("code", "script that makes the recommended model again (.py)"),
        ("json", "all numbers (.json)"),
    ):
        add(f"--{option}", metavar="FILE", type=Path, help=text)


def _add_predict(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("model", metavar="MODEL", type=Path, help="written by `compare --save`")
    add("file", metavar="FILE", help="table with the columns of the training rows")
    _add_file_options(parser)
    add(
        "--output",
        metavar="FILE",
        type=Path,
        help="where to write (.csv); without it the terminal",
    )
    parser.set_defaults(prog=parser.prog, usage=parser.format_usage)
