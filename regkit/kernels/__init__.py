"""Numba kernels: arrays in, arrays out. The only package that imports numba."""

from importlib import import_module

from regkit.kernels.compiling import uncollected

# Python's collector takes two fifths of the time of Numba's import, and finds nothing.
uncollected(import_module)("numba")
