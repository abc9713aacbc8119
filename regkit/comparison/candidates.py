"""The models of a comparison: how each is tuned and made."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from regkit import linear_model
from regkit.comparison.linear import (
    Tuned,
    tune_by_twin,
    tune_elastic_net,
    tune_ridge,
)
from regkit.comparison.networks import (
    ALPHAS,
    RATES,
    make_network,
    tune_network,
)
from regkit.comparison.splits import Folds
from regkit.comparison.tasks import ComparisonTarget, Metric, Task
from regkit.linear_model import (
    ElasticNetRegressor,
    LassoRegressor,
    RidgeRegressor,
)
from regkit.neural_network import DropoutMLPClassifier, DropoutMLPRegressor

# Kinds of models, the simplest first: a formula, trees, a network.
LINEAR, BOOSTING, NETWORK = range(3)
L1_RATIOS = (0.1, 0.3, 0.5, 0.7, 0.9)
# Boosting of so many rows is worth its threads, which otherwise wait for each other.
_MANY_ROWS = 200_000
_L2_ALPHAS = tuple(10.0 ** (1 - k / 10) for k in range(61))


class Job(NamedTuple):
    """Training rows, and what to tune for."""

    X: Any
    y: Any
    folds: Folds
    metric: Metric
    seed: int | None


class Candidate(NamedTuple):
    """One model: tuned by cross-validation, then made from what was found."""

    name: str
    kind: int
    tune: Callable[[Job], Tuned]
    make: Callable[[Tuned, Job], Any]


class Entrants(NamedTuple):
    """Which models take part; see `compare_regularizers`."""

    l1_ratios: Sequence[float] = L1_RATIOS
    networks: bool = True
    show_overfitting: bool = False
    baseline: bool = True


def make_candidates(
    target: ComparisonTarget, metric: Metric, entrants: Entrants
) -> list[Candidate]:
    """List the models that are compared, in the order of the table."""
    task, l1_ratios = target.task, entrants.l1_ratios
    if target.classes is not None:
        svm = _by_twin("Linear SVM", "LinearSVMClassifier", (0.0,))
        if metric.name == "log_loss":
            svm = svm._replace(
                tune=partial(_by_margins, svm.tune), make=partial(_calibrated, svm.make)
            )
        found = [*_classifiers(l1_ratios), svm]
    elif task == "counts":
        found = _count_models(l1_ratios)
    else:
        found = _regressors(l1_ratios)
    if entrants.baseline:
        found.append(Candidate("Boosting", BOOSTING, _nothing, partial(_trees, task)))
    if entrants.networks:
        found.append(Candidate("Network", NETWORK, _nothing, partial(_network, task)))
        if entrants.show_overfitting and task != "counts":
            found += _didactic(task)
    return found


def _nothing(job: Job) -> Tuned:
    return Tuned()


def _regressors(l1_ratios: Sequence[float]) -> list[Candidate]:
    def least_squares(tuned: Tuned, job: Job) -> Any:
        return RidgeRegressor(alpha=0.0, standardize=True)

    def ridge(tuned: Tuned, job: Job) -> Any:
        return RidgeRegressor(alpha=tuned.alpha, standardize=True)

    def lasso(tuned: Tuned, job: Job) -> Any:
        return LassoRegressor(alpha=tuned.alpha, standardize=True)

    def elastic_net(tuned: Tuned, job: Job) -> Any:
        return ElasticNetRegressor(
            alpha=tuned.alpha, l1_ratio=tuned.l1_ratio, standardize=True
        )

    def tune(job: Job, ratios: Sequence[float]) -> Tuned:
        return tune_elastic_net(job.X, job.y, job.folds, job.metric.scoring, ratios)

    def tune_l2(job: Job) -> Tuned:
        return tune_ridge(job.X, job.y, job.folds, job.metric.scoring)

    return [
        Candidate("Least squares", LINEAR, _nothing, least_squares),
        Candidate("Ridge", LINEAR, tune_l2, ridge),
        Candidate("Lasso", LINEAR, partial(tune, ratios=(1.0,)), lasso),
        Candidate("Elastic Net", LINEAR, partial(tune, ratios=l1_ratios), elastic_net),
    ]


def _classifiers(l1_ratios: Sequence[float]) -> list[Candidate]:
    return [
        _by_twin("Logistic L2", "LogisticClassifier", (0.0,)),
        _by_twin("Logistic L1", "LogisticClassifier", (1.0,)),
        _by_twin("Logistic mix", "LogisticClassifier", l1_ratios),
    ]


def _count_models(l1_ratios: Sequence[float]) -> list[Candidate]:
    name, poisson = "GeneralizedLinearRegressor", {"family": "poisson"}
    return [
        _by_twin("Poisson L2", name, (0.0,), poisson),
        _by_twin("Poisson L1", name, (1.0,), poisson),
        _by_twin("Poisson mix", name, l1_ratios, poisson),
    ]


def _by_twin(
    name: str,
    estimator: str,
    ratios: Sequence[float],
    options: dict[str, Any] | None = None,
) -> Candidate:
    """Describe a model of classes or counts, whose CV twin tunes it."""
    options = {"standardize": True, **(options or {})}

    def tune(job: Job) -> Tuned:
        search = getattr(linear_model, f"{estimator}CV")
        return tune_by_twin(
            search(
                l1_ratio=list(ratios),
                cv=job.folds,
                scoring=job.metric.scoring,
                # A pure L2 penalty never makes all coefficients zero, where a grid
                # would start. Beside the mean loss of standardized columns, 10 leaves
                # nearly nothing of them, and 1e-5 nearly everything.
                **({"alphas": _L2_ALPHAS} if ratios == (0.0,) else {}),
                **options,
            ),
            job.X,
            job.y,
        )

    def make(tuned: Tuned, job: Job) -> Any:
        chosen = {"alpha": tuned.alpha, "l1_ratio": tuned.l1_ratio}
        return getattr(linear_model, estimator)(**chosen, **options)

    return Candidate(name, LINEAR, tune, make)


def _by_margins(tune: Callable[[Job], Tuned], job: Job) -> Tuned:
    """Tune by the loss of margins, which is no error that others have beside it."""
    return replace(tune(job), loss=None, loss_se=None)


def _calibrated(make: Callable[[Tuned, Job], Any], tuned: Tuned, job: Job) -> Any:
    """Give a model probabilities: a sigmoid of its margins on rows held out (Platt)."""
    from sklearn.calibration import CalibratedClassifierCV

    _, counts = np.unique(job.y, return_counts=True)
    n_folds = max(2, min(len(job.folds), int(counts.min())))
    return CalibratedClassifierCV(make(tuned, job), ensemble=False, cv=n_folds)


def _trees(task: Task, tuned: Tuned, job: Job) -> Any:
    """Make scikit-learn's boosted trees, with their defaults."""
    from sklearn.ensemble import (
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )

    if task == "classification":
        return HistGradientBoostingClassifier(random_state=job.seed)
    if task == "counts":
        return HistGradientBoostingRegressor(loss="poisson", random_state=job.seed)
    if job.metric.name == "mae":
        return HistGradientBoostingRegressor(
            loss="absolute_error", random_state=job.seed
        )
    return HistGradientBoostingRegressor(random_state=job.seed)


