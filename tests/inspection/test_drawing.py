"""What all displays share: matplotlib is optional, and colors can be told apart."""

import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from matplotlib import color_sequences
from matplotlib.colors import to_rgb

from regkit.inspection import _drawing

WITHOUT = """
import sys
sys.modules.update({"matplotlib": None, "matplotlib.pyplot": None})
import regkit.inspection as inspection
from regkit import lasso_path
path = lasso_path([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0])
try:
    inspection.RegularizationPathDisplay.from_path(path)
except ImportError as error:
    print(error)
"""


def test_without_matplotlib_one_sentence_says_what_to_do():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == (
        "RegularizationPathDisplay.plot needs matplotlib: install it with "
        "`pip install matplotlib`."
    )


def test_importing_the_displays_does_not_import_matplotlib():
    code = "import sys, regkit.inspection; print('matplotlib' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def simulate(kind, rgb):
    """How a dichromat sees a color (Viénot, Brettel and Mollon 1999)."""
    linear = np.asarray(rgb) ** 2.2
    to_lms = np.array(
        [
            [17.8824, 43.5161, 4.11935],
            [3.45565, 27.1554, 3.86714],
            [0.0299566, 0.184309, 1.46709],
        ]
    )
    confuse = {
        "protan": [[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]],
        "deutan": [[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]],
    }[kind]
    seen = np.linalg.solve(to_lms, np.array(confuse) @ to_lms @ linear)
    return np.clip(seen, 0, 1) ** (1 / 2.2)


def closest_pair(kind, colors):
    seen = [simulate(kind, to_rgb(color)) for color in colors]
    return min(np.linalg.norm(a - b) for a, b in combinations(seen, 2))


@pytest.mark.parametrize("kind", ["protan", "deutan"])
def test_the_palette_stays_apart_for_color_blind_readers(kind):
    usual = closest_pair(kind, color_sequences["tab10"][: len(_drawing.COLORS)])
    assert closest_pair(kind, _drawing.COLORS) > 2 * usual


def test_thirty_lines_differ_in_color_or_dashes():
    styles = {str(_drawing.style(k)) for k in range(30)}
    assert len(styles) == 30
    # Neighbors differ in dashes too, so that they can be told apart in gray.
    for k in range(30):
        assert _drawing.style(k)["linestyle"] != _drawing.style(k + 1)["linestyle"]
