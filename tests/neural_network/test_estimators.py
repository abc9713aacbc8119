"""The two estimators from outside: data, training, prediction, conversion."""

import pickle
import warnings
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from regkit import DropoutMLPClassifier, DropoutMLPRegressor
from tests.neural_network import small_networks

SMALL = small_networks.small(n_members=1, max_iter=30)
PLAIN = {**SMALL, **small_networks.OF_SCIKIT_LEARN}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 4)) * [1.0, 10.0, 0.1, 100.0] + [0.0, 5.0, 0.0, -300.0]
Z = (X - X.mean(0)) / X.std(0)
Y = 20.0 + 5.0 * Z[:, 0] + 3.0 * np.abs(Z[:, 1]) + 0.2 * RNG.normal(size=200)
LABELS = np.array(["low", "mid", "top"])[np.digitize(Y, np.quantile(Y, [0.3, 0.7]))]

EACH = small_networks.each_kind(SMALL, Y, LABELS)


def probe(model, rows=X):
    return small_networks.numbers_of(model, rows)


def test_default_constructors_are_good_on_unscaled_columns():
    A, B, a, b = train_test_split(X, Y, random_state=0)
    assert DropoutMLPRegressor(random_state=0).fit(A, a).score(B, b) > 0.95
    A, B, a, b = train_test_split(X, LABELS, random_state=0)
    assert DropoutMLPClassifier(random_state=0).fit(A, a).score(B, b) > 0.85


def test_predictions_leave_out_what_serves_intervals_alone():
    network = DropoutMLPRegressor(**SMALL).fit(X, Y)._ensemble.first
    assert network.architecture.n_beside == 2
    predicted = network.outputs(X, with_beside=False)
    assert_array_equal(predicted, network.outputs(X)[:, :1])


@pytest.mark.parametrize(
    ("loss", "n_outputs"),
    [("squared_error", 1), ("quantile", 1), ("poisson", 1), ("gaussian_nll", 2)],
)
def test_without_held_out_rows_nothing_serves_intervals(loss, n_outputs):
    model = DropoutMLPRegressor(**SMALL, loss=loss)
    for fitted in (
        clone(model).partial_fit(X, Y),
        model.set_params(early_stopping=False).fit(X, Y),
    ):
        architecture = fitted._ensemble.first.architecture
        assert (architecture.n_beside, architecture.n_outputs) == (0, n_outputs)
    # Rows held out of a warm start are compared with one deviation for all.
    model.set_params(warm_start=True, calibration_fraction=0.3).fit(X, Y)
    lower, upper = model.predict_interval(X)
    if n_outputs == 1:
        assert_allclose(upper - lower, upper[0] - lower[0])
        assert 0.85 < np.mean((lower <= Y) & (upper >= Y)) < 0.99


def test_coefficients_of_several_quantiles_are_in_units_of_y():
    model = DropoutMLPRegressor(**PLAIN, loss="quantile", quantile=[0.2, 0.8])
    model.fit(X, 100.0 * Y)
    (first, last), (start, end) = model.coefs_, model.intercepts_
    by_hand = np.maximum(X @ first + start, 0.0) @ last + end
    expected = model.predict_quantiles(X)
    assert_allclose(np.sort(by_hand, axis=1), expected, rtol=1e-4, atol=0.05)


@EACH
def test_the_same_seed_the_same_model(estimator, target):
    first = probe(clone(estimator).fit(X, target))
    assert_array_equal(probe(clone(estimator).fit(X, target)), first)
    other = clone(estimator).set_params(random_state=1).fit(X, target)
    assert not np.array_equal(probe(other), first)


@EACH
def test_forms_of_X(estimator, target):
    expected = probe(clone(estimator).fit(X, target))
    for form in (np.asfortranarray(X), sp.csr_array(X), sp.csc_array(X)):
        found = probe(clone(estimator).fit(form, target), form)
        assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    frozen = X.copy()
    frozen.flags.writeable = False
    assert_array_equal(probe(clone(estimator).fit(frozen, target)), expected)


