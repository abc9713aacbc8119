"""Every example runs in seconds, without matplotlib too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
# What `import matplotlib` does where it is not installed, without uninstalling it.
HIDE = (
    "import sys; sys.modules.update({'matplotlib': None, 'matplotlib.pyplot': None}); "
)


def run(code, tmp_path):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda script: script.name)
def test_example_runs_without_matplotlib(script, tmp_path):
    done = run(HIDE + f"import runpy; runpy.run_path({str(script)!r})", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "matplotlib" in done.stdout.splitlines()[-1]  # says that nothing is drawn


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda script: script.name)
def test_example_draws_with_matplotlib(script, tmp_path):
    pytest.importorskip("matplotlib")
    done = run(f"import runpy; runpy.run_path({str(script)!r})", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout
