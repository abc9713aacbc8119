"""Paths of losses beyond squares against an outside certificate."""

import numpy as np
import pytest
import scipy.sparse as sp

from regkit.designs import make_design
from regkit.solvers.losses import (
    GAMMA,
    LOGISTIC,
    POISSON,
    SQUARED,
    SQUARED_HINGE,
    LossTask,
    tweedie,
)
from regkit.solvers.paths import (
    newton_ahead,
    newton_cg,
    newton_compiled,
    newton_model,
)
from regkit.solvers.paths.newton import NewtonPath
from regkit.solvers.paths.newton_ahead import AheadPath
from regkit.solvers.paths.walk import answered
from regkit.solvers.problem import Penalty
from regkit.solvers.solve_loss import loss_alpha_grid, solve_loss_path
from regkit.solvers.solve_multinomial import solve_multinomial_path
from tests.loss_certificate import certify_loss
from tests.solvers.paths.weighted_designs import stated, take_design_options

LOSSES = {
    loss.name: loss for loss in (LOGISTIC, POISSON, GAMMA, tweedie(1.5), SQUARED_HINGE)
}
FORMS = {"C": np.ascontiguousarray, "F": np.asfortranarray, "sparse": sp.csc_array}
SHAPES = {"all columns": (60, 12), "working set": (30, 130)}
# What rounding leaves of a gap.
ROUNDING = 1e-14

pytestmark = pytest.mark.usefixtures("working_sets_of_few_columns")


def table(name, shape, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=shape) * (rng.random(shape) < 0.7)
    effect = np.array([1.0, -0.8, 0.6, 0.5, -0.5, 0.2])
    eta = X[:, :6] @ effect[: shape[1]]
    if name in ("logistic", "squared hinge"):
        y = (rng.random(len(X)) < 1 / (1 + np.exp(-eta))).astype(float)
        return X, 2 * y - 1 if name == "squared hinge" else y
    y = rng.poisson(np.exp(0.5 * eta)).astype(float)
    return X, y + 0.5 if name == "Gamma" else y


def check(name, X, y, penalty, alphas, *, make=np.asfortranarray, tol=1e-10, **options):
    """Solve; compare the gap that is reported with the certificate's."""
    design_options = take_design_options(options)
    design = make_design(make(X), **design_options)
    found = solve_loss_path(
        design, LOSSES[name], y, penalty, alphas, tol=tol, **options
    )
    assert np.all(found.converged)
    assert len(found.alphas) == len(alphas)
    coefs = found.columns()
    for k, alpha in enumerate(alphas):
        certificate = certify_loss(
            name.lower().replace(" ", "_"),
            X,
            (y > 0).astype(int) if name == "squared hinge" else y,
            coefs[:, k],
            found.intercepts[k],
            alpha=alpha,
            **stated(penalty, options),
            **design_options,
        )
        assert certificate.relative_gap <= tol + ROUNDING
        reported = found.dual_gaps[k] / found.null_objectives[k]
        assert certificate.relative_gap <= reported * (1 + 1e-6) + ROUNDING
    return found


def grid(name, X, y, penalty, n=8, eps=0.02, offset=None, **options):
    design = make_design(np.asfortranarray(X), **options)
    return loss_alpha_grid(design, LOSSES[name], y, penalty, n, eps, offset=offset)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", LOSSES)
def test_path_is_optimal(name, shape, form):
    X, y = table(name, SHAPES[shape])
    for l1_ratio in (1.0, 0.4):
        penalty = Penalty.build(X.shape[1], l1_ratio)
        alphas = grid(name, X, y, penalty)
        found = check(name, X, y, penalty, alphas, make=FORMS[form])
        assert found.coefs[:, [0]].nnz == 0
        assert found.coefs[:, [-1]].nnz > 5


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", LOSSES)
def test_compiled_and_plain_steps_agree(name, shape, monkeypatch):
    X, y = table(name, SHAPES[shape])
    penalty = Penalty.build(X.shape[1], 0.9)
    alphas = np.append(grid(name, X, y, penalty), 1e-4)
    paths = []
    for limit in (newton_compiled._FEW_PRODUCTS, 0):
        monkeypatch.setattr(newton_compiled, "_FEW_PRODUCTS", limit)
        paths.append(check(name, X, y, penalty, alphas, tol=1e-13))
    one, other = (found.columns() for found in paths)
    assert np.abs(one).max() > 0.1
    # The L2 penalty bounds how far gaps let solutions be from the optimum.
    curvature = 0.1 * alphas
    far = sum(np.sqrt(2.0 * found.dual_gaps / curvature) for found in paths)
    assert np.all(np.sqrt(np.sum((one - other) ** 2, axis=0)) <= far + 1e-9)


