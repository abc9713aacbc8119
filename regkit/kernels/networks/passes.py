"""Forward and backward through a network, a batch at a time.

The rows of a batch are cut into panels of 32. Everything about a panel is stored unit
by row: the activations of a layer are an array (units, 32), so that every loop runs
over consecutive numbers whatever the width of the layer. Panels do not depend on one
another until gradients are summed up (`gradients`), so threads share them out.
A batch that does not fill its last panel is filled up with rows of weight 0.

All parameters are one vector with the weights of a layer as (units, inputs); all
buffers are flat and there before, so nothing is allocated in a step.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.kernels._jit import inlined_kernel, uncounted_kernel, uncounted_part
from regkit.kernels.networks.functions import RELU, activate
from regkit.kernels.networks.masks import (
    BERNOULLI,
    Key,
    derive,
    draw,
    half,
    noise_row,
    rounded,
    threshold,
    unit_key,
)
from regkit.kernels.networks.products import multiply_panels
from regkit.kernels.networks.tiles import PANEL, Lines, Matrix


class Network(NamedTuple):
    """Shapes, and where each array begins in the parameter vector."""

    sizes: Indices
    """(n_layers + 1,): inputs of the first dense layer, then units."""
    firsts: Indices
    """(n_layers + 1,): where these stand among the values of a row."""
    weights: Indices
    """(n_layers,)"""
    biases: Indices
    """(n_layers,)"""
    activations: Indices
    """(n_layers,), codes of `functions`."""
    n_features: int
    """Columns of X."""
    waved: Indices
    """(n_waved,), the columns of X that have a periodic embedding."""
    n_frequencies: int
    """Waves of the periodic embedding of a column; 0 for no embedding."""
    n_components: int
    """Numbers that the embedding adds to a column."""
    embedding: int
    """Frequencies, phases, mixing weights and shifts begin here, in this order."""
    n_probes: int
    """How many of the last outputs pass no derivative to the layers below."""
    scales: int
    """Where the scales of the inputs begin, -1 when inputs are not scaled."""


class Dropout(NamedTuple):
    """Noise that multiplies the inputs and the hidden units."""

    rates: Floats
    """(n_layers,): of the inputs, then of each hidden layer."""
    kind: int
    """A code of `masks`."""


class InputRows(NamedTuple):
    """X, dense or CSR; of a dense X ``indptr`` is empty and the other way round."""

    dense: NDArray[Any]
    data: NDArray[Any]
    indices: NDArray[np.int32]
    indptr: Indices
    absent: NDArray[Any]
    """(n_features,): what an entry that is not stored stands for."""


class Buffers(NamedTuple):
    """Buffers of lines, `PANEL` numbers each; every panel has as many in each."""

    height: int
    """Lines of a panel in ``values``, ``slopes`` and ``deltas``."""
    inputs: NDArray[Any]
    """Columns of X, then their embeddings."""
    waves: NDArray[Any]
    """Cosines of the embedding, then sines."""
    values: NDArray[Any]
    """Scaled inputs, then the outputs of each layer."""
    slopes: NDArray[Any]
    """Derivatives of the values by what they were before noise and activation."""
    deltas: NDArray[Any]
    """Derivatives of the loss by the values."""
    noise: NDArray[Any]
    """One line."""
    targets: NDArray[Any]
    weights: NDArray[Any]
    """One line."""
    losses: Floats
    """(n_panels,), of the panels of a batch."""
    scores: Floats
    """(n_panels, n_targets), of the panels of a batch."""
    space: NDArray[Any]
    """(n_threads, ·), to compute in."""


@inlined_kernel
def lines(flat: NDArray[Any], first: int, count: int) -> NDArray[Any]:
    """Return lines [first, first + count) of ``flat`` as an array (count, PANEL)."""
    return flat[first * PANEL : (first + count) * PANEL].reshape(count, PANEL)


@inlined_kernel
def line(flat: NDArray[Any], number: int) -> NDArray[Any]:
    """Return one line of ``flat``."""
    return flat[number * PANEL : (number + 1) * PANEL]


@inlined_kernel
def n_panels(n_rows: int) -> int:
    """Return how many panels hold that many rows."""
    return (n_rows + PANEL - 1) // PANEL


@uncounted_part
def copy_row(source: NDArray[Any], target: NDArray[Any]) -> None:
    """Copy; Numba's own assignment takes two seconds to compile."""
    for i in range(source.shape[0]):
        target[i] = source[i]


