"""Formulas as MathML, which browsers draw themselves: no script, no network."""

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

# A bar is taken for an operator with space around it; here it always stands for the
# size of something.
_BAR = re.compile(r"<mo([^>]*)>(&#x0007C;|&#x02016;|&#x02225;)</mo>")


def _to_mathml(node: nodes.Element, display: str) -> str:
    formula = _BAR.sub(
        r'<mo\1 lspace="0" rspace="0">\2</mo>', convert(node.astext(), display=display)
    )
    if display == "block":  # large sums and fractions, whatever the style sheet says
        formula = formula.replace("<math ", '<math displaystyle="true" ', 1)
    return formula


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula within a line."""
    self.body.append(_to_mathml(node, "inline"))
    raise nodes.SkipNode


def visit_displaymath(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on a line of its own."""
    self.body.append(f'<div class="formula">{_to_mathml(node, "block")}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
