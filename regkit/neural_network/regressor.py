"""Regression by networks with dropout."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from regkit._bases import RegressorMixin
from regkit._describe import described_as, takes_parameters
from regkit._sklearn import RealInterval, StrOptions, validate_parameters
from regkit._types import Floats
from regkit.neural_network._base import DropoutMLP
from regkit.neural_network._by_chunks import by_chunks
from regkit.neural_network._calibration import judge
from regkit.neural_network._data import Table
from regkit.neural_network._ensemble import Ensemble, joined
from regkit.neural_network._fitted import Fitted
from regkit.neural_network._heads import Heads
from regkit.neural_network._held_out import Judges
from regkit.neural_network._network_parameters import (
    RegressionParameters,
    UsualParameters,
)
from regkit.neural_network._parameters import (
    COMMON,
    check_coverage,
    check_n_samples,
    quantile_levels,
)
from regkit.neural_network._rows import FitInput, Goal, Parts
from regkit.neural_network._summaries import FirstTargets
from regkit.neural_network._to_sklearn import regressor_of
from regkit.neural_network._uncertainty import (
    MOST_EPISTEMIC,
    RegressionUncertainty,
    determination,
    epistemic_deviation,
    gaussian_reach,
    rest_of,
    root_mean_square,
)
from regkit.rows.inputs import check_y
from regkit.solvers.networks.scaling import Scaling, ScalingMoments

# Passes for deviations; the default of predictions.
_N_PASSES = 100
# Sums of a few million targets stay finite.
_LARGEST = 1e301
_LOSSES = (
    "squared_error",
    "absolute_error",
    "huber",
    "quantile",
    "gaussian_nll",
    "poisson",
)


@takes_parameters
class DropoutMLPRegressor(
    RegressorMixin, DropoutMLP, RegressionParameters, UsualParameters
):
    r"""Multi-layer perceptron with dropout, for regression.

    Minimizes by stochastic gradient descent over all layers' weights :math:`W` and
    biases

    .. math::

        \frac{1}{\sum_i w_i} \sum_i w_i \, \ell(y_i, f(x_i))
        + \frac{\alpha}{2} \|W\|_2^2 + l_1 \|W\|_1,

    where :math:`w` are the `sample_weight`, :math:`f` is the network with units dropped
    at random [1]_, and the loss :math:`\ell` is averaged over targets. The loss is a
    mean, so that penalties mean the same for any batch size and when every row is
    repeated (scikit-learn's `MLPRegressor` divides its `alpha` by the batch's rows:
    ``alpha`` here is ``alpha / batch_size`` there). With `standardize_target` losses
    are those of the standardized target. Biases are not penalized. "adamw" has no such
    objective: its penalty acts beside the step.

    Usually set are `hidden_layer_sizes`, `n_members`, `dropout`, `alpha`, `max_iter`,
    `random_state`, `verbose`, `loss` and `quantile`, which come first. The others
    follow in groups: the target and its uncertainty (from `huber_delta`),
    columns (from `categorical_features`), architecture (from `activation`),
    regularization (from `input_dropout`), training (from `solver`), rows held out
    (from `early_stopping`), rows in chunks (`buffer_chunks`).

    Parameters
    ----------
    learning_rate_init : float, default=0.2
        Largest learning rate; what it multiplies is said by `layer_rates`.
    n_iter_no_change : int, default=None
        Epochs without progress after which training ends, of the validation loss where
        there are validation rows, else of the training loss. None is 10 with a
        `learning_rate` of "constant" or "adaptive"; with "cosine_cycles" training ends
        after a cycle (from the second on) that brought no progress on validation rows;
        other schedules run to their end.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights, the scaling and the optimizer's state
        of the last fit, with the same folds; schedules start anew. Layers, activations,
        `embedding`, `standardize`, `dtype`, the number of members and outputs cannot
        change then.
    early_stopping : bool, default=True
        Whether to keep the weights of the epoch after which the loss of the rows to
        validate on is least. Without it a single network learns from all rows, and
        several keep their last weights; their folds show how good they are.

    Attributes
    ----------
    oof_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Predictions of the rows by the members that did not learn from them; NaN where
        a row was not held out.
    oof_score_ : float
        Coefficient of determination of these, weighted.
    validation_scores_ : list of float or None
        Coefficient of determination of the validation rows after each epoch, averaged
        over targets.
    n_outputs_ : int
        Units of the last layer, without those that serve intervals alone.
    noise_std_ : float or ndarray of shape (n_targets,)
        Root of the mean square of the residuals of rows held out, in y's units, or what
        `tau` says; only where one of them is there. What a prediction's deviation is on
        average; that of each row is `predict_uncertainty`'s.

    See Also
    --------
    DropoutMLPClassifier : For classes.

    References
    ----------
    .. [3] Y. Gal and Z. Ghahramani, "Dropout as a Bayesian approximation: representing
       model uncertainty in deep learning", International Conference on Machine
       Learning, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from regkit.neural_network import DropoutMLPRegressor
    >>> X = np.linspace(-3, 3, 300)[:, None]
    >>> y = 100 * np.sin(X[:, 0])
    >>> model = DropoutMLPRegressor(random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.99
    True
    >>> y_pred, y_std = model.predict([[1.0]], return_std=True)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **COMMON,
        "loss": [StrOptions(set(_LOSSES))],
        "huber_delta": [RealInterval(0, None, closed="neither")],
        "quantile": [RealInterval(0, 1, closed="neither"), "array-like"],
        "calibration_fraction": [RealInterval(0, 1, closed="left")],
        "tau": [None, RealInterval(0, None, closed="neither")],
        "standardize_target": ["boolean"],
    }

    @described_as(DropoutMLP._continue)
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Train for one epoch, at constant initial rates, on all rows.

        The first call decides the shape and how X and y are scaled. No rows are set
        apart, whatever `early_stopping` says.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets. None where they come with the chunks of X.

        Raises
        ------
        ValueError, TypeError
            As `fit`, and when the network of earlier calls has other columns, layers or
            targets.
        """
        validate_parameters(self)
        return self._continue(X, y, sample_weight, "_ensemble" not in self.__dict__)

    @described_as(DropoutMLP._check_X)
    def predict(
        self, X: Any, return_std: bool = False, n_samples: int = _N_PASSES
    ) -> Any:
        """Predict without dropout, on request with standard deviations.

        Parameters
        ----------
        return_std : bool, default=False
            Whether to return standard deviations of y given X as well, the `total` of
            `predict_uncertainty`.
        n_samples : int, default=100
            Number of dropout masks, with `return_std`; always the same ones.

        Returns
        -------
        y_pred : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions, in float64, the mean of the members'; of several quantiles the
            middle one. Without `return_std` a Dask array or series, not yet computed,
            for a Dask array or data frame.
        y_std : ndarray of the same shape
            Only with `return_std`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            When X holds inf, its columns are not those seen in `fit`, `n_samples` is
            not an integer of at least 2, or deviations are wanted of networks without
            rows held out.
        """
        if return_std:
            found = self.predict_uncertainty(X, n_samples)
            return found.mean, found.total
        return self._predict(X)

    @by_chunks(lazy=True)
    def _predict(self, X: Any) -> Floats:
        return self._shaped(self._mean(self._check_X(X)))

    def _mean(self, X: Any) -> Floats:
        first, *others = self._ensemble.members
        total: Floats = self._heads.means(
            first.outputs(X, with_beside=False), first.targets
        )
        for each in others:
            total += self._heads.means(each.outputs(X, with_beside=False), each.targets)
        return total / (1 + len(others)) if others else total

    @by_chunks()
    @described_as(predict)
    def predict_quantiles(self, X: Any) -> Floats:
        """Predict the quantiles of ``loss="quantile"``, none of which cross.

        Returns
        -------
        quantiles : ndarray of shape (n_samples, n_quantiles) or \
                (n_samples, n_targets, n_quantiles)
            Ascending in the last axis, as `quantile` in the constructor, sorted. They
            are as the networks learned them; `predict_interval` moves the outermost two
            so that they cover held-out rows.

        Raises
        ------
        ValueError
            With another loss.
        """
        self._check_fitted()
        heads = self._heads
        if heads.loss != "quantile":
            raise ValueError(
                'predict_quantiles needs loss="quantile" and quantile=[…]; this '
                f"{type(self).__name__} was fitted with loss={heads.loss!r}."
            )
        X = self._check_X(X)
        each = [
            heads.quantiles(m.outputs(X), m.targets) for m in self._ensemble.members
        ]
        found: Floats = np.mean(each, axis=0)
        return found[:, 0] if self._one_dimensional else found

    @by_chunks()
    @described_as(predict)
    def predict_uncertainty(
        self, X: Any, n_samples: int = _N_PASSES
    ) -> RegressionUncertainty:
        """Predict with the parts of the uncertainty apart.

        Parameters
        ----------
        n_samples : int, default=100
            Number of dropout masks in all; always the same ones.

        Returns
        -------
        uncertainty : named tuple (mean, epistemic, noise, total)
            Predictions and standard deviations, each of y's shape. The noise is the
            spread that the networks predict for the row, scaled so that it explains
            the residuals of held-out rows, less the epistemic variance, but at least a
            tenth of it; with `tau` it is given. Without `tau` the epistemic deviation
            is at most the total that held-out rows show, which that of masks often
            exceeds.

        Raises
        ------
        ValueError
            When no rows were held out that could show the noise.
        """
        X = self._check_X(X)
        check_n_samples(n_samples, 2)
        ensemble, heads = self._ensemble, self._heads
        if self._calibration is None and heads.loss != "gaussian_nll":
            self._refuse_without_rows()
        mean = self._mean(X)
        epistemic = epistemic_deviation(heads, ensemble, X, n_samples)
        calibration = self._calibration
        if self.tau is not None:
            noise = np.full_like(mean, self.tau**-0.5)
        elif calibration is None:
            found = [
                heads.center_and_spread(each.outputs(X), each.targets)[1]
                for each in ensemble.members
            ]
            noise = rest_of(root_mean_square(np.array(found)), epistemic)
        else:
            # Held-out rows show both parts together, and that masks exaggerate.
            spread = calibration.deviations(heads, ensemble.members, X)
            epistemic = np.minimum(epistemic, MOST_EPISTEMIC * spread)
            noise = rest_of(spread, epistemic)
        total = np.hypot(epistemic, noise)
        return RegressionUncertainty(
            *(self._shaped(part) for part in (mean, epistemic, noise, total))
        )

    @by_chunks(axis=1)
    def sample_predictions(
        self, X: Any, n_samples: int = _N_PASSES, random_state: Any = None
    ) -> Floats:
        """Predict with units dropped as in training (Monte Carlo dropout).

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_rows, n_features)
            Rows to predict for.
        n_samples : int, default=100
            Number of predictions for each row, by which members take turns; masks of
            all are independent.
        random_state : int, RandomState instance or None, default=None
            Of the masks.

        Returns
        -------
        samples : ndarray of shape (n_samples, n_rows) or (n_samples, n_rows, n_targets)
            Predictions; their mean is the Monte Carlo estimate of the posterior mean
            and their spread the epistemic uncertainty. The noise of y is not in them.

        Raises
        ------
        ValueError
            When `n_samples` is not a positive integer.
        """
        X = self._check_X(X)
        check_n_samples(n_samples, 1)
        ensemble = self._ensemble
        found = ensemble.passes(X, n_samples, self._draw_seed(random_state))
        samples = joined(
            [
                (own, self._heads.means(raw, member.targets))
                for (own, raw), member in zip(found, ensemble.members, strict=False)
            ]
        )
        return samples[..., 0] if self._one_dimensional else samples

    @by_chunks()
    @described_as(predict)
    def predict_interval(self, X: Any, coverage: float = 0.9) -> tuple[Floats, Floats]:
        """Predict intervals that hold y with a given probability.

        Each network predicts a spread with its prediction, and intervals are multiples
        of it that cover held-out rows. Rows held out by `calibration_fraction` make
        them split-conformal [1]_: at least `coverage` of new rows are covered on
        average, whatever the networks are worth. Otherwise the rows that validate
        serve, which are predicted by the members of their fold: intervals are
        cross-conformal [2]_, cover about `coverage` of new rows (88% to 92% for 90% in
        the documentation's tables), and have no guarantee for all data. They are wider
        where the members disagree, and narrower by what the mean of all members errs
        less than those of a fold.

        The rows that were held out also choose the center of intervals, between the
        prediction and the middle of two quantiles, and their width: one for all rows,
        the distance of the quantiles, something between, or one that varies even more.
        Each member's spreads are divided by their geometric mean over these rows.
        Networks that began without held-out rows, and are trained further by a warm
        start, have no spreads: the width is the same for all rows. Validation rows
        chose the epoch whose weights are kept, so each half of them is compared with
        the epoch that the other half would have chosen. All of this is about rows like
        those of the fit, not about rows far from them.

        Parameters
        ----------
        coverage : float, default=0.9
            Probability, in (0, 1).

        Returns
        -------
        lower, upper : ndarrays of shape (n_samples,) or (n_samples, n_targets)
            The ends of the intervals.

        Raises
        ------
        ValueError
            When `coverage` is not in (0, 1), or needs more rows than were held out.

        References
        ----------
        .. [1] J. Lei, M. G'Sell, A. Rinaldo, R. Tibshirani and L. Wasserman,
           "Distribution-free predictive inference for regression", Journal of the
           American Statistical Association 113, 2018.
        .. [2] V. Vovk, "Cross-conformal predictors", Annals of Mathematics and
           Artificial Intelligence 74, 2015.
        """
        X = self._check_X(X)
        check_coverage(coverage)
        if self._calibration is not None:
            members = self._ensemble.members
            lower, upper = self._calibration.interval(
                self._heads, members, X, float(coverage)
            )
        else:
            if self._heads.loss != "gaussian_nll" and self.tau is None:
                self._refuse_without_rows()
            found = self.predict_uncertainty(X)
            half = gaussian_reach(coverage) * found.total
            return found.mean - half, found.mean + half
        if self._heads.loss == "poisson":
            lower = np.maximum(lower, 0.0)
        return self._shaped(lower), self._shaped(upper)

    def to_sklearn(self) -> Any:
        """Return a fitted scikit-learn model that predicts the same.

        Returns
        -------
        model : MLPRegressor or VotingRegressor
            With these networks' weights, of several members in a `VotingRegressor`; it
            can be exported wherever scikit-learn's can, to ONNX with skl2onnx for
            instance.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            When scikit-learn has no such network: other activations, different ones
            in different layers, an embedding, or several quantiles.
        """
        self._check_fitted()
        return regressor_of(self)

    def _refuse_without_rows(self) -> None:
        """Refuse what only held-out rows can show: training rows err by too little."""
        if self.tau is None:
            raise ValueError(
                f"{type(self).__name__}: no rows were held out that could show how far "
                "predictions are off. Fit with n_members of at least 2, "
                "early_stopping=True or calibration_fraction, or give tau."
            )

    @property
    def _one_dimensional(self) -> bool:
        return bool(self._y_ndim == 1)

    def _shaped(self, values: Floats) -> Floats:
        return values[:, 0] if self._one_dimensional else values

    def _calibrate(
        self, ensemble: Ensemble, judges: Judges, given: FitInput
    ) -> dict[str, Any]:
        if not judges.held_out:
            return self._uncalibrated()
        chosen = not judges.are_set_apart
        judged = judge(self._heads_of(given.goal), judges, ensemble.members, chosen)
        found: dict[str, Any] = {"_calibration": judged.calibration}
        deviation = judged.deviation
        if self.tau is not None:
            deviation = np.full_like(deviation, self.tau**-0.5)
        one = len(deviation) == 1
        found["noise_std_"] = np.float64(deviation[0]) if one else deviation
        if judges.by_fold and given.n_rows is not None:
            means = judges.fill(judged.means, given.n_rows)
            found["folds_"] = judges.folds(given.n_rows)
            found["oof_prediction_"] = means[:, 0] if one else means
            truth = [table.targets for _, table, *_ in judges.held_out]
            weights = [table.weights for _, table, *_ in judges.held_out]
            found["oof_score_"] = np.float64(
                determination(
                    *(np.concatenate(each) for each in (truth, judged.means, weights))
                )
            )
        return found

    def _uncalibrated(self) -> dict[str, Any]:
        found: dict[str, Any] = {"_calibration": None}
        if self.tau is not None:
            found["noise_std_"] = np.float64(self.tau**-0.5)
        return found

    def _heads_of(self, goal: Goal) -> Heads:
        heads: Heads = goal.attributes["_heads"]
        return heads

    def _make_goal(self, y: Any, checked: Floats, fresh: bool) -> Goal:
        targets = checked.reshape(len(checked), -1)
        with_ends = fresh or self._heads.with_ends
        levels = quantile_levels(self.quantile)
        heads = Heads(self.loss, targets.shape[1], levels, with_ends)
        if not fresh and self._heads.n_targets != heads.n_targets:
            raise ValueError(
                f"y has {targets.shape[1]} targets, but {type(self).__name__} was "
                f"fitted with {self._heads.n_targets}."
            )
        self._check_range(targets, "y")
        # One column is predicted in one dimension, as by scikit-learn's networks.
        y_ndim = 1 if targets.shape[1] == 1 else 2
        goal = Goal(
            targets,
            heads.n_outputs,
            self.loss,
            self.huber_delta if self.loss == "huber" else float(len(levels) // 2),
            {"_y_ndim": y_ndim, "out_activation_": heads.activation},
        )
        return self._with_heads(goal, heads)

    def _with_heads(self, goal: Goal, heads: Heads) -> Goal:
        return goal._replace(
            n_outputs=heads.n_outputs,
            n_beside=heads.n_beside,
            levels=heads.levels,
            start=heads.start,
            attributes=goal.attributes | {"_heads": heads},
        )

    def _without_intervals(self, goal: Goal) -> Goal:
        heads = self._heads_of(goal)._replace(with_ends=False)
        return self._with_heads(goal, heads)

    def _check_range(self, targets: Floats, name: str) -> None:
        if self.loss == "poisson" and targets.min(initial=0.0) < 0:
            raise ValueError(
                f'{name} must not be negative with loss="poisson", got '
                f"{targets.min():g}."
            )
        largest = float(np.abs(targets).max(initial=0.0))
        if largest > _LARGEST:
            raise ValueError(
                f"{name} holds {largest:g} in absolute value, and sums of numbers "
                f"beyond {_LARGEST:g} overflow: divide {name} by a constant."
            )

    def _plain_y(self, y: Any) -> Floats:
        return check_y(self, y)

    def _summary(self) -> FirstTargets:
        return FirstTargets()

    def _targets(self, y: Any, goal: Goal, name: str) -> Floats:
        y = check_y(self, y, name)
        targets: Floats = y.reshape(len(y), -1)
        if targets.shape[1] != goal.targets.shape[1]:
            raise ValueError(
                f"{name} has {targets.shape[1]} targets, y has {goal.targets.shape[1]}."
            )
        self._check_range(targets, name)
        return targets

    def _target_scaling(self, parts: Parts, goal: Goal) -> Scaling:
        table, stream = parts.learn, parts.stream
        moments = None if stream is None else stream.totals.targets
        if moments is None:
            moments = ScalingMoments.of(table.targets, table.weights)
        return self._heads_of(goal).scaling(moments, self.standardize_target)

    def _scores(self, means: Floats, fitted: Fitted, held_out: Table) -> list[float]:
        """Turn mean squared errors per target into R², averaged over targets."""
        spread = ScalingMoments.of(held_out.targets, held_out.weights).scale
        with np.errstate(over="ignore"):  # targets far smaller than the outputs
            relative = np.square(fitted.targets.scale / spread)
        return [float(np.mean(1.0 - epoch * relative)) for epoch in means]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = False
        return tags