@EACH
def test_pickle_and_search(estimator, target):
    model = clone(estimator).fit(X, target)
    assert_array_equal(probe(pickle.loads(pickle.dumps(model))), probe(model))
    search = GridSearchCV(
        make_pipeline(MaxAbsScaler(), clone(estimator)),
        {f"{type(estimator).__name__.lower()}__dropout": [0.0, 0.99]},
        cv=2,
        n_jobs=2,
    ).fit(X, target)
    assert list(search.best_params_.values()) == [0.0]


@pytest.mark.parametrize("columns", [1, 3])
def test_shapes_follow_y(columns):
    """One column is predicted in one dimension, as by scikit-learn's networks."""
    y = np.column_stack([Y * (k + 1) for k in range(columns)])
    shape = y.shape if columns > 1 else (200,)
    model = DropoutMLPRegressor(**SMALL, loss="gaussian_nll").fit(X, y)
    assert model.predict(X).shape == shape
    assert model.sample_predictions(X, 5).shape == (5, *shape)
    lower, upper = model.predict_interval(X)
    assert lower.shape == upper.shape == shape
    assert model.n_outputs_ == 2 * columns
    flat = DropoutMLPRegressor(**SMALL).fit(X, Y)
    assert flat.predict(X).shape == Y.shape
    assert flat.sample_predictions(X, 5).shape == (5, 200)


def test_losses_predict_what_they_should():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (3000, 1))
    y = x[:, 0] + rng.exponential(1.0, 3000)
    common = {**PLAIN, "dropout": 0.0, "max_iter": 60}
    grid = np.linspace(-0.8, 0.8, 9)[:, None]
    for loss, shift in [
        ({"loss": "squared_error"}, 1.0),
        ({"loss": "absolute_error"}, np.log(2)),
        ({"loss": "quantile", "quantile": 0.9}, np.log(10)),
        ({"loss": "gaussian_nll"}, 1.0),
        ({"loss": "huber", "huber_delta": 1e-3}, np.log(2)),
    ]:
        model = DropoutMLPRegressor(**common, **loss).fit(x, y)
        error = model.predict(grid) - grid[:, 0] - shift
        assert abs(error.mean()) < 0.15, loss
        assert np.abs(error).max() < 0.4, loss


def test_binary_multiclass_and_multilabel():
    binary = DropoutMLPClassifier(**SMALL).fit(X, Y > 20)
    assert binary.n_outputs_ == 1
    assert binary.out_activation_ == "logistic"
    assert_array_equal(binary.classes_, [False, True])
    three = DropoutMLPClassifier(**SMALL).fit(X, LABELS)
    assert three.n_outputs_ == 3
    assert three.out_activation_ == "softmax"
    several = np.column_stack([Y > 20, Y > 25, Y < 18]).astype(int)
    labels = DropoutMLPClassifier(**SMALL).fit(X, several)
    assert labels.predict(X).shape == several.shape
    assert np.mean(labels.predict(X) == several) > 0.85
    for model in (binary, three, labels):
        P = model.predict_proba(X)
        assert_allclose(np.exp(model.predict_log_proba(X)), P, rtol=1e-6, atol=1e-12)
        if model is not labels:
            assert_allclose(P.sum(1), 1.0)
        averaged = model.predict_proba(X, n_samples=300, random_state=0)
        assert np.abs(averaged - P).mean() < 0.1


def test_class_weights_are_row_weights():
    weights = {"low": 3.0, "mid": 1.0, "top": 0.5}
    by_class = DropoutMLPClassifier(**SMALL, class_weight=weights).fit(X, LABELS)
    rows = np.array([weights[label] for label in LABELS])
    by_row = DropoutMLPClassifier(**SMALL).fit(X, LABELS, sample_weight=rows)
    assert_allclose(probe(by_class), probe(by_row), rtol=1e-6)
    rare = np.quantile(Y, 0.95) < Y
    plain = DropoutMLPClassifier(**SMALL).fit(X, rare)
    balanced = DropoutMLPClassifier(**SMALL, class_weight="balanced").fit(X, rare)
    assert balanced.predict(X).sum() > plain.predict(X).sum()


