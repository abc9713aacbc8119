"""What is printed and saved makes the same model again."""

import contextlib
import io
import json
import subprocess
import sys

import joblib
import numpy as np
import pytest

from regkit import (
    RidgeRegressor,
    compare_regularizers,
    make_correlated_regression,
    read_table,
)
from regkit.__main__ import main

pd = pytest.importorskip("pandas")

QUICK = ["--no-networks", "--folds=3"]


@pytest.fixture
def churn(tmp_path):
    """Write a table with numbers, a category, gaps and two classes."""
    rng = np.random.default_rng(0)
    n = 160
    tenure, fee = rng.integers(1, 72, n), rng.uniform(10, 90, n).round(2)
    plan = rng.choice(["basic", "plus", "pro"], n)
    chance = 1 / (1 + np.exp(2 - 0.06 * fee + 0.04 * tenure))
    frame = pd.DataFrame(
        {
            "tenure": tenure,
            "plan": plan,
            "fee": fee,
            "day": pd.date_range("2024-01-01", periods=n).strftime("%Y-%m-%d"),
            "shop": rng.integers(0, 12, n),
            "churn": np.where(rng.uniform(size=n) < chance, "Yes", "No"),
            "bill": (3 * fee + 20 * (plan == "pro") + rng.normal(0, 5, n)).round(2),
        }
    )
    frame.loc[::17, "fee"] = np.nan
    path = tmp_path / "churn.csv"
    frame.to_csv(path, index=False)
    return path


def run_script(path):
    done = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=path.parent,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout.rpartition(": ")[2])


@pytest.mark.parametrize(
    "options",
    [
        ("--target=bill", "--drop=churn"),
        ("--target=bill", "--drop=churn", "--metric=mae", "--repeats=2"),
        ("--target=bill", "--drop=churn", "--time=day", "--repeats=2"),
        ("--target=bill", "--drop=churn", "--group=shop"),
        ("--target=churn", "--category=shop"),
        ("--target=churn", "--metric=error-rate"),
    ],
)
def test_the_script_prints_the_same_error(churn, options, capsys):
    code, numbers = churn.with_name("winner.py"), churn.with_name("numbers.json")
    files = [f"--code={code}", f"--json={numbers}"]
    assert main(["compare", str(churn), *options, *QUICK, *files]) == 0
    found = json.loads(numbers.read_text(encoding="utf-8"))
    winner = next(m for m in found["models"] if m["name"] == found["recommended"])
    assert run_script(code) == pytest.approx(winner["test_error"], rel=1e-12)
    out = " ".join(capsys.readouterr().out.split())
    assert winner["python"] in out


TASKS = {
    "regression": lambda eta, rng: np.round(3.0 * eta + rng.normal(size=len(eta)), 3),
    "binary": lambda eta, rng: np.where(
        eta + rng.logistic(size=len(eta)) > 0, "Y", "N"
    ),
    "multiclass": lambda eta, rng: np.digitize(eta, [-0.3, 0.8]).astype(str),
    "counts": lambda eta, rng: rng.poisson(np.exp(0.5 * eta + 0.5)),
}


