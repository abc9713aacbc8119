"""Telling whether two parameter values are the same."""

from typing import Any


def value_key(value: Any) -> tuple[str, Any]:
    """Return a key that is equal for values which are surely the same.

    Parameters
    ----------
    value : object
        Anything that a grid can hold; it must outlive the key.

    Returns
    -------
    key : tuple
        Hashable. Objects other than numbers and strings are the same only where they
        are one object, as the entries of a `ParameterGrid` are.
    """
    if isinstance(value, str | int | float | complex | type(None)):
        return type(value).__name__, repr(value)
    return "id", id(value)
