"""Choosing alpha, whatever the model and wherever the rows are."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np

from regkit._sklearn import validate_parameters
from regkit.linear_model._base import LinearModel, column_attributes
from regkit.linear_model._evaluation import Evaluation, Evaluator, Report
from regkit.linear_model._grid import decreasing_alphas
from regkit.linear_model._progress import Progress
from regkit.linear_model._report import report, warn_at_grid_edge
from regkit.linear_model._selection import Choice, choose
from regkit.linear_model._splits import make_router, route
from regkit.linear_model._views import SelectionViews
from regkit.rows.inputs import FitData, check_fit_data
from regkit.rows.open import as_source
from regkit.rows.sources import RowSource
from regkit.solvers.folds.in_memory import PathSettings
from regkit.solvers.results import PathResult


class CrossValidated(SelectionViews, LinearModel):
    """Base of the models that choose alpha, whatever their loss.

    Subclasses make the evaluators: `_evaluator_of_rows`, and `_evaluator_of_chunks`
    where rows may come in chunks. They say which `_l1_ratios` there are to choose from,
    and may add to `_attributes_of`.
    """

    refit: bool = True
    _fold_errors_name: ClassVar[str] = "mse_path_"
    """The attribute that holds the folds' errors by the loss."""

    def _fit(self, X: Any, y: Any, sample_weight: Any, params: dict[str, Any]) -> Self:
        """Choose alpha and fit, for rows as the user passed them."""
        validate_parameters(self)
        progress = Progress(self, len(self._l1_ratios()))
        split_params, score_params = route(self, params, sample_weight)
        source = as_source(X)
        if source is None:
            data = check_fit_data(self, X, y, sample_weight)
            evaluator = self._evaluator_of_rows(data, split_params, score_params)
        else:
            progress.say("rows are read in chunks")
            evaluator = self._evaluator_of_chunks(
                source, y, sample_weight, split_params
            )
        return self._choose(evaluator, progress)

    def _choose(self, evaluator: Evaluator, progress: Progress) -> Self:
        """Evaluate all alphas, choose, fit at the choice, and set the attributes."""
        report_fit = self._reporter(evaluator)
        evaluations = [
            self._evaluate(evaluator, l1_ratio, report_fit, progress)
            for l1_ratio in self._l1_ratios()
        ]
        evaluator.refuse_underflow()
        least = [evaluation.least_error for evaluation in evaluations]
        best = evaluations[int(np.argmin(least))]  # the first of equals
        choices = [
            choose(curve, self.rule, null_at_largest=best.is_null_at_largest)
            for curve in best.curves
        ]
        fitted = column_attributes(evaluator.n_features, evaluator.feature_names)
        fitted |= self._attributes_of(best, choices)
        fitted |= self._curves(evaluations)
        if self.refit:
            places = [choice.index for choice in choices]
            result, path = evaluator.refit(best, places, report_fit)
            fitted |= self._solution(result, evaluator.y_ndim)
            if path is not None:
                fitted |= {"path_": path, "coef_path_": path.coefs}
        self._warn_at_edges(choices)
        self._replace_attributes(fitted)
        progress.end(fitted)
        return self

    def _evaluate(
        self,
        evaluator: Evaluator,
        l1_ratio: float,
        report_fit: Report,
        progress: Progress,
    ) -> Evaluation:
        if isinstance(self.alphas, Integral):
            alphas = evaluator.alpha_grid(l1_ratio, int(self.alphas), self.eps)
        else:
            alphas = decreasing_alphas(self.alphas)
        progress.begin(l1_ratio, len(alphas), evaluator.n_folds)
        return evaluator.evaluate(l1_ratio, alphas, report_fit)

    def _reporter(self, evaluator: Evaluator) -> Report:
        def report_fit(
            result: PathResult, fold: int | None = None, kind: str = "alpha"
        ) -> None:
            name = type(self).__name__
            if fold is not None:
                name = f"{name}, in fold {fold} of {evaluator.n_folds},"
            report(
                name,
                result,
                factor=evaluator.limits.factor,
                standardize=self.standardize,
                tol=self.tol,
                max_iter=self.max_iter,
                kind=kind,
            )

        return report_fit

    def _attributes_of(
        self, best: Evaluation, choices: Sequence[Choice]
    ) -> dict[str, Any]:
        """Return the attributes that say what was chosen."""
        alphas, joined = best.alphas, best.joined
        fitted = {
            "alpha_": joined([alphas[c.index] for c in choices]),
            "alpha_min_": joined([alphas[c.index_min] for c in choices]),
            "at_grid_edge_": joined([bool(c.edge) for c in choices]),
        }
        within = [c.index_1se for c in choices if c.index_1se is not None]
        if len(within) == len(choices):
            fitted["alpha_1se_"] = joined([alphas[i] for i in within])
        return fitted

    def _curves(self, evaluations: Sequence[Evaluation]) -> dict[str, Any]:
        """Return the attributes with one entry per alpha, or per l1_ratio and alpha."""
        first = evaluations[0]
        error = "cv_error_" if self._has_errors else "criterion_"
        each: dict[str, list[Any]] = {
            "alphas_": [e.alphas for e in evaluations],
            error: [e.joined([c.mean for c in e.curves]) for e in evaluations],
        }
        if all(curve.se is not None for curve in first.curves):
            each["cv_error_se_"] = [
                e.joined([c.se for c in e.curves]) for e in evaluations
            ]
        if first.fold_errors is not None:
            each[self._fold_errors_name] = [
                e.fold_errors if e.is_per_target else e.fold_errors[:, :, 0]
                for e in evaluations
                if e.fold_errors is not None
            ]
        if not isinstance(self.alphas, Integral):
            each["alphas_"] = [first.alphas]
        return {
            name: values[0] if len(values) == 1 else np.stack(values)
            for name, values in each.items()
        }

    @property
    def _has_errors(self) -> bool:
        """Whether curves are of held-out errors, not of an information criterion."""
        return True

    def _warn_at_edges(self, choices: Sequence[Choice]) -> None:
        at_edge = [t for t, c in enumerate(choices) if c.is_worth_a_warning]
        if not at_edge:
            return
        advice = choices[at_edge[0]].edge
        if len(choices) > 1:
            advice = f"for target {at_edge[0]}, {advice}"
        if len(at_edge) > 1:
            others = ", ".join(str(t) for t in at_edge[1:])
            advice += f" So it is for the targets {others}."
        warn_at_grid_edge(type(self).__name__, advice)

    def _l1_ratios(self) -> list[float]:
        """Return the l1_ratios to choose from."""
        raise NotImplementedError

    def _settings(self) -> PathSettings:
        return PathSettings(self.tol, self.max_iter, self.solver)

    def _evaluator_of_rows(
        self, data: FitData, split_params: dict[str, Any], score_params: dict[str, Any]
    ) -> Evaluator:
        """Return the evaluator for rows in memory."""
        raise NotImplementedError

    def _evaluator_of_chunks(
        self,
        source: RowSource,
        y: Any,
        sample_weight: Any,
        split_params: dict[str, Any],
    ) -> Evaluator:
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
