"""Folds of a loss side by side, against an outside certificate."""

import numpy as np
import pytest

from regkit.designs import make_design
from regkit.solvers.folds import loss_lockstep
from regkit.solvers.folds.loss_lockstep import can_share, solve_folds
from regkit.solvers.losses import (
    GAMMA,
    HINGE,
    LOGISTIC,
    POISSON,
    SQUARED_HINGE,
    tweedie,
)
from regkit.solvers.problem import Penalty
from regkit.solvers.solve_loss import loss_alpha_grid
from tests.loss_certificate import certify_loss

LOSSES = {
    loss.name: loss for loss in (LOGISTIC, POISSON, GAMMA, tweedie(1.5), SQUARED_HINGE)
}
TOL = 1e-9


def table(name):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(160, 12)) * rng.uniform(0.5, 2.0, size=12) + 1.0
    eta = (X - 1.0)[:, :4] @ np.array([0.6, -0.4, 0.3, 0.2])
    if name == "squared hinge":
        return X, np.sign(eta + 0.5 * rng.normal(size=160))
    if name == "logistic":
        return X, (rng.random(160) < 1 / (1 + np.exp(-eta))).astype(float)
    y = rng.poisson(np.exp(eta)).astype(float)
    return X, y + 0.5 if name == "Gamma" else y


def weights_of_folds():
    """All rows, three folds, one with weights of its own, a few rows alone."""
    found = [np.ones(160)]
    for k in range(3):
        weight = np.ones(160)
        weight[k::3] = 0.0
        found.append(weight)
    found[2] *= np.where(np.arange(160) % 2, 1.5, 0.5)
    few = np.zeros(160)
    few[:60] = 1.0
    return [*found, few]


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("name", LOSSES)
def test_every_path_is_optimal(name, standardize, fit_intercept):
    X, y = table(name)
    options = {"standardize": standardize, "fit_intercept": fit_intercept}
    whole = make_design(np.asfortranarray(X), **options)
    upper = np.full(12, np.inf)
    upper[0] = 0.2
    factor = np.linspace(0.5, 1.5, 12)
    factor[5] = np.inf
    penalty = Penalty.build(12, 0.8, factor, -np.inf, upper)
    offset = np.linspace(-0.1, 0.1, 160)
    alphas = loss_alpha_grid(whole, LOSSES[name], y, penalty, 12, 0.005, offset=offset)
    weights = weights_of_folds()
    designs = [whole, *map(whole.reweighted, weights[1:])]
    paths = solve_folds(
        designs,
        LOSSES[name],
        y,
        penalty,
        alphas,
        offset=offset,
        tol=TOL,
        max_iter=100,
    )
    for weight, path in zip(weights, paths, strict=True):
        assert path.converged.all()
        np.testing.assert_array_equal(path.alphas, alphas)
        coefs = path.columns()
        assert np.count_nonzero(coefs[:, -1]) > 3
        for k, alpha in enumerate(alphas):
            certificate = certify_loss(
                name.lower().replace(" ", "_"),
                X,
                y,
                coefs[:, k],
                path.intercepts[k],
                alpha=alpha,
                l1_ratio=0.8,
                penalty_factor=factor,
                bounds=(penalty.lower, penalty.upper),
                offset=offset,
                sample_weight=weight,
                **options,
            )
            reported = path.dual_gaps[k] / path.null_objectives[k]
            assert certificate.relative_gap <= reported * (1 + 1e-6) + 1e-14


def take_in(monkeypatch, few_columns):
    monkeypatch.setattr(loss_lockstep, "_FEW_COLUMNS", few_columns)
    monkeypatch.setattr(loss_lockstep, "_NEARLY_ALL", np.inf)


@pytest.mark.parametrize("few_columns", [0, 64])
@pytest.mark.parametrize("is_sorted", [True, False])
@pytest.mark.parametrize("name", ["logistic", "Poisson", "squared hinge"])
def test_rows_that_only_one_fold_lacks(monkeypatch, name, is_sorted, few_columns):
    take_in(monkeypatch, few_columns)
    X, y = table(name)
    whole = make_design(np.asfortranarray(X), standardize=True)
    penalty = Penalty.build(12)
    alphas = loss_alpha_grid(whole, LOSSES[name], y, penalty, 10, 0.01)
    fold = np.arange(160) * 3 // 160 if is_sorted else np.arange(160) % 3
    weights = [np.ones(160), *((fold != k).astype(float) for k in range(3))]
    weights[1] *= np.where(np.arange(160) % 2, 1.5, 0.5)
    designs = [whole, *map(whole.reweighted, weights[1:])]
    options = {"offset": None, "tol": TOL, "max_iter": 100}
    paths = solve_folds(designs, LOSSES[name], y, penalty, alphas, **options)
    for weight, path in zip(weights, paths, strict=True):
        assert path.converged.all()
        for k in (4, 9):
            found = certify_loss(
                name.lower().replace(" ", "_"),
                X,
                y,
                path.columns()[:, k],
                path.intercepts[k],
                alpha=alphas[k],
                sample_weight=weight,
                standardize=True,
            )
            reported = path.dual_gaps[k] / path.null_objectives[k]
            assert found.relative_gap <= reported * (1 + 1e-6) + 1e-14
    eta = X @ paths[0].columns() + paths[0].intercepts
    share = np.full(160, 1 / 160)
    deviances = [LOSSES[name].deviance(y, share, z.copy()) for z in eta.T]
    explained = 1.0 - np.array(deviances) / paths[0].null_objectives
    np.testing.assert_allclose(paths[0].explained(), explained, atol=1e-10)