@pytest.mark.parametrize("number", [Fraction, np.float16])
@EACH
def test_numbers_of_any_type(estimator, target, number):
    names = ["dropout", "input_dropout", "alpha", "tol", "validation_fraction"]
    names += ["calibration_fraction" if target is Y else "label_smoothing"]
    given, expected = (
        clone(estimator)
        .set_params(**dict.fromkeys(names, value), early_stopping=True, max_iter=2)
        .fit(X, target)
        for value in (number(0.125), 0.125)
    )
    assert_array_equal(probe(given), probe(expected))


def test_label_smoothing_makes_doubt():
    sure = DropoutMLPClassifier(**SMALL).fit(X, LABELS)
    doubting = DropoutMLPClassifier(**SMALL, label_smoothing=0.5).fit(X, LABELS)
    assert doubting.predict_proba(X).max() < 0.9 < sure.predict_proba(X).max()


def test_best_weights_of_the_users_validation_rows():
    A, B, a, b = train_test_split(X, Y, random_state=0)
    model = DropoutMLPRegressor(**SMALL, early_stopping=False).fit(
        A, a, X_val=B, y_val=b
    )
    assert len(model.validation_loss_curve_) == model.n_iter_ == 30
    best = int(np.argmin(model.validation_loss_curve_))
    assert model.best_iter_ == best + 1
    assert model.best_loss_ == model.validation_loss_curve_[best]
    assert_allclose(model.validation_scores_[best], r2_score(b, model.predict(B)))
    stopping = DropoutMLPRegressor(**SMALL).fit(A, a, X_val=B, y_val=b)
    assert stopping.t_ == 30 * len(A)  # none of them is set apart besides
    assert_array_equal(stopping.predict(X), model.predict(X))
    classifier = DropoutMLPClassifier(**SMALL)
    A, B, a, b = train_test_split(X, LABELS, random_state=0)
    classifier.fit(A, a, X_val=sp.csr_array(B), y_val=b)
    best = classifier.best_iter_ - 1
    assert_allclose(
        classifier.validation_scores_[best], accuracy_score(b, classifier.predict(B))
    )


def test_patience_ends_training():
    model = DropoutMLPRegressor(
        n_members=1,
        hidden_layer_sizes=16,
        max_iter=500,
        n_iter_no_change=5,
        tol=0,
        random_state=0,
    ).fit(X, Y)
    assert model.n_iter_ < 500
    assert model.n_iter_ - model.best_iter_ == 6


@EACH
def test_warm_start_goes_on(estimator, target):
    """Two fits of 15 epochs know what one of 30 knows, at a constant rate."""
    options = {
        "learning_rate": "constant",
        "dropout_schedule": "constant",
        "alpha_schedule": "constant",
        "tol": 0.0,
        "n_iter_no_change": 1000,
        "early_stopping": False,
        "shuffle": False,
    }
    whole = clone(estimator).set_params(**options, max_iter=4).fit(X, target)
    halves = clone(estimator).set_params(**options, max_iter=2, warm_start=True)
    halves.fit(X, target)
    half = probe(halves)
    halves.fit(X, target)
    assert_array_equal(probe(halves), probe(whole))
    assert not np.array_equal(half, probe(whole))
    assert halves.t_ == whole.t_ == 4 * len(X)
    parts = clone(estimator).set_params(**options)
    for _ in range(4):
        parts.partial_fit(X, target)
    assert_array_equal(probe(parts), probe(whole))
    assert parts.n_iter_ == 4
    assert parts.t_ == 4 * len(X)
    assert len(parts.loss_curve_) == 4


