"""How the files of the package depend on each other, late imports included."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import regkit

ROOT = Path(regkit.__file__).parent


def modules():
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imported(tree, names):
    """Which files a file imports, inside functions and for type checkers too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in names:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in names else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in names)


def test_no_circle_of_files():
    trees = modules()
    assert len(trees) > 200
    graph = {name: set(imported(tree, trees)) for name, tree in trees.items()}
    assert graph["regkit.linear_model.lasso"]
    list(TopologicalSorter(graph).static_order())  # raises, with the circle
