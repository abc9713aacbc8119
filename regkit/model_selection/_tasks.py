"""Sorting a search's tasks into those that share a path, and running all of them."""

from collections.abc import Callable
from numbers import Number
from typing import Any, NamedTuple

from sklearn.base import clone
from sklearn.utils.parallel import delayed

from regkit._sklearn import fit_and_score
from regkit.model_selection._composition import can_fit_path, last_step
from regkit.model_selection._fold import FoldEvaluator, TaskCandidate
from regkit.model_selection._sweep import evaluate_sweep
from regkit.model_selection._values import value_key

# What differs between the candidates of one fold, of all that a task says.
_OWN = ("parameters", "candidate_progress", "callback_ctx")


class _Family(NamedTuple):
    """Candidates that differ in parameters of the last step only."""

    prefix: str
    others: tuple[Any, ...]


def run_tasks(
    parallel: Callable[..., Any], tasks: list[Any], estimator: Any
) -> list[Any]:
    """Run the tasks of a search, those on one path together.

    Parameters
    ----------
    parallel : callable
        joblib's: runs jobs and gives their results.
    tasks : list of (function, arguments, options)
        One for each candidate and fold, as scikit-learn's searches make them.
    estimator : estimator
        What is tuned.

    Returns
    -------
    results : list of dict
        One for each task.
    """
    results: list[Any] = [None] * len(tasks)
    units = _units(tasks, estimator)
    outcomes = parallel(
        _job(estimator, prefix, [tasks[i] for i in members])
        for prefix, members in units
    )
    for (_, members), outcome in zip(units, outcomes, strict=True):
        for i, result in zip(members, outcome, strict=True):
            results[i] = result
    return results


def _units(tasks: list[Any], estimator: Any) -> list[tuple[str | None, list[int]]]:
    """Group tasks: a prefix with those of one fold on paths, or None with one task."""
    finder = _FamilyFinder(estimator)
    units: dict[Any, tuple[str | None, list[int]]] = {}
    for i, (_, _, options) in enumerate(tasks):
        family = finder(options["parameters"], options["candidate_progress"][0])
        key = i if family is None else (options["split_progress"][0], family)
        prefix = None if family is None else family.prefix
        units.setdefault(key, (prefix, []))[1].append(i)
    return [
        (None if len(members) == 1 else prefix, members)
        for prefix, members in units.values()
    ]


def _job(estimator: Any, prefix: str | None, tasks: list[Any]) -> Any:
    _, (_, X, y), options = tasks[0]
    if prefix is None:
        return delayed(_evaluate_one)(clone(estimator), X, y, options)
    shared = {name: value for name, value in options.items() if name not in _OWN}
    candidates = [
        TaskCandidate(*(options.get(name) for name in _OWN)) for _, _, options in tasks
    ]
    fold = FoldEvaluator(estimator, prefix, X, y, candidates, shared)
    return delayed(evaluate_sweep)(fold, candidates)


def _evaluate_one(
    estimator: Any, X: Any, y: Any, options: dict[str, Any]
) -> list[dict[str, Any]]:
    return [fit_and_score(estimator, X, y, **options)]


class _FamilyFinder:
    """Tells to which family a candidate belongs, if it can be fitted on a path."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator
        self._steps: dict[Any, tuple[str, str] | None] = {}
        self._families: dict[int, _Family | None] = {}

    def __call__(self, parameters: dict[str, Any], index: int) -> _Family | None:
        if index not in self._families:
            self._families[index] = self._find(parameters)
        return self._families[index]

    def _find(self, parameters: dict[str, Any]) -> _Family | None:
        # Numbers cannot change which step is the last.
        structure = tuple(
            (name, None if isinstance(value, Number) else value_key(value))
            for name, value in parameters.items()
        )
        if structure not in self._steps:
            self._steps[structure] = self._last_step(parameters)
        found = self._steps[structure]
        if found is None or "".join(found) not in parameters:
            return None
        prefix, _ = found
        return _Family(
            prefix,
            tuple(
                sorted(
                    (name, value_key(value))
                    for name, value in parameters.items()
                    if not name.startswith(prefix)
                )
            ),
        )

    def _last_step(self, parameters: dict[str, Any]) -> tuple[str, str] | None:
        try:
            candidate = clone(self._estimator).set_params(
                **clone(parameters, safe=False)
            )
            prefix, step = last_step(candidate)
        except Exception:
            return None  # the plain fit says what is wrong
        return (prefix, step.path_parameter) if can_fit_path(step) else None
