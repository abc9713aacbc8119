"""Tables as they are: categories, strings, booleans, missing values."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from regkit import DropoutMLPClassifier, DropoutMLPRegressor
from regkit.solvers.networks.expansion import Expansion
from tests.neural_network.small_networks import small

pd = pytest.importorskip("pandas", reason="frames are optional")

SMALL = small(n_members=3, max_iter=60)
RNG = np.random.default_rng(0)
N = 300
COLORS = RNG.choice(["red", "green", "blue"], N)
SIZE = RNG.exponential(size=N)
Y = SIZE + 3.0 * (COLORS == "red") + 0.1 * RNG.normal(size=N)
GAPS = RNG.random(N) < 0.2


def frame(**changes):
    columns = {"color": COLORS, "size": SIZE, "flag": COLORS == "blue"}
    return pd.DataFrame({**columns, **changes})


@pytest.mark.parametrize("dtype", ["category", "str", "object"])
def test_categories_of_a_frame(dtype):
    X = frame().astype({"color": dtype})
    model = DropoutMLPRegressor(**SMALL).fit(X, Y)
    assert model.oof_score_ > 0.9
    assert model.n_features_in_ == 3
    assert_array_equal(model.feature_names_in_, ["color", "size", "flag"])
    new = X.iloc[:5].assign(color=["red", "unseen", None, "blue", "red"])
    assert np.isfinite(model.predict(new)).all()
    lower, upper = model.predict_interval(X)
    assert np.mean((lower <= Y) & (upper >= Y)) > 0.85
    with pytest.raises(ValueError, match="categories or missing values; encode them"):
        model.to_sklearn()


@pytest.mark.parametrize("which", [["color"], [0], [True, False, False]])
def test_columns_that_are_named(which):
    codes = pd.Series(COLORS).map({"red": 7, "green": 1, "blue": 4})
    X = frame(color=codes)
    model = DropoutMLPRegressor(**SMALL, categorical_features=which).fit(X, Y)
    from_dtype = DropoutMLPRegressor(**SMALL).fit(X.astype({"color": "category"}), Y)
    assert_allclose(model.predict(X), from_dtype.predict(X))
    if which != ["color"]:
        array = DropoutMLPRegressor(**SMALL, categorical_features=which)
        found = array.fit(X.to_numpy(dtype=float), Y)
        assert_allclose(found.predict(X.to_numpy(dtype=float)), model.predict(X))


def test_polars_frames():
    pl = pytest.importorskip("polars", reason="frames are optional")
    X = frame()
    model = DropoutMLPRegressor(**SMALL).fit(X, Y)
    other = pl.DataFrame({name: X[name].to_list() for name in X.columns})
    again = DropoutMLPRegressor(**SMALL).fit(other, Y)
    assert_allclose(again.predict(other), model.predict(X))
    with pytest.raises(ValueError, match=r"dates or durations.*column 'day'"):
        clone(model).fit(other.with_columns(day=pl.date(2020, 1, 1)), Y)


def test_missing_values():
    X = frame(size=np.where(GAPS, np.nan, SIZE), color=np.where(GAPS, None, COLORS))
    y = Y + 5.0 * GAPS
    model = DropoutMLPRegressor(**SMALL).fit(X, y)
    assert model.oof_score_ > 0.8
    numbers = np.c_[np.where(GAPS, np.nan, SIZE), RNG.normal(size=N)]
    labels = DropoutMLPClassifier(**SMALL).fit(numbers, GAPS)
    assert labels.oof_score_ > 0.95
    whole = DropoutMLPClassifier(**SMALL).fit(np.c_[SIZE, SIZE], SIZE > 1)
    assert np.isfinite(whole.predict_proba([[np.nan, 1.0]])).all()
    with pytest.raises(ValueError, match="infinity"):
        labels.predict([[np.inf, 1.0]])
    with pytest.raises(ValueError, match="infinity"):
        clone(labels).fit(np.where(np.isnan(numbers), np.inf, numbers), GAPS)
    nullable = pd.DataFrame({"a": pd.array(np.arange(N), dtype="Int64")})
    nullable.loc[3, "a"] = pd.NA
    assert np.isfinite(
        DropoutMLPRegressor(**SMALL).fit(nullable, Y).predict(nullable)
    ).all()


def test_nothing_leaks_between_folds():
    """A level of one row is unknown to the members that did not learn it."""
    ids = np.array([f"row {k}" for k in range(N)])
    model = DropoutMLPRegressor(**SMALL).fit(pd.DataFrame({"id": ids}), Y)
    assert model.oof_score_ < 0.1
    expansion = Expansion.learn(np.array([[0.0], [0.0], [2.0]]), (0,))
    assert_array_equal(expansion.expand(np.array([[2.0], [1.0]])), [[0, 1], [0, 0]])
    many = np.repeat(np.arange(100.0), 2)[:, None]
    many[:10] = 99.0
    assert Expansion.learn(many, (0,)).expand(many).shape == (200, 64)
    filled = Expansion.learn(np.array([[1.0], [5.0], [np.nan], [2.0]]), ())
    assert_array_equal(filled.expand(np.array([[np.nan], [3.0]])), [[2, 1], [3, 0]])


def test_bad_columns():
    model = DropoutMLPRegressor(**SMALL)
    with pytest.raises(ValueError, match=r"X holds dates.*in column 'day'; convert"):
        model.fit(frame(day=pd.date_range("2020", periods=N)), Y)
    for given, reason in (
        (["nope"], "has 'nope', which is no column"),
        ([True], "a mask of 1 columns, X has 3"),
    ):
        with pytest.raises(ValueError, match=reason):
            model.set_params(categorical_features=given).fit(frame(), Y)
    with pytest.raises(ValueError, match="must hold numbers in column 'color'"):
        model.set_params(categorical_features=None).fit(frame(size=np.nan), Y)
    with pytest.raises(TypeError, match="needs a dense X"):
        model.set_params(categorical_features=[0]).fit(sp.eye_array(N).tocsr(), Y)


def test_missing_values_among_objects():
    """None and pandas.NA are missing in arrays of objects and lists too."""
    rows = np.column_stack([SIZE, RNG.normal(size=N)])
    rows[GAPS, 1] = np.nan
    objects = rows.astype(object)
    objects[np.flatnonzero(GAPS)[::2], 1] = None
    objects[np.flatnonzero(GAPS)[1::2], 1] = pd.NA
    expected = DropoutMLPRegressor(**SMALL).fit(rows, Y).predict(rows)
    for X in (objects, objects.tolist()):
        assert_allclose(DropoutMLPRegressor(**SMALL).fit(X, Y).predict(X), expected)


def test_strings_of_arrow():
    pa = pytest.importorskip("pyarrow", reason="in the dev extra only")
    expected = DropoutMLPRegressor(**SMALL).fit(frame(), Y).predict(frame())
    for kind in (pa.large_string(), pa.dictionary(pa.int32(), pa.string())):
        X = frame(color=pd.Series(COLORS.tolist(), dtype=pd.ArrowDtype(kind)))
        assert_allclose(DropoutMLPRegressor(**SMALL).fit(X, Y).predict(X), expected)


def test_levels_of_any_kind():
    """Levels that have no order are told apart; those that cannot be are refused."""
    codes = {"red": (1, "x"), "green": ("x", 1), "blue": frozenset("x")}
    cells = np.empty(N, dtype=object)
    cells[:] = [codes[color] for color in COLORS]
    options = {**SMALL, "categorical_features": ["color"]}
    model = DropoutMLPRegressor(**options).fit(frame(color=cells), Y)
    assert model.oof_score_ > 0.9
    cells[4] = ["x"]
    with pytest.raises(TypeError, match="levels of a category in column 'color'"):
        DropoutMLPRegressor(**options).fit(frame(color=cells), Y)
    with pytest.raises(TypeError, match="levels of a category in column 'color'"):
        model.predict(frame(color=cells))


def test_masked_entries_are_refused_beside_gaps():
    rows = np.column_stack([SIZE, np.where(GAPS, np.nan, SIZE)])
    masked = np.ma.masked_array(rows, mask=rows > 1.0)
    model = DropoutMLPRegressor(**SMALL).fit(rows, Y)
    for call in (lambda: model.fit(masked, Y), lambda: model.predict(masked)):
        with pytest.raises(ValueError, match="X is a masked array with"):
            call()


@pytest.mark.parametrize("standardize", ["robust", True, False])
def test_gaps_of_validation_rows_alone(standardize):
    """They are taken for the middle of the column, also where nothing was fitted."""
    rows = np.column_stack([SIZE, RNG.normal(size=N)])
    middle = {
        "robust": np.quantile(SIZE, 0.5, method="inverted_cdf"),
        True: SIZE.mean(),
        False: 0.0,
    }
    filled = rows.copy()
    filled[:, 0] = middle[standardize]
    gone = rows.copy()
    gone[:, 0] = np.nan
    model = DropoutMLPRegressor(**SMALL, standardize=standardize)
    found = model.fit(rows, Y, X_val=gone, y_val=Y).predict(rows)
    again = model.fit(rows, Y, X_val=gone, y_val=Y).predict(rows)
    assert_allclose(found, model.fit(rows, Y, X_val=filled, y_val=Y).predict(rows))
    assert_array_equal(found, again)
