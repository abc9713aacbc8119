"""What each parameter may be, and how parameters become settings of the trainer."""

import math
from fractions import Fraction
from numbers import Integral, Real
from typing import Any

import numpy as np

from regkit._sklearn import Interval, Options, RealInterval, StrOptions
from regkit.solvers.networks.architecture import ACTIVATIONS, Architecture, Embedding
from regkit.solvers.networks.ranks import many_valued
from regkit.solvers.networks.schedules import SCHEDULES, cycle_ends, snapshot_epochs
from regkit.solvers.networks.trainer import (
    NOISE,
    SOLVERS,
    TrainingSettings,
    n_batches,
)

_NUMBER = int | float | np.number | Fraction
_SHARE = RealInterval(0, 1, closed="left")
_POSITIVE = RealInterval(0, None, closed="neither")
_NOT_NEGATIVE = RealInterval(0, None, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")
_NOISE_SCHEDULES = ("constant", "cosine", "flat_cosine")

COMMON: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": [StrOptions(set(ACTIVATIONS)), "array-like"],
    "dropout": [_SHARE, "array-like"],
    "input_dropout": [_SHARE],
    "dropout_kind": [StrOptions(set(NOISE))],
    "dropout_schedule": [StrOptions(set(_NOISE_SCHEDULES))],
    "alpha": [_NOT_NEGATIVE],
    "alpha_schedule": [StrOptions(set(_NOISE_SCHEDULES))],
    "l1": [_NOT_NEGATIVE],
    "max_norm": [None, _POSITIVE],
    "solver": [StrOptions(set(SOLVERS))],
    "learning_rate_init": [_POSITIVE],
    "learning_rate": [StrOptions(set(SCHEDULES))],
    "layer_rates": [StrOptions({"equal", "fan_in"})],
    "momentum": [_SHARE],
    "nesterovs_momentum": ["boolean"],
    "beta_1": [_SHARE],
    "beta_2": [_SHARE],
    "epsilon": [_POSITIVE],
    "batch_size": [StrOptions({"auto"}), _COUNT],
    "max_iter": [StrOptions({"auto"}), _COUNT],
    "tol": [_NOT_NEGATIVE],
    "n_iter_no_change": [_COUNT, Options(Real, {np.inf}), None],
    "n_members": [StrOptions({"auto"}), _COUNT],
    "early_stopping": ["boolean"],
    "validation_fraction": [RealInterval(0, 1, closed="neither")],
    "standardize": ["boolean", StrOptions({"robust"})],
    "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
    "embedding": [StrOptions({"periodic"}), None],
    "input_scaling": ["boolean"],
    "dtype": [StrOptions({"float32", "float64"})],
    "warm_start": ["boolean"],
    "shuffle": ["boolean"],
    "buffer_chunks": [_COUNT],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

# Multiplies the learning rate of what is not a dense layer's weights, "fan_in".
_BIAS_RATE = 0.1
_EMBEDDING_RATE = 0.1
_SCALE_RATE = 6.0
_PATIENCE = 10
# Steps that "auto" epochs take where an epoch has up to so many batches (of more, in
# proportion to this power of their number), and the fewest and most epochs.
_STEPS = 2560
_BATCHES = 16
_GROWTH = 0.75
# What one network alone takes of them, which is as good after half the steps, and the
# power of fewer batches: the fewer rows, the more epochs they are worth.
_SHARE_ALONE = 0.5
_GROWTH_ALONE = 0.6
_FEWEST_EPOCHS = 32
_MOST_EPOCHS = 256
# Numbers that the snapshots of a network may hold.
_SNAPSHOT_SPACE = 1 << 22
# Of members by turns: slow waves for what is smooth; fast ones for jumps, of which one
# network alone is worse.
_EMBEDDINGS = (
    Embedding(n_frequencies=16, n_components=3, slowest=0.1, fastest=0.1),
    Embedding(n_frequencies=16, n_components=3, slowest=0.05, fastest=0.8),
)


def _listed(value: Any) -> tuple[Any, ...]:
    """Give the entries of a sequence; an array without dimensions has one."""
    return (value.item(),) if getattr(value, "ndim", 1) == 0 else tuple(value)


def hidden_sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    """Give the units of each hidden layer.

    Raises
    ------
    ValueError
        When a size is not a positive integer.
    """
    if isinstance(hidden_layer_sizes, Integral):
        return (int(hidden_layer_sizes),)
    sizes = _listed(hidden_layer_sizes)
    for size in sizes:
        if not isinstance(size, Integral) or size < 1:
            raise ValueError(
                f"hidden_layer_sizes must hold positive integers, got {size!r}."
            )
    return tuple(int(size) for size in sizes)


def _one_a_layer(name: str, value: Any, n_layers: int) -> tuple[Any, ...]:
    if isinstance(value, str | Real):
        return (value,) * n_layers
    values = _listed(value)
    if len(values) == n_layers:
        return values
    raise ValueError(
        f"{name} must be one value or one a hidden layer: there are {n_layers} hidden "
        f"layers, {name} has {len(values)} entries."
    )


def activations(activation: Any, n_layers: int) -> tuple[str, ...]:
    """Give the activation of each hidden layer."""
    names = _one_a_layer("activation", activation, n_layers)
    for name in names:
        if name not in ACTIVATIONS:
            raise ValueError(
                f"activation must be among {sorted(ACTIVATIONS)}, got {name!r}."
            )
    return tuple(str(name) for name in names)


def dropout_rates(
    input_dropout: float, dropout: Any, n_layers: int
) -> tuple[float, ...]:
    """Give the dropout rate of the inputs, then of each hidden layer."""
    rates = _one_a_layer("dropout", dropout, n_layers)
    for rate in rates:
        if not isinstance(rate, _NUMBER) or not 0 <= rate < 1:
            raise ValueError(f"dropout must hold numbers in [0, 1), got {rate!r}.")
    return (float(input_dropout), *(float(rate) for rate in rates))


def built_with(estimator: Any) -> dict[str, Any]:
    """Give the parameters that decide what a network is made of, in one form each."""
    hidden = hidden_sizes(estimator.hidden_layer_sizes)
    found = {
        "hidden_layer_sizes": hidden,
        "activation": activations(estimator.activation, len(hidden)),
        "standardize": estimator.standardize,
        "embedding": estimator.embedding,
        "input_scaling": bool(estimator.input_scaling),
        "dtype": estimator.dtype,
    }
    if hasattr(estimator, "loss"):
        found["standardize_target"] = bool(estimator.standardize_target)
        found["loss"] = estimator.loss
        found["quantile"] = quantile_levels(estimator.quantile)
    return found


def quantile_levels(quantile: Any) -> tuple[float, ...]:
    """Give the quantiles, ascending.

    Raises
    ------
    ValueError
        When one is not in (0, 1), or there is none.
    """
    if isinstance(quantile, Real):
        return (float(quantile),)
    levels = tuple(sorted(_listed(quantile)))
    if not levels:
        raise ValueError("quantile must hold at least one number, got none.")
    for level in levels:
        if not isinstance(level, _NUMBER) or not 0 < level < 1:
            raise ValueError(f"quantile must hold numbers in (0, 1), got {level!r}.")
    return tuple(float(level) for level in levels)


def check_built_with(estimator: Any, before: dict[str, Any]) -> None:
    """Refuse to go on from a network that was built with other parameters.

    Raises
    ------
    ValueError
        Naming the parameter and both values.
    """
    for name, value in built_with(estimator).items():
        old = before[name]
        if name == "loss" and not {"gaussian_nll", "poisson"} & {value, old}:
            continue  # the outputs are the same
        if name == "quantile" and (estimator.loss != name or len(value) == len(old)):
            continue
        if value != old:
            raise ValueError(
                f"{name}={getattr(estimator, name)!r} cannot go on from a network that "
                f"was built with {name}={old!r}: fit with warm_start=False "
                "to begin anew."
            )


def check_coverage(coverage: Any) -> None:
    """Check a probability of intervals or sets.

    Raises
    ------
    ValueError
        When it is not in (0, 1).
    """
    if not isinstance(coverage, _NUMBER) or not 0 < coverage < 1:
        raise ValueError(f"coverage must be in (0, 1), got {coverage!r}.")


def check_n_samples(n_samples: Any, least: int) -> None:
    """Check a number of dropout masks.

    Raises
    ------
    ValueError
        When it is not an integer of at least ``least``.
    """
    is_count = isinstance(n_samples, Integral) and not isinstance(n_samples, bool)
    if not is_count or n_samples < least:
        raise ValueError(
            f"n_samples must be an integer of at least {least}, got {n_samples!r}."
        )


def make_architecture(
    estimator: Any, X: Any, goal: Any, is_whole: bool, kind: int
) -> Architecture:
    """Give the shape that an estimator's parameters ask for, of columns like X's.

    Members of either ``kind``, 0 or 1, begin with other waves.

    Columns of two values have no waves: a line goes through two points. Where X is the
    first part of more rows (not ``is_whole``) nothing tells how many values there are.
    """
    hidden = hidden_sizes(estimator.hidden_layer_sizes)
    waved: tuple[int, ...] = ()
    if estimator.embedding == "periodic":
        many = many_valued(X) if is_whole else np.ones(X.shape[1], dtype=bool)
        waved = tuple(np.flatnonzero(many).tolist())
    return Architecture(
        X.shape[1],
        hidden,
        goal.n_outputs,
        activations(estimator.activation, len(hidden)),
        scaled=bool(estimator.input_scaling),
        embedding=_EMBEDDINGS[kind] if waved else None,
        waved=waved,
        n_beside=goal.n_beside,
    )


def make_settings(
    estimator: Any,
    architecture: Architecture,
    goal: Any,
    n_rows: int,
    seed: int,
    jointly: bool = False,
    is_alone: bool = False,
) -> TrainingSettings:
    """Translate an estimator's parameters for the trainer.

    ``goal`` has the loss, its parameter and its levels. With ``jointly`` the weights of
    several epochs are kept, for a choice among them. ``is_alone`` says that there are
    no other members.
    """
    batch_size = estimator.batch_size
    if batch_size == "auto":
        batch_size = min(200, n_rows)
    is_sgd = estimator.solver == "sgd"
    max_iter = estimator.max_iter
    if max_iter == "auto":
        max_iter = auto_epochs(n_rows, int(batch_size), is_alone)
    patience = estimator.n_iter_no_change
    checks: tuple[int, ...] = ()
    if patience is None:
        scheduled = estimator.learning_rate not in ("constant", "adaptive")
        patience = np.iinfo(np.int64).max if scheduled else _PATIENCE
        if not jointly:
            checks = cycle_ends(estimator.learning_rate, max_iter)
    snapshots: tuple[int, ...] = ()
    if jointly:
        most = max(1, _SNAPSHOT_SPACE // architecture.n_params)
        snapshots = snapshot_epochs(max_iter, most)
    return TrainingSettings(
        loss=goal.loss,
        loss_parameter=float(goal.loss_parameter),
        levels=goal.levels,
        snapshots=snapshots,
        dropout=dropout_rates(
            estimator.input_dropout, estimator.dropout, len(architecture.hidden)
        ),
        dropout_kind=estimator.dropout_kind,
        solver=estimator.solver,
        momentum=float(estimator.momentum if is_sgd else estimator.beta_1),
        beta_2=float(estimator.beta_2),
        epsilon=float(estimator.epsilon),
        nesterov=bool(estimator.nesterovs_momentum),
        alpha=float(estimator.alpha),
        l1=float(estimator.l1),
        max_norm=math.inf if estimator.max_norm is None else float(estimator.max_norm),
        learning_rate_init=float(estimator.learning_rate_init),
        learning_rate=estimator.learning_rate,
        dropout_schedule=estimator.dropout_schedule,
        alpha_schedule=estimator.alpha_schedule,
        rates=_rates(architecture) if estimator.layer_rates == "fan_in" else {},
        batch_size=int(batch_size),
        max_iter=int(max_iter),
        tol=float(estimator.tol),
        patience=int(min(patience, np.iinfo(np.int64).max)),
        checks=checks,
        shuffle=bool(estimator.shuffle),
        seed=seed,
    )


def auto_epochs(n_rows: int, batch_size: int, is_alone: bool) -> int:
    """Return how many epochs a budget of steps is, within limits."""
    batches = n_batches(n_rows, batch_size)
    few = _GROWTH_ALONE if is_alone else 0.0
    growth = math.pow(batches / _BATCHES, few if batches < _BATCHES else _GROWTH)
    steps = _STEPS * growth * (_SHARE_ALONE if is_alone else 1.0)
    return min(max(round(steps / batches), _FEWEST_EPOCHS), _MOST_EPOCHS)


def _rates(architecture: Architecture) -> dict[str, float]:
    """Rates by 1/√inputs, as if weights were stored divided by their typical size."""
    rates = {}
    for name, (_, shape) in architecture.pieces().items():
        if name.startswith("weights"):
            rates[name] = shape[1] ** -0.5
        elif name.startswith("biases"):
            rates[name] = _BIAS_RATE
        else:
            rates[name] = _SCALE_RATE if name == "scales" else _EMBEDDING_RATE
    return rates
