"""Machine code that came with the installation: used where it fits, else ignored."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import numba
import numpy as np
import pytest

import regkit
from regkit.kernels import _shipped
from regkit.kernels._target import level

pytestmark = [
    pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled"),
    pytest.mark.skipif(level() is None, reason="no level for this processor"),
]

LEVEL = "x86-64-v3"  # which every processor that has a level can run
COMPILE = """
import numpy as np
from numba import config
from regkit.kernels.linear.cholesky import solve_upper
def solve():
    right = np.array([3.0])
    solve_upper(np.array([[2.0]]), 1, right)
    return right[0]
assert solve() == 1.5
"""
PACK = """
from pathlib import Path
from regkit.kernels.shipping import pack
Path({folder!r}).mkdir()
pack(Path({folder!r}))
"""
# Prints which of the kernels has been compiled, and what tiles are made of.
USE = """
from numba.core import event
compiled = []
class Listener(event.Listener):
    def on_start(self, event):
        compiled.append(event.data["dispatcher"].__name__)
    def on_end(self, event):
        pass
event.register("numba:compile", Listener())
"""
REPORT = """
from regkit.kernels.networks.tiles import VECTOR
print(*compiled, VECTOR)
"""


def run(code, root, cache, **variables):
    env = {name: value for name, value in os.environ.items() if "NUMBA" not in name}
    env |= {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    env |= {"NUMBA_CACHE_DIR": str(cache), "NUMBA_CPU_NAME": LEVEL} | variables
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", code],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return where regkit is installed with one kernel shipped."""
    root = tmp_path_factory.mktemp("site-packages")
    package = root / "regkit"
    ignored = shutil.ignore_patterns("__pycache__", "compiled")
    shutil.copytree(Path(regkit.__file__).parent, package, ignore=ignored)
    pack = PACK.format(folder=str(package / "kernels" / "compiled"))
    cache = tmp_path_factory.mktemp("builder")
    # (A setting that `hatch_build.py` makes.)
    run(COMPILE + pack, root, cache, NUMBA_CPU_FEATURES="-prefer-256-bit")
    return root


def use(root, cache, before="", **variables):
    return run(before + USE + COMPILE + REPORT, root, cache, **variables)


def test_shipped_kernels_are_not_compiled(installed, tmp_path):
    assert use(installed, tmp_path) == "32"
    assert not list(tmp_path.rglob("*.nb*"))


def test_shipped_kernels_need_no_place_to_write(installed, tmp_path):
    (tmp_path / "file").touch()
    nowhere = str(tmp_path / "file" / "below")
    places = {"HOME": nowhere, "XDG_CACHE_HOME": nowhere, "LOCALAPPDATA": nowhere}
    assert use(installed, nowhere, **places) == "32"


def test_what_is_packed_says_nothing_of_the_builder(installed):
    (archive,) = installed.rglob("*.zip")
    with ZipFile(archive) as members:
        assert len(members.namelist()) == 1
        for name in members.namelist():
            assert str(installed.parent).encode() not in members.read(name)


