"""Scikit-learn's networks with the weights of ours."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import LabelBinarizer, LabelEncoder
from sklearn.utils import Bunch

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
    fitted = ours._ensemble.first
    name = type(ours).__name__
    if fitted.inputs.expansion is not None:
        raise ValueError(
            f"to_sklearn: scikit-learn's networks take numbers only, and this {name} "
            "was fitted with categories or missing values; encode them before."
        )
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


def _each(ours: Any, convert: Callable[[Any], Any]) -> list[tuple[str, Any]]:
    """Convert every member, with a name."""
    members = getattr(ours, "estimators_", [ours])
    return [(f"member{k}", convert(member)) for k, member in enumerate(members)]


def _vote(ours: Any, model: Any, members: list[tuple[str, Any]]) -> Any:
    """Give a voting model the attributes that its fit would."""
    model.estimators_ = [member for _, member in members]
    model.named_estimators_ = Bunch(**dict(members))
    if hasattr(ours, "feature_names_in_"):
        model.feature_names_in_ = ours.feature_names_in_
    return model


def regressor_of(ours: Any) -> Any:
    """Return an `MLPRegressor`; of a variance head only the mean is kept."""
    heads = ours._heads
    if heads.loss == "quantile" and heads.n_wanted > 1:
        raise ValueError(
            "to_sklearn: scikit-learn's networks do not sort quantiles, and this "
            f"{type(ours).__name__} was fitted with quantile={ours.quantile!r}."
        )
    how = {"loss": "poisson"} if heads.loss == "poisson" else {}
    if how and "loss" not in MLPRegressor().get_params():
        raise ValueError(
            'to_sklearn: this scikit-learn has no network with loss="poisson"; it came '
            "with version 1.7."
        )
    shared = _common(ours)

    def convert(member: Any) -> MLPRegressor:
        count = heads.n_targets
        coefs = [*member.coefs_[:-1], member.coefs_[-1][:, :count]]
        intercepts = [*member.intercepts_[:-1], member.intercepts_[-1][:count]]
        model = MLPRegressor(**shared, **how)
        return _convert(member, model, coefs, intercepts)

    members = _each(ours, convert)
    if len(members) == 1:
        return members[0][1]
    if heads.n_targets > 1:
        raise ValueError(
            "to_sklearn: VotingRegressor has one target, and this "
            f"{type(ours).__name__} has {heads.n_targets} and several members; use "
            "n_members=1."
        )
    return _vote(ours, VotingRegressor(members), members)


def classifier_of(ours: Any, multilabel: bool) -> Any:
    """Return an `MLPClassifier`, of several members a `VotingClassifier` of them."""
    shared = _common(ours)
    several = hasattr(ours, "estimators_")
    if several and multilabel:
        raise ValueError(
            "to_sklearn: VotingClassifier has one label a row, and this "
            f"{type(ours).__name__} has several and several members; use n_members=1."
        )
    # A VotingClassifier gives its members numbers of classes to predict.
    classes = np.arange(len(ours.classes_)) if several else ours.classes_

    def convert(member: Any) -> MLPClassifier:
        coefs, intercepts = list(member.coefs_), list(member.intercepts_)
        model = _convert(member, MLPClassifier(**shared), coefs, intercepts)
        labels = classes
        if multilabel:
            labels = np.eye(len(labels), dtype=np.int64)
            labels = np.vstack([labels, 1 - labels])
        # What MLPClassifier.predict turns outputs into labels with.
        model._label_binarizer = LabelBinarizer().fit(labels)
        model.classes_ = classes
        return model

    members = _each(ours, convert)
    if not several:
        return members[0][1]
    # skl2onnx converts no other; predictions are the same.
    voting = VotingClassifier(members, voting="soft", flatten_transform=False)
    model = _vote(ours, voting, members)
    model.classes_ = ours.classes_
    model.le_ = LabelEncoder().fit(ours.classes_)
    return model
