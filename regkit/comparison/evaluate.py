"""Fit one model on the training rows of a split, and judge it on the others."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.metrics import r2_score, roc_auc_score

from regkit._types import Floats
from regkit.comparison.candidates import Candidate, Job, fit_quietly
from regkit.comparison.columns import Prepared, dense
from regkit.comparison.linear import Tuned
from regkit.comparison.splits import Split
from regkit.comparison.tasks import ComparisonTarget, Metric
from regkit.kernels.compiling import seconds_compiling


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one model did on one split."""

    model: Any
    """The estimator, fitted on the training rows as numbers."""
    tuned: Tuned
    train_loss: float
    test_losses: Floats
    """(n_test,)"""
    scores: dict[str, float]
    answers: Floats
    """(n_test,) or (n_test, n_classes): what it predicts for the test rows."""
    seconds: float


def run_candidate(
    candidate: Candidate,
    prepared: Prepared,
    target: ComparisonTarget,
    split: Split,
    metric: Metric,
    seed: int | None,
) -> Outcome | None:
    """Tune, fit and judge; None where X is sparse and too large for the model."""
    X_train, X_test = prepared.X_train, prepared.X_test
    if candidate.name == "Boosting":  # it takes no sparse matrix
        X_train, X_test = dense(X_train), dense(X_test)
        if X_train is None or X_test is None:
            return None
    y = target.values[split.train]
    job = Job(X_train, y, split.folds, metric, seed)
    started = perf_counter() - seconds_compiling()  # on the first use only
    tuned = candidate.tune(job)
    model = fit_quietly(candidate.make(tuned, job), X_train, y)
    seconds = perf_counter() - seconds_compiling() - started
    numbers = target.numbers
    answers = answer(model, X_test, target)
    test = numbers[split.test]
    return Outcome(
        model,
        tuned,
        float(metric.loss(numbers[split.train], answer(model, X_train, target)).mean()),
        metric.loss(test, answers),
        score(test, answers, target),
        answers,
        seconds,
    )


def answer(model: Any, X: Any, target: ComparisonTarget) -> Floats:
    """Predict numbers, or the share of each class; of an SVM, each class's margin."""
    if target.task == "classification":
        if not hasattr(model, "predict_proba"):
            margins = np.asarray(model.decision_function(X), dtype=np.float64)
            if margins.ndim == 1:  # of the second of two classes
                return np.column_stack([-margins, margins])
            return margins
        return np.asarray(model.predict_proba(X), dtype=np.float64)
    return np.asarray(model.predict(X), dtype=np.float64)


def score(y: Floats, answers: Floats, target: ComparisonTarget) -> dict[str, float]:
    """Give what is shown beside the error."""
    if target.task == "classification":
        return {
            "accuracy": float(np.mean(answers.argmax(axis=1) == y)),
            "auc": _auc(y, answers),
        }
    if np.ptp(y) == 0:
        return {"r2": np.nan}
    return {"r2": float(r2_score(y, answers))}


def _auc(codes: Floats, shares: Floats) -> float:
    """Area under the ROC curve; of several classes, the mean of each against others."""
    if shares.shape[1] == 2:
        if np.unique(codes).size < 2:
            return np.nan
        return float(roc_auc_score(codes, shares[:, 1]))
    areas = [
        roc_auc_score(codes == k, shares[:, k])
        for k in range(shares.shape[1])
        if 0 < np.count_nonzero(codes == k) < codes.size
    ]
    return float(np.mean(areas)) if areas else np.nan
