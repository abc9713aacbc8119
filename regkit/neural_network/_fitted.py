"""A trained network with everything that prediction needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.kernels.networks.passes import Dropout, InputRows
from regkit.solvers.networks import prediction
from regkit.solvers.networks.architecture import Architecture
from regkit.solvers.networks.scaling import Scaling
from regkit.solvers.networks.trainer import Parameters


def _finite(outputs: NDArray[Any]) -> NDArray[Any]:
    """Check outputs (..., n, n_outputs).

    Raises
    ------
    ValueError
        When the network overflows, even in float64.
    """
    if not np.isfinite(outputs).all():
        row = int(np.argwhere(~np.isfinite(outputs))[0, -2])
        raise ValueError(
            f"The network's output for row {row} of X overflows: its weights are too "
            "large; fit it with a smaller learning_rate_init."
        )
    return outputs


@dataclass(slots=True)
class Fitted:
    """Parameters and what they mean; private to the estimators.

    Attributes
    ----------
    architecture : Architecture
    parameters : Parameters
    inputs, targets : Scaling
        From the user's units to the network's.
    dropout : Dropout
    seed : int
        Of the noise of predictions that must repeat themselves.
    built_with : dict
        Parameters that cannot change while training goes on.
    """

    architecture: Architecture
    parameters: Parameters
    inputs: Scaling
    targets: Scaling
    dropout: Dropout
    seed: int
    built_with: dict[str, Any]

    def with_params(self, params: NDArray[Any]) -> Fitted:
        """Return the same network with other weights, for prediction."""
        return replace(self, parameters=replace(self.parameters, params=params))

    def rows(self, X: Any) -> InputRows:
        """Scale rows of X."""
        return self.inputs.rows(X, self.parameters.params.dtype)

    def outputs(self, X: Any, *, with_beside: bool = True) -> Floats:
        """Return the network's outputs (n, n_outputs), in its own units.

        Those beside the others are the last, and take as long as they do.
        """
        return self.outputs_of(self.rows(X), with_beside=with_beside)

    def outputs_of(self, rows: InputRows, *, with_beside: bool = True) -> Floats:
        """Do the same for rows that are scaled."""
        net = self.architecture.network(with_beside)
        found = prediction.outputs(net, self.dropout, self.parameters.params, rows)
        return _finite(found.astype(np.float64))

    def passes(self, X: Any, n_passes: int, seed: int) -> Floats:
        """Return outputs with noise, (n_passes, n, n_outputs), in the network's units.

        Those beside the others are left out. Without any dropout, that many copies of
        the outputs.
        """
        net = self.architecture.network(with_beside=False)
        found = prediction.passes(
            net,
            self.dropout,
            self.parameters.params,
            self.rows(X),
            n_passes,
            seed,
        )
        return _finite(found.astype(np.float64))

    def spread(
        self, X: Any, n_passes: int, seed: int, read: Callable[[Floats], Floats]
    ) -> Floats:
        """Return the deviation, over passes with noise, of what ``read`` gives.

        It reads the outputs but for those beside. The divisor is ``n_passes`` - 1.
        """
        net = self.architecture.network(with_beside=False)
        rows = self.rows(X)
        center = read(self.outputs_of(rows, with_beside=False))
        first = np.zeros_like(center)
        second = np.zeros_like(center)
        for start, count in prediction.chunks(net, rows, n_passes):
            some = prediction.passes(
                net,
                self.dropout,
                self.parameters.params,
                rows,
                count,
                seed,
                first_pass=start,
            )
            distance = read(_finite(some.astype(np.float64))) - center
            first += distance.sum(axis=0)
            second += np.square(distance).sum(axis=0)
        first /= n_passes
        variance = second / n_passes - np.square(first)
        variance *= n_passes / max(1, n_passes - 1)
        return np.sqrt(np.maximum(variance, 0.0))

    def layers(
        self, temperature: float = 1.0, loss: str = "squared_error"
    ) -> tuple[list[Floats], list[Floats]]:
        """Return weights (inputs, units) and biases, in X's and y's units if possible.

        Scaling of inputs and targets is folded into the first and the last layer,
        except where the inputs are embedded or clipped. Outputs are divided by the
        ``temperature``; with ``loss="poisson"`` they are logarithms of y.
        """
        architecture = self.architecture
        views = architecture.views(self.parameters.params)
        count = len(architecture.sizes) - 1
        weights = [
            views[f"weights{layer}"].T.astype(np.float64) for layer in range(count)
        ]
        biases = [views[f"biases{layer}"].astype(np.float64) for layer in range(count)]
        if architecture.scaled:
            weights[0] *= views["scales"][:, None]
        if self.is_plain:
            weights[0] /= self.inputs.scale[:, None]
            biases[0] -= self.inputs.center @ weights[0]
        count = architecture.n_outputs - architecture.n_beside
        weights[-1] = weights[-1][:, :count] / temperature
        biases[-1] = biases[-1][:count] / temperature
        n_targets = len(self.targets.center)
        scale, center = self.targets.scale, self.targets.center
        if loss == "poisson":
            biases[-1] += np.log(scale)
            return weights, biases
        # Of several quantiles all, of a mean and a log-variance the mean.
        several = count // n_targets if loss == "quantile" else 1
        for first in range(0, several * n_targets, n_targets):
            part = slice(first, first + n_targets)
            weights[-1][:, part] *= scale
            biases[-1][part] = biases[-1][part] * scale + center
        return weights, biases

    @property
    def is_plain(self) -> bool:
        """Whether an ordinary multi-layer perceptron on X says the same."""
        return (
            self.architecture.embedding is None
            and not np.isfinite(self.inputs.clip)
            and self.inputs.expansion is None
        )
