"""Warnings that point at the line of the user's code that led to them."""

import sys
import warnings
from pathlib import Path

import joblib
import sklearn

# Of the package, and of what wraps its methods, or calls them for the user.
_NOT_THE_USERS = tuple(
    str(Path(package).with_name("x"))[:-1]
    for package in (__file__, sklearn.__file__, joblib.__file__)
)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, from the user's line, however many frames lie between.

    Parameters
    ----------
    message : str
        The text.
    category : type of Warning, default=UserWarning
        Kind of warning.
    """
    level, frame = 2, sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(_NOT_THE_USERS):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
