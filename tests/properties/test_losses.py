"""Every fit of classes and counts, whatever its options, judged from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from hypothesis import assume, given, note
from hypothesis import strategies as st

from regkit import (
    GeneralizedLinearRegressor,
    LinearSVMClassifier,
    LogisticClassifier,
    glm_path,
    logistic_path,
)
from tests.loss_certificate import Array, LossCertificate, certify_loss
from tests.properties.problems import MATRICES, make_matrix, weights
from tests.properties.profile import sweep

TOL = 1e-10
EPS = float(np.finfo(np.float64).eps)
BINARY = ("logistic", "squared_hinge")
CLASSES = (*BINARY, "multinomial")
COUNTS = ("poisson", "gamma", "tweedie")


@dataclass(frozen=True)
class LossCase:
    """One fit as the user states it; alpha as a share of the largest useful one."""

    loss: str
    X: Any
    y: Array
    options: dict[str, Any]
    weight: Array | None
    offset: Array | None

    @property
    def parameters(self) -> dict[str, Any]:
        """Of the estimator."""
        found = dict(self.options)
        found["bounds"] = found.pop("bounds", None)
        if found.pop("grouped", False):
            found["multinomial_penalty"] = "grouped"
        if self.loss in COUNTS:
            found["family"] = self.loss
        return found

    def estimator(self, **changes: Any) -> Any:
        """The unfitted estimator."""
        kinds = {
            "logistic": LogisticClassifier,
            "multinomial": LogisticClassifier,
            "squared_hinge": LinearSVMClassifier,
        }
        kind = kinds.get(self.loss, GeneralizedLinearRegressor)
        return kind(**{"tol": TOL, **self.parameters, **changes})

    def fit(self, **changes: Any) -> Any:
        """The fitted estimator; any warning is an error by the configuration."""
        model = self.estimator(**changes)
        return model.fit(self.X, self.y, self.weight, self.offset)

    def certify(self, coef: Any, intercept: Any, **changes: Any) -> LossCertificate:
        """Judge a fit of this case."""
        options = {"sample_weight": self.weight, "offset": self.offset}
        options |= {"goal": 1e-16}  # below what rounding leaves
        options |= self.options | changes
        return certify_loss(self.loss, self.X, self.y, coef, intercept, **options)


def make_target(loss: str, X: Array, rng: np.random.Generator) -> Array:
    """A target that depends on the columns, in the range of the loss."""
    spread = X.std(axis=0)
    unit = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    eta = unit @ (rng.integers(-2, 3, X.shape[1]) * (rng.random(X.shape[1]) < 0.4))
    eta = np.clip(eta, -3, 3)
    if loss in BINARY:
        y = (eta + rng.logistic(size=len(X)) > 0).astype(int)
        y[:2] = [0, 1]
        return np.asarray(y)
    if loss == "multinomial":
        y = np.digitize(eta + rng.logistic(size=len(X)), [-1.0, 1.0])
        y[:3] = [0, 1, 2]
        return np.asarray(y)
    mean = np.exp(eta / 2)
    if loss == "gamma":
        return np.asarray(rng.gamma(2.0, mean / 2) + 1e-3)
    y = rng.poisson(mean).astype(float)
    y[0] = 1.0
    return y if loss == "poisson" else y * rng.gamma(2.0, 0.5, len(X))


@st.composite
def cases(draw: st.DrawFn, losses: tuple[str, ...] = CLASSES + COUNTS) -> LossCase:
    """A loss, X, y and options."""
    loss = draw(st.sampled_from(losses))
    n = draw(st.sampled_from([4, 9, 30, 60]))
    p = draw(st.sampled_from([1, 2, 5, 12, 30]))
    rng = np.random.default_rng(draw(st.integers(0, 2**16), label="seed"))
    X = make_matrix(draw(st.sampled_from(MATRICES), label="matrix"), n, p, rng)
    X = X * draw(st.sampled_from([1.0, 1e-4, 1e4]), label="scale of X")
    y = make_target(loss, X, rng)
    weight = draw(weights(n))
    if weight is not None:
        kept = y[weight > 0]
        n_classes = {"multinomial": 3}.get(loss, 2)
        is_usable = len(set(kept)) == n_classes if loss in CLASSES else np.any(kept > 0)
        assume(is_usable)
    offset = None
    if loss != "squared_hinge" and draw(st.booleans(), label="has an offset"):
        offset = rng.normal(scale=0.5, size=(n, 3) if loss == "multinomial" else n)
    options: dict[str, Any] = {
        "l1_ratio": draw(st.sampled_from([1.0, 0.5, 0.0, 0.99])),
        "fit_intercept": draw(st.sampled_from([True, True, False])),
        "standardize": draw(st.booleans()),
    }
    if draw(st.sampled_from([False, False, True]), label="has factors"):
        factor = rng.choice([0.5, 1.0, 2.0, np.inf], p)
        options["penalty_factor"] = factor
    if draw(st.sampled_from([False, False, True]), label="has bounds"):
        size = draw(st.sampled_from([0.05, 1.0]))
        options["bounds"] = (draw(st.sampled_from([-size, 0.0, -np.inf])), size)
    elif loss == "multinomial" and draw(st.booleans(), label="is grouped"):
        options["grouped"] = True
    scale = largest_slope(loss, X, y)
    fraction = draw(st.sampled_from([0.5, 0.1, 0.01, 1e-3, 1.0, 30.0]))
    options["alpha"] = fraction * (scale or 1.0)
    if draw(st.booleans(), label="is sparse"):
        X = sp.csc_matrix(X) if draw(st.booleans()) else sp.csr_matrix(X)
    return LossCase(loss, X, y, options, weight, offset)


def largest_slope(loss: str, X: Array, y: Array) -> float:
    """About the alpha from which on all coefficients are zero."""
    centered = X - X.mean(axis=0)
    target = y / max(float(np.mean(y)), 1e-300) if loss in COUNTS else y
    if loss == "multinomial":
        target = (y[:, None] == np.arange(3)).astype(float)
    slope = float(np.abs(centered.T @ target).max(initial=0.0) / len(y))
    return slope if slope > 1e-12 * np.abs(X).max() else 0.0  # rounding of no slope


def rounding(
    case: LossCase, found: LossCertificate, coef: Any, intercept: Any
) -> float:
    """What float64 leaves of sums over rows and columns, of terms of eta."""
    n, p = case.X.shape
    eta = float((abs(case.X) @ np.abs(coef).T + np.abs(intercept)).max(initial=0.0))
    if case.offset is not None:
        eta += float(np.abs(case.offset).max())
    return EPS * (n + p) * (1 + eta) * (abs(found.primal) + found.null_deviance)


def assert_certified(case: LossCase, model: Any, tol: float = TOL) -> None:
    """The fit is optimal as far as it was asked to, and its own gap says so."""
    found = case.certify(model.coef_, model.intercept_)
    note(f"{case}\ncoef {model.coef_}, intercept {model.intercept_}\n{found}")
    noise = rounding(case, found, model.coef_, model.intercept_)
    assert found.gap <= tol * found.null_deviance + noise
    assert found.gap >= -noise
    assert found.gap <= model.dual_gap_ * (1 + 1e-6) + noise
    assert model.dual_gap_ <= tol * found.null_deviance * (1 + 1e-9) + noise


@sweep(100)
@given(cases())
def test_every_loss_and_option(case: LossCase) -> None:
    assert_certified(case, case.fit())


@sweep(25)
@given(cases())
def test_rows_of_weight_two_count_twice(case: LossCase) -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 3, size=len(case.y))
    X = case.X.toarray() if sp.issparse(case.X) else case.X
    offset = None if case.offset is None else np.repeat(case.offset, counts, axis=0)
    repeated = LossCase(
        case.loss,
        np.repeat(X, counts, axis=0),
        np.repeat(case.y, counts),
        case.options,
        None,
        offset,
    )
    weighted = LossCase(
        case.loss, case.X, case.y, case.options, counts.astype(float), case.offset
    )
    assert_certified(repeated, weighted.fit())
    assert_certified(weighted, repeated.fit())


@sweep(25)
@given(cases())
def test_storage_does_not_matter(case: LossCase) -> None:
    X = case.X.toarray() if sp.issparse(case.X) else case.X
    for stored in (
        np.asfortranarray(X),
        np.ascontiguousarray(X),
        sp.csr_matrix(X),
        sp.csc_matrix(X),
    ):
        other = LossCase(
            case.loss, stored, case.y, case.options, case.weight, case.offset
        )
        assert_certified(case, other.fit())


@sweep(25)
@given(cases(("logistic", "multinomial", "poisson", "gamma", "tweedie")))
def test_paths(case: LossCase) -> None:
    options = {
        name: value for name, value in case.parameters.items() if name != "alpha"
    }
    alphas = case.options["alpha"] * np.array([4.0, 2.0, 1.0, 0.3])
    compute = glm_path if case.loss in COUNTS else logistic_path
    path = compute(
        case.X,
        case.y,
        alphas=alphas,
        sample_weight=case.weight,
        offset=case.offset,
        tol=TOL,
        **options,
    )
    assert np.array_equal(path.alphas, alphas)
    for k, alpha in enumerate(alphas):
        found = case.certify(path.coefs[..., k], path.intercepts[k], alpha=alpha)
        note(f"{case}\nalpha {alpha}: {found}")
        noise = rounding(case, found, path.coefs[..., k], path.intercepts[k])
        assert found.gap <= TOL * found.null_deviance + noise
