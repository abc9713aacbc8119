"""Folds of a loss on wide X, whose reads of all columns serve them all."""

import numpy as np
import pytest

from regkit.designs import make_design
from regkit.designs.dense import DenseDesign
from regkit.solvers.folds.loss_reads import solve_by_shared_reads
from regkit.solvers.losses import LOGISTIC, POISSON, SQUARED_HINGE, LossTask
from regkit.solvers.paths import newton_ahead
from regkit.solvers.paths.quickest import LossWalk
from regkit.solvers.problem import Penalty
from regkit.solvers.solve_loss import loss_alpha_grid, path_type
from tests.loss_certificate import certify_loss

TOL = 1e-9
N, P = 60, 600
LOSSES = {loss.name: loss for loss in (LOGISTIC, POISSON, SQUARED_HINGE)}


def solve(name, monkeypatch):
    """Return X, y, weights and paths of all rows and of three folds."""
    monkeypatch.setattr(newton_ahead, "_FEW_ENTRIES", 0)
    rng = np.random.default_rng(3)
    X = np.asfortranarray(rng.normal(size=(N, P)) * rng.uniform(0.5, 2.0, P) + 1.0)
    eta = (X - 1.0)[:, :4] @ np.array([0.6, -0.4, 0.3, 0.2])
    y = np.sign(eta + 0.5 * rng.normal(size=N))
    if name == "Poisson":
        y = rng.poisson(np.exp(eta)).astype(float)
    if name == "logistic":
        y = (y > 0.0).astype(float)
    loss, penalty = LOSSES[name], Penalty.build(P, 0.9)
    whole = make_design(X)
    alphas = loss_alpha_grid(whole, loss, y, penalty, 30, 0.1)
    weights = [np.ones(N)] + [(np.arange(N) % 3 != k).astype(float) for k in range(3)]
    designs = [whole, *map(whole.reweighted, weights[1:])]
    walk = LossWalk(LossTask(loss, y, None, TOL, 1000), path_type(loss))
    paths = solve_by_shared_reads(designs, walk, penalty, alphas, 2)
    return X, y, weights, paths


@pytest.mark.parametrize("name", LOSSES)
def test_every_path_is_optimal(name, monkeypatch):
    X, y, weights, paths = solve(name, monkeypatch)
    for weight, path in zip(weights, paths, strict=True):
        assert path.converged.all()
        for k in range(2, len(path.alphas), 9):
            certificate = certify_loss(
                name.lower().replace(" ", "_"),
                X,
                y,
                path.columns()[:, k],
                path.intercepts[k],
                alpha=path.alphas[k],
                l1_ratio=0.9,
                sample_weight=weight,
            )
            reported = path.dual_gaps[k] / path.null_objectives[k]
            assert certificate.relative_gap <= reported * (1 + 1e-6) + 1e-14


def test_one_read_serves_all(monkeypatch):
    reads, alone = [], []
    together, one = DenseDesign.correlate_together, DenseDesign.correlate_columns

    def counted(self, designs, residuals, columns):
        if len(columns) == P:
            reads.append(len(designs))
        return together(self, designs, residuals, columns)

    def counted_one(self, residual, columns):
        alone.append(len(columns))
        return one(self, residual, columns)

    monkeypatch.setattr(DenseDesign, "correlate_together", counted)
    monkeypatch.setattr(DenseDesign, "correlate_columns", counted_one)
    *_, paths = solve("logistic", monkeypatch)
    assert sum(reads) >= 2 * len(paths)
    # Only those of paths that need more reads than the others are not of all.
    assert reads[0] == reads[1] == len(paths)
    assert P not in alone[1:]  # (the first found the alphas)
