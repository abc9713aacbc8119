"""Cross-validation of tables so tall that their folds share products."""

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from regkit import LogisticClassifier, LogisticClassifierCV, PathSearchCV
from regkit.solvers.folds import losses


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_curves_are_those_of_a_search(l1_ratio, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4_400, 120))
    y = X[:, 0] - X[:, 1] + rng.logistic(size=len(X)) > 0
    options = {"l1_ratio": l1_ratio, "tol": 1e-15}
    alphas, cv = [0.1, 0.02, 0.005], StratifiedKFold(3)
    shared = []
    together = losses.solve_folds

    def watched(*args, **kwargs):
        shared.append(True)
        return together(*args, **kwargs)

    monkeypatch.setattr(losses, "solve_folds", watched)
    model = LogisticClassifierCV(alphas=alphas, cv=cv, **options).fit(X, y)
    assert shared
    search = PathSearchCV(
        LogisticClassifier(**options),
        {"alpha": alphas},
        scoring="neg_log_loss",
        cv=cv,
    ).fit(X, y)
    for fold in range(3):
        expected = -search.cv_results_[f"split{fold}_test_score"]
        found = model.fold_errors_[:, fold]
        assert found == pytest.approx(expected, abs=1e-8)
    assert model.alpha_ == search.best_params_["alpha"]
