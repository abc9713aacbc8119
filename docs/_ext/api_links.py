"""Names of the API in prose, such as `LassoRegressor`, link to their pages."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode


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
            if name is None or inside:
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


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the transform."""
    app.add_post_transform(LinkNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
