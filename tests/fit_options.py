"""What users ask of a fit, as judges must know it, with the estimators' defaults."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """Of all linear models, as given to the estimator but for ``bounds``."""

    alpha: float
    l1_ratio: float = 1.0
    sample_weight: Any = None
    penalty_factor: Any = None
    bounds: Any = None
    """(lower, upper), numbers or (p,) arrays: (0, inf) for ``positive=True``."""
    standardize: bool = False
    fit_intercept: bool = True


@dataclass(frozen=True, kw_only=True)
class LossOptions(FitOptions):
    """Of classes and counts too."""

    offset: Any = None
    power: float = 1.5
    grouped: bool = False