@pytest.mark.parametrize("name", LOSSES)
def test_small_tables_are_solved_by_one_call(name, monkeypatch):
    X, y = table(name, SHAPES["all columns"])
    penalty = Penalty.build(X.shape[1])
    alphas = grid(name, X, y, penalty)
    calls = []
    walk = newton_compiled.CompiledSteps._walk

    def counted(self, *arguments):
        calls.append(arguments)
        return walk(self, *arguments)

    monkeypatch.setattr(newton_compiled.CompiledSteps, "_walk", counted)
    check(name, X, y, penalty, alphas)
    assert len(calls) == 1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", LOSSES)
def test_factors_bounds_weights_and_offset(name, shape):
    X, y = table(name, SHAPES[shape], seed=1)
    n, p = X.shape
    rng = np.random.default_rng(2)
    factor = rng.choice([0.3, 1.0, 2.0], p)
    factor[[0, 3]] = 0.0
    factor[5] = np.inf
    lower, upper = np.full(p, -np.inf), np.full(p, np.inf)
    lower[1], upper[2], upper[3], lower[7:] = -0.1, 0.2, 0.1, 0.0
    weight = rng.integers(1, 4, n).astype(float)
    options = {"sample_weight": weight, "standardize": True}
    offset = 0.3 * rng.normal(size=n)
    for l1_ratio in (1.0, 0.4):
        penalty = Penalty.build(p, l1_ratio, factor, lower, upper)
        alphas = grid(name, X, y, penalty, offset=offset, **options)
        check(name, X, y, penalty, alphas, offset=offset, **options)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", LOSSES)
