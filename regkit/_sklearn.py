"""The one door to scikit-learn's private names.

Everything regkit takes from scikit-learn that is not public API passes through this
file, so that a scikit-learn release which moves a name breaks one file only. Checked
on scikit-learn 1.6 to 1.9. Parameters are validated here too, with scikit-learn's own
constraints and messages but with the constraints built once per class: building them
anew at each call is a tenth of the time of a small fit.
"""

from collections import Counter
from collections.abc import Callable
from inspect import Parameter, signature
from numbers import Real
from types import CellType, FunctionType
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.metrics import get_scorer
from sklearn.utils._metadata_requests import _raise_for_params, _routing_enabled
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
    make_constraint,
    validate_parameter_constraints,
    validate_params,
)
from sklearn.utils.validation import (
    _check_feature_names,
    _check_feature_names_in,
    _get_feature_names,
)

from regkit._warn import warn

__all__ = [
    "Interval",
    "InvalidParameterError",
    "Options",
    "RealInterval",
    "StrOptions",
    "check_feature_names_in",
    "check_same_features",
    "check_same_names",
    "feature_names",
    "fit_and_score",
    "get_config",
    "raise_for_params",
    "replace_attributes",
    "routing_enabled",
    "takes_weights",
    "is_scored_by_predictions",
    "prepare_to_predict",
    "repeated_name",
    "rows_of_parameters",
    "score",
    "split_rows",
    "take_over_tasks",
    "validate_arguments",
    "validate_parameters",
]

check_feature_names_in = _check_feature_names_in
raise_for_params = _raise_for_params
routing_enabled = _routing_enabled

_Function = TypeVar("_Function", bound=Callable[..., Any])
# Name, default and constraints of each parameter.
_Constraints = tuple[tuple[str, Any, tuple[Any, ...]], ...]

# One entry a class; weak, so that classes made inside functions can go.
_BUILT: WeakKeyDictionary[type, _Constraints] = WeakKeyDictionary()


class RealInterval(Interval):
    """An interval of real numbers, judged as the float64 that a fit uses.

    scikit-learn's own refuses a `Fraction`, a real number, by an error of NumPy.
    """

    def __init__(self, left: Any, right: Any, *, closed: str) -> None:
        super().__init__(Real, left, right, closed=closed)

    def __contains__(self, value: Any) -> bool:
        try:
            value = float(value)
        except OverflowError:
            return False
        return bool(super().__contains__(value))


def _build(cls: Any) -> _Constraints:
    parameters, built = signature(cls).parameters, []
    for name, given in cls._parameter_constraints.items():
        if given == "no_validation":
            continue
        constraints = tuple(make_constraint(constraint) for constraint in given)
        # Most parameters keep their default, which need not be checked at every fit.
        default = parameters[name].default if name in parameters else Parameter.empty
        if not any(constraint.is_satisfied_by(default) for constraint in constraints):
            default = Parameter.empty
        built.append((name, default, constraints))
    _BUILT[cls] = tuple(built)
    return _BUILT[cls]


def validate_parameters(estimator: Any) -> None:
    """Check an estimator's parameters against its ``_parameter_constraints``.

    Parameters
    ----------
    estimator : estimator
        Its class has ``_parameter_constraints`` as scikit-learn's do.

    Raises
    ------
    InvalidParameterError
        Naming the parameter, what is allowed and the value; a ``ValueError`` and a
        ``TypeError`` at once, as scikit-learn's.
    """
    if get_config()["skip_parameter_validation"]:
        return
    cls = type(estimator)
    for name, default, constraints in _BUILT.get(cls) or _build(cls):
        value = getattr(estimator, name)
        if value is default:
            continue
        for constraint in constraints:
            if constraint.is_satisfied_by(value):
                break
        else:
            validate_parameter_constraints(
                {name: cls._parameter_constraints[name]}, {name: value}, cls.__name__
            )


def replace_attributes(estimator: Any, fitted: dict[str, Any]) -> None:
    """Set all fitted attributes at once, and remove those of an earlier fit.

    Parameters
    ----------
    estimator : estimator
        Its class has ``_parameter_constraints`` as scikit-learn's do.
    fitted : dict of str to object
        The attributes by their names.
    """
    for name in list(estimator.__dict__):
        if name.endswith("_") and name not in estimator._parameter_constraints:
            del estimator.__dict__[name]
    estimator.__dict__.update(fitted)


