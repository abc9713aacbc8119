"""Seeded paths of classes and counts: logistic, multinomial and Poisson regression.

Dense X is Fortran-ordered, sparse X is CSC. Of the data that scikit-learn bundles,
columns are scaled to unit deviation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits

from benchmarks import problems

N_ALPHAS, LAST_ALPHA = 100, 0.01


@dataclass(frozen=True)
class LossProblem:
    """One path to solve; ``y`` are 0 and 1, counts, or classes from 0 up."""

    name: str
    loss: str
    X: Any
    y: Any
    offset: Any
    alphas: Any

    @property
    def n_outputs(self) -> int:
        """How many linear predictors there are."""
        return int(self.y.max()) + 1 if self.loss == "multinomial" else 1


Stated = tuple[str, Any, Any, Any]
"""The loss, X, y and the offset."""


def labeled(make: Callable[[bool], Any]) -> Callable[[bool], Stated]:
    """Classes in place of a problem's target: above its median, with noise."""

    def made(quick: bool) -> Stated:
        X, y = make(quick)
        rng = np.random.default_rng(0)
        noisy = (y - np.median(y)) / y.std() + 0.5 * rng.logistic(size=len(y))
        return "logistic", X, (noisy > 0).astype(np.float64), None

    return made


def _scaled(X: Any) -> Any:
    spread = X.std(axis=0)
    return np.asfortranarray((X - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _cancer(quick: bool) -> Stated:
    X, y = load_breast_cancer(return_X_y=True)
    return "logistic", _scaled(X), y.astype(np.float64), None


def _digits(quick: bool) -> Stated:
    """Ten classes, 64 pixels."""
    X, y = load_digits(return_X_y=True)
    return "multinomial", _scaled(X), y, None


def _factors(quick: bool, n_samples: int, n_features: int) -> tuple[Any, Any]:
    """Columns of blocks that go together, and the factors behind them."""
    rng = np.random.default_rng(7)
    factors = rng.standard_normal((n_samples, 20))
    X = factors @ rng.standard_normal((20, 500 if quick else n_features)) * 0.5
    return np.asfortranarray(X + rng.standard_normal(X.shape)), factors


def _genes(quick: bool) -> Stated:
    """Few rows, thousands of columns of blocks that go together."""
    X, factors = _factors(quick, 72, 7_129)
    rng = np.random.default_rng(8)
    y = factors[:, 0] + 0.3 * rng.standard_normal(len(X)) > 0.0
    return "logistic", X, y.astype(np.float64), None


def _tumors(quick: bool) -> Stated:
    """The same in 63 rows of four classes and 2,308 columns."""
    X, factors = _factors(quick, 63, 2_308)
    rng = np.random.default_rng(8)
    scores = factors[:, :4] + 0.3 * rng.standard_normal((len(X), 4))
    return "multinomial", X, scores.argmax(axis=1), None


def _topics(quick: bool) -> Stated:
    """Twenty classes of texts: 10,000 rows, 5,000 words, a third of them on topic."""
    rng = np.random.default_rng(9)
    n_samples, n_words, n_topics = (600, 400, 5) if quick else (10_000, 5_000, 20)
    y = np.arange(n_samples) % n_topics
    rows = np.repeat(np.arange(n_samples), rng.integers(20, 80, size=n_samples))
    popularity = np.cumsum(1.0 / (np.arange(n_words) + 10.0))
    words = np.searchsorted(popularity, rng.random(len(rows)) * popularity[-1])
    on_topic = rng.random(len(rows)) < 1 / 3
    own = words // n_topics * n_topics + y[rows]
    words = np.where(on_topic, own, words)
    X = problems.tf_idf(rows, words, (n_samples, n_words))
    return "multinomial", X, y, None


def insured(
    seed: int, full: tuple[int, int], small: tuple[int, int]
) -> Callable[[bool], Stated]:
    """Counts of claims with exposure."""

    def made(quick: bool) -> Stated:
        rng = np.random.default_rng(seed)
        n_samples, n_features = small if quick else full
        X = np.asfortranarray(rng.standard_normal((n_samples, n_features)))
        exposure = np.log(rng.uniform(0.05, 1.0, size=n_samples))
        used = rng.standard_normal(n_features)
        coef = used * (rng.random(n_features) < 0.4) * 0.15
        y = rng.poisson(np.exp(X @ coef - 1.5 + exposure))
        return "poisson", X, y.astype(np.float64), exposure

    return made


PROBLEMS: dict[str, Callable[[bool], Stated]] = {
    "cancer": _cancer,
    "wide": labeled(problems.wide),
    "correlated": labeled(problems.correlated),
    "square": labeled(problems.square),
    "tall": labeled(problems.tall),
    "text": labeled(problems.text),
    "genes": _genes,
    "digits": _digits,
    "tumors": _tumors,
    "topics": _topics,
    "claims": insured(5, (67_856, 32), (5_000, 20)),
    "many_claims": insured(6, (680_000, 66), (8_000, 20)),
}


def make_problem(name: str, quick: bool) -> LossProblem:
    """Generate a problem with its grid."""
    return problem_of(name, PROBLEMS[name](quick))


def problem_of(name: str, stated: Stated) -> LossProblem:
    """Give a table of classes or counts its grid."""
    from regkit import glm_path, logistic_path

    loss, X, y, offset = stated
    compute = glm_path if loss == "poisson" else logistic_path
    top = compute(X, y, offset=offset, n_alphas=1).alphas[0]
    alphas = np.geomspace(top, LAST_ALPHA * top, N_ALPHAS)
    return LossProblem(name, loss, X, y, offset, alphas)
