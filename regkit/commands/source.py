"""Where the rows come from: the user's file, or data that are bundled."""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

from regkit.commands.arguments import READINGS, TABLE_OPTIONS
from regkit.commands.failure import fail


class Source(NamedTuple):
    """Rows to compare models on."""

    title: str
    X: Any
    y: Any
    code: str
    """Python that defines X and y, or reads the file as ``frame``."""
    encoder: Any = None
    """How to read the columns of a file."""
    names: list[str] | None = None
    """Of the columns of an array."""
    notes: tuple[str, ...] = ()
    """What was left out in reading."""


def check_source(arguments: argparse.Namespace) -> None:
    """Refuse options that do not go with the data asked for, and files that are not."""
    prog = arguments.prog
    if arguments.file is None:
        for option in ("target", "group", "time", *READINGS, *TABLE_OPTIONS):
            if getattr(arguments, option):
                fail(f"--{option.replace('_', '-')} needs a file before it", prog)
        return
    if arguments.data is not None:
        fail(f"--data cannot be used with {arguments.file}", prog)
    if arguments.target is None:
        fail(
            f"say which column of {arguments.file} to predict with --target COLUMN",
            prog,
        )
    for option in ("group", "time"):
        if getattr(arguments, option) == arguments.target:
            fail(f"--{option} cannot be the target {arguments.target!r}", prog)
    if arguments.group is not None and arguments.time is not None:
        fail("--group and --time cannot be used together", prog)
    options: dict[str, str] = {}
    for option in READINGS:
        for name in getattr(arguments, option):
            if options.setdefault(name, option) != option:
                fail(
                    f"column {name!r} is given to --{options[name]} and --{option}: "
                    "leave one of them out",
                    prog,
                )
    path = Path(arguments.file)
    if arguments.file != "-" and not path.exists():
        fail(f"cannot read {path}: No such file or directory", prog)


def load(arguments: argparse.Namespace) -> Source:
    """Read the rows; errors name lines of the file and options of the command."""
    if arguments.file is None:
        return _bundled(arguments.data or "diabetes")
    # Imported here and below: errors of usage need not wait for it.
    from regkit.tables.files import read_table

    file = read_table(
        arguments.file, encoding=arguments.encoding, sheet=arguments.sheet
    )
    readings = {name: kind for kind in READINGS for name in getattr(arguments, kind)}
    named = (arguments.target, arguments.group, arguments.time, *readings)
    for name in filter(None, named):
        file.require_column(name)
    if readings.get(arguments.target) == "drop":
        raise ValueError(f"the target {arguments.target!r} cannot be dropped")
    from regkit.tables import TableEncoder

    encoder = TableEncoder(
        readings or None,
        decimal=arguments.decimal,
        date_order=arguments.date_order,
        missing=tuple(arguments.missing),
    )
    return Source(
        title=f"{arguments.target} in {Path(file.source).name}",
        X=file,
        y=arguments.target,
        code=_reading_code(arguments),
        encoder=encoder,
        notes=tuple(file.notes),
    )


def _reading_code(arguments: argparse.Namespace) -> str:
    """Write the call that reads the file."""
    options = "".join(
        f", {name}={getattr(arguments, name)!r}"
        for name in ("encoding", "sheet")
        if getattr(arguments, name)
    )
    return f"frame = read_table({arguments.file!r}{options})"


def _bundled(name: str) -> Source:
    # Imported here: a file needs no bundled data.
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
    names = list(data.feature_names)
    return Source(title, data.data, data.target, code, names=names)
