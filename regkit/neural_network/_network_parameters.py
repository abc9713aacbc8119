"""Parameters of dropout networks, with their descriptions.

Of the classes that a network derives from, those listed last have their parameters
first.
"""

from dataclasses import field
from typing import Any

from regkit._describe import takes_parameters


@takes_parameters
class UsualParameters:
    """What is usually set.

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
    max_iter : int or "auto", default="auto"
        Epochs. "auto" is a budget of steps, each on one batch: 2,560, or 320 b^(3/4)
        where an epoch has b > 16 batches, in 32 to 256 epochs.
        One network alone takes half of that, or 243 b^(3/5) of b < 16 batches.
    random_state : int, RandomState instance or None, default=None
        Of initial weights, order, masks and rows set apart. The same number gives the
        same network on any number of threads.
    verbose : bool or int, default=False
        Whether to print a table: losses, a mark at the best epoch so far and seconds,
        a line an epoch. Members are trained one after another then.
    """

    hidden_layer_sizes: Any = field(default=(128, 128), kw_only=False)
    n_members: int | str = "auto"
    dropout: Any = 0.15
    alpha: float = 0.02
    max_iter: int | str = "auto"
    random_state: Any = None
    verbose: Any = False


@takes_parameters
class RegressionParameters:
    r"""Parameters of regressions.

    Parameters
    ----------
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
    huber_delta : float, default=1.0
        Residual where "huber" becomes linear, in deviations of y when
        `standardize_target`.
    standardize_target : bool, default=True
        Whether to center and scale y; predictions are in y's own units.
    calibration_fraction : float, default=0.0
        Share of the rows to set apart for `predict_interval` and the noise alone, from
        which no member learns.
    tau : float, default=None
        Precision of the noise, the inverse of its variance in y's units [3]_; None
        learns it from rows held out: those set apart for calibration, else those
        validated on.
    """

    loss: str = "squared_error"
    quantile: Any = 0.5
    huber_delta: float = 1.0
    standardize_target: bool = True
    calibration_fraction: float = 0.0
    tau: float | None = None


@takes_parameters
class ClassificationParameters:
    """Parameters of classifications.

    Parameters
    ----------
    class_weight : dict, list of dict or "balanced", default=None
        Weights of the classes, as scikit-learn's; "balanced" gives every class the
        same total weight. Among rows that validate, a class of k < 10 of them has k
        tenths of the weight that it would have beyond the mean, so that no rare row
        chooses the epoch alone.
    label_smoothing : float, default=0.0
        Share of the probability that is spread evenly over all classes in the
        targets of the loss, in [0, 1).
    """

    class_weight: Any = None
    label_smoothing: float = 0.0


@takes_parameters
class NetworkParameters:
    r"""How a network is built and trained.

    Parameters
    ----------
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
        Share of the inputs that is dropped, as `dropout` says for hidden units.
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
    solver : {"adam", "adamw", "sgd"}, default="adamw"
        Optimizer. "adam" and "sgd" add the L2 penalty's gradient to the loss's;
        "adamw" shrinks weights by learning rate × `alpha` beside the step.
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
    validation_fraction : float, default=0.2
        Share of the rows that a single network sets apart for `early_stopping`.
        Classes are held out in proportion; a class of one row never is.
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
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`; only when X has string column names.

    Notes
    -----
    An X in chunks is read once to check it, once to count it, and then once an epoch.
    With `shuffle` an epoch reads the chunks in a new random order, `buffer_chunks` at a
    time, whose rows are drawn in random order: rows far apart never share a batch
    unless their chunks do, so that chunks sorted by time or by class need a larger
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
    """

    categorical_features: Any = "from_dtype"
    standardize: bool | str = "robust"
    embedding: str | None = "periodic"
    input_scaling: bool = False
    activation: Any = "gelu"
    dtype: str = "float32"
    input_dropout: float = 0.0
    dropout_kind: str = "bernoulli"
    dropout_schedule: str = "flat_cosine"
    alpha_schedule: str = "flat_cosine"
    l1: float = 0.0
    max_norm: float | None = None
    solver: str = "adamw"
    learning_rate_init: float = 0.2
    learning_rate: str = "cosine_cycles"
    layer_rates: str = "fan_in"
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    beta_1: float = 0.9
    beta_2: float = 0.95
    epsilon: float = 1e-8
    batch_size: Any = 128
    shuffle: bool = True
    tol: float = 1e-4
    n_iter_no_change: int | None = None
    warm_start: bool = False
    early_stopping: bool = True
    validation_fraction: float = 0.2
    buffer_chunks: int = 4
