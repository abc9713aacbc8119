"""Fitted on all rows, kept in a file, and used on new rows."""

from __future__ import annotations

import warnings
from os import PathLike
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from regkit._version import __version__
from regkit.comparison.candidates import fit_quietly
from regkit.comparison.findings import Findings, ModelResult

# Attributes of a saved model: who made it, and what it predicts.
_VERSION, _TARGET = "regkit_version_", "target_name_"


def refit(comparison: Findings, result: ModelResult) -> Any:
    """Fit a clone of the model, behind a clone of the encoder, on all rows."""
    columns = comparison.given.columns
    model = clone(result.model)
    if columns.encoder is not None:
        model = make_pipeline(clone(columns.encoder), model)
    return fit_quietly(model, columns.X, comparison.target.values)


def save(model: Any, path: str | PathLike[str], target_name: str) -> None:
    """Write a fitted model with joblib, which comes with scikit-learn."""
    setattr(model, _VERSION, __version__)
    setattr(model, _TARGET, target_name)
    joblib.dump(model, path, compress=3)


def load(path: str | PathLike[str]) -> Any:
    """Read a saved model; a ValueError says what else the file is.

    Opening a file runs what it says, as with every pickle: open your own only.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = joblib.load(path)
    except FileNotFoundError as error:
        raise ValueError(f"there is no file {Path(path)}") from error
    except Warning as other:
        raise ValueError(
            f"{Path(path)} was saved with other versions of its packages: {other}"
        ) from other
    except Exception as error:
        if isinstance(error, OSError) and error.strerror:
            raise ValueError(f"cannot read {Path(path)}: {error.strerror}") from error
        # What is no pickle fails in ways that say nothing.
        of_packages = isinstance(error, ImportError | AttributeError)
        reason = f": {error}" if of_packages else ""
        raise ValueError(f"{Path(path)} is no model saved by regkit{reason}") from error
    if not hasattr(model, _VERSION):
        raise ValueError(
            f"{Path(path)} holds {type(model).__name__}, which `compare --save` or "
            "`save` of a comparison has not written"
        )
    return model


def predictions(model: Any, X: Any) -> dict[str, Any]:
    """Predict new rows: a column of predictions, and one per class of its share."""
    name = str(getattr(model, _TARGET))
    columns: dict[str, Any] = {name: np.asarray(model.predict(X))}
    if hasattr(model, "predict_proba"):
        shares = np.asarray(model.predict_proba(X))
        for k, label in enumerate(model.classes_):
            columns[f"{name}={label}"] = shares[:, k]
    return columns
