"""R's glmnet: data passed by files, processor seconds measured inside R."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

_SCRIPT = Path(__file__).with_name("glmnet_path.R")


@functools.cache
def missing_from_r(package: str) -> str | None:
    """Why an R package cannot be used; None when it can."""
    if shutil.which("Rscript") is None:
        return "Rscript is not on the PATH"
    check = ["Rscript", "-e", f"library({package}); library(Matrix)"]
    if subprocess.run(check, capture_output=True).returncode:
        return f"R has no package {package}"
    return None


def run_glmnet(
    X: Any, y: Any, alphas: Any, tol: float, family: str, offset: Any = None
) -> tuple[Any, Any, float]:
    """Solve a path.

    Returns
    -------
    coefs : csc_matrix (n_outputs * n_features, A)
        Of the classes one after the other.
    intercepts : ndarray (A,) or (A, n_outputs)
    seconds : float
    """
    n_samples, n_features = X.shape
    with tempfile.TemporaryDirectory() as folder:
        arrays = {"y": y, "alphas": alphas}
        if offset is not None:
            arrays["offset"] = offset
        if sparse.issparse(X):
            arrays |= {"data": X.data, "indices": X.indices, "indptr": X.indptr}
        else:
            arrays["X"] = np.ravel(X, order="F")
        for name, array in arrays.items():
            is_index = name in ("indices", "indptr")
            array.astype(np.int32 if is_index else np.float64).tofile(
                Path(folder, name)
            )
        command = ["Rscript", _SCRIPT, folder, n_samples, n_features, tol, family]
        run = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True
        )
        if run.returncode:
            raise RuntimeError(run.stderr.strip())
        parts = {
            name: np.fromfile(Path(folder, f"coefs_{name}"), dtype=kind)
            for name, kind in (("data", "f8"), ("indices", "i4"), ("indptr", "i4"))
        }
        intercepts = np.fromfile(Path(folder, "intercepts"))
    n_outputs = len(intercepts) // len(alphas)
    coefs = sparse.csc_matrix(
        (parts["data"], parts["indices"], parts["indptr"]),
        shape=(n_outputs * n_features, len(alphas)),
    )
    if n_outputs > 1:
        intercepts = intercepts.reshape(len(alphas), n_outputs)
    return coefs, intercepts, float(run.stdout.split()[-1])
