"""Classification by networks with dropout."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array, column_or_1d

from regkit._sklearn import Interval, StrOptions, validate_parameters
from regkit._types import Floats
from regkit._warn import warn
from regkit.neural_network._base import DropoutMLP
from regkit.neural_network._by_chunks import by_chunks
from regkit.neural_network._choice import EpochChoice
from regkit.neural_network._data import Table
from regkit.neural_network._ensemble import Ensemble, joined
from regkit.neural_network._fitted import Fitted
from regkit.neural_network._folds import lone_classes
from regkit.neural_network._held_out import Judges, Trained
from regkit.neural_network._parameters import COMMON, check_coverage, check_n_samples
from regkit.neural_network._rows import FitInput, Goal
from regkit.neural_network._summaries import LabelCounts
from regkit.neural_network._to_sklearn import classifier_of
from regkit.neural_network._uncertainty import ClassUncertainty, entropy
from regkit.solvers.networks.conformal import ClassSets
from regkit.solvers.networks.temperature import (
    HeldOutGroup,
    fit_temperature,
    log_probabilities_of,
    probabilities_of,
)

_N_PASSES = 100


class DropoutMLPClassifier(ClassifierMixin, DropoutMLP):
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

    Usually set are `hidden_layer_sizes`, `n_members`, `dropout`, `alpha`,
    `class_weight`, `max_iter`, `random_state` and `verbose`, which come first. The
    others follow in groups: columns (from `categorical_features`), architecture
    (from `activation`), regularization (from `input_dropout`), training (from
    `solver`), rows held out and uncertainty (from `early_stopping`), rows in chunks
    (`buffer_chunks`).

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(128, 128)
        Units of each hidden layer.
    n_members : int or "auto", default="auto"
        Networks whose predictions are averaged. Each validates on one of up to five
        folds, which the others learn from, so that every row is held out once. "auto"
        is 10, of more than 20,000 rows 5, of rows in chunks 1. A single network sets
        `validation_fraction` of the rows apart.
    dropout : float or sequence of float, default=0.15
        Share of a hidden layer's units that is dropped, in [0, 1); one for all hidden
        layers or one each. What stays is divided by 1 - `dropout`, so that prediction
        is that of an ordinary network.
    alpha : float, default=0.02
        Strength of the L2 penalty; see the objective above.
    class_weight : dict, list of dict or "balanced", default=None
        Weights of the classes, as scikit-learn's; "balanced" gives every class the
        same total weight. Where rows validate, what the weight of a class of k < 10
        of them exceeds the mean counts k tenths: no rare row chooses the epoch.
    max_iter : int or "auto", default="auto"
        Epochs. "auto" is a budget of 2,560 steps: as many epochs as that is batches,
        but at least 32 and at most 256.
    random_state : int, RandomState instance or None, default=None
        Of initial weights, order, masks and rows set apart. The same number gives the
        same network on any number of threads.
    verbose : bool or int, default=False
        Whether to print a table: losses, a mark at the best epoch so far and seconds,
        a line an epoch. Members are trained one after another then.
    categorical_features : array-like or "from_dtype", default="from_dtype"
        The columns that hold categories: a mask, numbers or names; "from_dtype" takes
        those of a data frame that are categories, enums or strings. Each member learns
        an indicator of every level that its rows have (of the 63 most frequent, where
        there are more than 64); a level not seen has none. None is for no columns.
        Missing numbers are filled by the median and get an indicator, missing
        categories are a level.
    standardize : bool or "robust", default="robust"
        How to center and scale the columns of X before anything else: True by weighted
        means and standard deviations; "robust" by the mean of two scores, which suits
        skewed columns and bounds outliers: one by weighted medians and interquartile
        ranges, followed by the smooth bound x / √(1 + (x / 3)²) [2]_, the other the
        normal quantile of the value's rank. Columns of two values, and indicators of
        levels, are centered by means, and their values are apart by twice the root of
        the share of the rarer one, at most 1, so that rare levels are learned slowly.
        A sparse X is never densified.
    embedding : {"periodic"} or None, default="periodic"
        Adds to every column of more than two values three learned combinations of 16
        learned waves of it (after PBLD of [2]_), which lets the network follow sharp
        functions of single columns: the first member begins with slow waves, every
        other one with slow and fast ones. For wide X use None, which is faster.
    input_scaling : bool, default=False
        Whether each input of the first layer has a learned scale.
    activation : str or sequence of str, default="gelu"
        "relu", "leaky_relu" (slope 0.01), "tanh", "logistic", "gelu" (by tanh),
        "silu", "mish", "selu" or "identity"; one for all hidden layers or one each.
    dtype : {"float32", "float64"}, default="float32"
        Precision of training and prediction.
    input_dropout : float, default=0.0
        The same for the inputs.
    dropout_kind : {"bernoulli", "gaussian"}, default="bernoulli"
        Noise that multiplies units: 0 or 1 / (1 - p), or normal with the same mean, 1,
        and variance, p / (1 - p).
    dropout_schedule : {"constant", "cosine", "flat_cosine"}, default="flat_cosine"
        What multiplies the rates during training: 1, a cosine from 1 to 0, or 1 for
        half of the steps and then a cosine to 0.
    alpha_schedule : {"constant", "cosine", "flat_cosine"}, default="flat_cosine"
        What multiplies `alpha` during training.
    l1 : float, default=0.0
        Strength of the L1 penalty; see the objective above. It makes weights exactly
        zero.
    max_norm : float, default=None
        Longest Euclidean norm of a hidden unit's incoming weights; longer ones are
        shortened after each step.
    label_smoothing : float, default=0.0
        Share of the probability that is spread evenly over all classes in the
        targets of the loss, in [0, 1).
    solver : {"adam", "adamw", "sgd"}, default="adamw"
        Optimizer. "adam" and "sgd" add the L2 penalty's gradient to the loss's;
        "adamw" shrinks weights by learning rate × `alpha` beside the step.
    learning_rate_init : float, default=0.04
        Largest learning rate; what it multiplies is said by `layer_rates`.
    learning_rate : {"constant", "cosine", "warm_up", "one_cycle", "cosine_cycles", \
            "flat_cosine", "adaptive"}, default="cosine_cycles"
        Schedule of the learning rate over `max_iter` epochs, for every solver:
        constant; cosine to 0; a linear rise in the first tenth and then a cosine to 0;
        a rise in the first 30% and then a cosine to 0; four cosine cycles, each twice
        as long as the one before; constant for the first half and then a cosine to 0;
        divided by 5 whenever progress ends.
    layer_rates : {"fan_in", "equal"}, default="fan_in"
        "fan_in" divides the learning rate of a layer's weights by the root of its
        number of inputs (rates of 0.1 suit Adam then), and multiplies that of biases
        and of the embedding by 0.1, of input scales by 6. "equal" uses one rate for
        all (0.001 suits Adam), and starts from smaller weights, as `MLPRegressor` does.
    momentum : float, default=0.9
        Of "sgd".
    nesterovs_momentum : bool, default=True
        Whether "sgd" looks ahead (Nesterov).
    beta_1, beta_2 : float, default=0.9, 0.95
        Decay of Adam's moments.
    epsilon : float, default=1e-8
        Added to the root of Adam's second moment.
    batch_size : int or "auto", default=128
        Rows of a step, at most: an epoch is cut into equal batches. "auto" is
        ``min(200, n_samples)``.
    shuffle : bool, default=True
        Whether rows are drawn in a new order in each epoch.
    tol : float, default=1e-4
        Progress that counts, in units of the loss.
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
        learns from all rows, and several keep their last weights; their folds tell how
        good they are.
    validation_fraction : float, default=0.2
        Share of the rows that a single network sets apart for `early_stopping`.
        Classes are held out in proportion; a class of one row never is.
    buffer_chunks : int, default=4
        With an X in chunks (`RowChunks`, a large memory map, Dask): how many chunks
        are mixed at a time. See the notes.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels; for several labels a row, 0 to n_labels - 1.
    estimators_ : list of estimator
        The members, each as an estimator with ``n_members=1``; not of a single one.
    folds_ : ndarray of shape (n_samples,)
        The fold of each row, -1 for a row that was not held out: one without weight,
        or the only one of its class. Only of several members on folds, with `oof_…`.
    oof_prediction_ : ndarray of shape (n_samples, n_classes)
        Probabilities of the rows by the members that did not learn from them; NaN
        where a row was not held out.
    oof_score_ : float
        Accuracy of these, weighted.
    coefs_ : list of ndarray of shape (n_inputs, n_units)
        Weights of each layer, in float64, of a single member. Scaling of X and y is
        folded into the first and the last layer: they act on X as it is given and yield
        y's units (with ``embedding="periodic"`` the first layer acts on the embedded
        columns instead).
    intercepts_ : list of ndarray of shape (n_units,)
        Biases of each layer, of a single member.
    loss_curve_ : list of float
        Mean training loss of each epoch of the last fit, with dropout, without
        penalties; `partial_fit` adds to it. Of several members the mean of those that
        ran the epoch, as in the other curves.
    loss_ : float
        The last of them.
    validation_loss_curve_ : list of float or None
        Mean loss of the validation rows after each epoch, without dropout.
    validation_scores_ : list of float or None
        Accuracy of the validation rows after each epoch.
    best_loss_ : float
        Least validation loss, or training loss where there are no validation rows; of
        several members the mean.
    best_iter_ : int
        Epoch of it, from 1; with validation rows its weights are kept. Of several
        members the median.
    n_iter_ : int
        Epochs run, the most of any member.
    t_ : int
        Rows trained on by all members, repetitions counted; a warm start counts on.
    n_layers_ : int
        Layers, inputs and outputs included.
    n_outputs_ : int
        Units of the last layer.
    out_activation_ : str
        "logistic" or "softmax".
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`; only when X has string column names.

    See Also
    --------
    DropoutMLPRegressor : For numbers.

    Notes
    -----
    An X in chunks is read once to check it, once to count it, and then once an epoch.
    With `shuffle` an epoch visits the chunks in a new random order, `buffer_chunks` at
    a time, whose rows are drawn in random order: rows far apart never share a batch
    unless their chunks do, so that chunks sorted by time or by class want a larger
    buffer, or rows shuffled once on disk. Chunks from a callable come in the callable's
    order. About two buffers are in memory. Each buffer is cut into equal batches.

    Rows set apart for validation or calibration, and quartiles of columns, come from a
    random sample of up to 100,000 rows (or 64 MB of X), of which the fractions are
    taken; it depends on `random_state` and the number of rows only. Means and
    deviations are those of all rows. Up to `buffer_chunks` chunks are held instead, and
    give the same network as one array of their rows.

    References
    ----------
    .. [1] N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov,
       "Dropout: a simple way to prevent neural networks from overfitting", Journal of
       Machine Learning Research 15, 2014.
    .. [2] D. Holzmüller, L. Grinsztajn and I. Steinwart, "Better by default: strong
       pre-tuned MLPs and boosted trees on tabular data", Advances in Neural
       Information Processing Systems 37, 2024.
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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **COMMON,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    }
    _stratify = True

    def __init__(
        self,
        hidden_layer_sizes: Any = (128, 128),
        *,
        n_members: int | str = "auto",
        dropout: Any = 0.15,
        alpha: float = 0.02,
        class_weight: Any = None,
        max_iter: int | str = "auto",
        random_state: Any = None,
        verbose: Any = False,
        categorical_features: Any = "from_dtype",
        standardize: bool | str = "robust",
        embedding: str | None = "periodic",
        input_scaling: bool = False,
        activation: Any = "gelu",
        dtype: str = "float32",
        input_dropout: float = 0.0,
        dropout_kind: str = "bernoulli",
        dropout_schedule: str = "flat_cosine",
        alpha_schedule: str = "flat_cosine",
        l1: float = 0.0,
        max_norm: float | None = None,
        label_smoothing: float = 0.0,
        solver: str = "adamw",
        learning_rate_init: float = 0.04,
        learning_rate: str = "cosine_cycles",
        layer_rates: str = "fan_in",
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.95,
        epsilon: float = 1e-8,
        batch_size: Any = 128,
        shuffle: bool = True,
        tol: float = 1e-4,
        n_iter_no_change: int | None = None,
        warm_start: bool = False,
        early_stopping: bool = True,
        validation_fraction: float = 0.2,
        buffer_chunks: int = 4,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_members = n_members
        self.dropout = dropout
        self.alpha = alpha
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.random_state = random_state
        self.verbose = verbose
        self.categorical_features = categorical_features
        self.standardize = standardize
        self.embedding = embedding
        self.input_scaling = input_scaling
        self.activation = activation
        self.dtype = dtype
        self.input_dropout = input_dropout
        self.dropout_kind = dropout_kind
        self.dropout_schedule = dropout_schedule
        self.alpha_schedule = alpha_schedule
        self.l1 = l1
        self.max_norm = max_norm
        self.label_smoothing = label_smoothing
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.layer_rates = layer_rates
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.buffer_chunks = buffer_chunks

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> Self:
        """Train for one epoch, at constant initial rates, on all rows.

        The first call decides the shape and how X is scaled. No rows are set apart,
        whatever `early_stopping` says.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Classes.
        classes : array-like of shape (n_classes,), default=None
            All classes of all calls; None takes them from the first call's y.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : estimator
            The estimator.

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
    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the most probable class, or all labels above one half.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Rows to predict for.

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
    def predict_log_proba(self, X: Any) -> Floats:
        """Predict logarithms of class probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Rows to predict for.

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
    def sample_predictions(
        self, X: Any, n_samples: int = _N_PASSES, random_state: Any = None
    ) -> Floats:
        """Predict class probabilities with units dropped as in training.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_rows, n_features)
            Rows to predict for.
        n_samples : int, default=100
            Number of predictions for each row, by which members take turns; masks of
            all are independent.
        random_state : int, RandomState instance or None, default=None
            Of the masks.

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
    def predict_set(self, X: Any, coverage: float = 0.9) -> NDArray[np.bool_]:
        """Predict sets of classes that hold the right one with a given probability.

        A class belongs to a row's set unless its probability is among the smallest that
        held-out rows have for their own class. With folds the sets are
        cross-conformal [1]_: ranks by the networks of each fold are averaged as normal
        scores, and about `coverage` of new rows like those of the fit are covered,
        without a bound that would hold for all data. With the validation rows of a
        single member, or your own, they are split-conformal [2]_. A set may be empty,
        where no class is as probable as covered rows' are.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Rows to predict for.
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
                f"{type(self).__name__}: no rows were held out that could tell how "
                "large sets must be. Fit with n_members of at least 2 or "
                "early_stopping=True."
            )
        sets: ClassSets = self._sets
        return sets.of(self._member_probabilities(X), float(coverage))

    @by_chunks()
    def predict_uncertainty(
        self, X: Any, n_samples: int = _N_PASSES
    ) -> ClassUncertainty:
        """Predict averaged probabilities with the parts of their entropy told apart.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_rows, n_features)
            Rows to predict for.
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
        self,
        ensemble: Ensemble,
        goal: Goal,
        judges: Judges,
        trained: list[Trained],
        given: FitInput,
    ) -> dict[str, Any]:
        found = self._uncalibrated()
        if not judges.held_out:
            return found
        multilabel = goal.attributes["_multilabel"]
        classes = goal.attributes["classes_"]
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
            found["_sets"] = ClassSets(pooled, judges.members)
        if judges.by_fold and given.n_rows is not None:
            weights = np.concatenate(
                [table.weights for _, table, *_ in judges.held_out]
            )
            found["folds_"] = judges.folds(given.n_rows)
            found["oof_prediction_"] = judges.fill(predicted, given.n_rows)
            found["oof_score_"] = float(
                np.average(np.concatenate(hits), weights=weights)
            )
        if given.n_rows is not None and not multilabel:
            self._warn_of_lone_classes(given, classes)
        return found

    def _warn_of_lone_classes(self, given: FitInput, classes: NDArray[Any]) -> None:
        labels = given.table.targets[:, 0].round().astype(np.int64)
        alone = classes[lone_classes(labels)].tolist()
        if alone:
            shown = ", ".join(repr(label) for label in alone[:5])
            more = f" and {len(alone) - 5} more" if len(alone) > 5 else ""
            warn(
                f"{type(self).__name__}: y has a single row of each of the classes "
                f"{shown}{more}. Such rows are learned from and never validate, so "
                "nothing tells how well these classes are predicted.",
            )

    def _uncalibrated(self) -> dict[str, Any]:
        return {"_sets": None}

    def _numbers(self, y: Any) -> Any:
        """Numbers of y's length: its labels may be anything."""
        return None if y is None else np.zeros(len(y))

    def _labels(self, y: Any) -> NDArray[Any]:
        """Give labels of shape (n,), or indicators of shape (n, n_labels)."""
        if hasattr(y, "toarray"):
            y = y.toarray()
        y = check_array(
            y, ensure_2d=False, ensure_min_samples=0, dtype=None, input_name="y"
        )
        check_classification_targets(y)
        if type_of_target(y, input_name="y") == "multilabel-indicator":
            return np.asarray(y)
        labels: NDArray[Any] = column_or_1d(y, warn=True)
        return labels

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
                    f"one class: {classes[0]!r}."
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
            self.label_smoothing,
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
        return numbers * (1.0 - self.label_smoothing) + 0.5 * self.label_smoothing

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
