"""Weights of pairs of classes against exact fractions, however uneven they are."""

from fractions import Fraction

import numpy as np
import pytest

from regkit.designs.class_weights import class_inverse, class_total, own_weights


def uneven(n=6, n_classes=4, orders=9, seed=0):
    """Rows' weights and probabilities, one class all but certain in most rows."""
    rng = np.random.default_rng(seed)
    P = 10.0 ** -rng.integers(0, orders, (n_classes, n))
    P /= P.sum(axis=0)
    p = 10.0 ** rng.integers(-orders, 1, n)
    return p * P, np.sqrt(p)


def exact_total(weight, root):
    share = [
        [Fraction(w) / Fraction(r) for w, r in zip(own, root, strict=True)]
        for own in weight
    ]
    K = len(share)
    total = [
        [-sum(a * b for a, b in zip(share[k], share[m], strict=True)) for m in range(K)]
        for k in range(K)
    ]
    for k in range(K):
        total[k][k] = -sum(total[k][m] for m in range(K) if m != k)
    return total


def test_weights_and_totals_have_all_digits():
    weight, root = uneven()
    exact = exact_total(weight, root)
    found = class_total(weight, root)
    assert found == pytest.approx(np.array(exact, float), rel=1e-14, abs=0.0)
    assert own_weights(weight / root).sum(axis=1) == pytest.approx(
        np.diag(found), rel=1e-14
    )


def test_inverse_has_all_digits():
    weight, root = uneven()
    total = class_total(weight, root)
    inverse = class_inverse(total)
    out = int(np.argmax(np.diag(total)))
    kept = [k for k in range(len(total)) if k != out]
    exact = [[Fraction(total[k, m]) for m in kept] for k in kept]
    for i, k in enumerate(kept):
        # (The diagonal of a float64 total is rounded: it is what rows sum to zero by.)
        exact[i][i] = -sum(Fraction(total[k, m]) for m in range(len(total)) if m != k)
    mine = [[Fraction(inverse[k, m]) for m in kept] for k in kept]
    for i in range(len(kept)):
        for j in range(len(kept)):
            product = sum(exact[i][m] * mine[m][j] for m in range(len(kept)))
            size = sum(abs(exact[i][m]) * mine[m][j] for m in range(len(kept)))
            assert abs(product - (i == j)) <= 1e-14 * size
    assert not inverse[out].any()
    assert not inverse[:, out].any()


def test_classes_without_weight_stay():
    weight, root = uneven()
    weight[2] = 0.0
    assert not class_inverse(class_total(weight, root))[2].any()
