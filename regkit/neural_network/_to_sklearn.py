"""Scikit-learn's networks with the weights of ours."""

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import LabelBinarizer

_ACTIVATIONS = ("identity", "logistic", "relu", "tanh")


def _convert(ours: Any, model: Any, coefs: list[Any], intercepts: list[Any]) -> Any:
    """Give ``model`` the attributes that scikit-learn's fit would."""
    model.coefs_ = coefs
    model.intercepts_ = intercepts
    model.n_layers_ = ours.n_layers_
    model.n_outputs_ = coefs[-1].shape[1]
    model.out_activation_ = ours.out_activation_
    for name in ("n_iter_", "t_", "loss_", "best_loss_", "n_features_in_"):
        setattr(model, name, getattr(ours, name))
    # What its `partial_fit` and warm start go on from.
    model._no_improvement_count = 0
    model.validation_scores_ = model.best_validation_score_ = None
    model.loss_curve_ = list(ours.loss_curve_)
    if hasattr(ours, "feature_names_in_"):
        model.feature_names_in_ = ours.feature_names_in_
    return model


def _common(ours: Any) -> dict[str, Any]:
    """Give the parameters that scikit-learn's networks share.

    Raises
    ------
    ValueError
        When there is no such network.
    """
    fitted = ours._fitted
    name = type(ours).__name__
    if fitted.architecture.embedding is None and not fitted.is_plain:
        raise ValueError(
            f"to_sklearn: scikit-learn's networks do not bound columns smoothly, and "
            f"this {name} was fitted with standardize='robust'; use standardize=True."
        )
    if not fitted.is_plain:
        raise ValueError(
            f"to_sklearn: scikit-learn's networks have no embedding of columns, and "
            f"this {name} was fitted with embedding='periodic'; use embedding=None."
        )
    used = set(fitted.architecture.activations) or {"identity"}
    if len(used) > 1 or not used <= set(_ACTIVATIONS):
        raise ValueError(
            f"to_sklearn: scikit-learn's networks have one activation among "
            f"{', '.join(_ACTIVATIONS)}; this {name} was fitted with "
            f"{', '.join(fitted.architecture.activations)}."
        )
    return {
        "hidden_layer_sizes": fitted.architecture.hidden,
        "activation": used.pop(),
        "random_state": ours.random_state,
    }


def regressor_of(ours: Any) -> MLPRegressor:
    """Return an `MLPRegressor`; of a variance head only the mean is kept."""
    model = MLPRegressor(**_common(ours))
    n_targets = len(ours._fitted.targets.center)
    coefs = [*ours.coefs_[:-1], ours.coefs_[-1][:, :n_targets]]
    intercepts = [*ours.intercepts_[:-1], ours.intercepts_[-1][:n_targets]]
    return _convert(ours, model, coefs, intercepts)


def classifier_of(ours: Any, multilabel: bool) -> MLPClassifier:
    """Return an `MLPClassifier`."""
    model = MLPClassifier(**_common(ours))
    model = _convert(ours, model, list(ours.coefs_), list(ours.intercepts_))
    labels = ours.classes_
    if multilabel:
        labels = np.eye(len(labels), dtype=np.int64)
        labels = np.vstack([labels, 1 - labels])
    # What MLPClassifier.predict turns outputs into labels with.
    model._label_binarizer = LabelBinarizer().fit(labels)
    model.classes_ = ours.classes_
    return model
