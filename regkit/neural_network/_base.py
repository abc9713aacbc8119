"""What both estimators share: fit in order, fitted attributes, warnings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from regkit._sklearn import check_same_features, validate_parameters
from regkit._types import Floats
from regkit._warn import warn
from regkit.neural_network._data import Table, no_rows
from regkit.neural_network._fitted import Fitted
from regkit.neural_network._parameters import (
    built_with,
    check_built_with,
    make_architecture,
    make_settings,
)
from regkit.neural_network._progress import (
    CallbackSupportMixin,
    Progress,
    with_callbacks,
)
from regkit.neural_network._rows import Given, Goal, Parts, RowsByUse, check_names
from regkit.rows.inputs import check_predict_X
from regkit.solvers.networks.scaling import Moments, Scaling
from regkit.solvers.networks.streamed import run_streamed
from regkit.solvers.networks.trainer import (
    Parameters,
    Settings,
    TrainingResult,
    run,
)

# Interquartile ranges from the median that "robust" scaling does not pass.
_CLIP = 3.0


class DropoutMLP(RowsByUse, CallbackSupportMixin, BaseEstimator):
    """Base of the dropout networks; subclasses say what y means.

    A fit that fails, at whatever step, leaves the estimator as it was: attributes are
    set at the end and all at once.
    """

    _fitted: Fitted
    t_: int

    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
    ) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks, Dask array or data \
                frame} of shape (n_samples, n_features)
            Training rows; never written. Sparse rows are filled in a batch at a time;
            rows in chunks are read anew in every epoch (see `buffer_chunks`).
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets; None where they come with the chunks of X.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, non-negative and not all zero.
        X_val, y_val : as X and y, default=None
            Rows in memory to validate on after every epoch, instead of rows that
            `early_stopping` would set apart. The weights of the epoch with the least
            validation loss are kept, with or without `early_stopping`.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the data is not usable; the message names it.

        Warns
        -----
        ConvergenceWarning
            When training diverged (the last finite weights are kept), or reached
            `max_iter` with ``learning_rate="constant"`` or ``"adaptive"``.
        """
        validate_parameters(self)
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be given together.")
        before = self.__dict__.get("_fitted") if self.warm_start else None
        seed = self._draw_seed(self.random_state)
        given = self._take_more(before, X, y, sample_weight, seed)
        monitors = self.early_stopping and X_val is None
        learn, validate, calibrate = self._set_apart(given.table, seed, monitors)
        stream = self._stream(given, validate, calibrate)
        if X_val is not None:
            validate = self._check_validation(X_val, y_val, given)
        parts = Parts(learn, validate, calibrate, stream)
        fitted = before or self._start(parts, given.goal, seed)
        self._train(fitted, parts, given.goal, seed, given.names, (X, y))
        return self

    def _continue(self, X: Any, y: Any, sample_weight: Any, fresh: bool) -> Self:
        """Train for one epoch, at the constant initial rates."""
        before = None if fresh else self._fitted
        seed = self._draw_seed(self.random_state)
        given = self._take_more(before, X, y, sample_weight, seed)
        none = no_rows(given.table)
        parts = Parts(given.table, none, none, self._stream(given, none, none))
        fitted = before or self._start(parts, given.goal, seed)
        history = {} if fresh else self.__dict__
        self._train(
            fitted, parts, given.goal, fitted.seed, given.names, (X, y), history
        )
        return self

    def _start(self, parts: Parts, goal: Goal, seed: int) -> Fitted:
        """Draw parameters, and learn how to scale."""
        table, stream = parts.learn, parts.stream
        architecture = make_architecture(self, table.X, goal.n_outputs)
        rng = np.random.default_rng(seed)
        small = self.layer_rates == "equal"
        params = architecture.initial(rng, np.dtype(self.dtype), small)
        p = table.X.shape[1]
        inputs = Scaling.none(p)
        if isinstance(self.standardize, str):
            inputs = Scaling.robust(table.X, table.weights, _CLIP)
        elif self.standardize:
            moments = None if stream is None else stream.totals.columns
            inputs = Scaling.standard(moments or Moments.of(table.X, table.weights))
        return Fitted(
            architecture,
            Parameters.start(params),
            inputs,
            self._target_scaling(parts),
            self._settings(architecture, goal, 1, seed).noise(),
            seed,
            built_with(self),
        )

    def _take_more(
        self, before: Fitted | None, X: Any, y: Any, sample_weight: Any, seed: int
    ) -> Given:
        """Check what was passed, also whether the network before can go on from it."""
        if before is None:
            return self._take(X, y, sample_weight, True, seed)
        check_built_with(self, before.built_with)
        given = self._take(X, y, sample_weight, False, seed)
        n_features = given.table.X.shape[1]
        if before.architecture.n_features != n_features:
            raise ValueError(
                f"X has {n_features} features, but {type(self).__name__} is expecting "
                f"{before.architecture.n_features} features as input."
            )
        names = getattr(self, "feature_names_in_", None)
        check_names("X", given.names, "feature_names_in_", names)
        return given if given.names is not None else given._replace(names=names)

    def _settings(
        self, architecture: Any, goal: Goal, n_rows: int, seed: int
    ) -> Settings:
        return make_settings(
            self, architecture, goal.loss, goal.loss_parameter, n_rows, seed
        )

    def _train(
        self,
        fitted: Fitted,
        parts: Parts,
        goal: Goal,
        seed: int,
        names: NDArray[Any] | None,
        given: tuple[Any, Any],
        history: dict[str, Any] | None = None,
    ) -> None:
        """Run the trainer on a copy of the parameters, then keep what it found.

        With ``history``, the attributes of earlier epochs, one more epoch. ``given``
        are X and y as the user passed them, for callbacks.
        """
        parts = parts._replace(validate=parts.validate.in_halves())
        table, held_out = parts.learn, parts.validate
        settings = self._settings(fitted.architecture, goal, parts.n_rows, seed)
        if history is not None:
            settings = settings.for_one_epoch()
        rows_before = self.t_ if fitted.parameters.n_steps else 0
        fitted = replace(
            fitted, parameters=fitted.parameters.copy(), dropout=settings.noise()
        )

        def attributes(result: TrainingResult | None = None) -> dict[str, Any]:
            found = self._attributes(fitted, goal, names)
            if result is not None:
                found |= self._told(result, history)
                found["t_"] = rows_before + result.n_epochs * parts.n_rows
                if len(held_out.weights):
                    found["validation_scores_"] = self._scores(
                        result.validation_scores, fitted, held_out
                    )
            return found

        data = {"X": given[0], "y": given[1]}
        context = None
        if history is None and getattr(self, "_skl_callbacks", None):
            context = self._init_callback_context(max_subtasks=settings.max_iter)
            context.call_on_fit_task_begin(estimator=self, **data)
        observer = None
        if context is not None or self.verbose:
            observer = Progress(self, context, attributes, data)
        scaling = fitted.inputs, fitted.targets, fitted.parameters.params.dtype
        monitored = held_out.data(*scaling)
        if parts.stream is None:
            result = run(
                fitted.architecture,
                settings,
                table.data(*scaling),
                monitored,
                fitted.parameters,
                observer,
            )
        else:
            result = run_streamed(
                fitted.architecture,
                settings,
                parts.stream.feed(
                    *scaling,
                    seed=seed if self.shuffle else None,
                    buffer_chunks=self.buffer_chunks,
                ),
                monitored,
                fitted.parameters,
                observer,
            )
        self._refuse_nothing(result)
        if len(held_out.weights) and result.best_epoch:
            fitted.parameters.params[:] = result.best
        found = attributes(result) | self._calibrate(fitted, parts, result)
        if context is not None:
            context.call_on_fit_task_end(
                estimator=self, reconstruction_attributes=lambda: found, **data
            )
        if names is None and hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.__dict__.update(found)
        if history is None:
            self._warn(settings, result)

    def _refuse_nothing(self, result: TrainingResult) -> None:
        if result.outcome == "diverged" and result.n_epochs == 0:
            raise ValueError(
                f"{type(self).__name__}: the loss is not finite in the first epoch. "
                "Lower learning_rate_init, use standardize=True, or look for extreme "
                "values in X and y."
            )
        if result.n_epochs == 0:
            raise KeyboardInterrupt  # nothing learnt that could be kept

    def _attributes(
        self, fitted: Fitted, goal: Goal, names: NDArray[Any] | None
    ) -> dict[str, Any]:
        """Give the attributes that prediction needs."""
        coefs, intercepts = fitted.layers()
        found: dict[str, Any] = {
            "_fitted": fitted,
            "coefs_": coefs,
            "intercepts_": intercepts,
            "n_layers_": len(coefs) + 1,
            "n_outputs_": goal.n_outputs,
            "n_features_in_": fitted.architecture.n_features,
            **goal.attributes,
        }
        if names is not None:
            found["feature_names_in_"] = names
        return found

    def _told(
        self, result: TrainingResult, history: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Give the attributes that tell of the training."""
        found: dict[str, Any] = {
            "n_iter_": result.n_epochs,
            "loss_curve_": result.loss_curve.tolist(),
            "validation_loss_curve_": None,
            "validation_scores_": None,
            "best_loss_": result.best_loss,
            "best_iter_": result.best_epoch,
        }
        if len(result.validation_curve):
            found["validation_loss_curve_"] = result.validation_curve.tolist()
        if history:
            found["n_iter_"] += history["n_iter_"]
            curve = [*history["loss_curve_"], *found["loss_curve_"]]
            found["loss_curve_"] = curve
            found["best_loss_"] = min(curve)
            found["best_iter_"] = int(np.argmin(curve)) + 1
        found["loss_"] = found["loss_curve_"][-1]
        return found

    def _warn(self, settings: Settings, result: TrainingResult) -> None:
        name = type(self).__name__
        if result.outcome == "diverged":
            warn(
                f"{name} diverged in epoch {result.n_epochs + 1}: the loss or a weight "
                "is not finite. The weights before that epoch are kept. Lower "
                f"learning_rate_init (now {settings.learning_rate_init:g}).",
                ConvergenceWarning,
            )
        elif result.outcome == "interrupted":
            warn(
                f"{name}: training interrupted after {result.n_epochs} epochs; the "
                "model can be used.",
            )
        elif (
            result.outcome == "max_iter"
            and settings.tol > 0
            and settings.learning_rate in ("constant", "adaptive")
            and not self.early_stopping
        ):
            warn(
                f"{name}: max_iter={settings.max_iter} reached, and the training loss "
                f"still improves by more than tol={settings.tol:g}.",
                ConvergenceWarning,
            )

    def _check_X(self, X: Any) -> Any:
        """Check rows to predict for."""
        self._check_fitted()
        check_same_features(self, X)
        return check_predict_X(self, X, self.n_features_in_)

    def _check_fitted(self) -> None:
        if "_fitted" not in self.__dict__:
            check_is_fitted(self, "_fitted")

    def _draw_seed(self, random_state: Any) -> int:
        return int(check_random_state(random_state).randint(2**31 - 1))

    def __sklearn_is_fitted__(self) -> bool:
        return "_fitted" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # What subclasses decide.
    def _target_scaling(self, parts: Parts) -> Scaling:
        return Scaling.none(parts.learn.targets.shape[1])

    def _scores(self, means: Floats, fitted: Fitted, held_out: Table) -> list[float]:
        raise NotImplementedError

    def _calibrate(
        self, fitted: Fitted, parts: Parts, result: TrainingResult
    ) -> dict[str, Any]:
        """Learn from held-out rows how far predictions are off."""
        return {}
