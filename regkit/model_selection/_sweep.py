"""Evaluating, on one fold, all candidates that differ in their last step only.

Everything before the last step is fitted once, held-out rows are transformed once, and
each combination of the last step's other parameters is one call of `fit_path`. What is
reported is what scikit-learn's searches report, one result for each candidate; where
anything fails, the candidates concerned are left to scikit-learn, which tells in its
own words what is wrong with them.
"""

import contextlib
import time
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from regkit._sklearn import fit_and_score, rows_of_parameters, split_rows
from regkit.model_selection._composition import fit_all_but_last, last_step
from regkit.model_selection._messages import announce_end, announce_start
from regkit.model_selection._scores import Scores
from regkit.model_selection._values import value_key


class Candidate(NamedTuple):
    """What a task of scikit-learn's says about one candidate."""

    parameters: dict[str, Any]
    progress: tuple[int, int]
    context: Any
    """Of callbacks; None before scikit-learn 1.9."""


class _PathFailed(Exception):
    """A model could not be had from `fit_path`; its cause says why."""


def evaluate_sweep(
    estimator: Any,
    prefix: str,
    X: Any,
    y: Any,
    candidates: list[Candidate],
    shared: dict[str, Any],
) -> list[dict[str, Any]]:
    """Evaluate candidates on one fold.

    Parameters
    ----------
    estimator : estimator
        What is tuned; left as it is.
    prefix : str
        What the names of the last step's parameters begin with; all other parameters
        are the same for all candidates.
    X, y : object
        All rows.
    candidates : list of Candidate
        To evaluate.
    shared : dict
        Everything else that `fit_and_score` takes.

    Returns
    -------
    results : list of dict
        As `fit_and_score` gives, one for each candidate.
    """
    fold = None
    with contextlib.suppress(Exception):  # scikit-learn will meet it, and tell
        fold = _Fold(clone(estimator), prefix, X, y, candidates, shared)
    if fold is None:
        return [
            _evaluate_alone(estimator, X, y, candidate, shared)
            for candidate in candidates
        ]
    results: list[Any] = [None] * len(candidates)
    for pending in _paths(fold.parameter, candidates):
        while pending:
            found = fold.evaluate_path([candidates[i] for i in pending])
            done, failure = 0, None
            try:
                for done, result in enumerate(found, start=1):
                    results[pending[done - 1]] = result
            except _PathFailed as error:
                failure = error
            if failure is not None:
                alone = candidates[pending[done]]
                result = _evaluate_alone(estimator, X, y, alone, shared)
                results[pending[done]] = result
                if result["fit_error"] is None:
                    _warn_of_path(fold.step, alone, failure)
                done += 1
            pending = pending[done:]
    return results


def _evaluate_alone(
    estimator: Any, X: Any, y: Any, candidate: Candidate, shared: dict[str, Any]
) -> dict[str, Any]:
    """Evaluate a candidate as scikit-learn does."""
    own: dict[str, Any] = {
        "parameters": candidate.parameters,
        "candidate_progress": candidate.progress,
    }
    if candidate.context is not None:
        own["callback_ctx"] = candidate.context
    return fit_and_score(clone(estimator), X, y, **own, **shared)


def _paths(parameter: str, candidates: list[Candidate]) -> list[list[int]]:
    """Group candidates that differ in `parameter` only."""
    paths: dict[Any, list[int]] = {}
    for i, candidate in enumerate(candidates):
        key = frozenset(
            (name, value_key(value))
            for name, value in candidate.parameters.items()
            if name != parameter
        )
        paths.setdefault(key, []).append(i)
    return list(paths.values())


def _warn_of_path(step: Any, candidate: Candidate, failure: _PathFailed) -> None:
    cause = failure.__cause__
    warnings.warn(
        f"fit_path of {type(step).__name__} failed where fit did not, for "
        f"{candidate.parameters}: {type(cause).__name__}: {cause}",
        UserWarning,
        stacklevel=2,
    )


