"""Every derivative against finite differences of the objective, in float64."""

import math

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose

from regkit.kernels.networks.barrier import make_crew
from regkit.kernels.networks.losses import BINARY, LOG_VARIANCE_LIMIT, POISSON, SOFTMAX
from regkit.kernels.networks.masks import derive, root
from regkit.kernels.networks.optimizers import SGD, Optimizer, step
from regkit.kernels.networks.passes import Dropout
from regkit.kernels.networks.training import Data, NetworkLoss, RunState, run_batch
from regkit.solvers.networks.architecture import (
    ACTIVATIONS,
    Architecture,
    Embedding,
    make_work,
)
from regkit.solvers.networks.scaling import Scaling
from regkit.solvers.networks.trainer import LOSSES, NOISE

N_ROWS = 5
N_FEATURES = 2
PARAMETER = {"huber": 0.3, "softmax": 0.1}


class Problem:
    """A batch, a network and an objective, with everything switched on."""

    def __init__(
        self,
        activation,
        loss,
        n_targets=2,
        *,
        hidden=(3, 2),
        kind="bernoulli",
        scaled=False,
        embedding=None,
        waved=None,
        levels=(0.2,),
        n_outputs=None,
        n_beside=0,
        fraction=1.0,
        weighted=True,
    ):
        rng = np.random.default_rng(7)
        natural = {"gaussian_nll": 2 * n_targets, "softmax": n_targets + 1}
        activations = (activation,) * len(hidden)
        self.shape = Architecture(
            N_FEATURES,
            hidden,
            n_outputs or natural.get(loss, n_targets),
            activations,
            scaled,
            embedding,
            waved,
            n_beside,
        )
        self.net = self.shape.network()
        # Of exponentials no large ones, whose differences would have few digits.
        size = 0.4 if loss == "poisson" else 0.8
        self.params = rng.normal(0.0, size, self.shape.n_params)
        targets = rng.normal(size=(N_ROWS, n_targets))
        if LOSSES[loss] == POISSON:
            targets = np.abs(targets)
        if LOSSES[loss] == BINARY:
            targets = (targets > 0).astype(float)
        if LOSSES[loss] == SOFTMAX:
            targets = rng.integers(0, n_targets + 1, (N_ROWS, 1)).astype(float)
        weights = rng.random(N_ROWS) + 0.2 if weighted else np.ones(N_ROWS)
        rows = Scaling.none(N_FEATURES).rows(
            rng.normal(size=(N_ROWS, N_FEATURES)), np.float64
        )
        self.data = Data(rows, targets, weights, float(weights.sum()))
        self.loss = NetworkLoss(
            LOSSES[loss], PARAMETER.get(loss, 0.0), np.array(levels)
        )
        rates = np.array([0.3, *[0.4] * len(hidden)])
        self.dropout = Dropout(rates, NOISE[kind])
        self.fraction = fraction
        self.work = make_work(self.net, targets.shape[1], N_ROWS, np.float64)

    def evaluate(self, params):
        """Return the mean loss and its gradient; masks are those of one key."""
        state = RunState(
            params.copy(),
            np.zeros_like(params),
            np.zeros_like(params),
            np.zeros_like(params),
            np.arange(N_ROWS),
            np.arange(0),
        )
        with np.errstate(all="ignore"):
            total = run_batch(
                self.net,
                self.loss,
                self.dropout,
                self.data,
                state,
                self.work,
                np.arange(N_ROWS),
                self.fraction,
                derive(root(3), 5),
                True,
                make_crew(1),
                0,
            )
        return total / N_ROWS, state.gradient

    def differences(self, objective, size=1e-6):
        found = np.empty_like(self.params)
        for i in range(len(self.params)):
            ahead, behind = self.params.copy(), self.params.copy()
            ahead[i] += size
            behind[i] -= size
            found[i] = (objective(ahead) - objective(behind)) / (2 * size)
        return found

    def check(self):
        """Compare the gradient of the mean loss, and return both."""
        gradient = self.evaluate(self.params)[1]
        assert np.count_nonzero(gradient) > 0
        expected = self.differences(lambda params: self.evaluate(params)[0])
        assert_allclose(gradient, expected, rtol=1e-6, atol=2e-9)
        return gradient, expected

    def penalty(self, params, alpha, l1):
        weights = np.concatenate(
            [
                params[place]
                for name, (place, _) in self.shape.pieces().items()
                if name.startswith("weights")
            ]
        )
        return alpha / 2 * np.sum(weights**2) + l1 * np.sum(np.abs(weights))

    def descend(self, gradient, alpha, l1):
        """Return what a step of plain descent takes for the whole gradient."""
        rate = 1e-7  # so short a step that no weight crosses zero
        optimizer = Optimizer(SGD, 0.0, 0.9, 1e-8, False, alpha, l1, math.inf)
        velocity = np.zeros_like(self.params)
        step(
            optimizer,
            self.shape.groups(),
            self.params.copy(),
            gradient.copy(),
            velocity,
            velocity.copy(),
            1,
            rate,
            1.0,
            make_crew(1),
            0,
        )
        return -velocity / rate


