"""Paths on several designs of one X, side by side: a read of X serves them all.

Each path runs until it needs correlations. When all have come to that point, one pass
over the columns that any of them asked for answers all, each in its own weights,
centering and scale. Between the passes the paths go on in threads of their own.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from time import perf_counter

import numpy as np

from regkit._types import Floats
from regkit.designs import RowDesign
from regkit.parallel.threads import map_in_threads, one_blas_thread
from regkit.solvers.paths.screening import Answer, Request
from regkit.solvers.paths.walk import Asking, ScreenedPath
from regkit.solvers.problem import Penalty, scale_problem
from regkit.solvers.results import PathResult, Solved, as_result

# Seconds that a path works between two requests from which on threads are worth while:
# below, they would wait for each other's turn in Python.
_WORTHWHILE = 6e-4


def solve_together(
    whole: RowDesign,
    designs: Sequence[RowDesign],
    y: Floats,
    penalty: Penalty,
    alphas: Floats,
    n_threads: int,
    *,
    tol: float,
    max_iter: int,
    solver: str,
) -> list[PathResult]:
    """Solve the path on each of ``designs``, which ``whole`` has reweighted."""
    side_by_side = one_blas_thread() if n_threads > 1 else nullcontext()
    with side_by_side:
        # What every design has to know of its columns takes a read of its own.
        problems = map_in_threads(
            lambda design: scale_problem(design, y, penalty), designs, n_threads
        )
        products = whole.correlate_together(
            designs, [p.target for p in problems], np.arange(whole.n_features)
        )
        walks = [
            ScreenedPath(d, p, found, tol=tol, max_iter=max_iter, solver=solver)
            for d, p, found in zip(designs, problems, products, strict=True)
        ]
        solved = _serve(whole, designs, walks, alphas, n_threads)
    return [
        as_result(design, penalty, problem, alphas, found, tol)
        for design, problem, found in zip(designs, problems, solved, strict=True)
    ]


def _serve(
    whole: RowDesign,
    designs: Sequence[RowDesign],
    walks: Sequence[ScreenedPath],
    alphas: Floats,
    n_threads: int,
) -> list[Solved]:
    """Bring every path to its end."""
    paths = [_path(walk, alphas) for walk in walks]
    found: dict[int, Solved] = {}

    def go_on(at: tuple[int, Answer | None]) -> Request | None:
        k, answer = at
        with np.errstate(over="ignore", invalid="ignore"):  # a thread's own state
            try:
                return next(paths[k]) if answer is None else paths[k].send(answer)
            except StopIteration as end:
                found[k] = end.value
                return None

    answers: list[tuple[int, Answer | None]] = [(k, None) for k in range(len(paths))]
    at_a_time = 1
    while answers:
        start = perf_counter()
        requests = map_in_threads(go_on, answers, at_a_time)
        took = at_a_time * (perf_counter() - start) / len(answers)
        at_a_time = n_threads if took > _WORTHWHILE else 1
        asked = [
            (k, request)
            for (k, _), request in zip(answers, requests, strict=True)
            if request is not None
        ]
        answers = _answer(whole, designs, asked)
    return [found[k] for k in range(len(paths))]


def _path(walk: ScreenedPath, alphas: Floats) -> Asking[Solved]:
    yield from walk.start()
    return (yield from walk.down(alphas, len(walk.coef)))


def _answer(
    whole: RowDesign, designs: Sequence[RowDesign], asked: Sequence[tuple[int, Request]]
) -> list[tuple[int, Answer | None]]:
    """Answer all requests by one pass over the columns that any of them names."""
    is_asked = np.zeros(whole.n_features, dtype=np.bool_)
    for _, request in asked:
        is_asked[request.columns] = True
    columns = np.flatnonzero(is_asked)
    if not asked:
        return []
    found = whole.correlate_together(
        [designs[k] for k, _ in asked], [r.residual for _, r in asked], columns
    )
    return [(k, Answer(columns, row)) for (k, _), row in zip(asked, found, strict=True)]