def test_without_intercept(name, shape):
    X, y = table(name, SHAPES[shape], seed=3)
    penalty = Penalty.build(X.shape[1], 1.0)
    options = {"fit_intercept": False}
    alphas = grid(name, X, y, penalty, **options)
    found = check(name, X, y, penalty, alphas, **options)
    assert np.all(found.intercepts == 0.0)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_weights_are_repetitions(shape, form):
    X, y = table("logistic", SHAPES[shape], seed=4)
    weight = np.random.default_rng(5).integers(0, 3, len(X)).astype(float)
    repeated = np.repeat(np.arange(len(X)), weight.astype(int))
    penalty = Penalty.build(X.shape[1], 1.0)
    alphas = grid("logistic", X, y, penalty, sample_weight=weight)
    make = FORMS[form]
    once = solve_loss_path(
        make_design(make(X), weight), LOGISTIC, y, penalty, alphas, tol=1e-15
    )
    often = solve_loss_path(
        make_design(make(X[repeated])),
        LOGISTIC,
        y[repeated],
        penalty,
        alphas,
        tol=1e-15,
    )
    np.testing.assert_allclose(
        once.coefs.toarray(), often.coefs.toarray(), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(once.intercepts, often.intercepts, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(once.null_objectives, often.null_objectives, rtol=1e-13)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", LOSSES)
def test_one_alpha_from_afar_and_from_a_start(name, shape):
    X, y = table(name, SHAPES[shape], seed=6)
    penalty = Penalty.build(X.shape[1], 0.9)
    alphas = grid(name, X, y, penalty, n=2, eps=1e-3)
    found = check(name, X, y, penalty, alphas[1:])
    start = found.coefs.toarray().ravel(), found.intercepts[0]
    again = check(name, X, y, penalty, alphas[1:] * 0.99, start=start)
    assert again.n_iters[0] <= found.n_iters[0]
    wild = np.full(X.shape[1], 50.0), -20.0
    check(name, X, y, penalty, alphas[1:], start=wild)


def test_no_penalty_is_newtons_method():
    for name in LOSSES:
        X, y = table(name, (200, 5), seed=7)
        for penalty in (Penalty.build(5, 0.0), Penalty.build(5, 0.0, np.zeros(5))):
            for alpha in (1.0, 1e-3):
                check(name, X, y, penalty, np.array([alpha]))


def test_limit_on_nonzeros_ends_the_path():
    X, y = table("logistic", (60, 12))
    penalty = Penalty.build(12, 1.0)
    alphas = grid("logistic", X, y, penalty, n=20)
    design = make_design(X)
    found = solve_loss_path(design, LOGISTIC, y, penalty, alphas, max_nonzero=4)
    assert 1 < len(found.alphas) < 20
    assert found.coefs[:, [-1]].nnz <= 4


def test_constant_counts_need_no_columns():
    X, _ = table("Poisson", (20, 4))
    penalty = Penalty.build(4, 1.0)
    found = solve_loss_path(
        make_design(X), POISSON, np.full(20, 3.0), penalty, np.array([0.1, 0.0])
    )
    assert found.coefs.nnz == 0
    assert np.all(found.converged)
    np.testing.assert_allclose(found.intercepts, np.log(3.0))


@pytest.mark.parametrize("name", ["logistic", "Poisson"])
def test_one_class_has_no_intercept(name):
    X, _ = table(name, (20, 4))
    penalty = Penalty.build(4, 1.0)
    with pytest.raises(ValueError, match=f"y is 0 in every row .* {name} loss"):
        loss_alpha_grid(make_design(X), LOSSES[name], np.zeros(20), penalty)


@pytest.mark.parametrize("shape", SHAPES)
def test_squares_are_their_own_model(shape):
    """One model per alpha at most, and the answers of the solvers for squares."""
    X, y = table("Poisson", SHAPES[shape])
    weight = np.arange(1.0, len(y) + 1.0)
    design = make_design(np.asfortranarray(X), weight, standardize=True)
    penalty = Penalty.build(X.shape[1], 0.7)
    alphas = loss_alpha_grid(design, SQUARED, y, penalty, 6, 0.05)
    expected = solve_loss_path(design, SQUARED, y, penalty, alphas, tol=1e-12)
    task = LossTask(SQUARED, y, tol=1e-12, max_iter=9)
    walk = NewtonPath(design, task, penalty)
    answered(walk.start(), design)
    assert walk.top == pytest.approx(alphas[0], rel=1e-12)
    for k, alpha in enumerate(alphas):
        answered(walk.step(float(alpha)), design)
        coef = walk.coef / design.scale
        np.testing.assert_allclose(coef, expected.at(k).coefs[:, 0], atol=1e-7)
        assert walk.gap <= 1e-12 * walk.null_deviance
    assert walk.null_deviance == pytest.approx(expected.null_objectives[0], rel=1e-12)


def test_an_offset_is_taken_from_the_target_of_squares():
    X, y = table("Poisson", (60, 12))
    offset = np.linspace(-1.0, 1.0, len(y))
    design, penalty = make_design(np.asfortranarray(X)), Penalty.build(12)
    how = {"offset": offset}
    alphas = loss_alpha_grid(design, SQUARED, y, penalty, 4, 0.1, **how)
    found = solve_loss_path(design, SQUARED, y, penalty, alphas, **how)
    expected = solve_loss_path(design, SQUARED, y - offset, penalty, alphas)
    np.testing.assert_array_equal(found.dense(), expected.dense())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", LOSSES)
def test_wide_ridge_is_solved_in_the_space_of_rows(name, form):
    X, y = table(name, (30, 90), seed=8)
    X[:, 4] = 0.0
    factor = np.random.default_rng(9).choice([0.5, 1.0, 2.0, np.inf], 90)
    weight = np.random.default_rng(10).integers(0, 3, 30).astype(float)
    penalty = Penalty.build(90, 0.0, factor)
    options = {"sample_weight": weight, "standardize": True}
    for fit_intercept in (True, False):
        options["fit_intercept"] = fit_intercept
        found = check(
            name, X, y, penalty, np.array([0.5, 0.02]), make=FORMS[form], **options
        )
        assert found.dense().shape == (2, 90)
        assert np.all(found.dense()[:, np.isinf(factor)] == 0.0)
        assert np.all(found.intercepts == 0.0) == (not fit_intercept)


def test_more_columns_of_classes_than_memory_is_for_are_refused(monkeypatch):
    X, _ = table("logistic", (30, 130))
    y = np.arange(30) % 3
    monkeypatch.setattr(newton_model, "MOST_COLUMNS", 40)
    design, penalty = make_design(X), Penalty.build(130, 0.01)
    solve_multinomial_path(design, y, 3, penalty, np.array([45.0]))
    with pytest.raises(ValueError, match=r"More than 40 coeff.*larger.*l1_ratio=0 has"):
        solve_multinomial_path(design, y, 3, penalty, np.array([0.01]))
    free = Penalty.build(130, 1.0, np.repeat([0.0, 1.0], [20, 110]))
    with pytest.raises(
        ValueError, match=r"^60 coeff.*no penalty.*40 may.*most columns"
    ):
        solve_multinomial_path(design, y, 3, free, np.array([0.01]))
    # Large problems with an L2 penalty alone are solved by products.
    X, y = table("logistic", (60, 130))
    monkeypatch.setattr(newton_cg, "_FEW", 40)
    check("logistic", X, y, Penalty.build(130, 0.0), np.array([0.01]))


@pytest.mark.parametrize("form", FORMS)
def test_two_points_of_one_objective_are_not_gone_to_in_turn(form):
    X = np.array([[-1.0, 1.0], [1.0, 1.0], [-1.0, 1.0], [0.0, -1.0]])
    y, offset = np.array([-1.0, 1.0, -1.0, 1.0]), np.array([-2.0, 4.0, 12.0, -12.0])
    options = {"make": FORMS[form], "offset": offset}
    check("squared hinge", X, y, Penalty.build(2, 0.5), np.zeros(1), **options)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("kinds", "weight", "factor"),
    [
        ([1, 0, 3, 3, 2], [0.77, 1.37, 0.13, 0.31, 0.19], [1.0, 1e-3, 0.0, 1.0]),
        ([0, 3, 2, 3, 1], [0.77, 0.67, 0.30, 0.31, 0.19], [1e-3, 0.0, 1.0, np.inf]),
    ],
)
def test_no_step_along_columns_that_curved_rows_do_not_tell_from_the_intercept(
    kinds, weight, factor, form
):
    """Rounding errors were their pivots: coefficients of 1e16, and a gap of zero."""
    y = np.array([-1.0, 1.0, -1.0, -1.0, -1.0])
    options = {"make": FORMS[form], "sample_weight": np.array(weight)}
    penalty = Penalty.build(4, 0.5, np.array(factor))
    for alpha in (0.1, 0.01):
        found = check(
            "squared hinge",
            np.eye(4)[kinds],
            y,
            penalty,
            np.array([alpha]),
            standardize=True,
            **options,
        )
        assert np.abs(found.dense()).max() < 100.0


def test_columns_enter_in_few_batches_and_hardly_any_in_vain(monkeypatch):
    X, y = table("logistic", (60, 400))
    penalty = Penalty.build(400)
    alphas = grid("logistic", X, y, penalty, n=60)
    batches = []
    add = newton_model.NewtonModel.add

    def counted(model, columns, products):
        batches.append(len(columns))
        add(model, columns, products)

    monkeypatch.setattr(newton_model.NewtonModel, "add", counted)
    found = check("logistic", X, y, penalty, alphas)
    ever = len(np.unique(found.coefs.indices))
    # (By the strong rule alone, 32 batches of 65 columns.)
    assert len(batches) < 20
    assert ever <= sum(batches) < 1.3 * ever


@pytest.mark.parametrize("form", ["C", "F"])
def test_columns_that_rows_of_hardly_any_weight_tell_from_the_intercept(form):
    X = np.zeros((8, 2))
    X[[0, 2, 5], 0] = X[[1, 6], 1] = 1.0
    y = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    weight = np.array([6.8e5, 1.4e-4, 3.2e5, 2.8e-3, 1.6e-2, 4.4e-3, 6.2e3, 7.3e-6])
    options = {"make": FORMS[form], "sample_weight": weight}
    for factor in ([1.0, 0.0], [np.inf, 0.0]):
        penalty = Penalty.build(2, 0.5, np.array(factor))
        check("logistic", X, y, penalty, np.array([0.1]), **options)


@pytest.mark.parametrize(
    ("few_entries", "few_products"),
    [(0, 1 << 23), (1 << 20, 1 << 23), (0, 0)],
    ids=["some columns", "all columns", "Gram matrices by BLAS"],
)
@pytest.mark.parametrize("name", LOSSES)
def test_alphas_ahead_are_kept_as_far_as_they_hold(
    name, few_entries, few_products, monkeypatch
):
    monkeypatch.setattr(newton_ahead, "_FEW_ENTRIES", few_entries)
    monkeypatch.setattr(newton_compiled, "_FEW_PRODUCTS", few_products)
    monkeypatch.setattr(newton_ahead, "_NEARLY", 1.1)
    X, y = table(name, (40, 130), seed=4)
    p = X.shape[1]
    rng = np.random.default_rng(5)
    lower, upper = np.full(p, -np.inf), np.full(p, np.inf)
    lower[::3], upper[1::5] = 0.0, 0.1
    penalty = Penalty.build(p, 0.9, rng.uniform(0.5, 2.0, p), lower, upper)
    options = {"sample_weight": rng.integers(1, 4, len(X)).astype(float)}
    options["offset"] = 0.3 * rng.normal(size=len(X))
    alphas = grid(name, X, y, penalty, n=40, eps=0.05, **options)
    tried, kept = [], []
    run = AheadPath._run_ahead

    def counted(path, some):
        solved = yield from run(path, some)
        tried.append(len(some))
        kept.append(0 if solved is None else len(solved.found))
        return solved

    monkeypatch.setattr(AheadPath, "_run_ahead", counted)
    check(name, X, y, penalty, alphas, **options)
    # Most are, and some are not.
    assert 0.6 * len(alphas) < sum(kept) < sum(tried)
