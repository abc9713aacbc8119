"""Rows set apart for validation and calibration, and the kernels' form of data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.kernels.networks.training import Data
from regkit.neural_network._folds import (
    assign_folds,
    assign_groups,
    hold_out,
    hold_out_groups,
)
from regkit.solvers.networks.scaling import FARTHEST, FarNumber, Scaling


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with their targets, in the user's units, and their weights."""

    X: Any
    """(n, p) ndarray or sparse matrix."""
    targets: Floats
    """(n, n_targets)"""
    weights: Floats
    """(n,)"""
    numbers: NDArray[np.int64] | None = None
    """(n,), among the rows that were passed."""
    groups: NDArray[np.int64] | None = None
    """(n,), rows that must be held out together, in no order."""
    names: NDArray[Any] | None = None
    """(p,), of the columns, for messages."""
    suffix: str = ""
    """What the arrays are called but for X and y: "_val" of those to validate on."""

    @property
    def n_units(self) -> int:
        """Rows, or groups of rows, that can be held out one by one."""
        rows = len(self.weights)
        return rows if self.groups is None else len(np.unique(self.groups))

    def take(self, index: NDArray[Any]) -> Table:
        """Return some of the rows."""
        X = self.X.tocsr() if not isinstance(self.X, np.ndarray) else self.X
        numbers = None if self.numbers is None else self.numbers[index]
        groups = None if self.groups is None else self.groups[index]
        return replace(
            self,
            X=X[index],
            targets=self.targets[index],
            weights=self.weights[index],
            numbers=numbers,
            groups=groups,
        )

    def in_halves(self) -> Table:
        """Put every other row first: halves that are alike, whatever the order.

        Groups are kept together, but for one.
        """
        n = len(self.weights)
        if self.groups is not None:
            return self.take(np.argsort(self.groups, kind="stable"))
        return self.take(np.r_[0:n:2, 1:n:2])

    def at_most(self, n_rows: int) -> Table:
        """Return this many rows, evenly spaced, or all where there are no more."""
        n = len(self.weights)
        if n <= n_rows:
            return self
        return self.take(np.linspace(0, n - 1, n_rows).astype(np.int64))

    def without_weightless(self) -> Table:
        """Drop rows of weight zero: they must not even fill a batch."""
        if self.weights.all():
            return self
        return self.take(np.flatnonzero(self.weights))

    def split(
        self, fraction: float, seed: int, stratify: bool, name: str
    ) -> tuple[Table, Table]:
        """Set a share of the rows apart, every class in proportion where possible."""
        n = len(self.weights)
        if n < 2:
            raise ValueError(f"{name} needs at least 2 rows, got n_samples={n}.")
        try:
            labels = self.labels(stratify)
            if self.groups is None:
                held = hold_out(n, labels, fraction, seed)
            else:
                held = hold_out_groups(self.groups, labels, fraction)
        except ValueError as error:
            raise ValueError(
                f"{name}={fraction!r} leaves no rows to learn from: there are {n}."
            ) from error
        return self.take(np.flatnonzero(~held)), self.take(np.flatnonzero(held))

    def folds(
        self, n_folds: int, seed: int, stratify: bool
    ) -> list[tuple[Table, Table]]:
        """Return the rows to learn from and those to validate on, fold by fold."""
        n = len(self.weights)
        if n < n_folds:
            raise ValueError(
                f"n_members of at least 2 validate on {n_folds} folds, which needs as "
                f"many rows, got n_samples={n}."
            )
        labels = self.labels(stratify)
        if self.groups is None:
            folds = assign_folds(n, labels, n_folds, seed)
        else:
            folds = assign_groups(self.groups, labels, n_folds)
        return [
            (
                self.take(np.flatnonzero(folds != k)),
                self.take(np.flatnonzero(folds == k)),
            )
            for k in range(n_folds)
        ]

    def labels(self, stratify: bool) -> NDArray[Any] | None:
        """Return the classes of the rows, where they have one each."""
        return self.targets[:, 0] if stratify and self.targets.shape[1] == 1 else None

    def data(
        self,
        inputs: Scaling,
        targets: Scaling,
        dtype: Any,
        mean_weight: float | None = None,
    ) -> Data:
        """Scale for the kernels; weights get mean 1, or are divided by the mean.

        Raises
        ------
        ValueError
            When what is not standardized would be clipped, or a row is that far from
            those that were learned.
        """
        refuse_far(f"X{self.suffix}", self.X, inputs, self.names)
        if targets.is_none:
            far = targets.first_far(self.targets)
            if far is not None:
                several = self.targets.shape[1] > 1
                column = f"[:, {far.column}]" if several else ""
                name = f"y{self.suffix}{column}"
                raise ValueError(_beyond(name, far, "", "standardize_target"))
        weights = self.weights
        if len(weights):
            weights = weights / (mean_weight or weights.mean())
        scaled = np.ascontiguousarray(targets.apply(self.targets), dtype=dtype)
        return Data(
            inputs.rows(self.X, dtype),
            scaled,
            weights.astype(dtype),
            float(weights.sum()),
        )


def no_rows(like: Table) -> Table:
    """Return a table of the same columns without rows."""
    X = np.empty((0, like.X.shape[1]))
    none = np.empty(0, dtype=np.int64)
    return Table(X, like.targets[:0], like.weights[:0], none, names=like.names)


def refuse_far(name: str, X: Any, inputs: Scaling, names: NDArray[Any] | None) -> None:
    """Refuse numbers of X that networks would clip; ``names`` are those of its columns.

    Raises
    ------
    ValueError
        Naming a column, and the number in it.
    """
    far = inputs.first_far(X)
    if far is None:
        return
    column = far.column if names is None else repr(str(names[far.column]))
    place = f" in column {column}"
    if inputs.is_none:
        raise ValueError(_beyond(name, far, place, "standardize"))
    raise ValueError(
        f"{name} holds {far.value:g}{place}, and networks take numbers within "
        f"{FARTHEST:g} standard deviations of the mean of the rows they learn from "
        f"only, here {far.center:g} ± {FARTHEST * far.scale:g}: leave the row out, or "
        'set standardize="robust".'
    )


def _beyond(name: str, far: FarNumber, place: str, parameter: str) -> str:
    return (
        f"{name} holds {far.value:g}{place}, and with {parameter}=False networks take "
        f"numbers within ±{FARTHEST:g} only: set {parameter}=True, or divide by a "
        "constant."
    )
