"""What a comparison found: the numbers, the models, and what was compared on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit.comparison.splits import Plan, Split
from regkit.comparison.tables import Given
from regkit.comparison.tasks import ComparisonTarget, Metric
from regkit.inspection.path_display import RegularizationPathDisplay
from regkit.inspection.selection_display import AlphaSelectionDisplay


@dataclass(frozen=True, eq=False)
class ModelResult:
    """One row of a comparison.

    Of several splits, errors and scores are means over them; penalties, the model, its
    answers and pictures are those of the first split.

    Attributes
    ----------
    name : str
        The model.
    kind : int
        0 for a linear model, 1 for boosting, 2 for a network.
    train_error, test_error : float
        Error on the training and on the test rows, in the metric of the comparison.
    test_error_se : float
        Standard error of `test_error`.
    cv_error, cv_error_se : float or None
        Cross-validated error within the training rows at the chosen penalty, and its
        standard error; None for models that have nothing to choose.
    scores : dict of str to float
        On the test rows: "r2" of numbers and counts, "accuracy" and "auc" of classes.
    equal_to_best : bool
        Whether the error is within one standard error of the smallest.
    n_nonzero : int
        Columns with a nonzero coefficient, or weights of a network; 0 for boosting.
    alpha, l1_ratio, dropout : float or None
        What was chosen, as the estimator takes it; None where there is no choice.
    seconds : float
        Wall-clock time of tuning and of the final fits.
    model : estimator
        Fitted on the training rows, as numbers.
    models : tuple of estimator
        The same of each split.
    answers : ndarray of shape (n_test,) or (n_test, n_classes)
        Predictions of the test rows, or shares of the classes (of an SVM, margins).
    test_losses : ndarray of shape (n_test,)
        The loss of each test row.
    selection : AlphaSelectionDisplay or None
        How alpha was chosen; draw it with ``selection.plot()``. Linear models only.
    path : RegularizationPathDisplay or None
        Coefficients along alpha on the training rows; draw it with ``path.plot()``.
        Lasso and Elastic Net only.
    """

    name: str
    kind: int
    train_error: float
    test_error: float
    test_error_se: float
    cv_error: float | None
    cv_error_se: float | None
    scores: dict[str, float]
    equal_to_best: bool
    n_nonzero: int
    alpha: float | None
    l1_ratio: float | None
    dropout: float | None
    seconds: float
    model: Any = field(repr=False)
    models: tuple[Any, ...] = field(repr=False)
    answers: NDArray[np.float64] = field(repr=False)
    test_losses: NDArray[np.float64] = field(repr=False)
    selection: AlphaSelectionDisplay | None = field(default=None, repr=False)
    path: RegularizationPathDisplay | None = field(default=None, repr=False)

    @property
    def gap(self) -> float:
        """Test error minus training error."""
        return self.test_error - self.train_error

    @property
    def is_linear(self) -> bool:
        """Whether the model is a sum of columns times coefficients."""
        return self.kind == 0


@dataclass(frozen=True, eq=False)
class Findings:
    """All that `RegularizerComparison` shows, whose documentation names the fields."""

    results: tuple[ModelResult, ...]
    recommended: str
    target: ComparisonTarget
    metric: Metric
    mean_error: float
    constant_equal: bool
    n_train: int
    n_test: int
    n_columns: int
    n_features: int
    plan: Plan
    splits: tuple[Split, ...]
    given: Given
    names: list[str] | None
    encoder: Any
    warnings: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out or read with doubt, a sentence each."""
        return self.given.notes()

    @property
    def best_(self) -> ModelResult:
        """The result with the smallest test error; the first of equals."""
        return min(self.results, key=lambda result: result.test_error)

    @property
    def recommended_(self) -> ModelResult:
        """The simplest result within one standard error of the best."""
        return next(r for r in self.results if r.name == self.recommended)

    def __getitem__(self, name: str) -> ModelResult:
        """Return the result whose name starts so, such as ``comparison["Lasso"]``."""
        for result in self.results:
            if result.name.startswith(name):
                return result
        names = ", ".join(result.name for result in self.results)
        raise KeyError(f"no model {name!r}; there are: {names}")
