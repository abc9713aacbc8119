"""One fold of a search: what its candidates share, and each one's scores."""

import contextlib
import time
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from regkit._sklearn import fit_and_score, rows_of_parameters, split_rows
from regkit.model_selection._composition import fit_all_but_last, last_step
from regkit.model_selection._messages import announce_end, announce_start
from regkit.model_selection._scores import FoldScores


class TaskCandidate(NamedTuple):
    """What a task of scikit-learn's says about one candidate."""

    parameters: dict[str, Any]
    progress: tuple[int, int]
    context: Any
    """Of callbacks; None before scikit-learn 1.9."""


class PathFailed(Exception):
    """A model could not be had from `fit_path`; its cause says why."""


class FoldEvaluator:
    """Evaluates candidates on one fold, alone or on paths.

    Parameters
    ----------
    estimator : estimator
        What is tuned; left as it is.
    prefix : str
        What the names of the last step's parameters begin with.
    X, y : object
        All rows.
    candidates : list of Candidate
        The same but for parameters of the last step.
    shared : dict
        Everything else that `fit_and_score` takes.

    Attributes
    ----------
    step : estimator
        The last step; only after `prepare`.
    parameter : str
        The parameter along which the last step goes; only after `prepare`.
    """

    def __init__(
        self,
        estimator: Any,
        prefix: str,
        X: Any,
        y: Any,
        candidates: list[TaskCandidate],
        shared: dict[str, Any],
    ) -> None:
        self._estimator, self._prefix, self._X, self._y = estimator, prefix, X, y
        self._shared = shared
        self._first, self._n_candidates = candidates[0], len(candidates)
        self._begun = False
        self._task: dict[str, Any] = {}

    def prepare(self) -> None:
        """Fit everything before the last step, and transform rows to be scored."""
        started = time.perf_counter()
        shared, train = self._shared, np.asarray(self._shared["train"])
        others = {
            name: value
            for name, value in self._first.parameters.items()
            if not name.startswith(self._prefix)
        }
        fitted = clone(self._estimator).set_params(**clone(others, safe=False))
        self.step = last_step(fitted)[1]
        self.parameter = self._prefix + self.step.path_parameter
        fit_params = rows_of_parameters(self._X, shared["fit_params"], train)
        X, y = split_rows(fitted, self._X, self._y, train)
        weight = fit_params.get("sample_weight")
        metadata = None if weight is None else {"sample_weight": weight}
        self._task = {
            "estimator": shared.get("caller"),
            "X": X,
            "y": y,
            "metadata": metadata,
        }
        self._data = (X, y, fit_params)
        with self._propagated(fitted if self._prefix else self.step):
            self._begin(self._first)
            if self._prefix:
                self._data = fit_all_but_last(fitted, self._prefix, *self._data)
        self._seconds = time.perf_counter() - started
        test = np.asarray(shared["test"])
        self._n_test = int(test.sum() if test.dtype == bool else test.size)
        self._held_out = self._scores(fitted, test, train)
        # Training rows are taken anew: transformers may have changed those of the fit.
        self._training = (
            self._scores(fitted, train) if shared["return_train_score"] else None
        )

    def evaluate_alone(self, candidate: TaskCandidate) -> dict[str, Any]:
        """Evaluate a candidate exactly as scikit-learn does."""
        options = {
            "parameters": candidate.parameters,
            "candidate_progress": candidate.progress,
            **self._shared,
        }
        begun = self._begun and candidate is self._first
        if candidate.context is not None and not begun:
            options["callback_ctx"] = candidate.context
        try:
            return fit_and_score(clone(self._estimator), self._X, self._y, **options)
        finally:
            if begun:
                self._end(candidate)

    def evaluate_path(
        self, candidates: list[TaskCandidate]
    ) -> Iterator[dict[str, Any]]:
        """Evaluate candidates that differ in `parameter` only.

        Parameters
        ----------
        candidates : list of Candidate
            To evaluate.

        Yields
        ------
        result : dict
            For each candidate, as `fit_and_score` gives.

        Raises
        ------
        PathFailed
            In the turn of a candidate for which there is no model.
        """
        started = time.perf_counter()
        shared_seconds = self._seconds / self._n_candidates
        models = self._models(candidates)
        for k, candidate in enumerate(candidates):
            try:
                model = next(models)
            except StopIteration:
                raise TypeError(
                    f"{type(self.step).__name__}.fit_path gave {k} models for "
                    f"{len(candidates)} values; it must give one for each."
                ) from None
            except Exception as error:
                raise PathFailed from error
            seconds = time.perf_counter() - started
            if k == 0:
                # A path is solved when its first model is there, or at each model.
                shared_seconds += seconds / len(candidates)
                seconds = 0.0
            self._begin(candidate)
            try:
                result = self._result(candidate, model, shared_seconds + seconds)
            finally:
                self._end(candidate)
            yield result
            started = time.perf_counter()

    def _models(self, candidates: list[TaskCandidate]) -> Iterator[Any]:
        X, y, fit_params = self._data
        own = {
            name.removeprefix(self._prefix): value
            for name, value in candidates[0].parameters.items()
            if name.startswith(self._prefix) and name != self.parameter
        }
        step = clone(self.step).set_params(**clone(own, safe=False))
        values = [candidate.parameters[self.parameter] for candidate in candidates]
        yield from step.fit_path(X, y, values, **fit_params)

    def _result(
        self, candidate: TaskCandidate, model: Any, fit_seconds: float
    ) -> dict[str, Any]:
        shown = (self._shared["verbose"], candidate.parameters)
        progress = (self._shared["split_progress"], candidate.progress)
        announce_start(*shown, *progress)
        result: dict[str, Any] = {"fit_error": None, "fit_time": fit_seconds}
        started = time.perf_counter()
        result["test_scores"] = self._held_out(model)
        result["score_time"] = (
            time.perf_counter() - started + self._held_out.seconds / self._n_candidates
        )
        if self._training is not None:
            result["train_scores"] = self._training(model)
        result["n_test_samples"] = self._n_test
        announce_end(*shown, *progress, result)
        return result

    def _scores(self, fitted: Any, rows: Any, train: Any = None) -> FoldScores:
        # Nothing here refers back to the fold: a cycle would keep a worker's X alive
        # until Python looks for cycles, and joblib waits for it to be let go.
        X, y = self._X, self._y
        return FoldScores(
            fitted,
            partial(split_rows, fitted, X, y, rows, train),
            rows_of_parameters(X, self._shared["score_params"], rows),
            self._shared["scorer"],
            self._shared["error_score"],
        )

    def _propagated(self, estimator: Any) -> contextlib.AbstractContextManager[None]:
        """Let the search's callbacks follow the fit of `estimator`."""
        context = self._first.context
        if context is None:
            return contextlib.nullcontext()
        following: contextlib.AbstractContextManager[None] = (
            context.propagate_callback_context(estimator)
        )
        return following

    def _begin(self, candidate: TaskCandidate) -> None:
        """Notify callbacks that a candidate's turn begins."""
        if candidate is self._first:
            if self._begun:
                return
            self._begun = True
        if candidate.context is not None:
            candidate.context.call_on_fit_task_begin(**self._task)

    def _end(self, candidate: TaskCandidate) -> None:
        """Notify callbacks that a candidate's turn ends."""
        if candidate.context is not None:
            candidate.context.call_on_fit_task_end(**self._task)