def takes_weights(scoring: Any) -> bool:
    """Whether a scorer's metric has an argument `sample_weight`.

    Parameters
    ----------
    scoring : str or callable
        As an estimator's `scoring`.

    Returns
    -------
    takes_weights : bool
        False also where a callable does not show its arguments.
    """
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    try:
        arguments = signature(getattr(scorer, "_score_func", scorer)).parameters
    except (TypeError, ValueError):
        return False
    return "sample_weight" in arguments


def validate_arguments(
    constraints: dict[str, list[Any]],
) -> Callable[[_Function], _Function]:
    """Decorate a function so that its arguments are checked as parameters are.

    Parameters
    ----------
    constraints : dict of str to list
        Constraints of each argument, as in an estimator's
        ``_parameter_constraints``; arguments without an entry are not checked.

    Returns
    -------
    decorator : callable
        To be applied to the function.
    """
    decorator: Callable[[_Function], _Function] = validate_params(
        constraints, prefer_skip_nested_validation=True
    )
    return decorator


def feature_names(X: Any) -> NDArray[Any] | None:
    """Return the column names of a dataframe, or None where X carries no names.

    Parameters
    ----------
    X : object
        Whatever the user passed as X.

    Returns
    -------
    names : ndarray of shape (n_features,) and dtype object, or None
        None also for frames whose column names are not strings.

    Raises
    ------
    TypeError
        When only some of the column names are strings.
    ValueError
        When several columns have one name.
    """
    if isinstance(X, np.ndarray | list | tuple) or sp.issparse(X):
        return None
    try:
        names: NDArray[Any] | None = _get_feature_names(X)
    except Exception:
        # scikit-learn 1.9 raises what belongs to neither of the two.
        _refuse_repeated_names(X)
        raise
    if names is not None:
        _refuse_repeated_names(X)
    return names


def _refuse_repeated_names(X: Any) -> None:
    if hasattr(X, "columns") and (twice := repeated_name(X)):
        raise ValueError(f"X has more than one column named {twice!r}.") from None


def repeated_name(frame: Any) -> str:
    """Return the first name that several columns of a frame have, or nothing."""
    counts = Counter(str(name) for name in frame.columns)
    return next((name for name, count in counts.items() if count > 1), "")


def check_same_features(fitted: Any, X: Any) -> None:
    """Raise or warn when X's column names are not those seen at fit time.

    Parameters
    ----------
    fitted : object
        With ``feature_names_in_`` where names were seen.
    X : object
        Whatever the user passed as X, before conversion.

    Raises
    ------
    ValueError
        When names are missing, unknown or in another order.

    Warns
    -----
    UserWarning
        When only one of the two has names.
    """
    if feature_names(X) is None and getattr(fitted, "feature_names_in_", None) is None:
        return
    _check_feature_names(fitted, X, reset=False)


def check_same_names(fitted: Any, names: NDArray[Any] | None) -> None:
    """Do as `check_same_features` does where only the names of the columns are left.

    It raises and warns of the same.

    Parameters
    ----------
    fitted : object
        With ``feature_names_in_`` where names were seen.
    names : ndarray of shape (n_features,) or None
        Of rows that were read in chunks.
    """
    seen: Any = getattr(fitted, "feature_names_in_", None)
    name = type(fitted).__name__
    if (names is None) != (seen is None):
        warn(
            f"X does not have valid feature names, but {name} was fitted with feature "
            "names"
            if names is None
            else f"X has feature names, but {name} was fitted without feature names"
        )
    elif names is not None and not np.array_equal(names, seen):
        raise ValueError(
            f"X has the columns {names}, but {name} was fitted with {seen}."
        )


# What follows serves `PathSearchCV`; scikit-learn's model selection is imported on use,
# which saves the time everywhere else.


