"""Whether two versions of regkit give the same answers: a few hundred varied fits.

    python -m benchmarks.identical record before.npz
    python -m benchmarks.identical compare before.npz

`record` writes coefficients, intercepts, iterations, gaps, errors of the
cross-validation, names of solvers and categories of warnings; `compare` fits anew and
names whatever differs. Linear coefficients may differ by rounding (1e-12 of the
largest), networks by no bit. Only public names are used, and a parameter that another
version calls otherwise is found by the signature.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.identical_cases import cases

# Largest difference allowed, relative to the largest entry of the array.
_TOLERANCE = {"mse_path_": 1e-10, "cv_error_": 1e-10, "cv_error_se_": 1e-9}
_GAPS = ("dual_gap_", "dual_gaps")


def _run(case: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = case()
        except (ValueError, TypeError) as error:
            found = {"error": type(error).__name__}
    found["warnings"] = " ".join(sorted(w.category.__name__ for w in caught))
    return {name: np.asarray(value) for name, value in found.items()}


def record(without: str | None = None) -> dict[str, Any]:
    """Run the cases; give their results as arrays, by ``case|result``.

    Cases whose name has ``without`` in it are left out.
    """
    found = {}
    for name, case in cases():
        if without is not None and without in name:
            continue
        for result, value in _run(case).items():
            key = f"{name}|{result}"
            if key in found:
                raise ValueError(f"two cases are called {name}.")
            found[key] = value
    return found


def difference(key: str, before: Any, after: Any) -> str:
    """Say how two results differ; empty where they are the same."""
    if before.shape != after.shape:
        return f"shape {before.shape} became {after.shape}"
    if before.dtype.kind in "US" or after.dtype.kind in "US":
        return "" if str(before) == str(after) else f"{before} became {after}"
    if before.dtype.kind != "f" or key.startswith("network"):
        same = np.array_equal(before, after, equal_nan=before.dtype.kind == "f")
        return "" if same else f"not equal: {_worst(before, after)}"
    result = key.rsplit("|", 1)[1].rsplit(" ", 1)[-1]
    if not np.array_equal(np.isfinite(before), np.isfinite(after)):
        return "other entries are NaN or infinite"
    finite = np.isfinite(before)
    if not finite.any():
        return ""
    change = np.abs(before - after)[finite].max()
    # A gap is rounding error once it is small: it is compared with the null objective,
    # which is above 1 in all of these problems.
    scale = 1.0 if result in _GAPS else np.abs(before[finite]).max()
    allowed = _TOLERANCE.get(result, 1e-12) * scale
    return "" if change <= allowed else f"differs by {change:.1e} of {scale:.1e}"


def _worst(before: Any, after: Any) -> str:
    where = np.unravel_index(np.argmax(before != after), before.shape)
    return f"{before[where]} became {after[where]}"


def main(arguments: list[str] | None = None) -> int:
    """Record, or compare with a record; give 1 where something differs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("task", choices=("record", "compare"))
    parser.add_argument("file", help="the record, an .npz file")
    parser.add_argument("--without", help="leave out cases with this in their name")
    given = parser.parse_args(arguments)
    began = time.perf_counter()
    found = record(given.without)
    n_cases = len({key.split("|")[0] for key in found})
    print(f"{n_cases} fits in {time.perf_counter() - began:.0f} s")
    if given.task == "record":
        np.savez_compressed(given.file, **found)
        return 0
    with np.load(given.file) as before:
        known = {
            key: before[key]
            for key in before.files
            if given.without is None or given.without not in key.split("|")[0]
        }
    lines = [f"{key}: only in one" for key in sorted(known.keys() ^ found.keys())]
    for key in (key for key in known if key in found):
        said = difference(key, known[key], found[key])
        lines += [f"{key}: {said}"] if said else []
    print("\n".join(lines) if lines else "No difference.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
