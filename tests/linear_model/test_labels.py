"""Labels, class weights and targets: what is taken, and what is refused how."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import clone

import regkit

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
CODES = (X[:, 0] + rng.normal(size=60) > 0).astype(int)
CLASSIFIERS = [
    regkit.LogisticClassifier(),
    regkit.LinearSVMClassifier(),
    regkit.LogisticClassifierCV(alphas=5),
    regkit.LinearSVMClassifierCV(alphas=5),
]


def named(estimators):
    return pytest.mark.parametrize(
        "estimator", estimators, ids=lambda estimator: type(estimator).__name__
    )


LABELS = {
    "int": np.array([3, 7]),
    "negative": np.array([-1, 1]),
    "bool": np.array([False, True]),
    "str": np.array(["no", "yes"]),
    "object": np.array(["no", "yes"], dtype=object),
    "float": np.array([0.0, 1.0]),
}


@pytest.mark.parametrize("kind", LABELS)
@named(CLASSIFIERS[:2])
def test_labels_of_any_kind_give_the_same_coefficients(estimator, kind):
    names = LABELS[kind]
    reference = estimator.fit(X, CODES).coef_.copy()
    model = estimator.fit(X, names[CODES])
    assert np.array_equal(model.coef_, reference)
    assert np.array_equal(model.classes_, names)
    assert model.classes_.dtype == names.dtype
    assert set(model.predict(X)) <= set(names)


@pytest.mark.parametrize(
    "container",
    [
        list,
        pd.Series,
        lambda y: pd.Series(y, dtype="category"),
        lambda y: pd.Series(y, dtype="string"),
        pl.Series,
    ],
    ids=["list", "series", "categorical", "nullable", "polars"],
)
def test_containers_of_labels(container):
    y = np.array(["no", "yes"])[CODES]
    model = regkit.LogisticClassifier().fit(X, container(y.tolist()))
    assert model.classes_.tolist() == ["no", "yes"]
    assert np.array_equal(model.coef_, regkit.LogisticClassifier().fit(X, CODES).coef_)


@named(CLASSIFIERS)
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "y is None"),
        (np.zeros(60), "needs at least 2 classes.*one class, 0.0"),
        (["a"] * 60, "one class, 'a'"),
        (X[:, 0], "Unknown label type: continuous"),
        ([*CODES[:-1], np.nan], "Input y contains NaN"),
        ([*["a", "b"] * 29, None, "b"], "NaN or None at row 58"),
        ([*["a", "b"] * 29, 3, "b"], "mixes labels of different kinds, int and str"),
        (CODES.astype(object), "array of objects, the first of them int: convert it"),
        (CODES[:-1], "same number of rows"),
        (np.column_stack([CODES, CODES]), "y should be a 1d array"),
    ],
)
def test_labels_that_cannot_be_used(estimator, y, message):
    if isinstance(y, list) and "b" in y:
        y = np.array(y, dtype=object)
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, y)


def test_sparse_labels_are_refused():
    with pytest.raises(TypeError, match="y must be dense"):
        regkit.LogisticClassifier().fit(X, sp.csr_matrix(CODES))


def test_a_failed_fit_leaves_the_estimator():
    model = regkit.LogisticClassifier().fit(X, CODES)
    before = dict(model.__dict__)
    with pytest.raises(ValueError, match="one class"):
        model.fit(X, np.ones(60))
    with pytest.raises(ValueError, match="inf"):
        model.fit(np.full_like(X, np.inf), CODES)
    assert model.__dict__ == before


@named(CLASSIFIERS)
def test_classes_without_weight_are_named(estimator):
    weight = np.where(CODES == 1, 0.0, 1.0)
    with pytest.raises(ValueError, match="class 1 has no row of positive weight"):
        estimator.fit(X, CODES, sample_weight=weight)


@pytest.mark.parametrize("in_chunks", [False, True])
@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        (
            {0: 1e300, 1: 1e-300},
            "orders .* class 1 sum to .*, those of class 0",
        ),
        ({0: 1e-320, 1: 1.0}, "orders for float64: the weights of class 0"),
        ({0: 1.0, 1: 1e308}, "large for float64: the weights of class 1"),
    ],
)
@named(CLASSIFIERS)
def test_class_weights_beyond_float64(estimator, class_weight, message, in_chunks):
    estimator = clone(estimator).set_params(class_weight=class_weight)
    rows = regkit.RowChunks([(X, CODES)]) if in_chunks else X
    with pytest.raises(ValueError, match=f"^class_weight times .*{message}"):
        estimator.fit(rows, None if in_chunks else CODES)


def test_classes_missing_from_a_fold_are_named():
    y = np.array(["a"] * 59 + ["b"])
    folds = [(np.arange(40), np.arange(40, 60)), (np.arange(20, 60), np.arange(20))]
    with pytest.raises(ValueError, match=r"class 'b' has no row.*fold 0.*stratified"):
        regkit.LogisticClassifierCV(cv=folds).fit(X, y)


def test_class_weight_multiplies_sample_weight():
    weight = rng.random(60)
    model = regkit.LogisticClassifier(class_weight={0: 2.0, 1: 0.5}, tol=1e-12)
    by_class = model.fit(X, CODES, sample_weight=weight).coef_.copy()
    factors = np.where(CODES == 1, 0.5, 2.0)
    model.set_params(class_weight=None).fit(X, CODES, sample_weight=weight * factors)
    assert by_class == pytest.approx(model.coef_, rel=1e-12)


def test_balanced_classes_have_equal_totals():
    y = np.array(["no", "yes"])[CODES]
    weight = rng.integers(1, 4, size=60).astype(float)
    model = regkit.LogisticClassifier(class_weight="balanced", tol=1e-12)
    balanced = model.fit(X, y, sample_weight=weight).coef_.copy()
    totals = np.bincount(CODES, weight)
    by_hand = {"no": 1 / totals[0], "yes": 1 / totals[1]}
    model.set_params(class_weight=by_hand).fit(X, y, sample_weight=weight)
    assert balanced == pytest.approx(model.coef_, rel=1e-9)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({"no": -1.0, "yes": 1.0}, "class 'no' is -1.0"),
        ({"no": np.nan, "yes": 1.0}, "class 'no' is nan"),
        ({"no": 1.0, "Yes": 2.0}, "class 'Yes', which y does not have"),
        ({"no": 1.0, "yes": 0.0}, "'yes' has no row.*after class_weight"),
        ("equal", "class_weight"),
    ],
)
def test_class_weights_that_cannot_be_used(class_weight, message):
    y = np.array(["no", "yes"])[CODES]
    with pytest.raises(ValueError, match=message):
        regkit.LogisticClassifier(class_weight=class_weight).fit(X, y)


@pytest.mark.parametrize(
    ("family", "y", "message"),
    [
        ("poisson", [-1.0, *[1.0] * 59], "y must be non-negative.*y\\[0\\] is -1"),
        ("tweedie", [*[1.0] * 59, -2.0], "non-negative.*'tweedie': y\\[59\\] is -2"),
        (np.str_("poisson"), [-1.0, *[1.0] * 59], "with family='poisson': y"),
        (np.str_("gamma"), [0.0] * 60, "with family='gamma': y"),
        ("gamma", [1.0, 0.0, *[1.0] * 58], "y must be positive.*y\\[1\\] is 0"),
        ("poisson", [0.0] * 60, "must not be 0 in every row"),
        ("poisson", [np.nan, *[1.0] * 59], "Input y contains NaN"),
        ("poisson", np.ones((60, 2)), "y should be a 1d array"),
        ("poisson", None, "y is None"),
    ],
)
@named(
    [regkit.GeneralizedLinearRegressor(), regkit.GeneralizedLinearRegressorCV(alphas=5)]
)
def test_counts_that_cannot_be_used(estimator, family, y, message):
    with pytest.raises(ValueError, match=message):
        estimator.set_params(family=family).fit(X, y)


@pytest.mark.parametrize(
    ("offset", "message"),
    [
        (np.ones(3), "offset must have one entry per row of X: X has 60"),
        (np.full(60, np.inf), "offset contains infinity"),
        (["a"] * 60, "offset must hold numbers"),
    ],
)
def test_offsets_that_cannot_be_used(offset, message):
    with pytest.raises(ValueError, match=message):
        regkit.LogisticClassifier().fit(X, CODES, offset=offset)
    with pytest.raises(ValueError, match=message):
        regkit.GeneralizedLinearRegressor().fit(X, CODES, offset=offset)


def test_an_offset_and_a_scorer_do_not_go_together():
    model = regkit.LogisticClassifierCV(scoring="roc_auc")
    with pytest.raises(ValueError, match="scoring='roc_auc' together with an offset"):
        model.fit(X, CODES, offset=np.ones(60))


def test_paths_name_themselves_in_messages():
    with pytest.raises(ValueError, match="logistic_path needs at least 2 classes"):
        regkit.logistic_path(X, np.ones(60))
    with pytest.raises(ValueError, match="non-negative for glm_path"):
        regkit.glm_path(X, -np.ones(60))
    with pytest.raises(ValueError, match="logistic_path needs alphas"):
        regkit.logistic_path(X, CODES, l1_ratio=0)


def test_hinge_losses_have_no_probabilities():
    model = regkit.LinearSVMClassifier().fit(X, CODES)
    assert not hasattr(model, "predict_proba")
    with pytest.raises(AttributeError, match="CalibratedClassifierCV"):
        model.predict_proba  # noqa: B018
