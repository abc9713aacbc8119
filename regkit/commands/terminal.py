"""One line of progress on a terminal, with the seconds that a step has taken."""

import os
import shutil
import sys
import textwrap
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self, TextIO

_PERIOD = 0.5
_ERASE = "\r\x1b[K"
# Lines are no longer than can be read, however wide the terminal is.
_WIDEST, _NARROWEST = 100, 40


def text_width(stream: TextIO) -> int:
    """Give how many characters a line of text may have; 79 in files and pipes."""
    if not stream.isatty():
        return 79
    columns = shutil.get_terminal_size().columns
    return max(_NARROWEST, min(_WIDEST, columns - 1))


def bold(line: str, stream: TextIO) -> str:
    """Set a line in bold where a terminal shows it, and NO_COLOR does not forbid it."""
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return line if plain or not stream.isatty() else f"\x1b[1m{line}\x1b[0m"


def fill(text: str, width: int, indent: str = "") -> str:
    """Break a text into lines, at blanks only."""
    return textwrap.fill(
        text,
        width,
        break_on_hyphens=False,
        break_long_words=False,
        subsequent_indent=indent,
    )


def _why_slow() -> str:
    """Say what a first use waits for, once what compiles has been loaded."""
    compiling = sys.modules.get("regkit.kernels.compiling")
    if compiling is None or not compiling.is_compiling():
        return ""
    return " (compiling, on the first use only)"


class ProgressLine:
    """Shows what is going on in the last line of stderr, while in a ``with`` block.

    A terminal gets one line that is written over, and erased at the end; a file or a
    pipe gets nothing.
    """

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._step = ""
        self._since = monotonic()
        self._done = Event()
        self._ticker = Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        if self._shown:
            self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        if self._shown:
            self._ticker.join()
            self._write("")

    def step(self, text: str) -> None:
        """Begin the next step."""
        self._step, self._since = text, monotonic()
        self._show()

    def note(self, text: str) -> None:
        """Print a line that stays; only a terminal gets it broken into several."""
        line = f"note: {text}"
        if sys.stderr.isatty():
            line = fill(line, text_width(sys.stderr), "  ")
        self._write(f"{line}\n", always=True)
        self._show()

    def show_warning(self, message: Warning | str, *_: Any, **__: Any) -> None:
        """Stand in for `warnings.showwarning`."""
        self.note(str(message))

    def _tick(self) -> None:
        while not self._done.wait(_PERIOD):
            self._show()

    def _show(self) -> None:
        if self._step:
            seconds = int(monotonic() - self._since)
            elapsed = f" {seconds} s" if seconds else ""
            self._write(f"{self._step} ...{elapsed}{_why_slow()}")

    def _write(self, text: str, always: bool = False) -> None:
        if self._shown:
            text = _ERASE + text
        elif not always:
            return
        # One call: two threads write here.
        sys.stderr.write(text)
        sys.stderr.flush()
