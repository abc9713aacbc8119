"""What must be known of all of y before any of it can be encoded."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_class_weight


class FirstTargets:
    """Numbers: the first chunk says how many targets there are."""

    def __init__(self) -> None:
        self.y: Any = None

    def add(self, y: NDArray[Any]) -> None:
        """Compare the targets of a chunk with those before."""
        if self.y is None:
            self.y = y
        elif y.shape[1:] != self.y.shape[1:]:
            raise ValueError(
                f"y is of shape {y.shape}, but in the chunks before of shape "
                f"{self.y.shape}."
            )

    def class_weight(self, given: Any) -> Any:
        """There are none."""
        return None


class LabelCounts:
    """Classes, or labels of several columns, and how many rows have them.

    Attributes
    ----------
    y : ndarray
        All classes, or for several labels a row, one row.
    """

    def __init__(self) -> None:
        self._columns: list[dict[Any, int]] = []
        self._several = False
        self.y: Any = None

    def add(self, y: NDArray[Any]) -> None:
        """Count the labels (n,) or (n, n_labels) of a chunk."""
        columns = y.reshape(len(y), -1).T
        if not self._columns:
            self._columns = [{} for _ in columns]
            self._several = y.ndim == 2
        if len(columns) != len(self._columns) or (y.ndim == 2) != self._several:
            raise ValueError(
                f"y has {len(columns)} labels a row, but {len(self._columns)} in the "
                "chunks before."
            )
        for counts, column in zip(self._columns, columns, strict=True):
            labels, found = np.unique(column, return_counts=True)
            for label, count in zip(labels, found, strict=True):
                counts[label] = counts.get(label, 0) + int(count)
        self.y = y[:1] if self._several else np.unique(list(self._columns[0]))

    def class_weight(self, given: Any) -> Any:
        """Give every class its weight, as "balanced" and dictionaries mean it."""
        if given is None:
            return None
        if not self._several:
            return _all_weights(given, self._columns[0])
        if not isinstance(given, str) and len(given) != len(self._columns):
            raise ValueError(
                f"class_weight must have one entry a label: there are "
                f"{len(self._columns)} labels, class_weight has {len(given)} entries."
            )
        each = [given] * len(self._columns) if isinstance(given, str) else given
        return [
            _all_weights(weight, counts)
            for weight, counts in zip(each, self._columns, strict=True)
        ]


def _all_weights(given: Any, counts: dict[Any, int]) -> dict[Any, float]:
    labels = np.unique(list(counts))
    if given == "balanced":
        n_rows = sum(counts.values())
        return {label: n_rows / (len(counts) * counts[label]) for label in labels}
    weights = compute_class_weight(given, classes=labels, y=labels)
    return dict(zip(labels, weights.tolist(), strict=True))
