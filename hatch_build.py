"""Has a wheel bring compiled kernels, if REGKIT_COMPILE says for which processors.

    REGKIT_COMPILE="x86-64-v3 x86-64-v4" python -m build --wheel

Without the variable a wheel is pure Python, and kernels are compiled when they are
first called. The kernels of the first processor are found by fitting all estimators:
the machine that builds must be able to run them. What others need is compiled only.
"""

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_ROOT = Path(__file__).parent
_FOLDER = "regkit/kernels/compiled"

# Names, and what compilers are to leave out that they would assume of them: vectors of
# half the length, which the oldest processors with AVX-512 are faster with. Training a
# network takes 4 to 8% longer by them on others.
_LEVELS = {"x86-64-v3": "", "x86-64-v4": "-prefer-256-bit"}
# Kernels call nothing but libc and libm: they run wherever Numba does.
_PLATFORM = "manylinux_2_17_x86_64"

_RECORD = """
from pathlib import Path
from regkit._warm_up import warm_up
from regkit.kernels.shipping import pack
if __name__ == "__main__":
    warm_up(print)
    pack(Path({folder!r}))
"""
_REPEAT = """
from pathlib import Path
from regkit.kernels.shipping import compile_as
compile_as(Path({first!r}), slice({k}, None, {n}))
"""
_PACK = """
from pathlib import Path
from regkit.kernels.shipping import pack
pack(Path({folder!r}))
"""


class CompiledKernels(BuildHookInterface[Any]):
    """Hatchling's hook: called before the files of a wheel are gathered."""

    def dependencies(self) -> list[str]:
        """Return what the hook needs beside hatchling: what regkit needs."""
        return list(self.metadata.core.dependencies) if _levels() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and name the files and the platform."""
        levels = _levels()
        if not levels or version == "editable":
            return
        if (sys.platform, platform.machine()) != ("linux", "x86_64"):
            raise RuntimeError("REGKIT_COMPILE: for Linux on x86-64 only")
        for level in levels:
            if level not in _LEVELS:
                raise RuntimeError(
                    f"REGKIT_COMPILE: {level!r} is none of {', '.join(_LEVELS)}"
                )
        self._folder = tempfile.TemporaryDirectory(prefix="regkit-kernels-")
        found = _compile(levels, Path(self._folder.name))
        for path in found:
            build_data["force_include"][str(path)] = f"{_FOLDER}/{path.name}"
        python = f"cp{sys.version_info.major}{sys.version_info.minor}"
        build_data["pure_python"] = False
        build_data["tag"] = f"{python}-{python}-{_PLATFORM}"

    def finalize(self, version: str, build_data: dict[str, Any], path: str) -> None:
        """Remove what has been put into the wheel."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()


def _levels() -> list[str]:
    return os.environ.get("REGKIT_COMPILE", "").split()


def _compile(levels: list[str], folder: Path) -> list[Path]:
    """Return one archive for each of ``levels``."""
    archives = folder / "archives"
    archives.mkdir()
    processes = os.cpu_count() or 1
    for level in levels:
        first = next(iter(archives.iterdir()), None)
        cache = folder / level
        if first is None:
            code = [_RECORD.format(folder=str(archives))]
        else:
            code = [
                _REPEAT.format(first=str(first), k=k, n=processes)
                for k in range(processes)
            ]
        running = [_start(text, level, cache) for text in code]
        codes = [process.wait() for process in running]
        if any(codes):
            raise RuntimeError(f"kernels could not be compiled for {level}")
        if first is not None:
            packing = _start(_PACK.format(folder=str(archives)), level, cache)
            if packing.wait():
                raise RuntimeError(f"kernels for {level} could not be packed")
    return sorted(archives.iterdir())


def _start(code: str, level: str, cache: Path) -> "subprocess.Popen[bytes]":
    cache.mkdir(exist_ok=True)
    script = cache / f"step-{len(list(cache.iterdir()))}.py"
    script.write_text(code, encoding="utf-8")
    variables = {
        "PYTHONPATH": str(_ROOT),
        "NUMBA_CPU_NAME": level,
        "NUMBA_CPU_FEATURES": _LEVELS[level],
        "NUMBA_CACHE_DIR": str(cache),
    }
    return subprocess.Popen([sys.executable, script], env=os.environ | variables)
