"""Newton's method over columns that fit into cache: compiled as a whole.

There the calls from Python take longer than the work. The kernel hands back whatever
is not plain, and `newton_steps` goes on from the same state. Of more columns it takes
the steps, and BLAS forms the Gram matrices.
"""

from typing import NamedTuple

import numpy as np

from regkit._types import Floats, Indices
from regkit.kernels.linear import loss_model, loss_walk
from regkit.kernels.linear.loss_steps import LossRows
from regkit.solvers.losses import overflowing
from regkit.solvers.paths.newton_sweeps import SweptSteps
from regkit.solvers.paths.walk import Asking

# Multiplications of a Gram matrix up to which BLAS gains less than Python loses.
_FEW_PRODUCTS = 1 << 23
# Entries of a working set up to which the kernel takes the steps.
_FEW_ENTRIES = 1 << 20
# What a Gram matrix by BLAS takes beside one by the kernel.
_BLAS_PRICE = 0.27
# With more columns than this beside twice the active ones the model is pruned first.
_FEW_IDLE = 64
_NOWHERE = np.empty((0, 0))


class Solved(NamedTuple):
    """Solutions at some alphas, in the units of the design's columns."""

    columns: Indices
    """The working set, ascending."""
    coefs: Floats
    """(K, columns)."""
    found: Floats
    """(K, 4): intercepts, gaps, numbers of steps and deviances."""


