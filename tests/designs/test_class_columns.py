"""Columns with a coefficient per class, against the stacked matrix written out."""

import numpy as np
import pytest
import scipy.sparse as sp

from regkit.designs import make_design
from regkit.designs.class_columns import ClassDesign

FORMS = {"C": np.ascontiguousarray, "F": np.asfortranarray, "sparse": sp.csc_array}
N, P, K = 30, 40, 3


@pytest.fixture(params=FORMS)
def design(request):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, P)) * (rng.random((N, P)) < 0.6)
    weight = rng.uniform(0.5, 2.0, N)
    weight[3] = 0.0
    return make_design(FORMS[request.param](X), weight, standardize=True), X


def hessian(design, X, entries, weight):
    """Return Σ p (P_k [k = l] - P_k P_l) x_j x_m and its sums with intercepts."""
    Z = (X - design.offset) / design.scale
    root = np.where(design.weights > 0.0, np.sqrt(design.weights), 1.0)
    share = weight.reshape(K, N) / root
    pairs = -share[:, None] * share
    for k in range(K):
        pairs[k, k] = share[k] * (share.sum(axis=0) - share[k])
    classes, columns = np.divmod(entries, P)
    own = Z[:, columns].T
    gram = np.einsum("ai,abi,bi->ab", own, pairs[np.ix_(classes, classes)], own)
    return gram, np.einsum("ai,aki->ak", own, pairs[classes])


# (Rows of a Gram matrix for few new entries and for many go different ways.)
@pytest.mark.parametrize("n_first", [50, 5])
def test_gram_matrices_grow_with_the_columns(design, n_first):
    design, X = design
    rng = np.random.default_rng(1)
    entries = rng.permutation(K * P)[:60]
    store = ClassDesign(design, K).weighted_columns(False)
    store.append(entries[:n_first])
    for _ in range(2):  # weights, and others
        chances = rng.dirichlet(np.ones(K), size=N).T
        weight = (design.weights * chances).ravel()
        gram, sums = hessian(design, X, entries[:n_first], weight)
        found, found_sums = store.gram(weight, 0)
        assert found == pytest.approx(gram, abs=1e-14)
        assert found_sums == pytest.approx(sums, abs=1e-14)
    store.append(entries[n_first:])
    gram, sums = hessian(design, X, entries, weight)
    found, found_sums = store.gram(weight, n_first)
    assert found == pytest.approx(gram[n_first:], abs=1e-14)
    assert found_sums == pytest.approx(sums[n_first:], abs=1e-14)
    kept = np.sort(rng.permutation(60)[:20])
    store.keep(kept)
    gram, _ = hessian(design, X, entries[kept], weight)
    assert store.gram(weight, 0)[0] == pytest.approx(gram, abs=1e-14)


def test_products_are_those_of_the_stacked_columns(design):
    design, X = design
    rng = np.random.default_rng(2)
    stacked = ClassDesign(design, K)
    Z = np.sqrt(design.weights)[:, None] * (X - design.offset) / design.scale
    residual = rng.normal(size=(K, N)) * np.sqrt(design.weights)
    residual -= np.outer(residual @ np.sqrt(design.weights), np.sqrt(design.weights))
    products = residual @ Z
    assert stacked.correlate(residual.ravel()) == pytest.approx(products.ravel())
    columns = rng.permutation(K * P)[:70]
    found = stacked.correlate_columns(residual.ravel(), columns)
    assert found == pytest.approx(products.ravel()[columns])
    store = stacked.weighted_columns(False)
    store.append(columns)
    coef = rng.normal(size=70)
    spread = np.zeros(K * P)
    spread[columns] = coef
    sums = spread.reshape(K, P) @ ((X - design.offset) / design.scale).T
    assert store.combine(coef) == pytest.approx(sums.ravel())
    weight = residual * np.sqrt(design.weights)
    assert store.correlate(weight.ravel()) == pytest.approx(products.ravel()[columns])