def _network(task: Task, tuned: Tuned, job: Job) -> Any:
    if task == "classification":
        return DropoutMLPClassifier(random_state=job.seed)
    if task == "counts":
        return DropoutMLPRegressor(loss="poisson", random_state=job.seed)
    return DropoutMLPRegressor(random_state=job.seed)


def _didactic(task: Task) -> list[Candidate]:
    """List the networks that show what overfitting is, and what tames it."""
    classify = task == "classification"

    def tune(job: Job, grid: dict[str, tuple[float, ...]]) -> Tuned:
        return tune_network(
            job.X, job.y, job.folds, job.metric.name, job.seed, grid, classify
        )

    def make(tuned: Tuned, job: Job) -> Any:
        return make_network(job.X.shape, job.seed, tuned.dropout, tuned.alpha, classify)

    grids: dict[str, dict[str, tuple[float, ...]]] = {
        "MLP": {"dropout": (0.0,)},
        "MLP, dropout": {"dropout": RATES},
        "MLP, dropout + L2": {"dropout": RATES, "alpha": ALPHAS},
    }
    return [
        Candidate(name, NETWORK, partial(tune, grid=grid), make)
        for name, grid in grids.items()
    ]


def fit_quietly(estimator: Any, X: Any, y: Any) -> Any:
    """Fit without remarks that do not concern a comparison of predictions."""
    with warnings.catch_warnings():
        # With dependent columns least squares has many solutions; the shortest one is
        # as good as any.
        warnings.filterwarnings("ignore", ".*not unique", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        if len(y) < _MANY_ROWS and type(estimator).__name__.startswith("Hist"):
            with threadpool_limits(1, user_api="openmp"):
                return estimator.fit(X, y)
        return estimator.fit(X, y)
