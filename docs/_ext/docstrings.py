"""Small repairs of docstrings on their way to the pages.

Docstrings are written to be read in a terminal. Two things that read well there would
stop docutils: a line continued by a backslash in a raw string, and a name that ends in
an underscore, such as a fitted attribute, where a type is described. Methods inherited
from scikit-learn point into its own glossary and guide, which are not part of the site.
"""

import re
from typing import Any

from sphinx.application import Sphinx

_DESCRIBED = re.compile(r"^( *)(\w+)( : .*)$")
_BARE_NAME = re.compile(r"(?<![`\w])(\w+)_(?![`\w])")

_FOREIGN_ROLE = re.compile(r":(?:term|ref):`([^`<]*?)\s*(?:<[^`>]*>)?`")


def repair(
    app: Sphinx, what: str, path: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Join continued lines, and escape names that look like links."""
    joined: list[str] = []
    for line in lines:
        if joined and joined[-1].endswith("\\"):
            joined[-1] = joined[-1][:-1].rstrip() + " " + line.strip()
        else:
            joined.append(line)
    for k, line in enumerate(joined):
        if described := _DESCRIBED.match(line):
            indent, name, kind = described.groups()
            joined[k] = indent + name + _BARE_NAME.sub(r"\1\\_", kind)
    lines[:] = joined


def unlink(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Leave the words of links into scikit-learn's glossary and guide."""
    text = _FOREIGN_ROLE.sub(r"``\1``", "\n".join(lines))
    lines[:] = text.split("\n")


def setup(app: Sphinx) -> dict[str, bool]:
    """Run before and after numpydoc, which has the default priority of 500."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", repair, priority=100)
    app.connect("autodoc-process-docstring", unlink, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
