"""Regression by networks with dropout."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import RegressorMixin

from regkit._sklearn import Interval, StrOptions, validate_parameters
from regkit._types import Floats
from regkit.neural_network._base import DropoutMLP
from regkit.neural_network._by_chunks import by_chunks
from regkit.neural_network._calibration import judge
from regkit.neural_network._data import Table
from regkit.neural_network._ensemble import Ensemble, joined
from regkit.neural_network._fitted import Fitted
from regkit.neural_network._heads import Heads
from regkit.neural_network._held_out import Judges, Trained
from regkit.neural_network._parameters import (
    COMMON,
    check_coverage,
    check_n_samples,
    quantile_levels,
)
from regkit.neural_network._rows import FitInput, Goal, Parts
from regkit.neural_network._summaries import FirstTargets
from regkit.neural_network._to_sklearn import regressor_of
from regkit.neural_network._uncertainty import (
    RegressionUncertainty,
    determination,
    epistemic_deviation,
    gaussian_reach,
    root_mean_square,
)
from regkit.rows.inputs import check_y
from regkit.solvers.networks.scaling import Scaling, ScalingMoments

# Passes for deviations; the default of predictions.
_N_PASSES = 100
_SMALLEST = 1e-300
_LOSSES = (
    "squared_error",
    "absolute_error",
    "huber",
    "quantile",
    "gaussian_nll",
    "poisson",
)


class DropoutMLPRegressor(RegressorMixin, DropoutMLP):
    r"""Multi-layer perceptron with dropout, for regression.

    Minimizes by stochastic gradient descent over all layers' weights :math:`W` and
    biases

    .. math::

        \frac{1}{\sum_i w_i} \sum_i w_i \, \ell(y_i, f(x_i))
        + \frac{\alpha}{2} \|W\|_2^2 + l_1 \|W\|_1,

    where :math:`w` are the `sample_weight`, :math:`f` is the network with units dropped
    at random [1]_, and the loss :math:`\ell` is averaged over targets. The loss is a
    mean, so that penalties mean the same for any batch size and when every row is
    repeated (scikit-learn's `MLPRegressor` divides its `alpha` by the batch's rows:
    ``alpha`` here is ``alpha / batch_size`` there). With `standardize_target` losses
    are those of the standardized target. Biases are not penalized. "adamw" has no such
    objective: its penalty acts beside the step.

    Usually set are `hidden_layer_sizes`, `n_members`, `dropout`, `alpha`, `loss`,
    `quantile`, `max_iter`, `random_state` and `verbose`, which come first. The
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
    loss : {"squared_error", "absolute_error", "huber", "quantile", "gaussian_nll", \
            "poisson"}, default="squared_error"
        Half the squared error; the absolute error; half the square up to `huber_delta`
        and linear beyond; the loss whose minimum is the `quantile`; the negative
        logarithm of a normal density whose variance is a second output of the network;
        or half the Poisson deviance of a mean that is the exponential of the output,
        for counts and rates (of y = counts / exposure with `sample_weight` = exposure).
    quantile : float or sequence of float, default=0.5
        The quantiles of "quantile", in (0, 1). Of several, `predict` gives the middle
        one and `predict_quantiles` all, sorted so that none cross.
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
    standardize_target : bool, default=True
        Whether to center and scale y; predictions are in y's own units.
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
    huber_delta : float, default=1.0
        Residual where "huber" becomes linear, in deviations of y when
        `standardize_target`.
    solver : {"adam", "adamw", "sgd"}, default="adamw"
        Optimizer. "adam" and "sgd" add the L2 penalty's gradient to the loss's;
        "adamw" shrinks weights by learning rate × `alpha` beside the step.
    learning_rate_init : float, default=0.2
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
        `learning_rate` of "constant" or "adaptive"; with "cosine_cycles" training ends
        after a cycle (from the second on) that brought no progress on validation rows;
        other schedules run to their end.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights, the scaling and the optimizer's state
        of the last fit, with the same folds; schedules start anew. Layers, activations,
        `embedding`, `standardize`, `dtype`, the number of members and outputs cannot
        change then.
    early_stopping : bool, default=True
        Whether to keep the weights of the epoch after which the loss of the rows to
        validate on is least. Without it a single network learns from all rows, and
        several keep their last weights; their folds tell how good they are.
    validation_fraction : float, default=0.2
        Share of the rows that a single network sets apart for `early_stopping`.
        Classes are held out in proportion; a class of one row never is.
    calibration_fraction : float, default=0.0
        Share of the rows to set apart for `predict_interval` and the noise alone, from
        which no member learns.
    tau : float, default=None
        Precision of the noise, the inverse of its variance in y's units [3]_; None
        learns it from rows held out: those set apart for calibration, else those
        validated on.
    buffer_chunks : int, default=4
        With an X in chunks (`RowChunks`, a large memory map, Dask): how many chunks
        are mixed at a time. See the notes.

    Attributes
    ----------
    estimators_ : list of estimator
        The members, each as an estimator with ``n_members=1``; not of a single one.
    folds_ : ndarray of shape (n_samples,)
        The fold of each row, -1 for a row that was not held out: one without weight,
        or the only one of its class. Only of several members on folds, with `oof_…`.
    oof_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Predictions of the rows by the members that did not learn from them; NaN where
        a row was not held out.
    oof_score_ : float
        Coefficient of determination of these, weighted.
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
        Coefficient of determination of the validation rows after each epoch, averaged
        over targets.
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
        Units of the last layer, without those that serve intervals alone.
    noise_std_ : float or ndarray of shape (n_targets,)
        Root of the mean square of the residuals of rows held out, in y's units, or what
        `tau` says; only where one of them is there. What a prediction's deviation is on
        average; that of each row is `predict_uncertainty`'s.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`; only when X has string column names.

    See Also
    --------
    DropoutMLPClassifier : For classes.

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
    .. [3] Y. Gal and Z. Ghahramani, "Dropout as a Bayesian approximation: representing
       model uncertainty in deep learning", International Conference on Machine
       Learning, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from regkit.neural_network import DropoutMLPRegressor
    >>> X = np.linspace(-3, 3, 300)[:, None]
    >>> y = 100 * np.sin(X[:, 0])
    >>> model = DropoutMLPRegressor(random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.99
    True
    >>> y_pred, y_std = model.predict([[1.0]], return_std=True)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **COMMON,
        "loss": [StrOptions(set(_LOSSES))],
        "huber_delta": [Interval(Real, 0, None, closed="neither")],
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
        "calibration_fraction": [Interval(Real, 0, 1, closed="left")],
        "tau": [None, Interval(Real, 0, None, closed="neither")],
        "standardize_target": ["boolean"],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (128, 128),
        *,
        n_members: int | str = "auto",
        dropout: Any = 0.15,
        alpha: float = 0.02,
        loss: str = "squared_error",
        quantile: Any = 0.5,
        max_iter: int | str = "auto",
        random_state: Any = None,
        verbose: Any = False,
        categorical_features: Any = "from_dtype",
        standardize: bool | str = "robust",
        standardize_target: bool = True,
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
        huber_delta: float = 1.0,
        solver: str = "adamw",
        learning_rate_init: float = 0.2,
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
        calibration_fraction: float = 0.0,
        tau: float | None = None,
        buffer_chunks: int = 4,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_members = n_members
        self.dropout = dropout
        self.alpha = alpha
        self.loss = loss
        self.quantile = quantile
        self.max_iter = max_iter
        self.random_state = random_state
        self.verbose = verbose
        self.categorical_features = categorical_features
        self.standardize = standardize
        self.standardize_target = standardize_target
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
        self.huber_delta = huber_delta
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
        self.calibration_fraction = calibration_fraction
        self.tau = tau
        self.buffer_chunks = buffer_chunks

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch, at constant initial rates, on all rows.

        The first call decides the shape and how X and y are scaled. No rows are set
        apart, whatever `early_stopping` says.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
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
            targets.
        """
        validate_parameters(self)
        return self._continue(X, y, sample_weight, "_ensemble" not in self.__dict__)

    def predict(
        self, X: Any, return_std: bool = False, n_samples: int = _N_PASSES
    ) -> Any:
        """Predict without dropout, on request with standard deviations.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Rows to predict for.
        return_std : bool, default=False
            Whether to return standard deviations of y given X as well, the `total` of
            `predict_uncertainty`.
        n_samples : int, default=100
            Number of dropout masks, with `return_std`; always the same ones.

        Returns
        -------
        y_pred : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions, in float64, the mean of the members'; of several quantiles the
            middle one. Without `return_std` a Dask array or series, not yet computed,
            for a Dask array or data frame.
        y_std : ndarray of the same shape
            Only with `return_std`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            When X holds inf, its columns are not those seen in `fit`, `n_samples` is
            not an integer of at least 2, or deviations are wanted of networks without
            rows held out.
        """
        if return_std:
            found = self.predict_uncertainty(X, n_samples)
            return found.mean, found.total
        return self._predict(X)

    @by_chunks(lazy=True)
    def _predict(self, X: Any) -> Floats:
        return self._shaped(self._mean(self._check_X(X)))

    def _mean(self, X: Any) -> Floats:
        members = self._ensemble.members
        total: Floats = sum(
            self._heads.means(each.outputs(X), each.targets) / len(members)
            for each in members
        )
        return total

    @by_chunks()
    def predict_quantiles(self, X: Any) -> Floats:
        """Predict the quantiles of ``loss="quantile"``, none of which cross.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Rows to predict for.

        Returns
        -------
        quantiles : ndarray of shape (n_samples, n_quantiles) or \
                (n_samples, n_targets, n_quantiles)
            Ascending in the last axis, as `quantile` in the constructor, sorted. They
            are as the networks learned them; `predict_interval` moves the outermost two
            so that they cover held-out rows.

        Raises
        ------
        ValueError
            With another loss.
        """
        self._check_fitted()
        heads = self._heads
        if heads.loss != "quantile":
            raise ValueError(
                'predict_quantiles needs loss="quantile" and quantile=[…]; this '
                f"{type(self).__name__} was fitted with loss={heads.loss!r}."
            )
        X = self._check_X(X)
        each = [
            heads.quantiles(m.outputs(X), m.targets) for m in self._ensemble.members
        ]
        found: Floats = np.mean(each, axis=0)
        return found[:, 0] if self._one_dimensional else found

    @by_chunks()
    def predict_uncertainty(
        self, X: Any, n_samples: int = _N_PASSES
    ) -> RegressionUncertainty:
        """Predict with the parts of the uncertainty told apart.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Rows to predict for.
        n_samples : int, default=100
            Number of dropout masks in all; always the same ones.

        Returns
        -------
        uncertainty : named tuple (mean, epistemic, noise, total)
            Predictions and standard deviations, each of y's shape. The noise is the
            spread that the networks predict for the row, scaled so that it explains
            the residuals of held-out rows, less the epistemic variance, but at least a
            tenth of it; with `tau` it is given.

        Raises
        ------
        ValueError
            When no rows were held out that could tell the noise.
        """
        X = self._check_X(X)
        check_n_samples(n_samples, 2)
        ensemble, heads = self._ensemble, self._heads
        if self._calibration is None and heads.loss != "gaussian_nll":
            self._refuse_without_rows()
        mean = self._mean(X)
        epistemic = epistemic_deviation(heads, ensemble, X, n_samples)
        if self.tau is not None:
            noise = np.full_like(mean, self.tau**-0.5)
        else:
            calibration = self._calibration
            if calibration is None:
                found = [
                    heads.center_and_spread(each.outputs(X), each.targets)[1]
                    for each in ensemble.members
                ]
                spread = root_mean_square(np.array(found))
            else:
                spread = calibration.deviations(heads, ensemble.members, X)
            # Held-out rows show both parts together.
            ratio = np.minimum(epistemic / np.maximum(spread, _SMALLEST), 1.0)
            noise = spread * np.sqrt(np.maximum(1.0 - ratio**2, 0.01))
        total = np.hypot(epistemic, noise)
        return RegressionUncertainty(
            *(self._shaped(part) for part in (mean, epistemic, noise, total))
        )

    @by_chunks(axis=1)
    def sample_predictions(
        self, X: Any, n_samples: int = _N_PASSES, random_state: Any = None
    ) -> Floats:
        """Predict with units dropped as in training (Monte Carlo dropout).

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
        samples : ndarray of shape (n_samples, n_rows) or (n_samples, n_rows, n_targets)
            Predictions; their mean is the Monte Carlo estimate of the posterior mean
            and their spread the epistemic uncertainty. The noise of y is not in them.

        Raises
        ------
        ValueError
            When `n_samples` is not a positive integer.
        """
        X = self._check_X(X)
        check_n_samples(n_samples, 1)
        ensemble = self._ensemble
        found = ensemble.passes(X, n_samples, self._draw_seed(random_state))
        samples = joined(
            [
                (own, self._heads.means(raw, member.targets))
                for (own, raw), member in zip(found, ensemble.members, strict=False)
            ]
        )
        return samples[..., 0] if self._one_dimensional else samples

    @by_chunks()
    def predict_interval(self, X: Any, coverage: float = 0.9) -> tuple[Floats, Floats]:
        """Predict intervals that hold y with a given probability.

        Each network predicts a spread with its prediction, and intervals are multiples
        of it that cover held-out rows. Rows held out by `calibration_fraction` make
        them split-conformal [1]_: at least `coverage` of new rows are covered on
        average, whatever the networks are worth. Otherwise the rows that validate
        serve, which are predicted by the members of their fold: intervals are
        cross-conformal [2]_, cover about `coverage` of new rows (88% to 92% for 90% in
        the documentation's tables), and have no guarantee for all data. They are wider
        where the members disagree. The same rows choose whether intervals are around
        the prediction or the middle of two quantiles (or half way), and whether they
        are as wide as these are apart or all alike (or half way); each member's spreads
        are divided by their geometric mean over them. Validation rows chose the epoch
        whose weights are kept, so each half of them is compared with the epoch that the
        other half would have chosen. All of this is about rows like those of the fit,
        not about rows far from them.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Rows to predict for.
        coverage : float, default=0.9
            Probability, in (0, 1).

        Returns
        -------
        lower, upper : ndarrays of shape (n_samples,) or (n_samples, n_targets)
            The ends of the intervals.

        Raises
        ------
        ValueError
            When `coverage` is not in (0, 1), or needs more rows than were held out.

        References
        ----------
        .. [1] J. Lei, M. G'Sell, A. Rinaldo, R. Tibshirani and L. Wasserman,
           "Distribution-free predictive inference for regression", Journal of the
           American Statistical Association 113, 2018.
        .. [2] V. Vovk, "Cross-conformal predictors", Annals of Mathematics and
           Artificial Intelligence 74, 2015.
        """
        X = self._check_X(X)
        check_coverage(coverage)
        if self._calibration is not None:
            members = self._ensemble.members
            lower, upper = self._calibration.interval(
                self._heads, members, X, float(coverage)
            )
        else:
            if self._heads.loss != "gaussian_nll" and self.tau is None:
                self._refuse_without_rows()
            found = self.predict_uncertainty(X)
            half = gaussian_reach(coverage) * found.total
            return found.mean - half, found.mean + half
        if self._heads.loss == "poisson":
            lower = np.maximum(lower, 0.0)
        return self._shaped(lower), self._shaped(upper)

    def to_sklearn(self) -> Any:
        """Return a fitted scikit-learn model that predicts the same.

        Returns
        -------
        model : MLPRegressor or VotingRegressor
            With these networks' weights, of several members in a `VotingRegressor`; it
            can be exported wherever scikit-learn's can, to ONNX with skl2onnx for
            instance.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            When scikit-learn has no such network: other activations, different ones
            in different layers, an embedding, or several quantiles.
        """
        self._check_fitted()
        return regressor_of(self)

    def _refuse_without_rows(self) -> None:
        """Refuse what only held-out rows can tell: training rows err by too little."""
        if self.tau is None:
            raise ValueError(
                f"{type(self).__name__}: no rows were held out that could tell how far "
                "predictions are off. Fit with n_members of at least 2, "
                "early_stopping=True or calibration_fraction, or give tau."
            )

    @property
    def _one_dimensional(self) -> bool:
        return bool(self._y_ndim == 1)

    def _shaped(self, values: Floats) -> Floats:
        return values[:, 0] if self._one_dimensional else values

    def _calibrate(
        self,
        ensemble: Ensemble,
        goal: Goal,
        judges: Judges,
        trained: list[Trained],
        given: FitInput,
    ) -> dict[str, Any]:
        if not judges.held_out:
            return self._uncalibrated()
        chosen = not len(trained[0].parts.calibrate.weights)
        judged = judge(self._heads_of(goal), judges, ensemble.members, chosen)
        found: dict[str, Any] = {"_calibration": judged.calibration}
        deviation = judged.deviation
        if self.tau is not None:
            deviation = np.full_like(deviation, self.tau**-0.5)
        one = len(deviation) == 1
        found["noise_std_"] = float(deviation[0]) if one else deviation
        if judges.by_fold and given.n_rows is not None:
            means = judges.fill(judged.means, given.n_rows)
            found["folds_"] = judges.folds(given.n_rows)
            found["oof_prediction_"] = means[:, 0] if one else means
            truth = [table.targets for _, table, *_ in judges.held_out]
            weights = [table.weights for _, table, *_ in judges.held_out]
            found["oof_score_"] = determination(
                *(np.concatenate(each) for each in (truth, judged.means, weights))
            )
        return found

    def _uncalibrated(self) -> dict[str, Any]:
        found: dict[str, Any] = {"_calibration": None}
        if self.tau is not None:
            found["noise_std_"] = self.tau**-0.5
        return found

    def _heads_of(self, goal: Goal) -> Heads:
        heads: Heads = goal.attributes["_heads"]
        return heads

    def _make_goal(self, y: Any, checked: Floats, fresh: bool) -> Goal:
        targets = checked.reshape(len(checked), -1)
        levels = quantile_levels(self.quantile)
        heads = Heads(self.loss, targets.shape[1], levels)
        if not fresh and self._heads.n_targets != heads.n_targets:
            raise ValueError(
                f"y has {targets.shape[1]} targets, but {type(self).__name__} was "
                f"fitted with {self._heads.n_targets}."
            )
        self._check_counts(targets, "y")
        # One column is predicted in one dimension, as by scikit-learn's networks.
        y_ndim = 1 if targets.shape[1] == 1 else 2
        return Goal(
            targets,
            heads.n_outputs,
            self.loss,
            self.huber_delta if self.loss == "huber" else float(len(levels) // 2),
            {"_y_ndim": y_ndim, "_heads": heads, "out_activation_": heads.activation},
            heads.n_beside,
            heads.levels,
            heads.start,
        )

    def _check_counts(self, targets: Floats, name: str) -> None:
        if self.loss == "poisson" and targets.min(initial=0.0) < 0:
            raise ValueError(
                f'{name} must not be negative with loss="poisson", got '
                f"{targets.min():g}."
            )

    def _plain_y(self, y: Any) -> Floats:
        return check_y(self, y)

    def _summary(self) -> FirstTargets:
        return FirstTargets()

    def _targets(self, y: Any, goal: Goal, name: str) -> Floats:
        y = check_y(self, y, name)
        targets: Floats = y.reshape(len(y), -1)
        if targets.shape[1] != goal.targets.shape[1]:
            raise ValueError(
                f"{name} has {targets.shape[1]} targets, y has {goal.targets.shape[1]}."
            )
        self._check_counts(targets, name)
        return targets

    def _target_scaling(self, parts: Parts, goal: Goal) -> Scaling:
        table, stream = parts.learn, parts.stream
        moments = None if stream is None else stream.totals.targets
        if moments is None:
            moments = ScalingMoments.of(table.targets, table.weights)
        return self._heads_of(goal).scaling(moments, self.standardize_target)

    def _scores(self, means: Floats, fitted: Fitted, held_out: Table) -> list[float]:
        """Turn mean squared errors per target into R², averaged over targets."""
        spread = ScalingMoments.of(held_out.targets, held_out.weights).scale
        with np.errstate(over="ignore"):  # targets far smaller than the outputs
            relative = np.square(fitted.targets.scale / spread)
        return [float(np.mean(1.0 - epoch * relative)) for epoch in means]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = False
        return tags