def take_over_tasks(
    evaluate_candidates: Callable[..., Any],
    run: Callable[[Callable[..., Any], list[Any]], list[Any]],
) -> Callable[..., Any]:
    """Have the fits of a search run in another way.

    ``BaseSearchCV.fit`` hands its ``_run_search`` a function that prepares one task for
    each candidate and fold, lets joblib run them all, and turns what comes back into
    ``cv_results_``. The copy of it made here runs the tasks by `run` instead, and makes
    no clone of the estimator for each of them; all else stays scikit-learn's.

    Parameters
    ----------
    evaluate_candidates : callable
        What ``_run_search`` was given.
    run : callable
        Called with joblib's ``parallel`` and the tasks, triples of a function, its
        arguments (the first is not for use) and its keyword arguments; to return one
        result for each task, as `fit_and_score` does.

    Returns
    -------
    evaluate_candidates : callable
        To be called in place of the given one; that one itself, with a warning, where
        scikit-learn has changed so much that it cannot be done.
    """
    names = getattr(getattr(evaluate_candidates, "__code__", None), "co_freevars", ())
    if not {"parallel", "base_estimator"} <= set(names):
        warn(
            "PathSearchCV fits every candidate by itself, as GridSearchCV does: this "
            "scikit-learn prepares a search in another way than those that this regkit "
            "was written for. A newer regkit may be faster."
        )
        return evaluate_candidates
    cells = dict(zip(names, evaluate_candidates.__closure__ or (), strict=True))
    parallel = cells["parallel"].cell_contents
    cells["parallel"] = CellType(lambda tasks: run(parallel, list(tasks)))
    cells["base_estimator"] = CellType(_NotCloned())
    copy = FunctionType(
        evaluate_candidates.__code__,
        evaluate_candidates.__globals__,
        evaluate_candidates.__name__,
        evaluate_candidates.__defaults__,
        tuple(cells.values()),
    )
    copy.__kwdefaults__ = evaluate_candidates.__kwdefaults__
    return copy


class _NotCloned:
    """Stands for an estimator where cloning it would be wasted."""

    def __sklearn_clone__(self) -> "_NotCloned":
        return self


def fit_and_score(estimator: Any, X: Any, y: Any, **options: Any) -> dict[str, Any]:
    """Evaluate one candidate on one fold, exactly as scikit-learn's searches do."""
    from sklearn.model_selection._validation import _fit_and_score

    result: dict[str, Any] = _fit_and_score(estimator, X, y, **options)
    return result


def score(
    estimator: Any, X: Any, y: Any, scorer: Any, params: Any, error_score: Any
) -> Any:
    """Score a fitted estimator, with scikit-learn's warnings and `error_score`.

    Returns
    -------
    score : number or dict of str to number
        One number for each of several scorers.
    """
    from sklearn.model_selection._validation import _score

    return _score(estimator, X, y, scorer, params, error_score)


def is_scored_by_predictions(scorer: Any, params: Any) -> bool:
    """Whether scores depend on nothing but what the estimator predicts.

    Parameters
    ----------
    scorer : object
        As a search's ``_get_scorers`` gives it.
    params : dict
        What is routed to it.

    Returns
    -------
    answer : bool
        False for callables of the user's, which can look at the estimator, and for an
        estimator's own `score` where it would route `params` to its parts.
    """
    from sklearn.metrics._scorer import (
        _BaseScorer,
        _MultimetricScorer,
        _PassthroughScorer,
    )

    several = isinstance(scorer, _MultimetricScorer)
    scorers = list(scorer._scorers.values()) if several else [scorer]
    allowed: tuple[type, ...] = (_BaseScorer,)
    if not (params and get_config()["enable_metadata_routing"]):
        allowed = (_BaseScorer, _PassthroughScorer)
    return all(isinstance(each, allowed) for each in scorers)


def prepare_to_predict(model: Any) -> Any:
    """Give an unfitted linear model what its predictions need besides coefficients."""
    if hasattr(model, "_get_loss"):  # of scikit-learn's regressions with a log link
        model._base_loss = model._get_loss()
    return model


def split_rows(
    estimator: Any, X: Any, y: Any, rows: Any, train: Any = None
) -> tuple[Any, Any]:
    """Return some rows of X and y; `train` too where `rows` are held out."""
    from sklearn.utils.metaestimators import _safe_split

    X_rows, y_rows = _safe_split(estimator, X, y, rows, train)
    return X_rows, y_rows


def rows_of_parameters(X: Any, params: Any, rows: Any) -> dict[str, Any]:
    """Return the same rows of those `params` that have one entry per row of X."""
    from sklearn.utils.validation import _check_method_params

    chosen: dict[str, Any] = _check_method_params(X, params=params or {}, indices=rows)
    return chosen