@inlined_kernel
def gather(
    rows: InputRows, order: Indices, net: Network, work: Buffers, start: int, stop: int
) -> None:
    """Write the rows of X that panels hold of those numbered ``order``."""
    p = net.n_features
    inputs = work.inputs
    for panel in range(start, stop):
        begin, first = panel * net.sizes[0] * PANEL, panel * PANEL
        count = min(PANEL, order.shape[0] - first)
        if count < PANEL:
            for at in range(begin, begin + p * PANEL):
                inputs[at] = inputs.dtype.type(0.0)
        if rows.indptr.shape[0] == 0:
            for i in range(count):
                row = rows.dense[order[first + i]]
                for k in range(p):
                    inputs[begin + k * PANEL + i] = row[k]
            continue
        for k in range(p):
            for at in range(begin + k * PANEL, begin + (k + 1) * PANEL):
                inputs[at] = rows.absent[k]
        for i in range(count):
            r = order[first + i]
            for e in range(rows.indptr[r], rows.indptr[r + 1]):
                inputs[begin + rows.indices[e] * PANEL + i] = rows.data[e]


@inlined_kernel
def multiply(
    net: Network,
    params: NDArray[Any],
    work: Buffers,
    layer: int,
    start: int,
    stop: int,
    space: NDArray[Any],
) -> None:
    """Write weights @ inputs of a layer, its bias left out, for panels from start."""
    inputs, step = net.sizes[layer], work.height * PANEL
    begin = start * step
    multiply_panels(
        net.sizes[layer + 1],
        Lines(work.values, begin + net.firsts[layer + 1] * PANEL, step),
        Matrix(params, int(net.weights[layer]), int(inputs), 1, 0),
        Lines(work.values, begin + net.firsts[layer] * PANEL, step),
        stop - start,
        inputs,
        space,
    )


@inlined_kernel
def add_noise(
    values: NDArray[Any],
    slopes: NDArray[Any],
    noise: NDArray[Any],
    key: Key,
    unit: int,
    first_row: int,
    rate: float,
    kind: int,
) -> None:
    """Multiply a unit's values and slopes by its noise."""
    noise_row(noise, key, unit, first_row, rate, kind)
    for i in range(PANEL):
        values[i] *= noise[i]
        slopes[i] *= noise[i]


@inlined_kernel
def _rate(dropout: Dropout, layer: int, fraction: float) -> float:
    return rounded(dropout.rates[layer] * fraction)


@uncounted_part
def drop_inputs(
    net: Network,
    work: Buffers,
    dropout: Dropout,
    fraction: float,
    key: Key,
    first_row: int,
    start: int,
    stop: int,
) -> None:
    """Multiply the inputs of the first dense layer by their noise.

    ``fraction`` multiplies every rate; row i of the batch counts as ``first_row`` + i.
    """
    rate = _rate(dropout, 0, fraction)
    inputs: Any = np.int64(0)  # typed: Numba would compile anew for the literal
    below = derive(key, inputs)
    for k in range(net.sizes[0]):
        own = unit_key(below, k, dropout.kind)
        for panel in range(start, stop):
            at = (panel * work.height + k) * PANEL
            values, slopes = work.values[at : at + PANEL], work.slopes[at : at + PANEL]
            for i in range(PANEL):
                slopes[i] = slopes.dtype.type(1.0)
            noise = work.noise[panel * PANEL : (panel + 1) * PANEL]
            row = first_row + panel * PANEL
            add_noise(values, slopes, noise, own, k, row, rate, dropout.kind)


@uncounted_part
def finish(
    net: Network,
    params: NDArray[Any],
    work: Buffers,
    layer: int,
    start: int,
    stop: int,
    dropout: Dropout,
    fraction: float,
    key: Key,
    first_row: int,
) -> None:
    """Bias, activation and noise of a layer, a unit at a time."""
    first, units = net.firsts[layer + 1], net.sizes[layer + 1]
    rate = 0.0
    if layer + 1 < net.weights.shape[0]:
        rate = _rate(dropout, layer + 1, fraction)
    below = derive(key, layer + 1)
    activation, biases = net.activations[layer], net.biases[layer]
    if activation == RELU and dropout.kind == BERNOULLI:
        for j in range(0, units, 2):
            both = j + 1 < units
            second = params[biases + j + 1] if both else params[biases + j]
            own = unit_key(below, j, BERNOULLI)
            for panel in range(start, stop):
                at = (panel * work.height + first + j) * PANEL
                row = first_row + panel * PANEL
                pair = work.values[at : at + 2 * PANEL]
                if both:
                    _relu_and_drop(pair, params[biases + j], second, own, row, rate)
                else:
                    _relu_and_drop_one(pair, second, own, row, rate)
        return
    for j in range(units):
        bias = params[biases + j]
        own = unit_key(below, j, dropout.kind)
        for panel in range(start, stop):
            at = (panel * work.height + first + j) * PANEL
            values = work.values[at : at + PANEL]
            slopes = work.slopes[at : at + PANEL]
            activate(values, slopes, bias, activation)
            if rate > 0.0:
                noise = work.noise[panel * PANEL : (panel + 1) * PANEL]
                row = first_row + panel * PANEL
                add_noise(values, slopes, noise, own, j, row, rate, dropout.kind)


