"""Losses by coordinate descent, whatever the options, judged from outside."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import assume, event, given

from regkit.solvers.paths import newton_steps, newton_sweeps
from regkit.solvers.paths.newton_sweeps import SweptSteps
from tests.properties.profile import sweep
from tests.properties.test_losses import COUNTS, LossCase, assert_certified, cases


@sweep(40)
@given(cases(("logistic", "squared_hinge", *COUNTS)))
def test_swept_fits_are_certified(case: LossCase) -> None:
    assume(case.options["l1_ratio"] > 0.0)
    with (
        patch.object(newton_steps, "FEW_COLUMNS", 0),
        patch.object(newton_sweeps, "_FEWEST", 0),
        patch.object(newton_sweeps, "_BUDGET", 1e3),
        patch.object(SweptSteps, "_tried_from", 0.0),
    ):
        model = case.fit()
    event(model.solver_)
    # (Fits without sweeps are judged in `test_losses`.)
    if model.solver_ != "newton":
        assert_certified(case, model)
