"""Fitted models and paths as tables, sentences and pictures."""

from functools import partial

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.metrics import d2_log_loss_score, d2_tweedie_score, r2_score

import regkit


@pytest.fixture(scope="module")
def houses():
    pytest.importorskip("pandas")
    return regkit.make_house_prices(
        120, n_irrelevant=30, return_X_y=True, as_frame=True
    )


def test_coefficients_by_name(houses):
    X, y = houses
    model = regkit.LassoRegressor(alpha=8.0, standardize=True).fit(X, y)
    frame = model.coef_frame()
    kept = model.coef_ != 0
    assert list(frame.index) == list(X.columns[kept])
    np.testing.assert_array_equal(frame["coefficient"], model.coef_[kept])
    assert frame.attrs["intercept"] == [model.intercept_]
    assert list(model.coef_frame(zeros=True).index) == list(X.columns)
    sized = model.coef_frame(X)
    expected = frame["coefficient"] * X.std(ddof=0)[frame.index]
    np.testing.assert_allclose(sized.loc[frame.index, "standardized"], expected)
    assert sized["standardized"].abs().is_monotonic_decreasing


def test_coefficients_of_several_targets(houses):
    X, y = houses
    Y = np.column_stack([y, -2 * y])
    frame = regkit.RidgeRegressor().fit(X.to_numpy(), Y).coef_frame()
    assert list(frame.columns) == ["coefficient[0]", "coefficient[1]"]
    assert frame.index[0] == "x0"


def test_summary_names_kept_columns_and_the_choice(houses):
    X, y = houses
    model = regkit.LassoRegressorCV(standardize=True, rule="1se").fit(X, y)
    text = model.summary()
    assert f"{np.count_nonzero(model.coef_)} of 38 columns" in text
    assert f"alpha {model.alpha_:.6g}, chosen among 100 by rule '1se'" in text
    for name, coef in zip(X.columns, model.coef_, strict=True):
        assert (f"\n{name} " in text) == (coef != 0)
    assert max(map(len, text.splitlines())) <= 80
    with pytest.raises(NotFittedError):
        regkit.LassoRegressorCV().summary()


def test_many_coefficients_are_cut(houses):
    X, y = houses
    text = regkit.RidgeRegressor().fit(X, y).summary()
    assert "and 18 smaller ones" in text


def test_classifiers_have_them_too():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100, 4))
    y = np.where(X[:, 0] + 0.5 * rng.standard_normal(100) > 0, "yes", "no")
    model = regkit.LogisticClassifier(alpha=0.02).fit(X, y)
    assert "x0" in model.coef_frame().index
    assert model.summary().startswith("LogisticClassifier: ")


def test_a_summary_is_no_wider_than_a_screen():
    X, y = load_digits(return_X_y=True)
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X[:200], columns=[f"pixel {j} " * 9 for j in range(64)])
    model = regkit.LogisticClassifier(alpha=0.05).fit(frame, y[:200])
    lines = model.summary().splitlines()
    assert max(map(len, lines)) <= 80
    heads = [line for line in lines if line.startswith("column")]
    labels = " ".join(line.removeprefix("column") for line in heads).split()
    assert labels == [str(k) for k in range(10)]
    assert sum(line.startswith("intercept") for line in lines) == len(heads) > 1


def test_a_path_as_a_table(houses):
    X, y = houses
    path = regkit.lasso_path(X, y, standardize=True)
    frame = path.to_frame()
    np.testing.assert_array_equal(frame.index, path.alphas)
    np.testing.assert_array_equal(frame["n_nonzero"], path.n_nonzero)
    np.testing.assert_array_equal(
        frame["area"], path.coefs[list(X.columns).index("area")]
    )
    lines = path.summary(X, y, n_rows=5).splitlines()
    assert lines[2].split() == ["alpha", "nonzero", "explained"]
    assert len(lines) == 8
    last = lines[-1].split()
    assert int(last[1]) == path.n_nonzero[-1]
    share = r2_score(y, path.predict(X, alpha=path.alphas[-1]))
    assert last[2] == f"{100 * share:.2f}%"
    assert path._repr_html_().count("<tr>") == 13
    np.testing.assert_array_equal(frame["explained_deviance"], path.explained_deviance)
    with pytest.raises(ValueError, match="both X and y"):
        path.summary(X)


