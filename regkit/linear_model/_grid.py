"""The alphas that a path is solved for, as users give them."""

from typing import Any

import numpy as np

from regkit._types import Floats
from regkit.linear_model._limits import as_floats


def check_alphas(alphas: Any) -> Floats:
    """Check the user's alphas.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,)
        As the user passed them.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        In the order given.

    Raises
    ------
    ValueError
        When they are not a list of finite non-negative numbers.
    TypeError
        When one of them is text.
    """
    for k, value in enumerate(alphas if isinstance(alphas, list | tuple) else ()):
        if isinstance(value, str):
            raise TypeError(
                f"alphas[{k}] must be an instance of float, not str: {value!r}."
            )
    values = as_floats("alphas", alphas)
    if values.ndim != 1 or not values.size:
        raise ValueError(
            "alphas must be a non-empty one-dimensional array, got an array of shape "
            f"{values.shape}."
        )
    wrong = np.flatnonzero(~((values >= 0) & np.isfinite(values)))
    if wrong.size:
        raise ValueError(
            f"alphas[{wrong[0]}] == {values[wrong[0]]:g}, must be >= 0.0 and finite."
        )
    return values


def decreasing(alphas: Floats) -> Floats:
    """Sort checked alphas from the largest down; repeated values count once."""
    return np.ascontiguousarray(np.unique(alphas)[::-1])


def check_l1_ratios(l1_ratio: Any) -> list[float]:
    """Check one share of the L1 penalty, or several.

    Parameters
    ----------
    l1_ratio : float or array-like of shape (n_l1_ratios,)
        As the user passed it.

    Returns
    -------
    l1_ratios : list of float
        In the user's order.

    Raises
    ------
    ValueError
        When they are not a list of numbers from 0 to 1.
    """
    ratios = as_floats("l1_ratio", l1_ratio)
    if ratios.ndim == 0:
        ratios = ratios[None]
    if ratios.ndim != 1 or not ratios.size:
        raise ValueError(
            "l1_ratio must be a number or a non-empty one-dimensional array, got "
            f"an array of shape {ratios.shape}."
        )
    wrong = np.flatnonzero(~((ratios >= 0) & (ratios <= 1)))
    if wrong.size:
        raise ValueError(
            "l1_ratio must hold numbers from 0 to 1: "
            f"l1_ratio[{wrong[0]}] is {ratios[wrong[0]]}."
        )
    return [float(ratio) for ratio in ratios]
