"""``regkit compare``: a table in; a finding, and files to take away, out."""

import argparse
import json
import shlex
import sys
import textwrap
import warnings
from typing import Any

from regkit.commands.failure import ENDINGS, check_destination, fail, in_options
from regkit.commands.source import Source, check_source, load
from regkit.commands.terminal import ProgressLine, bold, fill, text_width


def run(arguments: argparse.Namespace) -> None:
    """Compare, print, and write the files that were asked for."""
    prog = arguments.prog
    check_source(arguments)
    _check_numbers(arguments)
    if not 0 < arguments.test_size < 1:
        hint = ""
        if 1 < arguments.test_size < 100:
            hint = f": {arguments.test_size:g}% is {arguments.test_size / 100:g}"
        fail(
            f"--test-size must lie strictly in (0, 1), got {arguments.test_size:g}"
            f"{hint}",
            prog,
        )
    for option, endings in ENDINGS.items():
        path = getattr(arguments, option)
        if path is not None:
            check_destination(option, path, endings, arguments.file, prog)

    with ProgressLine() as progress, warnings.catch_warnings():
        warnings.showwarning = progress.show_warning
        source = None
        try:
            progress.step(f"reading {arguments.file or 'the bundled data'}")
            source = load(arguments)
            for note in source.notes:
                progress.note(note)
            progress.step("loading")
            comparison = _compare(source, arguments, progress)
        except ValueError as error:
            fail(in_options(_say(error, source)), prog)
        _write(comparison, source, arguments, progress)
    print(render(source.title, comparison))


def _check_numbers(arguments: argparse.Namespace) -> None:
    """Refuse what no split is made with, before anything is imported."""
    largest_seed = 2**32 - max(1, arguments.repeats)  # each repeat has the next seed
    for option, least, most in (
        ("folds", 2, None),
        ("repeats", 1, None),
        ("seed", 0, largest_seed),
    ):
        value = getattr(arguments, option)
        if value < least:
            fail(f"--{option} must be at least {least}, got {value}", arguments.prog)
        if most is not None and value > most:
            fail(f"--{option} must be at most {most}, got {value}", arguments.prog)


def _sentence(warning: str) -> str:
    stop = "" if warning.endswith("?") else "."
    return f"Warning: {warning}{stop}"


def _say(error: ValueError, source: Source | None) -> str:
    """Tell an error; of a cell, with its line and the options of the command."""
    if source is not None and hasattr(error, "say"):
        return str(error.say(source.X.place(error.row), "command"))  # type: ignore[attr-defined]
    return str(error)


def _compare(
    source: Source, arguments: argparse.Namespace, progress: ProgressLine
) -> Any:
    """Read the columns, say what was noted, then fit, which takes its time."""
    # Imported here: --help and errors of usage need not wait for scikit-learn.
    from regkit.comparison.candidates import Entrants
    from regkit.comparison.compare import compare_given
    from regkit.comparison.splits import Plan
    from regkit.comparison.tables import read_given

    given = read_given(
        source.X,
        source.y,
        arguments.task,
        arguments.group,
        arguments.time,
        source.encoder,
        source.names,
    )
    for note in given.notes("command"):
        progress.note(note)
    metric = arguments.metric
    return compare_given(
        given,
        None if metric is None else metric.replace("-", "_"),
        Plan(
            arguments.test_size,
            arguments.folds,
            arguments.repeats,
            arguments.seed,
            given.groups,
            given.time,
        ),
        Entrants(
            networks=arguments.networks, show_overfitting=arguments.show_overfitting
        ),
        progress.step,
    )


def _write(
    comparison: Any, source: Source, arguments: argparse.Namespace, progress: Any
) -> None:
    """Write what was asked for."""
    if arguments.figure is not None:
        progress.step("drawing")
        comparison.save_figure(arguments.figure)
    if arguments.output is not None:
        progress.step("drawing")
        page = comparison.to_html(
            source.title,
            notes=source.notes,
            command=shlex.join(arguments.command_line),
        )
        arguments.output.write_text(page, encoding="utf-8")
    if arguments.save is not None:
        progress.step("fitting on all rows")
        comparison.save(arguments.save)
    if arguments.code is not None:
        arguments.code.write_text(comparison.code(source.code), encoding="utf-8")
    if arguments.json is not None:
        content = json.dumps(comparison.to_dict(), indent=2, ensure_ascii=False)
        arguments.json.write_text(f"{content}\n", encoding="utf-8")


def render(title: str, comparison: Any) -> str:
    """Lay out what is printed: the table, the finding, warnings, the winner's line."""
    width = text_width(sys.stdout)
    table = "\n".join(
        bold(line, sys.stdout)
        if line.startswith(f"{comparison.recommended} ")
        else line
        for line in repr(comparison).splitlines()
    )
    parts = [f"{fill(title, width)}\n{table}", fill(comparison.summary(), width)]
    parts += [fill(_sentence(text), width, "  ") for text in comparison.warnings]
    several = ", first split" if len(comparison.splits) > 1 else ""
    line = fill(comparison.line(), width - 2)
    parts.append(f"In Python{several}:\n" + textwrap.indent(line, "  "))
    return "\n\n".join(parts)
