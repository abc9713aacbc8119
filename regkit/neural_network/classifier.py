"""Classification by networks with dropout."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array, column_or_1d

from regkit._bases import ClassifierMixin
from regkit._describe import described_as, takes_parameters
from regkit._sklearn import RealInterval, StrOptions, validate_parameters
from regkit._types import Floats
from regkit._warn import warn
from regkit.linear_model._labels import (
    of_lone_rows,
    refuse_missing,
    refuse_unknown,
    unique_labels,
)
from regkit.neural_network._base import DropoutMLP
from regkit.neural_network._by_chunks import by_chunks
from regkit.neural_network._choice import EpochChoice
from regkit.neural_network._data import Table
from regkit.neural_network._ensemble import Ensemble, joined
from regkit.neural_network._fitted import Fitted
from regkit.neural_network._folds import lone_classes
from regkit.neural_network._held_out import Judges
from regkit.neural_network._network_parameters import (
    ClassificationParameters,
    UsualParameters,
)
from regkit.neural_network._parameters import COMMON, check_coverage, check_n_samples
from regkit.neural_network._rows import FitInput, Goal
from regkit.neural_network._summaries import LabelCounts
from regkit.neural_network._to_sklearn import classifier_of
from regkit.neural_network._uncertainty import ClassUncertainty, entropy
from regkit.rows.inputs import in_numpy
from regkit.solvers.networks.conformal import ClassSets
from regkit.solvers.networks.temperature import (
    HeldOutGroup,
    fit_temperature,
    log_probabilities_of,
    probabilities_of,
)

_N_PASSES = 100


@takes_parameters
class DropoutMLPClassifier(
    ClassifierMixin,
    DropoutMLP,
    ClassificationParameters,
    UsualParameters,
):
    r"""Multi-layer perceptron with dropout, for classification.

    Minimizes by stochastic gradient descent over all layers' weights :math:`W` and
    biases

    .. math::

        \frac{1}{\sum_i w_i} \sum_i w_i \, \ell(y_i, f(x_i))
        + \frac{\alpha}{2} \|W\|_2^2 + l_1 \|W\|_1,

    where :math:`w` are the `sample_weight` times the `class_weight`, :math:`f` is the
    network with units dropped at random [1]_, and :math:`\ell` the logarithmic loss: of
    a logistic output for two classes, of softmax outputs for more, and averaged over
    logistic outputs where a row has several labels. The loss is a mean, so that
    penalties mean the same for any batch size and when every row is repeated
    (scikit-learn's `MLPClassifier` divides its `alpha` by the batch's rows: ``alpha``
    here is ``alpha / batch_size`` there). Biases are not penalized. "adamw" has no such
    objective: its penalty acts beside the step.

    Usually set are `hidden_layer_sizes`, `n_members`, `dropout`, `alpha`, `max_iter`,
    `random_state`, `verbose` and `class_weight`, which come first. The others
    follow in groups: the target (`label_smoothing`),
    columns (from `categorical_features`), architecture (from `activation`),
    regularization (from `input_dropout`), training (from `solver`), rows held out
    (from `early_stopping`), rows in chunks (`buffer_chunks`).

    Parameters
    ----------
    learning_rate_init : float, default=0.04
        Largest learning rate; what it multiplies is said by `layer_rates`.
    n_iter_no_change : int, default=None
        Epochs without progress after which training ends, of the validation loss where
        there are validation rows, else of the training loss. None is 10 with a
        `learning_rate` of "constant" or "adaptive"; with "cosine_cycles" training of a
        network that validates alone ends after a cycle (from the second on) that
        brought no progress; other schedules run to their end. Where two or more
        validate on the same rows, those of the first fold run to the end, and all
        others to three times the epochs that were best for these.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights, the scaling and the optimizer's state
        of the last fit, with the same folds; schedules start anew. Layers, activations,
        `embedding`, `standardize`, `dtype`, the number of members and the classes
        cannot change then.
    early_stopping : bool, default=True
        Whether to keep the weights of the epoch after which the loss of the rows to
        validate on is least. Networks that validate on the same rows (two on each fold,
        by default) keep the one of twelve epochs after which their mean, divided by the
        temperature that suits it best, loses least [3]_. Without it a single network
        learns from all rows, and several keep their last weights; their folds show how
        good they are.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels; for several labels a row, 0 to n_labels - 1.
    oof_prediction_ : ndarray of shape (n_samples, n_classes)
        Probabilities of the rows by the members that did not learn from them; NaN
        where a row was not held out.
    oof_score_ : float
        Accuracy of these, weighted.
    validation_scores_ : list of float or None
        Accuracy of the validation rows after each epoch.
    n_outputs_ : int
        Units of the last layer.
    out_activation_ : str
        "logistic" or "softmax".

    See Also
    --------
    DropoutMLPRegressor : For numbers.

    References
    ----------
    .. [3] E. Berta, D. Holzmüller, M. I. Jordan and F. Bach, "Rethinking early
       stopping: refine, then calibrate", arXiv:2501.19195, 2025.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from regkit.neural_network import DropoutMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = DropoutMLPClassifier(random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.95
    True
    >>> model.predict_proba(X[:2]).shape
    (2, 3)
    """

    learning_rate_init: float = 0.04

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **COMMON,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
        "label_smoothing": [RealInterval(0, 1, closed="left")],
    }
    _stratify = True

    @described_as(DropoutMLP._continue)
    def partial_fit(
        self, X: Any, y: Any = None, classes: Any = None, sample_weight: Any = None
    ) -> Self:
        """Train for one epoch, at constant initial rates, on all rows.

        The first call decides the shape and how X is scaled. No rows are set apart,
        whatever `early_stopping` says.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_labels), default=None
            Classes. None where they come with the chunks of X.
        classes : array-like of shape (n_classes,), default=None
            All classes of all calls; None takes them from the first call's y.

        Raises
        ------
        ValueError, TypeError
            As `fit`, and when the network of earlier calls has other columns, layers or
            classes.
        """
        validate_parameters(self)
        fresh = "_ensemble" not in self.__dict__
        if classes is not None:
            classes = np.unique(classes)
            if not fresh and not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"classes={classes!r} is not the same as on last call to "
                    f"partial_fit, was: {self.classes_!r}."
                )
        self._announced = classes
        try:
            return self._continue(X, y, sample_weight, fresh)
        finally:
            del self._announced

    @by_chunks(lazy=True)
    @described_as(DropoutMLP._check_X)
    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the most probable class, or all labels above one half.

        Returns
        -------
        y_pred : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Classes; a Dask array or series, not yet computed, for a Dask array or data
            frame.
        """
        probabilities = self.predict_proba(X)
        if self._multilabel:
            return (probabilities > 0.5).astype(np.int64)
        classes: NDArray[Any] = self.classes_[np.argmax(probabilities, axis=1)]
        return classes

    def predict_proba(
        self, X: Any, n_samples: int | None = None, random_state: Any = None
    ) -> Floats:
        """Predict class probabilities, without dropout or averaged over masks.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_rows, n_features)
            Rows to predict for.
        n_samples : int, default=None
            Number of dropout masks to average over; None for no dropout.
        random_state : int, RandomState instance or None, default=None
            Of the masks.

        Returns
        -------
        probabilities : ndarray of shape (n_rows, n_classes)
            In the order of `classes_`; for several labels a row, of each label. Without
            `n_samples`, not yet computed for a Dask array or data frame.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            When X holds NaN or inf, its columns are not those seen in `fit`, or
            `n_samples` is not a positive integer.
        """
        if n_samples is not None:
            return self._average(X, n_samples, random_state=random_state)
        return self._proba(X)

    @by_chunks(lazy=True)
    def _proba(self, X: Any) -> Floats:
        each = self._member_probabilities(self._check_X(X))
        mean: Floats = np.mean(each, axis=0)
        return mean

    def _member_probabilities(self, X: Any) -> list[Floats]:
        return [self._probabilities(raw) for raw in self._ensemble.outputs(X)]

    @by_chunks()
    def _average(self, X: Any, n_samples: int, random_state: Any) -> Floats:
        mean: Floats = self.sample_predictions(X, n_samples, random_state).mean(0)
        return mean

    @by_chunks(lazy=True)
    @described_as(predict)
    def predict_log_proba(self, X: Any) -> Floats:
        """Predict logarithms of class probabilities.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            Finite also where a probability is zero in float64.
        """
        X = self._check_X(X)
        each = [
            log_probabilities_of(raw, self._multilabel)
            for raw in self._ensemble.outputs(X)
        ]
        logs: Floats = logsumexp(each, axis=0) - np.log(len(each))
        return logs

    @by_chunks(axis=1)
    @described_as(predict_proba)
    def sample_predictions(
        self, X: Any, n_samples: int = _N_PASSES, random_state: Any = None
    ) -> Floats:
        """Predict class probabilities with units dropped as in training.

        Parameters
        ----------
        n_samples : int, default=100
            Number of predictions for each row, by which members take turns; masks of
            all are independent.

        Returns
        -------
        samples : ndarray of shape (n_samples, n_rows, n_classes)
            Probabilities.
        """
        X = self._check_X(X)
        check_n_samples(n_samples, 1)
        seed = self._draw_seed(random_state)
        raw = joined(self._ensemble.passes(X, n_samples, seed))
        return self._probabilities(raw)

    @by_chunks()
    @described_as(predict)
    def predict_set(self, X: Any, coverage: float = 0.9) -> NDArray[np.bool_]:
        """Predict sets of classes that hold the right one with a given probability.

        A class belongs to a row's set unless its probability is among the smallest that
        held-out rows have for their own class. With folds the sets are
        cross-conformal [1]_: ranks by the networks of each fold are averaged as normal
        scores, whose limit is the lower the more the folds disagree, and about
        `coverage` of new rows like those of the fit are covered, without a bound that
        would hold for all data. With the validation rows of a
        single member, or your own, they are split-conformal [2]_. A set may be empty,
        where no class is as probable as covered rows' are.

        Parameters
        ----------
        coverage : float, default=0.9
            Probability, in (0, 1).

        Returns
        -------
        sets : ndarray of shape (n_samples, n_classes) of bool
            Whether each class, in the order of `classes_`, belongs to the row's set.

        Raises
        ------
        ValueError
            When `coverage` is not in (0, 1) or needs more rows than were held out, no
            rows were held out, or a row has several labels.

        References
        ----------
        .. [1] V. Vovk, "Cross-conformal predictors", Annals of Mathematics and
           Artificial Intelligence 74, 2015.
        .. [2] M. Sadinle, J. Lei and L. Wasserman, "Least ambiguous set-valued
           classifiers with bounded error levels", Journal of the American Statistical
           Association 114, 2019.
        """
        X = self._check_X(X)
        check_coverage(coverage)
        if self._multilabel:
            raise ValueError(
                f"predict_set: this {type(self).__name__} was fitted with several "
                "labels a row, which have no sets of classes."
            )
        if self._sets is None:
            raise ValueError(
                f"{type(self).__name__}: no rows were held out that could show how "
                "large sets must be. Fit with n_members of at least 2 or "
                "early_stopping=True."
            )
        sets: ClassSets = self._sets
        return sets.of(self._member_probabilities(X), float(coverage))

    @by_chunks()
    @described_as(predict_proba)
    def predict_uncertainty(
        self, X: Any, n_samples: int = _N_PASSES
    ) -> ClassUncertainty:
        """Predict averaged probabilities with the parts of their entropy apart.

        Parameters
        ----------
        n_samples : int, default=100
            Number of dropout masks; always the same ones.

        Returns
        -------
        uncertainty : named tuple (probabilities, entropy, noise, epistemic)
            Averages over masks and entropies in nats, noise + epistemic = entropy. For
            several labels a row the entropies are of shape (n_rows, n_labels).
        """
        samples = self.sample_predictions(X, n_samples, self._fitted_seed())
        mean = samples.mean(axis=0)
        if self._multilabel:  # each label is a distribution over two
            samples = np.stack([1.0 - samples, samples], axis=-1)
        total = entropy(samples.mean(axis=0))
        noise = entropy(samples).mean(axis=0)
        return ClassUncertainty(mean, total, noise, np.maximum(total - noise, 0.0))

    def to_sklearn(self) -> Any:
        """Return a fitted scikit-learn `MLPClassifier` that predicts the same.

        Returns
        -------
        model : MLPClassifier
            With this network's weights; it can be exported wherever scikit-learn's
            can, to ONNX with skl2onnx for instance.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            When scikit-learn has no such network: other activations, different ones
            in different layers, or an embedding.
        """
        self._check_fitted()
        return classifier_of(self, self._multilabel)

    def _probabilities(self, outputs: Floats) -> Floats:
        """From outputs (..., n_outputs) to probabilities (..., n_classes)."""
        return probabilities_of(outputs, self._multilabel)

    def _choice(self, goal: Goal) -> EpochChoice:
        return EpochChoice(goal.attributes["_multilabel"], self.label_smoothing == 0)

    def _temperature(self, goal: Goal, judges: Judges, n_members: int) -> float:
        """Learn the temperature; label smoothing asks for probabilities of its own."""
        if not judges.held_out or self.label_smoothing > 0:
            return 1.0
        multilabel = goal.attributes["_multilabel"]
        groups = [
            HeldOutGroup(
                np.array([each.outputs(table.X) for each in networks]),
                table.targets,
                table.weights,
            )
            for networks, table, *_ in judges.held_out
        ]
        n_folds = len(judges.members)
        return fit_temperature(groups, multilabel, n_members, n_folds)

    def _calibrate(
        self, ensemble: Ensemble, judges: Judges, given: FitInput
    ) -> dict[str, Any]:
        found = self._uncalibrated()
        if not judges.held_out:
            return found
        multilabel = given.goal.attributes["_multilabel"]
        predicted, scores, hits = [], [], []
        for networks, table, *_ in judges.held_out:
            outputs = np.array([each.outputs(table.X) for each in networks])
            each = probabilities_of(outputs / ensemble.temperature, multilabel)
            shares = each.mean(axis=0)
            predicted.append(shares)
            if multilabel:
                hits.append(((shares > 0.5) == (table.targets > 0.5)).all(axis=1))
                continue
            own = table.targets[:, 0].round().astype(np.int64)
            scores.append(1.0 - shares[np.arange(len(own)), own])
            hits.append(np.argmax(shares, axis=1) == own)
        if not multilabel:
            pooled = np.sort(np.concatenate(scores))
            sets = ClassSets(pooled, judges.members)
            if judges.by_fold:
                sets = sets.comparing(self._of_right_classes(judges, ensemble))
            found["_sets"] = sets
        if judges.by_fold and given.n_rows is not None:
            weights = np.concatenate(
                [table.weights for _, table, *_ in judges.held_out]
            )
            found["folds_"] = judges.folds(given.n_rows)
            found["oof_prediction_"] = judges.fill(predicted, given.n_rows)
            found["oof_score_"] = np.float64(
                np.average(np.concatenate(hits), weights=weights)
            )
        return found

    def _of_right_classes(self, judges: Judges, ensemble: Ensemble) -> list[Floats]:
        """Return each member's probability of the class of some held-out rows."""
        found: list[list[Floats]] = [[] for _ in ensemble.members]
        for table in judges.some_rows():
            own = table.targets[:, :1].round().astype(np.int64)
            for raw, of_member in zip(ensemble.outputs(table.X), found, strict=True):
                shares = probabilities_of(raw, independent=False)
                of_member.append(np.take_along_axis(shares, own, axis=1)[:, 0])
        return [np.concatenate(each) for each in found]

    def _warn_of_validation(self, given: FitInput) -> None:
        """Name the classes of a single row."""
        attributes = given.goal.attributes
        if given.n_rows is None or attributes["_multilabel"]:
            return
        labels = given.table.targets[:, 0].round().astype(np.int64)
        alone = attributes["classes_"][lone_classes(labels)]
        if len(alone):
            warn(f"{type(self).__name__}: {of_lone_rows(alone)}")

    def _uncalibrated(self) -> dict[str, Any]:
        return {"_sets": None}

    def _numbers(self, y: Any) -> Any:
        """Numbers of y's length: its labels may be anything."""
        return None if y is None else np.zeros(len(y))

    def _labels(self, y: Any) -> NDArray[Any]:
        """Give labels of shape (n,), or indicators of shape (n, n_labels)."""
        if hasattr(y, "toarray"):
            y = y.toarray()
        y = in_numpy("y", y)
        self._check_kinds(y)
        y = check_array(
            y, ensure_2d=False, ensure_min_samples=0, dtype=None, input_name="y"
        )
        check_classification_targets(y)
        if type_of_target(y, input_name="y") == "multilabel-indicator":
            return np.asarray(y)
        labels: NDArray[Any] = column_or_1d(y, warn=True)
        return labels

    @staticmethod
    def _check_kinds(y: Any) -> None:
        """Refuse missing labels, and kinds of labels that cannot be compared."""
        values = np.asarray(y)
        if values.ndim == 1 or values.shape[1:] == (1,):
            refuse_missing(values.reshape(-1))
            if values.dtype == object and values.size:
                unique_labels(values.reshape(-1))
                refuse_unknown(values.reshape(-1))

    def _make_goal(self, y: Any, checked: Floats, fresh: bool) -> Goal:
        labels = self._labels(y)
        multilabel = labels.ndim == 2
        if multilabel:
            classes = np.arange(labels.shape[1])
        elif fresh:
            announced = self.__dict__.get("_announced")
            classes = np.unique(labels) if announced is None else announced
            if len(classes) < 2:
                raise ValueError(
                    f"{type(self).__name__} needs at least two classes, y has only "
                    f"one class: {classes.tolist()[0]!r}."
                )
        else:
            classes = self.classes_
        if not fresh and multilabel != self._multilabel:
            one, several = "one label a row", "several labels a row"
            raise ValueError(
                f"y has {several if multilabel else one}, but {type(self).__name__} "
                f"was fitted with {one if multilabel else several}."
            )
        if not fresh and len(classes) != len(self.classes_):
            raise ValueError(
                f"y has {len(classes)} labels, but {type(self).__name__} was fitted "
                f"with {len(self.classes_)}."
            )
        softmax = not multilabel and len(classes) > 2
        n_outputs = len(classes) if multilabel or softmax else 1
        attributes = {
            "classes_": classes,
            "_multilabel": multilabel,
            "out_activation_": "softmax" if softmax else "logistic",
        }
        return Goal(
            self._encode(labels, classes, multilabel),
            n_outputs,
            "softmax" if softmax else "binary",
            float(self.label_smoothing),
            attributes,
        )

    def _encode(
        self,
        labels: NDArray[Any],
        classes: NDArray[Any],
        multilabel: bool,
        name: str = "y",
    ) -> Floats:
        """Give class numbers in one column, or probabilities of logistic outputs."""
        if multilabel:
            numbers = labels.astype(np.float64)
        else:
            known = np.isin(labels, classes)
            if not known.all():
                raise ValueError(
                    f"{name} holds classes that are not in classes_: "
                    f"{np.unique(labels[~known]).tolist()!r}."
                )
            numbers = np.searchsorted(classes, labels).astype(np.float64)[:, None]
            if len(classes) > 2:
                return numbers
        smoothing = float(self.label_smoothing)
        return numbers * (1.0 - smoothing) + 0.5 * smoothing

    def _plain_y(self, y: Any) -> NDArray[Any]:
        return self._labels(y)

    def _summary(self) -> LabelCounts:
        return LabelCounts()

    def _targets(self, y: Any, goal: Goal, name: str) -> Floats:
        labels = self._labels(y)
        classes = goal.attributes["classes_"]
        if goal.attributes["_multilabel"] != (labels.ndim == 2):
            raise ValueError(
                f"{name} must hold one label a row as y does, or several as y does."
            )
        return self._encode(labels, classes, labels.ndim == 2, name)

    @property
    def _class_weight(self) -> Any:
        return self.class_weight

    def _row_weights(self, y: Any, weights: Floats, class_weight: Any) -> Floats:
        if class_weight is None:
            return weights
        labels = self._labels(y)
        if isinstance(class_weight, list) and labels.ndim == 1:
            raise ValueError(
                "class_weight must be a dict of classes or 'balanced' where a row has "
                f"one label, got a list: {class_weight!r}."
            )
        try:
            factors = compute_sample_weight(class_weight, labels)
        except (ValueError, TypeError) as error:
            raise type(error)(f"class_weight={self.class_weight!r}: {error}") from error
        with np.errstate(over="ignore"):
            found = weights * factors
            usable = found.min(initial=0.0) >= 0 and np.isfinite(found.sum())
        if not usable:
            raise ValueError(
                "class_weight must hold finite numbers that are not negative and whose "
                f"sum over the rows is finite, got {self.class_weight!r}."
            )
        weighted: Floats = found
        return weighted

    def _scores(self, means: Floats, fitted: Fitted, held_out: Table) -> list[float]:
        """Give the accuracy after each epoch."""
        return [float(share) for share in means[:, 0]]

    def _fitted_seed(self) -> int:
        self._check_fitted()
        return self._ensemble.seed

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
