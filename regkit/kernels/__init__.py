"""Numba kernels: arrays in, arrays out. The only package that imports numba."""

import os
from importlib import import_module

from regkit.kernels.compiling import interrupts_wait, uncollected

try:
    # Python's collector takes two fifths of the time of the import, and finds nothing.
    with interrupts_wait():
        uncollected(import_module)("numba")
except ValueError:
    asked = os.environ.get("NUMBA_NUM_THREADS")
    if asked is None:
        raise
    raise ValueError(
        "The environment variable NUMBA_NUM_THREADS must be at least 1, "
        f"but it is {asked!r}."
    ) from None
