"""Evaluating, on one fold, all candidates that differ in their last step only.

Everything before the last step is fitted once, held-out rows are transformed once, and
each combination of the last step's other parameters is one call of `fit_path`. What is
reported is what scikit-learn's searches report, one result for each candidate; where
anything fails, the candidates concerned are left to scikit-learn, which tells in its
own words what is wrong with them.
"""

import contextlib
from typing import Any

from regkit._warn import warn
from regkit.model_selection._fold import FoldEvaluator, PathFailed, TaskCandidate
from regkit.model_selection._values import value_key


def evaluate_sweep(
    fold: FoldEvaluator, candidates: list[TaskCandidate]
) -> list[dict[str, Any]]:
    """Evaluate candidates on one fold.

    Parameters
    ----------
    fold : FoldEvaluator
        Made for them.
    candidates : list of Candidate
        To evaluate; the same but for parameters of the last step.

    Returns
    -------
    results : list of dict
        As `fit_and_score` gives, one for each candidate.
    """
    ready = False
    with contextlib.suppress(Exception):  # scikit-learn will meet and report it
        fold.prepare()
        ready = True
    if not ready:
        return [fold.evaluate_alone(candidate) for candidate in candidates]
    results: list[Any] = [None] * len(candidates)
    for pending in _paths(fold.parameter, candidates):
        while pending:
            found = fold.evaluate_path([candidates[i] for i in pending])
            done, failure = 0, None
            try:
                for done, result in enumerate(found, start=1):
                    results[pending[done - 1]] = result
            except PathFailed as error:
                failure = error
            if failure is not None:
                alone = candidates[pending[done]]
                result = fold.evaluate_alone(alone)
                results[pending[done]] = result
                if result["fit_error"] is None:
                    _warn_of_path(fold.step, alone, failure)
                done += 1
            pending = pending[done:]
    return results


def _paths(parameter: str, candidates: list[TaskCandidate]) -> list[list[int]]:
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


def _warn_of_path(step: Any, candidate: TaskCandidate, failure: PathFailed) -> None:
    cause = failure.__cause__
    warn(
        f"fit_path of {type(step).__name__} failed where fit did not, for "
        f"{candidate.parameters}: {type(cause).__name__}: {cause}",
    )