def test_partial_fit_with_announced_classes():
    model = DropoutMLPClassifier(**SMALL)
    model.partial_fit(X[:50], LABELS[:50], classes=["low", "mid", "top"])
    first = LABELS == "low"
    model.partial_fit(X[first], LABELS[first])
    assert model.predict_proba(X).shape == (200, 3)
    with pytest.raises(ValueError, match="not the same as on last call"):
        model.partial_fit(X, LABELS, classes=["low", "mid"])
    with pytest.raises(ValueError, match="holds classes that are not in classes_"):
        model.partial_fit(X[:2], ["low", "new"])


def test_float64_and_penalties():
    model = DropoutMLPRegressor(**SMALL, dtype="float64").fit(X, Y)
    assert model.score(X, Y) > 0.8
    sparse = DropoutMLPRegressor(**PLAIN, l1=0.1, alpha=0.0, solver="adam").fit(X, Y)
    assert np.mean(sparse.coefs_[0] == 0) > 0.3
    short = DropoutMLPRegressor(**{**PLAIN, "standardize": False}, max_norm=0.01)
    short.fit(Z, Y)
    assert np.linalg.norm(short.coefs_[0], axis=0).max() <= 0.01 * (1 + 1e-5)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_to_sklearn_predicts_the_same(activation):
    options = {**PLAIN, "activation": activation, "hidden_layer_sizes": (8, 5)}
    pairs = [
        (DropoutMLPRegressor(**options), Y),
        (DropoutMLPRegressor(**options), np.c_[Y, -Y]),
        (DropoutMLPRegressor(**options, loss="gaussian_nll"), Y),
        (DropoutMLPClassifier(**options), LABELS),
        (DropoutMLPClassifier(**options, input_scaling=True), Y > 20),
        (DropoutMLPClassifier(**options), np.c_[Y > 20, Y < 18].astype(int)),
    ]
    for model, target in pairs:
        other = model.fit(X, target).to_sklearn()
        assert type(other).__name__ == type(model).__name__.removeprefix("Dropout")
        assert_allclose(probe(other), probe(model), rtol=2e-3, atol=2e-4)
        if hasattr(model, "predict_proba"):
            assert_array_equal(other.predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("estimator", "target"),
    [(DropoutMLPRegressor(**PLAIN), Y), (DropoutMLPClassifier(**PLAIN), LABELS)],
    ids=["regressor", "classifier"],
)
def test_networks_of_to_sklearn_can_go_on(estimator, target):
    """As any fitted network of scikit-learn."""
    model = clone(estimator).fit(X, target).to_sklearn()
    model = pickle.loads(pickle.dumps(model))
    score = model.score(X, target)
    model.set_params(learning_rate_init=1e-9)
    for _ in range(3):
        model.partial_fit(X, target)
    assert model.score(X, target) == pytest.approx(score, abs=0.01)
    model.set_params(warm_start=True, max_iter=3, learning_rate_init=1e-9, tol=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, target)
    assert model.score(X, target) == pytest.approx(score, abs=0.01)