class _Fold:
    """One fold, with everything before the last step fitted on it.

    Parameters
    ----------
    estimator, prefix, X, y, candidates, shared : object
        As in `evaluate_sweep`; `estimator` is changed and fitted.
    """

    def __init__(
        self,
        estimator: Any,
        prefix: str,
        X: Any,
        y: Any,
        candidates: list[Candidate],
        shared: dict[str, Any],
    ) -> None:
        started = time.perf_counter()
        self._prefix, self._shared = prefix, shared
        self._first, self._n_candidates = candidates[0], len(candidates)
        others = {
            name: value
            for name, value in candidates[0].parameters.items()
            if not name.startswith(prefix)
        }
        self._fitted = estimator.set_params(**clone(others, safe=False))
        self.step = last_step(estimator)[1]
        self.parameter = prefix + self.step.path_parameter
        train, test = np.asarray(shared["train"]), np.asarray(shared["test"])
        self._n_test = int(test.sum() if test.dtype == bool else test.size)
        fit_params = rows_of_parameters(X, shared["fit_params"], train)
        seen = split_rows(estimator, X, y, train)
        self._data = (*seen, fit_params)
        weight = fit_params.get("sample_weight")
        self._task = {
            "estimator": shared.get("caller"),
            "X": seen[0],
            "y": seen[1],
            "metadata": None if weight is None else {"sample_weight": weight},
        }
        with self._propagated(estimator if prefix else self.step):
            self._tell("begin", self._first)
            if prefix:
                self._data = fit_all_but_last(estimator, prefix, *self._data)
        self._seconds = time.perf_counter() - started
        self._held_out = Scores(
            estimator,
            lambda: split_rows(estimator, X, y, test, train),
            rows_of_parameters(X, shared["score_params"], test),
            shared["scorer"],
            shared["error_score"],
        )
        self._training = shared["return_train_score"] and Scores(
            estimator,
            # Not those of the fit: transformers may have changed them in place.
            lambda: split_rows(estimator, X, y, train),
            rows_of_parameters(X, shared["score_params"], train),
            shared["scorer"],
            shared["error_score"],
        )

    def evaluate_path(self, candidates: list[Candidate]) -> Iterator[dict[str, Any]]:
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
        _PathFailed
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
                raise _PathFailed from error
            seconds = time.perf_counter() - started
            if k == 0:
                # A path is solved when its first model is there, or at each model.
                shared_seconds += seconds / len(candidates)
                seconds = 0.0
            if candidate is not self._first:
                self._tell("begin", candidate)
            try:
                result = self._result(candidate, model, shared_seconds + seconds)
            finally:
                self._tell("end", candidate)
            yield result
            started = time.perf_counter()

    def _models(self, candidates: list[Candidate]) -> Iterator[Any]:
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
        self, candidate: Candidate, model: Any, fit_seconds: float
    ) -> dict[str, Any]:
        told = (self._shared["verbose"], candidate.parameters)
        progress = (self._shared["split_progress"], candidate.progress)
        announce_start(*told, *progress)
        result: dict[str, Any] = {"fit_error": None, "fit_time": fit_seconds}
        started = time.perf_counter()
        result["test_scores"] = self._held_out(model)
        result["score_time"] = (
            time.perf_counter() - started + self._held_out.seconds / self._n_candidates
        )
        if self._training:
            result["train_scores"] = self._training(model)
        result["n_test_samples"] = self._n_test
        announce_end(*told, *progress, result)
        return result

    def _propagated(self, estimator: Any) -> contextlib.AbstractContextManager[None]:
        """Let the search's callbacks follow the fit of `estimator`."""
        context = self._first.context
        if context is None:
            return contextlib.nullcontext()
        following: contextlib.AbstractContextManager[None] = (
            context.propagate_callback_context(estimator)
        )
        return following

    def _tell(self, moment: str, candidate: Candidate) -> None:
        """Tell callbacks that a candidate's turn begins or ends."""
        if candidate.context is not None:
            getattr(candidate.context, f"call_on_fit_task_{moment}")(**self._task)
