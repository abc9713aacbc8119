"""What the command prints of tables as people bring them: right, complete, narrow."""

import numpy as np
import pytest

from regkit.__main__ import main

pd = pytest.importorskip("pandas")

QUICK = ["--no-networks", "--folds=3"]
N = 240


def houses(seed=0):
    rng = np.random.default_rng(seed)
    area, rooms = rng.uniform(50, 200, N).round(1), rng.integers(1, 8, N)
    town = rng.choice(["north", "south", "east"], N)
    noise = rng.normal(0, 20000, N)
    price = 2000 * area + 9000 * rooms + 20000 * (town == "south") + noise
    return pd.DataFrame(
        {"area": area, "rooms": rooms, "town": town, "price": price.round()}
    )


def leak():
    frame = houses()
    return frame.assign(tax=(0.05 * frame.price).round(2)), "price"


def without_targets():
    frame = houses()
    gaps = np.random.default_rng(1).choice(N, 40, replace=False)
    frame.loc[gaps, "price"] = np.nan
    return frame, "price"


def in_order_of_time():
    rng = np.random.default_rng(2)
    day = pd.date_range("2021-01-01", periods=N)
    units = 100 + 0.2 * np.arange(N) + rng.normal(0, 5, N)
    promo = rng.integers(0, 2, N)
    return pd.DataFrame({"day": day, "promo": promo, "units": units.round(1)}), "units"


def dates_codes_and_identifiers():
    rng = np.random.default_rng(3)
    areas = rng.choice(np.arange(10000, 99999), 60, replace=False)
    frame = houses().assign(
        order=100000 + np.arange(N),
        customer=[f"C{k:06d}" for k in rng.permutation(10 * N)[:N]],
        zip=rng.choice(areas, N),
        sold=pd.to_datetime("2020-01-01")
        + pd.to_timedelta(rng.integers(0, 900, N), "D"),
    )
    return frame.sample(frac=1, random_state=0), "price"


def yes_or_no():
    rng = np.random.default_rng(4)
    tenure, fee = rng.integers(1, 72, N), rng.uniform(20, 110, N).round(2)
    chance = 1 / (1 + np.exp(1.5 - 0.03 * fee + 0.05 * tenure))
    churn = np.where(rng.uniform(size=N) < chance, "Yes", "No")
    return pd.DataFrame({"tenure": tenure, "fee": fee, "churn": churn}), "churn"


@pytest.mark.parametrize(
    ("make", "shown", "told"),
    [
        (leak, ["Warning: 'tax' alone predicts 'price' almost exactly"], []),
        (
            without_targets,
            ["150 rows to train and tune, 50 to test; 5 columns"],
            ["the target 'price' is missing in 40 rows"],
        ),
        (in_order_of_time, ["Warning: rows are in order of 'day'", "--time day"], []),
        (
            dates_codes_and_identifiers,
            ["from 5 of 7 columns of the table"],
            [
                "column 'order' holds the numbers of the rows in another order",
                "too many for a category: left out (`--category customer` keeps it)",
                "perhaps codes: read as numbers (`--category zip` reads a category)",
            ],
        ),
        (yes_or_no, ["classes of churn: No ", "log-loss", "AUC", "Linear SVM"], []),
    ],
)
def test_what_is_printed(make, shown, told, tmp_path, capsys):
    frame, target = make()
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False)
    assert main(["compare", str(path), f"--target={target}", *QUICK]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert max(map(len, lines)) < 80
    words = " ".join(out.split())
    assert [text for text in shown if text not in words] == []
    assert [text for text in told if text not in err] == []
    assert len(err.splitlines()) == len(told)
    assert "\nTake " in out
    assert lines[-2] == "In Python:"
