"""The file that `SufficientStatistics.save` writes: arrays by name, no pickle."""

from os import PathLike
from typing import Any

import numpy as np

from regkit.designs.centered_moments import CenteredMoments
from regkit.linear_model._statistics_checks import check_moments
from regkit.linear_model._sums import SumsByFold

_FORMAT = 1


def write(path: str | PathLike[str], sums: SumsByFold) -> None:
    """Write a file, whatever its suffix."""
    labels = sorted(sums.parts)
    parts = [sums.parts[label] for label in labels]
    arrays: dict[str, Any] = {
        "format": np.array(_FORMAT),
        "y_ndim": np.array(sums.y_ndim),
        "n_features": np.array(parts[0].n_features if parts else 0),
        "labels": np.array(labels, dtype=np.int64),
        "n_samples": np.array([part.n_samples for part in parts], dtype=np.int64),
        "total_weight": np.array([part.total_weight for part in parts]),
    }
    for at, part in enumerate(parts):
        arrays[f"mean_{at}"] = np.stack([part.mean, part.rest])
        arrays[f"cross_{at}"] = part.cross
    if sums.names is not None:
        arrays["feature_names"] = sums.names.astype(np.str_)
    with open(path, "wb") as file:  # noqa: PTH123 (np.savez would add a suffix)
        np.savez(file, **arrays)


def read(path: str | PathLike[str]) -> SumsByFold:
    """Read a file.

    Raises
    ------
    ValueError
        When it holds something else.
    OSError
        When there is none.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return _from_arrays(dict(file))
    except OSError:
        raise
    except Exception as error:
        raise ValueError(
            f"{path} holds no statistics that this version can read: {error}."
        ) from None


def _from_arrays(arrays: dict[str, Any]) -> SumsByFold:
    if arrays["format"] != _FORMAT:
        raise ValueError(f"its format is {arrays['format']}, not {_FORMAT}")
    names = None
    if "feature_names" in arrays:
        names = arrays["feature_names"].astype(object)
    parts = {}
    for at, label in enumerate(arrays["labels"].tolist()):
        (mean, rest), cross = arrays[f"mean_{at}"], arrays[f"cross_{at}"]
        n_samples = int(arrays["n_samples"][at])
        weight = float(arrays["total_weight"][at])
        check_moments(n_samples, weight, mean, cross)
        parts[label] = CenteredMoments(
            int(arrays["n_features"]), n_samples, weight, mean, rest, cross
        )
    return SumsByFold(parts, int(arrays["y_ndim"]), names)