def test_to_sklearn_says_what_it_cannot_express():
    with pytest.raises(ValueError, match=r"no embedding.*embedding='periodic'"):
        DropoutMLPRegressor(**SMALL).fit(X, Y).to_sklearn()
    options = {**PLAIN, "activation": ["relu", "tanh"], "hidden_layer_sizes": (4, 4)}
    with pytest.raises(ValueError, match="one activation among"):
        DropoutMLPClassifier(**options).fit(X, LABELS).to_sklearn()
    with pytest.raises(ValueError, match=r"smoothly.*'robust'; use standardize=True"):
        DropoutMLPRegressor(**{**PLAIN, "standardize": "robust"}).fit(X, Y).to_sklearn()
    with pytest.raises(ValueError, match="gelu"):
        DropoutMLPRegressor(**{**PLAIN, "activation": "gelu"}).fit(X, Y).to_sklearn()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "target"),
    [
        (DropoutMLPRegressor(**PLAIN), Y),
        (DropoutMLPClassifier(**PLAIN), LABELS),
        (DropoutMLPRegressor(**{**PLAIN, "n_members": 3}), Y),
        (DropoutMLPClassifier(**{**PLAIN, "n_members": 3}), LABELS),
    ],
    ids=["regressor", "classifier", "regressors", "classifiers"],
)
def test_onnx(model, target):
    skl2onnx = pytest.importorskip("skl2onnx", reason="in the dev extra only")
    runtime = pytest.importorskip("onnxruntime", reason="in the dev extra only")
    model = clone(model).fit(Z, target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exported = skl2onnx.to_onnx(model.to_sklearn(), Z[:1].astype(np.float32))
    session = runtime.InferenceSession(
        exported.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    found = session.run(None, {"X": Z.astype(np.float32)})[0]
    if target is Y:
        assert_allclose(found[:, 0], model.predict(Z), rtol=1e-3, atol=1e-3)
    else:
        assert_array_equal(found, model.predict(Z))


@EACH
def test_verbose_prints_a_table(estimator, target, capsys):
    model = clone(estimator).set_params(verbose=True, max_iter=12).fit(X, target)
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["epoch", "loss", "validation", "best", "seconds"]
    assert len(lines) == 12
    assert all(len(line) == len(lines[0]) for line in lines)
    marks = [line.split()[0] for line in lines if "*" in line]
    assert int(marks[-1]) == model.best_iter_
    loss = float(lines[4].split()[1])
    assert loss == pytest.approx(model.loss_curve_[4], rel=1e-4)
    model.set_params(n_members=2, early_stopping=False).fit(X, target)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "member 1 of 2"
    assert lines[14] == "member 2 of 2"
    assert "validation" not in lines[1]


def test_an_interrupt_keeps_what_was_learned(monkeypatch):
    from regkit.neural_network import _progress

    def interrupt(self, epoch):
        if epoch.number == 3:
            raise KeyboardInterrupt
        return False

    monkeypatch.setattr(_progress.TrainingProgress, "end", interrupt)
    model = DropoutMLPRegressor(**SMALL, verbose=True)
    with pytest.warns(UserWarning, match="interrupted after 3 epochs"):
        model.fit(X, Y)
    assert model.n_iter_ == 3
    assert np.isfinite(model.predict(X)).all()


def test_constant_rates_warn_when_they_could_go_on():
    options = {**SMALL, "learning_rate": "constant", "early_stopping": False}
    with pytest.warns(ConvergenceWarning, match="max_iter=3 reached"):
        DropoutMLPRegressor(**{**options, "max_iter": 3}).fit(X, Y)


@pytest.mark.parametrize(
    ("n_members", "expected"), [(1, (243, 90, 57, 32)), (2, (256, 213, 113, 64))]
)
def test_auto_epochs_are_a_budget_of_steps(n_members, expected):
    rng = np.random.default_rng(0)
    options = {
        "n_members": n_members,
        "hidden_layer_sizes": 1,
        "embedding": None,
        "early_stopping": False,
        "random_state": 0,
    }
    # The first member of two learns from half of the rows.
    sizes = ((20, 128), (192, 16), (512, 8), (1280, 2))
    for (rows, size), epochs in zip(sizes, expected, strict=True):
        x, y = rng.normal(size=(2, n_members * rows))
        model = DropoutMLPRegressor(**options, batch_size=size).fit(x[:, None], y)
        assert model.n_iter_ == epochs


def test_columns_of_two_values_have_no_waves():
    binary = (X.mean(0) < X).astype(float)
    both = DropoutMLPRegressor(**SMALL).fit(np.c_[X, binary], Y)
    assert both.coefs_[0].shape[0] == 8 + 3 * 4
    without = DropoutMLPRegressor(**SMALL, standardize=True).fit(binary, Y)
    assert without.coefs_[0].shape[0] == 4
