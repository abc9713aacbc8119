"""scikit-learn's callbacks see the same tasks in both searches."""

import pytest
from sklearn.datasets import make_regression
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Lasso
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from regkit import LassoRegressor, PathSearchCV

pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has none")


class Recorder:
    """Writes down the tasks that begin and end, and the rows they see."""

    def __init__(self):
        self.seen = []

    def setup(self, estimator, context):
        self.seen.append(("setup", context.task_name))

    def teardown(self, estimator, context):
        self.seen.append(("teardown", context.task_name))

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        self._note("begin", context, X, y, metadata)

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None):
        self._note("end", context, X, y, metadata)

    def _note(self, moment, context, X, y, metadata):
        shape = None if X is None else X.shape
        weights = None if metadata is None else len(metadata["sample_weight"])
        task = (moment, context.task_name, context.task_id)
        self.seen.append((*task, shape, None if y is None else y.shape, weights))


class RecorderThatFollows(Recorder):
    """The same, and goes into the pipeline."""

    max_propagation_depth = 1


@pytest.mark.parametrize("recorder", [Recorder, RecorderThatFollows])
@pytest.mark.parametrize(
    "alphas", [[0.1, 1.0, 2.0], [0.1, -1.0, 2.0], [-1.0, 0.1, 2.0]]
)
def test_a_search_reports_its_candidates(recorder, alphas):
    X, y = make_regression(n_samples=30, n_features=4, noise=1.0, random_state=0)

    def seen(kind):
        callback = recorder()
        model = make_pipeline(StandardScaler(), LassoRegressor())
        search = kind(
            model, {"lassoregressor__alpha": alphas}, cv=3, error_score=0.0
        ).set_callbacks(callback)
        search.fit(X, y)
        return callback.seen

    if -1.0 in alphas:
        with pytest.warns(FitFailedWarning, match="fits failed"):
            found, expected = seen(PathSearchCV), seen(GridSearchCV)
    else:
        found, expected = seen(PathSearchCV), seen(GridSearchCV)
    assert found[0] == expected[0] == ("setup", "fit")
    assert found[-1] == expected[-1] == ("teardown", "fit")
    searched = lambda tasks: sorted(  # noqa: E731
        (task for task in tasks if task[1] == "candidate-split-evaluation"), key=repr
    )
    if recorder is Recorder:
        assert sorted(found, key=repr) == sorted(expected, key=repr)
        assert len(searched(found)) == 2 * 3 * 3
    elif -1.0 not in alphas:
        # The pipeline is fitted once a fold, and once at the end.
        fits = [t for t in found if t[:2] == ("begin", "fit-transform-standardscaler")]
        assert len(fits) == 3 + 1


def test_the_progress_bar():
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    X, y = make_regression(n_samples=30, n_features=4, noise=1.0, random_state=0)
    search = PathSearchCV(
        make_pipeline(StandardScaler(), LassoRegressor()),
        {"lassoregressor__alpha": [0.1, 1.0]},
    )
    search.set_callbacks(ProgressBar()).fit(X, y)
    assert search.best_params_ == {"lassoregressor__alpha": 0.1}


def test_other_estimators_report_as_ever():
    X, y = make_regression(n_samples=30, n_features=4, noise=1.0, random_state=0)
    callbacks = Recorder(), Recorder()
    for kind, callback in zip((PathSearchCV, GridSearchCV), callbacks, strict=True):
        kind(Lasso(), {"alpha": [0.1, 1.0]}).set_callbacks(callback).fit(X, y)
    assert callbacks[0].seen == callbacks[1].seen
