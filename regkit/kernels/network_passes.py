"""Forward and backward through a network, a batch at a time.

Everything is stored unit by row: the activations of a layer are an array (units, m) for
m rows of data, so that every loop over a batch runs over consecutive numbers whatever
the width of the layer, and a unit's bias and dropout key are constants of that loop.
All parameters are one vector with the weights of a layer as (units, inputs); all
buffers are flat and cut to the batch at hand, so nothing is allocated in a step.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit.kernels._jit import inlined_kernel, kernel, summing_kernel
from regkit.kernels.network_functions import RELU, activate, cos_sin
from regkit.kernels.network_masks import (
    BERNOULLI,
    Key,
    derive,
    draw,
    noise_row,
    threshold,
)
from regkit.kernels.network_products import outer_product, product


class Network(NamedTuple):
    """Shapes, and where each array begins in the parameter vector."""

    sizes: NDArray[np.int64]
    """(n_layers + 1,): inputs of the first dense layer, then units."""
    firsts: NDArray[np.int64]
    """(n_layers + 1,): where these stand among the values of a row."""
    weights: NDArray[np.int64]
    """(n_layers,)"""
    biases: NDArray[np.int64]
    """(n_layers,)"""
    activations: NDArray[np.int64]
    """(n_layers,), codes of `network_functions`."""
    n_features: int
    """Columns of X."""
    n_frequencies: int
    """Waves of the periodic embedding of a column; 0 for no embedding."""
    n_components: int
    """Numbers that the embedding adds to a column."""
    embedding: int
    """Frequencies, phases, mixing weights and shifts begin here, in this order."""
    scales: int
    """Where the scales of the inputs begin, -1 when inputs are not scaled."""


class Dropout(NamedTuple):
    """Noise that multiplies the inputs and the hidden units."""

    rates: NDArray[np.float64]
    """(n_layers,): of the inputs, then of each hidden layer."""
    kind: int
    """A code of `network_masks`."""


class Rows(NamedTuple):
    """X, dense or CSR; of a dense X ``indptr`` is empty and the other way round."""

    dense: NDArray[Any]
    data: NDArray[Any]
    indices: NDArray[np.int32]
    indptr: NDArray[np.int64]
    absent: NDArray[Any]
    """(n_features,): what an entry that is not stored stands for."""


class Work(NamedTuple):
    """Buffers, each with room for the largest batch."""

    inputs: NDArray[Any]
    """Columns of X, then their embeddings."""
    waves: NDArray[Any]
    """Cosines of the embedding, then sines, then one row to compute in."""
    values: NDArray[Any]
    """Scaled inputs, then the outputs of each layer."""
    slopes: NDArray[Any]
    """Derivatives of the values by what they were before noise and activation."""
    deltas: NDArray[Any]
    """Derivatives of the loss by the values."""
    noise: NDArray[Any]
    """(m,)"""
    targets: NDArray[Any]
    weights: NDArray[Any]


@kernel
def cut(flat: NDArray[Any], first: int, count: int, m: int) -> NDArray[Any]:
    """Return rows [first, first + count) of ``flat`` seen as an array (·, m)."""
    return flat[first * m : (first + count) * m].reshape(count, m)


@kernel
def copy_row(source: NDArray[Any], target: NDArray[Any]) -> None:
    """Copy; Numba's own assignment takes two seconds to compile."""
    for i in range(source.shape[0]):
        target[i] = source[i]


@kernel
def layer_weights(net: Network, params: NDArray[Any], layer: int) -> NDArray[Any]:
    """Return the (units, inputs) weights of a layer."""
    inputs, units = net.sizes[layer], net.sizes[layer + 1]
    start = net.weights[layer]
    return params[start : start + units * inputs].reshape(units, inputs)


