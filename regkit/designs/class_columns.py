"""Columns with one coefficient per class: X once for each of K classes.

Stacked column ``k p + j`` is column j for class k; linear predictors and residuals of
all classes are one vector, class by class.
"""

from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.designs.class_weights import PairWeights
from regkit.designs.protocols import GatheredColumns, RowDesign
from regkit.kernels.linear import multinomial


class ClassDesign:
    """What a path asks of a design, for the stacked columns of K classes."""

    def __init__(self, design: RowDesign, n_classes: int) -> None:
        self._design = design
        self.n_classes = self._n_classes = n_classes
        self.fit_intercept = design.fit_intercept
        self.n_samples = n_classes * design.n_samples
        self.n_features = n_classes * design.n_features
        self.max_rank = n_classes * design.max_rank
        self.weights: Floats = np.tile(design.weights, n_classes)
        self.offset: Floats = np.tile(design.offset, n_classes)
        self.scale: Floats = np.tile(design.scale, n_classes)
        self.lengths: Floats = np.tile(design.lengths, n_classes)
        self.constant: NDArray[np.bool_] = np.tile(design.constant, n_classes)
        self.sizes: Floats = np.tile(design.sizes, n_classes)

    def distances(self, move: Floats) -> Floats:
        """Return bounds on each class's `Design.distances`."""
        found = [self._design.distances(own) for own in self._by_class(move)]
        most: Floats = np.max(found, axis=0)
        return most

    def _by_class(self, stacked: Floats) -> Floats:
        return stacked.reshape(self._n_classes, -1)

    def correlate(self, residual: Floats) -> Floats:
        """Return all stacked columns' products with the classes' residuals."""
        return self._design.correlate(self._by_class(residual).T).T.reshape(-1)

    def correlate_columns(self, residual: Floats, columns: Indices) -> Floats:
        """Return some stacked columns' products."""
        if len(columns) == self.n_features:
            return self.correlate(residual)
        found = np.empty(len(columns))
        order = np.argsort(columns, kind="stable")
        p, by_class = self._design.n_features, self._by_class(residual)
        edges = p * np.arange(self._n_classes + 1)
        bounds = np.searchsorted(columns, edges, sorter=order).tolist()
        for k, (begin, end) in enumerate(pairwise(bounds)):
            if begin < end:
                mine = order[begin:end]
                own = columns[mine] - k * p
                found[mine] = self._design.correlate_columns(by_class[k], own)
        return found

    def weighted_columns(self, every: bool) -> "ClassColumns":
        """Return an empty store."""
        return ClassColumns(self._design, self._n_classes)


class ClassColumns:
    """A store of stacked columns on one of the columns that any class needs.

    Weights are (K n,): a row's weight times the probabilities of the classes.
    """

    is_additive = False

    def __init__(self, design: RowDesign, n_classes: int) -> None:
        self._store = cast(GatheredColumns, design.weighted_columns(False))
        self._n_classes = n_classes
        self._n_features = design.n_features
        root = np.sqrt(design.weights)
        self._root: Floats = np.where(root > 0.0, root, 1.0)
        self._position = np.full(design.n_features, -1, dtype=np.int64)
        self._held = np.empty(0, dtype=np.int64)  # columns of X, in the store's order
        self._classes = np.empty(0, dtype=np.int64)
        self._columns = np.empty(0, dtype=np.int64)
        self._weight: Floats | None = None
        self._pairs: PairWeights

    @property
    def entries(self) -> None:
        return None

    @property
    def _places(self) -> Indices:
        places: Indices = self._position[self._columns]
        return places

    def append(self, columns: Indices) -> None:
        classes, own = np.divmod(columns, self._n_features)
        unknown = np.unique(own[self._position[own] < 0])
        self._store.append(unknown)
        size = len(self._held)
        self._position[unknown] = np.arange(size, size + len(unknown))
        self._held = np.concatenate([self._held, unknown])
        self._classes = np.concatenate([self._classes, classes])
        self._columns = np.concatenate([self._columns, own])

    def keep(self, places: Indices) -> None:
        self._classes = self._classes[places]
        self._columns = self._columns[places]
        needed = np.unique(self._places)
        self._store.keep(needed)
        self._position[self._held] = -1
        self._held = self._held[needed]
        self._position[self._held] = np.arange(len(needed))

    def combine(self, coef: Floats) -> Floats:
        return self._combine(coef).reshape(-1)

    def _combine(self, coef: Floats) -> Floats:
        return self._store.class_combine(
            self._classes, self._places, coef, self._n_classes
        )

    def correlate(self, weight: Floats) -> Floats:
        by_class = weight.reshape(self._n_classes, -1)
        return self._store.class_correlate(self._classes, self._places, by_class)

    def gram(self, weight: Floats, first: int) -> tuple[Floats, Floats]:
        pairs = self._pairs_of(weight)
        return self._store.class_gram(self._classes, self._places, pairs, first)

    def total(self, weight: Floats) -> Floats:
        return self._pairs_of(weight).total

    def _pairs_of(self, weight: Floats) -> PairWeights:
        """Return what the weights are made into, for the last ones once."""
        if weight is not self._weight:
            self._weight = weight
            by_class = weight.reshape(self._n_classes, -1)
            self._pairs = PairWeights.of(by_class, self._root)
        return self._pairs

    def costs(self) -> tuple[float, float]:
        chord, gram = self._store.costs()
        share = len(self._classes) / max(1, len(self._held))
        return self._n_classes * chord, gram * share**2 + gram * share

    def advance(
        self, coef: Floats, shift: Floats, rows: Any
    ) -> tuple[float, Floats | None]:
        np.add(self._combine(coef), shift[:, None], out=rows.change)
        return float(multinomial.advance(rows)), None
