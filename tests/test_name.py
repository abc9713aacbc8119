"""The package index has another project under the short name: never install that."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHORT = "regkit"
# An installer, then the short name alone: not scikit-..., a path, a file or an option.
_INSTALLED = re.compile(
    rf"(?:pip3?|uv|pipx|conda|poetry|mamba)\s+(?:install|add|download)\b[^\n&|;]*"
    rf"(?<=[\s\"'`=]){SHORT}(?![\w/.-])"
)
# A requirement with extras or a version, as in pyproject.toml.
_REQUIRED = re.compile(rf"[\"'`]{SHORT}\s*(?:\[\w+(?:,\s*\w+)*\]|[<>=~!]=)")
_TEXTS = {".py", ".md", ".rst", ".toml", ".yml", ".yaml", ".txt", ".html", ".cfg", ""}


def texts():
    """Give every text file of a checkout that people wrote."""
    for name in ("regkit", "tests", "docs", "examples", "benchmarks", ".github", ".ci"):
        for path in (ROOT / name).rglob("*"):
            made = {"_build", "auto_examples", "generated", "__pycache__"}
            if path.is_file() and path.suffix in _TEXTS and not made & {*path.parts}:
                yield path
    yield from (p for p in ROOT.glob("*.*") if p.is_file() and p.suffix in _TEXTS)
    yield from ROOT.glob("Dockerfile*")


def test_nothing_installs_the_other_project():
    if not (ROOT / "pyproject.toml").exists():
        pytest.skip("not a checkout")
    wrong = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in texts()
        for pattern in (_INSTALLED, _REQUIRED)
        if (found := pattern.search(path.read_text(encoding="utf-8")))
    ]
    assert not wrong


@pytest.mark.parametrize("name", [SHORT, f"scikit-{SHORT}"])
def test_the_patterns_find_it(name):
    lines = [
        f"pip install {name}",
        f"python -m pip install --upgrade {name}",
        f"pip install --find-links dist/ --only-binary {name} {name}",
        f'uv add "{name}[plot]"',
        f"'{name}[plot]'",
        f'"{name}>=0.1"',
    ]
    found = [bool(_INSTALLED.search(s) or _REQUIRED.search(s)) for s in lines]
    assert found == [name == SHORT] * len(lines)


def test_the_distribution_has_the_long_name():
    path = ROOT / "pyproject.toml"
    if not path.exists():
        pytest.skip("not a checkout")
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    assert project["name"] == f"scikit-{SHORT}"
    # Addresses that nobody has confirmed are not in the project.
    assert "urls" not in project
    assert {"urls", "readme"} <= set(project["dynamic"])


def test_published_metadata_have_absolute_addresses(monkeypatch):
    pytest.importorskip("hatchling")
    if not (ROOT / "hatch_metadata.py").exists():
        pytest.skip("not a checkout")
    monkeypatch.syspath_prepend(str(ROOT))
    from hatch_metadata import Addresses

    def metadata():
        found = {}
        Addresses(str(ROOT), {}).update(found)
        return found

    monkeypatch.delenv("REGKIT_REPOSITORY", raising=False)
    plain = metadata()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert plain == {"readme": {"content-type": "text/markdown", "text": readme}}
    repository = "https://github.com/OWNER/NAME"
    monkeypatch.setenv("REGKIT_REPOSITORY", repository)
    published = metadata()
    assert published["urls"]["Repository"] == repository
    assert published["urls"]["Documentation"] == "https://OWNER.github.io/NAME/"
    text = published["readme"]["text"]
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    assert len(links) > 10
    assert all(link.startswith("https://") for link in links)
    assert f"]({repository}/raw/main/docs/images/report.png)" in text
    assert f"]({repository}/blob/main/CONTRIBUTING.md)" in text
    assert "](https://OWNER.github.io/NAME/user_guide.html)" in text