@inlined_kernel
def _relu_and_drop(
    pair: NDArray[Any], first: Any, second: Any, key: Key, first_row: int, rate: float
) -> None:
    """ReLU with Bernoulli noise in one sweep: most networks have nothing else.

    Two units share a hash, as in `noise_row`. No slopes are written: `_pass_relu` reads
    them off the values.
    """
    zero = pair.dtype.type(0.0)
    if rate <= 0.0:
        for i in range(PANEL):
            pair[i] = max(pair[i] + first, zero)
            pair[PANEL + i] = max(pair[PANEL + i] + second, zero)
        return
    kept = pair.dtype.type(1.0 / (1.0 - rate))
    at_least = threshold(rate)
    for i in range(PANEL):
        bits = draw(key, first_row + i)
        v = max(pair[i] + first, zero) * kept
        w = max(pair[PANEL + i] + second, zero) * kept
        pair[i] = v if half(bits, 0) >= at_least else zero
        pair[PANEL + i] = w if half(bits, 1) >= at_least else zero


@inlined_kernel
def _relu_and_drop_one(
    values: NDArray[Any], bias: Any, key: Key, first_row: int, rate: float
) -> None:
    """Do the same for a last unit that has no neighbor."""
    zero = values.dtype.type(0.0)
    kept = values.dtype.type(1.0 / (1.0 - rate))
    at_least = threshold(rate)
    for i in range(PANEL):
        v = max(values[i] + bias, zero) * kept
        values[i] = v if half(draw(key, first_row + i), 0) >= at_least else zero


@inlined_kernel
def outputs_of(net: Network, work: Buffers, panel: int) -> NDArray[Any]:
    """Return the (n_outputs, PANEL) outputs of the last layer."""
    last = net.sizes.shape[0] - 1
    return lines(work.values, panel * work.height + net.firsts[last], net.sizes[last])


@inlined_kernel
def forward(
    net: Network,
    params: NDArray[Any],
    work: Buffers,
    dropout: Dropout,
    fraction: float,
    key: Key,
    start: int,
    stop: int,
    space: NDArray[Any],
) -> None:
    """Run panels of prepared inputs through the network."""
    first_row: Any = np.int64(0)  # typed: Numba would compile anew for the literal
    if _rate(dropout, 0, fraction) > 0.0:
        drop_inputs(net, work, dropout, fraction, key, first_row, start, stop)
    for layer in range(net.weights.shape[0]):
        multiply(net, params, work, layer, start, stop, space)
        finish(net, params, work, layer, start, stop, dropout, fraction, key, first_row)


@inlined_kernel
def _pass_relu(delta: NDArray[Any], values: NDArray[Any], rate: float) -> None:
    """Multiply ``delta`` by the slopes that `_relu_and_drop` stands for."""
    zero = delta.dtype.type(0.0)
    kept = delta.dtype.type(1.0 / (1.0 - rate))
    for i in range(delta.shape[0]):
        # A NaN among the values must not become a slope of zero.
        delta[i] = zero if values[i] <= zero else delta[i] * kept


@uncounted_kernel
def backward(
    net: Network,
    params: NDArray[Any],
    work: Buffers,
    dropout: Dropout,
    fraction: float,
    start: int,
    stop: int,
    space: NDArray[Any],
) -> None:
    """Write the loss's derivatives by the values of every layer.

    Those by the outputs are there; those by the inputs are left out where nothing
    trainable comes before the first layer.
    """
    trainable = net.scales >= 0 or net.n_frequencies > 0
    step = work.height * PANEL
    for layer in range(net.weights.shape[0] - 1, -1 if trainable else 0, -1):
        inputs, units = net.sizes[layer], net.sizes[layer + 1]
        if layer == net.weights.shape[0] - 1:
            units -= net.n_probes
        below = net.firsts[layer] * PANEL
        multiply_panels(
            inputs,
            Lines(work.deltas, start * step + below, step),
            Matrix(params, int(net.weights[layer]), 1, int(inputs), 0),
            Lines(work.deltas, start * step + net.firsts[layer + 1] * PANEL, step),
            stop - start,
            units,
            space,
        )
        rate = _rate(dropout, layer, fraction)
        relu = layer > 0 and net.activations[layer - 1] == RELU
        for panel in range(start, stop):
            at = panel * step + below
            delta = work.deltas[at : at + inputs * PANEL]
            if relu and dropout.kind == BERNOULLI:
                _pass_relu(delta, work.values[at : at + inputs * PANEL], rate)
            elif layer > 0 or rate > 0.0:
                slopes = work.slopes[at : at + inputs * PANEL]
                for i in range(delta.shape[0]):
                    delta[i] *= slopes[i]
