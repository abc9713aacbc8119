"""The gradient from the values and deltas of all panels, each thread for its units."""

from typing import Any

from numpy.typing import NDArray

from regkit.kernels._jit import inlined_kernel
from regkit.kernels.networks.barrier import Crew, meet, share
from regkit.kernels.networks.inputs import embedding_gradient, scale_gradient
from regkit.kernels.networks.passes import Buffers, Network
from regkit.kernels.networks.products import multiply_rows
from regkit.kernels.networks.tiles import PANEL, Lines, sum_line


@inlined_kernel
def sum_gradient(
    net: Network,
    params: NDArray[Any],
    work: Buffers,
    gradient: NDArray[Any],
    panels: int,
    crew: Crew,
    member: int,
) -> None:
    """Write a thread's share of the gradient: the same units as `step` moves."""
    space, step = work.space[member], work.height * PANEL
    for layer in range(net.weights.shape[0]):
        inputs, units = net.sizes[layer], net.sizes[layer + 1]
        first, last = share(units, member, crew)
        if first == last:
            continue
        above = net.firsts[layer + 1]
        multiply_rows(
            first,
            last,
            Lines(gradient, net.weights[layer], inputs),
            Lines(work.deltas, above * PANEL, step),
            Lines(work.values, net.firsts[layer] * PANEL, step),
            panels,
            inputs,
            space,
        )
        for j in range(first, last):
            line = Lines(work.deltas, (above + j) * PANEL, step)
            gradient[net.biases[layer] + j] = sum_line(line, panels)
    if net.scales >= 0:
        first, last = share(net.sizes[0], member, crew)
        scale_gradient(net, work, gradient, first, last, panels)
    if net.n_frequencies > 0:
        first, last = share(net.waved.shape[0], member, crew)
        embedding_gradient(net, params, work, gradient, first, last, panels, space)
        if net.scales >= 0:  # of which others may have read what this one moves next
            meet(crew, member)
