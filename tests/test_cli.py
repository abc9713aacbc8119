"""The command line, as its user meets it."""

import contextlib
import html
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import regkit
from regkit.__main__ import main
from regkit.commands.terminal import ProgressLine
from regkit.kernels.compiling import uncollected

LINEAR = ["--no-networks", "--folds=3"]


@pytest.fixture
def houses(tmp_path):
    """Write a small table with numbers, a category and a row counter."""
    rng = np.random.default_rng(0)
    area = rng.uniform(50, 200, 60)
    district = rng.choice(["north", "south", "east"], 60)
    price = 2 * area + 30 * (district == "south") + rng.normal(0, 10, 60)
    rows = zip(range(60), area, district, price, strict=True)
    path = tmp_path / "houses.csv"
    path.write_text(
        "id,area,district,price\n"
        + "".join(f"{k},{a:.1f},{d},{p:.2f}\n" for k, a, d, p in rows)
    )
    return path


def run(*arguments, **options):
    """Run ``python -m regkit`` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "regkit", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )


def error_of(capsys, *arguments):
    """Run in this process; return the single line of an exit with code 2."""
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    assert stop.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    lines = [line for line in err.splitlines() if line[:2] not in ("no", "  ")]
    assert len(lines) == 1
    assert ": error: " in lines[0]
    return lines[0]


def test_compare_with_nothing_else():
    done = run("compare")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) < 80
    assert lines[0] == "diabetes progression with quadratic terms"
    for model in ("Least squares", "Ridge", "Lasso", "Elastic Net", "Network"):
        assert sum(line.startswith(f"{model} ") for line in lines) == 1
    assert lines[-2] == "In Python:"
    assert lines[-1].startswith("  LassoRegressor(alpha=")


def test_compare_a_table(houses, capsys):
    assert main(["compare", str(houses), "--target", "price", *LINEAR]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("price in ")
    assert "45 rows to train and tune, 15 to test; 4 columns\n" in out
    assert "\nfrom 2 of 3 columns of the table: categories, " in out
    assert err == (
        "note: column 'id' only counts the rows: left out (`--number id` keeps it)\n"
    )


def test_missing_values_are_filled_with_a_note(houses, capsys):
    text = houses.read_text().replace("north", "", 4)
    houses.write_text(text)
    assert main(["compare", str(houses), "--target", "price", *LINEAR]) == 0
    out, err = capsys.readouterr()
    assert "15 to test; 5 columns\n" in out
    told = " ".join(err.split())
    assert "note: missing text in 'district' (4 rows): a level of its own" in told


def test_options_reach_the_comparison(houses, capsys):
    options = [
        *LINEAR,
        "--test-size=0.5",
        "--metric=mae",
        "--seed=1",
        "--drop=id",
    ]
    assert main(["compare", str(houses), "--target", "price", *options]) == 0
    out, err = capsys.readouterr()
    assert "30 rows to train and tune, 30 to test" in out
    assert "mean absolute error" in out
    assert err == ""


def test_the_same_seed_prints_the_same_errors(houses, capsys):
    def table(seed):
        main(["compare", str(houses), "--target", "price", "--seed", seed, *LINEAR])
        return capsys.readouterr().out.splitlines()[5:9]

    assert table("3") == table("3") != table("4")


def test_help_and_version(capsys):
    for arguments in (["--help"], ["compare", "--help"], ["--version"]):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 0
    out, err = capsys.readouterr()
    assert "compare" in out
    assert "--target COLUMN" in out
    assert out.endswith(f"regkit {regkit.__version__}\n")
    assert err == ""


@pytest.mark.parametrize("command", [[], ["compare"], ["predict"], ["warm-up"]])
def test_help_fits_a_terminal(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_no_command_prints_the_help(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("usage: ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["comapre"], "invalid choice: 'comapre'"),
        (["compare", "--targt", "y"], "regkit compare: error: unknown arguments: --t"),
        (["compare", "--tset-size=0.3"], "; did you mean --test-size? (see"),
        (["compare", "--xyz", "1"], "unknown arguments: --xyz (see"),
        (["compare", "--folds", "many"], "argument --folds: invalid int value: 'many'"),
        (["compare", "--metric", "r2"], "argument --metric: invalid choice: 'r2'"),
        (["compare", "--target", "y"], "--target needs a file before it"),
        (["compare", "--drop", "y"], "--drop needs a file before it"),
        (["compare", "x.csv"], "say which column of x.csv to predict with --target"),
        (["compare", "x.csv", "--target", "y"], "cannot read x.csv: No such file"),
        (["compare", "--folds", "1"], "--folds must be at least 2, got 1"),
        (["compare", "--folds", "300"], "442 rows are too few for 300 folds"),
        (["compare", "--test-size", "2"], "--test-size must lie strictly in (0, 1)"),
        (["compare", "--test-size", "25"], "(0, 1), got 25: 25% is 0.25"),
        (["compare", "--repeats", "0"], "--repeats must be at least 1, got 0"),
        (["compare", "--task", "x"], "argument --task: invalid choice: 'x'"),
        (["compare", "--save", "m.pkl"], "--save must end in .joblib, got m.pkl"),
        (["compare", "--metric", "deviance"], "--metric must be one of rmse, mae for"),
        (["compare", "--data", "cars"], "argument --data: invalid choice: 'cars'"),
        (["compare", "x.csv", "--data", "houses"], "--data cannot be used with x.csv"),
        (["compare", "--output", "r.txt"], "--output must end in .html or .htm, got r"),
        (["compare", "--figure", "r.gif"], "must end in .png or .svg or .pdf, got r"),
        (["compare", "--figure", "no/r.png"], "--figure: there is no folder"),
        (["compare", "--seed", "-1"], "--seed must be at least 0, got -1"),
        (["compare", "--seed", "4294967296"], "--seed must be at most 4294967295, got"),
        (
            ["compare", "x.csv", "--target=y", "--number=a", "--category=a"],
            "column 'a' is given to --category and --number: leave one of them out",
        ),
        (
            ["compare", "x.csv", "--target=y", "--group=y"],
            "--group cannot be the target 'y'",
        ),
        (
            ["compare", "x.csv", "--target=y", "--time=y"],
            "--time cannot be the target 'y'",
        ),
        (
            ["compare", "x.csv", "--target=y", "--group=a", "--time=b"],
            "--group and --time cannot be used together",
        ),
    ],
)
def test_usage_errors_take_one_line_and_code_2(capsys, arguments, sentence):
    assert sentence in error_of(capsys, *arguments)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("price", "prize", "has no column 'price'; did you mean 'prize'?"),
        ("59,", "1O,", "column 'id' holds numbers, but 1 row is not, such as '1O' on"),
        ("0,1", "0;1", "fields where the header has 4"),
    ],
)
def test_errors_in_the_table_take_one_line_and_code_2(
    houses, capsys, old, new, sentence
):
    houses.write_text(houses.read_text().replace(old, new))
    assert sentence in error_of(capsys, "compare", houses, "--target", "price")


def test_a_target_of_text_is_classes(houses, capsys):
    assert main(["compare", str(houses), "--target", "district", *LINEAR]) == 0
    out, _ = capsys.readouterr()
    assert "classes of district: " in out
    assert "log-loss" in out


def test_too_few_rows(houses, capsys):
    houses.write_text("".join(houses.read_text().splitlines(keepends=True)[:9]))
    line = error_of(capsys, "compare", houses, "--target", "price")
    assert "8 rows are too few for 5 folds" in line


def test_report_and_figure(houses, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    page, figure = tmp_path / "r.html", tmp_path / "f.SVG"
    options = ["--target=price", f"--output={page}", f"--figure={figure}", *LINEAR]
    assert main(["compare", str(houses), *options]) == 0
    out, _ = capsys.readouterr()
    text = page.read_text(encoding="utf-8")
    sentence = " ".join(out.split("\n\n")[3].split())
    assert html.escape(sentence) in text
    assert "column &#x27;id&#x27; only counts the rows: left out" in text
    assert f"compare {houses} --target=price --output={page}" in text
    assert figure.read_text().count("<svg") == 1


@pytest.mark.parametrize("option", ["--output=r.html", "--figure=f.png"])
def test_missing_matplotlib_is_told_before_the_work(option, capsys, monkeypatch):
    monkeypatch.setattr("regkit.commands.failure.find_spec", lambda name: None)
    line = error_of(capsys, "compare", option)
    assert "needs matplotlib: install it with `pip install matplotlib`" in line


@pytest.mark.parametrize("option", ["output", "json"])
def test_what_cannot_be_written_is_told_before_the_work(
    option, tmp_path, capsys, monkeypatch
):
    ending = {"output": ".html", "json": ".json"}[option]
    path = tmp_path / f"r{ending}"
    assert f"--{option}: there is no folder {path / 'no'}" in error_of(
        capsys, "compare", f"--{option}={path / 'no' / path.name}"
    )
    path.mkdir()
    line = error_of(capsys, "compare", f"--{option}={path}")
    assert f"--{option}: {path} cannot be written: " in line
    long = tmp_path / f"{'x' * 300}{ending}"
    line = error_of(capsys, "compare", f"--{option}={long}")
    assert f"--{option}: {long} cannot be written: " in line

    def refuse(self, mode):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    path = path.with_name(f"other{ending}")
    line = error_of(capsys, "compare", f"--{option}={path}")
    assert line.endswith(f"--{option}: {path} cannot be written: Permission denied")
    assert not path.exists()


def test_the_table_is_not_overwritten(tmp_path, capsys):
    table = tmp_path / "t.json"
    before = table.write_text('[{"a": 1, "y": 2}]')
    line = error_of(capsys, "compare", str(table), "--target=y", f"--json={table}")
    assert line.endswith(f"--json would overwrite the table {table}")
    assert table.stat().st_size == before


def test_a_page_that_cannot_be_written_after_all(houses, tmp_path, capsys, monkeypatch):
    pytest.importorskip("matplotlib")
    page = tmp_path / "r.html"
    monkeypatch.setattr(
        "regkit.commands.compare.check_destination", lambda *arguments: None
    )
    page.mkdir()  # as if somebody had, meanwhile
    options = ["--target=price", f"--output={page}", *LINEAR]
    assert "cannot write the output: " in error_of(capsys, "compare", houses, *options)


def test_house_prices_without_a_file(capsys):
    assert main(["compare", "--data", "houses", *LINEAR]) == 0
    out, _ = capsys.readouterr()
    assert out.startswith("artificial house prices\n375 rows to train and tune, 125")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
def test_progress_on_a_terminal_is_one_line_that_is_erased(houses):
    import pty

    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "regkit", "compare", houses, "--target=price", *LINEAR],
        stdout=subprocess.PIPE,
        stderr=follower,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(follower)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a terminal
        while chunk := os.read(leader, 4096):
            shown += chunk
    os.close(leader)
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert b"\x1b" not in printed
    steps = shown.decode().split("\r\x1b[K")[1:]
    assert steps[0] == f"reading {houses} ..."
    notes = [step for step in steps if step.startswith("note: ")]
    assert len(notes) == 1
    assert notes[0].startswith("note: column 'id' only counts the rows: left out ")
    waits = [step.startswith("Least squares (1 of 5) ...") for step in steps]
    assert steps.index(notes[0]) < waits.index(True)  # before the wait
    steps.remove(notes[0])
    assert any(step.startswith("loading ...") for step in steps)
    assert any(step.startswith("Lasso (3 of 5) ...") for step in steps)
    assert steps[-1] == ""
    assert not any("\n" in step for step in steps)


def test_a_step_says_when_the_compiler_takes_the_time(monkeypatch, capsys):
    progress = ProgressLine()
    monkeypatch.setattr(progress, "_shown", True)

    def compile_():
        progress.step("Lasso")

    uncollected(compile_)()
    progress.step("Ridge")
    _, err = capsys.readouterr()
    lines = err.split("\r\x1b[K")[1:]
    assert lines == ["Lasso ... (compiling, on the first use only)", "Ridge ..."]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["compare", "--folds=x"],
        ["compare", "absent.csv", "--target=price"],
        ["compare", "HOUSES", "--target=prise"],
    ],
)
def test_mistakes_do_not_wait_for_scikit_learn(houses, arguments):
    given = [str(houses) if a == "HOUSES" else a for a in arguments]
    code = (
        "import sys\n"
        "from regkit.__main__ import main\n"
        "try:\n"
        f"    main({given!r})\n"
        "finally:\n"
        "    loaded = [m for m in ('numba', 'sklearn') if m in sys.modules]\n"
        "    print(loaded, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == (0 if arguments == ["--help"] else 2)
    assert done.stderr.splitlines()[-1] == "[]"


def test_an_error_leaves_a_process_with_one_line():
    done = run("compare", "absent.csv", "--target", "y")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "python -m regkit compare: error: cannot read absent.csv: No such file or "
        "directory"
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGPIPE")
def test_a_closed_pipe_ends_quietly():
    process = subprocess.Popen(
        [sys.executable, "-m", "regkit", "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()  # as head does once it has seen enough
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) in (0, 141)


def test_ctrl_c_ends_quietly(monkeypatch, capsys):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("regkit.comparison.compare.compare_given", interrupted)
    assert main(["compare"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("command", ["warm-up", "predict"])
def test_what_numba_does_not_start_with_is_an_error_in_one_line(houses, command):
    files = [houses, houses] if command == "predict" else []
    done = run(command, *files, env=os.environ | {"NUMBA_NUM_THREADS": "0"})
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f"python -m regkit {command}: error: The environment variable "
        "NUMBA_NUM_THREADS must be at least 1, but it is '0'."
    ]
