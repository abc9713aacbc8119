"""``regkit predict``: new rows in, predictions out, as CSV."""

import argparse
import csv
import sys
from typing import Any, TextIO

from regkit.commands.failure import check_destination, fail


def run(arguments: argparse.Namespace) -> None:
    """Read a model and a table, predict, and write."""
    prog = arguments.prog
    if not arguments.model.exists():
        fail(f"there is no file {arguments.model}", prog)
    if arguments.output is not None:
        check_destination("output", arguments.output, (".csv",), arguments.file, prog)

    try:
        # Imported here: --help and errors of usage need not wait for scikit-learn.
        from regkit.comparison.saving import load, predictions
        from regkit.tables import CellError, read_table

        model = load(arguments.model)
        table = read_table(
            arguments.file, encoding=arguments.encoding, sheet=arguments.sheet
        )
        try:
            columns = predictions(model, table)
        except CellError as error:
            fail(error.in_new_rows(table.place(error.row)), prog)
    except ValueError as error:
        fail(str(error), prog)
    if arguments.output is None:
        write_csv(sys.stdout, columns)
    else:
        with arguments.output.open("w", encoding="utf-8", newline="") as stream:
            write_csv(stream, columns)


def write_csv(stream: TextIO, columns: dict[str, Any]) -> None:
    """Write columns of equal length, with a header line; floats with all digits."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(
        zip(*(column.tolist() for column in columns.values()), strict=True)
    )