class CompiledSteps(SweptSteps):
    """Newton's steps, compiled where that pays."""

    # Whether the kernel has handed back where a Gram matrix is to be formed.
    _wants_gram = False

    def _is_compiled(self) -> bool:
        """Whether the present working set is one for the kernel."""
        size, entries = self._model.size, self._model.entries
        if entries is None or size == 0:
            return False
        return self._has_kernel and (
            self._has_few_products(size) or len(self.eta) * size <= _FEW_ENTRIES
        )

    @property
    def _has_kernel(self) -> bool:
        """Whether there is a kernel for the loss."""
        return self._loss.elementwise is not None and self._damping == 0.0

    def _has_few_products(self, size: int) -> bool:
        """Whether the kernel forms the Gram matrix of so many columns, too."""
        return self._has_kernel and len(self.eta) * size**2 <= _FEW_PRODUCTS

    def _solve(self, alpha: float, max_iter: int = 1000) -> int:
        if not self._is_compiled():
            return super()._solve(alpha, max_iter)
        self._prune(alpha)
        model, n_iter, is_plain = self._model, 0, False
        while n_iter < max_iter:
            _, n_steps, is_plain = self._walk(
                np.array([alpha]), _NOWHERE, _NOWHERE, max_iter - n_iter
            )
            n_iter += n_steps
            if not self._wants_gram:
                break
            self._form(alpha)
        if not is_plain and n_iter < max_iter:
            n_iter += self._take_steps(alpha, max_iter - n_iter)
        self.coef[model.columns] = model.coef
        return n_iter

    def _prune(self, alpha: float) -> None:
        """Form the model anew without idle columns, where those are many."""
        model = self._model
        if model.size == len(self.coef) and self._takes_all:
            return
        if not self._has_few_products(model.size):
            return  # the kernel asks for it
        if model.size > 2 * model.n_active + _FEW_IDLE:
            self._form(alpha)

    def run(self, alphas: Floats) -> Asking[Solved | None]:
        """Solve for the first of decreasing alphas, as many as go without Python."""
        yield from ()  # of all columns in the working set nothing is asked
        if self._model.size < len(self.coef) or not self._may_run():
            return None
        solved = self._run(alphas, _NOWHERE)
        return solved if len(solved.found) else None

    def _may_run(self) -> bool:
        """Whether solutions over the working set may be found by one call."""
        if self._certificate.loss is not self._loss or self.null_deviance == 0.0:
            return False
        return self._is_compiled()

    def _run(self, alphas: Floats, duals: Floats) -> Solved:
        """Solve over the working set for as many alphas as go without Python."""
        columns = self._model.columns
        coefs, found = np.empty((len(alphas), len(columns))), np.empty((len(alphas), 4))
        done, _, is_plain = self._walk(alphas, coefs, found, self._max_iter, duals)
        if done < len(alphas) and not is_plain:
            self._n_solves = 0
        if done:
            self.coef[columns] = coefs[done - 1]
            self.gap = float(found[done - 1, 1])
        found = found[:done]
        found[:, 3] = np.maximum(0.0, found[:, 3] - self._least_value)
        order = np.argsort(columns)
        return Solved(columns[order], coefs[:done, order], found)

    def _kernel_rows(self, weight: Floats) -> LossRows:
        """Return the rows as kernels take them; ``weight`` is that of the model."""
        loss, n = self._loss.elementwise, len(weight)
        assert loss is not None
        return LossRows(
            loss.code,
            loss.power,
            self._y.copy(),
            self._share.copy(),
            weight,
            self.eta.copy(),
            self._dual.copy(),
            np.zeros(n),
            np.zeros(n),
            np.zeros(n),
            self._residual.copy(),
            self._curvature.copy(),
        )

    def _kernel_settings(
        self, max_iter: int, price: float, forms: bool = True
    ) -> loss_model.Settings:
        """Return what stays the same while a kernel goes on."""
        loss = self._loss
        return loss_model.Settings(
            self._design.fit_intercept,
            self.penalty.is_ridged,
            loss.is_smooth,
            loss.curvature_bound,
            self._goal,
            self.null_deviance,
            max_iter,
            price,
            forms,
        )

    def _walk(
        self,
        alphas: Floats,
        coefs: Floats,
        found: Floats,
        max_iter: int,
        duals: Floats = _NOWHERE,
    ) -> tuple[int, int, bool]:
        """Call the kernel, and take over the state that it leaves."""
        model, has_model = self._model, len(self._weight) > 0
        weight = self._weight.copy() if has_model else np.zeros(len(self.eta))
        rows = self._kernel_rows(weight)
        figures = np.zeros(loss_model.N_FIGURES)
        figures[loss_model.INTERCEPT] = self.intercept
        figures[loss_model.CONTRACTION] = self._contraction
        figures[loss_model.DIVERGENCE] = self._divergence
        figures[loss_model.ALPHA] = self.alpha
        figures[loss_model.N_SOLVES] = self._n_solves
        figures[loss_model.HAS_MODEL] = has_model
        figures[loss_model.MAY_EXTRAPOLATE] = self._may_extrapolate
        figures[loss_model.IS_EXACT] = self._is_exact
        settled = self._settled_curvature.copy()
        working = model.working(figures, self._since.copy(), settled)
        forms = self._has_few_products(model.size)
        price = 1.0 if forms else _BLAS_PRICE
        settings = self._kernel_settings(max_iter, price, forms)
        with overflowing():
            done = loss_walk.walk(
                rows, working, model.size, settings, alphas, coefs, found, duals
            )
        if figures[loss_model.HAS_MODEL]:
            self._weight = rows.weight
            model.resume(working, self._share * rows.weight)
        self.eta, self._dual = rows.eta, rows.dual
        self._residual, self._curvature = rows.residual, rows.curvature
        self._since, self._settled_curvature = working.since, working.settled
        self._products = None
        self.intercept = float(figures[loss_model.INTERCEPT])
        self._contraction = float(figures[loss_model.CONTRACTION])
        self._divergence = float(figures[loss_model.DIVERGENCE])
        self._n_solves = int(figures[loss_model.N_SOLVES])
        self._may_extrapolate = bool(figures[loss_model.MAY_EXTRAPOLATE])
        self._is_exact = bool(figures[loss_model.IS_EXACT])
        self._wants_gram = bool(figures[loss_model.WANTS_GRAM])
        self.alpha = float(figures[loss_model.ALPHA])
        return done
