"""Regression problems made to break solvers, and hypothesis strategies over them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg
import scipy.sparse as sp
from hypothesis import strategies as st

from tests.certificate import Certificate, certify
from tests.properties.reference import alpha_noise, smallest_zero_alpha

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Problem:
    """One Lasso or Elastic Net as the user states it."""

    X: Any
    y: Array
    alpha: float = 1.0
    l1_ratio: float = 1.0
    sample_weight: Array | None = None
    penalty_factor: Array | None = None
    bounds: tuple[Any, Any] | None = None
    positive: bool = False
    standardize: bool = False
    fit_intercept: bool = True

    @property
    def dense(self) -> Array:
        """X as an ndarray, dtype kept."""
        sparse: bool = sp.issparse(self.X)
        return np.asarray(self.X.toarray() if sparse else self.X)

    @property
    def box(self) -> tuple[Array, Array]:
        """The bounds with ``positive`` applied, one entry a column."""
        lower, upper = (-np.inf, np.inf) if self.bounds is None else self.bounds
        lower = np.maximum(lower, 0.0) if self.positive else lower
        shape = (self.X.shape[1],)
        return np.broadcast_to(lower, shape), np.broadcast_to(upper, shape)

    @property
    def factor(self) -> Array:
        """The penalty factor, ones where it was not given."""
        if self.penalty_factor is None:
            return np.ones(self.X.shape[1])
        return np.asarray(self.penalty_factor, dtype=float)

    @property
    def alpha_max(self) -> float:
        """The smallest alpha with every penalized coefficient zero, for the Lasso."""
        rows, scaling = self._rows_and_scaling
        return smallest_zero_alpha(*rows, self.box, **scaling)

    @property
    def alpha_noise(self) -> float:
        """How far off rounding can put ``alpha_max``."""
        rows, scaling = self._rows_and_scaling
        return alpha_noise(*rows, **scaling)

    @property
    def _rows_and_scaling(self) -> tuple[Any, dict[str, bool]]:
        X, y = self.dense.astype(float), self.y.astype(float)
        scaling = {
            "standardize": self.standardize,
            "fit_intercept": self.fit_intercept,
        }
        return (X, y, self.sample_weight, self.factor), scaling

    @property
    def typical_square(self) -> float:
        """The weighted mean square of a typical column, as it would be scaled."""
        X = self.dense.astype(float)
        weight = np.ones(len(X)) if self.sample_weight is None else self.sample_weight
        weight = weight / weight.sum()
        mean = weight @ X
        variance = weight @ (X - mean) ** 2
        square = variance if self.fit_intercept else weight @ X**2
        if self.standardize:
            square = square / np.where(variance > 0, variance, 1.0)
        kept = square[square > 0]
        return float(np.median(kept)) if len(kept) else 1.0

    def certify(self, coef: Any, intercept: Any, **changes: Any) -> Certificate:
        """Judge a fit of this problem (``changes`` replace its parameters)."""
        p = replace(self, **changes)
        return certify(
            p.X,
            p.y,
            coef,
            intercept,
            alpha=p.alpha,
            l1_ratio=p.l1_ratio,
            sample_weight=p.sample_weight,
            penalty_factor=p.penalty_factor,
            bounds=p.box,
            standardize=p.standardize,
            fit_intercept=p.fit_intercept,
        )


# ------------------------------------------------------------------ X, column by column

MATRICES = (
    "gaussian",
    "integers",
    "correlated",
    "orthogonal",
    "duplicates",
    "low_rank",
    "one_hot",
    "zero",
)


def make_matrix(kind: str, n: int, p: int, rng: np.random.Generator) -> Array:
    """A matrix of the kind; degeneracy is exact in floating point wherever named."""
    if kind == "gaussian":
        return np.asarray(rng.standard_normal((n, p)))
    if kind == "integers":
        return rng.integers(-2, 3, (n, p)).astype(float)
    if kind == "correlated":
        noise = rng.standard_normal((n, p))
        return np.cumsum(noise, axis=1) / np.sqrt(1 + np.arange(p))
    if kind == "orthogonal":  # columns of a Hadamard matrix: every tie is exact
        order = 1 << max(n, p, 2).bit_length()
        return scipy.linalg.hadamard(order)[:n, :p].astype(float)
    if kind == "duplicates":  # copies times powers of two and signs
        base = rng.standard_normal((n, max(1, p // 3)))
        signs = rng.choice([1.0, -1.0, 2.0, -0.5, 8.0], p)
        return np.asarray(base[:, rng.integers(0, base.shape[1], p)] * signs)
    if kind == "low_rank":  # integer factors: the products are exact
        rank = max(1, min(n, p) // 2)
        left, right = rng.integers(-2, 3, (n, rank)), rng.integers(-2, 3, (rank, p))
        return (left @ right).astype(float)
    if kind == "one_hot":
        return np.asarray(np.eye(p)[rng.integers(0, p, n)])
    return np.zeros((n, p))


def reach(values: Array) -> Array:
    """Spread of each column; its size where it has no spread, 1 where it is zero."""
    spread, size = np.ptp(values, axis=0), np.abs(values).max(axis=0)
    reach = np.where(spread > 0, spread, size)
    return np.asarray(np.where(reach > 0, reach, 1.0))


TARGETS = ("noisy", "noise", "exact", "column", "constant", "zero", "orthogonal")


def make_target(kind: str, X: Array, rng: np.random.Generator) -> Array:
    """A target of unit size, before its own scale and mean."""
    n, p = X.shape
    # Every column contributes alike, whatever its scale.
    unit = X / reach(X)
    coef = rng.integers(-3, 4, p) * (rng.random(p) < 0.5)
    if kind == "noisy":
        return np.asarray(unit @ coef + 0.5 * rng.standard_normal(n))
    if kind == "noise":
        return np.asarray(rng.standard_normal(n))
    if kind == "exact":
        return np.asarray(unit @ coef)
    if kind == "column":
        return np.asarray(unit[:, 0])
    if kind == "constant":
        return np.full(n, 0.1)
    if kind == "zero":
        return np.zeros(n)
    ones = np.column_stack([np.ones(n), unit])
    y = rng.standard_normal(n)
    return np.asarray(y - ones @ np.linalg.lstsq(ones, y, rcond=1e-12)[0])


@st.composite
def tables(draw: st.DrawFn, *, wild: bool = True, cells: int = 2_000) -> Problem:
    """X and y only (dense float64). ``wild`` adds scales and large means."""
    sizes = st.sampled_from([1, 2, 3, 4, 6, 9, 15, 30, 65, 140])
    n, p = draw(sizes), draw(sizes)
    n = min(n, max(1, cells // p))
    rng = np.random.default_rng(draw(st.integers(0, 2**16), label="seed"))
    X = make_matrix(draw(st.sampled_from(MATRICES), label="matrix"), n, p, rng)
    for column in draw(st.lists(st.integers(0, p - 1), max_size=2), label="constants"):
        X[:, column] = draw(st.sampled_from([0.0, 1.0, 0.1, -1e3]))
    if wild:
        X = X * draw(st.sampled_from([1.0, 1e-8, 1e8, 1e-3]), label="scale of X")
        spread = draw(st.sampled_from([0, 2, 8]), label="orders of column scales")
        X = X * 10.0 ** rng.integers(-spread, spread + 1, p)
        if draw(st.sampled_from([False, False, True]), label="large means"):
            X = X + 1e6 * X.std(axis=0) * rng.integers(-1, 2, p)
    y = make_target(draw(st.sampled_from(TARGETS), label="target"), X, rng)
    if wild:
        y = y * draw(st.sampled_from([1.0, 1e-8, 1e8, 1e3]), label="scale of y")
        y = y + draw(st.sampled_from([0.0, 1.0, 1e6])) * np.abs(y).max()
    return Problem(X=X, y=y)


@st.composite
def small_integer_tables(draw: st.DrawFn, most: int = 4) -> Problem:
    """Tiny tables of small integers: exact ties and degeneracies, and they shrink."""
    n, p = draw(st.integers(1, most)), draw(st.integers(1, most))
    entry = st.integers(-2, 2)
    cells = draw(st.lists(entry, min_size=n * p, max_size=n * p))
    y = draw(st.lists(entry, min_size=n, max_size=n))
    return Problem(
        X=np.array(cells, dtype=float).reshape(n, p), y=np.array(y, dtype=float)
    )


# ---------------------------------------------------------------- what is asked of X

FRACTIONS = (0.5, 0.1, 0.9, 1e-3, 0.999999, 1.0, 1.000001, 30.0, 1e-6, 0.0)
RATIOS = (1.0, 0.5, 0.01, 0.99, 0.0, 1.0 - 1e-10)


@st.composite
def weights(draw: st.DrawFn, n: int) -> Array | None:
    """Row weights: none, whole numbers with zeros, or of very different sizes."""
    kind = draw(st.sampled_from(["none", "counts", "real", "uneven"]), label="weights")
    if kind == "none":
        return None
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    if kind == "counts":
        found = rng.integers(0, 4, n).astype(float)
    elif kind == "real":
        found = rng.random(n) * draw(st.sampled_from([1.0, 1e-6, 1e6]))
    else:
        found = 10.0 ** rng.integers(-4, 5, n)
    found[rng.integers(0, n)] = 1.0  # never all zero
    return found


@st.composite
def penalty_factors(draw: st.DrawFn, p: int) -> Array | None:
    """Penalty factors: none, positive, or with zeros and infinities."""
    kind = draw(st.sampled_from(["none", "positive", "mixed", "zero", "infinite"]))
    if kind == "none":
        return None
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    if kind == "positive":
        return rng.uniform(0.1, 3.0, p)
    if kind == "mixed":
        return rng.choice([0.0, 0.5, 1.0, 1.0, 2.0, np.inf], p)
    return np.full(p, 0.0 if kind == "zero" else np.inf)


@st.composite
def boxes(draw: st.DrawFn, problem: Problem) -> tuple[Any, Any] | None:
    """Bounds at the size of plausible coefficients: scalars and arrays."""
    kind = draw(st.sampled_from(["none", "one_sided", "two_sided", "mixed", "scalar"]))
    if kind == "none":
        return None
    size = reach(problem.y) / reach(problem.dense.astype(float))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    p = len(size)
    if kind == "one_sided":
        return (0.0, np.inf) if draw(st.booleans()) else (-np.inf, 0.0)
    if kind == "two_sided":
        return -size * rng.uniform(0, 0.3, p), size * rng.uniform(0, 0.3, p)
    if kind == "scalar":
        return -float(np.median(size)) / 10, float(np.median(size)) / 5
    lower = rng.choice([-np.inf, -0.1, 0.0, 0.0], p)
    upper = rng.choice([np.inf, 0.1, np.inf, 0.0], p)
    return lower * size, upper * size


@st.composite
def problems(
    draw: st.DrawFn, base: st.SearchStrategy[Problem] | None = None
) -> Problem:
    """Everything at once, on a dense float64 X."""
    problem = draw(tables() if base is None else base)
    n, p = problem.X.shape
    problem = replace(
        problem,
        sample_weight=draw(weights(n)),
        penalty_factor=draw(penalty_factors(p), label="factors"),
        bounds=draw(boxes(problem), label="bounds"),
        positive=draw(st.sampled_from([False, False, True]), label="positive"),
        standardize=draw(st.booleans(), label="standardize"),
        fit_intercept=draw(st.sampled_from([True, False]), label="fit_intercept"),
        l1_ratio=draw(st.sampled_from(RATIOS), label="l1_ratio"),
    )
    fraction = draw(st.sampled_from(FRACTIONS), label="fraction of alpha_max")
    return at_fraction(problem, fraction)


def at_fraction(problem: Problem, fraction: float) -> Problem:
    """The problem with alpha at this fraction of the true alpha_max."""
    top = problem.alpha_max / max(problem.l1_ratio, 1e-3)
    return replace(problem, alpha=fraction * (top if top > 0 else 1.0))


# ------------------------------------------------------------------ how X may be stored

DENSE = ("C", "F", "strided", "readonly", "float32", "float32_F", "integer")
SPARSE = ("csr", "csc", "csr_matrix", "csc64", "csr64", "csr32", "coo", "unsorted")


def stored(problem: Problem, form: str) -> Problem:
    """The same table stored otherwise; float32 and integer forms round X first."""
    X = problem.dense
    if form == "C":
        return replace(problem, X=X)
    if form == "F":
        return replace(problem, X=np.asfortranarray(X))
    if form == "strided":
        wide = np.zeros((2 * X.shape[0], 2 * X.shape[1]))
        wide[::2, ::2] = X
        return replace(problem, X=wide[::2, ::2])
    if form == "readonly":
        X = X.copy()
        X.setflags(write=False)
        y = problem.y.copy()
        y.setflags(write=False)
        return replace(problem, X=X, y=y)
    if form.startswith("float32"):
        return replace(
            problem, X=np.asarray(X, np.float32, order="F" if "F" in form else "C")
        )
    if form == "integer":
        size = np.abs(X).max(initial=0)
        return replace(problem, X=np.rint(X / (size or 1) * 100).astype(np.int16))
    return replace(problem, X=_sparse(X, form))


def _sparse(X: Array, form: str) -> Any:
    if form in ("csr_matrix", "coo"):
        return sp.csr_matrix(X) if form == "csr_matrix" else sp.coo_array(X)
    if form == "csr32":
        return sp.csr_array(X.astype(np.float32))
    made: Any = sp.csc_array(X) if form.startswith("csc") else sp.csr_array(X)
    if form.endswith("64"):
        made.indices = made.indices.astype(np.int64)
        made.indptr = made.indptr.astype(np.int64)
    if form == "unsorted":  # reversed within each row
        for start, end in zip(made.indptr[:-1], made.indptr[1:], strict=True):
            made.indices[start:end] = made.indices[start:end][::-1].copy()
            made.data[start:end] = made.data[start:end][::-1].copy()
        made.has_sorted_indices = False
    return made


@st.composite
def stored_problems(draw: st.DrawFn, *, sparse: bool) -> Problem:
    """A problem and a storage for it."""
    form = draw(st.sampled_from(SPARSE if sparse else DENSE), label="storage")
    # Means of 1e6 spreads leave float32 nothing but noise.
    tame = "32" in form or form == "integer"
    base = tables(wild=not tame)
    problem = stored(draw(base), form)
    dense = replace(problem, X=problem.dense.astype(float))
    asked = draw(problems(base=st.just(dense)))
    return replace(asked, X=problem.X, y=problem.y)
