"""The picture of training: two curves and the best epoch."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from regkit import (
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    LossCurveDisplay,
    make_house_prices,
)
from tests.inspection.figures import assert_no_text_overlaps, assert_texts_inside

EPOCHS = np.arange(1, 61)
TRAIN = np.exp(-EPOCHS / 10)
VALIDATION = (EPOCHS - 37.0) ** 2 / 1000 + 0.2


def test_train_and_validation_with_the_best_epoch():
    display = LossCurveDisplay(
        loss_curve=TRAIN, validation_loss_curve=VALIDATION
    ).plot()
    np.testing.assert_array_equal(display.train_line_.get_xdata(), EPOCHS)
    np.testing.assert_array_equal(display.train_line_.get_ydata(), TRAIN)
    np.testing.assert_array_equal(display.validation_line_.get_ydata(), VALIDATION)
    assert display.best_line_.get_xdata()[0] == 37
    assert display.ax_.get_yscale() == "log"
    assert display.score_ax_ is None
    legend = [t.get_text() for t in display.ax_.get_legend().get_texts()]
    assert legend == ["train", "validation", "best epoch: 37"]
    assert_no_text_overlaps(display.figure_)
    assert_texts_inside(display.figure_)


def test_a_network_of_regkit_names_its_best_epoch():
    class Network:
        loss_curve_ = TRAIN.tolist()
        validation_loss_curve_ = VALIDATION.tolist()
        validation_scores_ = (1 - VALIDATION).tolist()
        best_iter_ = 35  # an improvement below its tolerance does not count

    display = LossCurveDisplay.from_estimator(Network())
    assert display.best_epoch == 35
    assert display.score_ax_ is None
    Network.validation_loss_curve_ = Network.validation_scores_ = None
    display = LossCurveDisplay.from_estimator(Network())
    assert display.best_line_ is None


@pytest.mark.parametrize("family", [DropoutMLPRegressor, DropoutMLPClassifier])
def test_regkits_own_networks(family):
    X, y = make_house_prices(150, return_X_y=True)
    y = y > np.median(y) if family is DropoutMLPClassifier else y
    network = family((8,), n_members=1, max_iter=20, random_state=0).fit(X, y)
    display = LossCurveDisplay.from_estimator(network)
    curve = network.validation_loss_curve_
    np.testing.assert_array_equal(display.validation_line_.get_ydata(), curve)
    # The marked epoch is the one whose weights were kept.
    assert display.best_epoch == np.argmin(curve) + 1
    assert network.best_loss_ == pytest.approx(min(curve))


@pytest.mark.parametrize("family", [MLPRegressor, MLPClassifier])
def test_scikit_learns_scores_have_an_axis_of_their_own(family):
    X, y = make_house_prices(150, return_X_y=True)
    y = y > np.median(y) if family is MLPClassifier else (y - y.mean()) / y.std()
    network = family(
        hidden_layer_sizes=10,
        max_iter=25,
        early_stopping=True,
        n_iter_no_change=30,
        random_state=0,
    )
    model = make_pipeline(StandardScaler(), network)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        model.fit(X, y)
    display = LossCurveDisplay.from_estimator(model)
    assert display.score_ax_ is not None
    scores = network.validation_scores_
    np.testing.assert_array_equal(display.validation_line_.get_ydata(), scores)
    assert display.best_line_.get_xdata()[0] == np.argmax(scores) + 1
    assert display.train_line_.get_color() != display.validation_line_.get_color()
    assert_no_text_overlaps(display.figure_)


def test_two_networks_on_the_same_axes_differ():
    figure, ax = plt.subplots()
    first = LossCurveDisplay(loss_curve=TRAIN, validation_loss_curve=VALIDATION)
    second = LossCurveDisplay(loss_curve=TRAIN + 0.1, validation_loss_curve=VALIDATION)
    first.plot(ax, name="without dropout")
    second.plot(ax, name="dropout 0.2")
    assert first.train_line_.get_color() != second.train_line_.get_color()
    texts = [t.get_text() for t in ax.get_legend().get_texts()]
    assert len(texts) == 6
    assert texts[3] == "dropout 0.2: train"
    assert ax.figure is figure


def test_losses_that_are_not_positive_are_drawn_on_a_plain_axis():
    display = LossCurveDisplay(loss_curve=[1.0, 0.0, -1.0]).plot()
    assert display.ax_.get_yscale() == "linear"
    assert display.validation_line_ is None


def test_a_model_without_a_loss_curve_is_refused():
    with pytest.raises(TypeError, match="fitted network with loss_curve_, got Ridge"):
        LossCurveDisplay.from_estimator(Ridge())


def test_networks_differ_in_gray_print_too():
    _, ax = plt.subplots()
    displays = [
        LossCurveDisplay(loss_curve=TRAIN, validation_loss_curve=VALIDATION).plot(
            ax, name=f"network {k}"
        )
        for k in range(3)
    ]
    lines = [d.train_line_ for d in displays] + [d.validation_line_ for d in displays]
    assert len({(line.get_marker(), line.get_linestyle()) for line in lines}) == 6


def test_a_single_epoch_is_a_dot():
    display = LossCurveDisplay(loss_curve=[1.0], validation_loss_curve=[1.2]).plot()
    assert display.train_line_.get_marker() == display.validation_line_.get_marker()
    assert display.train_line_.get_marker() == "o"


@pytest.mark.parametrize("ends", [(0.95, 0.55), (0.43, 0.22), (9.0, 0.3), (1.3, 1.2)])
def test_losses_of_any_range_have_ticks(ends):
    display = LossCurveDisplay(loss_curve=np.linspace(*ends, 30)).plot()
    display.figure_.canvas.draw()
    low, high = display.ax_.get_ylim()
    labels = display.ax_.yaxis.get_ticklabels()
    ticks = display.ax_.get_yticks()
    shown = [
        label.get_text()
        for at, label in zip(ticks, labels, strict=True)
        if low <= at <= high and label.get_text()
    ]
    assert 3 <= len(shown) == len(set(shown))


def test_the_axis_says_what_a_loss_is():
    X, y = make_house_prices(60, return_X_y=True)
    labels = {
        DropoutMLPRegressor((4,), max_iter=2): (
            "loss: half squared error, y standardized"
        ),
        DropoutMLPRegressor((4,), max_iter=2, loss="gaussian_nll"): (
            "loss: negative log-likelihood, y standardized"
        ),
        DropoutMLPClassifier((4,), max_iter=2): "loss: log-loss",
    }
    for network, label in labels.items():
        classes = isinstance(network, DropoutMLPClassifier)
        network.fit(X, y > np.median(y) if classes else y)
        display = LossCurveDisplay.from_estimator(network)
        assert display.ax_.get_ylabel() == label
    assert LossCurveDisplay(loss_curve=TRAIN).plot().ax_.get_ylabel() == "loss"