@pytest.mark.parametrize("few_columns", [0, 64])
def test_what_is_not_plain_is_solved_alone(monkeypatch, few_columns):
    take_in(monkeypatch, few_columns)
    X, y = table("logistic")
    whole = make_design(np.asfortranarray(X))
    penalty = Penalty.build(12)
    alphas = loss_alpha_grid(whole, LOGISTIC, y, penalty, 8, 0.01)
    kernels = loss_lockstep.loss_rounds
    plain, n_calls = kernels.descend, [0]

    def descend(*arguments):
        result = plain(*arguments)
        alphas, answers = arguments[4:6]
        if result[0] < len(alphas):
            # At every 4th call that does not come to the end one problem fails.
            n_calls[0] += 1
            if n_calls[0] % 4 == 3:
                at = n_calls[0] // 4 % len(answers)
                answers[at] = loss_lockstep.loss_together.FAILED
        return result

    designs = [whole, *map(whole.reweighted, weights_of_folds()[1:])]
    found = []
    for function in (plain, descend):
        monkeypatch.setattr(kernels, "descend", function)
        found.append(
            solve_folds(
                designs,
                LOGISTIC,
                y,
                penalty,
                alphas,
                offset=None,
                tol=1e-13,
                max_iter=100,
            )
        )
    assert n_calls[0] > 3
    for one, other in zip(*found, strict=True):
        assert one.converged.all()
        assert other.converged.all()
        np.testing.assert_allclose(one.columns(), other.columns(), atol=1e-5)


def test_folds_follow_in_fewer_steps():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(500, 3))
    y = (rng.random(500) < 1 / (1 + np.exp(-X[:, 0]))).astype(float)
    whole, penalty = make_design(np.asfortranarray(X)), Penalty.build(3)
    alphas = loss_alpha_grid(whole, LOGISTIC, y, penalty, 30, 0.1)
    weights = [(np.arange(500) % 5 != k).astype(float) for k in range(2)]
    designs = [whole, *map(whole.reweighted, weights)]
    options = {"offset": None, "tol": 1e-8, "max_iter": 9}
    paths = solve_folds(designs, LOGISTIC, y, penalty, alphas, **options)
    assert all(path.converged.all() for path in paths)
    n_steps = [path.n_iters.sum() for path in paths]
    assert max(n_steps[1:]) < 0.8 * n_steps[0]


def test_tall_problems_are_solved_side_by_side():
    tall = make_design(np.zeros((6000, 100)))
    penalty = Penalty.build(100)
    assert can_share(tall, LOGISTIC, penalty)
    assert can_share(tall, SQUARED_HINGE, penalty)
    assert not can_share(tall, HINGE, penalty)
    assert not can_share(tall, LOGISTIC, Penalty.build(100, 0.0))
    assert not can_share(make_design(np.zeros((60, 10))), LOGISTIC, penalty)


def test_alphas_may_begin_far_below_the_largest():
    """Some problems are then near enough to begin with, and others are not."""
    X, y = table("squared hinge")
    X[:, 0] *= np.where(np.arange(160) < 60, 0.01, 3.0)
    whole, penalty = make_design(np.asfortranarray(X)), Penalty.build(12)
    weights = [np.ones(160), (np.arange(160) < 60).astype(float)]
    designs = [whole, whole.reweighted(weights[1])]
    tops = [loss_alpha_grid(d, SQUARED_HINGE, y, penalty, 2, 0.1)[0] for d in designs]
    assert max(tops) > 1.5 * min(tops)
    first = 0.29 * max(tops)
    alphas = np.geomspace(first, 0.01 * first, 6)
    options = {"offset": None, "tol": TOL, "max_iter": 100}
    paths = solve_folds(designs, SQUARED_HINGE, y, penalty, alphas, **options)
    for weight, path in zip(weights, paths, strict=True):
        assert path.converged.all()
        for k, alpha in enumerate(alphas):
            coef, level = path.columns()[:, k], path.intercepts[k]
            found = certify_loss(
                "squared_hinge", X, y, coef, level, alpha=alpha, sample_weight=weight
            )
            reported = path.dual_gaps[k] / path.null_objectives[k]
            assert found.relative_gap <= reported * (1 + 1e-6) + 1e-14


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_gram_matrices_that_lose_a_rare_column(fit_intercept):
    """Most rows of such a column leave at once, and others stay side by side."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(457, 26)) * (rng.random((457, 26)) < 0.1)
    X[:3] *= 10.0
    y = np.sign(X[:, :3].sum(axis=1) + rng.normal(size=457))
    whole = make_design(np.asfortranarray(X), fit_intercept=fit_intercept)
    penalty = Penalty.build(26)
    alphas = loss_alpha_grid(whole, SQUARED_HINGE, y, penalty, 5, 0.01)
    weights = [np.ones(457), *((np.arange(457) % 3 != k) * 1.0 for k in range(3))]
    designs = [whole, *map(whole.reweighted, weights[1:])]
    options = {"offset": None, "tol": TOL, "max_iter": 100}
    paths = solve_folds(designs, SQUARED_HINGE, y, penalty, alphas, **options)
    for weight, path in zip(weights, paths, strict=True):
        assert path.converged.all()
        for k, alpha in enumerate(alphas):
            found = certify_loss(
                "squared_hinge",
                X,
                y,
                path.columns()[:, k],
                path.intercepts[k],
                alpha=alpha,
                sample_weight=weight,
                fit_intercept=fit_intercept,
            )
            reported = path.dual_gaps[k] / path.null_objectives[k]
            assert found.relative_gap <= reported * (1 + 1e-6) + 1e-14
