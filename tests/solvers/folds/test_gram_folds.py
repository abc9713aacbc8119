"""Folds solved by sums over rows: the same as by their rows, or not at all."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from regkit.designs import make_design
from regkit.solvers.folds.fold import Fold
from regkit.solvers.folds.gram_folds import FoldMoments
from regkit.solvers.folds.in_memory import FoldedDesign, PathSettings, PathTask
from regkit.solvers.problem import Penalty
from regkit.solvers.solve import solve_path

N, P = 60, 7


def rows_of(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, P)) * np.array([1.0, 20.0, 0.2, 1.0, 1.0, 1.0, 1.0]) + 3.0
    X[:, -1] = 5.0
    return X, X[:, :3] @ np.array([1.0, -0.1, 4.0]) + rng.normal(size=N) + 100.0


def split(n_folds=4):
    parts = np.array_split(np.random.default_rng(1).permutation(N), n_folds)
    every = np.arange(N)
    return [Fold(np.setdiff1d(every, part), np.sort(part)) for part in parts]


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("options", [(True, False), (True, True), (False, False)])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_paths_are_those_of_the_training_rows(is_sparse, options, weighted):
    X, y = rows_of()
    weight = None
    if weighted:
        weight = np.random.default_rng(2).uniform(size=N)
        weight[:5] = 0.0
    folds, penalty = split(), Penalty.build(P, 0.8)
    design = make_design(sp.csc_array(X) if is_sparse else X, weight, *options)
    moments = FoldMoments(design, y, weight, folds)
    alphas = np.geomspace(5.0, 1e-3, 20)
    folded = FoldedDesign(design, y, weight, folds)
    found = folded.solve(PathTask(penalty, alphas, PathSettings()))
    for k, fold in enumerate(folds):
        own = None if weight is None else weight[fold.train]
        alone = make_design(X[fold.train], own, *options)
        expected = solve_path(alone, y[fold.train], penalty, alphas)
        terms = moments.gram_terms(k)
        assert terms is not None
        assert terms.max_rank == alone.max_rank
        np.testing.assert_allclose(terms.scale, alone.scale, rtol=1e-12)
        np.testing.assert_array_equal(terms.constant, alone.constant)
        scale = np.abs(expected.columns()).max()
        np.testing.assert_allclose(
            found.folds[k].columns(), expected.columns(), atol=1e-11 * scale
        )
        np.testing.assert_allclose(
            found.folds[k].null_objectives, expected.null_objectives, rtol=1e-11
        )
        residual = y[fold.test, None] - expected.intercepts
        residual -= X[fold.test] @ expected.columns()
        held_out = np.ones(len(fold.test)) if weight is None else weight[fold.test]
        mean = held_out @ residual**2 / held_out.sum()
        np.testing.assert_allclose(found.errors[:, k], mean, rtol=1e-9)


def lost_column(X, y, rows):
    X[:, 0] = 1.0
    X[rows, 0] = np.arange(len(rows))  # constant on all other rows


def lost_target(X, y, rows):
    y[rows] += 1e9


@pytest.mark.parametrize("lose", [lost_column, lost_target])
def test_a_fold_whose_digits_the_others_hold_is_solved_by_its_rows(lose):
    X, y = rows_of()
    folds = split()
    lose(X, y, folds[0].test)
    design = make_design(X)
    terms = [FoldMoments(design, y, None, folds).gram_terms(k) for k in range(2)]
    assert terms[0] is None
    assert terms[1] is not None
    task = PathTask(Penalty.build(P), np.geomspace(5.0, 1e-2, 10), PathSettings())
    found = FoldedDesign(design, y, None, folds).solve(task)
    train = folds[0].train
    expected = solve_path(make_design(X[train]), y[train], task.penalty, task.alphas)
    np.testing.assert_allclose(
        found.folds[0].columns(), expected.columns(), rtol=1e-9, atol=1e-12
    )


def test_least_squares_at_the_end_of_a_path_takes_the_rows():
    X, y = rows_of()
    design, folds = make_design(X), split()
    task = PathTask(Penalty.build(P), np.array([1.0, 0.1, 0.0]), PathSettings())
    found = FoldedDesign(design, y, None, folds).solve(task)
    for fold, path in zip(folds, found.folds, strict=True):
        A = np.column_stack([np.ones(len(fold.train)), X[fold.train, :-1]])
        exact = np.linalg.lstsq(A, y[fold.train], rcond=None)[0]
        np.testing.assert_allclose(path.columns()[:-1, -1], exact[1:], rtol=1e-9)


def test_errors_of_coefficients_that_cancel_each_other_come_from_the_rows():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(N, 1)) + 1e-6 * rng.normal(size=(N, P))
    y = 1e-2 * rng.normal(size=N)
    folds, design = split(), make_design(X)
    sums = FoldMoments(design, y, None, folds)
    found = sums.held_out_errors(0, at_zero(design, y, [1e4, -1e4]))
    assert found is not None
    assert np.isnan(found).all()
    path = at_zero(design, y, [1.0, -1.0])
    found = sums.held_out_errors(0, path)
    expected = np.mean((y - X[:, 0] + X[:, 1])[folds[0].test] ** 2)
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def at_zero(design, y, first):
    """Return a path of one solution, through the origin."""
    path = solve_path(design, y, Penalty.build(P), np.ones(1))
    coefs = np.zeros((P, 1))
    coefs[: len(first), 0] = first
    return replace(path, coefs=sp.csc_array(coefs), intercepts=np.zeros(1))


def test_errors_are_right_in_whatever_order_columns_enter_and_leave():
    rng = np.random.default_rng(5)
    p, n_alphas = 150, 9  # three blocks of products
    X, y = rng.normal(size=(400, p)), rng.normal(size=400)
    coefs = rng.normal(size=(p, n_alphas)) * (rng.random((p, n_alphas)) < 0.3)
    coefs[:, [0, 4]] = coefs[140:] = 0.0
    parts = np.array_split(rng.permutation(400), 3)
    folds = [Fold(np.setdiff1d(np.arange(400), part), part) for part in parts]
    design = make_design(X + 2.0)
    sums = FoldMoments(design, y, None, folds)
    path = solve_path(design, y, Penalty.build(p), np.geomspace(1.0, 0.1, n_alphas))
    path = replace(path, coefs=sp.csc_array(coefs))
    for k, part in enumerate(parts):
        residual = y[part, None] - path.intercepts - (X[part] + 2.0) @ coefs
        found = sums.held_out_errors(k, path)
        np.testing.assert_allclose(found, np.mean(residual**2, axis=0), rtol=1e-12)
