"""Activation functions with their slopes, and the elementary functions below them.

In float32 `tanh`, `cos_sin` are rational and polynomial approximations that the
compiler can vectorize, good to a few units in the last place; in float64 the C library.
"""

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from regkit.kernels._jit import inlined_kernel
from regkit.kernels.networks.tiles import PANEL

IDENTITY = 0
RELU = 1
LEAKY_RELU = 2
TANH = 3
LOGISTIC = 4
GELU = 5
SILU = 6
MISH = 7
SELU = 8

_F = np.float32


def tanh(x: Any) -> Any:
    """Return tanh(x) in the type of x."""
    return type(x)(math.tanh(x))


@overload(tanh, inline="always")
def _tanh(x: Any) -> Any:
    if x != types.float32:

        def exact(x: Any) -> Any:
            return math.tanh(x)

        return exact
    # Minimax rational function on [-7.9, 7.9], where tanh is 1 to float32's precision.
    top, bottom = (
        [_F(c) for c in coefficients]
        for coefficients in (
            (
                4.89352455891786e-03,
                6.37261928875436e-04,
                1.48572235717979e-05,
                5.12229709037114e-08,
                -8.60467152213735e-11,
                2.00018790482477e-13,
                -2.76076847742355e-16,
            ),
            (
                4.89352518554385e-03,
                2.26843463243900e-03,
                1.18534705686654e-04,
                1.19825839466702e-06,
            ),
        )
    )
    a0, a1, a2, a3, a4, a5, a6 = top
    b0, b1, b2, b3 = bottom
    limit = _F(7.90531110763549805)

    def rational(x: Any) -> Any:
        z = min(max(x, -limit), limit)
        s = z * z
        p = z * (a0 + s * (a1 + s * (a2 + s * (a3 + s * (a4 + s * (a5 + s * a6))))))
        q = b0 + s * (b1 + s * (b2 + s * b3))
        return p / q

    return rational


def cos_sin(turns: Any) -> Any:
    """Return the cosine and the sine of 2π ``turns``, in its type."""
    angle = 2.0 * math.pi * float(turns)
    return type(turns)(math.cos(angle)), type(turns)(math.sin(angle))


@overload(cos_sin, inline="always")
def _cos_sin(turns: Any) -> Any:
    if turns != types.float32:
        circle = 2.0 * math.pi

        def exact(turns: Any) -> Any:
            return math.cos(circle * turns), math.sin(circle * turns)

        return exact
    one, half, quarter, full = _F(1.0), _F(0.5), _F(0.25), _F(2.0 * math.pi)
    s3, s5, s7, s9, s11 = (
        _F((-1) ** k / math.factorial(2 * k + 1)) for k in range(1, 6)
    )
    c2, c4, c6, c8, c10, c12 = (
        _F((-1) ** k / math.factorial(2 * k)) for k in range(1, 7)
    )

    def series(turns: Any) -> Any:
        # cos 2πa = -sin 2π(a - ¼) and sin 2πa = cos 2π(a - ¼), |a - ¼| ≤ ¼.
        z = turns - np.floor(turns + half)
        y = (abs(z) - quarter) * full
        s = y * y
        sine = y * (one + s * (s3 + s * (s5 + s * (s7 + s * (s9 + s * s11)))))
        cosine = one + s * (c2 + s * (c4 + s * (c6 + s * (c8 + s * (c10 + s * c12)))))
        return -sine, cosine if z >= 0 else -cosine

    return series


@inlined_kernel
def activate(
    values: NDArray[Any], slopes: NDArray[Any], bias: Any, activation: int
) -> None:
    """Replace pre-activations of one unit by activations; write the slopes.

    ``values`` and ``slopes`` are lines of a panel; the unit's ``bias`` is
    added first. GELU is the approximation of Hendrycks & Gimpel (2016) by tanh.
    """
    real = values.dtype.type
    zero, half, one = real(0.0), real(0.5), real(1.0)
    if activation == IDENTITY:
        for i in range(PANEL):
            values[i] += bias
            slopes[i] = one
    elif activation == RELU:
        for i in range(PANEL):
            v = values[i] + bias
            values[i] = max(v, zero)
            slopes[i] = one if v > zero else zero
    elif activation == LEAKY_RELU:
        small = real(0.01)
        for i in range(PANEL):
            v = values[i] + bias
            s = one if v > zero else small
            values[i] = v * s
            slopes[i] = s
    elif activation == TANH:
        for i in range(PANEL):
            t = tanh(values[i] + bias)
            values[i] = t
            slopes[i] = one - t * t
    elif activation == LOGISTIC:
        for i in range(PANEL):
            s = half + half * tanh(half * (values[i] + bias))
            values[i] = s
            slopes[i] = s * (one - s)
    elif activation == GELU:
        inner, cubic = real(math.sqrt(2.0 / math.pi)), real(0.044715)
        three = real(3.0)
        for i in range(PANEL):
            v = values[i] + bias
            w = v * v * cubic
            t = tanh(inner * v * (one + w))
            values[i] = half * v * (one + t)
            slopes[i] = half * (one + t) + half * v * (one - t * t) * inner * (
                one + three * w
            )
    elif activation == SILU:
        for i in range(PANEL):
            v = values[i] + bias
            s = half + half * tanh(half * v)
            values[i] = v * s
            slopes[i] = s * (one + v * (one - s))
    elif activation == MISH:
        four = real(4.0)
        for i in range(PANEL):
            v = values[i] + bias
            # tanh(log(1 + exp v)) = (1 - q²) / (1 + q²) with q the logistic of -v.
            q = half - half * tanh(half * v)
            square = q * q
            r = one / (one + square)
            t = (one - square) * r
            values[i] = v * t
            slopes[i] = t + v * four * square * (one - q) * r * r
    else:
        scale, depth = real(1.0507009873554805), real(1.6732632423543772)
        two = real(2.0)
        for i in range(PANEL):
            v = values[i] + bias
            t = tanh(half * min(v, zero))
            e = depth * two * t / (one - t)  # depth · (exp(v) - 1)
            values[i] = scale * (v if v > zero else e)
            slopes[i] = scale * (one if v > zero else e + depth)
