"""Packages that reading files needs, asked for when they are needed."""

from importlib import import_module
from typing import Any

from regkit.tables._sentences import TableError


def require(package: str, what: str) -> Any:
    """Import a package of the extra ``tables``, or say how to get it."""
    try:
        return import_module(package)
    except ImportError:
        raise TableError(
            f"{what} needs {package}: install it with "
            '`pip install "scikit-regkit[tables]"`'
        ) from None
