"""Every example runs in seconds, prints and draws something."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
RUN = """
import runpy, sys
import matplotlib.pyplot as plt
plt.show = lambda: None  # keeps the figures for counting
runpy.run_path(sys.argv[1])
print(len(plt.get_fignums()), "figures")
"""


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda script: script.name)
def test_example_prints_and_draws(script, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN, str(script)],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *printed, figures = done.stdout.splitlines()
    assert printed
    assert figures != "0 figures"
