"""What several classes or functions take, declared once and described once.

A base class declares parameters as annotated attributes and describes them in its
docstring. `takes_parameters` gives a class an `__init__` of all of them and a docstring
that describes all of them; `described_as` does the latter for functions.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar, dataclass_transform

# What each parameter may be, in scikit-learn's language.
Constraints = dict[str, list[Any]]
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

# In the order of numpydoc.
_SECTIONS = (
    *("Parameters", "Attributes", "Returns", "Yields", "Raises", "Warns", "See Also"),
    *("Notes", "References", "Examples"),
)
_HEADING = re.compile(rf"^({'|'.join(_SECTIONS)})\n-+\n", re.MULTILINE)
# Of every estimator, and so the last that a reader looks for.
_LAST = ("n_features_in_", "feature_names_in_")


@dataclass_transform(eq_default=False, kw_only_default=True, field_specifiers=(field,))
def takes_parameters(cls: type[T]) -> type[T]:
    """Make the annotated attributes of a class and its bases parameters of `__init__`.

    They are keyword-only unless a field says otherwise, and stand in the order of
    `dataclasses`: those of the base class listed last come first. What each may be,
    `_parameter_constraints`, is gathered from the bases too. The docstring gets
    descriptions, notes and references of the bases, where they have some that the class
    does not give itself.

    Parameters
    ----------
    cls : type
        Whose bases have been through this, where they declare parameters.

    Returns
    -------
    cls : type
        The same.
    """
    own = cls.__doc__  # None with ``python -OO``
    dataclass(eq=False, repr=False, match_args=False, kw_only=True)(cls)
    constraints: Constraints = {}
    for base in reversed(cls.__mro__):
        constraints |= base.__dict__.get("_parameter_constraints", {})
    untyped: Any = cls
    untyped._parameter_constraints = constraints
    describe_by_bases(cls, own)
    return cls


def describe_by_bases(cls: type, own: str | None) -> None:
    """Add what the bases' docstrings describe to ``own``, the class's docstring."""
    if own:
        inside = cls.__module__.partition(".")[0]
        bases = [
            base.__dict__.get("__doc__") or ""
            for base in cls.__mro__[1:]
            if base.__module__.partition(".")[0] == inside
        ]
        names = list(inspect.signature(cls).parameters)
        cls.__doc__ = _class_docstring(own, names, bases)


def described_as(*sources: Any) -> Callable[[F], F]:
    """Describe a function as others are described, where it does not say it itself.

    That is what it takes, returns, raises and warns of.

    Parameters
    ----------
    *sources : classes or functions
        The first that describes a parameter, or has a section, counts.

    Returns
    -------
    decorator : callable
        Of the function.
    """

    def decorate(function: F) -> F:
        if function.__doc__:
            names = list(inspect.signature(function).parameters)
            found = [source.__doc__ or "" for source in sources]
            function.__doc__ = _function_docstring(function.__doc__, names, found)
        return function

    return decorate


def _class_docstring(own: str, names: list[str], others: list[str]) -> str:
    text, sections = _split(own)
    bases = [_split(other)[1] for other in others]
    _add_parameters(sections, names, bases)
    from_far = [*reversed(bases), sections]
    attributes: dict[str, str] = {}
    for found in from_far:
        attributes |= _entries(found.get("Attributes", ""))
    for name in _LAST:
        if name in attributes:
            attributes[name] = attributes.pop(name)
    if attributes:
        sections["Attributes"] = "\n".join(dict.fromkeys(attributes.values()))
    for name, start in (("Notes", r"\n\n"), ("References", r"\n(?=\.\. )")):
        each = (re.split(start, d[name]) for d in from_far if name in d)
        parts = dict.fromkeys(chain(*each))  # a base may have those of another
        if parts:
            sections[name] = ("\n\n" if name == "Notes" else "\n").join(parts)
    return _joined(text, sections)


def _function_docstring(own: str, names: list[str], others: list[str]) -> str:
    text, sections = _split(own)
    sources = [_split(other)[1] for other in others]
    _add_parameters(sections, names, sources)
    for name in ("Returns", "Raises", "Warns"):
        for found in sources:
            if name in found:
                sections.setdefault(name, found[name])
    return _joined(text, sections)


def _add_parameters(
    sections: dict[str, str], names: list[str], sources: list[dict[str, str]]
) -> None:
    """Describe parameters in their order, by the first docstring that does."""
    described: dict[str, str] = {}
    for found in reversed((sections, *sources)):
        described |= _entries(found.get("Parameters", ""))
    shown = dict.fromkeys(described[name] for name in names if name in described)
    if shown:  # several names may have one description
        sections["Parameters"] = "\n".join(shown)


def _joined(text: str, sections: dict[str, str]) -> str:
    shown = [name for name in _SECTIONS if name in sections]
    parts = [f"{name}\n{'-' * len(name)}\n{sections[name]}" for name in shown]
    return "\n\n".join([text, *parts]) + "\n"


def _split(docstring: str) -> tuple[str, dict[str, str]]:
    """Split a docstring into what stands before its sections, and these."""
    text, *rest = _HEADING.split(inspect.cleandoc(docstring))
    return text.strip(), {
        name: body.strip() for name, body in zip(rest[::2], rest[1::2], strict=True)
    }


def _entries(section: str) -> dict[str, str]:
    """Return the entry that describes each name of a section."""
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", section):
        names = re.match(r"[\w*, ]+", entry)
        if names:
            found |= dict.fromkeys(names[0].replace("*", "").strip().split(", "), entry)
    return found
