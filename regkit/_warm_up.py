"""Compile all kernels, in several processes, so that no later fit waits for them."""

import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from itertools import product
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.base import is_classifier

import regkit
from regkit.designs import make_design
from regkit.designs.sparse import SparseDesign
from regkit.kernels._shipped import n_shipped
from regkit.kernels.entrances import compiled_and_found, where_kept
from regkit.kernels.record import n_kept, remember
from regkit.solvers.folds.loss_lockstep import solve_folds
from regkit.solvers.losses import LOGISTIC
from regkit.solvers.problem import Penalty
from regkit.solvers.solve_loss import loss_alpha_grid

_N_ROWS = 24
# Columns: fewer than rows, more, and too many for a complete Gram matrix.
_WIDTHS = (6, 40, 510)
_BOTH_ORDERS = 2  # the first forms of X; the others differ in the indices alone
_FEW = 12  # options of a parameter; scikit-learn's scorers are more


def _with_long_indices(X: Any) -> Any:
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


_FORMS: dict[str, tuple[Callable[[Any], Any], ...]] = {
    "dense": (np.ascontiguousarray, np.asfortranarray),
    "sparse": (
        sp.csr_array,
        sp.csc_array,
        lambda X: _with_long_indices(sp.csr_array(X)),
        lambda X: _with_long_indices(sp.csc_array(X)),
    ),
}


class Task(NamedTuple):
    """What one process compiles: all that an estimator needs for one kind of table."""

    estimator: str
    form: str  # "dense" or "sparse"
    dtype: str

    def __str__(self) -> str:
        return f"{self.estimator}, {self.form} {self.dtype}"


class Report(NamedTuple):
    """What `warm_up` did."""

    n_compiled: int
    n_found: int
    kept_in: str | None  # a folder; None if there is none that can be written

    def __str__(self) -> str:
        done = f"{self.n_compiled} kernels compiled, {self.n_found} were already"
        return f"{done}: {self.kept_in}" if self.n_compiled else done


def tasks() -> list[Task]:
    """Return all tasks; those that are likely to take longest come first."""
    names = [name for name in regkit.__all__ if _can_be_made(getattr(regkit, name))]
    names.sort(key=lambda name: not _is_network(getattr(regkit, name)))
    return [
        Task(name, form, dtype)
        for dtype in ("float64", "float32")
        for form in _FORMS
        for name in names
    ]


def warm_up(progress: Callable[[str], None], n_processes: int | None = None) -> Report:
    """Compile every kernel that is not compiled yet.

    What came with the installation, or was done before and is still there, is not done
    again.

    Parameters
    ----------
    progress : callable
        Called with what is going on whenever that changes.
    n_processes : int, default=None
        By default, as many as there are processors.

    Returns
    -------
    report : Report
    """
    todo = tasks()
    n_known = n_shipped() or n_kept(todo)
    if n_known:
        return Report(0, n_known, None)
    if where_kept() is None:
        return Report(0, 0, None)
    n_processes = min(n_processes or os.cpu_count() or 1, len(todo))
    compiled: set[str] = set()
    found: set[str] = set()
    kept_in: str | None = None
    with ProcessPoolExecutor(n_processes, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(carry_out, task) for task in todo]
        for done, future in enumerate(as_completed(waiting)):
            progress(f"compiling kernels: {done} of {len(todo)} steps done")
            new, old, kept_in = future.result()
            compiled |= new
            found |= old
    remember(todo, len(compiled | found), kept_in)
    return Report(len(compiled), len(found - compiled), kept_in)


def carry_out(task: Task) -> tuple[set[str], set[str], str | None]:
    """Fit an estimator in every way that needs kernels of its own.

    Returns
    -------
    compiled, found : set of str
        Kernels, each with the types of its arguments, that this process has compiled,
        and those that it found compiled.
    kept_in : str or None
        The folder that it writes compiled kernels to, None if there is none.
    """
    kind = getattr(regkit, task.estimator)
    widths = _WIDTHS[:1] if _is_network(kind) else _WIDTHS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for width in widths:
            _use_all(kind, task, width)
        if task.form == "sparse":
            _share_reads(task.dtype)
        elif task.estimator == "LogisticClassifierCV":
            _share_products(task.dtype)
    return *compiled_and_found(), where_kept()


def _use_all(kind: Any, task: Task, width: int) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(_N_ROWS, width)).astype(task.dtype)
    targets: list[Any] = [1.0 + rng.poisson(2.0, size=_N_ROWS)]  # suit every loss
    if is_classifier(kind()):
        targets = [np.arange(_N_ROWS) % n_classes for n_classes in (2, 3)]
    weights = rng.uniform(0.5, 2.0, size=_N_ROWS)
    small = _small(kind)
    for k, convert in enumerate(_FORMS[task.form]):
        X = convert(numbers)
        only = None if k < _BOTH_ORDERS else "solver"
        for y, parameters in product(targets, _variations(kind, only)):
            _use(kind(**small | parameters), X, y)
    half = _N_ROWS // 2
    for y in targets:
        _use(kind(**small), X, y, weights)
        _use(kind(**small), regkit.RowChunks([X[:half], X[half:]]), y)


def _share_reads(dtype: str) -> None:
    """Let paths share a read of X, as those of folds do where X is very large."""
    X = sp.csc_array(np.eye(_N_ROWS, 6, dtype=dtype))
    design = SparseDesign(X, None, fit_intercept=True, standardize=False)
    design.correlate_together([design], [np.ones(_N_ROWS)], np.arange(6))


def _share_products(dtype: str) -> None:
    """Let folds of a loss share products, as those of tall tables do."""
    X = np.random.default_rng(0).normal(size=(_N_ROWS, 6)).astype(dtype)
    y: Any = np.arange(_N_ROWS) % 2.0
    design, penalty = make_design(np.asfortranarray(X)), Penalty.build(6)
    alphas = loss_alpha_grid(design, LOGISTIC, y, penalty, 4, 0.5)
    solve_folds(
        [design, design],
        LOGISTIC,
        y,
        penalty,
        alphas,
        offset=None,
        tol=1e-4,
        max_iter=10,
    )


def _can_be_made(kind: Any) -> bool:
    """Whether it is an estimator that needs no arguments."""
    if not hasattr(kind, "_parameter_constraints") or not hasattr(kind, "predict"):
        return False
    with suppress(TypeError):
        kind()
        return True
    return False


def _is_network(kind: Any) -> bool:
    return "hidden_layer_sizes" in kind._parameter_constraints


def _small(kind: Any) -> dict[str, Any]:
    """Return parameters that make a fit short."""
    if _is_network(kind):
        return {"hidden_layer_sizes": (4,), "max_iter": 2, "n_members": 2}
    return {"alphas": 5} if "alphas" in kind._parameter_constraints else {}


def _variations(kind: Any, only: str | None) -> Iterator[dict[str, Any]]:
    """Yield no parameters, then every choice of each one, or of the one called only."""
    yield {}
    for name, allowed in kind._parameter_constraints.items():
        for constraint in allowed if only in (None, name) else ():
            options = getattr(constraint, "options", ())
            if constraint == "boolean":
                options = (False, True)
            if len(options) <= _FEW:
                yield from ({name: option} for option in sorted(options))


def _use(estimator: Any, X: Any, y: Any, weights: Any = None) -> None:
    with suppress(ValueError, TypeError):  # options that do not go together
        estimator.fit(X, y, sample_weight=weights)
        estimator.predict(X)
        if hasattr(estimator, "sample_predictions"):
            estimator.sample_predictions(X, 2)
