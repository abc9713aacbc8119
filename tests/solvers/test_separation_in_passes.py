"""The proof by passes finds what the linear program with all rows finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from regkit.solvers import separation_in_passes
from regkit.solvers.separation import lowering_columns, separating_columns
from regkit.solvers.separation_in_passes import Seen, endless_columns, look_along


def draw(seed: int, n_classes: int) -> tuple[Any, Any]:
    """Return rows of dummies and numbers, and targets that they may separate."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(20, 90)), int(rng.integers(1, 5))
    X = rng.normal(size=(n, p))
    X[:, 0] = rng.random(n) < 0.1
    score = X @ rng.normal(size=p) + rng.choice([0.0, 0.3]) * rng.normal(size=n)
    if n_classes == 0:
        counts = rng.poisson(np.exp(score))
        is_zero = (X[:, 0] == rng.integers(0, 2)) & (rng.random() < 0.5)
        return X, np.where(is_zero, 0, counts)
    edges = np.quantile(score, np.linspace(0, 1, n_classes + 1)[1:-1])
    return X, np.digitize(score, edges)


@pytest.mark.parametrize("n_classes", [0, 2, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_it_agrees_with_the_program_of_all_rows(n_classes, fit_intercept, monkeypatch):
    monkeypatch.setattr(separation_in_passes, "_MOST_NUMBERS", 0)
    monkeypatch.setattr(separation_in_passes, "_FEWEST_ROWS", 3)
    n_passes, outcomes = [], set()
    for seed in range(25):
        X, y = draw(seed, n_classes)
        free = np.arange(X.shape[1])
        box = (np.where(free == 1, 0.0, -np.inf), np.inf)
        if n_classes:
            found = separating_columns(X, y, n_classes, free, box, fit_intercept)
        else:
            found = lowering_columns(X, y, free, box, fit_intercept)
        passes = []

        def look(along, X=X, y=y, passes=passes):
            passes.append(along)
            half = len(y) // 2
            parts = (X[:half], y[:half]), (sp.csr_array(X[half:]), y[half:])
            return Seen.joined(look_along(*part, along) for part in parts)

        start = np.zeros((n_classes if n_classes > 2 else 1, X.shape[1] + 1))
        one = endless_columns(look, start, n_classes, free, box, fit_intercept)
        assert (one is None) == (found is None), seed
        n_passes.append(len(passes))
        outcomes.add(found is None)
    assert outcomes == {True, False}
    assert max(n_passes) > 2