@kernel
def gather(
    rows: Rows, order: NDArray[np.int64], net: Network, inputs: NDArray[Any]
) -> None:
    """Write the rows of X numbered ``order`` as columns of ``inputs``."""
    p = net.n_features
    if rows.indptr.shape[0] == 0:
        for i in range(order.shape[0]):
            row = rows.dense[order[i]]
            for k in range(p):
                inputs[k, i] = row[k]
        return
    for k in range(p):
        inputs[k] = rows.absent[k]
    for i in range(order.shape[0]):
        r = order[i]
        for e in range(rows.indptr[r], rows.indptr[r + 1]):
            inputs[rows.indices[e], i] = rows.data[e]


@inlined_kernel
def _embed(net: Network, params: NDArray[Any], work: Work, m: int) -> None:
    """Add to column k the numbers Σ_f v_kcf cos 2π(w_kf x_k + b_kf) + s_kc.

    The PBLD embedding of Holzmüller, Grinsztajn & Steinwart (2024).
    """
    p, waves, components = net.n_features, net.n_frequencies, net.n_components
    inputs = cut(work.inputs, 0, p * (1 + components), m)
    cosines = cut(work.waves, 0, p * waves, m)
    sines = cut(work.waves, p * waves, p * waves, m)
    frequency = net.embedding
    phase = frequency + p * waves
    mixing = phase + p * waves
    shift = mixing + p * waves * components
    for k in range(p):
        x = inputs[k]
        for f in range(k * waves, (k + 1) * waves):
            w, b = params[frequency + f], params[phase + f]
            cosine, sine = cosines[f], sines[f]
            for i in range(m):
                c, s = cos_sin(w * x[i] + b)
                cosine[i] = c
                sine[i] = s
        for c in range(components):
            out = inputs[p + k * components + c]
            out[:] = params[shift + k * components + c]
            for f in range(waves):
                v = params[mixing + (k * components + c) * waves + f]
                cosine = cosines[k * waves + f]
                for i in range(m):
                    out[i] += v * cosine[i]


@summing_kernel
def _embed_backward(
    net: Network,
    params: NDArray[Any],
    work: Work,
    delta: NDArray[Any],
    gradient: NDArray[Any],
    m: int,
) -> None:
    """Write the embedding's part of the gradient; ``delta`` is by the inputs."""
    p, waves, components = net.n_features, net.n_frequencies, net.n_components
    real = params.dtype.type
    zero, full = real(0.0), real(2.0 * np.pi)
    inputs = cut(work.inputs, 0, p * (1 + components), m)
    cosines = cut(work.waves, 0, p * waves, m)
    sines = cut(work.waves, p * waves, p * waves, m)
    back = cut(work.waves, 2 * p * waves, 1, m)[0]
    frequency = net.embedding
    phase = frequency + p * waves
    mixing = phase + p * waves
    shift = mixing + p * waves * components
    for k in range(p):
        x = inputs[k]
        first = p + k * components
        for c in range(components):
            d = delta[first + c]
            total = zero
            for i in range(m):
                total += d[i]
            gradient[shift + k * components + c] = total
        for f in range(waves):
            cosine, sine = cosines[k * waves + f], sines[k * waves + f]
            back[:] = zero
            for c in range(components):
                at = mixing + (k * components + c) * waves + f
                v = params[at]
                d = delta[first + c]
                total = zero
                for i in range(m):
                    total += d[i] * cosine[i]
                    back[i] -= v * d[i]
                gradient[at] = total
            by_phase = zero
            by_frequency = zero
            for i in range(m):
                q = back[i] * sine[i]
                by_phase += q
                by_frequency += q * x[i]
            gradient[phase + k * waves + f] = full * by_phase
            gradient[frequency + k * waves + f] = full * by_frequency


@kernel
def prepare_inputs(net: Network, params: NDArray[Any], work: Work, m: int) -> None:
    """From the columns of X to the inputs of the first dense layer."""
    if net.n_frequencies > 0:
        _embed(net, params, work, m)
    width = net.sizes[0]
    inputs = cut(work.inputs, 0, width, m)
    values = cut(work.values, 0, width, m)
    if net.scales < 0:
        for k in range(width):
            copy_row(inputs[k], values[k])
        return
    for k in range(width):
        scale = params[net.scales + k]
        source, value = inputs[k], values[k]
        for i in range(m):
            value[i] = scale * source[i]


