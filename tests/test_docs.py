"""Every Python snippet of the README and of docs/ runs, and prints what it says."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
_SNIPPET = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_snippets_run(page):
    """The snippets of a page share their names, in order, as a reader would type."""
    text = page.read_text(encoding="utf-8")
    names: dict[str, object] = {}
    runner = doctest.DocTestRunner(optionflags=_FLAGS)
    report: list[str] = []
    for snippet in _SNIPPET.finditer(text):
        code, line = snippet[1], text.count("\n", 0, snippet.start(1))
        if ">>>" in code:
            examples = doctest.DocTestParser().get_doctest(
                code, names, page.name, str(page), line
            )
            runner.run(examples, out=report.append, clear_globs=False)
            names |= examples.globs
        else:
            exec(compile("\n" * line + code, str(page), "exec"), names)
    assert not runner.failures, "".join(report)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_project_lead_somewhere(page):
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
