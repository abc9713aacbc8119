"""How kernels are compiled: where no cache can be used, and what is left uncounted."""

import atexit
import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import get_type_hints

import numba
import pytest

import regkit
import regkit.kernels
from regkit.kernels import compiling

pytestmark = pytest.mark.skipif(
    numba.config.DISABLE_JIT, reason="nothing is compiled, nothing cached"
)

# One small kernel; prints whether its machine code came from the disk.
IMPORT = """
import numpy as np
from regkit.kernels.linear.cholesky import solve_upper as kernel
"""
CALL = """
right = np.array([3.0])
kernel(np.array([[2.0]]), 1, right)
assert right[0] == 1.5
print(sum(kernel.stats.cache_hits.values()))
"""


@lru_cache
def sources():
    """Copy the package without what was compiled beside it, which would be found."""
    root = Path(tempfile.mkdtemp(prefix="regkit-sources-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    shutil.copytree(
        Path(regkit.__file__).parent,
        root / "regkit",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return root


def run(code, cache, **variables):
    """Run ``code`` in a process that keeps compiled kernels in ``cache``."""
    root = sources()
    env = os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", code],
        env=env | {name: str(value) for name, value in variables.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def files(cache, pattern):
    return sorted(cache.glob(f"**/{pattern}"))


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A cache that holds the kernel; tests change copies of it."""
    cache = tmp_path_factory.mktemp("filled")
    assert run(IMPORT + CALL, cache) == "0"
    return cache


def test_a_kernel_is_compiled_once_a_machine(filled):
    assert run(IMPORT + CALL, filled) == "1"


@pytest.mark.parametrize("pattern", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize("content", [b"", b"not a pickle", None])
def test_a_damaged_file_is_replaced(filled, tmp_path, pattern, content):
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    (file,) = files(tmp_path, pattern)
    if content is None:  # cut off, as by a crash or a full disk
        content = file.read_bytes()[:-20]
    file.write_bytes(content)
    assert run(IMPORT + CALL, tmp_path) == "0"
    assert run(IMPORT + CALL, tmp_path) == "1"


def test_a_file_for_other_types_is_replaced(tmp_path):
    """An index that is begun anew gives names again before files are written."""
    single = CALL.replace("0])", "0], np.float32)").replace("2.0]])", "2.0]], 'f4')")
    assert run(IMPORT + CALL + single, tmp_path) == "0\n0"
    first, second = files(tmp_path, "*.nbc")
    shutil.copyfile(second, first)
    assert run(IMPORT + CALL, tmp_path) == "0"
    assert run(IMPORT + CALL, tmp_path) == "1"
    assert run(IMPORT + single, tmp_path) == "1"


def test_files_of_another_version_are_never_read(filled, tmp_path):
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    other = IMPORT.replace("import numpy", "import numba; numba.__version__ += '.1'\n")
    other = other.replace("\n as np", "\nimport numpy as np")
    before = files(tmp_path, "*.nb?")
    assert run(other + CALL, tmp_path) == "0"
    after = files(tmp_path, "*.nb?")
    assert len(after) == 2 * len(before)
    assert set(before) < set(after)
    assert run(IMPORT + CALL, tmp_path) == "1"
    assert run(other + CALL, tmp_path) == "1"


def test_files_of_earlier_sources_are_removed(filled, tmp_path):
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    before = files(tmp_path, "*.nb?")
    assert run(IMPORT + CALL, tmp_path, NUMBA_OPT=2) == "0"
    after = files(tmp_path, "*.nb?")
    assert len(after) == len(before)
    assert not set(before) & set(after)


@pytest.mark.parametrize("pattern", ["*.nbi", "*.nbc"])
def test_a_file_that_cannot_be_read(filled, tmp_path, pattern):
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    (file,) = files(tmp_path, pattern)
    file.unlink()
    file.mkdir()  # for the superuser, permissions would not do
    assert run(IMPORT + CALL, tmp_path) == "0"


def test_a_directory_that_vanishes_before_it_is_needed(tmp_path):
    cache = tmp_path / "cache"
    vanish = "\nassert kernel.stats.cache_path"  # looks for a directory
    vanish += f"\nimport shutil; shutil.rmtree({str(cache)!r})"
    vanish += f"\nopen({str(cache)!r}, 'w').close()"
    assert run(IMPORT + vanish + CALL, cache) == "0"
    assert cache.is_file()


def test_no_place_to_write_at_all(tmp_path):
    # A read-only install without a home: every place that Numba tries is a file.
    installed = tmp_path / "site-packages" / "regkit"
    shutil.copytree(
        Path(regkit.__file__).parent,
        installed,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (installed / "kernels" / "linear" / "__pycache__").touch()
    file = tmp_path / "file"
    file.touch()
    nowhere = file / "below"
    check = "import regkit; assert 'site-packages' in regkit.__file__\n"
    found = run(
        check + IMPORT + CALL,
        nowhere,
        PYTHONPATH=installed.parent,
        HOME=nowhere,
        XDG_CACHE_HOME=nowhere,
        LOCALAPPDATA=nowhere,
    )
    assert found == "0"
    assert file.is_file()


def test_what_kernels_call_is_not_made_executable(tmp_path):
    code = "from regkit.kernels.networks.masks import derive, root; key = root(1)\n"
    code += "called = len(derive.signatures), len(derive.linked.signatures)\n"
    code += "assert derive(key, 2) != key; print(*called, len(derive.signatures))"
    assert run(code, tmp_path) == "0 1 1"
    assert run(code, tmp_path) == "0 0 1"  # the caller's code has it


def uncounted_kernels():
    for module in walk_packages(regkit.kernels.__path__, "regkit.kernels."):
        for name, kernel in vars(import_module(module.name)).items():
            options = getattr(kernel, "targetoptions", {})
            if options.get("_nrt") is False:
                yield name, kernel


def test_uncounted_kernels_return_no_arrays():
    """An array that is returned uncounted can be freed while it is in use."""
    found = dict(uncounted_kernels())
    assert {"train", "sample", "step", "meet"} <= set(found)
    for name, kernel in found.items():
        returned = str(get_type_hints(kernel.py_func)["return"])
        assert "ndarray" not in returned, name


@pytest.mark.parametrize("enabled", [True, False])
def test_collection_waits_while_anything_is_compiled(enabled):
    seen = []

    def compile_(*inner):
        seen.append(gc.isenabled())
        for call in inner:
            call()
        seen.append(gc.isenabled())
        raise ValueError

    def swallow():
        with pytest.raises(ValueError):  # noqa: PT011
            uncollected()

    uncollected = compiling.uncollected(compile_)
    before = gc.isenabled()
    try:
        gc.enable() if enabled else gc.disable()
        with pytest.raises(ValueError):  # noqa: PT011
            uncollected(swallow)
        assert gc.isenabled() == enabled
    finally:
        gc.enable() if before else gc.disable()
    assert seen == [False] * 4


@pytest.mark.parametrize("frozen", [True, False])
def test_what_compilation_makes_is_not_looked_at_when_it_ends(frozen):
    made = []
    try:
        if frozen:
            gc.freeze()
        compiling.uncollected(lambda: made.append([made]))()
        young = gc.get_objects(generation=0)
        assert any(one is made[0] for one in young) == frozen
        # (Some of the frozen may be gone.)
        assert (gc.get_freeze_count() > 0) == frozen
    finally:
        gc.unfreeze()


def test_time_that_compilation_takes():
    def compile_():
        assert compiling.is_compiling()
        time.sleep(0.01)

    before = compiling.seconds_compiling()
    compiling.uncollected(compile_)()
    assert 0.01 <= compiling.seconds_compiling() - before < 10
    assert not compiling.is_compiling()
    assert compiling.seconds_compiling() == compiling.seconds_compiling()


def test_too_few_threads_are_named(tmp_path):
    code = """
try:
    import regkit.kernels
except ValueError as error:
    print(error)
"""
    printed = run(code, tmp_path, NUMBA_NUM_THREADS=0)
    assert printed == (
        "The environment variable NUMBA_NUM_THREADS must be at least 1, but it is '0'."
    )


def test_an_interrupt_of_the_first_compilation_leaves_it_to_be_repeated(tmp_path):
    """Numba registers what it can compile once, and would go on without the rest."""
    interrupted = """
import signal
from numba.core.typing.context import BaseContext
signal.signal(signal.SIGINT, signal.default_int_handler)
insert, left = BaseContext.insert_function, [5]
def insert_and_interrupt(*arguments):
    left[0] -= 1
    if left[0] == 0:
        signal.raise_signal(signal.SIGINT)
    insert(*arguments)
BaseContext.insert_function = insert_and_interrupt
try:
    kernel(np.array([[2.0]]), 1, np.array([3.0]))
except KeyboardInterrupt:
    print("interrupted")
"""
    assert run(IMPORT + interrupted + CALL, tmp_path).split() == ["interrupted", "0"]


@pytest.fixture
def interruptible():
    """Processes in the background of a shell are begun with Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupts_wait():
    reached = []

    def interrupt():
        with compiling.interrupts_wait():
            signal.raise_signal(signal.SIGINT)
            reached.append(1)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert reached == [1]
    assert signal.getsignal(signal.SIGINT) is before


def test_threads_and_ignored_interrupts_are_left_alone():
    seen = []

    def look():
        with compiling.interrupts_wait():
            seen.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        look()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [before, signal.SIG_IGN]
