"""What every design offers, and the choice of one by the type of X."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from regkit._types import Floats, Indices
from regkit.designs.moments import Moments

# While |mean| stays below this many deviations, centering after a product of raw
# values costs at most 3 of the 16 digits; beyond it the center goes into the product.
SAFE_RATIO = 30.0


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view that cannot be written to.

    Numba compiles a kernel twice for arrays that sometimes can be and sometimes
    cannot; so X, whoever passed it, never can.
    """
    view = array.view()
    view.flags.writeable = False
    return view


def norm(vector: Floats) -> float:
    """Return |vector| without BLAS, whose threads would go on spinning for a while.

    They would take the cores from the threads that read X next.
    """
    return math.sqrt(np.einsum("i,i->", vector, vector))


class ColumnStore(Protocol):
    """Columns of Z gathered for a working set, in order of their arrival."""

    def append(self, columns: Indices) -> None:
        """Gather ``columns``."""

    def gram(self, first: int) -> Floats:
        """Return the Gram rows of the columns stored from ``first`` on.

        The result has shape (stored - first, stored).
        """

    def residual(self, target: Floats, coef: Floats) -> Floats:
        """Return ``target - Z[:, stored] @ coef``."""

    def correlate(self, residual: Floats) -> Floats:
        """Return ``Z[:, stored]ᵀ residual``."""

    def block(self) -> tuple[Any, Indices]:
        """Return the columns as `kernels.linear.columns` takes them, and their places.

        Place k holds the number, within the block, of the k-th stored column.
        """

    def sweep_residual(self, target: Floats, coef: Floats) -> Floats:
        """Return the residual in the form that sweeps over the block update."""


class Design(Protocol):
    """The matrix Z of the module's docstring, without its entries being visible."""

    is_sparse: bool
    fit_intercept: bool
    standardize: bool
    n_samples: int
    n_features: int
    max_rank: int  # what Z's rank cannot exceed, given its rows
    total_weight: float

    @property
    def has_gram(self) -> bool:
        """Whether ZᵀZ has been formed, so that `gram` costs nothing."""

    @property
    def offset(self) -> Floats:
        """The means m_j, shape (n_features,)."""

    @property
    def offset_rest(self) -> Floats:
        """What the means are above `offset`, which is rounded; (n_features,)."""

    @property
    def scale(self) -> Floats:
        """The deviations s_j, shape (n_features,)."""

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Which columns of Z are zero, shape (n_features,)."""

    @property
    def lengths(self) -> Floats:
        """The norms |z_j|, shape (n_features,)."""

    @property
    def sizes(self) -> Floats:
        """How far a residual's move d can change each correlation, shape (2, p).

        ``|z_jᵀd| <= sizes[k, j] * distances(d)[k]``: by Cauchy & Schwarz, and by the
        sum of the column's absolute entries times d's largest, the better bound
        where few entries are stored. (Where it is not known it repeats the first.)
        """

    def distances(self, move: Floats) -> Floats:
        """Return the two norms of a move of the residual that ``sizes`` refer to."""

    def center(self, y: Floats) -> tuple[Floats, Any]:
        """Return sqrt(p) (y - mean) and the mean, for y (n,) or (n, T)."""

    def correlate(self, residual: Floats) -> Floats:
        """Return ``Zᵀ residual`` for a residual (n,) or (n, T)."""

    def correlate_columns(self, residual: Floats, columns: Indices) -> Floats:
        """Return ``Z[:, columns]ᵀ residual`` for a residual (n,)."""

    def correlate_together(
        self, designs: Sequence[Any], residuals: Sequence[Floats], columns: Indices
    ) -> Floats:
        """Return one row of correlations a design and residual, from one read of X.

        ``designs`` are the design itself or ones that it has `reweighted`.
        """

    def side_by_side(self, designs: Sequence[Any]) -> Sequence[Any] | None:
        """Return X as every three of ``designs`` see it, or None.

        Each is a `regkit.kernels.linear.three_views.Columns`; the designs are as
        `correlate_together` takes them. None where X is sparse, or too large to copy
        once into columns that stand contiguously, or where the designs' means are too
        far apart.
        """

    def gram(self, target: Floats) -> tuple[Floats, Floats]:
        """Return ``ZᵀZ`` and ``Zᵀ target``, target (n,) or (n, T), from one read of X.

        ZᵀZ is formed once and handed out again: not to be written to.
        """

    def row_gram(self, column_weights: Floats) -> Floats:
        """Return ``Z diag(column_weights) Zᵀ``, shape (n_samples, n_samples)."""

    def gather(self, columns: Indices) -> Floats:
        """Return columns of Z as dense rows, shape (len(columns), n_samples)."""

    def materialize(self, rows: slice = slice(None)) -> Floats:
        """Return rows of Z, every entry of them."""

    def predict(self, coef: Floats) -> Floats:
        """Return ``Z @ coef`` for coefficients of Z's columns."""

    def reweighted(self, sample_weight: Floats) -> "Design":
        """Return the design of the same X, which it shares, with other weights."""

    def guessed_center(self) -> Floats:
        """Return a center for `moments`, near enough to the means to lose no digits.

        It may turn out not to be: see `Moments.is_far`.
        """

    def moments(
        self, rows: Indices, weight: Floats | None, y: Floats, center: Floats
    ) -> Moments:
        """Return sums over ``rows`` about ``center``; ``weight`` (rows,) or all 1.

        The design's own weights have no part in them.
        """

    def adopt(self, moments: Moments, center: Floats, y: Floats) -> None:
        """Take the Gram matrix, and the products with ``y``, from such sums.

        They must be over the design's own rows and weights.
        """

    def fitted(self, rows: Indices, columns: Indices, coefs: Floats) -> Floats:
        """Return ``(X[rows, columns] - m[columns]) @ coefs``, shape (rows, K).

        No weights and no scales: ``coefs`` (columns, K) are in the user's units.
        """

    def row_predictor(self, coefs: Floats) -> Callable[[slice], Floats]:
        """Return what gives rows of ``Z @ coefs`` without their weights; (p, K)."""

    def n_stored(self, columns: Indices) -> int:
        """Return how many entries of X the columns store."""

    def columns(self) -> ColumnStore:
        """Return an empty column store."""


def make_design(
    X: Any,
    sample_weight: Floats | None = None,
    fit_intercept: bool = True,
    standardize: bool = False,
) -> Design:
    """Wrap a validated X.

    Parameters
    ----------
    X : ndarray (C- or F-contiguous) or CSR/CSC, float32 or float64, (n, p)
        Never written to.
    sample_weight : ndarray (n,) or None
        Non-negative, with a positive sum.
    fit_intercept : bool
        Center the columns by their weighted means.
    standardize : bool
        Scale the columns by their weighted standard deviations.
    """
    if sparse.issparse(X):
        from regkit.designs.sparse import SparseDesign

        return SparseDesign(X, sample_weight, fit_intercept, standardize)
    from regkit.designs.dense import DenseDesign

    return DenseDesign(X, sample_weight, fit_intercept, standardize)
