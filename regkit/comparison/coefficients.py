"""Coefficients of a compared linear model: names, units, and sizes that compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.comparison.findings import Findings, ModelResult
from regkit.rows.column_scales import column_scales

if TYPE_CHECKING:
    import pandas as pd


class CoefficientTable(NamedTuple):
    """Nonzero coefficients, the largest per standard deviation first."""

    names: list[str]
    coefs: Floats
    """(n_kept, n_rows of coef_), in units of the columns."""
    standardized: Floats
    """The same, times the standard deviation of the column in the training rows."""
    intercept: Floats
    """(n_rows of coef_,)"""
    classes: list[str] | None
    """What the columns of `coefs` are; None where there is one."""

    def to_frame(self) -> pd.DataFrame:
        """Return the table as a pandas DataFrame."""
        import pandas as pd

        columns: dict[str, Any] = {}
        for k in range(self.coefs.shape[1]):
            suffix = "" if self.classes is None else f"[{self.classes[k]}]"
            columns[f"coefficient{suffix}"] = self.coefs[:, k]
            columns[f"standardized{suffix}"] = self.standardized[:, k]
        frame = pd.DataFrame(columns, index=pd.Index(self.names, name="column"))
        frame.attrs["intercept"] = self.intercept.tolist()
        return frame


def uncalibrated(model: Any) -> Any:
    """Give the fitted model that a calibration of its probabilities wraps."""
    calibrated = getattr(model, "calibrated_classifiers_", None)
    return model if calibrated is None else calibrated[0].estimator


def coefficient_table(comparison: Findings, result: ModelResult) -> CoefficientTable:
    """Read the coefficients of a linear model."""
    if not result.is_linear:
        raise ValueError(f"{result.name} has no coefficients: it is not linear")
    model = uncalibrated(result.model)
    coef: NDArray[Any] = np.atleast_2d(model.coef_)
    split = comparison.splits[0]
    prepared = comparison.given.columns.prepare(split.train, split.test)
    scales = column_scales(prepared.X_train, coef.shape[1])
    names = comparison.names or [f"x{j}" for j in range(coef.shape[1])]
    standardized = coef * scales
    order = np.argsort(-np.abs(standardized).max(axis=0), kind="stable")
    kept = order[coef[:, order].any(axis=0)]
    classes = None
    if len(coef) > 1 and comparison.target.classes is not None:
        classes = [str(name) for name in comparison.target.classes]
    return CoefficientTable(
        [names[j] for j in kept],
        coef[:, kept].T,
        standardized[:, kept].T,
        np.atleast_1d(model.intercept_),
        classes,
    )
