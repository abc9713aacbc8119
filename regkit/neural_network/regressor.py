"""Regression by networks with dropout."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import RegressorMixin

from regkit._sklearn import Interval, StrOptions, validate_parameters
from regkit._types import Floats
from regkit._warn import warn
from regkit.kernels.networks.losses import LOG_VARIANCE_LIMIT
from regkit.neural_network._base import DropoutMLP
from regkit.neural_network._by_chunks import by_chunks
from regkit.neural_network._data import Table
from regkit.neural_network._fitted import Fitted
from regkit.neural_network._parameters import COMMON, check_n_samples
from regkit.neural_network._rows import Goal, Parts
from regkit.neural_network._summaries import FirstTargets
from regkit.neural_network._to_sklearn import regressor_of
from regkit.neural_network._uncertainty import (
    Calibration,
    Judged,
    RegressionUncertainty,
    gaussian_reach,
    noise_deviation,
)
from regkit.rows.inputs import check_y
from regkit.solvers.networks.scaling import Moments, Scaling
from regkit.solvers.networks.trainer import TrainingResult

# Passes for deviations of calibration rows; the default of predictions.
_N_PASSES = 100
# Rows that deviations are learnt from, at most: they tell a coverage up to 0.2% …
_MOST_JUDGED = 20_000
# … and these a deviation up to 1.1%: training rows err by more than that anyway.
_MOST_RELEARNT = 4_000
_LOSSES = ("squared_error", "absolute_error", "huber", "quantile", "gaussian_nll")


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

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(128, 128)
        Units of each hidden layer.
    activation : str or sequence of str, default="gelu"
        "relu", "leaky_relu" (slope 0.01), "tanh", "logistic", "gelu" (by tanh),
        "silu", "mish", "selu" or "identity"; one for all hidden layers or one each.
    dropout : float or sequence of float, default=0.15
        Share of a hidden layer's units that is dropped, in [0, 1); one for all hidden
        layers or one each. What stays is divided by 1 - `dropout`, so that prediction
        is that of an ordinary network.
    input_dropout : float, default=0.0
        The same for the inputs.
    dropout_kind : {"bernoulli", "gaussian"}, default="bernoulli"
        Noise that multiplies units: 0 or 1 / (1 - p), or normal with the same mean, 1,
        and variance, p / (1 - p).
    dropout_schedule : {"constant", "cosine", "flat_cosine"}, default="flat_cosine"
        What multiplies the rates during training: 1, a cosine from 1 to 0, or 1 for
        half of the steps and then a cosine to 0.
    alpha : float, default=0.02
        Strength of the L2 penalty; see the objective above.
    alpha_schedule : {"constant", "cosine", "flat_cosine"}, default="flat_cosine"
        What multiplies `alpha` during training.
    l1 : float, default=0.0
        Strength of the L1 penalty; see the objective above. It makes weights exactly
        zero.
    max_norm : float, default=None
        Longest Euclidean norm of a hidden unit's incoming weights; longer ones are
        shortened after each step.
    loss : {"squared_error", "absolute_error", "huber", "quantile", "gaussian_nll"}, \
            default="squared_error"
        Half the squared error; the absolute error; half the square up to `huber_delta`
        and linear beyond; the loss whose minimum is the `quantile`; or the negative
        logarithm of a normal density whose variance is a second output of the network.
    huber_delta : float, default=1.0
        Residual where "huber" becomes linear, in deviations of y when
        `standardize_target`.
    quantile : float, default=0.5
        The quantile that "quantile" predicts, in (0, 1).
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
    max_iter : int or "auto", default="auto"
        Epochs. "auto" is a budget of 2,560 steps: as many epochs as that is batches,
        but at least 32 and at most 256.
    tol : float, default=1e-4
        Progress that counts, in units of the loss.
    n_iter_no_change : int, default=None
        Epochs without progress after which training ends, of the validation loss where
        there are validation rows, else of the training loss. None is 10 with a
        `learning_rate` of "constant" or "adaptive"; with "cosine_cycles" training ends
        after a cycle (from the second on) that brought no progress on validation rows;
        other schedules run to their end.
    early_stopping : bool, default=True
        Whether to set rows apart and to keep the weights of the epoch after which
        their loss is least.
    validation_fraction : float, default=0.2
        Share of the rows to set apart for `early_stopping`.
    calibration_fraction : float, default=0.0
        Share of the rows to set apart for `predict_interval` and the noise's size.
    tau : float, default=None
        Precision of the noise, the inverse of its variance in y's units [3]_; None
        estimates it as the mean square of residuals less that of the epistemic
        deviations: of rows set apart for calibration, else of the validation rows (see
        `predict_interval`), else of the training rows, whose residuals are too small
        where the network overfits.
    standardize : bool or "robust", default="robust"
        How to center and scale the columns of X before anything else: True by weighted
        means and standard deviations; "robust" by the mean of two scores, which suits
        skewed columns and bounds outliers: one by weighted medians and interquartile
        ranges, followed by the smooth bound x / √(1 + (x / 3)²) [2]_, the other the
        normal quantile of the value's rank. Columns of two values have the first only.
        A sparse X is never densified.
    standardize_target : bool, default=True
        Whether to center and scale y; predictions are in y's own units.
    embedding : {"periodic"} or None, default="periodic"
        Adds to every column of more than two values three learned combinations of 16
        learned waves of it (PBLD of [2]_), which lets the network follow sharp
        functions of single columns; for wide X use None, which is faster.
    input_scaling : bool, default=False
        Whether each input of the first layer has a learned scale.
    dtype : {"float32", "float64"}, default="float32"
        Precision of training and prediction.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights, the scaling and the optimizer's state
        of the last fit; schedules start anew. Layers, activations, `embedding`,
        `standardize`, `dtype` and whether there is a variance head cannot change then.
    shuffle : bool, default=True
        Whether rows are drawn in a new order in each epoch.
    buffer_chunks : int, default=4
        With an X in chunks (`RowChunks`, a large memory map, Dask): how many chunks
        are mixed at a time. See the notes.
    random_state : int, RandomState instance or None, default=None
        Of initial weights, order, masks and rows set apart. The same number gives the
        same network on any number of threads.
    verbose : bool or int, default=False
        Whether to print a line an epoch.

    Attributes
    ----------
    coefs_ : list of ndarray of shape (n_inputs, n_units)
        Weights of each layer, in float64. Scaling of X and y is folded into the first
        and the last layer: they act on X as it is given and yield y's units (with
        ``embedding="periodic"`` the first layer acts on the embedded columns instead).
    intercepts_ : list of ndarray of shape (n_units,)
        Biases of each layer.
    loss_curve_ : list of float
        Mean training loss of each epoch of the last fit, with dropout, without
        penalties; `partial_fit` adds to it.
    loss_ : float
        The last of them.
    validation_loss_curve_ : list of float or None
        Mean loss of the validation rows after each epoch, without dropout.
    validation_scores_ : list of float or None
        Coefficient of determination of the validation rows after each epoch, averaged
        over targets.
    best_loss_ : float
        Least validation loss, or training loss where there are no validation rows.
    best_iter_ : int
        Epoch of it, from 1; with validation rows its weights are kept.
    n_iter_ : int
        Epochs run.
    t_ : int
        Rows trained on, repetitions counted; a warm start counts on.
    n_layers_ : int
        Layers, inputs and outputs included.
    n_outputs_ : int
        Units of the last layer.
    noise_std_ : float or ndarray of shape (n_targets,)
        Standard deviation of the noise, in y's units; with ``loss="gaussian_nll"`` it
        differs from row to row and is not here. Estimated from rows set apart, else
        from training rows (of more than 4,000, that many, evenly spaced).
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
        "quantile": [Interval(Real, 0, 1, closed="neither")],
        "calibration_fraction": [Interval(Real, 0, 1, closed="left")],
        "tau": [None, Interval(Real, 0, None, closed="neither")],
        "standardize_target": ["boolean"],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (128, 128),
        *,
        activation: Any = "gelu",
        dropout: Any = 0.15,
        input_dropout: float = 0.0,
        dropout_kind: str = "bernoulli",
        dropout_schedule: str = "flat_cosine",
        alpha: float = 0.02,
        alpha_schedule: str = "flat_cosine",
        l1: float = 0.0,
        max_norm: float | None = None,
        loss: str = "squared_error",
        huber_delta: float = 1.0,
        quantile: float = 0.5,
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
        max_iter: int | str = "auto",
        tol: float = 1e-4,
        n_iter_no_change: int | None = None,
        early_stopping: bool = True,
        validation_fraction: float = 0.2,
        calibration_fraction: float = 0.0,
        tau: float | None = None,
        standardize: bool | str = "robust",
        standardize_target: bool = True,
        embedding: str | None = "periodic",
        input_scaling: bool = False,
        dtype: str = "float32",
        warm_start: bool = False,
        shuffle: bool = True,
        buffer_chunks: int = 4,
        random_state: Any = None,
        verbose: Any = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.dropout_kind = dropout_kind
        self.dropout_schedule = dropout_schedule
        self.alpha = alpha
        self.alpha_schedule = alpha_schedule
        self.l1 = l1
        self.max_norm = max_norm
        self.loss = loss
        self.huber_delta = huber_delta
        self.quantile = quantile
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
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.calibration_fraction = calibration_fraction
        self.tau = tau
        self.standardize = standardize
        self.standardize_target = standardize_target
        self.embedding = embedding
        self.input_scaling = input_scaling
        self.dtype = dtype
        self.warm_start = warm_start
        self.shuffle = shuffle
        self.buffer_chunks = buffer_chunks
        self.random_state = random_state
        self.verbose = verbose

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
        return self._continue(X, y, sample_weight, "_fitted" not in self.__dict__)

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
            Whether to return standard deviations of y given X as well: the root of
            the spread of predictions over dropout masks and the noise, both squared.
        n_samples : int, default=100
            Number of masks, with `return_std`; the masks are always the same.

        Returns
        -------
        y_pred : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions, in float64; without `return_std` a Dask array or series, not
            yet computed, for a Dask array or data frame.
        y_std : ndarray of the same shape
            Only with `return_std`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            When X holds NaN or inf, its columns are not those seen in `fit`, or
            `n_samples` is not an integer of at least 2.
        """
        if return_std:
            found = self.predict_uncertainty(X, n_samples)
            return found.mean, found.total
        return self._predict(X)

    @by_chunks(lazy=True)
    def _predict(self, X: Any) -> Floats:
        X = self._check_X(X)
        return self._shaped(self._means(self._fitted.outputs(X)))

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
            Number of dropout masks; always the same ones.

        Returns
        -------
        uncertainty : named tuple (mean, epistemic, noise, total)
            Predictions and standard deviations, each of y's shape.
        """
        X = self._check_X(X)
        self._warn_of_training_noise()
        mean, epistemic, noise = self._parts(self._fitted, X, n_samples, True)
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
            Number of predictions for each row; masks of all are independent.
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
        raw = self._fitted.passes(X, n_samples, self._draw_seed(random_state))
        samples = self._means(raw)
        return samples[..., 0] if self._one_dimensional else samples

    @by_chunks()
    def predict_interval(
        self, X: Any, coverage: float = 0.9, n_samples: int = _N_PASSES
    ) -> tuple[Floats, Floats]:
        """Predict intervals that hold y with a given probability.

        The interval is the prediction ± a multiple of the deviation that
        ``predict(X, return_std=True)`` gives. With rows set apart
        (`calibration_fraction`, else the validation rows) the multiple is
        split-conformal [1]_: at least `coverage` of new rows are covered on average,
        whatever the network is worth. Validation rows chose the epoch whose weights are
        kept, so their residuals are too small. Each half of them is therefore compared
        with the epoch that the other half would have chosen, which makes the promise
        approximate. (Of more than 20,000 such rows, that many are used.) Without rows
        set apart the multiple is that of a normal distribution, and the promise is as
        good as `noise_std_`.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Rows to predict for.
        coverage : float, default=0.9
            Probability, in (0, 1).
        n_samples : int, default=100
            Number of dropout masks.

        Returns
        -------
        lower, upper : ndarrays of shape (n_samples,) or (n_samples, n_targets)
            The ends of the intervals.

        Raises
        ------
        ValueError
            When `coverage` is not in (0, 1), or needs more rows than were set apart.

        References
        ----------
        .. [1] J. Lei, M. G'Sell, A. Rinaldo, R. Tibshirani and L. Wasserman,
           "Distribution-free predictive inference for regression", Journal of the
           American Statistical Association 113, 2018.
        """
        X = self._check_X(X)
        share: Any = coverage
        if not isinstance(share, int | float | np.number) or not 0 < share < 1:
            raise ValueError(f"coverage must be in (0, 1), got {coverage!r}.")
        self._warn_of_training_noise()
        mean, epistemic, noise = self._parts(self._fitted, X, n_samples, True)
        reach: Any = gaussian_reach(coverage)
        if self._calibration is not None:
            reach = self._calibration.reach(coverage)
        half = reach * np.hypot(epistemic, noise)
        return self._shaped(mean - half), self._shaped(mean + half)

    def to_sklearn(self) -> Any:
        """Return a fitted scikit-learn `MLPRegressor` that predicts the same.

        Returns
        -------
        model : MLPRegressor
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
        return regressor_of(self)

    def _warn_of_training_noise(self) -> None:
        if self._calibration is None and self._noise_is_estimated:
            warn(
                "The noise was estimated from the training rows, so deviations and "
                "intervals are too narrow where the network overfits. Set rows apart "
                "with calibration_fraction or early_stopping, or give tau.",
            )

    @property
    def _one_dimensional(self) -> bool:
        return bool(self._y_ndim == 1)

    def _shaped(self, values: Floats) -> Floats:
        return values[:, 0] if self._one_dimensional else values

    def _means(self, outputs: Floats) -> Floats:
        """Take the predictions from outputs (..., n_outputs), in y's units."""
        targets = self._fitted.targets
        return targets.undo(outputs[..., : len(targets.center)])

    def _parts(
        self, fitted: Fitted, X: Any, n_samples: int, with_noise: bool
    ) -> tuple[Floats, Floats, Floats]:
        """Mean, deviation over masks and deviation of the noise, (n, n_targets)."""
        check_n_samples(n_samples, 2)
        targets = fitted.targets
        count = len(targets.center)
        outputs = fitted.outputs(X)
        mean = targets.undo(outputs[:, :count])
        if fitted.dropout.rates.any():
            spread = fitted.moments(X, n_samples, fitted.seed)[1][:, :count]
        else:
            spread = np.zeros_like(mean)
        epistemic = spread * targets.scale
        if outputs.shape[1] > count:
            limit = LOG_VARIANCE_LIMIT
            logs = np.clip(outputs[:, count:], -limit, limit)
            return mean, epistemic, np.exp(0.5 * logs) * targets.scale
        noise = np.zeros_like(mean)
        if with_noise:
            noise += self.noise_std_
        return mean, epistemic, noise

    def _calibrate(
        self, fitted: Fitted, parts: Parts, result: TrainingResult
    ) -> dict[str, Any]:
        judged = self._judged(fitted, parts, result)
        estimated = self.loss != "gaussian_nll" and self.tau is None
        found: dict[str, Any] = {
            "_calibration": None,
            "_noise_is_estimated": estimated,
        }
        noise = judged.noise
        if self.loss != "gaussian_nll":
            deviation = noise_deviation(
                judged.residuals, judged.epistemic, judged.weights
            )
            if self.tau is not None:
                deviation = np.full_like(deviation, self.tau**-0.5)
            one = len(deviation) == 1
            found["noise_std_"] = float(deviation[0]) if one else deviation
            noise = noise + deviation
        if judged.held_out:
            scores = judged.residuals / np.hypot(judged.epistemic, noise)
            found["_calibration"] = Calibration(np.sort(scores, axis=0))
        return found

    def _judged(self, fitted: Fitted, parts: Parts, result: TrainingResult) -> Judged:
        """Compare predictions with rows held out if there are any.

        The network was chosen to fit the validation rows best. So each half of them
        judges the network that it would have been had the other half chosen.
        """
        n = len(parts.validate.weights)
        if len(parts.calibrate.weights):
            tables, networks = [parts.calibrate], [fitted]
        elif n > 1:
            halves = np.split(np.arange(n), [(n + 1) // 2])
            tables = [parts.validate.take(half) for half in halves]
            networks = [fitted.with_params(params) for params in result.halves[::-1]]
        else:
            tables, networks = [parts.learn], [fitted]
        held_out = tables[0] is not parts.learn
        if not held_out and self.loss != "gaussian_nll":
            # The spread would only be subtracted from residuals that are too small.
            networks = [fitted.without_noise()]
        found = []
        for table, network in zip(tables, networks, strict=True):
            most = _MOST_JUDGED // len(tables) if held_out else _MOST_RELEARNT
            rows = table.at_most(most)
            mean, epistemic, noise = self._parts(network, rows.X, _N_PASSES, False)
            found.append((np.abs(rows.targets - mean), epistemic, noise, rows.weights))
        joined = [np.concatenate(each) for each in zip(*found, strict=True)]
        return Judged(joined[0], joined[1], joined[2], joined[3], held_out)

    def _make_goal(self, y: Any, checked: Floats, fresh: bool) -> Goal:
        targets = checked.reshape(len(checked), -1)
        heads = 2 if self.loss == "gaussian_nll" else 1
        n_outputs = heads * targets.shape[1]
        if not fresh and self._fitted.architecture.n_outputs != n_outputs:
            raise ValueError(
                f"y has {targets.shape[1]} targets, but {type(self).__name__} was "
                f"fitted with {len(self._fitted.targets.center)}."
            )
        parameter = {"huber": self.huber_delta, "quantile": self.quantile}
        # One column is predicted in one dimension, as by scikit-learn's networks.
        y_ndim = 1 if targets.shape[1] == 1 else 2
        return Goal(
            targets,
            n_outputs,
            self.loss,
            parameter.get(self.loss, 0.0),
            {"_y_ndim": y_ndim, "out_activation_": "identity"},
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
        return targets

    def _target_scaling(self, parts: Parts) -> Scaling:
        table, stream = parts.learn, parts.stream
        if not self.standardize_target:
            return Scaling.none(table.targets.shape[1])
        moments = None if stream is None else stream.totals.targets
        return Scaling.standard(moments or Moments.of(table.targets, table.weights))

    def _scores(self, means: Floats, fitted: Fitted, held_out: Table) -> list[float]:
        """Turn mean squared errors per target into R², averaged over targets."""
        spread = Moments.of(held_out.targets, held_out.weights).scale
        with np.errstate(over="ignore"):  # targets far smaller than the outputs
            relative = np.square(fitted.targets.scale / spread)
        return [float(np.mean(1.0 - epoch * relative)) for epoch in means]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = False
        return tags
