"""Names of the API in prose, such as `LassoRegressor`, link to their pages.

Names of scikit-learn, such as `GridSearchCV`, link to its site by intersphinx. A build
needs no network: instead of an inventory that is downloaded, or stored here and out of
date some day, one is made of the names in the package that is installed, each of which
has a page at an address that follows from its name.
"""

import zlib
from collections.abc import Iterator
from importlib import import_module
from inspect import isclass
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

_MODULES = (
    *("calibration", "compose", "ensemble", "feature_selection", "inspection"),
    *("linear_model", "metrics", "model_selection", "multioutput", "neural_network"),
    *("pipeline", "preprocessing", "svm"),
)


def _entries() -> Iterator[str]:
    """Give a line of the inventory for each public name of scikit-learn's."""
    for module in _MODULES:
        names = vars(import_module(f"sklearn.{module}"))
        own = [k for k, v in names.items() if _comes_from(v, f"sklearn.{module}")]
        for name in (name for name in names.get("__all__", own) if name in names):
            kind = "class" if isclass(names[name]) else "function"
            page = f"modules/generated/sklearn.{module}.{name}.html"
            yield f"sklearn.{module}.{name} py:{kind} 1 {page}#$ -\n"


def _comes_from(thing: object, module: str) -> bool:
    return isclass(thing) and thing.__module__ == module and thing.__name__[0] != "_"


def write_inventory(path: Path) -> Path:
    """Write what scikit-learn's site has as an inventory for intersphinx."""
    head = "# Sphinx inventory version 2\n# Project: scikit-learn\n# Version: stable\n"
    head += "# The remainder of this file is compressed using zlib.\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(_entries())
    path.write_bytes(head.encode() + zlib.compress(lines.encode()))
    return path


def _other_pages(env: BuildEnvironment) -> dict[str, str]:
    """Return the pages of other projects by the last part of a name."""
    inventory = getattr(env, "intersphinx_inventory", {})
    return {
        name.rpartition(".")[2]: item.uri if hasattr(item, "uri") else item[2]
        for kind in ("py:class", "py:function")
        for name, item in inventory.get(kind, {}).items()
    }


class LinkNames(SphinxPostTransform):
    """Make a link of each code span that is the name of something in the API."""

    default_priority = 400

    def run(self, **options: object) -> None:
        """Go through the code spans of a page."""
        known = self.env.get_domain("py").objects
        by_name = {
            name.rpartition(".")[2]: name
            for name, entry in known.items()
            if entry.objtype in ("class", "function") and name.startswith("regkit.")
        }
        others = _other_pages(self.env)
        for node in list(self.document.findall(nodes.literal)):
            name = by_name.get(node.astext())
            inside = isinstance(node.parent, (nodes.reference, nodes.title))
            if inside:
                continue
            if name is None:
                address = others.get(node.astext())
                if address is not None:
                    link = nodes.reference("", "", node.deepcopy(), refuri=address)
                    node.replace_self(link)
                continue
            entry = known[name]
            if entry.docname == self.env.docname:
                continue
            link = make_refnode(
                self.app.builder,
                self.env.docname,
                entry.docname,
                entry.node_id,
                node.deepcopy(),
                name,
            )
            node.replace_self(link)


class TrimCode(SphinxPostTransform):
    """Take from code what only doctest wants: blank lines, and the mark of them."""

    default_priority = 390

    def run(self, **options: object) -> None:
        """Go through the blocks of code of a page."""
        for block in self.document.findall(nodes.literal_block):
            text = block.astext().replace("<BLANKLINE>", "").rstrip()
            if text != block.astext() and len(block.children) == 1:
                block.rawsource = text
                block.children = [nodes.Text(text)]


class NamePictures(SphinxPostTransform):
    """Describe pictures of examples by the title of the page, not by their file."""

    default_priority = 380

    def run(self, **options: object) -> None:
        """Go through the pictures of a page."""
        title = next(self.document.findall(nodes.title), None)
        for node in self.document.findall(nodes.Element):
            if title is not None and str(node.get("alt", "")).startswith("plot "):
                node["alt"] = title.astext()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the transforms."""
    app.add_post_transform(NamePictures)
    app.add_post_transform(TrimCode)
    app.add_post_transform(LinkNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
