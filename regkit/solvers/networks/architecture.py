"""The shape of a network and its parameters, one flat vector with views per layer."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit.kernels.networks import functions
from regkit.kernels.networks.optimizers import Groups
from regkit.kernels.networks.passes import Buffers, Network
from regkit.kernels.networks.products import space_of_copies
from regkit.kernels.networks.tiles import PANEL, UNITS

ACTIVATIONS = {
    "identity": functions.IDENTITY,
    "relu": functions.RELU,
    "leaky_relu": functions.LEAKY_RELU,
    "tanh": functions.TANH,
    "logistic": functions.LOGISTIC,
    "gelu": functions.GELU,
    "silu": functions.SILU,
    "mish": functions.MISH,
    "selu": functions.SELU,
}

_CACHE_LINE = 64  # bytes

# Variance of a weight times the number of inputs that keeps the size of activations.
_GAIN = {"identity": 1.0, "tanh": 1.0, "logistic": 1.0, "selu": 1.0}


@dataclass(frozen=True, slots=True)
class Embedding:
    """A periodic embedding of every column: cosines, mixed into a few numbers."""

    n_frequencies: int
    n_components: int
    slowest: float
    fastest: float
    """Standard deviations of the frequencies at the start: of the first wave of each
    column, of the last, and of those between in equal ratios. Slow waves follow what is
    smooth in a column, fast ones jumps."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """What the parameters mean.

    Attributes
    ----------
    n_features : int
    hidden : tuple of int
    n_outputs : int
    activations : tuple of str
        One a hidden layer.
    scaled : bool
        Whether each input of the first layer has a trainable scale.
    embedding : Embedding or None
    waved : tuple of int or None
        The columns that have an embedding; None for all.
    n_beside : int
        How many of the last outputs are read off the last hidden layer without
        changing it.
    """

    n_features: int
    hidden: tuple[int, ...]
    n_outputs: int
    activations: tuple[str, ...]
    scaled: bool = False
    embedding: Embedding | None = None
    waved: tuple[int, ...] | None = None
    n_beside: int = 0

    @property
    def n_waved(self) -> int:
        """Number of columns that have an embedding."""
        if self.embedding is None:
            return 0
        return self.n_features if self.waved is None else len(self.waved)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs of the first dense layer, then units of each layer."""
        each = self.embedding.n_components if self.embedding else 0
        inputs = self.n_features + self.n_waved * each
        return (inputs, *self.hidden, self.n_outputs)

    @lru_cache(maxsize=64)  # noqa: B019 (few, and small)
    def network(self, with_beside: bool = True) -> Network:
        """Lay the parameters out: embedding, scales, then each layer's two arrays.

        The arrays are kept for the next call, and never written. The network
        without its last `n_beside` outputs has the same parameters, some unused.
        """
        sizes, n_beside = self.sizes, self.n_beside if with_beside else 0
        start = 0
        waves = components = 0
        if self.embedding is not None:
            waves, components = (
                self.embedding.n_frequencies,
                self.embedding.n_components,
            )
            start = self.n_waved * (2 * waves + components * (waves + 1))
        waved = range(self.n_waved) if self.waved is None else self.waved
        scales = -1
        if self.scaled:
            scales, start = start, start + sizes[0]
        weights, biases = [], []
        for inputs, units in pairwise(sizes):
            weights.append(start)
            biases.append(start + inputs * units)
            start += (inputs + 1) * units
        codes = [ACTIVATIONS[name] for name in (*self.activations, "identity")]
        return Network(
            sizes=np.array((*sizes[:-1], self.n_outputs - self.n_beside + n_beside)),
            firsts=np.cumsum([0, *sizes[:-1]]),
            weights=np.array(weights),
            biases=np.array(biases),
            activations=np.array(codes),
            n_features=self.n_features,
            waved=np.array(waved[: self.n_waved], dtype=np.int64),
            n_frequencies=waves,
            n_components=components,
            embedding=0,
            n_probes=n_beside,
            scales=scales,
        )

    @lru_cache(maxsize=64)  # noqa: B019 (few, and small)
    def pieces(self) -> Mapping[str, tuple[slice, tuple[int, ...]]]:
        """Give every array's place in the parameter vector and its shape."""
        net = self.network()
        p, waves, components = self.n_waved, net.n_frequencies, net.n_components
        shapes: dict[str, tuple[int, ...]] = {}
        if waves:
            shapes["frequencies"] = (p, waves)
            shapes["phases"] = (p, waves)
            shapes["mixing"] = (p, components, waves)
            shapes["shifts"] = (p, components)
        if self.scaled:
            shapes["scales"] = (self.sizes[0],)
        for layer in range(len(self.sizes) - 1):
            shapes[f"weights{layer}"] = (self.sizes[layer + 1], self.sizes[layer])
            shapes[f"biases{layer}"] = (self.sizes[layer + 1],)
        found, start = {}, 0
        for name, shape in shapes.items():
            stop = start + math.prod(shape)
            found[name] = (slice(start, stop), shape)
            start = stop
        return found

    @property
    def n_params(self) -> int:
        """Length of the parameter vector."""
        return max(int(place.stop) for place, _ in self.pieces().values())

    def views(self, params: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return each array of ``params`` by name, without copying."""
        return {
            name: params[place].reshape(shape)
            for name, (place, shape) in self.pieces().items()
        }

    def initial(
        self, rng: np.random.Generator, dtype: Any, small: bool = False
    ) -> NDArray[Any]:
        """Draw parameters.

        Weights are normal with the variance that keeps the size of activations (He et
        al. 2015), biases zero. With ``small``, both are uniform within
        ± √(6 / (inputs + outputs)) (Glorot & Bengio 2010), as scikit-learn's: better
        where learning rates are small, because the features are learned and not only
        weighed.
        """
        params = np.zeros(self.n_params, dtype=dtype)
        views = self.views(params)
        for layer in range(len(self.sizes) - 1):
            weights, biases = views[f"weights{layer}"], views[f"biases{layer}"]
            inputs = max(1, weights.shape[1])
            if small:
                limit = math.sqrt(6.0 / max(1, sum(weights.shape)))
                weights[:] = rng.uniform(-limit, limit, weights.shape)
                biases[:] = rng.uniform(-limit, limit, biases.shape)
                continue
            last = layer == len(self.hidden)
            gain = 1.0 if last else _GAIN.get(self.activations[layer], 2.0)
            gain = 1.0 if layer == 0 else gain
            weights[:] = rng.normal(0.0, math.sqrt(gain / inputs), weights.shape)
        if self.scaled:
            views["scales"][:] = 1.0
        if self.embedding is not None:
            waves = self.embedding.n_frequencies
            spread = np.geomspace(self.embedding.slowest, self.embedding.fastest, waves)
            limit = waves**-0.5
            for name, draw in (
                ("frequencies", lambda shape: rng.normal(0.0, spread, shape)),
                ("phases", lambda shape: rng.uniform(-0.5, 0.5, shape)),
                ("mixing", lambda shape: rng.uniform(-limit, limit, shape)),
                ("shifts", lambda shape: rng.uniform(-limit, limit, shape)),
            ):
                views[name][:] = draw(views[name].shape)
        return params

    def groups(self, rates: dict[str, float] | None = None) -> Groups:
        """Treat each array as a group; only weights of dense layers are penalized.

        ``rates`` maps names of arrays to what multiplies their learning rate, 1 where
        a name is missing.
        """
        rates = rates or {}
        pieces = self.pieces()
        dense = np.array([float(name.startswith("weights")) for name in pieces])
        return Groups(
            starts=np.array([0, *(place.stop for place, _ in pieces.values())]),
            rates=np.array([rates.get(name, 1.0) for name in pieces]),
            decays=dense,
            sparse=dense.copy(),
            lengths=np.array([math.prod(shape[1:]) for _, shape in pieces.values()]),
        )


def make_work(
    net: Network, n_targets: int, m: int, dtype: Any, n_threads: int = 1
) -> Buffers:
    """Allocate buffers for batches of up to ``m`` rows."""
    height, panels = int(net.sizes.sum()), -(-m // PANEL)
    waves = len(net.waved) * net.n_frequencies

    def lines(count: int) -> NDArray[Any]:
        # So much more that a square of lines can be read from any of them.
        return _aligned((count * panels + PANEL) * PANEL, dtype)

    widest = int(net.sizes.max())
    space = max(space_of_copies(widest), (UNITS + panels * PANEL) * PANEL)
    space = -(-space // 1024) * 1024
    return Buffers(
        height=height,
        inputs=lines(int(net.sizes[0])),
        waves=lines(2 * waves),
        values=lines(height),
        slopes=lines(height),
        deltas=lines(height),
        noise=lines(1),
        targets=lines(n_targets),
        weights=lines(1),
        losses=np.zeros(panels),
        scores=np.zeros((panels, n_targets)),
        space=_aligned(n_threads * space, dtype).reshape(n_threads, space),
    )


def _aligned(count: int, dtype: Any) -> NDArray[Any]:
    """Return zeros that begin with a cache line: vectors are not cut in two then."""
    size = np.dtype(dtype).itemsize
    whole = np.zeros(count + _CACHE_LINE // size, dtype=dtype)
    start = -whole.__array_interface__["data"][0] % _CACHE_LINE // size
    return whole[start : start + count]
