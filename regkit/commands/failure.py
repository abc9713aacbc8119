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
    option: str, path: Path, endings: tuple[str, ...], prog: str
) -> None:
    """Find out before the work whether a file can be written."""
    if path.suffix.lower() not in endings:
        fail(f"--{option} must end in {' or '.join(endings)}, got {path}", prog)
    folder = path.absolute().parent
    if not folder.is_dir():
        fail(f"--{option}: there is no folder {folder}", prog)
    if path.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        fail(f"--{option}: {path} cannot be written", prog)
    if endings in (ENDINGS["output"], ENDINGS["figure"]) and not _can_draw():
        fail(
            f"--{option} needs matplotlib: install it with `pip install matplotlib`",
            prog,
        )


def _can_draw() -> bool:
    return find_spec("matplotlib") is not None
