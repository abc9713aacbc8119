"""Gram matrices of a loss that follow the few rows whose weights change."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose

from regkit.designs import make_design
from regkit.solvers.paths.newton_model import NewtonModel
from regkit.solvers.problem import Penalty, ScaledPenalty

N, P = 200, 7


def model_of(form, fit_intercept):
    """Return a model of all columns, and how often it forms a Gram matrix anew."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, P)) * (rng.random((N, P)) < 0.5)
    X[3, 2] = 1e6
    X = sp.csc_array(X) if form == "sparse" else np.asfortranarray(X)
    design = make_design(X, fit_intercept=fit_intercept)
    store = design.weighted_columns(form == "every")
    formed, of_all = [], store.gram

    def gram(weight, first):
        formed.append(np.count_nonzero(weight))
        return of_all(weight, first)

    store.gram = gram
    penalty = ScaledPenalty.of(Penalty.build(P, 1.0), design, 1.0)
    model = NewtonModel(store, penalty, P, fit_intercept, 100)
    model.add(np.arange(P), np.zeros(P))
    return model, formed


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("form", ["gathered", "every", "sparse"])
def test_weights_of_few_rows_change(form, fit_intercept):
    model, formed = model_of(form, fit_intercept)
    # (Where all columns are read where they are, none leaves.)
    nothing, drops = np.zeros(N), 0.0 if form == "every" else 0.5
    weight = np.full(N, 2.0 / N)
    model.form(weight, nothing, None, 0.0)
    weight = weight.copy()
    weight[10:15] = 0.0
    weight[20] *= 3.0
    model.form(weight, nothing, None, 0.0)
    # Columns that leave with some rows: all are zero, and none but these is near.
    model.correlation[[0, 2, 5]] = 1.0
    weight = weight.copy()
    weight[[10, 40]] = 1.0 / N, 0.0
    model.form(weight, nothing, None, drops)
    assert formed == [N, 6, 2]
    assert model.size == (P if form == "every" else 3)
    check(model, weight)


@pytest.mark.parametrize("form", ["gathered", "every", "sparse"])
def test_a_row_that_is_most_of_a_column_leaves(form):
    """What it leaves behind is not had by subtracting it."""
    model, formed = model_of(form, True)
    weight = np.full(N, 2.0 / N)
    model.form(weight, np.zeros(N), None, 0.0)
    weight = weight.copy()
    weight[3] = 0.0
    model.form(weight, np.zeros(N), None, 0.0)
    assert formed == [N, 1, N - 1]
    check(model, weight)


def check(model, weight):
    """Compare G with that of another model, formed at once."""
    found = model._problem.gram[: model.size, : model.size]
    fresh, sums = model._store.gram(weight, 0)
    if model._fit_intercept:
        fresh = fresh - np.outer(sums / weight.sum(), sums)
    scale = np.sqrt(np.outer(fresh.diagonal(), fresh.diagonal()))
    assert_allclose(found / scale, fresh / scale, rtol=0.0, atol=1e-11)
