"""Classes and counts from rows that are read in chunks: the same answers."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import ShuffleSplit

import regkit
from regkit.rows import inputs
from tests.linear_model.rows_in_pieces import SLICES, N, chunked_forms, draw_rows
from tests.loss_certificate import certify_loss
from tests.properties.profile import sweep

P = 7
X, RNG = draw_rows(P)
ETA = (X - X.mean(axis=0)) @ [0.7, -0.5, 0.4, 0, 0, 0.3, 0]
BINARY = np.where(RNG.random(N) < 1 / (1 + np.exp(-ETA)), "yes", "no")
NOISE = RNG.gumbel(size=(N, 3))
THREE = np.array(["red", "green", "blue"])[
    np.argmax(np.stack([ETA, -ETA, 0 * ETA], axis=1) + NOISE, axis=1)
]
COUNTS = RNG.poisson(np.exp(0.3 * ETA)).astype(float)
AMOUNTS = RNG.gamma(2.0, np.exp(0.3 * ETA)) + 1e-3
W = RNG.integers(0, 4, N).astype(float)
OFFSET = 0.3 * RNG.standard_normal(N)
FREE = [0, 1, 1, 2, 1, 1, np.inf]

MODELS = [
    (regkit.LogisticClassifier(0.01, tol=1e-11), BINARY),
    (
        regkit.LogisticClassifier(0.02, l1_ratio=0.5, standardize=True, tol=1e-11),
        BINARY,
    ),
    (
        regkit.LogisticClassifier(
            0.01, class_weight="balanced", penalty_factor=FREE, tol=1e-11
        ),
        BINARY,
    ),
    (regkit.LogisticClassifier(0.01, fit_intercept=False, tol=1e-11), BINARY),
    (regkit.LogisticClassifier(0.01, tol=1e-11), THREE),
    (regkit.LinearSVMClassifier(0.02, bounds=(-0.2, 0.5), tol=1e-11), BINARY),
    (regkit.LinearSVMClassifier(0.02, class_weight={"red": 2.0}, tol=1e-11), THREE),
    (regkit.GeneralizedLinearRegressor(0.01, tol=1e-11), COUNTS),
    (
        regkit.GeneralizedLinearRegressor(
            0.01, family="gamma", l1_ratio=0.0, positive=True, tol=1e-11
        ),
        AMOUNTS,
    ),
    (regkit.GeneralizedLinearRegressor(0.01, family="tweedie", tol=1e-11), COUNTS),
]
SEARCHES = [
    (regkit.LogisticClassifierCV(alphas=12, cv=3, tol=1e-11), BINARY),
    (
        regkit.LogisticClassifierCV(alphas=6, cv=3, class_weight="balanced", tol=1e-11),
        THREE,
    ),
    (regkit.LinearSVMClassifierCV(alphas=8, cv=3, rule="1se"), THREE),
    (regkit.GeneralizedLinearRegressorCV(alphas=12, cv=4, tol=1e-11), COUNTS),
]


def named(value: Any) -> str:
    """Return what a case is called."""
    return "y" if isinstance(value, np.ndarray) else repr(value)


def forms(y: Any) -> Any:
    """The same rows, as they may come."""
    yield from chunked_forms(X, y, W)
    yield "one row each", regkit.RowChunks([X[i : i + 1] for i in range(N)]), y, W


def assert_close(found: Any, whole: Any, note: str = "") -> None:
    np.testing.assert_allclose(
        found.coef_, whole.coef_, rtol=1e-5, atol=2e-6, err_msg=note
    )
    np.testing.assert_allclose(
        found.intercept_, whole.intercept_, rtol=1e-5, atol=3e-5, err_msg=note
    )


@pytest.mark.parametrize(("model", "y"), MODELS, ids=named)
def test_same_answer_however_the_rows_come(model, y):
    whole = clone(model).fit(X, y, W)
    for form, chunks, targets, weight in forms(y):
        if form == "one row each" and model.alpha != 0.02:
            continue  # many small blocks take time, and are all alike
        found = clone(model).fit(chunks, targets, weight)
        assert_close(found, whole, form)
        assert hasattr(found, "feature_names_in_") == (form == "frames")
        if hasattr(whole, "classes_"):
            np.testing.assert_array_equal(found.classes_, whole.classes_)
        score = found.score(chunks, targets, weight)
        assert score == pytest.approx(whole.score(X, y, W), abs=1e-6)
        if form in ("array", "csr"):
            predicted, plain = found.predict(chunks), found.predict(X)
            if predicted.dtype.kind == "f":
                np.testing.assert_allclose(predicted, plain)
            else:
                np.testing.assert_array_equal(predicted, plain)
            if hasattr(found, "predict_proba"):
                probability = found.predict_proba(chunks)
                np.testing.assert_allclose(probability, found.predict_proba(X))


@pytest.mark.parametrize(("model", "y"), SEARCHES, ids=named)
def test_same_choice_however_the_rows_come(model, y):
    whole = clone(model).fit(X, y, W)
    chunks = [(X[s], y[s], W[s]) for s in SLICES]
    for rows in (regkit.RowChunks(X, chunk_rows=97), regkit.RowChunks(chunks)):
        comes = rows._source is chunks
        found = clone(model).fit(rows, None if comes else y, None if comes else W)
        assert found.alpha_ == pytest.approx(whole.alpha_, rel=1e-9)
        assert found.alpha_min_ == pytest.approx(whole.alpha_min_, rel=1e-9)
        np.testing.assert_allclose(found.cv_error_, whole.cv_error_, rtol=1e-5)
        np.testing.assert_allclose(found.cv_error_se_, whole.cv_error_se_, rtol=1e-4)
        np.testing.assert_allclose(found.fold_errors_, whole.fold_errors_, rtol=1e-5)
        assert_close(found, whole)
        np.testing.assert_allclose(
            found.coef_path_, whole.coef_path_, rtol=1e-4, atol=2e-5
        )


def test_offsets():
    three = np.stack([OFFSET, -OFFSET, 2 * OFFSET], axis=1)
    for model, y, offset in [
        (regkit.LogisticClassifier(0.01, tol=1e-11), BINARY, OFFSET),
        (regkit.LogisticClassifier(0.01, tol=1e-11), THREE, three),
        (
            regkit.GeneralizedLinearRegressor(0.01, tol=1e-11),
            COUNTS,
            5.0 * OFFSET - 12.0,
        ),
        (regkit.GeneralizedLinearRegressorCV(alphas=8, tol=1e-11), COUNTS, OFFSET),
    ]:
        whole = clone(model).fit(X, y, W, offset=offset)
        found = clone(model).fit(
            regkit.RowChunks(X, chunk_rows=90), y, W, offset=offset
        )
        assert_close(found, whole)
    with pytest.raises(ValueError, match="offset has 529 entries"):
        model.fit(regkit.RowChunks(X), y, offset=OFFSET[:-1])
    with pytest.raises(ValueError, match="offset must be None where X comes in chunks"):
        whole.predict(regkit.RowChunks(X), offset=OFFSET)


def test_paths():
    for path, y in (
        (regkit.logistic_path, BINARY),
        (regkit.logistic_path, THREE),
        (regkit.glm_path, COUNTS),
    ):
        whole = path(X, y, n_alphas=15, sample_weight=W, tol=1e-11)
        found = path(
            regkit.RowChunks(X, chunk_rows=90),
            y,
            n_alphas=15,
            sample_weight=W,
            tol=1e-11,
        )
        np.testing.assert_allclose(found.alphas, whole.alphas, rtol=1e-9)
        np.testing.assert_allclose(found.coefs, whole.coefs, rtol=1e-4, atol=2e-6)
        assert found.dual_gaps.max() <= 1e-11 * found.null_objective
        short = path(regkit.RowChunks(X), y, n_alphas=15, max_nonzero=3)
        assert short.n_nonzero.max() <= 3 < whole.n_nonzero.max()
        assert len(short.alphas) < 15


def test_one_fit_for_many_alphas_and_from_an_earlier_fit():
    rows = regkit.RowChunks(X, chunk_rows=90)
    values = [0.03, 0.01, 0.1, 0.01]
    model = regkit.LogisticClassifier(tol=1e-10)
    for value, found in zip(values, model.fit_path(rows, BINARY, values), strict=True):
        assert_close(found, clone(model).set_params(alpha=value).fit(X, BINARY))
    again = regkit.LogisticClassifier(0.01, tol=1e-10, warm_start=True).fit(X, BINARY)
    coef = again.coef_.copy()
    again.fit(rows, BINARY)
    np.testing.assert_allclose(again.coef_, coef, atol=1e-7)
    assert again.n_iter_ == 1


def test_large_maps_are_read_in_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "_LARGE_MAP", 0)
    for order, dtype in (("C", "f8"), ("F", "f4")):
        path = tmp_path / order
        path.write_bytes(X.astype(dtype).tobytes(order))
        rows = np.memmap(path, dtype=dtype, mode="r", shape=(N, P), order=order)
        plain = np.array(rows)
        for model, y in (MODELS[0], MODELS[7], SEARCHES[0]):
            assert_close(clone(model).fit(rows, y, W), clone(model).fit(plain, y, W))
        # What needs the rows uses the map in place.
        hinge = regkit.LinearSVMClassifier(0.02, loss="hinge")
        assert_close(hinge.fit(rows, BINARY), clone(hinge).fit(plain, BINARY))
        scored = regkit.LogisticClassifierCV(alphas=4, cv=3, scoring="accuracy")
        assert scored.fit(rows, BINARY).alpha_ == scored.fit(plain, BINARY).alpha_


LABELS = [
    np.array([True, False]),
    np.array([-1, 1]),
    np.array([2.0, 5.0, 7.0]),
    np.array(["b", "a"], dtype=object),
    np.array(["long label", "s", "tt"]),
]


@pytest.mark.parametrize("kinds", LABELS, ids=repr)
def test_labels_of_any_kind_and_classes_absent_from_chunks(kinds):
    codes = np.repeat(np.arange(len(kinds)), 40)  # sorted: a class a chunk
    rows = RNG.standard_normal((len(codes), 3)) + codes[:, None]
    y = kinds[codes]
    whole = regkit.LogisticClassifier(0.01).fit(rows, y)
    chunks = [(rows[i : i + 30], y[i : i + 30]) for i in range(0, len(y), 30)]
    found = regkit.LogisticClassifier(0.01).fit(regkit.RowChunks(chunks), None)
    np.testing.assert_array_equal(found.classes_, whole.classes_)
    assert found.classes_.dtype == whole.classes_.dtype
    assert_close(found, whole)
    assert found.score(regkit.RowChunks(chunks), None) == whole.score(rows, y)


def test_categories_of_frames():
    frame = pd.DataFrame(X).rename(columns=str)
    y = pd.Series(BINARY).astype("category")
    whole = regkit.LogisticClassifier(0.01).fit(frame, y)
    chunks = regkit.RowChunks([(frame[s], y[s]) for s in SLICES])
    assert_close(regkit.LogisticClassifier(0.01).fit(chunks, None), whole)


@pytest.mark.parametrize(
    ("model", "needs"),
    [
        (regkit.LinearSVMClassifier(loss="hinge"), "loss='hinge'"),
        (regkit.LogisticClassifierCV(scoring="roc_auc"), "scoring='roc_auc'"),
        (regkit.GeneralizedLinearRegressorCV(criterion="bic"), "criterion='bic'"),
    ],
)
def test_what_needs_the_rows(model, needs):
    with pytest.raises(TypeError, match=f"rows of X in memory, .*{needs}.*RowChunks"):
        model.fit(regkit.RowChunks(X), BINARY)


def test_bad_rows_are_named():
    bad = X.copy()
    bad[300, 2] = np.nan
    model = regkit.LogisticClassifier(0.01).fit(X, BINARY)
    before = vars(model).copy()
    wide = sp.csr_array((30, 3001))
    cases = [
        (
            (regkit.RowChunks(bad, chunk_rows=100), BINARY),
            "Chunk 3: Input X contains NaN",
        ),
        ((regkit.RowChunks(X), np.full(N, "a")), "needs at least 2 classes"),
        (
            (regkit.RowChunks([(X, BINARY)]), BINARY),
            "comes with the chunk and is passed",
        ),
        ((regkit.RowChunks([(X[:9], THREE[:9])]), BINARY), "comes with the chunk"),
        (
            (regkit.RowChunks(X), BINARY, np.zeros(N)),
            "sample_weight must not be all zero",
        ),
        ((regkit.RowChunks(X), BINARY[:-1]), "rows"),
        (
            (regkit.RowChunks(X), BINARY, (BINARY == "yes") * 1.0),
            "class 'no' has no row of positive weight",
        ),
    ]
    for arguments, message in cases:
        with pytest.raises(ValueError, match=message):
            model.fit(*arguments)
    with pytest.raises(TypeError, match=r"more than 3,000 columns \(X has 3,001\)"):
        model.fit(regkit.RowChunks(wide), np.arange(30) % 2)
    with pytest.raises(ValueError, match="5 classes of 700 columns have 3,500"):
        model.fit(regkit.RowChunks(wide[:, :700]), np.arange(30) % 5)
    negative = regkit.GeneralizedLinearRegressor()
    with pytest.raises(ValueError, match="Chunk 0: y must be non-negative"):
        negative.fit(regkit.RowChunks([(X, COUNTS - 1)]), None)
    with pytest.raises(ValueError, match="y must not be 0 in every row"):
        negative.fit(regkit.RowChunks(X), np.zeros(N))
    few = np.where(COUNTS > 0, 1e-300, 1e300)
    with pytest.raises(ValueError, match="as a share of all"):
        negative.fit(regkit.RowChunks(X), COUNTS, few)
    with pytest.raises(ValueError, match="spans too many orders for float64: beside"):
        negative.fit(X, COUNTS, few)
    assert vars(model).keys() == before.keys()
    assert model.coef_ is before["coef_"]
    with pytest.raises(ValueError, match="cv must hold every row out at most once"):
        regkit.LogisticClassifierCV(cv=ShuffleSplit(3)).fit(regkit.RowChunks(X), BINARY)


def test_steps_that_no_length_helps_end():
    """They went on reading the rows, with nothing to ask of them."""
    rows = regkit.RowChunks([(X[:40, :3], COUNTS[:40] + 1)])
    offset = np.where(np.arange(40) % 2, 700.0, -700.0)
    model = regkit.GeneralizedLinearRegressorCV(alphas=5)
    with (
        np.errstate(all="ignore"),
        pytest.warns(ConvergenceWarning, match="5 of 5"),
        pytest.raises(ValueError, match="No alpha can be chosen"),
    ):
        model.fit(rows, None, offset=offset)


def test_changed_sources_are_refused():
    passes = []

    def changing():
        passes.append(1)
        return iter([(X + len(passes), BINARY)])

    with pytest.raises(ValueError, match="must give the same rows in every pass"):
        regkit.LogisticClassifier().fit(regkit.RowChunks(changing), None)


def test_separated_classes():
    y = X[:, 0] > np.median(X[:, 0])
    with pytest.raises(ValueError, match=r"no finite optimum with alpha=0.*separated"):
        regkit.LogisticClassifier(0.0).fit(regkit.RowChunks(X), y)
    found = regkit.LogisticClassifier(1e-4).fit(regkit.RowChunks(X), y)
    assert_close(found, regkit.LogisticClassifier(1e-4).fit(X, y))


def test_unpenalized_fits_and_few_steps():
    for model, y in (
        (regkit.LogisticClassifier(0.0), BINARY),
        (regkit.GeneralizedLinearRegressor(0.0), COUNTS),
    ):
        assert_close(clone(model).fit(regkit.RowChunks(X), y), clone(model).fit(X, y))
    short = regkit.LogisticClassifier(1e-3, max_iter=1, tol=1e-14)
    with pytest.warns(ConvergenceWarning, match=r"duality gap is \d.*tol=1e-14"):
        short.fit(regkit.RowChunks(X), BINARY)
    assert short.dual_gap_ > 0.0


def test_a_path_takes_few_passes():
    passes = []

    def rows():
        passes.append(1)
        return iter([X[s] for s in SLICES])

    model = regkit.LogisticClassifierCV(alphas=50, cv=5, eps=1e-2)
    model.fit(regkit.RowChunks(rows), BINARY)
    assert len(passes) <= 20  # one counts the columns; not a few for each of 50 alphas
    passes.clear()
    regkit.LogisticClassifier(0.01).fit(regkit.RowChunks(rows), BINARY)
    assert len(passes) <= 8


@sweep(40)
@given(data=st.data())
def test_gaps_by_an_outside_certificate(data):
    draw = data.draw
    loss = draw(
        st.sampled_from(
            ["logistic", "multinomial", "squared_hinge", "poisson", "gamma", "tweedie"]
        )
    )
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n, p = draw(st.integers(12, 60)), draw(st.integers(1, 6))
    rows = rng.standard_normal((n, p)) * 10.0 ** draw(st.integers(-2, 2))
    rows += draw(st.sampled_from([0.0, 1.0, 100.0]))
    if draw(st.booleans()):
        rows[:, 0] = 3.0
    weight = rng.integers(0, 3, n).astype(float) if draw(st.booleans()) else None
    options = {
        "fit_intercept": draw(st.booleans()),
        "standardize": draw(st.booleans()),
        "l1_ratio": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "positive": draw(st.booleans()),
    }
    alpha = draw(st.sampled_from([1e-3, 1e-2, 0.1, 1.0]))
    if loss in ("poisson", "gamma", "tweedie"):
        y = rng.poisson(1.0, n) + (rng.random(n) if loss == "gamma" else 0) * 1.0
        y[:2] = 1.0, 2.0
        model: Any = regkit.GeneralizedLinearRegressor(
            alpha, family=loss, tol=1e-10, **options
        )
    else:
        y = np.arange(n) % (3 if loss == "multinomial" else 2)
        rng.shuffle(y)
        kind = (
            regkit.LinearSVMClassifier
            if loss == "squared_hinge"
            else regkit.LogisticClassifier
        )
        model = kind(alpha, tol=1e-10, **options)
    if weight is not None:
        weight[[np.flatnonzero(y == label)[0] for label in np.unique(y)]] = 1.0
    size = draw(st.integers(1, n))
    form = draw(st.sampled_from([np.array, sp.csr_array]))
    model.fit(regkit.RowChunks(form(rows), chunk_rows=size), y, weight)
    is_positive = options.pop("positive")
    found = certify_loss(
        loss,
        rows,
        y,
        model.coef_,
        model.intercept_,
        sample_weight=weight,
        alpha=alpha,
        bounds=(0, np.inf) if is_positive else None,
        **options,
    )
    assert found.gap <= 1e-8 * found.null_deviance


def test_memory_holds_chunks_not_rows():
    n_chunks, rows, p = 60, 2000, 16
    coef = np.linspace(-1.0, 1.0, p)

    def chunks():
        for number in range(n_chunks):
            rng = np.random.default_rng(number)
            part = rng.standard_normal((rows, p))
            yield part, part @ coef + rng.logistic(size=rows) > 0.0

    model = regkit.LogisticClassifier(0.01)
    clone(model).fit(
        regkit.RowChunks(list(itertools.islice(chunks(), 2))), None
    )  # compiles
    tracemalloc.start()
    model.fit(regkit.RowChunks(chunks), None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.25 * 8 * n_chunks * rows * p