def test_a_path_prints_as_glmnets_does(houses):
    path = regkit.lasso_path(*houses, standardize=True)
    lines = str(path).splitlines()
    assert lines[0] == "RegularizationPath: 38 columns, 100 alphas by active_set"
    assert lines[2].split() == ["alpha", "nonzero", "explained"]
    last = f"{100 * path.explained_deviance[-1]:.2f}%"
    assert lines[-1].split()[1:] == [str(path.n_nonzero[-1]), last]
    assert f"<td>{last}</td>" in path._repr_html_()


def test_paths_of_classes_and_counts_tell_their_explained_deviance(houses):
    X, y = houses
    classes = np.digitize(y, np.quantile(y, [0.3, 0.7]))
    counts = np.round(y / y.std())
    two = classes > 0
    for path, target, score in (
        (
            regkit.logistic_path(X, two, standardize=True, n_alphas=5),
            two,
            d2_log_loss_score,
        ),
        (regkit.logistic_path(X, classes, n_alphas=5), classes, d2_log_loss_score),
        (
            regkit.glm_path(X, counts, n_alphas=5),
            counts,
            partial(d2_tweedie_score, power=1),
        ),
        (
            regkit.glm_path(X, 1 + counts, family="gamma", n_alphas=5),
            1 + counts,
            partial(d2_tweedie_score, power=2),
        ),
    ):
        has_classes = hasattr(path, "classes_")
        predict = path.predict_proba if has_classes else path.predict
        share = score(target, predict(X, alpha=path.alphas[-1]))
        lines = path.summary(X, target).splitlines()
        assert lines[2].split()[-1] == "explained"
        assert lines[3].split()[-1] == "0.00%"
        assert lines[-1].split()[-1] == f"{100 * share:.2f}%"


@pytest.mark.parametrize("kind", [regkit.LassoRegressorCV, regkit.RidgeRegressorCV])
def test_a_choice_draws_itself(houses, kind):
    plt = pytest.importorskip("matplotlib.pyplot")
    model = kind(standardize=True, cv=3).fit(*houses)
    assert model.plot().alpha == model.alpha_
    plt.close("all")


def test_a_search_draws_itself(houses):
    plt = pytest.importorskip("matplotlib.pyplot")
    search = regkit.PathSearchCV(
        regkit.LassoRegressor(), {"alpha": [10.0, 1.0]}, cv=3
    ).fit(*houses)
    assert search.plot().alpha == search.best_params_["alpha"]
    plt.close("all")


def test_paths_and_classifiers_draw_themselves(houses):
    plt = pytest.importorskip("matplotlib.pyplot")
    X, y = houses
    path = regkit.lasso_path(X, y)
    assert path.plot(X=X).scaled
    classes = (y > np.median(y)).to_numpy()
    model = regkit.LogisticClassifierCV(cv=3, standardize=True).fit(X, classes)
    assert model.plot().alphas.size == 100
    plt.close("all")


def test_long_names_are_told_apart_and_one_is_singular(houses):
    X, y = houses
    start = "a_long_description_of_a_column_that_ends_in_"
    renamed = X.iloc[:, :2].set_axis([start + "a", start + "b"], axis=1)
    lines = regkit.RidgeRegressor().fit(renamed, y).summary().splitlines()
    assert {line.split()[0][-4:] for line in lines[5:7]} == {"in_a", "in_b"}
    one = regkit.LassoRegressor().fit(renamed.iloc[:, :1], y)
    assert one.summary().startswith("LassoRegressor: 1 of 1 column has a coefficient\n")
    path = regkit.lasso_path(renamed.iloc[:, :1], y, alphas=[1.0])
    assert str(path).startswith("RegularizationPath: 1 column, 1 alpha by ")
