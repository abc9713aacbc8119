"""Set-up shared by every test: a Numba cache that cannot be stale, and profiles."""

import hashlib
import os
import sys
import tempfile
from pathlib import Path


def _kernel_cache_dir() -> Path:
    """Return a cache directory named after the kernels' sources.

    Numba's on-disk cache looks at the file of the function that is called, not at
    the files of the functions it calls: after an edit there, old machine code would
    run silently. A directory named after a hash of every kernel file cannot be stale.
    Nor does it see whether machine code checks bounds.
    """
    kernels = Path(__file__).parents[1] / "regkit" / "kernels"
    digest = hashlib.sha256(os.environ.get("NUMBA_BOUNDSCHECK", "").encode())
    for source in sorted(kernels.glob("**/*.py")):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if not _is_writable(base):
        base = Path(tempfile.gettempdir())
    return base / "regkit-tests" / digest.hexdigest()[:16]


def _is_writable(directory: Path) -> bool:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(directory, os.W_OK)


# Before anything imports regkit: Numba reads the variable once, at its own import.
os.environ.setdefault("NUMBA_CACHE_DIR", str(_kernel_cache_dir()))
os.environ.setdefault("MPLBACKEND", "Agg")  # pictures need no screen

import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

# "ci" gives the same examples on every run; "large" searches further:
#     HYPOTHESIS_PROFILE=large pytest tests/properties
settings.register_profile(
    "ci",
    derandomize=True,
    max_examples=100,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "large",
    max_examples=2000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def _close_figures():
    """Close what a test drew; no other test pays for matplotlib's import."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
