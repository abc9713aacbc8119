"""Names of the API in prose, such as `LassoRegressor`, link to their pages.

Names of scikit-learn, such as `GridSearchCV`, link to its site, where each has a page
of its own: they are found in the package that is installed, so that a build needs no
network, as the inventories of intersphinx would.
"""

from functools import cache
from importlib import import_module

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

_MODULES = (
    *("calibration", "compose", "ensemble", "feature_selection", "inspection"),
    *("linear_model", "metrics", "model_selection", "multioutput", "neural_network"),
    *("pipeline", "preprocessing", "svm"),
)


@cache
def _scikit_learn() -> dict[str, str]:
    """Give the page of each public name of scikit-learn's."""
    pages = "https://scikit-learn.org/stable/modules/generated"
    return {
        name: f"{pages}/sklearn.{module}.{name}.html"
        for module in _MODULES
        for name in getattr(import_module(f"sklearn.{module}"), "__all__", ())
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
        for node in list(self.document.findall(nodes.literal)):
            name = by_name.get(node.astext())
            inside = isinstance(node.parent, (nodes.reference, nodes.title))
            if inside:
                continue
            if name is None:
                address = _scikit_learn().get(node.astext())
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


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the transforms."""
    app.add_post_transform(TrimCode)
    app.add_post_transform(LinkNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
