"""Penalty factors and bounds, by column or by name, checked."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats


def check_penalty_factor(
    penalty_factor: Any, n_features: int, names: NDArray[Any] | None
) -> Floats:
    """Return a factor for every column; see `Setup.limits`."""
    if isinstance(penalty_factor, dict):
        penalty_factor = _factors_by_name(penalty_factor, n_features, names)
    factor = as_floats("penalty_factor", penalty_factor)
    if factor.shape != (n_features,):
        raise ValueError(
            f"penalty_factor must have one entry per feature: X has {n_features} "
            f"features, penalty_factor has shape {factor.shape}."
        )
    wrong = np.flatnonzero(~(factor >= 0))  # NaN included
    if wrong.size:
        raise ValueError(
            "penalty_factor must hold non-negative numbers or inf: "
            f"penalty_factor[{wrong[0]}] is {factor[wrong[0]]:g}."
        )
    return factor


def check_bounds(
    bounds: Any, n_features: int, names: NDArray[Any] | None
) -> tuple[Floats | float, Floats | float]:
    """Return the lower and the upper bounds; see `Setup.limits`."""
    if isinstance(bounds, dict):
        bounds = _bounds_by_name(bounds, n_features, names)
    try:
        lower, upper = bounds
    except (TypeError, ValueError):
        raise ValueError(
            f"bounds must be a pair (lower, upper), got {bounds!r}."
        ) from None
    return (
        _check_bound("lower", lower, n_features, sign=-1.0),
        _check_bound("upper", upper, n_features, sign=1.0),
    )


def _factors_by_name(
    given: dict[Any, Any], n_features: int, names: NDArray[Any] | None
) -> Floats:
    factors = np.ones(n_features)
    for name, value in given.items():
        at = _position("penalty_factor", name, names)
        factors[at] = _number(f"penalty_factor[{name!r}]", value)
    return factors


def _bounds_by_name(
    given: dict[Any, Any], n_features: int, names: NDArray[Any] | None
) -> tuple[Floats, Floats]:
    lower, upper = np.full(n_features, -np.inf), np.full(n_features, np.inf)
    for name, pair in given.items():
        at = _position("bounds", name, names)
        try:
            low, high = pair
        except (TypeError, ValueError):
            raise ValueError(
                f"bounds[{name!r}] must be a pair (lower, upper), got {pair!r}."
            ) from None
        if low is not None:
            lower[at] = _number(f"bounds[{name!r}]", low)
        if high is not None:
            upper[at] = _number(f"bounds[{name!r}]", high)
    return lower, upper


def _number(name: str, value: Any) -> float:
    number = as_floats(name, value)
    if number.ndim:
        raise ValueError(f"{name} must be one number, got {value!r}.")
    return float(number)


def _position(parameter: str, name: Any, names: NDArray[Any] | None) -> int:
    """Return the column that a dict names."""
    if names is None:
        raise ValueError(
            f"{parameter} names the column {name!r}, but X has no column names: pass a "
            "data frame, or an array with one entry per column."
        )
    known = list(names)
    if name in known:
        return known.index(name)
    by_lower = {column.lower(): column for column in known}
    close = get_close_matches(str(name).lower(), by_lower, n=1)
    if close:
        hint = f"did you mean {by_lower[close[0]]!r}?"
    else:
        more = ", ..." if len(known) > 6 else ""
        hint = f"its columns are {', '.join(map(repr, known[:6]))}{more}"
    raise ValueError(f"{parameter} names the column {name!r}, which X lacks; {hint}")


def as_floats(name: str, values: Any) -> Floats:
    """Copy a parameter's values to a float64 array, or raise naming the parameter."""
    try:
        with np.errstate(all="ignore"):
            converted = np.asarray(values)
            kind = converted.dtype.kind
            if kind not in "biufO" or (kind == "O" and None in converted.flat):
                raise TypeError  # NumPy would turn text and None into numbers
            return np.array(converted, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        _raise_not_numeric(name, values)


def _raise_not_numeric(name: str, values: Any) -> NoReturn:
    raise ValueError(f"{name} must hold real numbers, got {values!r}.") from None


def _check_bound(side: str, bound: Any, n_features: int, sign: float) -> Floats | float:
    """Check one side; `sign` is -1 for the lower bounds, 1 for the upper ones."""
    values = as_floats(f"The {side} bounds", bound)
    if values.shape not in ((), (n_features,)):
        raise ValueError(
            f"The {side} bounds must be one number or one per feature: X has "
            f"{n_features} features, the {side} bounds have shape {values.shape}."
        )
    wrong = np.flatnonzero(~(sign * values >= 0))  # NaN included
    if wrong.size:
        where = "" if values.ndim == 0 else f" of feature {wrong[0]}"
        order = "at most" if sign < 0 else "at least"
        raise ValueError(
            f"bounds must contain 0: the {side} bound{where} must be {order} 0, "
            f"got {values.flat[wrong[0]]:g}."
        )
    return float(values) if values.ndim == 0 else values
