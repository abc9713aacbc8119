"""Classes and counts: the problem of a fit before its penalty is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.designs import RowDesign
from regkit.linear_model._labels import Labels
from regkit.linear_model._loss_paths import ClassificationPath, LogLinkPath
from regkit.linear_model._problem import PathRequest, Problem, TrainingRows
from regkit.linear_model._regularization_path import RegularizationPath
from regkit.linear_model._underflow import refuse_underflow
from regkit.rows.inputs import FitData
from regkit.solvers.class_criteria import class_criteria
from regkit.solvers.folds.in_memory import PathSettings
from regkit.solvers.loss_criteria import loss_criteria
from regkit.solvers.loss_terms import JointClasses, LossTerm, SeparateTargets
from regkit.solvers.losses import GAMMA, LOGISTIC, POISSON, Loss, LossTask
from regkit.solvers.multinomial import Multinomial
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult
from regkit.solvers.separation import lowering_columns, separating_columns

# Predictors of an optimum are rarely larger; where unpenalized ones are, it is worth
# more work to make sure that there is an optimum.
LARGE_PREDICTOR = 10.0
# Logarithms of expected values that differ less have squares that float64 can hold.
_FAR_APART = 300.0
# Why coefficients grow without end.
FALLS_TO_ZERO = "the expected values of rows with y = 0 fall to 0"
IS_SEPARATED = "the classes are separated"


@dataclass(frozen=True)
class AnyLossProblem(Problem):
    """Base of the problems with a loss of classes or counts, wherever the rows are.

    Subclasses state the `loss`, its `width`, the `classes`, the `offset` and the
    `total_weight`, and find what has no optimum.
    """

    aim: ClassVar[float]
    """To what share of its `tol` one fit is solved."""

    @property
    def loss(self) -> Loss | Multinomial:
        """The loss of a row."""
        raise NotImplementedError

    @property
    def width(self) -> int:
        """How many rows of coefficients are one problem, with one gap."""
        raise NotImplementedError

    @property
    def classes(self) -> NDArray[Any] | None:
        """The classes, of labels."""
        raise NotImplementedError

    @property
    def total_weight(self) -> float:
        """The sum of the weights, of rows and classes together."""
        raise NotImplementedError

    @property
    def offset(self) -> Any:
        """What is added to the linear predictors, an array; None for nothing."""
        raise NotImplementedError

    def solve_each(self, asked: PathRequest) -> PathResult:
        """Solve for one alpha, closer than asked for."""
        return self._asked_for(super().solve_each(self._closer(asked)), asked)

    def solve_many(self, asked: PathRequest) -> PathResult:
        """Solve for several alphas, closer than asked for."""
        return self._asked_for(super().solve_many(self._closer(asked)), asked)

    def _closer(self, asked: PathRequest) -> PathRequest:
        tol = self.aim * asked.settings.tol
        return asked._replace(settings=asked.settings._replace(tol=tol))

    def _asked_for(self, found: PathResult, asked: PathRequest) -> PathResult:
        return found.with_gaps(found.dual_gaps, asked.settings.tol)

    def report(self, result: PathResult, settings: PathSettings, **of: Any) -> None:
        """Raise where there is no optimum, then as `Problem.report` does."""
        self._refuse(result, of.get("fold"))
        super().report(result, settings, **of)

    def _refuse(self, result: PathResult, fold: TrainingRows | None) -> None:
        """Raise where there is no optimum, or an offset is too far to find it."""
        least = float(result.alphas.min())
        free = self._unpenalized(least)
        if self.loss.may_fall_forever and len(free):
            endless = self._endless(result, free, fold)
            if endless is not None:
                columns, effect = endless
                cause = "penalty_factor=0" if least > 0.0 else "alpha=0"
                raise ValueError(
                    f"{self.setup.name}{fold or ''} has no finite optimum with "
                    f"{cause}: along the unpenalized {self._named(columns)} {effect}, "
                    "and coefficients grow without end. Penalize them: a positive "
                    "alpha (and penalty_factor) makes the optimum finite."
                )
        if not np.isfinite([result.dual_gaps, result.intercepts]).all():
            self._refuse_far_offset()

    def _refuse_far_offset(self) -> None:
        """Raise where an offset is what overflows."""
        if self.offset is None or self.classes is not None:
            return
        low, high = float(self.offset.min()), float(self.offset.max())
        if high - low > _FAR_APART:
            raise ValueError(
                f"{self.setup.name} cannot solve this problem in float64: offset goes "
                f"from {low:g} to {high:g}, and exp(offset), which multiplies expected "
                "values, spans too many orders."
            )

    def _endless(
        self, result: PathResult, free: Indices, fold: TrainingRows | None
    ) -> tuple[Indices, str] | None:
        """Return unpenalized columns whose coefficients grow without end, and why.

        None where there is an optimum.
        """
        raise NotImplementedError

    def _least_penalized(self, result: PathResult) -> PathResult:
        """Return the solution at the smallest alpha."""
        paths = result.reshaped(-1, self.n_targets)
        return paths.at(int(np.argmin(paths.alphas[:, 0])))

    def attributes(self) -> dict[str, Any]:
        """Return the fitted attributes that do not depend on the solution."""
        fitted = super().attributes()
        fitted["_total_weight"] = self.total_weight  # for `to_sklearn`
        if self.classes is not None:
            fitted["classes_"] = self.classes
        return fitted

    def solution(self, result: PathResult) -> dict[str, Any]:
        """Return the fitted attributes of solutions of shape (n_targets,)."""
        coef, intercept = result.dense(), result.intercepts.copy()
        if self.classes is None:
            coef, intercept = coef[0], intercept[0]
        gaps, n_iters = result.dual_gaps.copy(), np.maximum(result.n_iters, 1)
        several = self.n_targets > self.width
        return {
            "coef_": coef,
            "intercept_": intercept,
            "dual_gap_": gaps if several else gaps[0],
            "n_iter_": n_iters if several else int(n_iters[0]),
            "solver_": result.solver,
        }

    def regularization_path(self, result: PathResult) -> RegularizationPath | None:
        """Turn a path, of one target or of all classes, into what users get."""
        if self.n_targets > self.width:
            return None
        n_outputs = result.shape[1]
        if n_outputs == 1:
            coefs = sp.csc_array(result.coefs, copy=True)
            coefs.eliminate_zeros()
        else:
            by_class = result.coef_path()  # (K, p, A)
            coefs = sp.csc_array(by_class.reshape(-1, by_class.shape[-1]))
        intercepts = result.intercepts
        common: dict[str, Any] = {
            "alphas": result.alphas[:, 0],
            "sparse_coefs": coefs,
            "intercepts": intercepts[:, 0] if n_outputs == 1 else intercepts,
            "dual_gaps": result.dual_gaps[:, 0],
            "n_nonzero": np.diff(coefs.indptr),
            "n_iters": result.n_iters[:, 0],
            "solver": result.solver,
            "null_objective": float(result.null_objectives[0, 0]),
            "explained_deviance": result.explained()[:, 0],
            "feature_names_in_": self.feature_names,
        }
        if self.classes is None:
            loss = self.loss.elementwise
            assert loss is not None
            power = {POISSON: 1.0, GAMMA: 2.0}.get(loss, loss.power)
            return LogLinkPath(**common, power=power)
        has_probabilities = self.loss == LOGISTIC or self.width > 1
        return ClassificationPath(
            **common, classes_=self.classes, has_probabilities=has_probabilities
        )

    def _unpenalized(self, alpha: float) -> Indices:
        """Return the columns that have no penalty at an alpha."""
        factor = self.limits.factor
        factor = np.ones(self.n_features) if factor is None else factor
        if alpha == 0.0:
            return np.flatnonzero(np.isfinite(factor))
        return np.flatnonzero(factor == 0.0)

    def _named(self, columns: Indices) -> str:
        """Return the first of some columns by name."""
        names = self.feature_names
        shown = [
            f"column {j}" if names is None else f"column {names[j]!r}"
            for j in columns[:5]
        ]
        more = f" and {len(columns) - 5} more" if len(columns) > 5 else ""
        return ", ".join(shown) + more if shown else "intercept"


@dataclass(frozen=True)
class LossProblem(AnyLossProblem):
    """Rows in memory, and a loss of classes or counts.

    Attributes
    ----------
    term : LossTerm
        The loss, the targets and the offset.
    design : RowDesign
        Weighted by rows and classes together.
    data : FitData
        X as the design has it; y are the class numbers, or the counts.
    weight : ndarray of shape (n_samples,) or None
        Of rows and classes together.
    labels : Labels or None
        Of classes.
    """

    # Predictions are as far off as the root of the gap. Since Newton's steps square the
    # error, a smaller gap costs a step or two, and two ways to the same fit, by weights
    # or repeated rows, alone or on a path, agree to many digits: scores of searches to
    # 1e-8.
    aim = 1e-12

    term: LossTerm
    design: RowDesign
    data: FitData
    weight: Floats | None
    labels: Labels | None

    @property
    def loss(self) -> Loss | Multinomial:
        """The loss of a row."""
        return self.term.loss

    @property
    def offset(self) -> Any:
        """What is added to the linear predictors."""
        return self.term.offset

    @property
    def width(self) -> int:
        """How many rows of coefficients are one problem, with one gap."""
        return self.term.width

    @property
    def classes(self) -> NDArray[Any] | None:
        """The classes, of labels."""
        return None if self.labels is None else self.labels.classes

    @property
    def total_weight(self) -> float:
        """The sum of the weights, of rows and classes together."""
        return self.design.total_weight

    @property
    def n_targets(self) -> int:
        """Rows of coefficients: one, or as many as there are classes."""
        return len(self.term.targets)

    def of_target(self, number: int) -> LossProblem:
        """Return the problem that separates one class from the rest.

        Raises
        ------
        ValueError
            When there is no such class.
        """
        if not 0 <= number < self.n_targets:
            raise ValueError(
                f"target={number} is not one of the {self.n_targets} problems of "
                f"{self.setup.name}."
            )
        if self.labels is None or self.n_targets == 1 or self.term.width > 1:
            return self
        targets = self.term.targets[number : number + 1]
        labels = Labels(np.array([False, True]), self.labels.codes == number)
        return replace(self, term=replace(self.term, targets=targets), labels=labels)

    def alpha_grid(self, penalty: Penalty, n_alphas: int, eps: float) -> Floats:
        """Return alphas from the smallest without nonzero coefficients down."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            return self.term.alpha_grid(self.design, penalty, n_alphas, eps)

    def path(self, asked: PathRequest) -> PathResult:
        """Solve all targets for strictly decreasing alphas: (n_alphas, n_targets)."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused in `report`
            return self.term.path(
                self.design,
                asked.penalty,
                asked.alphas,
                tol=asked.settings.tol,
                max_iter=asked.settings.max_iter,
                start=asked.start,
                max_nonzero=asked.max_nonzero,
            )

    def criterion(self, name: str, penalty: Penalty, path: PathResult) -> Floats:
        """Return an information criterion along a path of one problem, (n_alphas,)."""
        if isinstance(self.term, JointClasses):
            return class_criteria(
                self.design, self.term, penalty, path, name, self.weight
            )
        assert isinstance(self.term, SeparateTargets)
        return loss_criteria(
            self.design,
            LossTask(self.term.loss, self.term.targets[0], self.term.offset),
            penalty,
            path.reshaped(-1),
            name,
            self.weight,
        )

    def _endless(
        self, result: PathResult, free: Indices, fold: TrainingRows | None
    ) -> tuple[Indices, str] | None:
        rows = None if fold is None else fold.rows
        if rows is None:
            rows = np.arange(len(self.data.y))
        if self.weight is not None:
            rows = rows[self.weight[rows] > 0.0]
        X, fit_intercept = self.data.X[rows], self.design.fit_intercept
        if result.converged.all():
            least = self._least_penalized(result)
            eta = X @ least.coefs + least.intercepts
            if np.max(np.abs(eta)) <= LARGE_PREDICTOR:
                return None
        box = self.limits.lower, self.limits.upper
        if self.labels is None:
            y = self.data.y[rows]
            columns = lowering_columns(X, y, free, box, fit_intercept)
            return None if columns is None else (columns, FALLS_TO_ZERO)
        codes, n_classes = self.labels.codes[rows], len(self.labels.classes)
        columns = separating_columns(X, codes, n_classes, free, box, fit_intercept)
        return None if columns is None else (columns, IS_SEPARATED)

    def refuse_underflow(self) -> None:
        """Raise where squares of a column of X underflow."""
        X, names = self.data.X, self.data.feature_names
        refuse_underflow(self.setup.name, self.design, X, None, self.weight, names)
