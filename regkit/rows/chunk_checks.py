"""Checking chunks against one another, and y and the weights against the chunks."""

from typing import Any, NamedTuple

import numpy as np

from regkit._sklearn import feature_names
from regkit._types import Floats
from regkit.rows.row_chunks import Chunk


class Marks:
    """A few bytes of each chunk, which show that a source has changed.

    They are compared in every pass over one source: sums over other rows would make
    an answer that belongs to neither, and no certificate could show it.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], bytes] = {}
        self._n_chunks: int | None = None

    def compare(self, what: str, number: int, mark: bytes) -> None:
        """Keep the mark of X or y of a chunk, or compare it with the one kept.

        Raises
        ------
        ValueError
            When it differs, or there was no such chunk.
        """
        is_new = self._n_chunks is not None and number >= self._n_chunks
        if is_new or self._known.setdefault((what, number), mark) != mark:
            raise ValueError(
                f"{what} is not what it was when it was read first; a source must "
                "give the same rows in every pass."
            )

    def compare_ends(self, n_chunks: int) -> None:
        """Refuse a pass that ends earlier than the one before."""
        if self._n_chunks not in (None, n_chunks):
            raise ValueError(
                f"X has {n_chunks} chunks, and had {self._n_chunks} when it was read "
                "first; a source must give the same rows in every pass."
            )
        self._n_chunks = n_chunks


def mark_of(values: Any) -> bytes:
    """Return the shape, and the first and the last row, or entries, of some rows."""
    some = values[[0, -1]] if isinstance(values, np.ndarray) else values.data[:99]
    return f"{values.shape}".encode() + bytes(some.tobytes())


class Form(NamedTuple):
    """What all chunks must have in common."""

    dtypes: Any
    names: Any
    n_features: int
    has_weights: bool

    @classmethod
    def of(cls, chunk: Chunk, n_features: int) -> "Form":
        X = chunk.X
        dtypes = getattr(X, "dtypes", getattr(X, "dtype", None))
        if not isinstance(dtypes, np.dtype) and dtypes is not None:
            dtypes = [str(dtype) for dtype in dtypes]
        has_weights = chunk.sample_weight is not None
        return cls(dtypes, feature_names(X), n_features, has_weights)

    def compare(self, form: "Form") -> None:
        """Refuse a later chunk that is not like the first.

        Raises
        ------
        ValueError
            When the columns, their names or their types differ, or only one of them
            brings weights.
        """
        if form.n_features != self.n_features:
            raise ValueError(
                f"X has {form.n_features} features, but the chunks before have "
                f"{self.n_features}."
            )
        if form.dtypes != self.dtypes:
            raise ValueError(
                f"X is of type {form.dtypes}, but the chunks before are {self.dtypes}; "
                "convert them all to one."
            )
        if (form.names is None) != (self.names is None) or np.any(
            form.names != self.names
        ):
            raise ValueError(
                f"X has the columns {form.names}, but the chunks before have "
                f"{self.names}."
            )
        if form.has_weights != self.has_weights:
            which = "comes" if form.has_weights else "does not come"
            raise ValueError(
                f"sample_weight {which} with the chunk, unlike those before."
            )


def count_rows(X: Any) -> int:
    """Return the number of rows of a chunk as it came.

    Raises
    ------
    TypeError
        When it is nothing that has rows.
    """
    if getattr(X, "shape", ()):
        return int(X.shape[0])
    if not hasattr(X, "__len__"):
        raise TypeError(f"X must hold rows, got {type(X).__name__}.")
    return len(X)


def check_targets(y: Floats, before: Floats) -> None:
    """Refuse a y of other columns than those before have."""
    if y.shape[1:] != before.shape[1:]:
        raise ValueError(
            f"y has rows of shape {y.shape[1:]}, but in the chunks before they are "
            f"{before.shape[1:]}."
        )


def beside(
    chunk: Chunk, start: int, whole_y: Any, weights: Any, sample_weight: Any
) -> tuple[Any, Any]:
    """Return y and the weights of a chunk, unchecked where they come with it.

    Parameters
    ----------
    chunk : Chunk
    start : int
        The number of its first row.
    whole_y, weights : ndarray or None
        Of all rows, checked, where they were passed.
    sample_weight : object
        The weights as they were passed; a number is the weight of all rows.
    """
    if (chunk.y is None) == (whole_y is None):
        raise ValueError(
            "y comes with the chunk and is passed as well; leave one of them out."
            if whole_y is not None
            else "y is neither passed nor comes with the chunk."
        )
    if chunk.sample_weight is not None and sample_weight is not None:
        raise ValueError(
            "sample_weight comes with the chunk and is passed as well; leave one of "
            "them out."
        )
    y, weight = chunk.y, chunk.sample_weight
    if weight is None:
        weight = sample_weight
    n_rows = count_rows(chunk.X)
    rows = slice(start, start + n_rows)
    if whole_y is not None:
        y = whole_y[rows]
        if len(y) < n_rows:
            raise ValueError(
                f"X goes to row {start + n_rows}, but y has {len(whole_y)} rows."
            )
    if weights is not None:
        weight = weights[rows]
        if len(weight) < n_rows:
            raise ValueError(
                f"X goes to row {start + n_rows}, but sample_weight has "
                f"{len(weights)} entries."
            )
    return y, weight
