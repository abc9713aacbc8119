"""Seeded synthetic regression problems whose true coefficients are known."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit.datasets._bunch import as_bunch

_Floats = NDArray[np.float64]

_HOUSE_DESCRIPTION = """\
Synthetic house prices. Eight columns make the price (in thousands); some of them are
strongly correlated, as in real listings (a larger home has more rooms). The columns
"irrelevant_0", ... are noise that has nothing to do with the price. `coef` holds the
true coefficient of every column."""


def make_correlated_regression(
    n_samples: int = 200,
    n_features: int = 500,
    *,
    n_informative: int = 10,
    correlation: float = 0.6,
    signal_to_noise: float = 3.0,
    coef: bool = False,
    random_state: int | np.random.Generator | None = 0,
) -> tuple[_Floats, ...]:
    """Generate a sparse linear problem whose neighboring columns are correlated.

    Columns follow a stationary AR(1) process: ``corr(x_i, x_j) = correlation**|i-j|``,
    each with mean 0 and variance 1. ``y = X @ coef + noise`` with ``n_informative``
    coefficients of size 1 and alternating sign, spread evenly over the columns.

    Parameters
    ----------
    n_samples, n_features : int, default=200, 500
        Rows and columns.
    n_informative : int, default=10
        Number of nonzero coefficients, at most `n_features`.
    correlation : float, default=0.6
        Correlation of neighboring columns, in (-1, 1).
    signal_to_noise : float, default=3.0
        ``||X @ coef|| / ||noise||`` of the generated sample; ``inf`` for no noise.
    coef : bool, default=False
        Return the true coefficients too.
    random_state : int, numpy Generator or None, default=0
        Seed; the same seed gives the same data.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
        Columns.
    y : ndarray of shape (n_samples,)
        Target.
    coef : ndarray of shape (n_features,)
        True coefficients; only with ``coef=True``.

    Raises
    ------
    ValueError
        For a parameter outside the range given above.

    Examples
    --------
    >>> from regkit.datasets import make_correlated_regression
    >>> X, y, coef = make_correlated_regression(50, 100, n_informative=4, coef=True)
    >>> X.shape, y.shape, int((coef != 0).sum())
    ((50, 100), (50,), 4)
    """
    if n_samples < 1 or n_features < 1:
        raise ValueError(
            "n_samples and n_features must be at least 1, "
            f"got {n_samples} and {n_features}"
        )
    if not 0 <= n_informative <= n_features:
        raise ValueError(
            f"n_informative must lie in [0, n_features={n_features}], "
            f"got {n_informative}"
        )
    if not -1 < correlation < 1:
        raise ValueError(f"correlation must lie in (-1, 1), got {correlation}")
    if not signal_to_noise > 0:
        raise ValueError(f"signal_to_noise must be positive, got {signal_to_noise}")
    rng = np.random.default_rng(random_state)

    X = rng.standard_normal((n_samples, n_features))
    innovation = np.sqrt(1 - correlation**2)  # keeps every column's variance at 1
    for j in range(1, n_features):
        X[:, j] = correlation * X[:, j - 1] + innovation * X[:, j]

    true_coef = np.zeros(n_features)
    informative = np.arange(n_informative) * n_features // max(n_informative, 1)
    true_coef[informative] = 1.0 - 2.0 * (np.arange(n_informative) % 2)

    signal = X @ true_coef
    noise = rng.standard_normal(n_samples)
    size = np.linalg.norm(signal) if n_informative else np.sqrt(n_samples)
    y = signal + noise * (size / np.linalg.norm(noise) / signal_to_noise)
    return (X, y, true_coef) if coef else (X, y)


def make_house_prices(
    n_samples: int = 500,
    *,
    n_irrelevant: int = 20,
    noise: float = 40.0,
    return_X_y: bool = False,
    as_frame: bool = False,
    random_state: int | np.random.Generator | None = 0,
) -> Any:
    """Generate house prices with correlated causes and irrelevant columns.

    The price (in thousands) is linear in eight columns: living area, rooms,
    bathrooms, lot size, age, distance to the center, energy rating and garage.
    Area, rooms, bathrooms and lot size are strongly correlated, and rooms add
    nothing beyond the area (their true coefficient is 0).

    Parameters
    ----------
    n_samples : int, default=500
        Rows.
    n_irrelevant : int, default=20
        Number of standard normal columns that the price does not depend on.
    noise : float, default=40.0
        Standard deviation of the noise added to the price, in thousands.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a bunch.
    as_frame : bool, default=False
        Return a pandas DataFrame and Series instead of arrays. Needs pandas.
    random_state : int, numpy Generator or None, default=0
        Seed; the same seed gives the same data.

    Returns
    -------
    houses : Bunch
        With ``data`` (n_samples, 8 + n_irrelevant), ``target`` (n_samples,),
        ``feature_names``, ``coef`` (the true coefficients), ``intercept`` and
        ``DESCR``; or the pair ``(data, target)`` with ``return_X_y=True``.

    Raises
    ------
    ValueError
        If `n_samples` is below 1, or `n_irrelevant` or `noise` negative.
    ImportError
        With ``as_frame=True`` where pandas is not installed.

    Examples
    --------
    >>> from regkit.datasets import make_house_prices
    >>> houses = make_house_prices(100, n_irrelevant=2)
    >>> houses.feature_names[:3], houses.data.shape
    (['area', 'rooms', 'bathrooms'], (100, 10))
    """
    if n_samples < 1:
        raise ValueError(f"n_samples must be at least 1, got {n_samples}")
    if n_irrelevant < 0:
        raise ValueError(f"n_irrelevant must not be negative, got {n_irrelevant}")
    if not noise >= 0:
        raise ValueError(f"noise must not be negative, got {noise}")
    rng = np.random.default_rng(random_state)

    area = rng.gamma(9.0, 14.0, n_samples) + 25.0  # square meters, mean about 150
    rooms = np.maximum(1.0, np.round(area / 28.0 + rng.normal(0, 0.8, n_samples)))
    bathrooms = np.maximum(1.0, np.round(rooms / 2.5 + rng.normal(0, 0.5, n_samples)))
    lot = area * rng.gamma(6.0, 0.5, n_samples)
    age = rng.integers(0, 90, n_samples).astype(np.float64)
    distance = rng.gamma(3.0, 4.0, n_samples)  # kilometers
    energy = np.clip(np.round(7.0 - age / 18.0 + rng.normal(0, 1, n_samples)), 1, 7)
    garage = rng.integers(0, 2, n_samples).astype(np.float64)
    causes = {  # name: (column, thousands per unit)
        "area": (area, 2.4),
        "rooms": (rooms, 0.0),
        "bathrooms": (bathrooms, 12.0),
        "lot": (lot, 0.08),
        "age": (age, -0.9),
        "distance": (distance, -5.0),
        "energy": (energy, 9.0),
        "garage": (garage, 18.0),
    }
    data = np.column_stack(
        [column for column, _ in causes.values()]
        + list(rng.standard_normal((n_irrelevant, n_samples)))
    )
    coef = np.array([value for _, value in causes.values()] + [0.0] * n_irrelevant)
    intercept = 60.0
    bunch = as_bunch(
        data=data,
        target=intercept + data @ coef + noise * rng.standard_normal(n_samples),
        feature_names=[*causes, *(f"irrelevant_{k}" for k in range(n_irrelevant))],
        target_name="price",
        as_frame=as_frame,
        coef=coef,
        intercept=intercept,
        DESCR=_HOUSE_DESCRIPTION,
    )
    return (bunch.data, bunch.target) if return_X_y else bunch
