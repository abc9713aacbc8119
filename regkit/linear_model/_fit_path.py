"""One estimator fitted for many alphas at once: the work behind `fit_path`."""

import copy
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from sklearn.base import clone

from regkit._sklearn import validate_parameters
from regkit.designs import make_design
from regkit.linear_model._inputs import FitData, Floats, check_fit_data
from regkit.linear_model._limits import Limits, check_limits
from regkit.linear_model._solution import PathSolution
from regkit.linear_model._warnings import (
    raise_if_overflowed,
    unpenalized_cause,
    warn_not_converged,
    warn_not_unique,
)
from regkit.solvers.path import solve_path
from regkit.solvers.problem import Penalty

if TYPE_CHECKING:
    from regkit.linear_model._base import LinearModel

_Model = TypeVar("_Model", bound="LinearModel")


def fit_path(
    model: _Model, X: Any, y: Any, values: Iterable[Any], sample_weight: Any
) -> Iterator[_Model]:
    """Fit a copy of `model` for each of `values`; see `LinearModel.fit_path`.

    Parameters
    ----------
    model : LinearModel
        Left as it is.
    X, y, sample_weight : object
        As the user passed them.
    values : iterable
        Values of ``model.path_parameter``.

    Returns
    -------
    models : iterator of LinearModel
        All is solved when this returns; coefficients are spread out one by one.
    """
    unfitted = clone(model)
    validate_parameters(unfitted.set_params(**{model.path_parameter: 0.0}))
    data = check_fit_data(unfitted, X, y, sample_weight)
    limits = check_limits(
        data.X.shape[1], unfitted.positive, unfitted.bounds, unfitted.penalty_factor
    )
    n_targets = 1 if data.y.ndim == 1 else data.y.shape[1]
    models, alphas, refused = _copies(unfitted, values, n_targets)
    if not models:
        if refused is not None:
            raise refused
        return iter(())
    with np.errstate(over="ignore", invalid="ignore"):  # told in `_judge`
        design = make_design(
            data.X,
            data.sample_weight,
            bool(unfitted.fit_intercept),
            bool(unfitted.standardize),
        )
        solution = unfitted._solve_path(design, data.y, limits, alphas)
    _judge(unfitted, solution, limits, alphas)
    return _fitted(models, solution, data, refused)


def _copies(
    unfitted: _Model, values: Iterable[Any], n_targets: int
) -> tuple[list[_Model], Floats, Exception | None]:
    """Give a copy for each value up to one that is refused, their alphas, and why."""
    models, alphas, refused = [], [], None
    for value in values:
        model = copy.copy(unfitted)
        setattr(model, unfitted.path_parameter, value)
        try:
            validate_parameters(model)
            alphas.append(model._check_alphas(n_targets))
        except (TypeError, ValueError) as error:
            refused = error
            break
        models.append(model)
    return models, np.array(alphas).reshape(len(models), n_targets), refused


def _fitted(
    models: list[_Model],
    solution: PathSolution,
    data: FitData,
    refused: Exception | None,
) -> Iterator[_Model]:
    for k, model in enumerate(models):
        model._keep(solution.at(k), data.y.ndim, data.X.shape[1], data.feature_names)
        yield model
    if refused is not None:
        raise refused


def _judge(
    model: "LinearModel", solution: PathSolution, limits: Limits, alphas: Floats
) -> None:
    # Frames up to the user's call: _judge, the function and the method `fit_path`.
    stacklevel = 4
    name = type(model).__name__
    raise_if_overflowed(name, solution.dual_gaps, solution.intercepts)
    if not solution.converged.all():
        warn_not_converged(
            name,
            solution.dual_gaps.ravel(),
            solution.null_objectives.ravel(),
            solution.converged.ravel(),
            ("alpha", alphas.ravel()),
            tol=model.tol,
            max_iter=model.max_iter,
            stacklevel=stacklevel,
        )
    if not solution.unique:
        cause = unpenalized_cause(alphas, limits.factor)
        if cause:
            warn_not_unique(
                name, cause, solution.solver, model.standardize, stacklevel=stacklevel
            )


def solve_paths(
    model: "LinearModel",
    design: Any,
    y: Floats,
    limits: Limits,
    l1_ratio: float,
    alphas: Floats,
) -> PathSolution:
    """Solve one elastic-net path a target.

    Parameters
    ----------
    model : LinearModel
        Says `tol`, `max_iter` and `solver`.
    design : Design
        X.
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Targets.
    limits : Limits
        Penalty factors and bounds.
    l1_ratio : float
        Share of the L1 penalty.
    alphas : ndarray of shape (n_values, n_targets)
        In any order.

    Returns
    -------
    solution : PathSolution
        In the order of `alphas`.
    """
    penalty = Penalty.build(
        design.n_features, l1_ratio, limits.factor, limits.lower, limits.upper
    )
    targets = y.reshape(len(y), -1)
    results, places = [], []
    for t in range(targets.shape[1]):
        ascending, place = np.unique(alphas[:, t], return_inverse=True)
        places.append(len(ascending) - 1 - place)
        results.append(
            solve_path(
                design,
                np.ascontiguousarray(targets[:, t]),
                penalty,
                np.ascontiguousarray(ascending[::-1]),
                tol=model.tol,
                max_iter=model.max_iter,
                solver=model.solver,
            )
        )

    def coefs(k: int) -> Floats:
        found = np.zeros((len(results), design.n_features))
        for t, (result, place) in enumerate(zip(results, places, strict=True)):
            sparse, column = result.coefs, place[k]
            mine = slice(sparse.indptr[column], sparse.indptr[column + 1])
            found[t, sparse.indices[mine]] = sparse.data[mine]
        return found

    def each(name: str) -> Any:
        return np.stack(
            [
                getattr(result, name)[place]
                for result, place in zip(results, places, strict=True)
            ],
            axis=1,
        )

    nulls = np.array([result.null_objective for result in results])
    return PathSolution(
        coefs,
        each("intercepts"),
        each("dual_gaps"),
        np.broadcast_to(nulls, alphas.shape),
        each("n_iters"),
        each("converged"),
        all(result.unique for result in results),
        ", ".join(dict.fromkeys(result.solver for result in results)),
    )
