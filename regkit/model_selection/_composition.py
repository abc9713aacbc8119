"""Estimators inside pipelines and transformed targets: to the last step and back."""

import copy
from typing import Any, Self

from sklearn.base import BaseEstimator, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from regkit.model_selection.protocol import PathEstimator


def last_step(estimator: Any) -> tuple[str, Any]:
    """Go down through pipelines and transformed targets to what is fitted last.

    Subclasses are not entered: they may do anything.

    Parameters
    ----------
    estimator : estimator
        Fitted or not.

    Returns
    -------
    prefix : str
        What the names of the last step's parameters begin with in `estimator`, such as
        ``"regressor__lasso__"``; empty where `estimator` is itself the last step.
    step : object
        The last step, not fitted.
    """
    prefix = ""
    while True:
        if type(estimator) is Pipeline and estimator.transform_input is None:
            name, estimator = estimator.steps[-1]
        elif type(estimator) is TransformedTargetRegressor:
            name, estimator = "regressor", estimator.regressor
        else:
            return prefix, estimator
        prefix += f"{name}__"


class TrainingData(BaseEstimator):  # type: ignore[misc, unused-ignore]
    """Takes the place of a last step, and keeps what it would have been fitted with."""

    def __init__(self, step: Any) -> None:
        self.step = step

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> Self:
        self.fitted_with_ = (X, y, fit_params)
        return self

    def predict(self, X: Any) -> Any:
        raise NotImplementedError  # transformed targets insist on the method

    def get_metadata_routing(self) -> Any:
        return self.step.get_metadata_routing()

    def __sklearn_tags__(self) -> Any:
        return self.step.__sklearn_tags__()


def can_fit_path(step: Any) -> bool:
    """Whether a last step takes part in paths."""
    return (
        isinstance(step, PathEstimator)
        and isinstance(step.path_parameter, str)
        and not isinstance(step, type)
    )


def fit_all_but_last(
    estimator: Any, prefix: str, X: Any, y: Any, fit_params: dict[str, Any]
) -> tuple[Any, Any, dict[str, Any]]:
    """Fit everything around the last step, which is replaced by `TrainingData`.

    Parameters
    ----------
    estimator : Pipeline or TransformedTargetRegressor
        Its transformers are fitted as they always are: memory, routing and messages
        included.
    prefix : str
        From `last_step`, not empty.
    X, y : object
        Training rows.
    fit_params : dict
        For `estimator.fit`.

    Returns
    -------
    X, y, fit_params : object
        What reached the last step.
    """
    name = prefix.removesuffix("__")
    estimator.set_params(**{name: TrainingData(last_step(estimator)[1])})
    estimator.fit(X, y, **fit_params)
    data: Any = estimator
    while not isinstance(data, TrainingData):
        data = data.steps[-1][1] if type(data) is Pipeline else data.regressor_
    return data.fitted_with_


def transform_rows(fitted: Any, X: Any) -> Any:
    """Bring rows to the form in which the last step takes them."""
    while True:
        if type(fitted) is Pipeline:
            for _, step in fitted.steps[:-1]:
                if step is not None and not isinstance(step, str):
                    X = step.transform(X)
            fitted = fitted.steps[-1][1]
        elif type(fitted) is TransformedTargetRegressor:
            fitted = fitted.regressor_
        else:
            return X


def predictor(fitted: Any, model: Any) -> Any:
    """Return what turns rows from `transform_rows` into predictions of the target.

    Parameters
    ----------
    fitted : estimator
        From `fit_all_but_last`; left as it is.
    model : estimator
        The last step, fitted.

    Returns
    -------
    predictor : estimator
        `model`, within the transformed targets that `fitted` has.
    """
    if type(fitted) is Pipeline:
        return predictor(fitted.steps[-1][1], model)
    if type(fitted) is TransformedTargetRegressor:
        outer = copy.copy(fitted)
        outer.regressor_ = predictor(fitted.regressor_, model)
        return outer
    return model


def complete(fitted: Any, model: Any) -> Any:
    """Return a copy of `fitted` with the last step `model`, as if fitted in one go."""
    if type(fitted) is Pipeline:
        outer = copy.copy(fitted)
        *steps, (name, last) = fitted.steps
        outer.steps = [*steps, (name, complete(last, model))]
        return outer
    if type(fitted) is TransformedTargetRegressor:
        outer = copy.copy(fitted)
        outer.regressor_ = complete(fitted.regressor_, model)
        outer.regressor = clone(outer.regressor_)
        return outer
    return model
