"""Curves, best epochs and warnings: what a fit reports of its training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from regkit._types import Floats
from regkit._warn import warn
from regkit.neural_network._data import Table
from regkit.neural_network._fitted import Fitted
from regkit.neural_network._held_out import Trained
from regkit.solvers.networks.trainer import TrainingSettings

ScoresOf = Callable[[Floats, Fitted, Table], list[float]]
"""Scores after each epoch, from the trainer's, the network and its validation rows."""


def fitted_curves(
    trained: list[Trained], scores_of: ScoresOf, history: dict[str, Any] | None
) -> dict[str, Any]:
    """Return the attributes of the training, of several members the mean.

    In an epoch that not all members have run, of those that have. With ``history``, the
    attributes of earlier epochs, these are added to them.
    """
    results = [each.result for each in trained]
    best = [result.best_epoch for result in results]
    found: dict[str, Any] = {
        "n_iter_": max(result.n_epochs for result in results),
        "loss_curve_": mean_curve([result.loss_curve for result in results]),
        "validation_loss_curve_": None,
        "validation_scores_": None,
        "best_loss_": np.mean([result.best_loss for result in results]),
        "best_iter_": int(np.median(best)),
    }
    validated = [each for each in trained if len(each.result.validation_curve)]
    if validated:
        curves = [each.result.validation_curve for each in validated]
        found["validation_loss_curve_"] = mean_curve(curves)
        scores = [
            np.array(
                scores_of(
                    each.result.validation_scores, each.network, each.parts.validate
                )
            )
            for each in validated
        ]
        found["validation_scores_"] = mean_curve(scores)
    if history:
        found["n_iter_"] += history["n_iter_"]
        curve = [*history["loss_curve_"], *found["loss_curve_"]]
        found["loss_curve_"] = curve
        found["best_loss_"] = np.min(curve)
        found["best_iter_"] = int(np.argmin(curve)) + 1
    found["loss_"] = np.float64(found["loss_curve_"][-1])
    return found


def warn_of(
    name: str,
    trained: list[Trained],
    settings: TrainingSettings,
    early_stopping: bool,
    n_lost: int,
) -> None:
    """Warn of runs that diverged, were interrupted or could go on.

    ``n_lost`` networks diverged before they had learned anything, and are not among
    those ``trained``.
    """
    if n_lost:
        warn(
            f"{name}: {n_lost} of {n_lost + len(trained)} networks diverged in the "
            "first epoch, and predictions are without them: their loss or a weight is "
            f"not finite. Lower learning_rate_init (now "
            f"{settings.learning_rate_init:g}), use standardize=True, or look for "
            "extreme values in X and y.",
            ConvergenceWarning,
        )
    by_outcome = {each.result.outcome: each.result for each in trained}
    if "diverged" in by_outcome:
        result = by_outcome["diverged"]
        warn(
            f"{name} diverged in epoch {result.n_epochs + 1}: the loss or a weight "
            "is not finite. The weights before that epoch are kept. Lower "
            f"learning_rate_init (now {settings.learning_rate_init:g}).",
            ConvergenceWarning,
        )
    elif "interrupted" in by_outcome:
        epochs = max(each.result.n_epochs for each in trained)
        warn(
            f"{name}: training interrupted after {epochs} epochs; the "
            "model can be used.",
        )
    elif (
        "max_iter" in by_outcome
        and settings.tol > 0
        and settings.learning_rate in ("constant", "adaptive")
        and not early_stopping
    ):
        warn(
            f"{name}: max_iter={settings.max_iter} reached, and the training loss "
            f"still improves by more than tol={settings.tol:g}.",
            ConvergenceWarning,
        )


def mean_curve(curves: list[NDArray[Any]]) -> list[float]:
    """Return the mean of curves, where each still runs."""
    longest = max(len(curve) for curve in curves)
    return [
        float(np.mean([curve[epoch] for curve in curves if epoch < len(curve)]))
        for epoch in range(longest)
    ]
