"""Seeded regression problems on which the Lasso path is timed.

Every generator takes ``quick`` (True: a size for a smoke test) and returns
``(X, y)``: a Fortran-ordered float64 array or a CSC matrix, and a float64 vector.
Signal and noise were set so that the support at the end of the path, at
alpha_max / 100, has the size stated in the generator's docstring.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal, sparse

Vector = NDArray[np.float64]
Matrix = Any  # NDArray[np.float64], or scipy.sparse.csc_matrix

N_ALPHAS = 100
LAST_ALPHA = 0.01


@dataclass(frozen=True)
class Problem:
    """One path to solve: ``X`` (n, p), ``y`` (n,), ``alphas`` (K,) decreasing."""

    name: str
    X: Matrix
    y: Vector
    alphas: Vector

    @property
    def is_sparse(self) -> bool:
        return bool(sparse.issparse(self.X))

    @property
    def size(self) -> str:
        kind = "sparse" if self.is_sparse else "dense"
        return f"{self.X.shape[0]:,} x {self.X.shape[1]:,} {kind}"


def make_problem(name: str, quick: bool = False) -> Problem:
    """Generate a problem of ``PROBLEMS`` with its grid of 100 alphas."""
    return problem_of(name, *PROBLEMS[name](quick))


def problem_of(name: str, X: Matrix, y: Vector) -> Problem:
    """Give a table its grid of 100 alphas."""
    residual = y - y.mean()
    # A residual that sums to zero needs no centered columns.
    alpha_max = float(np.max(np.abs(X.T @ residual))) / len(y)
    alphas = np.geomspace(alpha_max, LAST_ALPHA * alpha_max, N_ALPHAS)
    return Problem(name, X, y, alphas)


def save_problem(problem: Problem, folder: Path) -> None:
    """Write a problem to a folder, for a solver in another process."""
    folder.mkdir(parents=True, exist_ok=True)
    X = problem.X
    if problem.is_sparse:
        for part in ("data", "indices", "indptr"):
            np.save(folder / f"{part}.npy", getattr(X, part))
    else:
        np.save(folder / "X.npy", X)
    np.save(folder / "y.npy", problem.y)
    np.save(folder / "alphas.npy", problem.alphas)
    about = {"name": problem.name, "shape": X.shape}
    (folder / "about.json").write_text(json.dumps(about))


def load_problem(folder: Path) -> Problem:
    """Read what ``save_problem`` wrote."""
    about = json.loads((folder / "about.json").read_text())
    if (folder / "X.npy").exists():
        X = np.load(folder / "X.npy")
    else:
        parts = [np.load(folder / f"{k}.npy") for k in ("data", "indices", "indptr")]
        X = sparse.csc_matrix(tuple(parts), shape=tuple(about["shape"]))
    y, alphas = np.load(folder / "y.npy"), np.load(folder / "alphas.npy")
    return Problem(about["name"], X, y, alphas)


def _autoregressive(
    rng: np.random.Generator, n_samples: int, n_features: int, rho: float
) -> Vector:
    """Standard normal columns with correlation ``rho ** |i - j|``."""
    innovation = np.sqrt(1.0 - rho**2)
    noise = rng.standard_normal((n_samples, n_features))
    noise[:, 0] /= innovation
    X = signal.lfilter([innovation], [1.0, -rho], noise, axis=1)
    return np.asfortranarray(X, dtype=np.float64)


def _respond(
    rng: np.random.Generator, X: Matrix, informative: int | NDArray[Any], noise: float
) -> Vector:
    """Normal coefficients on the informative columns (a number: so many random
    ones), noise of ``noise`` times the signal's deviation, and an intercept."""
    if isinstance(informative, int):
        informative = rng.choice(X.shape[1], informative, replace=False)
    response = X[:, informative] @ rng.standard_normal(len(informative))
    response = response + noise * response.std() * rng.standard_normal(len(response))
    return np.asarray(response + 3.0, dtype=np.float64)


def wide(quick: bool) -> tuple[Matrix, Vector]:
    """200 x 20,000, AR(0.6)."""
    rng = np.random.default_rng(0)
    X = _autoregressive(rng, 200, 1_000 if quick else 20_000, 0.6)
    return X, _respond(rng, X, 20, 0.3)


