"""RidgeRegressorCV on rows that are visited, and on statistics alone."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from regkit import RidgeRegressorCV, RowChunks, SufficientStatistics
from regkit.linear_model._source_reducer import SourceReducer

pytestmark = pytest.mark.filterwarnings("ignore:.*at the edge of the grid")

N, P = 300, 8
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N, P)) @ RNG.standard_normal((P, P)) + 10.0
X[:, 4] *= RNG.random(N) < 0.2
Y = X @ [3.0, -2.0, 1.0, 0, 0, 0, 0.5, 0] + RNG.standard_normal(N)
TARGETS = np.stack([Y, X[:, 1] - Y + 3.0 * RNG.standard_normal(N)], axis=1)
W = RNG.integers(0, 4, N).astype(float)
FACTOR = [0, 1, 2, 1, 1, 0.5, np.inf, 1]
LABELS = np.arange(N) * 5 // N  # KFold's


def sources(table=X):
    yield RowChunks(table, chunk_rows=77)
    yield RowChunks(sp.csr_array(table), chunk_rows=100)
    yield RowChunks([table[:5], sp.csc_array(table[5:200]), table[200:]])


def assert_same(found, whole, rtol=1e-8):
    assert set(vars(found)) == set(vars(whole))
    np.testing.assert_allclose(found.alphas_, whole.alphas_, rtol=1e-9)
    np.testing.assert_allclose(found.alpha_, whole.alpha_, rtol=1e-9)
    for name in ("cv_error_", "cv_error_se_", "mse_path_", "best_score_", "alpha_1se_"):
        if hasattr(whole, name):
            np.testing.assert_allclose(
                getattr(found, name), getattr(whole, name), rtol=rtol, err_msg=name
            )
    size = np.abs(whole.coef_).max()
    np.testing.assert_allclose(found.coef_, whole.coef_, rtol=rtol, atol=rtol * size)
    np.testing.assert_allclose(found.intercept_, whole.intercept_, rtol=rtol)


VARIANTS = [
    {},
    {"standardize": True, "rule": "1se"},
    {"penalty_factor": FACTOR},
    {"fit_intercept": False},
    {"alphas": [0.0, 1e-3, 1.0]},
    {"scoring": "r2"},
    {"cv": "gcv"},
    {"cv": "gcv", "penalty_factor": FACTOR, "standardize": True},
    {"cv": 5},
    {"cv": 3, "standardize": True, "penalty_factor": FACTOR, "rule": "1se"},
    {"cv": 4, "scoring": "neg_root_mean_squared_error"},
    {"cv": 4, "scoring": "r2", "fit_intercept": False},
    {"cv": 3, "scoring": "neg_mean_squared_error"},
    {"cv": 3, "positive": True, "alphas": [0.1, 1.0, 10.0]},
]


@pytest.mark.parametrize("options", VARIANTS, ids=repr)
@pytest.mark.parametrize("targets", [Y, TARGETS], ids=["one", "two"])
@pytest.mark.parametrize("alpha_per_target", [False, True])
def test_same_answer_however_the_rows_come(options, targets, alpha_per_target):
    model = RidgeRegressorCV(alpha_per_target=alpha_per_target, **options)
    whole = clone(model).fit(X, targets, W)
    for chunks in sources():
        assert_same(clone(model).fit(chunks, targets, W), whole)


def alone(table):
    """Two columns that one row each decides about."""
    table[:, 1:3] = 0.0
    table[7, 1], table[9, 2] = 5.0, 1.0


def nearly_dependent(table):
    table[:, 3] = table[:, 4] + 1e-6 * table[:, 3]


def units(table):
    table[:, 1] *= 1e6


def dependent(table):
    table[:, 1] = table[:, 0]


@pytest.mark.parametrize("spoil", [alone, nearly_dependent, units, dependent])
@pytest.mark.parametrize(
    "options",
    [{}, {"standardize": True}, {"fit_intercept": False}, {"cv": "gcv"}],
    ids=repr,
)
def test_rows_and_columns_beyond_squares(spoil, options, monkeypatch):
    """As exact as in memory, at the price of more passes; never more than four."""
    passes = []
    reduce = SourceReducer._reduce
    monkeypatch.setattr(
        SourceReducer,
        "_reduce",
        lambda self, *args: passes.append(args) or reduce(self, *args),
    )
    rng = np.random.default_rng(1)
    table = rng.standard_normal((N, P))
    spoil(table)
    y = table @ rng.standard_normal(P) + rng.standard_normal(N)
    weight = rng.integers(1, 3, N) * 1.0
    whole = RidgeRegressorCV(**options).fit(table, y, weight)
    for chunks in sources(table):
        passes.clear()
        found = RidgeRegressorCV(**options).fit(chunks, y, weight)
        assert_same(found, whole)
        assert len(passes) <= 4


def test_rows_that_decide_alone_are_refitted_without():
    table = RNG.standard_normal((N, P))
    alone(table)
    options = {"penalty_factor": [1, 0, 0, 1, 1, 1, 1, 1], "alphas": [1.0, 10.0]}
    for targets in (Y, TARGETS):
        for per_target in (False, True):
            model = RidgeRegressorCV(alpha_per_target=per_target, **options)
            whole = clone(model).fit(table, targets)
            for chunks in sources(table):
                assert_same(clone(model).fit(chunks, targets), whole)


def test_too_many_rows_that_decide_alone():
    """One dummy column a row, unpenalized: nothing can be judged, and is not."""
    table = np.hstack([np.eye(N, 100), RNG.standard_normal((N, 3))])
    factor = np.append(np.zeros(100), np.ones(3))
    model = RidgeRegressorCV(alphas=[1.0, 2.0], penalty_factor=factor)
    for given in (table, RowChunks(table, chunk_rows=50)):
        with (
            pytest.warns(UserWarning, match="not estimate the error of 2 of the"),
            pytest.raises(ValueError, match="No alpha can be chosen"),
        ):
            clone(model).fit(given, Y)


def test_groups():
    groups = np.arange(N) // 20
    model = RidgeRegressorCV(cv=GroupKFold(4))
    whole = clone(model).fit(X, Y, groups=groups)
    for chunks in sources():
        assert_same(clone(model).fit(chunks, Y, groups=groups), whole)


def statistics(labels=LABELS, targets=Y):
    made = SufficientStatistics()
    for start in range(0, N, 70):
        rows = slice(start, start + 70)
        fold = None if labels is None else labels[rows]
        made.update(X[rows], targets[rows], W[rows], fold)
    return made


@pytest.mark.parametrize("targets", [Y, TARGETS], ids=["one", "two"])
@pytest.mark.parametrize(
    "options",
    [
        {"cv": 5},
        {"cv": 5, "standardize": True, "penalty_factor": FACTOR, "scoring": "r2"},
        {"cv": "gcv"},
        {"cv": "gcv", "fit_intercept": False, "alpha_per_target": True},
    ],
    ids=repr,
)
def test_statistics(options, targets):
    model = RidgeRegressorCV(**options)
    whole = clone(model).fit(X, targets, W)
    assert_same(clone(model).fit_statistics(statistics(targets=targets)), whole)
    if model.cv == "gcv":
        assert_same(clone(model).fit_statistics(statistics(None, targets)), whole)
    else:
        # The folds are the statistics' own.
        model.set_params(cv=None)
        assert_same(
            clone(model).fit_statistics(statistics(targets=targets)).set_params(cv=5),
            whole,
        )


def test_what_cannot_be_done_gets_one_sentence(monkeypatch):
    chunks = RowChunks(X, chunk_rows=77)
    before = RidgeRegressorCV().fit(X, Y)
    state = dict(vars(before))
    for call, message in [
        (
            lambda: before.fit_statistics(statistics(None)),
            "leaving out one row at a time needs the rows, in chunks for example",
        ),
        (
            lambda: before.set_params(store_cv_results=True).fit(chunks, Y),
            "needs the rows in memory for store_cv_results=True",
        ),
        (
            lambda: before.set_params(
                store_cv_results=False, scoring="neg_mean_absolute_error"
            ).fit(chunks, Y),
            "memory for scoring='neg_mean_absolute_error'; without them it takes None",
        ),
        (
            lambda: before.set_params(scoring=None, positive=True).fit(chunks, Y),
            "cannot be combined with bounds or positive=True",
        ),
        (
            lambda: before.set_params(positive=False).fit(chunks, Y, groups=LABELS),
            "groups was passed to fit, but cv=None makes no folds",
        ),
        (
            lambda: before.fit(RowChunks(X[:1]), Y[:1]),
            "needs at least two rows of positive weight, got n_samples = 1",
        ),
        (
            lambda: before.fit(RowChunks(X * 1e160), Y),
            "Sums of squares of X or y overflow",
        ),
    ]:
        with pytest.raises(ValueError, match=r"^.*$") as caught:
            call()
        assert message in str(caught.value)
    monkeypatch.setattr("regkit.linear_model._ridge_cv.MOST_COLUMNS", 10)
    with pytest.raises(ValueError, match="needs the products of all 8 columns, for 6"):
        before.set_params(cv=5).fit(chunks, Y)
    before.set_params(cv=None)
    assert vars(before).keys() == state.keys()
    assert all(vars(before)[name] is state[name] for name in state if name[-1] == "_")