@kernel
def _add_noise(
    values: NDArray[Any],
    slopes: NDArray[Any],
    noise: NDArray[Any],
    key: Key,
    unit: int,
    first_row: int,
    rate: float,
    kind: int,
) -> None:
    noise_row(noise, derive(key, unit), first_row, rate, kind)
    for i in range(values.shape[0]):
        values[i] *= noise[i]
        slopes[i] *= noise[i]


@kernel
def drop_inputs(
    net: Network,
    work: Work,
    dropout: Dropout,
    fraction: float,
    key: Key,
    first_row: int,
    m: int,
) -> None:
    """Multiply the inputs of the first dense layer by their noise.

    ``fraction`` multiplies every rate; row i of the batch counts as ``first_row`` + i.
    """
    rate = dropout.rates[0] * fraction
    if rate <= 0.0:
        return
    values = cut(work.values, 0, net.sizes[0], m)
    slopes = cut(work.slopes, 0, net.sizes[0], m)
    slopes[:] = slopes.dtype.type(1.0)
    below = derive(key, 0)
    for k in range(net.sizes[0]):
        _add_noise(
            values[k],
            slopes[k],
            work.noise[:m],
            below,
            k,
            first_row,
            rate,
            dropout.kind,
        )


@inlined_kernel
def multiply(
    net: Network, params: NDArray[Any], work: Work, layer: int, m: int
) -> None:
    """Write weights @ inputs of a layer, its bias left out."""
    product(
        layer_weights(net, params, layer),
        cut(work.values, net.firsts[layer], net.sizes[layer], m),
        cut(work.values, net.firsts[layer + 1], net.sizes[layer + 1], m),
    )


@kernel
def finish(
    net: Network,
    params: NDArray[Any],
    work: Work,
    layer: int,
    dropout: Dropout,
    fraction: float,
    key: Key,
    first_row: int,
    m: int,
) -> None:
    """Bias, activation and noise of a layer, a unit at a time."""
    first, units = net.firsts[layer + 1], net.sizes[layer + 1]
    values = cut(work.values, first, units, m)
    slopes = cut(work.slopes, first, units, m)
    rate = 0.0
    if layer + 1 < net.weights.shape[0]:
        rate = dropout.rates[layer + 1] * fraction
    below = derive(key, layer + 1)
    activation, start = net.activations[layer], net.biases[layer]
    if activation == RELU and dropout.kind == BERNOULLI:
        for j in range(units):
            _relu_and_drop(
                values[j], params[start + j], derive(below, j), first_row, rate
            )
        return
    for j in range(units):
        activate(values[j], slopes[j], params[start + j], activation)
        if rate > 0.0:
            _add_noise(
                values[j],
                slopes[j],
                work.noise[:m],
                below,
                j,
                first_row,
                rate,
                dropout.kind,
            )


@inlined_kernel
def _relu_and_drop(
    values: NDArray[Any], bias: Any, key: Key, first_row: int, rate: float
) -> None:
    """ReLU with Bernoulli noise in one sweep: most networks have nothing else.

    No slopes are written: `_pass_relu` reads them off the values.
    """
    zero = values.dtype.type(0.0)
    if rate <= 0.0:
        for i in range(values.shape[0]):
            values[i] = max(values[i] + bias, zero)
        return
    kept = values.dtype.type(1.0 / (1.0 - rate))
    at_least = threshold(rate)
    for i in range(values.shape[0]):
        v = max(values[i] + bias, zero) * kept
        values[i] = v if draw(key, first_row + i) >= at_least else zero


