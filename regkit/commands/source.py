"""Where the rows come from: the user's file, or data that are bundled."""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

from regkit.commands.failure import fail


class Source(NamedTuple):
    """Rows to compare models on."""

    title: str
    X: Any
    y: Any
    options: dict[str, Any]
    """Of `compare_regularizers`, about the columns."""
    code: str
    """Python that defines X and y."""
    notes: tuple[str, ...] = ()
    """What was left out in reading."""


def check_source(arguments: argparse.Namespace) -> None:
    """Refuse options that do not go with the data asked for, and files that are not."""
    prog = arguments.prog
    if arguments.file is None:
        for option in ("target", "drop", "category", "group", "time"):
            if getattr(arguments, option):
                fail(f"--{option} needs a file before it", prog)
        return
    if arguments.data is not None:
        fail(f"--data cannot be used with {arguments.file}", prog)
    if arguments.target is None:
        fail(
            f"say which column of {arguments.file} to predict with --target COLUMN",
            prog,
        )
    path = Path(arguments.file)
    if arguments.file != "-" and not path.exists():
        fail(f"cannot read {path}: No such file or directory", prog)


def load(arguments: argparse.Namespace) -> Source:
    """Read the rows."""
    if arguments.file is None:
        return _bundled(arguments.data or "diabetes")
    from regkit.tables.csv_table import read_csv

    table = read_csv(
        arguments.file,
        arguments.target,
        drop=arguments.drop,
        category=arguments.category,
    )
    title = f"{arguments.target} in {arguments.file}"
    options = {"feature_names": table.feature_names}
    return Source(title, table.X, table.y, options, "", tuple(table.notes))


def _bundled(name: str) -> Source:
    from regkit.datasets import load_diabetes_interactions, make_house_prices

    if name == "houses":
        title, data, call = (
            "artificial house prices",
            make_house_prices(),
            "make_house_prices",
        )
    else:
        title = "diabetes progression with quadratic terms"
        data, call = load_diabetes_interactions(), "load_diabetes_interactions"
    code = f"from regkit import {call}\n\nX, y = {call}(return_X_y=True)"
    options = {"feature_names": list(data.feature_names)}
    return Source(title, data.data, data.target, options, code)
