"""The picture of the penalties: solutions where contours touch the regions."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.optimize import minimize

from regkit import PenaltyGeometryDisplay, make_house_prices
from tests.inspection.figures import assert_no_text_overlaps, assert_texts_inside


@pytest.fixture(scope="module")
def houses():
    X, y = make_house_prices(200, as_frame=True, return_X_y=True)
    return X[["area", "rooms"]], y


@pytest.mark.parametrize("budget", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("seed", range(3))
def test_solutions_minimize_the_loss_in_their_regions(budget, seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((50, 2)) @ rng.standard_normal((2, 2))
    y = X @ rng.standard_normal(2) + rng.standard_normal(50)
    display = PenaltyGeometryDisplay.from_data(X, y, budget=budget)
    best = display.least_squares
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    np.testing.assert_allclose(best, np.linalg.lstsq(Z, y - y.mean(), rcond=None)[0])

    def loss(beta):
        return 0.5 * np.mean((y - y.mean() - Z @ beta) ** 2)

    t, s = budget * np.abs(best).sum(), budget * np.linalg.norm(best)
    # All points of both boundaries, by brute force.
    angle = np.linspace(0, 2 * np.pi, 20_001)
    circle = s * np.column_stack([np.cos(angle), np.sin(angle)])
    diamond = t * circle / np.abs(circle).sum(axis=1, keepdims=True)
    for solution, boundary in ((display.lasso, diamond), (display.ridge, circle)):
        lowest = min(loss(point) for point in boundary[::20])
        assert loss(solution) <= lowest + 1e-9
    assert np.abs(display.lasso).sum() == pytest.approx(t)
    assert np.linalg.norm(display.ridge) == pytest.approx(s)
    ridge = minimize(
        loss, display.ridge, constraints={"type": "ineq", "fun": lambda b: s**2 - b @ b}
    )
    np.testing.assert_allclose(ridge.x, display.ridge, atol=1e-3)


def test_the_picture(houses):
    display = PenaltyGeometryDisplay.from_data(*houses)
    assert display.lasso[1] == 0
    assert display.ridge[1] > 0
    t = np.abs(display.lasso).sum()
    assert display.diamond_.get_xy().max() == pytest.approx(t)
    assert display.disc_.get_radius() == pytest.approx(np.linalg.norm(display.ridge))
    levels = {float(display._loss(p)) for p in (display.lasso, display.ridge)}
    np.testing.assert_allclose(display.contours_.levels, sorted(levels))
    for name, at in (("L1", display.lasso), ("L2", display.ridge)):
        np.testing.assert_array_equal(display.points_[name].get_xydata(), [at])
    assert display.ax_.get_xlabel() == "b₁, coefficient of area"
    assert display.ax_.get_aspect() == 1.0
    assert_no_text_overlaps(display.figure_)
    assert_texts_inside(display.figure_)


def test_two_of_several_columns(houses):
    X, y = houses
    alone = PenaltyGeometryDisplay.from_data(X, y)
    wide = X.assign(other=np.arange(len(y)))[["other", "rooms", "area"]]
    chosen = PenaltyGeometryDisplay.from_data(wide, y, features=("area", 1))
    np.testing.assert_array_equal(chosen.lasso, alone.lasso)
    assert chosen.ax_.get_ylabel() == "b₂, coefficient of rooms"


def test_mistakes_are_named(houses):
    X, y = houses
    with pytest.raises(ValueError, match="feature"):
        PenaltyGeometryDisplay.from_data(X[["area"]], y)
    with pytest.raises(ValueError, match="linearly dependent or constant"):
        PenaltyGeometryDisplay.from_data(X.assign(rooms=2.0 * X["area"]), y)
    with pytest.raises(
        ValueError, match=r"budget must lie strictly in \(0, 1\), got 2"
    ):
        PenaltyGeometryDisplay.from_data(X, y, budget=2)


@pytest.mark.parametrize("size", [(7, 4.5), (4, 4), (4, 7)])
@pytest.mark.parametrize("sign", [1, -1])
def test_nothing_is_cut_off(houses, size, sign, caplog):
    X, y = houses
    X = X.rename(columns=lambda c: f"the {c} of the house in a usual unit $")
    _, ax = plt.subplots(figsize=size, layout="constrained")
    display = PenaltyGeometryDisplay.from_data(X, sign * y, ax=ax)
    assert_no_text_overlaps(display.figure_)
    assert_texts_inside(display.figure_)
    assert not caplog.records
    # Contours reach the ends of the axes.
    (low, high), contours = ax.get_xlim(), display.contours_
    assert contours.get_datalim(ax.transData).x0 >= low - 1e-9
    assert contours.get_datalim(ax.transData).x1 <= high + 1e-9
