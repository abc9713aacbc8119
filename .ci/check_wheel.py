"""Fit everything from a wheel that brings compiled kernels: nothing may be compiled.

    python .ci/check_wheel.py regkit-....whl

Run it in an environment that has the wheel and pytest, with an empty NUMBA_CACHE_DIR.
"""

import ast
import os
import runpy
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from inspect import isfunction, ismodule
from multiprocessing import get_context
from pathlib import Path
from types import FunctionType
from zipfile import ZipFile

from numba.core import event

import regkit
from regkit import _warm_up
from regkit.kernels import _shipped
from regkit.kernels.entrances import entrances

LARGEST = 8_000_000  # bytes of a wheel
ROOT = Path(__file__).parents[1]


class Compilations(event.Listener):
    """Remembers what is compiled."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def on_start(self, event: event.Event) -> None:
        dispatcher, types = event.data["dispatcher"], event.data["args"]
        self.names.append(f"{dispatcher!r} for {types}")

    def on_end(self, event: event.Event) -> None:
        pass


def main(wheel: Path) -> None:
    assert ROOT not in Path(regkit.__file__).parents, "the wheel is not installed"
    assert shutil.which("cc") is None, "there is a compiler"
    check_contents(wheel)
    check_kernels()
    # Written by somebody else than what the wheel's kernels were chosen by; they count
    # what their own process has loaded.
    varied = str(ROOT / "tests" / "kernels" / "test_signatures.py")
    spawn = get_context("spawn")
    with (
        ProcessPoolExecutor(mp_context=spawn, max_tasks_per_child=1) as fresh,
        ProcessPoolExecutor(mp_context=spawn) as pool,
    ):
        waiting = [
            fresh.submit(compiled_by_function, varied, name)
            for name in ("session", "network_session")
        ]
        waiting += [pool.submit(compiled_by_task, task) for task in _warm_up.tasks()]
        compiled = {name for future in waiting for name in future.result()}
    print(f"{len(compiled)} compilations in {len(waiting)} sessions")
    assert not compiled, "compiled: " + "\n".join(sorted(compiled))
    assert not list(Path(os.environ["NUMBA_CACHE_DIR"]).rglob("*.nb*"))


def compiled_by_task(task: _warm_up.Task) -> list[str]:
    return compiled_by(lambda: _warm_up.carry_out(task))


def compiled_by_function(path: str, name: str) -> list[str]:
    return compiled_by(runpy.run_path(path)[name])


def compiled_by(use: Callable[[], object]) -> list[str]:
    compiled = Compilations()
    event.register("numba:compile", compiled)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        use()
    event.unregister("numba:compile", compiled)
    return compiled.names


def check_contents(wheel: Path) -> None:
    assert wheel.stat().st_size < LARGEST, f"{wheel.stat().st_size} bytes"
    with ZipFile(wheel) as files:
        archives = [name for name in files.namelist() if name.endswith(".zip")]
        assert len(archives) == 2, archives
        print(f"{wheel.stat().st_size / 1e6:.1f} MB, {len(archives)} archives")


def check_kernels() -> None:
    archive = _shipped.archive()
    assert archive is not None, "no kernels for this processor"
    shipped = {name.partition("/")[0] for name in archive.namelist()}
    kernels = {_shipped.name_of(kernel.py_func) for kernel in entrances()}
    print(f"{len(kernels)} kernels, for {len(archive.namelist())} types of arguments")
    parts = linked() - set(called_from_outside(Path(regkit.__file__).parent))
    lacking = sorted(kernels - shipped - parts)
    assert not lacking, f"no task of regkit/_warm_up.py reaches {lacking}"


def called_from_outside(package: Path) -> Iterator[str]:
    """Yield what files outside `regkit.kernels` name of its modules."""
    for file in package.rglob("*.py"):
        if package / "kernels" in file.parents:
            continue
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        attributes = [
            (node.value.id, node.attr)
            for node in nodes
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        ]
        for node in nodes:
            if not isinstance(node, ast.ImportFrom):
                continue
            for name in node.names:  # a kernel, or a module of kernels
                full = f"{node.module}.{name.name}"
                yield full
                known_as = name.asname or name.name
                yield from (f"{full}.{a}" for m, a in attributes if m == known_as)


def linked() -> set[str]:
    """Return the kernels that others call: these bring them as parts of their own."""
    names: set[str] = set()
    for name, module in list(sys.modules.items()):
        for kernel in (
            vars(module).values() if name.startswith("regkit.kernels") else ()
        ):
            # Plain functions are written out in kernels (see `inlined`).
            function = getattr(kernel, "py_func", kernel)
            if isfunction(function):
                names.update(used(function))
    return names


def used(function: FunctionType) -> Iterator[str]:
    """Yield the kernels that a function names, by themselves or in their modules."""
    places = [function.__globals__]
    names = function.__code__.co_names
    known = (function.__globals__.get(name) for name in names)
    places += [vars(module) for module in known if ismodule(module)]
    for place in places:
        for name in names:
            called = getattr(place.get(name), "py_func", None)
            if isfunction(called):
                yield _shipped.name_of(called)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
