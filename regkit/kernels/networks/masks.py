"""Dropout noise from counters: a mask is a function of where and when it is used.

The noise of a unit in a row of a step is a hash of (seed, step, layer, unit, row), so a
run repeats itself on any number of threads and a mask need not be stored. Bernoulli
noise takes 16 bits: two neighboring units share a hash. All arithmetic is modulo 2³²;
Numba widens the product of two uint32 to uint64, so every result is cast back. Layer
and unit are mixed into two keys by non-linear rounds before the row is counted: were
both counters multiplied by one constant and added, every row would have the same mask,
shifted.

The rounds are C. Wellons' "prospecting for hash functions" (2018), constants
0x21f0aaad and 0x735a2d97, the least biased two-round 32-bit hash known.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit.kernels._jit import inlined_kernel, uncounted_kernel

_16 = np.uint32(16)
_15 = np.uint32(15)
_HALF = np.uint32(0xFFFF)
_FIRST = np.uint32(0x21F0AAAD)
_SECOND = np.uint32(0x735A2D97)
_ROW = np.uint32(0x9E3779B9)
_LANE = np.uint32(0x85EBCA6B)

BERNOULLI = 0
GAUSSIAN = 1


class Key(NamedTuple):
    """64 bits that stand for all counters but the row."""

    first: np.uint32
    second: np.uint32


@inlined_kernel
def mix(x: np.uint32) -> np.uint32:
    """Return a bijective hash of 32 bits."""
    x = np.uint32(x ^ (x >> _16))
    x = np.uint32(x * _FIRST)
    x = np.uint32(x ^ (x >> _15))
    x = np.uint32(x * _SECOND)
    return np.uint32(x ^ (x >> _15))


@uncounted_kernel
def derive(key: Key, counter: int | np.int64) -> Key:
    """Return the key that ``counter``, non-negative, selects below ``key``."""
    low = np.uint32(counter & 0xFFFFFFFF)
    high = np.uint32((counter >> 32) & 0xFFFFFFFF)
    first = mix(np.uint32(key.first ^ low))
    second = mix(np.uint32(np.uint32(key.second + low) ^ _LANE))
    return Key(
        mix(np.uint32(np.uint32(first ^ high) + key.second)),
        mix(np.uint32(np.uint32(second + high) ^ key.first)),
    )


@uncounted_kernel
def root(seed: int) -> Key:
    """Return the key of a seed, a non-negative 63-bit integer."""
    return derive(Key(np.uint32(0x2545F491), np.uint32(0x4F6CDD1D)), seed)


@uncounted_kernel
def draw(key: Key, row: int) -> np.uint32:
    """Return 32 bits, uniform over rows."""
    x = np.uint32(key.first + np.uint32(np.uint32(row) * _ROW))
    x = np.uint32(x ^ (x >> _16))
    x = np.uint32(x * _FIRST)
    x = np.uint32(x ^ key.second)
    x = np.uint32(x ^ (x >> _15))
    x = np.uint32(x * _SECOND)
    return np.uint32(x ^ (x >> _15))


@inlined_kernel
def normal(bits: np.uint32) -> float:
    """Return the standard normal quantile of (bits + ½) / 2³², by Giles (2010).

    M. Giles, "Approximating the erfinv function", GPU Computing Gems, 2010: relative
    error below 1e-6 up to 5, absolute error below 3e-3 at the ends, ± 6.3.
    """
    x = (float(bits) + 0.5) * (2.0 / 4294967296.0) - 1.0
    w = -math.log((1.0 - x) * (1.0 + x))
    if w < 5.0:
        w -= 2.5
        p = 2.81022636e-08
        p = 3.43273939e-07 + p * w
        p = -3.5233877e-06 + p * w
        p = -4.39150654e-06 + p * w
        p = 0.00021858087 + p * w
        p = -0.00125372503 + p * w
        p = -0.00417768164 + p * w
        p = 0.246640727 + p * w
        p = 1.50140941 + p * w
    else:
        w = math.sqrt(w) - 3.0
        p = -0.000200214257
        p = 0.000100950558 + p * w
        p = 0.00134934322 + p * w
        p = -0.00367342844 + p * w
        p = 0.00573950773 + p * w
        p = -0.0076224613 + p * w
        p = 0.00943887047 + p * w
        p = 1.00167406 + p * w
        p = 2.83297682 + p * w
    return math.sqrt(2.0) * p * x


@inlined_kernel
def rounded(rate: float) -> float:
    """Return the multiple of 2⁻¹⁶ that is nearest to a drop rate, below 1."""
    return min(math.floor(rate * 65536.0 + 0.5), 65535.0) / 65536.0


@inlined_kernel
def threshold(rate: float) -> np.uint32:
    """Return the 16 bits below which a unit is dropped at a `rounded` rate."""
    return np.uint32(rate * 65536.0)


@inlined_kernel
def half(bits: np.uint32, unit: int) -> np.uint32:
    """Return the 16 bits that belong to a unit: two neighbors share a hash."""
    return np.uint32(bits >> _16) if unit & 1 else np.uint32(bits & _HALF)


@inlined_kernel
def unit_key(layer: Key, unit: int, kind: int) -> Key:
    """Return the key of a unit's noise; for Bernoulli noise, neighbors share it."""
    return derive(layer, unit >> 1 if kind == BERNOULLI else unit)


@uncounted_kernel
def noise_row(
    noise: NDArray[Any], key: Key, unit: int, first_row: int, rate: float, kind: int
) -> None:
    """Fill ``noise`` with one unit's multipliers for consecutive rows, mean 1.

    ``key`` is the unit's (`unit_key`), ``rate`` is `rounded`. Bernoulli: 0 with that
    probability, else 1 / (1 - rate) (inverted dropout). Gaussian: normal with the same
    mean and variance, rate / (1 - rate) (Srivastava et al. 2014, section 10).
    """
    one = noise.dtype.type(1.0)
    if kind == BERNOULLI:
        cut = threshold(rate)
        kept = noise.dtype.type(1.0 / (1.0 - rate))
        zero = noise.dtype.type(0.0)
        for i in range(noise.shape[0]):
            noise[i] = kept if half(draw(key, first_row + i), unit) >= cut else zero
    else:
        spread = math.sqrt(rate / (1.0 - rate))
        for i in range(noise.shape[0]):
            bits = draw(key, first_row + i)
            noise[i] = one + noise.dtype.type(spread * normal(bits))
