"""Every Python snippet of the README and of docs/ runs, and prints what it says."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

import regkit

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
_SNIPPET = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"python -m benchmarks\.[^`\n]*")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
# What sphinx-gallery makes of an example: its page and its pictures.
_MADE = re.compile(
    r"auto_examples/(?:images/sphx_glr_)?(plot_\w+?)(?:_\d{3}\.png|\.rst)$"
)
_WITHOUT_SNIPPET = {"changelog.md"}


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
            made = _MADE.match(target)
            source = f"../examples/{made[1]}.py" if made else target
            if target == "auto_examples/index.rst":
                source = "../examples/GALLERY_HEADER.rst"
            assert (page.parent / source).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_has_an_example_that_runs(page):
    has_snippet = _SNIPPET.search(page.read_text(encoding="utf-8")) is not None
    assert has_snippet != (page.name in _WITHOUT_SNIPPET)


def test_every_entry_of_the_api_reference_has_an_example():
    """That it runs is for pytest's doctests."""
    without = [
        name
        for name in sorted(set(regkit.__all__) - {"__version__"})
        if ">>>" not in (getattr(regkit, name).__doc__ or "")
    ]
    assert without == []


COMMANDS = sorted(
    {
        command
        for page in [*PAGES, ROOT / "benchmarks" / "README.md"]
        for command in _COMMAND.findall(page.read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize("module", sorted({c.split()[2] for c in COMMANDS}))
def test_commands_of_benchmarks_exist(module):
    helped = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    known = set(re.findall(r"[\w-]+", helped.stdout))
    for command in COMMANDS:
        if command.split()[2] == module:
            arguments = command.split("#")[0].split()[3:]
            named = {a for a in arguments if not a.isdigit() and "." not in a}
            assert named <= known, command


def test_the_readme_shows_what_compare_prints():
    """Networks may differ from machine to machine, the other models may not."""
    diabetes = regkit.load_diabetes_interactions()
    comparison = regkit.compare_regularizers(
        diabetes.data,
        diabetes.target,
        networks=False,
        feature_names=diabetes.feature_names,
    )
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for line in str(comparison).splitlines()[:9]:
        assert re.search(r"\s+".join(map(re.escape, line.split())), readme), line


def test_the_readme_shows_what_its_example_prints(capsys):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.partition("<!-- example: ")[2].partition("<!-- end of the example")[
        0
    ]
    code, _, rest = block.partition("```python\n")[2].partition("```")
    shown = rest.partition("```text\n")[2].partition("```")[0]
    exec(code, {})
    printed = capsys.readouterr().out
    # The gap that is left of an exact answer is made of rounding errors.
    gap = re.compile(r"duality gap [\d.e+-]+")
    assert gap.sub("", printed) == gap.sub("", shown)


def test_every_public_name_is_in_the_api_reference():
    listed = (ROOT / "docs" / "api.rst").read_text(encoding="utf-8").split()
    assert set(regkit.__all__) - {"__version__"} <= set(listed)


def test_every_page_is_in_a_table_of_contents():
    pages = {page.stem for page in PAGES if page.name != "README.md"} | {"api"}
    listed = set()
    for page in PAGES:
        for toc in _TOCTREE.findall(page.read_text(encoding="utf-8")):
            listed |= set(toc.split())
    assert pages - {"index"} <= listed
