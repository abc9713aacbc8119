"""Prediction, with noise or without: any number of passes in one call."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Indices
from regkit.kernels._jit import uncounted_kernel
from regkit.kernels.networks.inputs import load_inputs
from regkit.kernels.networks.masks import derive, root, rounded
from regkit.kernels.networks.passes import (
    Buffers,
    Dropout,
    InputRows,
    Network,
    copy_row,
    drop_inputs,
    finish,
    multiply,
    n_panels,
)
from regkit.kernels.networks.tiles import PANEL


@uncounted_kernel
def sample(
    net: Network,
    dropout: Dropout,
    rows: InputRows,
    whole: Indices,
    params: NDArray[Any],
    work: Buffers,
    size: int,
    start: int,
    stop: int,
    fraction: float,
    seed: int,
    first_pass: int,
    out: NDArray[Any],
) -> None:
    """Fill ``out`` (n_passes, rows, n_outputs) from ``start`` to ``stop``.

    ``whole`` are the numbers of all rows, in order. With ``fraction`` 0 passes are
    deterministic. The noise of a row depends on the seed, the number of the pass and
    the row only. What comes before the first noise is computed once for all passes: the
    first product too, where inputs are not dropped.
    """
    origin = root(seed)
    inputs_fixed = rounded(dropout.rates[0] * fraction) <= 0.0
    # Kept where backward passes keep their numbers: there is none here.
    kept = net.sizes[0] + (net.sizes[1] if inputs_fixed else 0)
    space, last = work.space[0], net.sizes.shape[0] - 1
    none: Any = np.int64(0)  # typed: Numba would compile anew for the literal
    for lo in range(start, stop, size):
        order = whole[lo : min(stop, lo + size)]
        panels = n_panels(order.shape[0])
        load_inputs(rows, order, net, params, work, none, panels)
        if inputs_fixed:
            multiply(net, params, work, none, none, panels, space)
        for t in range(out.shape[0]):
            key = derive(origin, first_pass + t)
            for panel in range(panels):
                at = panel * work.height * PANEL
                source = work.values[at : at + kept * PANEL]
                copy = work.deltas[at : at + kept * PANEL]
                if t > 0:
                    copy_row(copy, source)
                elif out.shape[0] > 1:
                    copy_row(source, copy)
            if not inputs_fixed:
                drop_inputs(net, work, dropout, fraction, key, lo, none, panels)
            for layer in range(net.weights.shape[0]):
                if layer > 0 or not inputs_fixed:
                    multiply(net, params, work, layer, none, panels, space)
                finish(
                    net, params, work, layer, none, panels, dropout, fraction, key, lo
                )
            for panel in range(panels):
                first = panel * PANEL
                at = (panel * work.height + net.firsts[last]) * PANEL
                for i in range(min(PANEL, order.shape[0] - first)):
                    for o in range(net.sizes[last]):
                        out[t, lo + first + i, o] = work.values[at + o * PANEL + i]
