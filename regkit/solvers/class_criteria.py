"""Information criteria along a multinomial path."""

import numpy as np
from scipy.special import gammaln, softmax

from regkit._types import Floats, Indices
from regkit.designs import RowDesign
from regkit.designs.class_columns import ClassDesign
from regkit.designs.class_weights import class_inverse
from regkit.solvers.folds.losses import held_out_losses, linear_predictors
from regkit.solvers.loss_terms import JointClasses
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult


def class_criteria(
    design: RowDesign,
    term: JointClasses,
    penalty: Penalty,
    path: PathResult,
    criterion: str,
    weight: Floats | None,
) -> Floats:
    """Return AIC, BIC or EBIC at every alpha, up to a constant.

    As `regkit.solvers.loss_criteria.loss_criteria`, with the coefficients of all
    classes. K classes have K - 1 intercepts of their own; d of p in EBIC are columns
    where the penalty is grouped, else coefficients.

    Parameters
    ----------
    design, term, penalty : object
        Of the path.
    path : PathResult (n_alphas, K)
    criterion : {"aic", "bic", "ebic"}
    weight : ndarray (n,) or None
    """
    n_rows = len(term.codes)
    weight = np.ones(n_rows) if weight is None else weight
    n, rows = float(weight.sum()), np.arange(n_rows)
    losses = held_out_losses(
        design, term.loss, term.targets, term.offset, weight, path, rows, term.width
    )[:, 0]
    df = np.empty(len(losses))
    n_entered = np.empty(len(losses))
    may_enter = (penalty.factor > 0.0) & np.isfinite(penalty.factor) & ~design.constant
    for i in range(len(losses)):
        one = path.at(i)
        df[i] = _degrees_of_freedom(design, term, penalty, one, weight / n)
        nonzero = one.dense()[:, may_enter] != 0.0
        is_in = nonzero.any(axis=0) if term.is_grouped else nonzero
        n_entered[i] = np.count_nonzero(is_in)
    if design.fit_intercept:
        df += term.width - 1
    values = 2.0 * n * losses + df * (2.0 if criterion == "aic" else np.log(n))
    if criterion == "ebic":
        p = float(np.count_nonzero(may_enter)) * (1 if term.is_grouped else term.width)
        choices = gammaln(p + 1.0) - gammaln(n_entered + 1.0)
        values += 2.0 * (choices - gammaln(p - n_entered + 1.0))
    return np.where(df >= n - 1.0, np.inf, values)


def _degrees_of_freedom(
    design: RowDesign,
    term: JointClasses,
    penalty: Penalty,
    one: PathResult,
    share: Floats,
) -> float:
    """Return ``tr(G (G + D)⁺)`` at one alpha, G and D the Hessians of loss and penalty.

    Of the coefficients that are neither zero nor at a bound, the intercepts eliminated.
    With an L1 penalty of single coefficients it is their number, less one for each
    unpenalized column: one class's coefficients of it follow from the others'.
    """
    coefs = one.dense()  # (K, p)
    free = (coefs != 0.0) & (coefs > penalty.lower) & (coefs < penalty.upper)
    classes, columns = np.nonzero(free)
    if penalty.l1_ratio == 1.0 and not term.is_grouped:
        is_unpenalized = (penalty.factor == 0.0) & free.all(axis=0)
        return float(len(columns) - np.count_nonzero(is_unpenalized))
    if not len(columns):
        return 0.0
    bend = _curvature(design, term, penalty, one.alphas[0], coefs, classes, columns)
    eta = linear_predictors(design, one, term.offset, np.arange(len(share)))
    P = softmax(eta, axis=1).T
    stacked = ClassDesign(design, term.width)
    store = stacked.weighted_columns(False)
    store.append(classes * design.n_features + columns)
    weighted = (share * P).reshape(-1)
    gram, sums = store.gram(weighted, 0)
    if design.fit_intercept:
        gram = gram - sums @ class_inverse(store.total(weighted)) @ sums.T
    # A pseudo-inverse: where nothing is penalized, G may have no inverse.
    scale = 1.0 / np.sqrt(np.maximum(np.diag(gram + bend), 1e-300))
    gram, bend = gram * scale * scale[:, None], bend * scale * scale[:, None]
    inverse = np.linalg.pinv(gram + bend, rcond=1e-11, hermitian=True)
    return float(np.sum(gram * inverse))


def _curvature(
    design: RowDesign,
    term: JointClasses,
    penalty: Penalty,
    alpha: float,
    coefs: Floats,
    classes: Indices,
    columns: Indices,
) -> Floats:
    """Return the penalty's Hessian at coefficients, in the units of the design."""
    l1 = alpha * penalty.l1_ratio * penalty.factor[columns]
    l2 = alpha * (1.0 - penalty.l1_ratio) * penalty.factor[columns]
    if not term.is_grouped:
        return np.diag(l2)
    scaled = coefs * design.scale
    norms = np.linalg.norm(scaled, axis=0)[columns]
    unit = scaled[classes, columns] / norms
    same = columns[:, None] == columns
    bend = np.eye(len(columns)) - np.where(same, unit[:, None] * unit, 0.0)
    return np.asarray(np.diag(l2) + (l1 / norms)[:, None] * bend)
