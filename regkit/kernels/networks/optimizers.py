"""One step of an optimizer over the flat parameter vector, penalties included."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.kernels._jit import inlined_kernel, uncounted_kernel
from regkit.kernels.networks.barrier import Crew, share

ADAM = 0
ADAMW = 1
SGD = 2

# Decay takes weights and moments of units that nothing holds up toward zero for ever,
# and arithmetic on subnormal numbers (below 1.2e-38 in float32) takes many times as
# long. What is smaller than this changes no prediction: it becomes zero.
_NOTHING = 1e-30


class Optimizer(NamedTuple):
    """What a step does; see `step`."""

    kind: int
    first: float
    """β₁ of Adam, the momentum of SGD."""
    second: float
    """β₂ of Adam."""
    epsilon: float
    nesterov: bool
    alpha: float
    """Strength of the L2 penalty alpha/2 · ‖weights‖²."""
    l1: float
    """Strength of the L1 penalty l1 · ‖weights‖₁."""
    max_norm: float
    """Largest length of a hidden unit's incoming weights, inf for none."""


class Groups(NamedTuple):
    """Consecutive pieces of the parameter vector that are treated alike."""

    starts: Indices
    """(n_groups + 1,): group g is [starts[g], starts[g + 1])."""
    rates: Floats
    """Multiplies the learning rate."""
    decays: Floats
    """Multiplies alpha; 0 for what is not penalized."""
    sparse: Floats
    """Multiplies l1."""
    lengths: Indices
    """Parameters that belong together: threads share groups out by so many."""


@inlined_kernel
def pull_to_zero(gradient: Any, weight: Any, l1: Any) -> Any:
    """Return the subgradient of loss + l1·|weight| of least length."""
    zero = l1 - l1
    if weight > zero:
        return gradient + l1
    if weight < zero:
        return gradient - l1
    return max(gradient - l1, zero) + min(gradient + l1, zero)


@inlined_kernel
def _flush(value: Any, nothing: Any) -> Any:
    """Return zero for what is too small to matter."""
    return value if abs(value) > nothing else nothing - nothing


@uncounted_kernel
def step(
    optimizer: Optimizer,
    groups: Groups,
    params: NDArray[Any],
    gradient: NDArray[Any],
    first: NDArray[Any],
    second: NDArray[Any],
    count: int,
    rate: float,
    decay: float,
    crew: Crew,
    member: int,
) -> None:
    """Move a thread's share of ``params`` by step number ``count`` ≥ 1.

    Adam (Kingma & Ba 2015) and SGD add alpha · decay · w to the gradient; AdamW
    (Loshchilov & Hutter 2019) shrinks w by rate · alpha · decay · w beside the step, at
    most to zero: beyond it, each step would throw w further to the other side.
    With an L1 penalty, a weight that would change sign stops at zero, its moment too,
    and leaves it only where the loss pulls harder than l1.
    """
    correction = 1.0 / (1.0 - optimizer.first**count)
    root = math.sqrt(1.0 / (1.0 - optimizer.second**count))
    for g in range(groups.rates.shape[0]):
        length, lo = groups.lengths[g], groups.starts[g]
        begin, end = share((groups.starts[g + 1] - lo) // length, member, crew)
        lo, hi = lo + begin * length, lo + end * length
        alpha = optimizer.alpha * decay * groups.decays[g]
        l1 = optimizer.l1 * groups.sparse[g]
        move = rate * groups.rates[g]
        if optimizer.kind == SGD:
            _sgd(
                params[lo:hi],
                gradient[lo:hi],
                first[lo:hi],
                optimizer.first,
                optimizer.nesterov,
                move,
                alpha,
                l1,
            )
            continue
        coupled = optimizer.kind == ADAM
        _adam(
            params[lo:hi],
            gradient[lo:hi],
            first[lo:hi],
            second[lo:hi],
            optimizer,
            move * correction,
            root,
            alpha if coupled else 0.0,
            1.0 if coupled else max(0.0, 1.0 - rate * alpha),
            l1,
        )


@inlined_kernel
def _adam(
    params: NDArray[Any],
    gradient: NDArray[Any],
    first: NDArray[Any],
    second: NDArray[Any],
    optimizer: Optimizer,
    move: float,
    root: float,
    alpha: float,
    shrink: float,
    l1: float,
) -> None:
    real = params.dtype.type
    zero = real(0.0)
    b1, b2 = real(optimizer.first), real(optimizer.second)
    c1, c2 = real(1.0 - optimizer.first), real(1.0 - optimizer.second)
    epsilon, move_, root_ = real(optimizer.epsilon), real(move), real(root)
    alpha_, shrink_, l1_ = real(alpha), real(shrink), real(l1)
    nothing = real(_NOTHING)
    if l1 == 0.0:
        for i in range(params.shape[0]):
            w = params[i]
            g = gradient[i] + alpha_ * w
            m = _flush(b1 * first[i] + c1 * g, nothing)
            v = _flush(b2 * second[i] + c2 * g * g, nothing)
            first[i] = m
            second[i] = v
            new = shrink_ * w - move_ * m / (np.sqrt(v) * root_ + epsilon)
            params[i] = _flush(new, nothing)
        return
    for i in range(params.shape[0]):
        w = params[i]
        g = pull_to_zero(gradient[i] + alpha_ * w, w, l1_)
        m = _flush(b1 * first[i] + c1 * g, nothing)
        v = _flush(b2 * second[i] + c2 * g * g, nothing)
        new = _flush(shrink_ * w - move_ * m / (np.sqrt(v) * root_ + epsilon), nothing)
        crosses = new * w < zero
        first[i] = zero if crosses else m
        second[i] = v
        params[i] = zero if crosses else new


@inlined_kernel
def _sgd(
    params: NDArray[Any],
    gradient: NDArray[Any],
    velocity: NDArray[Any],
    momentum: float,
    nesterov: bool,
    move: float,
    alpha: float,
    l1: float,
) -> None:
    real = params.dtype.type
    momentum_, move_, alpha_, l1_ = real(momentum), real(move), real(alpha), real(l1)
    zero, nothing = real(0.0), real(_NOTHING)
    for i in range(params.shape[0]):
        w = params[i]
        g = gradient[i] + alpha_ * w
        if l1 != 0.0:
            g = pull_to_zero(g, w, l1_)
        v = _flush(momentum_ * velocity[i] - move_ * g, nothing)
        new = _flush(w + (momentum_ * v - move_ * g if nesterov else v), nothing)
        crosses = l1 != 0.0 and new * w < zero
        velocity[i] = zero if crosses else v
        params[i] = zero if crosses else new


@inlined_kernel
def limit_norms(weights: NDArray[Any], max_norm: float) -> None:
    """Shorten every row of ``weights`` that is longer than ``max_norm``."""
    for j in range(weights.shape[0]):
        row = weights[j]
        length = 0.0
        for k in range(row.shape[0]):
            length += float(row[k]) * float(row[k])
        if length > max_norm * max_norm:
            factor = weights.dtype.type(max_norm / math.sqrt(length))
            for k in range(row.shape[0]):
                row[k] *= factor
