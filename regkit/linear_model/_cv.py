"""Choosing alpha, whatever the model and wherever the rows are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from numbers import Integral
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from regkit._sklearn import validate_parameters
from regkit.linear_model._base import LinearModel
from regkit.linear_model._evaluation import Evaluation, Evaluator
from regkit.linear_model._grid import decreasing_alphas
from regkit.linear_model._problem import FitRows
from regkit.linear_model._progress import Progress
from regkit.linear_model._report import warn_at_grid_edge
from regkit.linear_model._selection import Choice, choose
from regkit.linear_model._single_alpha import SingleAlphaModel
from regkit.linear_model._splits import make_router, route
from regkit.linear_model._views import SelectionViews
from regkit.rows.open import as_source
from regkit.rows.sources import RowSource
from regkit.solvers.folds.in_memory import PathSettings


class Arguments(NamedTuple):
    """What `fit` was called with."""

    rows: FitRows
    split_params: dict[str, Any]
    """For the splitter."""
    score_params: dict[str, Any]
    """For the scorer."""


class CrossValidated(SelectionViews, LinearModel):
    """Base of the models that choose alpha, whatever their loss.

    Subclasses make the evaluators: `_evaluator_of_rows`, and `_evaluator_of_chunks`
    where rows may come in chunks. They say which `_l1_ratios` there are to choose from,
    and may add to `_attributes_of`.
    """

    refit: bool = True
    _single_class: ClassVar[type[SingleAlphaModel]]
    """The estimator for one alpha."""

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        params: dict[str, Any],
        offset: Any = None,
    ) -> Self:
        """Choose alpha and fit, for rows as the user passed them."""
        validate_parameters(self)
        progress = Progress(self, len(self._l1_ratios()))
        routes = route(self, params, sample_weight)
        given = Arguments(FitRows(X, y, sample_weight, offset), *routes)
        source = self._source(X)
        if source is None:
            return self._choose(self._evaluator_of_rows(given), progress)
        progress.say("rows are read in chunks")
        return self._choose(self._evaluator_of_chunks(source, given), progress)

    def _choose(self, evaluator: Evaluator, progress: Progress) -> Self:
        """Evaluate all alphas, choose, fit at the choice, and set the attributes."""
        evaluations = []
        for l1_ratio in self._l1_ratios():
            evaluations.append(self._evaluate(evaluator, l1_ratio, progress))
        problem = evaluator.problem
        problem.refuse_underflow()
        best = min(evaluations, key=attrgetter("least_error"))  # the first of equals
        choices: list[Choice] = []
        at_edge: list[int] = []
        for curve in best.curves:
            chosen = choose(curve, self.rule, null_at_largest=best.is_null_at_largest)
            if chosen.is_worth_a_warning:
                at_edge.append(len(choices))
            choices.append(chosen)
        fitted = problem.attributes() | self._attributes_of(best, choices)
        fitted |= self._curves(evaluations)
        if self.refit:
            result, others = evaluator.refit(best, choices)
            fitted |= self._solution(result, problem.y_ndim) | others
        if at_edge:
            self._warn_at_edges(choices, at_edge)
        self._replace_attributes(fitted)
        progress.end(fitted)
        return self

    def _evaluate(
        self, evaluator: Evaluator, l1_ratio: float, progress: Progress
    ) -> Evaluation:
        if isinstance(self.alphas, Integral):
            alphas = evaluator.alpha_grid(l1_ratio, int(self.alphas), self.eps)
        else:
            alphas = decreasing_alphas(self.alphas)
        progress.begin(l1_ratio, len(alphas), evaluator.n_folds)
        return evaluator.evaluate(l1_ratio, alphas)

    def _attributes_of(
        self, best: Evaluation, choices: Sequence[Choice]
    ) -> dict[str, Any]:
        """Return the attributes that say what was chosen."""
        alphas = best.alphas
        each = defaultdict(list)
        for choice in choices:
            each["alpha_"].append(alphas[choice.index])
            each["alpha_min_"].append(alphas[choice.index_min])
            each["at_grid_edge_"].append(bool(choice.edge))
            if choice.index_1se is not None:
                each["alpha_1se_"].append(alphas[choice.index_1se])
        fitted = {}
        for name, values in each.items():
            if len(values) == len(choices):
                fitted[name] = best.joined(values)
        return fitted

    def _curves(self, evaluations: Sequence[Evaluation]) -> dict[str, Any]:
        """Return the attributes with one entry per alpha, or per l1_ratio and alpha."""
        if len(evaluations) == 1:
            return evaluations[0].attributes()
        each = defaultdict(list)
        for evaluation in evaluations:
            for name, values in evaluation.attributes().items():
                each[name].append(values)
        fitted: dict[str, Any] = {name: np.stack(each[name]) for name in each}
        if not isinstance(self.alphas, Integral):  # all have the same
            fitted["alphas_"] = evaluations[0].alphas
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

    def _l1_ratios(self) -> list[float]:
        """Return the l1_ratios to choose from."""
        raise NotImplementedError

    def _settings(self) -> PathSettings:
        return PathSettings(self.tol, self.max_iter, self.solver)

    def _source(self, X: Any) -> RowSource | None:
        """Return X as rows that are read in chunks, None where it is in memory."""
        return as_source(X)

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
