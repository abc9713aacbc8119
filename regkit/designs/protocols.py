"""What solvers ask of a design, by what they do with it.

`ColumnUnits` is what is known of columns; `Columns` adds products with them, `Design`
Gram matrices and rows of Z: all that a path or a ridge solver needs, whatever the rows
are. `RowDesign` adds what needs the rows of X themselves: other weights for the same X,
sums over some rows, and predictions for them.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.designs.class_weights import PairWeights
from regkit.designs.moments import Moments


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


def is_few(weight: Floats) -> bool:
    """Return whether so few rows have a weight that those alone are gathered."""
    return 16 * int(np.count_nonzero(weight)) <= len(weight)


class WeightedColumns(Protocol):
    """Columns of (X - m) / s, in order of their arrival.

    Attributes
    ----------
    is_additive : bool
        Whether what `gram` returns for the sum of two weights is the sum of both.
    """

    is_additive: bool

    @property
    def entries(self) -> Floats | None:
        """The columns as contiguous rows, with room for more; None if not gathered."""

    def append(self, columns: Indices) -> None:
        """Take ``columns`` in."""

    def keep(self, places: Indices) -> None:
        """Drop all columns but those at ``places``, which are ascending."""

    def combine(self, coef: Floats) -> Floats:
        """Return the rows' sums Σ_j x_ij coef_j."""

    def correlate(self, weight: Floats) -> Floats:
        """Return the columns' sums Σ_i weight_i x_ij."""

    def gram(self, weight: Floats, first: int) -> tuple[Floats, Floats]:
        """Return ``Σ_i weight_i x_ij x_il`` and ``Σ_i weight_i x_ij``.

        For columns j from ``first`` on, and all l: shapes (stored - first, stored) and
        (stored - first,). Weights are non-negative, but for those of `is_few` rows.
        """

    def total(self, weight: Floats) -> Any:
        """Return the weights' sum: `gram` of a column of ones."""

    def costs(self) -> tuple[float, float]:
        """Return what `advance` with its products and what `gram` take.

        In units of a multiplication inside a large matrix product: others wait for
        memory.
        """

    def advance(
        self, coef: Floats, shift: Floats, rows: Any
    ) -> tuple[float, Floats | None]:
        """Take the rows along ``shift + Σ_j x_ij coef_j``, in one read of X.

        ``rows`` are those of a loss, `regkit.kernels.linear.loss_steps.LossRows`, or of
        classes; ``shift`` has one entry per intercept. Returns the rows' part of the
        gap, and the columns' products with their new residuals, weighted; None where
        those are better asked for by `correlate`.
        """


class GatheredColumns(WeightedColumns, Protocol):
    """A store that is not of all columns where they are."""

    def swept(self, weight: Floats) -> tuple[Any, Floats]:
        """Return the columns as sweeps take them, and Σ_i weight_i x_ij².

        Of the block (`regkit.kernels.linear.columns.ColumnBlock`), ``data`` are the
        entries times their rows' weights, ``weighted`` the entries as they are stored,
        ``mean`` is Σ_i weight_i x_ij of those, and ``offset`` is zero.
        """

    # Entry e is the column at ``places[e]`` for class ``classes[e]``, with a
    # coefficient of its own.

    def class_combine(
        self, classes: Indices, places: Indices, coef: Floats, n_classes: int
    ) -> Floats:
        """Return the rows' sums of each class's entries, (n_classes, n)."""

    def class_correlate(
        self, classes: Indices, places: Indices, weight: Floats
    ) -> Floats:
        """Return the entries' sums with the weights of their classes, (K, n)."""

    def class_gram(
        self, classes: Indices, places: Indices, weight: PairWeights, first: int
    ) -> tuple[Floats, Floats]:
        """Return `gram` of entries from ``first`` on; the sums have a column per class.

        The weights are not changed while they are passed again.
        """


