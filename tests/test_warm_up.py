"""Compiling beforehand: every estimator is found, and a second time does nothing."""

import re

import numba
import pytest

import regkit
from regkit import _warm_up
from regkit.__main__ import main
from regkit.kernels import record

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
    # Of the processes that fit: nobody has compiled for a processor of no kind.
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    monkeypatch.setenv("NUMBA_CPU_FEATURES", "")
    first = _warm_up.warm_up(lambda _: None, 1)
    assert first.n_compiled > 0
    assert first.n_found == 0
    assert str(first).startswith(f"{first.n_compiled} kernels compiled, 0 were")
    assert list(tmp_path.rglob("*.nbc"))
    assert main(["warm-up"]) == 0
    out, err = capsys.readouterr()
    assert re.fullmatch(r"0 kernels compiled, \d+ were already\n", out)
    assert err == ""


def test_what_was_done_is_not_looked_for_again(monkeypatch, tmp_path):
    """Unless a file is gone, or the kernels, the tasks or the processor are others."""
    file = tmp_path / "linear" / "kernel.nbc"
    file.parent.mkdir()
    file.touch()
    monkeypatch.setattr(record, "where_kept", lambda: str(tmp_path))
    monkeypatch.setattr(
        record, "kept_files", lambda: [str(each) for each in tmp_path.rglob("*.nbc")]
    )
    monkeypatch.setattr(_warm_up, "tasks", lambda: [TASK])
    monkeypatch.setattr(_warm_up, "n_shipped", lambda: 0)
    assert record.n_kept([TASK]) == 0
    record.remember([TASK], 7, "elsewhere")
    record.remember([TASK], 7, None)
    assert record.n_kept([TASK]) == 0
    record.remember([TASK], 7, str(tmp_path))
    assert _warm_up.warm_up(pytest.fail, 1) == _warm_up.Report(0, 7, None)
    assert record.n_kept([TASK, TASK]) == 0
    with monkeypatch.context() as changed:
        changed.setattr(record, "sources", lambda: "edited")
        assert record.n_kept([TASK]) == 0
    file.unlink()
    assert record.n_kept([TASK]) == 0
    next(tmp_path.glob("*.json")).write_text("[")
    assert record.n_kept([TASK]) == 0


def test_what_came_with_the_installation_is_not_looked_for(monkeypatch):
    monkeypatch.setattr(_warm_up, "n_shipped", lambda: 5)
    assert _warm_up.warm_up(pytest.fail, 1) == _warm_up.Report(0, 5, None)


def test_kernels_that_can_be_kept_nowhere(monkeypatch, capsys):
    monkeypatch.setattr(_warm_up, "n_shipped", lambda: 0)
    monkeypatch.setattr(_warm_up, "n_kept", lambda tasks: 0)
    monkeypatch.setattr(_warm_up, "where_kept", lambda: None)
    with pytest.raises(SystemExit) as stop:
        main(["warm-up"])
    assert stop.value.code == 2
    assert "set NUMBA_CACHE_DIR" in capsys.readouterr().err
