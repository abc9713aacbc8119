"""Importing the package is cheap, and its public names are complete."""

import ast
import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import regkit

PACKAGE = Path(regkit.__file__).parent


@pytest.mark.parametrize("name", [n for n in regkit.__all__ if n != "__version__"])
def test_public_names_load_and_are_documented(name):
    value = getattr(regkit, name)
    assert value.__doc__
    assert name in dir(regkit)


def test_type_checkers_see_every_public_name():
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = set()
    for node in block.body:
        if not node.module.startswith("regkit."):
            continue
        names = [alias.name for alias in node.names]
        everything = getattr(import_module(node.module), "__all__", [])
        seen |= set(everything if names == ["*"] else names)
    assert seen | {"__version__"} == set(regkit.__all__)


def test_dir_shows_public_names_only():
    subpackages = set(regkit._SUBPACKAGES)
    assert set(dir(regkit)) == set(regkit.__all__) | subpackages


def public_callables():
    for name in regkit.__all__:
        value = getattr(regkit, name)
        if callable(value):
            yield name, value
        for cls in getattr(value, "__mro__", ()):
            if cls.__module__.partition(".")[0] == "regkit":
                for key, member in vars(cls).items():
                    member = getattr(member, "__func__", member)
                    if callable(member) and not key.startswith("_"):
                        yield f"{name}.{key}", member


def test_help_shows_readable_signatures():
    expanded = re.compile(r"\b(numpy|scipy|typing|collections|regkit|pathlib)\.|Union")
    unreadable = [
        f"{name}{shown}"
        for name, value in public_callables()
        if expanded.search(shown := str(inspect.signature(value)))
    ]
    assert not unreadable


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'regkit' has no attribute 'Laso'"):
        regkit.Laso  # noqa: B018


def test_importing_regkit_imports_neither_numba_nor_scikit_learn():
    code = (
        "import sys, regkit; "
        "print([m for m in ('numba', 'sklearn', 'scipy', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_map_names_files_that_exist():
    guide = PACKAGE.parent / "CONTRIBUTING.md"
    if not guide.exists():
        pytest.skip("the map comes with a checkout only")
    names = re.findall(r"`(?:[a-z_]+/)*([a-z_]+\.py)`", guide.read_text())
    present = {path.name for path in PACKAGE.parent.rglob("*.py")}
    assert len(names) > 50
    assert not [name for name in names if name not in present]


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    "path",
    sorted(PACKAGE.rglob("*.py")),
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_private_scikit_learn_names_stay_behind_one_door(path):
    private = {
        name
        for name in imported_modules(path)
        if name.startswith("sklearn") and "._" in name
    }
    assert path.name == "_sklearn.py" or not private
