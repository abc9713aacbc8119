"""`TableEncoder` inside scikit-learn: frames, pipelines, new rows, and what it says."""

import pickle
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from regkit import RidgeRegressor, TableEncoder, compare_regularizers
from regkit.tables import CellError, TableError


def all_checks(estimators):
    """Give `parametrize_with_checks` as a list: pytest 9 takes no generator."""
    mark = parametrize_with_checks(estimators)
    names, cases = mark.args
    return pytest.mark.parametrize(names, list(cases), **mark.kwargs)


@all_checks([TableEncoder(), TableEncoder(indicators=False, missing=[-999])])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture
def table():
    """Give a frame with a column of each kind."""
    rng = np.random.default_rng(0)
    n = 120
    area = rng.integers(800, 4800, n)
    town = rng.choice(["north", "south", "east"], n)
    return pd.DataFrame(
        {
            "area": [f"{a:,}" for a in area],
            "town": town,
            "pool": rng.choice(["Yes", "no"], n),
            "sold": [f"{d % 28 + 1:02d}.{d % 12 + 1:02d}.2023" for d in range(n)],
            "rate": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "price": 100.0 * area + 50_000 * (town == "south") + rng.normal(0, 9e3, n),
        }
    )


def test_each_kind_of_column(table):
    encoder = TableEncoder().fit(table.drop(columns="price"))
    assert list(encoder.get_feature_names_out()) == [
        "area",
        "town=east",
        "town=north",
        "town=south",
        "pool",
        "sold_month",
        "sold_weekday",
        "sold_days",
        "rate",
        "rate=missing",
    ]
    X = encoder.transform(table)
    assert_array_equal(X[:, 0], [int(a.replace(",", "")) for a in table["area"]])
    assert_array_equal(X[:, 4], table["pool"] == "Yes")
    dates = pd.to_datetime(table["sold"], format="%d.%m.%Y")
    assert_array_equal(X[:, 5], dates.dt.month)
    assert_array_equal(X[:, 6], [d.isoweekday() for d in dates])
    assert_array_equal(X[:, 7], (dates - dates.min()).dt.days)
    assert_allclose(X[:, 8], table["rate"].fillna(table["rate"].median()))
    assert_array_equal(X[:, 9], table["rate"].isna())


@pytest.mark.parametrize(
    "convert", [pl.from_pandas, pa.Table.from_pandas, pd.DataFrame]
)
def test_frames_of_all_packages_are_one(table, convert):
    table["date"] = pd.to_datetime(table["sold"], format="%d.%m.%Y")
    table["flag"] = table["pool"] == "Yes"
    table["level"] = pd.Categorical(table["town"])
    X = TableEncoder().fit_transform(table)
    other = TableEncoder().fit(convert(table))
    assert_array_equal(other.transform(convert(table)), X)
    assert_array_equal(other.transform(table), X)


def test_the_same_by_the_file_and_by_the_frame(table, tmp_path):
    path = tmp_path / "houses.csv"
    table.to_csv(path, index=False)
    X = TableEncoder().fit_transform(table)
    assert_array_equal(TableEncoder().fit_transform(pd.read_csv(path)), X)


def test_in_a_pipeline(table):
    X, y = table.drop(columns="price"), table["price"]
    model = make_pipeline(TableEncoder(), RidgeRegressor(standardize=True))
    assert cross_val_score(model, X, y, cv=3).min() > 0.95
    model.fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(X), model.predict(X))
    assert clone(model[0]).get_params() == model[0].get_params()


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_set_output(table, package):
    encoder = TableEncoder().set_output(transform=package)
    encoded = encoder.fit_transform(table)
    assert list(encoded.columns) == list(encoder.get_feature_names_out())
    assert_array_equal(np.asarray(encoded), encoder.set_output(transform="default")
                       .transform(table))  # fmt: skip


def test_new_rows_in_another_order_with_gaps_and_levels_never_seen(table):
    X = table.drop(columns="price")
    encoder = TableEncoder().fit(X)
    new = X.iloc[:3, ::-1].copy()
    new.loc[0, "town"] = "west"
    new.loc[1, "area"] = "n.a."
    new.loc[2, "sold"] = None
    encoded = encoder.transform(new)
    known = encoder.transform(X[:3])
    assert_array_equal(encoded[0, 1:4], [0, 0, 0])
    assert encoded[1, 0] == np.median(encoder.transform(X)[:, 0])
    assert np.isfinite(encoded).all()
    assert_array_equal(encoded[0, 4:], known[0, 4:])


def test_only_the_training_rows_teach(table):
    X = table.drop(columns="price")
    whole = TableEncoder()
    read = whole.read(X)
    train = np.arange(60)
    encoder = TableEncoder(read.readings).fit(read.take(train))
    other = X.copy()
    other.loc[60:, "rate"] = 1e6
    other.loc[60:, "town"] = "west"
    changed = TableEncoder(read.readings).fit(whole.read(other).take(train))
    assert_array_equal(changed.transform(X[:60]), encoder.transform(X[:60]))
    assert_array_equal(encoder.transform(read.take(train)), encoder.transform(X[:60]))