def flip(content):
    middle = len(content) // 3
    return content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [flip, lambda _: b"", lambda _: b"not an archive", lambda x: x[: len(x) // 2]],
    ids=["a byte", "empty", "another file", "cut off"],
)
def test_damaged_archive(installed, tmp_path, damage):
    root = tmp_path / "site-packages"
    shutil.copytree(installed, root)
    (archive,) = root.rglob("*.zip")
    archive.write_bytes(damage(archive.read_bytes()))
    assert use(root, tmp_path / "cache") == "solve_upper 32"


@pytest.mark.parametrize(
    "before",
    [
        "import numba; numba.__version__ = '9999.0.1'",
        "import llvmlite; llvmlite.__version__ = '9999.0.1'",
        "import platform; platform.machine = lambda: 'riscv64'",
        "import numba; numba.config.BOUNDSCHECK = 1",
    ],
)
def test_made_for_something_else(installed, tmp_path, before):
    assert use(installed, tmp_path, before + "\n") == "solve_upper 32"


def test_processor_without_a_level(installed, tmp_path):
    found = use(installed, tmp_path, NUMBA_CPU_NAME="x86-64-v2")
    assert found.startswith("solve_upper ")


def test_edited_source(installed, tmp_path):
    root = tmp_path / "site-packages"
    shutil.copytree(installed, root)
    with (root / "regkit/kernels/linear/dense.py").open("a") as file:
        file.write("# a comment, in a file that solve_upper does not use\n")
    assert use(root, tmp_path / "cache") == "solve_upper 32"


def test_the_disk_cache_sees_edits_to_other_files(installed, tmp_path):
    root = tmp_path / "site-packages"
    shutil.copytree(installed, root, ignore=shutil.ignore_patterns("compiled"))
    assert use(root, tmp_path / "cache") == "solve_upper 32"
    assert use(root, tmp_path / "cache") == "32"
    with (root / "regkit/kernels/linear/dense.py").open("a") as file:
        file.write("# a comment\n")
    assert use(root, tmp_path / "cache") == "solve_upper 32"
    assert use(root, tmp_path / "cache") == "32"


def test_read_only_installation_of_what_was_compiled_there(installed, tmp_path):
    """A container's image: compiled by its maker, run by a user who may not write."""
    root = tmp_path / "site-packages"
    shutil.copytree(installed, root, ignore=shutil.ignore_patterns("compiled"))
    beside = {"NUMBA_CACHE_DIR": "", "XDG_CACHE_HOME": str(tmp_path / "home")}
    assert use(root, "", **beside) == "solve_upper 32"
    # For the superuser, permissions would not do.
    refuse = (
        "import tempfile\n"
        "def refuse(*args, **kwargs):\n"
        "    raise PermissionError\n"
        "tempfile.TemporaryFile = refuse\n"
    )
    assert use(root, "", refuse, **beside) == "32"


def test_two_processes_compile_once(installed, tmp_path):
    root = tmp_path / "site-packages"
    shutil.copytree(installed, root, ignore=shutil.ignore_patterns("compiled"))
    env = {name: value for name, value in os.environ.items() if "NUMBA" not in name}
    env |= {"PYTHONPATH": str(root), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    # Both begin to compile when both have been loaded.
    wait = (
        "import pathlib, os, time\n"
        "from regkit.kernels.linear import cholesky\n"
        f"here = pathlib.Path({str(tmp_path)!r})\n"
        "(here / f'{os.getpid()}.ready').touch()\n"
        "while len(list(here.glob('*.ready'))) < 2:\n"
        "    time.sleep(0.001)\n"
    )
    code = wait + USE + COMPILE + REPORT
    command = [sys.executable, "-P", "-W", "error", "-c", code]
    running = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    printed = [process.communicate()[0].split()[:-1] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    if os.name == "posix":
        assert sorted(printed) == [[], ["solve_upper"]]


FIT = """
import json, sys, warnings
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    import numpy as np
    import regkit
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4))
    y = X @ [2.0, -1.0, 0.5, 0.0] + rng.normal(size=30)
    lasso = regkit.LassoRegressor(alpha=0.3).fit(X, y)
    ridge = regkit.RidgeRegressorCV(alphas=[0.1, 1, 10, 100]).fit(X, y)
found = [regkit.__file__, str(warned)] if len(warned) > 1 else [regkit.__file__]
found += [X.tolist(), y.tolist(), lasso.coef_.tolist(), ridge.alpha_]
json.dump([*found, ridge.coef_.tolist()], sys.stdout)
"""


def test_first_fits_where_everything_fails(installed, tmp_path):
    """A damaged archive, another Numba, nowhere to write, two processes at once."""
    root = tmp_path / "site-packages"
    shutil.copytree(installed, root)
    (archive,) = root.rglob("*.zip")
    archive.write_bytes(flip(archive.read_bytes()))
    for folder in ("linear", "networks"):
        (root / "regkit/kernels" / folder / "__pycache__").touch()
    (tmp_path / "file").touch()
    nowhere = str(tmp_path / "file" / "below")
    env = {name: value for name, value in os.environ.items() if "NUMBA" not in name}
    env |= dict.fromkeys(("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"), nowhere)
    env["PYTHONPATH"] = str(root)
    other = "import numba; numba.__version__ = '9999.0.1'\n"
    running = [
        subprocess.Popen(
            [sys.executable, "-B", "-P", "-c", before + FIT],
            env=env,
            stdout=subprocess.PIPE,
            text=True,
        )
        for before in ("", other)
    ]
    for printed in [process.communicate()[0] for process in running]:
        file, X, y, lasso, alpha, ridge = json.loads(printed)
        assert Path(file).is_relative_to(root)
        Z, t = (np.array(one) - np.mean(one, axis=0) for one in (X, y))
        slopes = Z.T @ (t - Z @ lasso) / len(t)
        assert slopes == pytest.approx(np.clip(slopes, -0.3, 0.3), abs=1e-12)
        assert slopes @ lasso == pytest.approx(0.3 * np.abs(lasso).sum(), rel=1e-12)
        right = np.linalg.solve(Z.T @ Z + alpha * np.eye(4), Z.T @ t)
        assert ridge == pytest.approx(right, rel=1e-9)
    assert [process.returncode for process in running] == [0, 0]


def test_a_damaged_archive_counts_for_nothing(monkeypatch):
    whole = io.BytesIO()
    with ZipFile(whole, "w") as members:
        members.writestr("one", b"machine code")
        members.writestr("two", b"more of it")
    changed = whole.getvalue().replace(b"machine", b"Machine")
    for content, count in ((whole.getvalue(), 2), (changed, 0)):
        found = ZipFile(io.BytesIO(content))
        monkeypatch.setattr(_shipped, "archive", lambda found=found: found)
        assert _shipped.n_shipped() == count
    monkeypatch.setattr(_shipped, "archive", lambda: None)
    assert _shipped.n_shipped() == 0