# As plain Python a pass takes hundreds of times as long.
COUNTS = [2] if numba.config.DISABLE_JIT else [1, 2, 3]
PENALTIES = [(0.0, 0.0), (0.3, 0.0), (0.0, 0.2), (0.3, 0.2)]


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("n_targets", COUNTS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_objective(activation, loss, n_targets, weighted):
    """Each with every penalty: a step shows the gradient of the whole objective."""
    problem = Problem(activation, loss, n_targets, weighted=weighted)
    gradient, of_loss = problem.check()
    for alpha, l1 in PENALTIES:
        of_penalty = problem.differences(
            lambda params, a=alpha, b=l1: problem.penalty(params, a, b)
        )
        found = problem.descend(gradient, alpha, l1)
        assert_allclose(found, of_loss + of_penalty, rtol=1e-6, atol=2e-9)


@pytest.mark.parametrize("hidden", [(), (1,), (5,), (4, 9), (2, 3, 4)])
def test_depths_and_widths(hidden):
    """Widths on both sides of the blocks of four in the products."""
    Problem("silu", "squared_error", hidden=hidden).check()


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("fraction", [0.0, 0.5])
def test_dropout(activation, kind, fraction):
    Problem(activation, "squared_error", kind=kind, fraction=fraction).check()


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("embedding", [None, Embedding(4, 3, 0.2, 0.8)])
@pytest.mark.parametrize("waved", [None, (1,)])
@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_input_stage(scaled, embedding, waved, fraction):
    Problem(
        "mish",
        "squared_error",
        scaled=scaled,
        embedding=embedding,
        waved=waved,
        fraction=fraction,
    ).check()


def test_log_variance_is_held_within_its_limits():
    problem = Problem("identity", "gaussian_nll", 1, hidden=())
    biases = problem.shape.views(problem.params)["biases0"]
    biases[:] = 0.0, -3 * LOG_VARIANCE_LIMIT
    loss, gradient = problem.evaluate(problem.params)
    assert np.isfinite(loss)
    assert problem.shape.views(gradient)["biases0"][1] == 0.0


@pytest.mark.parametrize("n_targets", COUNTS)
def test_several_quantiles(n_targets):
    """The mean of the pinball losses, level after level."""
    levels = (0.1, 0.5, 0.8)
    count = 3 * n_targets
    Problem("silu", "quantile", n_targets, levels=levels, n_outputs=count).check()


@pytest.mark.parametrize("n_targets", COUNTS)
@pytest.mark.parametrize("loss", ["squared_error", "huber", "poisson", "quantile"])
def test_quantiles_beside_a_loss_change_nothing_else(loss, n_targets):
    """Their weights learn the quantile loss; all others learn the loss itself."""
    own = (0.3,) if loss == "quantile" else ()
    both = (*own, 0.05, 0.95)
    whole = Problem(
        "silu", loss, n_targets, levels=both, n_outputs=3 * n_targets,
        n_beside=2 * n_targets,
    )  # fmt: skip
    bare = Problem("silu", loss, n_targets, levels=own or (0.2,), n_outputs=n_targets)
    beside = Problem("silu", "quantile", n_targets, levels=both[-2:],
                     n_outputs=2 * n_targets)  # fmt: skip
    last = f"weights{len(whole.shape.hidden)}", f"biases{len(whole.shape.hidden)}"
    views = whole.shape.views(whole.params)
    for problem, rows in ((bare, slice(n_targets)), (beside, slice(n_targets, None))):
        for name, values in problem.shape.views(problem.params).items():
            values[:] = views[name][rows] if name in last else views[name]
        problem.data = whole.data
    loss_of_all, gradient = whole.evaluate(whole.params)
    found = whole.shape.views(gradient)
    of_bare, of_beside = bare.evaluate(bare.params), beside.evaluate(beside.params)
    # Of the quantile loss all levels are averaged; beside another they are not.
    shares = (1 / 3, 2 / 3) if loss == "quantile" else (1.0, 2.0)
    for name, values in found.items():
        main = bare.shape.views(of_bare[1])[name] * shares[0]
        if name not in last:
            assert_allclose(values, main, rtol=1e-9, atol=1e-12)
            continue
        assert_allclose(values[:n_targets], main, rtol=1e-9, atol=1e-12)
        others = beside.shape.views(of_beside[1])[name] * shares[1]
        assert_allclose(values[n_targets:], others, rtol=1e-9, atol=1e-12)
    if loss != "quantile":
        assert_allclose(loss_of_all, of_bare[0])
