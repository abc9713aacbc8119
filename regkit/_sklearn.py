"""The one door to scikit-learn's private names.

Everything regkit takes from scikit-learn that is not public API passes through this
file, so that a scikit-learn release which moves a name breaks one file only. Checked
on scikit-learn 1.6 to 1.9. Parameters are validated here too, with scikit-learn's own
constraints and messages but with the constraints built once per class: building them
anew at each call is a tenth of the time of a small fit.
"""

from collections.abc import Callable
from inspect import signature
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
    StrOptions,
    make_constraint,
    validate_parameter_constraints,
    validate_params,
)
from sklearn.utils.validation import _check_feature_names, _get_feature_names

__all__ = [
    "Interval",
    "InvalidParameterError",
    "StrOptions",
    "check_same_features",
    "feature_names",
    "get_config",
    "raise_for_params",
    "routing_enabled",
    "takes_weights",
    "validate_arguments",
    "validate_parameters",
]

raise_for_params = _raise_for_params
routing_enabled = _routing_enabled

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Constraints = tuple[tuple[str, tuple[Any, ...]], ...]

# One entry a class; weak, so that classes made inside functions can go.
_BUILT: WeakKeyDictionary[type, _Constraints] = WeakKeyDictionary()


def _build(cls: Any) -> _Constraints:
    built = tuple(
        (name, tuple(make_constraint(constraint) for constraint in constraints))
        for name, constraints in cls._parameter_constraints.items()
        if constraints != "no_validation"
    )
    _BUILT[cls] = built
    return built


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
    for name, constraints in _BUILT.get(cls) or _build(cls):
        value = getattr(estimator, name)
        for constraint in constraints:
            if constraint.is_satisfied_by(value):
                break
        else:
            validate_parameter_constraints(
                {name: cls._parameter_constraints[name]}, {name: value}, cls.__name__
            )


def takes_weights(scoring: Any) -> bool:
    """Tell whether a scorer's metric has an argument `sample_weight`.

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
    """Give the column names of a dataframe, or None where X carries no names.

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
    """
    if isinstance(X, np.ndarray | list | tuple) or sp.issparse(X):
        return None
    names: NDArray[Any] | None = _get_feature_names(X)
    return names


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