@inlined_kernel
def _pass_relu(delta: NDArray[Any], values: NDArray[Any], rate: float) -> None:
    """Multiply ``delta`` by the slopes that `_relu_and_drop` stands for."""
    zero = delta.dtype.type(0.0)
    kept = delta.dtype.type(1.0 / (1.0 - rate))
    for i in range(delta.shape[0]):
        # A NaN among the values must not become a slope of zero.
        delta[i] = zero if values[i] <= zero else delta[i] * kept


@kernel
def outputs_of(net: Network, work: Work, m: int) -> NDArray[Any]:
    """Return the (n_outputs, m) outputs of the last layer."""
    last = net.sizes.shape[0] - 1
    return cut(work.values, net.firsts[last], net.sizes[last], m)


@inlined_kernel
def forward(
    net: Network,
    params: NDArray[Any],
    work: Work,
    dropout: Dropout,
    fraction: float,
    key: Key,
    m: int,
) -> NDArray[Any]:
    """Run the gathered batch through the network; return its outputs."""
    first_row: Any = np.int64(0)  # typed: Numba would compile anew for the literal
    prepare_inputs(net, params, work, m)
    drop_inputs(net, work, dropout, fraction, key, first_row, m)
    for layer in range(net.weights.shape[0]):
        multiply(net, params, work, layer, m)
        finish(net, params, work, layer, dropout, fraction, key, first_row, m)
    return outputs_of(net, work, m)


@summing_kernel
def _sum_rows(delta: NDArray[Any], out: NDArray[Any]) -> None:
    for j in range(delta.shape[0]):
        row = delta[j]
        total = delta.dtype.type(0.0)
        for i in range(row.shape[0]):
            total += row[i]
        out[j] = total


@summing_kernel
def _scale_backward(
    net: Network,
    params: NDArray[Any],
    work: Work,
    delta: NDArray[Any],
    gradient: NDArray[Any],
    m: int,
) -> None:
    inputs = cut(work.inputs, 0, net.sizes[0], m)
    for k in range(net.sizes[0]):
        scale = params[net.scales + k]
        source, d = inputs[k], delta[k]
        total = delta.dtype.type(0.0)
        for i in range(m):
            total += d[i] * source[i]
            d[i] *= scale
        gradient[net.scales + k] = total


@inlined_kernel
def backward(
    net: Network,
    params: NDArray[Any],
    work: Work,
    dropout: Dropout,
    fraction: float,
    gradient: NDArray[Any],
    m: int,
) -> None:
    """From the loss's derivatives by the outputs, in ``deltas``, to the gradient."""
    trainable = net.scales >= 0 or net.n_frequencies > 0
    for layer in range(net.weights.shape[0] - 1, -1, -1):
        inputs, units = net.sizes[layer], net.sizes[layer + 1]
        below = net.firsts[layer]
        delta = cut(work.deltas, net.firsts[layer + 1], units, m)
        values = cut(work.values, below, inputs, m)
        outer_product(delta, values, layer_weights(net, gradient, layer))
        start = net.biases[layer]
        _sum_rows(delta, gradient[start : start + units])
        if layer == 0 and not trainable:
            return
        earlier = cut(work.deltas, below, inputs, m)
        product(layer_weights(net, params, layer).T, delta, earlier)
        rate = dropout.rates[layer] * fraction
        relu = layer > 0 and net.activations[layer - 1] == RELU
        if relu and dropout.kind == BERNOULLI:
            for k in range(inputs):
                _pass_relu(earlier[k], values[k], rate)
        elif layer > 0 or rate > 0.0:
            slopes = cut(work.slopes, below, inputs, m)
            for k in range(inputs):
                d, s = earlier[k], slopes[k]
                for i in range(m):
                    d[i] *= s[i]
    delta = cut(work.deltas, 0, net.sizes[0], m)
    if net.scales >= 0:
        _scale_backward(net, params, work, delta, gradient, m)
    if net.n_frequencies > 0:
        _embed_backward(net, params, work, delta, gradient, m)