def correlated(quick: bool) -> tuple[Matrix, Vector]:
    """1,000 x 5,000, AR(0.98)."""
    rng = np.random.default_rng(1)
    n_samples, n_features = (200, 1_000) if quick else (1_000, 5_000)
    X = _autoregressive(rng, n_samples, n_features, 0.98)
    return X, _respond(rng, X, n_features // 50, 0.3)


def square(quick: bool) -> tuple[Matrix, Vector]:
    """2,000 x 10,000, AR(0.5), 1,720 nonzero coefficients at the end."""
    rng = np.random.default_rng(2)
    n_samples, n_features = (200, 1_000) if quick else (2_000, 10_000)
    X = _autoregressive(rng, n_samples, n_features, 0.5)
    return X, _respond(rng, X, n_features // 20, 0.3)


def tall(quick: bool) -> tuple[Matrix, Vector]:
    """100,000 x 300, AR(0.5)."""
    return autoregressive(2_000, 50) if quick else autoregressive(100_000, 300)


def autoregressive(n_samples: int, n_features: int) -> tuple[Matrix, Vector]:
    """AR(0.5), a third of the columns informative, as much noise as signal."""
    rng = np.random.default_rng(3)
    X = _autoregressive(rng, n_samples, n_features, 0.5)
    return X, _respond(rng, X, n_features // 3, 1.0)


def housing(quick: bool) -> tuple[Matrix, Vector]:
    """20,000 x 560: the 559 monomials of degree 1 to 3 of 13 skewed, correlated
    columns and one of degree 4, standardized."""
    rng = np.random.default_rng(4)
    n_samples, n_base = (1_000, 5) if quick else (20_000, 13)
    logs = rng.standard_normal((n_samples, 5)) @ rng.standard_normal((5, n_base))
    logs += 0.5 * rng.standard_normal((n_samples, n_base))
    logs /= logs.std(axis=0)
    # Skewed like prices and room counts: powers of such columns nearly coincide.
    base = np.exp(0.5 * logs)
    monomials = [
        np.prod(base[:, list(chosen)], axis=1)
        for degree in (1, 2, 3)
        for chosen in combinations_with_replacement(range(n_base), degree)
    ]
    X = np.asfortranarray(np.column_stack([*monomials, base[:, 0] ** 4]))
    X -= X.mean(axis=0)
    X /= X.std(axis=0)
    shapes = np.hstack([logs, np.sin(2.0 * logs), logs[:, :-1] * logs[:, 1:]])
    return X, _respond(rng, shapes, shapes.shape[1], 0.5)


def text(quick: bool) -> tuple[Matrix, Vector]:
    """60,000 x 130,000 TF-IDF of Zipf-distributed words, about 27 nonzeros a row,
    about 1,000 nonzero coefficients at the end.

    Each document has a topic, from which half of its words come, and words 2j and
    2j + 1 like to occur together: columns are as correlated as those of real text.
    """
    rng = np.random.default_rng(7)
    n_samples, n_features = (2_000, 4_000) if quick else (60_000, 130_000)
    n_topics = 20
    lengths = np.maximum(1, rng.lognormal(np.log(15.0), 0.5, n_samples).astype(int))
    rows = np.repeat(np.arange(n_samples), lengths)
    popularity = np.cumsum(1.0 / (np.arange(n_features) + 10.0))
    draws = rng.random(len(rows)) * popularity[-1]
    words = np.searchsorted(popularity, draws)
    topics = rng.integers(n_topics, size=n_samples)[rows]
    from_topic = rng.random(len(rows)) < 0.5
    words = np.where(from_topic, words // n_topics * n_topics + topics, words)
    paired = rng.random(len(rows)) < 0.6
    # A vocabulary has no unseen word: the last block lets each occur once.
    rows = np.concatenate(
        [rows, rows[paired], rng.integers(n_samples, size=n_features)]
    )
    words = np.concatenate([words, words[paired] ^ 1, np.arange(n_features)])
    X = tf_idf(rows, words, (n_samples, n_features))
    n_frequent = n_features // 20
    informative = rng.choice(n_frequent, n_frequent // 3, replace=False)
    return X, _respond(rng, X, informative, 0.2)


def tf_idf(rows: Any, words: Any, shape: tuple[int, int]) -> Matrix:
    """Counts times smoothed inverse document frequencies, rows of unit length."""
    counts = sparse.coo_matrix((np.ones(len(rows)), (rows, words)), shape).tocsr()
    document_frequency = np.bincount(counts.indices, minlength=shape[1])
    idf = np.log((1.0 + shape[0]) / (1.0 + document_frequency)) + 1.0
    X = counts @ sparse.diags(idf)
    norms = np.sqrt(np.asarray(X.multiply(X).sum(axis=1)).ravel())
    X = sparse.csc_matrix(sparse.diags(1.0 / norms) @ X)
    X.sort_indices()
    return X


def sparse_large(quick: bool) -> tuple[Matrix, Vector]:
    """20,000 x 100,000 of density 2e-3, about 10,000 nonzero coefficients at the
    end."""
    rng = np.random.default_rng(6)
    n_samples, n_features = (1_000, 5_000) if quick else (20_000, 100_000)
    n_values = int(2e-3 * n_samples * n_features)
    rows = rng.integers(n_samples, size=n_values)
    columns = rng.integers(n_features, size=n_values)
    values = rng.standard_normal(n_values)
    X = sparse.csc_matrix((values, (rows, columns)), shape=(n_samples, n_features))
    X.sum_duplicates()
    return X, _respond(rng, X, n_features // 50, 0.14)


PROBLEMS: dict[str, Callable[[bool], tuple[Matrix, Vector]]] = {
    "wide": wide,
    "correlated": correlated,
    "square": square,
    "tall": tall,
    "housing": housing,
    "text": text,
    "sparse_large": sparse_large,
}
