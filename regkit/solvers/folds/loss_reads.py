"""Folds of a loss on wide X: paths of their own, which share what takes longest.

That is to read all columns of X. Every path goes on by itself until it asks for the
products of them all; when each has come to that point, one read answers all.
"""

from collections.abc import Sequence

import numpy as np

from regkit._types import Floats
from regkit.designs import RowDesign
from regkit.parallel.threads import map_in_threads
from regkit.solvers.losses import overflowing
from regkit.solvers.paths.newton_walk import few_blas_threads
from regkit.solvers.paths.quickest import LossWalk
from regkit.solvers.paths.screening import Answer, Request
from regkit.solvers.paths.walk import Asking
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult

# With fewer entries X stays in cache, and is read again at no cost.
_FEWEST_ENTRIES = 1 << 20


def can_share_reads(design: RowDesign, penalty: Penalty) -> bool:
    """Whether reads of all columns take long, and paths ask for them."""
    n_entries = design.n_samples * design.n_features
    is_slow = not design.is_sparse and n_entries >= _FEWEST_ENTRIES
    return is_slow and penalty.l1_ratio > 0.0


def solve_by_shared_reads(
    designs: Sequence[RowDesign],
    walk: LossWalk,
    penalty: Penalty,
    alphas: Floats,
    n_threads: int,
) -> list[PathResult]:
    """Solve the path on each of ``designs``; the first has reweighted the others."""
    whole = designs[0]
    every = np.arange(whole.n_features)
    paths = [walk.asking(design, penalty, alphas) for design in designs]
    found: dict[int, PathResult] = {}

    def go_on(at: tuple[int, Answer | None]) -> Request | None:
        k, answer = at
        with overflowing():  # a thread's own state
            try:
                return _next_of_all(paths[k], designs[k], answer)
            except StopIteration as end:
                found[k] = end.value
                return None

    answers: list[tuple[int, Answer | None]] = [(k, None) for k in range(len(paths))]
    with few_blas_threads(whole):
        while answers:
            requests = map_in_threads(go_on, answers, n_threads)
            asked = [
                (k, request.residual)
                for (k, _), request in zip(answers, requests, strict=True)
                if request is not None
            ]
            answers = []
            if asked:
                products = whole.correlate_together(
                    [designs[k] for k, _ in asked], [r for _, r in asked], every
                )
                answers = [
                    (k, Answer(every, row))
                    for (k, _), row in zip(asked, products, strict=True)
                ]
    return [found[k] for k in range(len(paths))]


def _next_of_all(
    path: Asking[PathResult], design: RowDesign, answer: Answer | None
) -> Request:
    """Go on until all columns are asked for."""
    request = next(path) if answer is None else path.send(answer)
    while len(request.columns) < design.n_features:
        columns = request.columns
        found = design.correlate_columns(request.residual, columns)
        request = path.send(Answer(columns, found))
    return request
