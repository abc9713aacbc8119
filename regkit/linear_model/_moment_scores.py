"""Scores that follow from mean squared errors, where no predictions are held."""

from typing import Any

import numpy as np

from regkit.rows.inputs import Floats

_KNOWN = ("neg_mean_squared_error", "neg_root_mean_squared_error", "r2")


def check_moment_scoring(name: str, scoring: Any) -> None:
    """Refuse a scorer that needs predictions.

    Parameters
    ----------
    name : str
        Of the estimator.
    scoring : object
        As the user gave it.

    Raises
    ------
    ValueError
        With the scorers that there are.
    """
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
