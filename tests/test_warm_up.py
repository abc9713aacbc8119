"""Compiling beforehand: every estimator is found, and a second time does nothing."""

import re

import numba
import pytest

import regkit
from regkit import _warm_up
from regkit.__main__ import main

TASK = _warm_up.Task("RidgeRegressor", "dense", "float64")


def test_every_estimator_has_tasks_for_every_form_and_dtype():
    estimators = {
        name
        for name in regkit.__all__
        if isinstance(getattr(regkit, name), type)
        and hasattr(getattr(regkit, name), "fit")
        and hasattr(getattr(regkit, name), "predict")
    }
    # It needs another estimator, which has tasks of its own.
    estimators.remove("PathSearchCV")
    tasks = _warm_up.tasks()
    assert {task.estimator for task in tasks} == estimators
    assert len(tasks) == len(set(tasks)) == 4 * len(estimators)


def test_every_choice_of_a_parameter_is_tried():
    tried = [dict(x) for x in _warm_up._variations(regkit.LassoRegressor, None)]
    assert {} in tried
    assert {"solver": "coordinate_descent"} in tried
    assert {"fit_intercept": False} in tried
    assert {"solver": "active_set"} in list(
        _warm_up._variations(regkit.LassoRegressor, "solver")
    )


@pytest.mark.slow
@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_the_second_time_nothing_is_compiled(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(_warm_up, "tasks", lambda: [TASK])
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))  # of the process that fits
    first = _warm_up.warm_up(lambda _: None, 1)
    assert first.n_compiled > 0
    assert first.n_found == 0
    assert str(first).startswith(f"{first.n_compiled} kernels compiled, 0 were")
    assert list(tmp_path.rglob("*.nbc"))
    assert main(["warm-up"]) == 0
    out, err = capsys.readouterr()
    assert re.fullmatch(r"0 kernels compiled, \d+ were already\n", out)
    assert err == ""


def test_kernels_that_can_be_kept_nowhere(monkeypatch, capsys):
    report = _warm_up.Report(n_compiled=3, n_found=0, kept_in=None)
    monkeypatch.setattr(_warm_up, "warm_up", lambda _: report)
    with pytest.raises(SystemExit) as stop:
        main(["warm-up"])
    assert stop.value.code == 2
    assert "set NUMBA_CACHE_DIR" in capsys.readouterr().err
