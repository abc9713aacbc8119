"""What a target holds is found from it, and each task has its own errors."""

import re

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

import regkit
from regkit import compare_regularizers
from regkit.comparison.tasks import METRICS, read_target

QUICK = {"networks": False, "n_folds": 3}


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["Yes", "No"] * 5, "classification"),
        ([True, False] * 5, "classification"),
        ([0, 1] * 5, "classification"),
        ([0.0, 1.0] * 5, "classification"),
        (["a", "b", "c", "a"] * 5, "classification"),
        (list(range(30)), "regression"),
        ([0.5, 1.5, 2.5] * 5, "regression"),
    ],
)
def test_the_task_is_found(values, task):
    assert read_target(np.array(values), "auto", "y").task == task


def test_few_whole_numbers_get_a_hint():
    target = read_target(np.repeat([0, 1, 2, 5], 20), "auto", "visits")
    assert target.task == "regression"
    assert "visits holds 4 different whole numbers" in target.notes[0]
    assert read_target(np.arange(100), "auto", "y").notes == ()


@pytest.mark.parametrize(
    ("values", "task", "sentence"),
    [
        (["a", "b"] * 5, "regression", "y must hold numbers for regression, but"),
        ([-1, 2, 3] * 5, "counts", "y must not be negative for counts, but holds -1"),
        ([-1234567.5, 2] * 5, "counts", "for counts, but holds -1234567.5"),
        ([1234567] * 5, "auto", "y is 1234567 in every row"),
        ([1e200, 2e200, 3e200], "auto", r"y holds 3e\+200, whose square does not fit"),
        ([1e-200, 2e-200, 0.0], "auto", "y varies by 2e-200, whose square does not"),
        (["a"] * 9 + ["b"], "auto", "class 'b' of y has 1 row: at least 4"),
        (list(map(str, range(99))), "auto", "y has 99 different values in 99 rows"),
        (["a"] * 5, "auto", "y is 'a' in every row"),
        ([[1, 2], [3, 4]], "auto", "y must hold one target"),
    ],
)
def test_targets_that_do_not_suit_are_refused(values, task, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_target(np.array(values), task, "y")


@pytest.mark.parametrize("load", [load_breast_cancer, load_iris])
def test_errors_of_classes_are_scikit_learns(load):
    data = load()
    labels = data.target_names[data.target]
    comparison = compare_regularizers(data.data, labels, **QUICK)
    _, X_test, y_train, y_test = train_test_split(
        data.data, labels, test_size=0.25, random_state=0, stratify=labels
    )
    for result in comparison.results:
        shares = result.model.predict_proba(X_test)
        assert result.test_error == pytest.approx(log_loss(y_test, shares))
        expected = accuracy_score(y_test, result.model.predict(X_test))
        assert result.scores["accuracy"] == expected
        two = shares.shape[1] == 2
        auc = roc_auc_score(y_test, shares[:, 1] if two else shares, multi_class="ovr")
        assert result.scores["auc"] == pytest.approx(auc)
    _, counts = np.unique(y_train, return_counts=True)
    constant = np.tile(counts / len(y_train), (len(y_test), 1))
    assert comparison.mean_error == pytest.approx(log_loss(y_test, constant))
    assert f"classes of y: {comparison.target.classes[0]} " in repr(comparison)
    assert max(map(len, repr(comparison).splitlines())) < 80


def test_the_loss_of_counts_is_scikit_learns():
    from sklearn.metrics import mean_poisson_deviance

    rng = np.random.default_rng(0)
    y, mean = rng.poisson(2.0, 50).astype(float), rng.uniform(0.1, 5, 50)
    loss = METRICS["deviance"].loss(y, mean)
    assert loss.mean() == pytest.approx(mean_poisson_deviance(y, mean))
    assert (loss >= 0).all()


def test_the_probabilities_of_an_svm_are_made_again_by_its_line():
    from sklearn.calibration import CalibratedClassifierCV

    X, y = load_breast_cancer(return_X_y=True)
    X, y = X[:200, :4], np.array(["a", "b"])[y[:200]]
    comparison = compare_regularizers(X, y, baseline=False, **QUICK)
    names = {
        "CalibratedClassifierCV": CalibratedClassifierCV,
        "LinearSVMClassifier": regkit.LinearSVMClassifier,
    }
    again = eval(comparison.line("Linear SVM"), names)
    split, found = comparison.splits[0], comparison["Linear SVM"]
    shares = again.fit(X[split.train], y[split.train]).predict_proba(X[split.test])
    assert log_loss(y[split.test], shares) == pytest.approx(found.test_error, rel=1e-12)
    # The loss of margins is no log-loss.
    assert found.cv_error is None
    assert comparison["Logistic L1"].cv_error is not None
    kept = comparison.coef_frame("Linear SVM")
    assert len(kept) == found.n_nonzero == 4
    script = comparison.code("X, y = data", "Linear SVM")
    assert "import CalibratedClassifierCV" in script
    assert "import LinearSVMClassifier" in script


def test_counts_are_compared_by_deviance():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 4))
    y = rng.poisson(np.exp(X[:, 0]))
    comparison = compare_regularizers(X, y, task="counts", n_folds=3)
    assert comparison.metric.name == "deviance"
    assert comparison["Boosting"].model.loss == "poisson"
    assert comparison["Network"].model.loss == "poisson"
    assert comparison["Network"].test_error < comparison.mean_error
    assert "mean Poisson deviance" in repr(comparison)
    names = [result.name for result in comparison.results]
    assert names == ["Poisson L2", "Poisson L1", "Poisson mix", "Boosting", "Network"]
    plain = comparison["Poisson L1"].model
    assert (plain.family, plain.l1_ratio) == ("poisson", 1.0)


