"""Choosing alpha, whatever the model and wherever the rows are.

`CrossValidated` is the estimators' base. It asks an `Evaluator`, one class per kind of
folds, for an `Evaluation` of all alphas; `_selection` chooses one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from regkit._describe import described_as
from regkit._sklearn import replace_attributes, validate_parameters
from regkit._types import Floats
from regkit.linear_model._base import LinearModel
from regkit.linear_model._grid import check_alphas, check_l1_ratios, decreasing
from regkit.linear_model._problem import FitRows, Problem
from regkit.linear_model._progress import Progress
from regkit.linear_model._report import warn_at_grid_edge
from regkit.linear_model._selection import Choice, ErrorCurve, choose
from regkit.linear_model._single_alpha import LeastSquaresModel, SingleAlphaModel
from regkit.linear_model._splits import make_router, route
from regkit.linear_model._views import SelectionViews
from regkit.rows.inputs import is_in_memory
from regkit.rows.open import as_source
from regkit.rows.sources import RowSource
from regkit.solvers.results import PathResult


class Arguments(NamedTuple):
    """What `fit` was called with."""

    rows: FitRows
    split_params: dict[str, Any]
    """For the splitter."""
    score_params: dict[str, Any]
    """For the scorer."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What is known of every alpha, for one l1_ratio.

    Attributes
    ----------
    l1_ratio : float
    curves : list of ErrorCurve
        One; or one per target where each gets an alpha of its own.
    is_per_target : bool
        Whether results have an axis for the targets.
    fold_errors : ndarray of shape (n_alphas, n_folds, n_curves) or None
        Mean errors of the held-out rows; None without folds.
    fold_errors_name, error_name : str
        The attributes that hold them, and the curves' means.
    whole : PathResult or None
        The path on all rows, where it was solved.
    folds : sequence of PathResult
        The paths on the folds' training rows, where they are kept.
    penalized : ndarray of shape (n_features,) and dtype bool, or None
        The columns with a penalty, where there are paths.
    row_results : ndarray of shape (n_samples, [n_targets,] n_alphas) or None
        Squared errors or predictions of each row when left out, where they are kept.
    """

    l1_ratio: float
    curves: list[ErrorCurve]
    is_per_target: bool = False
    fold_errors: Floats | None = None
    fold_errors_name: str = "mse_path_"
    error_name: str = "cv_error_"
    whole: PathResult | None = None
    folds: Sequence[PathResult] = ()
    penalized: NDArray[np.bool_] | None = None
    row_results: Floats | None = None

    @property
    def alphas(self) -> Floats:
        """The alphas, of shape (n_alphas,)."""
        return self.curves[0].alphas

    def is_null_at_largest(self) -> bool:
        """Whether all penalized coefficients are known to be 0 at the largest alpha.

        Larger ones would change nothing then.
        """
        if self.penalized is None:
            return False
        paths = self.folds if self.whole is None else [self.whole]
        return not any(path.at(0).coefs[self.penalized].any() for path in paths)

    def attributes(self) -> dict[str, Any]:
        """Return the fitted attributes that have an entry per alpha."""
        first, errors = self.curves[0], self.fold_errors
        fitted = {"alphas_": first.alphas, self.error_name: first.mean}
        if first.se is not None:
            fitted["cv_error_se_"] = first.se
        if errors is not None:
            fitted[self.fold_errors_name] = errors[:, :, 0]
        if self.is_per_target:
            fitted[self.error_name] = np.stack([c.mean for c in self.curves], axis=-1)
            if first.se is not None:
                spreads: Any = [c.se for c in self.curves]
                fitted["cv_error_se_"] = np.stack(spreads, axis=-1)
            if errors is not None:
                fitted[self.fold_errors_name] = errors
        return fitted

    def in_order(self, alphas: Floats) -> Evaluation:
        """Return what is known of the same alphas in another order, repeated or not.

        The alphas known are decreasing, and belong to no path.
        """
        places = np.searchsorted(-self.alphas, -alphas)

        def moved(values: Floats | None) -> Floats | None:
            return None if values is None else values[places]

        curves = [
            ErrorCurve(alphas, c.mean[places], moved(c.se), moved(c.fold_errors))
            for c in self.curves
        ]
        rows = None if self.row_results is None else self.row_results[..., places]
        return replace(
            self, curves=curves, fold_errors=moved(self.fold_errors), row_results=rows
        )


class Refitted(NamedTuple):
    """The model at the chosen alpha, and what else is known of its path."""

    result: PathResult
    """Of shape (n_targets,)."""
    attributes: dict[str, Any]


class Evaluator(Protocol):
    """What choosing alpha asks of the data: one class per kind of folds."""

    @property
    def problem(self) -> Problem:
        """All rows."""

    @property
    def n_folds(self) -> int:
        """How many there are; 0 where alphas are evaluated without folds."""

    def alpha_grid(self, l1_ratio: float, n_alphas: int, eps: float | None) -> Floats:
        """Return the automatic grid, strictly decreasing."""

    def evaluate(self, l1_ratio: float, alphas: Floats) -> Evaluation:
        """Find the error of every alpha; they are strictly decreasing."""

    def refit(self, evaluation: Evaluation, choices: Sequence[Choice]) -> Refitted:
        """Fit all rows with the alphas chosen, one per curve."""


class CrossValidated(SelectionViews, LinearModel):
    """Base of the models that choose alpha, whatever their loss.

    Subclasses make the evaluators: `_evaluator_of_rows`, and `_evaluator_of_chunks`
    where rows may come in chunks. They say which `_l1_ratios` there are to choose from,
    and may add to `_attributes_of`.
    """

    refit: bool = True
    store_fold_coefs: bool = False
    _single_class: ClassVar[type[SingleAlphaModel]]
    """The estimator for one alpha."""
    _keeps_order: ClassVar[bool] = False
    """Whether results have the alphas as the user gave them, in any order."""

    @described_as(LeastSquaresModel.fit)
    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        params: dict[str, Any],
        offset: Any = None,
    ) -> Self:
        """Choose alpha and fit, for rows as the user passed them.

        Parameters
        ----------
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, non-negative and not all zero: in training and in the
            held-out errors. An integer weight counts as that many copies of the row.
        offset : array-like of shape (n_samples,), default=None
            Added to the linear predictor of each row, in training and when held out.
        **params : dict
            `groups` for the splitter. With metadata routing enabled, whatever the
            splitter and the scorer request.

        Warns
        -----
        ConvergenceWarning
            When the duality gap is above `tol` at some alpha, in the path on all rows
            or in a fold's.
        UserWarning
            When the least error is at an end of the grid and still falling, or when
            unpenalized columns are linearly dependent.
        """
        validate_parameters(self)
        l1_ratios = self._l1_ratios
        progress = Progress(self, len(l1_ratios)) if self.verbose else None
        routes = route(self, params, sample_weight)
        given = Arguments(FitRows(X, y, sample_weight, offset), *routes)
        source = None if is_in_memory(X) else self._source(X)
        if source is None:
            return self._choose(self._evaluator_of_rows(given), l1_ratios, progress)
        if progress is not None:
            progress.say("rows are read in chunks")
        evaluator = self._evaluator_of_chunks(source, given)
        return self._choose(evaluator, l1_ratios, progress)

    def _choose(
        self,
        evaluator: Evaluator,
        l1_ratios: Sequence[float],
        progress: Progress | None,
    ) -> Self:
        """Evaluate all alphas, choose, fit at the choice, and set the attributes."""
        evaluations, errors = [], []
        is_count = isinstance(self.alphas, Integral)
        given = None if is_count else check_alphas(self.alphas)
        for l1_ratio in l1_ratios:
            if given is None:
                eps = None if self.eps is None else float(self.eps)
                alphas = evaluator.alpha_grid(l1_ratio, int(self.alphas), eps)
            else:
                alphas = decreasing(given)
            if progress is not None:
                progress.begin(l1_ratio, len(alphas), evaluator.n_folds)
            found = evaluator.evaluate(l1_ratio, alphas)
            if self._keeps_order and given is not None:
                found = found.in_order(given)
            evaluations.append(found)
            mean = found.curves[0].mean
            errors.append(np.min(mean, where=np.isfinite(mean), initial=np.inf))
        problem = evaluator.problem
        problem.refuse_underflow()
        best = evaluations[int(np.argmin(errors))]  # the first of equals
        choices: list[Choice] = []
        at_edge: list[int] = []
        for curve in best.curves:
            chosen = choose(curve, self.rule, best.is_null_at_largest)
            if chosen.is_worth_a_warning:
                at_edge.append(len(choices))
            choices.append(chosen)
        fitted = problem.attributes() | self._attributes_of(best, choices)
        if len(evaluations) == 1:
            fitted |= best.attributes()
        else:
            fitted |= self._stacked(evaluations)
        if self.refit:
            result, others = evaluator.refit(best, choices)
            fitted |= problem.solution(result) | others
        if at_edge:
            self._warn_at_edges(choices, at_edge)
        replace_attributes(self, fitted)
        if progress is not None:
            progress.end(fitted)
        return self

    def _attributes_of(
        self, best: Evaluation, choices: Sequence[Choice]
    ) -> dict[str, Any]:
        """Return the attributes that say what was chosen."""
        alphas = best.curves[0].alphas
        each = defaultdict(list)
        for choice in choices:
            each["alpha_"].append(alphas[choice.index])
            each["alpha_min_"].append(alphas[choice.index_min])
            each["at_grid_edge_"].append(bool(choice.edge))
            if choice.index_1se is not None:
                each["alpha_1se_"].append(alphas[choice.index_1se])
        fitted: dict[str, Any] = {}
        for name, values in each.items():
            if len(values) == len(choices):
                fitted[name] = np.array(values) if best.is_per_target else values[0]
        if hasattr(self, "l1_ratio"):
            fitted["l1_ratio_"] = best.l1_ratio
        if best.folds and self.store_fold_coefs:
            fitted["fold_coef_path_"] = np.stack([f.coef_path() for f in best.folds])
        if best.row_results is not None:
            fitted["cv_results_"] = best.row_results
        return fitted

    def _stacked(self, evaluations: Sequence[Evaluation]) -> dict[str, Any]:
        """Return the attributes with one entry per l1_ratio and alpha."""
        each = defaultdict(list)
        for evaluation in evaluations:
            for name, values in evaluation.attributes().items():
                each[name].append(values)
        fitted: dict[str, Any] = {name: np.stack(each[name]) for name in each}
        if not isinstance(self.alphas, Integral):  # all have the same
            fitted["alphas_"] = evaluations[0].curves[0].alphas
        return fitted

    def _warn_at_edges(self, choices: Sequence[Choice], at_edge: list[int]) -> None:
        """Warn of the choices, by number, beyond which the grid should go on."""
        advice = choices[at_edge[0]].edge
        if len(choices) > 1:
            advice = f"for target {at_edge[0]}, {advice}"
        if len(at_edge) > 1:
            others = ", ".join(str(t) for t in at_edge[1:])
            advice += f" So it is for the targets {others}."
        warn_at_grid_edge(type(self).__name__, advice)

    def _single(self, l1_ratio: float) -> Any:
        """Return the unfitted estimator for one alpha, with all that both take."""
        # (Every parameter has constraints; asking for signatures takes longer.)
        own, taken = self._parameter_constraints, self._single_class
        shared = {
            name: getattr(self, name)
            for name in taken._parameter_constraints
            if name in own
        }
        if "l1_ratio" in shared:
            shared["l1_ratio"] = l1_ratio
        return self._single_class(**shared)

    def _counterpart(self, alpha: Any, l1_ratio: float) -> Any:
        return self._single(l1_ratio)._counterpart(alpha, l1_ratio)

    @property
    def _l1_ratios(self) -> Sequence[float]:
        """The l1_ratios to choose from."""
        raise NotImplementedError

    # X as rows that are read in chunks, None where it is in memory.
    _source = staticmethod(as_source)

    def _evaluator_of_rows(self, given: Arguments) -> Evaluator:
        """Return the evaluator for rows in memory."""
        raise NotImplementedError

    def _evaluator_of_chunks(self, source: RowSource, given: Arguments) -> Evaluator:
        """Return the evaluator for rows that are read in chunks."""
        raise NotImplementedError

    def get_metadata_routing(self) -> Any:
        """Return the routes of arguments of `fit` to the splitter and the scorer.

        Returns
        -------
        routing : MetadataRouter
            The routes.
        """
        return make_router(self)


class PathCV(CrossValidated):
    """Base of the twins that choose alpha along a path, whatever their loss.

    Parameters
    ----------
    standardize : bool, default=False
        Whether the penalty acts on the coefficients of the columns scaled to unit
        weighted standard deviation, in each fold that of its training rows.
        Coefficients and bounds stay in X's own units.
    """

    @property
    def _l1_ratios(self) -> Sequence[float]:
        return check_l1_ratios(self.l1_ratio)

    def _check_one_is_enough(self, n_samples: int) -> None:
        """Refuse an information criterion of one sample."""
        if n_samples == 1:
            raise ValueError(
                f"criterion={self.criterion!r} cannot evaluate a fit to 1 sample."
            )
