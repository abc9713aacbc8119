"""Prediction, with noise or without: any number of passes in one call."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit.kernels._jit import kernel
from regkit.kernels.network_masks import derive, root
from regkit.kernels.network_passes import (
    Dropout,
    Network,
    Rows,
    Work,
    copy_row,
    cut,
    drop_inputs,
    finish,
    gather,
    multiply,
    outputs_of,
    prepare_inputs,
)


@kernel
def sample(
    net: Network,
    dropout: Dropout,
    rows: Rows,
    params: NDArray[Any],
    work: Work,
    size: int,
    start: int,
    stop: int,
    fraction: float,
    seed: int,
    first_pass: int,
    out: NDArray[Any],
) -> None:
    """Fill ``out`` (n_passes, rows, n_outputs) from ``start`` to ``stop``.

    With ``fraction`` 0 passes are deterministic. The noise of a row depends on the
    seed, the number of the pass and the row only. What comes before the first noise is
    computed once for all passes: the first product too, where inputs are not dropped.
    """
    origin = root(seed)
    inputs_fixed = dropout.rates[0] * fraction <= 0.0
    width, units = net.sizes[0], net.sizes[1]
    layer: Any = np.int64(0)  # typed: Numba would compile anew for the literal
    for lo in range(start, stop, size):
        order = np.arange(lo, min(stop, lo + size))
        m = order.shape[0]
        gather(rows, order, net, cut(work.inputs, 0, net.n_features, m))
        prepare_inputs(net, params, work, m)
        if inputs_fixed:
            multiply(net, params, work, layer, m)
        # Kept where backward passes keep their numbers: there is none here.
        kept = width + units if inputs_fixed else width
        source, copy = work.values[: kept * m], work.deltas[: kept * m]
        copy_row(source, copy)
        for t in range(out.shape[0]):
            key = derive(origin, first_pass + t)
            if t > 0:
                copy_row(copy, source)
            if not inputs_fixed:
                drop_inputs(net, work, dropout, fraction, key, lo, m)
                multiply(net, params, work, layer, m)
            finish(net, params, work, layer, dropout, fraction, key, lo, m)
            for above in range(1, net.weights.shape[0]):
                multiply(net, params, work, above, m)
                finish(net, params, work, above, dropout, fraction, key, lo, m)
            outputs = outputs_of(net, work, m)
            for i in range(m):
                for o in range(outputs.shape[0]):
                    out[t, lo + i, o] = outputs[o, i]
