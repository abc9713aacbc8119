"""Warnings that point at the line of the user's code that led to them."""

import sys
import warnings
from pathlib import Path

from regkit._sklearn import CHECKS_OF_ARGUMENTS

_INSIDE = str(Path(__file__).with_name("x"))[:-1]


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, from wherever the package was entered.

    How many frames lie between differs: rows may come at once or chunk by chunk, a
    method may be called by another.

    Parameters
    ----------
    message : str
        What is told.
    category : type of Warning, default=UserWarning
        Kind of warning.
    """
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None:
        path = frame.f_code.co_filename
        if not path.startswith(_INSIDE) and path != CHECKS_OF_ARGUMENTS:
            break
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
