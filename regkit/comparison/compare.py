"""Compare regularized models on one table, honestly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.comparison.candidates import (
    L1_RATIOS,
    LINEAR,
    Candidate,
    Entrants,
    make_candidates,
)
from regkit.comparison.checks import look_for_traps
from regkit.comparison.coefficients import uncalibrated
from regkit.comparison.evaluate import Outcome, run_candidate
from regkit.comparison.findings import ModelResult
from regkit.comparison.linear import as_root
from regkit.comparison.ranking import Sampling, equal_to_best, mean_loss, simplest
from regkit.comparison.results import RegularizerComparison
from regkit.comparison.sentence import EXACT
from regkit.comparison.splits import Plan, Split, check_plan, make_splits, seed_of
from regkit.comparison.tables import Given, read_given
from regkit.comparison.tasks import Metric, choose_metric
from regkit.inspection.path_display import RegularizationPathDisplay
from regkit.tables import TableEncoder


def compare_regularizers(
    X: Any,
    y: Any,
    *,
    task: str = "auto",
    metric: str | None = None,
    test_size: float = 0.25,
    n_folds: int = 5,
    n_repeats: int = 1,
    groups: Any = None,
    time: Any = None,
    l1_ratios: Sequence[float] = L1_RATIOS,
    networks: bool = True,
    show_overfitting: bool = False,
    baseline: bool = True,
    encoder: TableEncoder | None = None,
    random_state: int | None = 0,
    feature_names: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> RegularizerComparison:
    """Tune regularized models, compare their errors on rows kept back, name one.

    Of numbers: least squares, Ridge, Lasso and Elastic Net. Of classes: logistic
    regression with an L2, an L1 and a mixed penalty, and a linear SVM, whose margins
    scikit-learn's `CalibratedClassifierCV` turns into probabilities (with
    ``metric="error_rate"`` none are needed). Of counts: Poisson regression with the
    first three penalties. Beside them the package's network (`DropoutMLPRegressor` or
    `DropoutMLPClassifier`) and, as a yardstick, scikit-learn's boosted trees, both with
    their defaults, and for counts with the Poisson loss.

    The rows are split into a training and a test part. Inside the training part,
    cross-validation chooses alpha and l1_ratio; columns are encoded and scaled by
    training rows only, so nothing of a test row enters its prediction. Each model is
    then fitted on all training rows and judged on the test rows. `n_repeats` splits
    give errors that depend less on which rows were drawn.

    Models whose errors differ from the smallest by no more than one standard error of
    the paired difference, or by less than 0.5%, are called equal, and the simplest of
    them is recommended: a linear model before boosting before a network, fewer
    coefficients before more.

    Parameters
    ----------
    X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
        A data frame, or what `read_table` returns, is read and encoded by
        `TableEncoder`: numbers, text, dates and missing values. An array or a sparse
        matrix of numbers is taken as it is.
    y : str or array-like of shape (n_samples,)
        Target: the name of a column of the data frame, numbers, or labels of classes.
        Rows without it are left out.
    task : {"auto", "regression", "classification", "counts"}, default="auto"
        What y holds. "auto": text, booleans and any two values are classes, other
        numbers are numbers.
    metric : {"rmse", "mae", "log_loss", "error_rate", "deviance"}, default=None
        The error that ranks models: "rmse" or "mae" of numbers, "log_loss" or
        "error_rate" of classes, "deviance" (Poisson) of counts. None for the first.
    test_size : float, default=0.25
        Share of the rows kept for the test, in (0, 1).
    n_folds : int, default=5
        Folds of the cross-validation, at least 2.
    n_repeats : int, default=1
        Splits at random, each with tuning of its own; with `time`, blocks that the last
        rows are cut into, each predicted from all rows before it.
    groups : str or array-like of shape (n_samples,), default=None
        Rows of one value stay in one part, such as those of one patient. The name of a
        column of X leaves it out of the features.
    time : str or array-like of shape (n_samples,), default=None
        Test rows are those with the last values, and folds respect the order.
    l1_ratios : sequence of float, default=(0.1, 0.3, 0.5, 0.7, 0.9)
        Mixes that Elastic Net chooses from, each in (0, 1]. Of numbers they refer to a
        target of unit standard deviation, as glmnet's, so that the choice does not
        depend on the units of y; `alpha` and `l1_ratio` of the result are converted to
        y's units.
    networks : bool, default=True
        Whether the network takes part.
    show_overfitting : bool, default=False
        Add three small networks that show what overfitting is: without regularization,
        with dropout, and with dropout and an L2 penalty. Not for counts.
    baseline : bool, default=True
        Whether boosted trees take part.
    encoder : TableEncoder, default=None
        How to read the columns of a data frame; None for ``TableEncoder()``. Columns
        are read in the whole table; medians and levels are learned from the training
        rows.
    random_state : int or None, default=0
        Seed of the splits (the k-th uses random_state + k), of the folds, of boosting
        and of the networks.
    feature_names : sequence of str of length n_features, default=None
        Names of the columns of an array; None for x0, x1, ….
    progress : callable, default=None
        Called with one line of text before each step, such as "Lasso (3 of 6)".

    Returns
    -------
    comparison : RegularizerComparison
        Prints as a table; ``comparison.recommended_``, ``comparison["Lasso"]``,
        ``comparison.summary()``, ``comparison.to_frame()``, ``comparison.plot()``,
        ``comparison.to_html()``, ``comparison.code()``, ``comparison.save()``.

    Raises
    ------
    ValueError
        For too few rows, a constant target, missing values in an array or a parameter
        outside the range given above.

    Examples
    --------
    >>> from regkit import compare_regularizers, make_house_prices
    >>> houses = make_house_prices(120, n_irrelevant=60)
    >>> comparison = compare_regularizers(houses.data, houses.target, networks=False)
    >>> comparison.recommended_.name
    'Elastic Net'
    """
    if not l1_ratios or not all(0 < ratio <= 1 for ratio in l1_ratios):
        raise ValueError(
            f"l1_ratios must hold numbers in (0, 1], got {tuple(l1_ratios)}"
        )
    given = read_given(X, y, task, groups, time, encoder, feature_names)
    plan = Plan(test_size, n_folds, n_repeats, random_state, given.groups, given.time)
    entrants = Entrants(l1_ratios, networks, show_overfitting, baseline)
    return compare_given(given, metric, plan, entrants, progress)


def compare_given(
    given: Given,
    metric: str | None,
    plan: Plan,
    entrants: Entrants,
    progress: Callable[[str], None] | None,
) -> RegularizerComparison:
    """Compare models on columns that have been read; see `compare_regularizers`."""
    target = given.target
    chosen = choose_metric(metric, target.task)
    check_plan(plan, target.values.size)
    splits = make_splits(target, plan)
    candidates = make_candidates(target, chosen, entrants)
    return _Run(given, chosen, plan, splits, candidates, progress).compare()


class _Run:
    """One comparison: all models on all splits."""

    def __init__(
        self,
        given: Given,
        metric: Metric,
        plan: Plan,
        splits: list[Split],
        candidates: list[Candidate],
        progress: Callable[[str], None] | None,
    ) -> None:
        self.given, self.metric, self.plan = given, metric, plan
        self.splits, self.candidates = splits, candidates
        self.progress = progress or (lambda text: None)
        self.outcomes: dict[str, list[Outcome]] = {c.name: [] for c in candidates}

    def compare(self) -> RegularizerComparison:
        """Fit everything, then judge."""
        columns, target = self.given.columns, self.given.target
        for k, split in enumerate(self.splits):
            if k == 0:
                self.progress("encoding")
            prepared = columns.prepare(split.train, split.test)
            if k == 0:
                first = prepared
            self._fit_all(prepared, split, k)
        self.progress("judging")
        candidates = [
            c for c in self.candidates if len(self.outcomes[c.name]) == len(self.splits)
        ]
        sampling = self._sampling()
        losses = [[o.test_losses for o in self.outcomes[c.name]] for c in candidates]
        means = [float(np.mean([part.mean() for part in own])) for own in losses]
        best = int(np.argmin(means))
        error = self.metric.error
        constant = self._constant()
        mean_loss_, _ = mean_loss(constant, sampling)
        exact = EXACT * error(mean_loss_)
        equal = equal_to_best(losses, best, sampling, error, exact)
        results = tuple(
            self._result(c, first.names, equal[k], sampling)
            for k, c in enumerate(candidates)
        )
        pick = simplest(
            equal, [c.kind for c in candidates], [r.n_nonzero for r in results]
        )
        found = [losses[best], constant]
        beaten = equal_to_best(found, 0, sampling, error)[1]
        warnings = look_for_traps(
            self.given, first, self.splits[0], self.metric, means[best], mean_loss_
        )
        return RegularizerComparison(
            results=results,
            recommended=results[pick].name,
            target=target,
            metric=self.metric,
            mean_error=self.metric.error(mean_loss_),
            constant_equal=beaten or mean_loss_ <= means[best],
            n_train=self.splits[0].train.size,
            n_test=self.splits[0].test.size,
            n_columns=columns.n_columns,
            n_features=first.X_train.shape[1],
            plan=self.plan,
            splits=tuple(self.splits),
            given=self.given,
            names=first.names,
            encoder=first.encoder,
            warnings=warnings,
        )

    def _fit_all(self, prepared: Any, split: Split, k: int) -> None:
        of = "" if len(self.splits) == 1 else f", split {k + 1} of {len(self.splits)}"
        for j, candidate in enumerate(self.candidates, start=1):
            self.progress(f"{candidate.name} ({j} of {len(self.candidates)}{of})")
            outcome = run_candidate(
                candidate,
                prepared,
                self.given.target,
                split,
                self.metric,
                seed_of(self.plan, k),
            )
            if outcome is not None:
                self.outcomes[candidate.name].append(outcome)

    def _sampling(self) -> Sampling:
        groups = None
        if self.given.groups is not None:
            _, codes = np.unique(self.given.groups, return_inverse=True)
            groups = [codes[split.test] for split in self.splits]
        first = self.splits[0]
        ratio = first.test.size / first.train.size
        return Sampling(ratio, self.given.time is not None, groups)

    def _constant(self) -> list[Floats]:
        """Give the losses of the best prediction without columns."""
        numbers = self.given.target.numbers
        classes = self.given.target.classes
        n_classes = 0 if classes is None else classes.size
        losses = []
        for split in self.splits:
            answer = self.metric.constant_answer(numbers[split.train], n_classes)
            losses.append(self.metric.loss(numbers[split.test], answer))
        return losses

    def _result(
        self,
        candidate: Candidate,
        names: list[str] | None,
        equal: bool,
        sampling: Sampling,
    ) -> ModelResult:
        outcomes = self.outcomes[candidate.name]
        metric, first = self.metric, outcomes[0]
        test, test_se = mean_loss([o.test_losses for o in outcomes], sampling)
        tuned = first.tuned
        cv = None if tuned.loss is None else metric.error(tuned.loss)
        return ModelResult(
            name=candidate.name,
            kind=candidate.kind,
            train_error=metric.error(float(np.mean([o.train_loss for o in outcomes]))),
            test_error=metric.error(test),
            test_error_se=metric.error_se(test, test_se),
            cv_error=cv,
            cv_error_se=(
                None
                if tuned.loss is None or tuned.loss_se is None
                else metric.error_se(tuned.loss, tuned.loss_se)
            ),
            scores={
                name: float(np.mean([o.scores[name] for o in outcomes]))
                for name in first.scores
            },
            equal_to_best=equal,
            n_nonzero=_n_nonzero(first.model),
            alpha=tuned.alpha or None,
            l1_ratio=None if tuned.mix is None else tuned.l1_ratio,
            dropout=tuned.dropout or None,
            seconds=sum(o.seconds for o in outcomes),
            model=first.model,
            models=tuple(o.model for o in outcomes),
            answers=first.answers,
            test_losses=first.test_losses,
            selection=(
                as_root(tuned.selection, metric.short)
                if metric.root and tuned.selection is not None
                else tuned.selection
            ),
            path=_path(tuned, names) if candidate.kind == LINEAR else None,
        )


def _path(tuned: Any, names: list[str] | None) -> RegularizationPathDisplay | None:
    if tuned.path is None or tuned.selection is None:
        return None
    alphas, used, coefs = tuned.path
    return RegularizationPathDisplay(
        alphas=alphas,
        coefs=coefs,
        feature_names=[f"x{j}" if names is None else names[j] for j in used],
        alpha=tuned.alpha,
        alpha_1se=tuned.selection.alpha_1se,
        scaled=True,
    )


def _n_nonzero(model: Any) -> int:
    """Count columns with a coefficient, or weights of a network; 0 for trees."""
    if hasattr(model, "estimators_"):
        return sum(_n_nonzero(member) for member in model.estimators_)
    if hasattr(model, "coefs_"):
        return sum(int(np.count_nonzero(weights)) for weights in model.coefs_)
    model = uncalibrated(model)
    if hasattr(model, "coef_"):
        used: NDArray[Any] = np.atleast_2d(model.coef_)
        return int(np.count_nonzero(used.any(axis=0)))
    return 0
