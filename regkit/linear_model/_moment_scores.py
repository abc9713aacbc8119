"""Scores that follow from mean squared errors, where no predictions are held."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning

from regkit._types import Floats
from regkit._warn import warn
from regkit.designs.centered_moments import CenteredMoments
from regkit.rows.sources import BesideX, Block, RowSource, named, refuse

_KNOWN = ("neg_mean_squared_error", "neg_root_mean_squared_error", "r2")


def check_moment_scoring(name: str, scoring: Any) -> None:
    """Refuse a scorer that needs predictions, with the estimator's name."""
    if not (scoring is None or (isinstance(scoring, str) and scoring in _KNOWN)):
        raise ValueError(
            f"{name} needs the rows in memory for scoring={scoring!r}; without them it "
            f"takes None, {', '.join(map(repr, _KNOWN[:-1]))} or {_KNOWN[-1]!r}."
        )


def scores(
    scoring: str, mean_squares: Floats, variances: Floats, per_target: bool
) -> Floats:
    """Return scikit-learn's scores of predictions for some rows.

    Parameters
    ----------
    scoring : str
        One that `check_moment_scoring` lets pass.
    mean_squares : ndarray of shape (n_alphas, n_targets)
        Weighted mean squared errors.
    variances : ndarray of shape (n_targets,)
        Weighted variances of the targets in these rows.
    per_target : bool
        Whether each target is scored for itself; otherwise their scores are averaged.

    Returns
    -------
    scores : ndarray of shape (n_alphas, n_targets or 1)
    """
    if scoring == "neg_mean_squared_error":
        found = -mean_squares
    elif scoring == "neg_root_mean_squared_error":
        found = -np.sqrt(mean_squares)
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = 1.0 - mean_squares / variances
        # As `sklearn.metrics.r2_score` has it.
        is_constant = variances == 0.0
        found[:, is_constant] = np.where(mean_squares[:, is_constant] == 0.0, 1.0, 0.0)
        found[np.isnan(mean_squares)] = np.nan
    return found if per_target else found.mean(axis=1, keepdims=True)


class _Errors(NamedTuple):
    names: NDArray[Any] | None
    moments: CenteredMoments
    """Of the errors, and of the targets in the place of y."""


def score_in_chunks(
    source: RowSource,
    y: Any,
    sample_weight: Any,
    predict: Callable[[Any], Floats],
) -> tuple[NDArray[Any] | None, float]:
    """Return R² for all rows from one pass, and the names of their columns.

    Parameters
    ----------
    source : RowSource
    y, sample_weight : object
        As the user passed them.
    predict : callable
        Gives the predictions for a block of rows; it travels to where they are.

    Returns
    -------
    names : ndarray of shape (n_features,) or None
    score : float
        NaN, with scikit-learn's warning, where fewer than two rows have a weight.
    """
    measure = partial(_measure, predict)
    names, moments = source.reduce(measure, _join, BesideX(y, sample_weight))
    if moments.n_samples < 2:
        warn(
            "R^2 score is not well-defined with less than two samples.",
            UndefinedMetricWarning,
        )
        return names, float("nan")
    n_targets = moments.n_features
    mean_squares = moments.cross.diagonal() / moments.total_weight
    variances = mean_squares[n_targets:]
    errors = mean_squares[:n_targets] + moments.mean[:n_targets] ** 2
    return names, float(scores("r2", errors[None], variances, per_target=False)[0, 0])


def _measure(predict: Callable[[Any], Floats], block: Block) -> _Errors:
    data = block.data
    with named(block.number):
        predicted = predict(data.X)
        if predicted.reshape(len(data.y), -1).shape[1] != data.y[:1].size:
            raise ValueError(
                f"y has rows of shape {data.y.shape[1:]}, predictions of shape "
                f"{predicted.shape[1:]}."
            )
    targets = data.y.reshape(len(data.y), -1)
    errors = predicted.reshape(targets.shape) - targets
    weight = data.sample_weight
    found = CenteredMoments.empty(errors.shape[1], targets.shape[1])
    if weight is None or weight.any():
        with np.errstate(over="ignore", invalid="ignore"):
            found = CenteredMoments.of_rows(errors, targets, weight)
    if not found.is_finite:
        refuse(block, "Squares of errors or of y overflow float64; rescale them.")
    return _Errors(data.feature_names, found)


def _join(parts: Iterable[_Errors]) -> _Errors:
    remaining = iter(parts)
    names, first = next(remaining)
    total = first.copy()  # a part is never changed: Dask may use it again
    for part in remaining:
        total.merge(part.moments)
    return _Errors(names, total)
