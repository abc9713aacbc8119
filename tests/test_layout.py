"""How long files are, how the package's depend on each other, and what a fit enters."""

import ast
import sys
import threading
from graphlib import TopologicalSorter
from pathlib import Path

import regkit
from regkit import LassoRegressorCV, make_correlated_regression

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


def n_lines(text):
    """Lines of a file beside the docstrings of what is public."""
    documented = 0
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name[0] != "_":
            first = node.body[0]
            if ast.get_docstring(node) is not None:
                documented += first.end_lineno - first.lineno + 1
    return text.count("\n") - documented


def test_no_file_is_long():
    tests = Path(__file__).parent
    folders = (ROOT, tests, tests.parent / "benchmarks")
    paths = [path for folder in folders for path in folder.rglob("*.py")]
    assert len(paths) > 200
    sizes = {str(path): n_lines(path.read_text("utf-8")) for path in paths}
    assert not {path: size for path, size in sizes.items() if size > 450}


def test_no_circle_of_files():
    """Imports inside functions and for type checkers count."""
    trees = modules()
    assert len(trees) > 200
    graph = {name: set(imported(tree, trees)) for name, tree in trees.items()}
    assert graph["regkit.linear_model.lasso"]
    list(TopologicalSorter(graph).static_order())  # raises, with the circle


def test_a_fit_can_be_followed_in_a_sitting():
    """Folds of wide rows: functions of the package that are entered, kernels aside."""
    X, y = make_correlated_regression(100, 600)
    model = LassoRegressorCV(alphas=20).fit(X, y)  # loads, and compiles
    entered = set()

    def note(frame, event, argument):
        code = frame.f_code
        path = Path(code.co_filename)
        if event == "call" and ROOT in path.parents and "kernels" not in path.parts:
            entered.add((path, code.co_qualname))

    before = sys.getprofile(), threading.getprofile()
    try:
        threading.setprofile(note)
        sys.setprofile(note)
        model.fit(X, y)
    finally:
        sys.setprofile(before[0])
        threading.setprofile(before[1])
    assert len(entered) > 50
    assert len(entered) <= 78, sorted(entered)
    assert len({path for path, _ in entered}) <= 15
