"""The vector operations against NumPy, and against themselves as plain Python."""

import warnings

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from regkit.kernels._jit import kernel
from regkit.kernels.networks import tiles
from regkit.kernels.networks.products import (
    multiply_panels,
    multiply_rows,
    space_of_copies,
)
from regkit.kernels.networks.tiles import (
    Lines,
    Matrix,
    half_tile_units,
    sum_line,
    tile_few,
    tile_one,
    tile_units,
    transpose,
)

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-13}
DTYPES = list(TOLERANCE)
SIZES = tiles.UNITS, tiles.FEW, 1, tiles.UNITS
WIDE = tiles.PANEL, tiles.PANEL, tiles.PANEL, tiles.PANEL // 2


@kernel
def run_tile(which, out, left, right, panels, depth):
    if which == 0:
        tile_units(out, left, right, panels, depth)
    elif which == 1:
        tile_few(out, left, right, panels, depth)
    elif which == 2:
        tile_one(out, left, right, panels, depth)
    else:
        half_tile_units(out, left, right, panels, depth)


@kernel
def run_transpose(source, target):
    transpose(source, target)


@kernel
def run_sum(line, panels):
    return sum_line(line, panels)


@kernel
def run_panels(units, out, left, right, panels, depth, space):
    multiply_panels(units, out, left, right, panels, depth, space)


@kernel
def run_rows(first, last, out, left, right, panels, width, space):
    multiply_rows(first, last, out, left, right, panels, width, space)


def numbers(shape, dtype, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("which", range(len(SIZES)))
@pytest.mark.parametrize(("panels", "depth"), [(1, 1), (1, 7), (3, 5)])
def test_tile(dtype, which, panels, depth):
    units, width = SIZES[which], WIDE[which]
    A = numbers((panels, units, depth), dtype)
    B = numbers((panels, depth, tiles.PANEL), dtype, 1)
    out = np.full((units + 2, tiles.PANEL), 7, dtype)
    left = Matrix(A.ravel(), 0, depth, 1, units * depth)
    lines = Lines(out.ravel(), tiles.PANEL, tiles.PANEL)
    run_tile(
        which, lines, left, Lines(B.ravel(), 0, depth * tiles.PANEL), panels, depth
    )
    expected = np.einsum("puk,pki->ui", A.astype(float), B.astype(float))
    tolerance = depth * panels * TOLERANCE[dtype]
    assert_allclose(out[1:-1, :width], expected[:, :width], atol=tolerance)
    assert_array_equal(out[[0, -1]], 7)  # nothing is written beside the lines
    assert_array_equal(out[1:-1, width:], 7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("place", ["left", "right"])
def test_tile_passes_nan_and_infinity_on(dtype, place):
    A, B = numbers(tiles.UNITS * 4, dtype), numbers(4 * tiles.PANEL, dtype, 1)
    (A if place == "left" else B)[5] = np.nan
    out = np.zeros(tiles.UNITS * tiles.PANEL, dtype)
    left = Matrix(A, 0, 4, 1, 0)
    with np.errstate(all="ignore"):
        run_tile(0, Lines(out, 0, tiles.PANEL), left, Lines(B, 0, 0), 1, 4)
        expected = A.reshape(tiles.UNITS, 4) @ B.reshape(4, tiles.PANEL)
    assert_array_equal(
        np.isnan(out).reshape(tiles.UNITS, tiles.PANEL), np.isnan(expected)
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_transpose(dtype):
    source = numbers((tiles.PANEL, tiles.PANEL + 5), dtype)
    target = np.zeros((tiles.PANEL, tiles.PANEL + 3), dtype)
    run_transpose(
        Lines(source.ravel(), 2, tiles.PANEL + 5),
        Lines(target.ravel(), 1, tiles.PANEL + 3),
    )
    assert_array_equal(target[:, 1:-2], source[:, 2:-3].T)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("panels", [1, 2, 5])
def test_sum(dtype, panels):
    lines = numbers((panels, 3, tiles.PANEL), dtype)
    found = run_sum(Lines(lines.ravel(), tiles.PANEL, 3 * tiles.PANEL), panels)
    assert_allclose(found, lines[:, 1].sum(), atol=10 * TOLERANCE[dtype])


# On all sides of the sizes that are done at a time, and of the depth that is copied.
WIDTHS = [1, 2, 3, 5, 12, 13, 31, 33, 100]
# … and of the columns that are copied together.
MANY = [95, 96, 97, 141]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("units", [*WIDTHS, *MANY])
@pytest.mark.parametrize("depth", WIDTHS)
def test_products_of_panels(dtype, turned, units, depth):
    panels = 2
    W = numbers((units, depth), dtype)
    stored = np.ascontiguousarray(W.T).ravel() if turned else W.ravel()
    left = Matrix(stored, 0, 1, units, 0) if turned else Matrix(stored, 0, depth, 1, 0)
    B = numbers((panels, depth, tiles.PANEL), dtype, 1)
    out = np.full((panels, units + 1, tiles.PANEL), 7, dtype)
    space = np.empty(space_of_copies(depth), dtype)
    target = Lines(out.ravel(), 0, (units + 1) * tiles.PANEL)
    source = Lines(B.ravel(), 0, depth * tiles.PANEL)
    run_panels(units, target, left, source, panels, depth, space)
    assert_allclose(out[:, :-1], W @ B, atol=10 * depth * TOLERANCE[dtype])
    assert_array_equal(out[:, -1], 7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("units", WIDTHS)
@pytest.mark.parametrize("width", WIDTHS)
def test_products_over_rows(dtype, units, width):
    panels, first = 2, units // 3
    D = numbers((panels, units, tiles.PANEL), dtype)
    # A square of lines is read from any line: numbers behind the last must not matter.
    H = np.full((panels * width + tiles.PANEL, tiles.PANEL), np.inf, dtype)
    H[: panels * width] = numbers((panels * width, tiles.PANEL), dtype, 1)
    out = np.full((units, width), 7, dtype)
    space = np.empty((tiles.UNITS + panels * tiles.PANEL) * tiles.PANEL, dtype)
    with np.errstate(all="ignore"):
        run_rows(
            first,
            units,
            Lines(out.ravel(), 0, width),
            Lines(D.ravel(), 0, units * tiles.PANEL),
            Lines(H.ravel(), 0, width * tiles.PANEL),
            panels,
            width,
            space,
        )
    rows = H[: panels * width].reshape(panels, width, tiles.PANEL)
    expected = np.einsum("pui,pki->uk", D.astype(float), rows.astype(float))
    tolerance = 10 * panels * tiles.PANEL * TOLERANCE[dtype]
    assert_allclose(out[first:], expected[first:], atol=tolerance)
    assert_array_equal(out[:first], 7)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing to compare with")
def test_compiled_tiles_use_fused_operations_on_whole_vectors():
    """What the speed rests on: several vectors of results, held in registers."""
    left = Matrix(numbers(tiles.UNITS * 4, np.float32), 0, 4, 1, 0)
    B = numbers(4 * tiles.PANEL, np.float32)
    out = Lines(np.zeros(tiles.UNITS * tiles.PANEL, np.float32), 0, tiles.PANEL)
    run_tile(0, out, left, Lines(B, 0, 0), 1, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # older Numba, of code from a cache
        code = "".join(run_tile.inspect_asm().values())
    if not code or "ymm" not in code:
        pytest.skip("loaded from a cache, or a processor without wide vectors")
    assert code.count("vfmadd") >= 2 * tiles.UNITS
