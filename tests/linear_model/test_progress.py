"""What the models that choose alpha print, and that they print nothing by default."""

import re

import numpy as np
import pytest

import regkit

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X @ [1.0, -0.5, 0.0] + RNG.normal(size=60)
LABELS = Y > 0
COUNTS = RNG.poisson(np.exp(0.4 * X[:, 0]))
BOTH = [0.5, 1.0]

CASES = [
    (regkit.LassoRegressorCV(alphas=7), Y, ["7 alphas, 5 folds"]),
    (regkit.LassoRegressorCV(alphas=[0.1, 0.1], cv=2), Y, ["1 alpha, 2 folds"]),
    (regkit.LassoRegressorCV(alphas=7, criterion="bic"), Y, ["7 alphas, BIC"]),
    (regkit.RidgeRegressorCV(alphas=7), Y, ["7 alphas, each row left out"]),
    (regkit.RidgeRegressorCV(alphas=7, cv=3), Y, ["7 alphas, 3 folds"]),
    (
        regkit.RidgeRegressorCV(alphas=7, cv="gcv"),
        Y,
        ["7 alphas, generalized cross-validation"],
    ),
    (
        regkit.ElasticNetRegressorCV(l1_ratio=BOTH, alphas=7, cv=3),
        Y,
        [
            "l1_ratio 0.5 (1 of 2): 7 alphas, 3 folds",
            "l1_ratio 1 (2 of 2): 7 alphas, 3 folds",
        ],
    ),
    (
        regkit.LogisticClassifierCV(l1_ratio=BOTH, alphas=7, cv=3),
        LABELS,
        [
            "l1_ratio 0.5 (1 of 2): 7 alphas, 3 folds",
            "l1_ratio 1 (2 of 2): 7 alphas, 3 folds",
        ],
    ),
    (
        regkit.LogisticClassifierCV(alphas=7, criterion="aic"),
        LABELS,
        ["l1_ratio 1 (1 of 1): 7 alphas, AIC"],
    ),
    (
        regkit.LinearSVMClassifierCV(alphas=7, cv=3),
        LABELS,
        ["l1_ratio 1 (1 of 1): 7 alphas, 3 folds"],
    ),
    (
        regkit.GeneralizedLinearRegressorCV(alphas=7, cv=3),
        COUNTS,
        ["l1_ratio 1 (1 of 1): 7 alphas, 3 folds"],
    ),
]
IDS = [f"{type(model).__name__}-{lines[0]}" for model, _, lines in CASES]
pytestmark = pytest.mark.filterwarnings("ignore:.*extend the grid:UserWarning")


def printed(capsys, model):
    """Return the lines without the model's name, the last without its seconds."""
    lines = capsys.readouterr().out.splitlines()
    start = f"[{type(model).__name__}] "
    assert all(line.startswith(start) for line in lines)
    *steps, last = [line.removeprefix(start) for line in lines]
    end, n_times = re.subn(r", \d+\.\d\d s$", "", last)
    assert n_times == 1
    return steps, end


@pytest.mark.parametrize(("model", "y", "expected"), CASES, ids=IDS)
def test_a_line_for_each_step_and_the_choice(model, y, expected, capsys):
    model.set_params(verbose=0).fit(X, y)
    assert capsys.readouterr() == ("", "")
    alpha = model.alpha_
    model.set_params(verbose=1).fit(X, y)
    assert model.alpha_ == alpha
    chosen = f"alpha {alpha:.3g}"
    if hasattr(model, "l1_ratio_"):
        chosen += f" and l1_ratio {model.l1_ratio_:.3g}"
    assert printed(capsys, model) == (expected, f"{chosen} chosen")


def test_an_alpha_for_each_target(capsys):
    noise = np.sin(100.0 * np.arange(60))
    targets = np.column_stack([Y, noise])
    model = regkit.RidgeRegressorCV(
        alphas=[0.1, 1e3], alpha_per_target=True, verbose=True
    )
    model.fit(X, targets)
    assert model.alpha_.tolist() == [0.1, 1e3]
    assert printed(capsys, model) == (
        ["2 alphas, each row left out"],
        "alphas 0.1 to 1e+03 chosen",
    )


@pytest.mark.parametrize(
    ("model", "how"),
    [
        (regkit.LassoRegressorCV(alphas=7, cv=3), "3 folds"),
        (regkit.RidgeRegressorCV(alphas=7), "each row left out"),
    ],
)
def test_rows_in_chunks_and_statistics(model, how, capsys):
    chunks = regkit.RowChunks(
        lambda: ((X[i : i + 20], Y[i : i + 20]) for i in (0, 20, 40))
    )
    model.set_params(verbose=1).fit(chunks, None)
    steps, _ = printed(capsys, model)
    assert steps == ["rows are read in chunks", f"7 alphas, {how}"]
    model.fit_statistics(
        regkit.SufficientStatistics().update(X, Y, fold=np.arange(60) % 4)
    )
    steps, _ = printed(capsys, model)
    assert steps == ["7 alphas, 4 folds"]


@pytest.mark.parametrize("kind", [regkit.LassoRegressorCV, regkit.LogisticClassifierCV])
@pytest.mark.parametrize("wrong", [-1, "yes", 0.5])
def test_what_verbose_may_be(kind, wrong):
    with pytest.raises(ValueError, match="'verbose' parameter"):
        kind(verbose=wrong).fit(X, LABELS)