def test_readings_by_the_user(table):
    table["zip"] = np.tile([10115, 20095, 30303], 40)
    table["id"] = np.arange(120)
    fitted = TableEncoder({"zip": "category", "id": "number", "town": "drop"}).fit(
        table
    )
    names = list(fitted.get_feature_names_out())
    assert {"zip=10115", "zip=20095", "zip=30303", "id"} <= set(names)
    assert not any(name.startswith("town") for name in names)
    with pytest.raises(TableError, match="has no column 'zap'; did you mean 'zip'"):
        TableEncoder({"zap": "category"}).fit(table)
    with pytest.raises(TableError, match=r"'zip' must be one of .*, got 'code'"):
        TableEncoder({"zip": "code"}).fit(table)


def test_time_zones_that_differ_are_said():
    zones = ["+0100", "-05:00", "Z", ""]
    table = pd.DataFrame({"t": [f"2024-03-{k + 1} 08:30{zones[0]}" for k in range(20)]})
    same = TableEncoder().fit(table)
    assert same.notes() == []
    table["t"] = [f"2024-03-{k + 1} 08:30{zones[k % 4]}" for k in range(20)]
    encoder = TableEncoder().fit(table)
    assert encoder.notes() == [
        "column 't': times are taken as written, though '2024-03-1 08:30+0100' and "
        "'2024-03-2 08:30-05:00' are for different time zones"
    ]
    assert_array_equal(encoder.transform(table), same.transform(table))
    # Names and figures of the same time.
    table["t"] = [f"2024-03-{k + 1} 08:30{['Z', '+00:00'][k % 2]}" for k in range(20)]
    assert TableEncoder().fit(table).notes() == []


def test_time_zones_that_differ_within_a_frame_are_said():
    days = [datetime(2024, month, 1, 8, 30) for month in range(1, 11)]
    berlin = [day.replace(tzinfo=ZoneInfo("Europe/Berlin")) for day in days]
    east = [day.replace(tzinfo=timezone(timedelta(hours=9))) for day in days]
    mixed = [*berlin[:5], *east[5:]]
    summer_and_winter = pd.DataFrame({"t": pd.Series(berlin, dtype=object)})
    assert TableEncoder().fit(summer_and_winter).notes() == []
    table = pd.DataFrame({"t": pd.Series(mixed, dtype=object)})
    (note,) = TableEncoder().fit(table).notes()
    assert "'2024-01-01 08:30:00+01:00' and '2024-06-01 08:30:00+09:00'" in note


def test_what_a_table_leaves_open_can_be_said():
    table = pd.DataFrame(
        {
            "a": [f"{k + 1}.{100 + 7 * k}" for k in range(20)],
            "d": [f"{k % 12 + 1:02d}/{k % 11 + 1:02d}/2024" for k in range(20)],
            "x": [-999 if k % 6 == 0 else k * k for k in range(20)],
        }
    )
    encoder = TableEncoder().fit(table)
    assert encoder.notes() == [
        "column 'a': '1.100' is read as 1.1, and nothing in the table shows "
        "(`decimal=','` reads thousands)",
        "column 'd': '01/01/2024' is read as 2024-01-01, and nothing in the table "
        "shows which is the day (`date_order='dmy'` reads the other)",
        "column 'x' is -999 in 4 rows, far from the rest: read as a number "
        "(`missing=['-999']` reads it as missing)",
    ]
    said = TableEncoder(decimal=",", date_order="dmy", missing=[-999]).fit(table)
    assert said.transform(table)[0, 0] == 1100
    month = list(said.get_feature_names_out()).index("d_month")
    assert_array_equal(said.transform(table)[:, month], [k % 11 + 1 for k in range(20)])
    assert "x=missing" in said.get_feature_names_out()
    assert said.notes() == [
        "missing values in 'x' (4 rows): filled with the column's median, and 0/1 "
        "columns mark them"
    ]


def test_other_columns_tell_how_a_table_is_written():
    table = pd.DataFrame(
        {
            "a": [f"{k + 1}.{100 + 7 * k}" for k in range(20)],
            "b": [f"{k},5" for k in range(20)],
            "d": [f"{k % 12 + 1:02d}/{k % 11 + 1:02d}/2024" for k in range(20)],
            "e": [f"{k + 1:02d}/01/2024" for k in range(20)],
        }
    )
    encoder = TableEncoder().fit(table)
    assert encoder.transform(table)[0, 0] == 1100
    assert encoder.readings_["d"].order == "dmy"
    assert encoder.notes() == []


def test_a_cell_that_does_not_fit_names_itself(table):
    X = table.drop(columns="price")
    encoder = TableEncoder().fit(X)
    before = encoder.transform(X)
    X.loc[7, "area"] = "1.2.3"
    with pytest.raises(CellError, match=r"column 'area' holds numbers .*, but 1 row is "
                       r"not, such as '1.2.3' in row 7: correct it, or use one of "
                       r"`missing=\['1.2.3'\]`"):  # fmt: skip
        encoder.transform(X)
    with pytest.raises(CellError):
        encoder.fit(X)
    X.loc[7, "area"] = "1,000"
    assert_array_equal(encoder.transform(X)[:, 1:], before[:, 1:])
    with pytest.raises(ValueError, match="no column 'town'; its columns are 'area'"):
        encoder.transform(X.drop(columns="town"))
    with pytest.raises(CellError, match="'rate' is inf"):
        TableEncoder().fit(X.assign(rate=np.inf))


