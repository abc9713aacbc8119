"""What all fits by a loss of classes or counts share: the problem, its solutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from regkit._sklearn import check_same_features
from regkit._types import Floats, Indices
from regkit.designs import RowDesign, make_design
from regkit.linear_model._base import (
    LinearModel,
    column_attributes,
    linear_predictor,
)
from regkit.linear_model._labels import Labels
from regkit.linear_model._limits import Limits, check_limits
from regkit.linear_model._report import report
from regkit.linear_model._separation import lowering_columns, separating_columns
from regkit.linear_model._underflow import refuse_underflow
from regkit.rows.inputs import FitData, check_predict_X, check_y
from regkit.rows.open import as_source
from regkit.solvers.losses import Loss
from regkit.solvers.multinomial import Multinomial
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult
from regkit.solvers.solve_loss import solve_loss_path
from regkit.solvers.solve_multinomial import solve_multinomial_path

# Coefficients and intercept to start from.
Start = tuple[Floats, float]

# Predictors of an optimum are rarely larger; where unpenalized ones are, it is worth
# a linear program to make sure that there is an optimum.
_LARGE_PREDICTOR = 10.0


@dataclass(frozen=True, slots=True)
class LossProblem:
    """Rows, targets and limits of a fit, before its penalty is known."""

    name: str
    """Of the estimator or function, for messages."""
    loss: Loss | Multinomial
    design: RowDesign
    data: FitData
    """X as the design has it; y are the class numbers, or the counts."""
    weight: Floats | None
    """(n_samples,), of rows and classes together."""
    targets: Floats
    """(n_targets, n_samples). Each a problem of its own, one per class where classes
    are told from the rest; of the multinomial loss, the indicators of the classes."""
    offset: Floats | None
    limits: Limits
    labels: Labels | None

    def penalty(self, l1_ratio: float) -> Penalty:
        """State the penalty."""
        limits = self.limits
        return Penalty.build(
            self.design.n_features,
            l1_ratio,
            limits.factor,
            limits.lower,
            limits.upper,
        )

    def solve(
        self,
        penalty: Penalty,
        alphas: Floats,
        *,
        design: RowDesign | None = None,
        starts: list[Start] | None = None,
        **options: Any,
    ) -> PathResult:
        """Solve one path per target, on all rows or as `design` weights them.

        The result has the shape (n_alphas, n_targets).
        """
        if isinstance(self.loss, Multinomial):
            return self._solve_jointly(penalty, alphas, design, starts, options)
        with np.errstate(over="ignore", invalid="ignore"):  # reported by `report`
            results = [
                solve_loss_path(
                    self.design if design is None else design,
                    self.loss,
                    target,
                    penalty,
                    alphas,
                    offset=self.offset,
                    start=None if starts is None else starts[t],
                    **options,
                )
                for t, target in enumerate(self.targets)
            ]
        return PathResult.stack(results)

    def _solve_jointly(
        self,
        penalty: Penalty,
        alphas: Floats,
        design: RowDesign | None,
        starts: list[Start] | None,
        options: dict[str, Any],
    ) -> PathResult:
        """Solve the path of the multinomial loss."""
        start = None
        if starts is not None:
            coefs, intercepts = zip(*starts, strict=True)
            start = np.array(coefs).T, np.array(intercepts)
        assert self.labels is not None
        with np.errstate(over="ignore", invalid="ignore"):  # reported by `report`
            return solve_multinomial_path(
                self.design if design is None else design,
                self.labels.codes,
                len(self.labels.classes),
                penalty,
                alphas,
                offset=self.offset,
                start=start,
                **options,
            )

    def report(
        self,
        result: PathResult,
        *,
        tol: float,
        max_iter: int,
        standardize: bool,
        where: str = "",
        rows: Indices | None = None,
    ) -> None:
        """Raise or warn where a path is not what was asked for.

        Parameters
        ----------
        result : PathResult of shape (n_alphas, n_targets)
        tol, max_iter, standardize : object
            Of the estimator.
        where : str
            Which fold, for messages.
        rows : ndarray of int or None
            The rows trained on; None for all.

        Raises
        ------
        ValueError
            Where numbers overflow, or where there is no optimum.
        """
        called = self.name + where
        self._refuse_separation(result, called, rows)
        report(
            called,
            result,
            factor=self.limits.factor,
            standardize=standardize,
            tol=tol,
            max_iter=max_iter,
        )
        if rows is None:
            X, names = self.data.X, self.data.feature_names
            refuse_underflow(called, self.design, X, None, self.weight, names)

    def _refuse_separation(
        self, result: PathResult, called: str, rows: Indices | None
    ) -> None:
        """Raise where unpenalized coefficients grow without end."""
        free = np.zeros(self.design.n_features, dtype=bool)
        factor = self.limits.factor
        if factor is not None:
            free |= factor == 0.0
        least = float(result.alphas.min())
        if least == 0.0:
            free |= ~np.isinf(0.0 if factor is None else factor)
        if not free.any() or self.loss.name in ("Gamma", "squared hinge", "hinge"):
            return
        used = np.arange(len(self.data.y)) if rows is None else rows
        if self.weight is not None:
            used = used[self.weight[used] > 0.0]
        X = self.data.X[used]
        if result.converged.all():
            last = result.at(len(result.alphas) - 1)
            eta = X @ last.coefs + last.intercepts
            if np.max(np.abs(eta)) <= _LARGE_PREDICTOR:
                return
        fit_intercept = self.design.fit_intercept
        if self.labels is None:
            columns = lowering_columns(
                X, self.data.y[used], free, self.limits, fit_intercept
            )
            effect = "the expected values of rows with y = 0 fall to 0"
        else:
            columns = separating_columns(
                X,
                self.labels.codes[used],
                len(self.labels.classes),
                free,
                self.limits,
                fit_intercept,
            )
            effect = "the classes are separated"
        if columns is None:
            return
        cause = "penalty_factor=0" if least > 0.0 else "alpha=0"
        raise ValueError(
            f"{called} has no finite optimum with {cause}: along the unpenalized "
            f"{self._named(columns)} {effect}, and coefficients grow without end. "
            "Penalize them: a positive alpha (and penalty_factor) makes the optimum "
            "finite."
        )

    def _named(self, columns: Indices) -> str:
        names = self.data.feature_names
        shown = [
            f"column {j}" if names is None else f"column {names[j]!r}"
            for j in columns[:5]
        ]
        more = f" and {len(columns) - 5} more" if len(columns) > 5 else ""
        return ", ".join(shown) + more if shown else "intercept"


class LossEstimator(LinearModel):
    """Base of the estimators fitted by such a loss; subclasses state the problem."""

    # Whether several classes are one problem, with one gap.
    _is_joint = False
    coef_: Any
    intercept_: Any
    n_features_in_: int

    def to_sklearn(self) -> Any:
        """Return scikit-learn's own estimator with these coefficients.

        It predicts the same, and whatever takes scikit-learn's models takes it,
        converters to ONNX among them.

        Returns
        -------
        model : LogisticRegression, LinearSVC, PoissonRegressor, GammaRegressor or \
                TweedieRegressor
            Fitted. Fitting it anew solves scikit-learn's own problem, which knows of no
            `standardize`, `bounds` and `penalty_factor`,
            and of no L1 penalty of counts.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        from regkit.linear_model._to_sklearn import scikit_learn_of

        return scikit_learn_of(self)

    def _open(
        self, X: Any, y: Any, sample_weight: Any, offset: Any, name: str | None = None
    ) -> LossProblem:
        """Check the data and state the problem; messages are by `name`, if given."""
        raise NotImplementedError

    def _state(
        self,
        data: FitData,
        loss: Loss | Multinomial,
        targets: Floats,
        offset: Any,
        weight: Floats | None,
        name: str | None,
        labels: Labels | None = None,
    ) -> LossProblem:
        """Make a problem of checked data."""
        n_samples, n_features = data.X.shape
        limits = check_limits(
            n_features,
            self.positive,
            self.bounds,
            self.penalty_factor,
            data.feature_names,
        )
        shift = None
        if offset is not None:
            several = len(targets) if isinstance(loss, Multinomial) else 1
            shift = check_offset(self, offset, n_samples, several)
        with np.errstate(over="ignore", invalid="ignore"):  # reported by `report`
            design = make_design(
                data.X, weight, bool(self.fit_intercept), bool(self.standardize)
            )
        called = name or type(self).__name__
        return LossProblem(
            called, loss, design, data, weight, targets, shift, limits, labels
        )

    def _linear_predictor(self, X: Any, offset: Any = None) -> Floats:
        """Compute ``X @ coef_.T + intercept_ + offset`` for rows in memory."""
        check_is_fitted(self, "coef_")
        check_same_features(self, X)
        X = check_predict_X(self, X, self.coef_.shape[-1])
        coef: Any = self.coef_
        is_sparse: bool = sp.issparse(coef)
        if is_sparse:  # after `sparsify`
            found = np.asarray((X @ coef.T).toarray() if sp.issparse(X) else X @ coef.T)
            found = found + self.intercept_
        else:
            found = linear_predictor(X, coef, self.intercept_)
        if offset is not None:
            several = 1 if found.ndim == 1 else found.shape[1]
            shift = check_offset(self, offset, X.shape[0], several)
            found = found + (shift if found.ndim == shift.ndim else shift[:, None])
        return found

    def _attributes(self, problem: LossProblem) -> dict[str, Any]:
        """Return the attributes that do not depend on the solution."""
        fitted = column_attributes(
            problem.design.n_features, problem.data.feature_names
        )
        fitted["_total_weight"] = problem.design.total_weight  # for `to_sklearn`
        if problem.labels is not None:
            fitted["classes_"] = problem.labels.classes
        return fitted

    def _solution(self, result: PathResult, y_ndim: int = 1) -> dict[str, Any]:
        n_iters = np.maximum(result.n_iters, 1)
        several = len(result.intercepts) > 1 and not self._is_joint
        return {
            "coef_": result.dense(),
            "intercept_": result.intercepts.copy(),
            "dual_gap_": result.dual_gaps.copy() if several else result.dual_gaps[0],
            "n_iter_": n_iters if several else int(n_iters[0]),
            "solver_": result.solver,
        }


def check_offset(caller: Any, offset: Any, n_samples: int, n_outputs: int) -> Floats:
    """Check what is added to the linear predictors of each row.

    Raises
    ------
    ValueError
        When it is not one finite number per row, or per row and class of several.
    """
    checked = check_y(caller, offset, "offset")
    wanted: tuple[int, ...] = (n_samples,)
    per = "per row of X"
    if n_outputs > 1:
        wanted = (n_samples, n_outputs)
        per = f"per row of X and class ({n_outputs} classes)"
    if checked.shape != wanted:
        raise ValueError(
            f"offset must have one entry {per}: X has {n_samples} rows, offset has "
            f"shape {checked.shape}."
        )
    return np.ascontiguousarray(checked, dtype=np.float64)


def refuse_chunks(name: str, X: Any) -> None:
    """Raise for rows that come in chunks; a memory map is used in place.

    Raises
    ------
    TypeError
        With the remedy.
    """
    if isinstance(X, np.ndarray) or as_source(X) is None:
        return
    raise TypeError(
        f"{name} needs the rows of X in memory, or a memory map, but X comes in chunks "
        f"({type(X).__name__}): pass an array, a sparse matrix or a data frame."
    )
