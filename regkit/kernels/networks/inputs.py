"""What comes before the first dense layer: periodic embedding and trainable scales."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Indices
from regkit.kernels._jit import uncounted_part, uncounted_summing_part
from regkit.kernels.networks.functions import cos_sin
from regkit.kernels.networks.passes import Buffers, InputRows, Network, gather, line
from regkit.kernels.networks.tiles import PANEL, Lines, sum_line


@uncounted_part
def load_inputs(
    rows: InputRows,
    order: Indices,
    net: Network,
    params: NDArray[Any],
    work: Buffers,
    start: int,
    stop: int,
) -> None:
    """Write panels' inputs of the first dense layer, from rows numbered ``order``."""
    gather(rows, order, net, work, start, stop)
    if net.n_frequencies > 0:
        embed(net, params, work, start, stop)
    width = net.sizes[0]
    for panel in range(start, stop):
        source, target = panel * width * PANEL, panel * work.height * PANEL
        if net.scales < 0:
            for i in range(width * PANEL):
                work.values[target + i] = work.inputs[source + i]
            continue
        for k in range(width):
            scale = params[net.scales + k]
            for i in range(k * PANEL, (k + 1) * PANEL):
                work.values[target + i] = scale * work.inputs[source + i]


@uncounted_part
def embed(
    net: Network, params: NDArray[Any], work: Buffers, start: int, stop: int
) -> None:
    """Add for the k-th waved column the numbers Σ_f v_kcf cos 2π(w_kf x + b_kf) + s_kc.

    The PBLD embedding of Holzmüller, Grinsztajn & Steinwart (2024).
    """
    p, waves, components = net.waved.shape[0], net.n_frequencies, net.n_components
    frequency = net.embedding
    phase = frequency + p * waves
    mixing = phase + p * waves
    shift = mixing + p * waves * components
    for panel in range(start, stop):
        inputs = panel * net.sizes[0]
        cosines, sines = 2 * panel * p * waves, (2 * panel + 1) * p * waves
        for k in range(p):
            x = line(work.inputs, inputs + net.waved[k])
            for f in range(k * waves, (k + 1) * waves):
                w, b = params[frequency + f], params[phase + f]
                cosine = line(work.waves, cosines + f)
                sine = line(work.waves, sines + f)
                for i in range(PANEL):
                    c, s = cos_sin(w * x[i] + b)
                    cosine[i] = c
                    sine[i] = s
            for c in range(components):
                out = line(work.inputs, inputs + net.n_features + k * components + c)
                at_zero = params[shift + k * components + c]
                for i in range(PANEL):
                    out[i] = at_zero
                for f in range(waves):
                    v = params[mixing + (k * components + c) * waves + f]
                    cosine = line(work.waves, cosines + k * waves + f)
                    for i in range(PANEL):
                        out[i] += v * cosine[i]


@uncounted_summing_part
def scale_gradient(
    net: Network,
    work: Buffers,
    gradient: NDArray[Any],
    first: int,
    last: int,
    panels: int,
) -> None:
    """Write the gradient by the scales of inputs [first, last)."""
    width = net.sizes[0]
    for k in range(first, last):
        total = gradient.dtype.type(0.0)
        for panel in range(panels):
            source = line(work.inputs, panel * width + k)
            delta = line(work.deltas, panel * work.height + k)
            for i in range(PANEL):
                total += delta[i] * source[i]
        gradient[net.scales + k] = total


@uncounted_summing_part
def embedding_gradient(
    net: Network,
    params: NDArray[Any],
    work: Buffers,
    gradient: NDArray[Any],
    first: int,
    last: int,
    panels: int,
    back: NDArray[Any],
) -> None:
    """Write the gradient by the embeddings of the waved columns [first, last).

    ``back`` has room for a line.
    """
    p, waves, components = net.waved.shape[0], net.n_frequencies, net.n_components
    real = params.dtype.type
    zero, one, full = real(0.0), real(1.0), real(2.0 * np.pi)
    frequency = net.embedding
    phase = frequency + p * waves
    mixing = phase + p * waves
    shift = mixing + p * waves * components
    for k in range(first, last):
        for c in range(components):
            at = net.n_features + k * components + c
            scale = one if net.scales < 0 else params[net.scales + at]
            shifts = Lines(work.deltas, at * PANEL, work.height * PANEL)
            gradient[shift + k * components + c] = scale * sum_line(shifts, panels)
        for f in range(k * waves, (k + 1) * waves):
            by_phase = by_frequency = zero
            for c in range(components):
                gradient[mixing + (k * components + c) * waves + f - k * waves] = zero
            for panel in range(panels):
                x = line(work.inputs, panel * net.sizes[0] + net.waved[k])
                cosine = line(work.waves, 2 * panel * p * waves + f)
                sine = line(work.waves, (2 * panel + 1) * p * waves + f)
                for i in range(PANEL):
                    back[i] = zero
                for c in range(components):
                    at = net.n_features + k * components + c
                    scale = one if net.scales < 0 else params[net.scales + at]
                    place = mixing + (k * components + c) * waves + f - k * waves
                    v = scale * params[place]
                    d = line(work.deltas, panel * work.height + at)
                    total = zero
                    for i in range(PANEL):
                        total += d[i] * cosine[i]
                        back[i] -= v * d[i]
                    gradient[place] += scale * total
                for i in range(PANEL):
                    q = back[i] * sine[i]
                    by_phase += q
                    by_frequency += q * x[i]
            gradient[phase + f] = full * by_phase
            gradient[frequency + f] = full * by_frequency
