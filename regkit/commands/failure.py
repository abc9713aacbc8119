"""One line on stderr, and exit code 2, for what the user can mend."""

import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

# What Python's parameters are called on the command line.
_OPTIONS = {
    "test_size": "--test-size",
    "n_folds": "--folds",
    "n_repeats": "--repeats",
    "random_state": "--seed",
    "groups": "--group",
    "time": "--time",
    "metric": "--metric",
    "task": "--task",
}
_PARAMETER = re.compile(rf"^({'|'.join(_OPTIONS)})\b(?==| )")
ENDINGS = {
    "output": (".html", ".htm"),
    "figure": (".png", ".svg", ".pdf"),
    "save": (".joblib",),
    "code": (".py",),
    "json": (".json",),
}


def fail(message: str, prog: str) -> NoReturn:
    """Leave with one line that says what is wrong."""
    print(f"{prog}: error: {message}", file=sys.stderr)
    sys.exit(2)


def in_options(message: str) -> str:
    """Call parameters as the command line does: ``--folds``, not n_folds."""
    return _PARAMETER.sub(lambda found: _OPTIONS[found[1]], message)


def check_destination(
    option: str, path: Path, endings: tuple[str, ...], table: str | None, prog: str
) -> None:
    """Find out before the work whether a file can be written; never over the table."""
    if path.suffix.lower() not in endings:
        fail(f"--{option} must end in {' or '.join(endings)}, got {path}", prog)
    folder = path.absolute().parent
    if not folder.is_dir():
        fail(f"--{option}: there is no folder {folder}", prog)
    reason = _why_not_writable(path)
    if reason is not None:
        fail(f"--{option}: {path} cannot be written: {reason}", prog)
    if table is not None and os.path.realpath(table) == os.path.realpath(path):
        fail(f"--{option} would overwrite the table {table}", prog)
    if endings in (ENDINGS["output"], ENDINGS["figure"]) and not _can_draw():
        fail(
            f"--{option} needs matplotlib: install it with `pip install matplotlib`",
            prog,
        )


def _why_not_writable(path: Path) -> str | None:
    """Try to open a file, as permissions do not say all of what the system refuses."""
    target = Path(os.path.realpath(path))
    try:
        is_new = not target.exists()
        if is_new or target.is_file() or target.is_dir():  # a pipe would wait
            target.open("ab").close()
        if is_new:
            target.unlink()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _can_draw() -> bool:
    return find_spec("matplotlib") is not None
