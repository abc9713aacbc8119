"""What the parameters of fits by a loss of classes or counts may be."""

from numbers import Real
from typing import Any

from regkit._sklearn import Interval, StrOptions
from regkit.linear_model._parameters import COMMON, CROSS_VALIDATION, PATH

# There is one solver of these losses.
LOSS: dict[str, list[Any]] = {
    name: constraints for name, constraints in COMMON.items() if name != "solver"
}
LOSS_PATH: dict[str, list[Any]] = {
    name: constraints for name, constraints in PATH.items() if name != "solver"
}
LOSS_CV: dict[str, list[Any]] = {
    name: constraints
    for name, constraints in CROSS_VALIDATION.items()
    if name not in ("solver", "relaxed")
}
HINGE_LOSS: list[Any] = [StrOptions({"squared_hinge", "hinge"})]
CLASS_WEIGHT: list[Any] = [dict, StrOptions({"balanced"}), None]
MULTINOMIAL_PENALTY: list[Any] = [StrOptions({"separate", "grouped"})]
FAMILY: dict[str, list[Any]] = {
    "family": [StrOptions({"poisson", "gamma", "tweedie"})],
    "power": [Interval(Real, 1, 2, closed="both")],
}
