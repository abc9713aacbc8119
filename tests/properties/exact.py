"""Optima of tiny elastic nets without an intercept, in rational arithmetic."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any


def solve(matrix: list[list[Fraction]], right: list[Fraction]) -> list[Fraction] | None:
    """Solve a linear system by elimination; None where it is singular."""
    n = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(n):
        pivot = next((k for k in range(i, n) if rows[k][i] != 0), None)
        if pivot is None:
            return None
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(i + 1, n):
            share = rows[k][i] / rows[i][i]
            rows[k] = [a - share * b for a, b in zip(rows[k], rows[i], strict=True)]
    found = [Fraction(0)] * n
    for i in reversed(range(n)):
        rest = sum(rows[i][k] * found[k] for k in range(i + 1, n))
        found[i] = (rows[i][n] - rest) / rows[i][i]
    return found


class ExactProblem:
    """``1/2 Σ p (y - Xb)² + alpha Σ f (l1_ratio |b| + (1 - l1_ratio)/2 b²)``."""

    def __init__(
        self, X: Any, y: Any, weight: Any, alpha: float, l1_ratio: float, factor: Any
    ) -> None:
        rows = [[Fraction(float(x)) for x in row] for row in X]
        t = [Fraction(float(value)) for value in y]
        p = [Fraction(float(value)) for value in weight]
        p = [value / sum(p) for value in p]
        columns = list(zip(*rows, strict=True))
        self.gram = [[_inner(p, a, b) for b in columns] for a in columns]
        self.products = [_inner(p, a, t) for a in columns]
        self.total = _inner(p, t, t)
        f = [Fraction(float(value)) for value in factor]
        self.l1 = [Fraction(alpha) * value * Fraction(l1_ratio) for value in f]
        self.l2 = [Fraction(alpha) * value * (1 - Fraction(l1_ratio)) for value in f]

    def objective(self, coef: Any) -> Fraction:
        b = [Fraction(value) for value in coef]
        fit = sum(
            b[j] * (self.products[j] - _dot(self.gram[j], b) / 2) for j in range(len(b))
        )
        terms = zip(self.l1, self.l2, b, strict=True)
        return (
            self.total / 2 - fit + sum(a * abs(v) + r * v * v / 2 for a, r, v in terms)
        )

    def optimum(self) -> Fraction:
        """Return the least objective, by trying all signs."""
        least = self.total / 2
        for signs in product((0, 1, -1), repeat=len(self.l1)):
            used = [j for j, sign in enumerate(signs) if sign]
            if any(signs[j] < 0 and not self.l1[j] for j in used):
                continue  # of no penalty: one sign stands for both
            found = solve(
                [
                    [self.gram[j][k] + (self.l2[j] if j == k else 0) for k in used]
                    for j in used
                ],
                [self.products[j] - self.l1[j] * signs[j] for j in used],
            )
            if found is None:
                continue
            coef = [Fraction(0)] * len(signs)
            for j, value in zip(used, found, strict=True):
                coef[j] = value
            least = min(least, self.objective(coef))
        return least


def _dot(a: Any, b: Any) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def _inner(p: Any, a: Any, b: Any) -> Fraction:
    return sum((w * x * y for w, x, y in zip(p, a, b, strict=True)), Fraction(0))
