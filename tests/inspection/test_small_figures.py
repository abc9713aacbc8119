"""Pictures of a few inches with long names: no text is cut off or hides another."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import regkit
from regkit.inspection._drawing import _broken
from tests.inspection.figures import assert_no_text_overlaps, assert_texts_inside

rng = np.random.default_rng(0)
NAMES = [f"temperature_of_sensor_{k}_in_degrees_celsius" for k in range(12)]
X = pd.DataFrame(rng.normal(size=(60, 12)), columns=NAMES)
Y = X @ np.maximum(np.arange(12) - 6, 0) + 9 * rng.normal(size=60)
MODEL = regkit.LassoRegressorCV(alphas=30, cv=3, standardize=True, eps=0.01).fit(X, Y)

PICTURES = {
    "path": lambda ax: MODEL.path_.plot(X=X, ax=ax),
    "selection": lambda ax: MODEL.plot(ax=ax),
    "fit": lambda ax: regkit.FitComparisonDisplay.from_estimators(
        [MODEL], X, Y, feature=NAMES[0], ax=ax
    ),
    "predictions": lambda ax: regkit.PredictedActualDisplay.from_estimator(
        MODEL, X, Y, ax=ax
    ),
}


@pytest.mark.parametrize("what", PICTURES)
def test_small_figures(what):
    figure, ax = plt.subplots(figsize=(3.6, 2.7), layout="constrained")
    PICTURES[what](ax)
    assert_texts_inside(figure)
    assert_no_text_overlaps(figure)
    plt.close(figure)


def test_breaking_labels():
    assert _broken("short", 20) == "short"
    assert _broken("alpha (the penalty gets weaker to the right)", 30) == (
        "alpha (the penalty gets\nweaker to the right)"
    )
    assert _broken("class 1:\ncoefficient", 12) == "class 1:\ncoefficient"
    assert _broken("a_name_without_any_blank", 11) == "a_nam…blank"