class ColumnUnits(Protocol):
    """The columns' means, scales and norms, each of shape (n_features,)."""

    @property
    def offset(self) -> Floats:
        """The means m_j, zero without an intercept."""

    @property
    def scale(self) -> Floats:
        """The deviations s_j, one unless standardized."""

    @property
    def lengths(self) -> Floats:
        """The norms |z_j|."""

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Which columns of Z are zero."""


class Columns(ColumnUnits, Protocol):
    """Z by its columns, for working sets."""

    n_samples: int
    n_features: int
    max_rank: int  # what Z's rank cannot exceed, given its rows

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

    def gather(self, columns: Indices) -> Floats:
        """Return columns of Z as dense rows, shape (len(columns), n_samples)."""

    def predict(self, coef: Floats) -> Floats:
        """Return ``Z @ coef`` for coefficients of Z's columns."""

    def n_stored(self, columns: Indices) -> int:
        """Return how many entries of X the columns store."""

    def columns(self) -> ColumnStore:
        """Return an empty column store."""


class WeightedDesign(ColumnUnits, Protocol):
    """What a path asks of a design whose rows it weights anew."""

    fit_intercept: bool
    n_samples: int
    n_features: int
    max_rank: int

    @property
    def weights(self) -> Floats:
        """The rows' own weights p, shape (n_samples,)."""

    @property
    def sizes(self) -> Floats:
        """How far a move of a residual can change correlations; see `Columns`."""

    def distances(self, move: Floats) -> Floats:
        """Return the two norms of a move of the residual that ``sizes`` refer to."""

    def correlate(self, residual: Floats) -> Floats:
        """Return all columns' products with a residual times sqrt(p)."""

    def correlate_columns(self, residual: Floats, columns: Indices) -> Floats:
        """Return some columns' products."""

    def weighted_columns(self, every: bool) -> WeightedColumns:
        """Return an empty store of columns, for row weights that change."""


class GramSource(Protocol):
    """Gram matrices of Z."""

    @property
    def has_gram(self) -> bool:
        """Whether ZᵀZ has been formed, so that `gram` costs nothing."""

    def gram(self, target: Floats) -> tuple[Floats, Floats]:
        """Return ``ZᵀZ`` and ``Zᵀ target``, target (n,) or (n, T), from one read of X.

        ZᵀZ is formed once and handed out again: not to be written to.
        """

    def row_gram(self, column_weights: Floats) -> Floats:
        """Return ``Z diag(column_weights) Zᵀ``, shape (n_samples, n_samples)."""


class Design(Columns, GramSource, Protocol):
    """The matrix Z of the package's docstring, without its entries being visible."""

    @property
    def is_sparse(self) -> bool:
        """Whether a dense copy of Z would be much larger than X."""

    fit_intercept: bool
    standardize: bool
    total_weight: float

    @property
    def offset_rest(self) -> Floats:
        """What the means are above `offset`, which is rounded; (n_features,)."""

    def materialize(self, rows: slice = slice(None)) -> Floats:
        """Return rows of Z, every entry of them."""

    def row_predictor(self, coefs: Floats) -> Callable[[slice], Floats]:
        """Return what gives rows of ``Z @ coefs`` without their weights; (p, K)."""


class SharesColumns(Design, Protocol):
    """A dense design whose columns several paths may read side by side.

    See `regkit.solvers.folds.lockstep.share_columns`.
    """

    @property
    def transposed(self) -> NDArray[Any]:
        """X's columns as rows."""

    @property
    def weights(self) -> Floats:
        """The rows' weights p, which sum to 1."""

    def learn_moments(self, center: Floats, shift: Floats, square: Floats) -> None:
        """Take the means and variances from moments about ``center``."""


class RowDesign(Design, Protocol):
    """A design of rows of X that are held in memory."""

    @property
    def weights(self) -> Floats:
        """The rows' weights p, which sum to 1, shape (n_samples,)."""

    @property
    def shared_columns(self) -> SharesColumns | None:
        """The design as one whose columns paths can share, or None."""

    def reweighted(self, sample_weight: Floats) -> Self:
        """Return the design of the same X, which it shares, with other weights."""

    def weighted_columns(self, every: bool) -> WeightedColumns:
        """Return an empty store of columns, for row weights that change.

        ``every``: all columns will be taken in, in their order.
        """

    def correlate_together(
        self, designs: Sequence[Self], residuals: Sequence[Floats], columns: Indices
    ) -> Floats:
        """Return one row of correlations per design and residual, from one read of X.

        ``designs`` are the design itself or ones that it has `reweighted`.
        """

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