def script_of_every_model(task, directory, **options):
    """Run the script of each model, on a table with categories and missing values."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(90, 2)).round(3), columns=["a", "b"])
    frame["town"] = rng.choice(["x", "y", "z"], 90)
    eta = frame["a"] + (frame["town"] == "x") + 0.2 * rng.normal(size=90)
    frame["y"] = TASKS[task](eta.to_numpy(), rng)
    frame.loc[::15, "b"] = np.nan
    path = directory / "table.csv"
    frame.to_csv(path, index=False)
    kind = "counts" if task == "counts" else "auto"
    comparison = compare_regularizers(
        read_table(path), "y", task=kind, n_folds=3, **options
    )
    source = f"from regkit import read_table\nframe = read_table({str(path)!r})"
    for result in comparison.results:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(comparison.code(source, result.name), {"__name__": "__main__"})
        yield result, float(printed.getvalue().rpartition(": ")[2])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.filterwarnings("ignore:The coefficients of RidgeRegressor are not unique")
def test_the_script_of_every_model_prints_its_error(task, tmp_path):
    names = []
    for result, error in script_of_every_model(task, tmp_path, networks=False):
        assert error == pytest.approx(result.test_error, rel=1e-12), result.name
        names.append(result.name)
    assert len(names) >= 4


@pytest.mark.slow
@pytest.mark.parametrize("task", ["regression", "multiclass", "counts"])
@pytest.mark.filterwarnings("ignore:The coefficients of RidgeRegressor are not unique")
def test_so_does_that_of_a_network(task, tmp_path):
    found = script_of_every_model(task, tmp_path, baseline=False)
    result, error = list(found)[-1]
    assert result.name == "Network"
    assert error == pytest.approx(result.test_error, rel=1e-12)


def test_every_line_of_python_makes_its_model():
    import sklearn.ensemble

    import regkit

    X, y = make_correlated_regression(60, 20, n_informative=4)
    comparison = compare_regularizers(X, y, n_folds=3, networks=False)
    names = {**vars(sklearn.ensemble)} | {n: getattr(regkit, n) for n in regkit.__all__}
    split = comparison.splits[0]
    for result in comparison.results:
        again = eval(comparison.line(result.name), names)
        again.fit(X[split.train], y[split.train])
        np.testing.assert_array_equal(again.predict(X[split.test]), result.answers)


def test_a_saved_model_takes_new_rows(churn, capsys):
    saved, new = churn.with_name("m.joblib"), churn.with_name("new.csv")
    target = ["--target=churn", "--drop=bill", "--drop=day"]
    assert main(["compare", str(churn), *target, *QUICK, f"--save={saved}"]) == 0
    capsys.readouterr()
    frame = pd.read_csv(churn).head(6)[["shop", "fee", "plan", "tenure", "day", "bill"]]
    frame.loc[0, "plan"], frame.loc[1, "fee"], frame.loc[2, "plan"] = "gold", None, None
    frame.to_csv(new, index=False)
    assert main(["predict", str(saved), str(new)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    header, *rows = [line.split(",") for line in out.splitlines()]
    assert header == ["churn", "churn=No", "churn=Yes"]
    assert len(rows) == 6
    for label, no, yes in rows:
        assert float(no) + float(yes) == pytest.approx(1)
        assert label == ("Yes" if float(yes) > float(no) else "No")
    output = churn.with_name("out.csv")
    assert main(["predict", str(saved), str(new), f"--output={output}"]) == 0
    assert output.read_text() == out
    frame["fee"] = ["9", "8", "7", "much", "5", "4"]
    frame.to_csv(new, index=False)
    assert "such as 'much' on line 5: correct it (columns" in refusal(
        capsys, saved, new
    )
    frame.rename(columns={"fee": "Fee"}).to_csv(new, index=False)
    assert "no column 'fee'; did you mean 'Fee'?" in refusal(capsys, saved, new)


def refusal(capsys, model, table):
    with pytest.raises(SystemExit):
        main(["predict", str(model), str(table)])
    return capsys.readouterr().err.rstrip()


def test_other_files_are_refused(churn, capsys):
    path = churn.with_name("other.joblib")
    assert "there is no file" in refusal(capsys, path, churn)
    path.write_bytes(b"no model")
    assert refusal(capsys, path, churn).endswith("is no model saved by regkit")
    joblib.dump(RidgeRegressor(), path)
    line = refusal(capsys, path, churn)
    assert "holds RidgeRegressor, which `compare --save`" in line
    assert "cannot read" in refusal(capsys, churn.parent, churn)


def test_a_frame_is_compared_as_its_file(churn):
    frame = pd.read_csv(churn)
    options = {"n_folds": 3, "networks": False, "baseline": False}
    named = compare_regularizers(frame, "bill", **options)
    beside = compare_regularizers(frame.drop(columns="bill"), frame["bill"], **options)
    for a, b in zip(named.results, beside.results, strict=True):
        assert a.test_error == b.test_error
    assert named.given.target_name == beside.given.target_name == "bill"
    model = named.refit()
    shuffled = frame[["shop", "churn", "day", "tenure", "plan", "fee"]]
    np.testing.assert_allclose(model.predict(shuffled), model.predict(frame))