def test_equal_names_and_equal_columns():
    table = pd.DataFrame({"a": [1, 2, 4.0, None], "b": [1, 2, 4.0, None]})
    table["c"] = [3.0, 1, 2, None]
    encoder = TableEncoder().fit(table)
    assert list(encoder.get_feature_names_out()) == ["a", "a=missing", "c"]
    assert encoder.columns_[1].summary == "left out: says the same as column 'a'"
    table.columns = ["a", "a", "c"]
    with pytest.raises(TableError, match="more than one column is named 'a'"):
        TableEncoder().fit(table)


def test_the_same_where_known_says_where_it_is_missing():
    day = pd.Timestamp("2024-05-01")
    table = pd.DataFrame(
        {
            "flag": pd.array([True, None, True, True], dtype="boolean"),
            "number": [7.0, 7, None, 7],
            "day": [day, day, day, pd.NaT],
        }
    )
    X = TableEncoder().fit_transform(table)
    np.testing.assert_array_equal(X, [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    with pytest.raises(TableError, match="7 in every row or missing"):
        TableEncoder(indicators=False).fit(table[["number", "day"]])


def test_words_read_as_one_answer_are_said():
    table = pd.DataFrame({"wind": ["N", "NO", "S", "N"], "x": [1.0, 2, 4, 8]})
    encoder = TableEncoder().fit(table)
    assert encoder.notes() == [
        "column 'wind': 'N', 'NO' are read as one answer, no "
        "(`readings={'wind': 'category'}` keeps them apart)"
    ]
    names = TableEncoder(readings={"wind": "category"}).fit(table)
    assert "wind=NO" in names.get_feature_names_out()


def test_rare_levels_together_and_levels_never_seen_with_them():
    # Of 200 rows, two are enough for a level.
    wood = np.repeat(["oak", "pine", "yew", "fig"], [100, 96, 2, 2])
    encoder = TableEncoder().fit(pd.DataFrame({"wood": wood}))
    names = ["wood=fig", "wood=oak", "wood=pine", "wood=yew"]
    assert list(encoder.get_feature_names_out()) == names
    wood = np.repeat(["oak", "pine", "yew", "fig", "elm"], [400, 391, 3, 3, 3])
    encoder = TableEncoder().fit(pd.DataFrame({"wood": wood}))
    assert list(encoder.get_feature_names_out()) == [
        "wood=oak",
        "wood=pine",
        "wood=other",
    ]
    assert_array_equal(encoder.transform(pd.DataFrame({"wood": ["ash"]})), [[0, 0, 1]])
    assert encoder.columns_[0].summary == "category of 5 levels, 3 rare ones together"


def test_compare_takes_a_frame_and_the_name_of_its_target(table):
    table.loc[3, "price"] = np.nan
    comparison = compare_regularizers(table, "price", networks=False)
    assert comparison.n_train + comparison.n_test == 119
    assert comparison.encoder.columns_[0].name == "area"
    X, y = table.drop(columns="price").drop(index=3), table["price"].drop(index=3)
    again = compare_regularizers(X, y, networks=False)
    assert again["Ridge"].test_error == comparison["Ridge"].test_error
    assert comparison["Ridge"].test_error < 15_000


def test_what_compare_refuses(table):
    with pytest.raises(TableError, match="has no column 'prize'; did you mean 'price'"):
        compare_regularizers(table, "prize")
    with pytest.raises(TableError, match="has no column 'price'; its columns are 'x0'"):
        compare_regularizers(table.to_numpy(), "price")
    with pytest.raises(ValueError, match="feature_names are for arrays"):
        compare_regularizers(table, "price", feature_names=["a"])
    with pytest.raises(ValueError, match="groups='price' is the target"):
        compare_regularizers(table, "price", groups="price")
    with pytest.raises(ValueError, match="X has 120, y has 119"):
        compare_regularizers(table.drop(columns="price"), table["price"][1:])


@pytest.mark.parametrize("kind", ["sparse", "lazy"])
def test_what_is_no_table(kind):
    import scipy.sparse as sp

    X = sp.eye_array(3) if kind == "sparse" else pl.DataFrame({"a": [1, 2]}).lazy()
    with pytest.raises(
        TypeError, match=r"toarray\(\)" if kind == "sparse" else "collect"
    ):
        TableEncoder().fit(X)


def test_copies_share_what_cannot_change():
    """Clones of an encoder that reads many columns cost next to nothing."""
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0], "town": ["x", "y", "x"]})
    readings = TableEncoder().fit(table).readings_
    copied = clone(TableEncoder(readings=readings)).readings
    assert copied is not readings
    assert all(copied[name] is readings[name] for name in ("a", "town"))
