"""How the learning rate, the dropout rates and the penalty change during training.

Each schedule gives factors at progress t in [0, 1), the share of all steps done.
"""

import math
from collections.abc import Callable

import numpy as np

from regkit._types import Floats

_WARM_UP = 0.1
_RISE = 0.3


def _constant(t: Floats) -> Floats:
    return np.ones_like(t)


def _cosine(t: Floats) -> Floats:
    return 0.5 * (1.0 + np.cos(math.pi * t))


def _warm_up(t: Floats) -> Floats:
    rest = np.clip((t - _WARM_UP) / (1.0 - _WARM_UP), 0.0, 1.0)
    return np.minimum(t / _WARM_UP, 1.0) * _cosine(rest)


def _one_cycle(t: Floats) -> Floats:
    """From 1/25 up to 1 in the first 30% of the steps, then down to 0 (Smith 2018)."""
    up = 1 / 25 + (1 - 1 / 25) * _cosine(1.0 - np.minimum(t / _RISE, 1.0))
    return np.where(t < _RISE, up, _cosine((t - _RISE) / (1.0 - _RISE)))


def _cosine_cycles(t: Floats) -> Floats:
    """Four cosine cycles, each twice as long as the one before (Holzmüller 2024)."""
    return 0.5 * (1.0 - np.cos(2.0 * math.pi * np.log2(1.0 + 15.0 * t)))


def _flat_cosine(t: Floats) -> Floats:
    """1 for half of the steps, then a cosine to 0."""
    return _cosine(np.maximum(2.0 * t - 1.0, 0.0))


SCHEDULES: dict[str, Callable[[Floats], Floats]] = {
    "constant": _constant,
    "adaptive": _constant,  # divided by 5 as progress ends, by the trainer
    "cosine": _cosine,
    "warm_up": _warm_up,
    "one_cycle": _one_cycle,
    "cosine_cycles": _cosine_cycles,
    "flat_cosine": _flat_cosine,
}


def cycle_ends(name: str, max_iter: int) -> tuple[int, ...]:
    """Return the epochs that end a cycle of the learning rate, but for the last.

    None where the first cycle is shorter than an epoch.
    """
    if name != "cosine_cycles" or max_iter < 15:
        return ()
    return tuple(math.ceil(max_iter * (2**k - 1) / 15) for k in range(1, 4))


# Shares of all steps, more of them at first: the four cycles end with some of these.
_SNAPSHOTS = (1 / 15, 0.1, 0.15, 0.2, 0.27, 0.35, 7 / 15, 0.6, 0.7, 0.8, 0.9, 1.0)


def snapshot_epochs(max_iter: int, most: int) -> tuple[int, ...]:
    """Return up to ``most`` epochs whose parameters are kept; the last is one."""
    shares = _SNAPSHOTS[:: -max(1, -(-len(_SNAPSHOTS) // most))]
    found = {math.ceil(max_iter * share - 1e-9) for share in shares}
    return tuple(sorted(found))


def factors(name: str, first: int, count: int, total: int) -> Floats:
    """Return a schedule's factors for steps [first, first + count) of ``total``.

    Steps beyond ``total`` repeat the last factor.
    """
    t = (np.arange(first, first + count) + 0.5) / total
    return SCHEDULES[name](np.minimum(t, (total - 0.5) / total))