def test_linear_models_of_two_classes_are_logistic():
    X, y = load_breast_cancer(return_X_y=True)
    comparison = compare_regularizers(X[:200, :6], y[:200], **QUICK)
    for name, l1_ratio in (("Logistic L2", 0.0), ("Logistic L1", 1.0)):
        model = comparison[name].model
        assert model.l1_ratio == l1_ratio
        assert model.standardize
    assert 0 < comparison["Logistic mix"].model.l1_ratio < 1
    assert comparison.coef_frame("Logistic L1")["coefficient"].all()


@pytest.mark.parametrize("load", [load_breast_cancer, load_iris])
def test_an_svm_is_compared_by_its_error_rate(load):
    X, y = load(return_X_y=True)
    X, y = X[:, :4], np.array(["a", "b", "c"])[y]
    comparison = compare_regularizers(
        X, y, metric="error_rate", baseline=False, **QUICK
    )
    found = comparison["Linear SVM"]
    split = comparison.splits[0]
    predicted = found.model.predict(X[split.test])
    assert found.test_error == np.mean(predicted != y[split.test])
    assert found.test_error < comparison.mean_error
    margins = found.model.decision_function(X[split.test])
    if margins.ndim == 1:
        area = roc_auc_score(y[split.test], margins)
    else:
        classes = found.model.classes_
        area = np.mean(
            [
                roc_auc_score(y[split.test] == c, margins[:, k])
                for k, c in enumerate(classes)
            ]
        )
    assert found.scores == {"accuracy": 1 - found.test_error, "auc": area}
    assert max(map(len, repr(comparison).splitlines())) < 80
    page = comparison.to_html()
    assert "Linear SVM" in page
    above = re.findall('<th scope="colgroup" colspan="2">(.*?)</th>', page)
    assert above == ([] if margins.ndim == 1 else ["a", "b", "c"])
    assert "LinearSVMClassifier(" in comparison.line("Linear SVM")
    assert len(comparison.coef_frame("Linear SVM")) == 4


def test_a_target_of_two_kinds_is_refused():
    with pytest.raises(
        ValueError, match=r"^y mixes values of different kinds, float a"
    ):
        read_target(np.array([0.5, "high"] * 5, dtype=object), "auto", "y")


def test_whole_numbers_beyond_integers_are_classes():
    target = read_target([1e20, 3e20] * 5, "auto", "y")
    assert target.task == "classification"
    np.testing.assert_array_equal(target.classes.astype(float), [1e20, 3e20])
    np.testing.assert_array_equal(target.codes, [0, 1] * 5)
