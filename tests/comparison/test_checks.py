"""Traps are found where they are, and not where they are not."""

import numpy as np
import pytest

from regkit import compare_regularizers

pytest.importorskip("pandas")
import pandas as pd

QUICK = {"n_folds": 3, "networks": False, "baseline": False}
RNG = np.random.default_rng(0)
N = 240
X = RNG.standard_normal((N, 3))
Y = X[:, 0] + RNG.standard_normal(N)


def warned(X, y, **options):
    return " | ".join(compare_regularizers(X, y, **QUICK, **options).warnings)


def test_clean_data_give_no_warning():
    assert warned(X, Y) == ""


@pytest.mark.parametrize("tax", [0.05 * Y, np.exp(Y), -(Y**3)])
def test_a_column_computed_from_the_target(tax):
    text = warned(np.column_stack([X, tax]), Y)
    assert "'x3' alone predicts 'y' almost exactly" in text
    assert "'x0' alone" not in text


def test_a_column_that_names_the_class():
    frame = pd.DataFrame(X, columns=list("abc"))
    frame["closed"] = np.where(Y > 0, "by phone", "open")
    text = warned(frame, np.where(Y > 0, "yes", "no"))
    assert "'closed' alone predicts" in text


def test_test_rows_that_are_training_rows():
    text = warned(np.repeat(X, 2, axis=0), np.repeat(Y, 2))
    assert "of the 120 test rows are training rows too" in text


def test_rows_in_order():
    walk = np.cumsum(RNG.standard_normal(N))
    assert "neighboring rows have similar targets" in warned(X, walk)
    assert warned(X, walk, time=np.arange(N)).count("neighboring") == 0
    frame = pd.DataFrame(X, columns=list("abc"))
    frame["day"] = pd.date_range("2024-01-01", periods=N)
    assert "rows are in order of 'day'" in warned(frame, Y)


def test_rows_sorted_by_the_target_are_no_time():
    order = np.argsort(Y)
    assert "order" not in warned(X[order], Y[order])


def test_few_test_rows_show_no_leak():
    x = np.arange(9.0)
    y = x + np.tile([0.0, 2.5, -2.0], 3)  # in three test rows as good as in order
    for seed in range(5):
        text = warned(x[:, None], y, random_state=seed)
        assert "only 3 test rows decide" in text
        assert "alone" not in text


def test_few_test_rows():
    assert "only 15 test rows decide" in warned(X[:60], Y[:60])
    rare = np.where(np.arange(N) % 30 == 0, "rare", "frequent")
    assert "2 test rows of class 'rare'" in warned(X, rare)
