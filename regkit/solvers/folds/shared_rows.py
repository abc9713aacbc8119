"""Sums over the rows of several problems, each of which lacks some of them."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from regkit._types import Floats, Indices


class SharedRows:
    """The rows of all problems.

    Where no row is missing in two problems they are sorted: those that a problem lacks
    are side by side, and one sum over every row serves all problems.

    Attributes
    ----------
    share : ndarray (n,)
        The rows' weights where none is missing, which sum to 1; in their new order.
    order : ndarray (n,) or None
        The rows' places in the design; None where they stay.
    factors : list of float
        What ``share`` is multiplied by for each problem, to sum to 1 again.
    """

    def __init__(self, share: Floats, shares: Sequence[Floats]) -> None:
        """Take the rows' weights, and those that they have in each problem."""
        is_missing = [(own == 0.0) & (share > 0.0) for own in shares]
        self.share = share
        self.order: Indices | None = None
        self.factors = [
            1.0 / max(1.0 - float(share[rows].sum()), 1e-300) for rows in is_missing
        ]
        counts = np.sum(is_missing, axis=0)
        self._is_split = bool(np.all(counts == 1))
        places = [np.flatnonzero(rows) for rows in is_missing]
        self._missing: list[Any] = list(places)
        if counts.max(initial=0) > 1:
            return
        label = np.full(len(share), len(shares))
        for k, rows in enumerate(places):
            label[rows] = k
        bounds = np.cumsum([0, *map(len, places)]).tolist()
        self._missing = [slice(a, b) for a, b in pairwise(bounds)]
        if np.any(np.diff(label) < 0):
            self.order = np.argsort(label, kind="stable")
            self.share = share[self.order]

    @property
    def n_reads(self) -> float:
        """How often `sums` goes over the rows."""
        return 1.0 if self._is_split else 2.0

    def sums(self, of_rows: Callable[[Any], Floats]) -> list[Floats]:
        """Return a sum over the rows of each problem, times its factor.

        ``of_rows`` gives the sum over some rows, a slice or their places.
        """
        missing = [of_rows(rows) for rows in self._missing]
        every = slice(None)
        total = sum(missing[1:], missing[0]) if self._is_split else of_rows(every)
        return [
            factor * (total - part)
            for factor, part in zip(self.factors, missing, strict=True)
        ]
