"""What both estimators share: fit in order, fitted attributes, warnings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from regkit._bases import BaseEstimator
from regkit._sklearn import check_same_features, validate_parameters
from regkit._types import Floats
from regkit.neural_network._choice import EpochChoice
from regkit.neural_network._curves import fitted_curves, warn_of
from regkit.neural_network._data import Table, no_rows, refuse_far
from regkit.neural_network._ensemble import Ensemble
from regkit.neural_network._fitted import Fitted
from regkit.neural_network._frames import FrameReader
from regkit.neural_network._held_out import Judges, Trained, judges_of
from regkit.neural_network._members import Members
from regkit.neural_network._network_parameters import NetworkParameters
from regkit.neural_network._parameters import (
    built_with,
    check_built_with,
    make_architecture,
    make_settings,
)
from regkit.neural_network._progress import (
    CallbackSupportMixin,
    TrainingProgress,
    with_callbacks,
)
from regkit.neural_network._rows import (
    FitInput,
    Goal,
    Parts,
    RowsByUse,
    check_names,
    kinds_of,
)
from regkit.solvers.networks.expansion import Expansion
from regkit.solvers.networks.scaling import Scaling, ScalingMoments
from regkit.solvers.networks.trainer import Parameters

# Interquartile ranges from the median that "robust" scaling does not pass.
_CLIP = 3.0
# Attributes that not every fit sets: those of an earlier one must go.
_OPTIONAL = (
    "coefs_",
    "estimators_",
    "feature_names_in_",
    "folds_",
    "intercepts_",
    "noise_std_",
    "oof_prediction_",
    "oof_score_",
)


class DropoutMLP(RowsByUse, CallbackSupportMixin, BaseEstimator, NetworkParameters):
    """Base of the dropout networks; subclasses say what y means.

    A fit that fails, at whatever step, leaves the estimator as it was: attributes are
    set at the end and all at once.
    """

    _ensemble: Ensemble
    _reader: FrameReader | None
    n_features_in_: int
    t_: int

    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        groups: Any = None,
    ) -> Self:
        """Fit the networks.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks, Dask array or data \
                frame} of shape (n_samples, n_features)
            Training rows; never written. Sparse rows are filled in a batch at a time;
            rows in chunks are read anew in every epoch (see `buffer_chunks`).
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets; None where they come with the chunks of X.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, non-negative and not all zero.
        X_val, y_val : as X and y, default=None
            Rows in memory to validate on after every epoch, instead of rows of X. The
            weights of the epoch with the least validation loss are kept, with or
            without `early_stopping`; every member learns from all rows of X then.
        sample_weight_val : float or array-like, default=None
            Weights of the validation rows.
        groups : array-like of shape (n_samples,), default=None
            Rows that belong together, such as those of one patient or one day: rows of
            a group are held out together, in folds and by `validation_fraction` and
            `calibration_fraction`, so that scores and intervals are those of new
            groups. A group that alone has a class is always learned from. For rows in
            memory; scikit-learn's searches pass it on with ``set_fit_request``.

        Returns
        -------
        self : estimator
            Fitted.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the data is not usable, or when only one of `X_val` and
            `y_val` is given; the message names it.

        Warns
        -----
        ConvergenceWarning
            When training diverged (the last finite weights are kept; networks without
            any are left out), or reached `max_iter` with ``learning_rate="constant"``
            or ``"adaptive"``.
        UserWarning
            When classes of a single row leave nothing to validate on.
        """
        validate_parameters(self)
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be given together.")
        if X_val is None and sample_weight_val is not None:
            raise ValueError("sample_weight_val needs X_val and y_val.")
        if groups is not None and X_val is not None:
            raise ValueError("groups has no use where X_val is given: use one of them.")
        before = self.__dict__.get("_ensemble") if self.warm_start else None
        seed = self._draw_seed(self.random_state)
        given = self._take_more(before, X, y, sample_weight, seed)
        if groups is not None:
            folds = before.seed if before is not None else seed
            given = given.grouped(groups, folds)
        validation = None
        if X_val is not None:
            validation = self._check_validation(X_val, y_val, sample_weight_val, given)
        validates = validation is not None
        count = self._number_of_members(given, validates)
        if before is not None:
            count = before.n_planned
        # A warm start keeps its folds: rows that were learned must not validate.
        folds = before.seed if before is not None else seed
        parts = self._share_out(given, count, folds, validation)
        if before is not None:
            parts = [parts[number] for number in before.numbers]
        monitors = validates or self.early_stopping
        self._train(before, parts, given, seed, monitors, (X, y))
        return self

    def _continue(self, X: Any, y: Any, sample_weight: Any, fresh: bool) -> Self:
        """Train for one epoch, at the constant initial rates.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Training rows.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : estimator
            Trained on.
        """
        before = None if fresh else self._ensemble
        seed = self._draw_seed(self.random_state)
        given = self._take_more(before, X, y, sample_weight, seed)
        none = no_rows(given.table)
        count = self._number_of_members(given, True)
        if before is not None:
            count = len(before.members)
        parts = Parts(given.table, none, none, self._stream(given, none, none))
        seed = seed if before is None else before.seed
        history = {} if fresh else self.__dict__
        self._train(before, [parts] * count, given, seed, False, (X, y), history)
        return self

    def _start(
        self, parts: Parts, goal: Goal, seed: int, is_whole: bool, kind: int
    ) -> Fitted:
        """Draw parameters, and learn how to scale."""
        table, stream = parts.learn, parts.stream
        expansion = None
        if goal.reader is not None:
            expansion = Expansion.learn(table.X, tuple(goal.reader.levels))
            table = replace(table, X=expansion.expand(table.X))
        architecture = make_architecture(self, table.X, goal, is_whole, kind)
        rng = np.random.default_rng(seed)
        small = self.layer_rates == "equal"
        params = architecture.initial(rng, np.dtype(self.dtype), small)
        last = len(architecture.hidden)
        views = architecture.views(params)
        goal.start(views[f"weights{last}"], views[f"biases{last}"])
        known = None if stream is None else stream.totals.columns
        inputs = self._scaling(table, known)
        return Fitted(
            architecture,
            Parameters.start(params),
            replace(inputs, expansion=expansion),
            self._target_scaling(parts, goal),
            make_settings(self, architecture, goal, 1, seed).noise(),
            seed,
            built_with(self),
        )

    def _scaling(self, table: Table, moments: ScalingMoments | None = None) -> Scaling:
        if isinstance(self.standardize, str):
            return Scaling.robust(table.X, table.weights, _CLIP)
        if self.standardize:
            found = moments or ScalingMoments.of(table.X, table.weights)
            return Scaling.standard(found)
        return Scaling.none(table.X.shape[1])

    def _take_more(
        self, before: Ensemble | None, X: Any, y: Any, sample_weight: Any, seed: int
    ) -> FitInput:
        """Check what was passed, also whether the networks before can go on from it."""
        if before is None:
            return self._take(X, y, sample_weight, True, seed)
        check_built_with(self, before.first.built_with)
        if self.n_members not in ("auto", before.n_planned):
            raise ValueError(
                f"n_members={self.n_members!r} cannot go on from "
                f"{before.n_planned} networks: fit with warm_start=False to begin "
                "anew."
            )
        given = self._take(X, y, sample_weight, False, seed)
        n_features = given.table.X.shape[1]
        if self.n_features_in_ != n_features:
            raise ValueError(
                f"X has {n_features} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input."
            )
        names = getattr(self, "feature_names_in_", None)
        check_names("X", given.names, "feature_names_in_", names)
        return given if given.names is not None else given._replace(names=names)

    def _train(
        self,
        before: Ensemble | None,
        parts: list[Parts],
        given: FitInput,
        seed: int,
        monitors: bool,
        passed: tuple[Any, Any],
        history: dict[str, Any] | None = None,
    ) -> None:
        """Train copies of the networks, then keep what was found.

        With ``history``, the attributes of earlier epochs, one more epoch. ``passed``
        are X and y as the user passed them, for callbacks.
        """
        goal, names = given.goal, given.names
        if before is None and not any(each.holds_out for each in parts):
            goal = self._without_intervals(goal)
        seeds = [member_seed(seed, number) for number in range(len(parts))]
        networks = self._networks(before, parts, goal, seeds, history is None)
        choice = None
        if monitors and len(parts) > 1:
            choice = self._choice(goal)
        settings = []
        for network, each, own in zip(networks, parts, seeds, strict=True):
            jointly = choice is not None and each.stream is None
            chosen = make_settings(
                self,
                network.architecture,
                goal,
                each.n_rows,
                own,
                jointly,
                is_alone=len(parts) == 1,
            )
            settings.append(chosen if history is None else chosen.for_one_epoch())
            network.dropout = chosen.noise()
        has_begun = networks[0].parameters.n_steps > 0
        rows_before = self.t_ if has_begun else 0
        folds = seed if before is None else before.seed

        def attributes(
            ensemble: Ensemble, trained: list[Trained] | None = None
        ) -> dict[str, Any]:
            found = self._attributes(ensemble, goal, names)
            if trained:
                found |= fitted_curves(trained, self._scores, history)
                rows = sum(each.result.n_epochs * each.parts.n_rows for each in trained)
                found["t_"] = rows_before + rows
            return found

        data = {"X": passed[0], "y": passed[1]}
        context = None
        if history is None and getattr(self, "_skl_callbacks", None):
            subtasks = sum(each.max_iter for each in settings)
            context = self._init_callback_context(max_subtasks=subtasks)
            context.call_on_fit_task_begin(estimator=self, **data)

        def watching(
            number: int, trained: list[Trained], network: Fitted, rows: Parts
        ) -> TrainingProgress:
            done = tuple(each.network for each in trained)
            now = Ensemble((*done, network), folds)
            title = f"member {number + 1} of {len(parts)}" if len(parts) > 1 else ""
            return TrainingProgress(self, context, lambda: attributes(now), data, title)

        members = Members(
            networks, parts, settings, monitors, self.shuffle, self.buffer_chunks
        )
        watched = context is not None or bool(self.verbose)
        trained = members.train(watching if watched else None, choice)
        # Networks that were good before must not be lost.
        goes_on = before is not None or history is not None
        self._refuse_nothing(trained, goes_on and members.n_lost > 0)
        if before is None:
            n_planned, numbers = len(parts), tuple(members.kept)
        else:
            n_planned = before.n_planned
            numbers = tuple(before.numbers[k] for k in members.kept)
        ensemble = Ensemble(
            tuple(each.network for each in trained),
            folds,
            n_planned=n_planned,
            numbers=numbers,
        )
        judges = judges_of(trained, monitors)
        temperature = self._temperature(goal, judges, len(trained))
        ensemble = replace(ensemble, temperature=temperature)
        found = attributes(ensemble, trained)
        found |= self._calibrate(ensemble, judges, given)
        if context is not None:
            context.call_on_fit_task_end(
                estimator=self, reconstruction_attributes=lambda: found, **data
            )
        if len(ensemble.members) > 1:
            found["estimators_"] = [
                self._alone(each, ensemble.alone(number), goal, names)
                for number, each in enumerate(trained)
            ]
        for name in _OPTIONAL:
            if name not in found:
                self.__dict__.pop(name, None)
        self.__dict__.update(found)
        if history is None:
            name = type(self).__name__
            warn_of(name, trained, settings[0], self.early_stopping, members.n_lost)

    def _networks(
        self,
        before: Ensemble | None,
        parts: list[Parts],
        goal: Goal,
        seeds: list[int],
        is_whole: bool,
    ) -> list[Fitted]:
        """Begin a network for each member, or copy those before."""
        if before is not None:
            return [
                replace(network, parameters=network.parameters.copy())
                for network in before.members
            ]
        return [
            self._start(each, goal, own, is_whole, kind)
            for each, own, kind in zip(parts, seeds, kinds_of(parts), strict=True)
        ]

    def _alone(
        self,
        trained: Trained,
        ensemble: Ensemble,
        goal: Goal,
        names: NDArray[Any] | None,
    ) -> Any:
        """Return a member as an estimator of its own."""
        member = clone(self).set_params(n_members=1)
        found = self._attributes(ensemble, goal, names) | fitted_curves(
            [trained], self._scores, None
        )
        found["t_"] = trained.result.n_epochs * trained.parts.n_rows
        member.__dict__.update(found | self._uncalibrated())
        return member

    def _refuse_nothing(self, trained: list[Trained], is_lost: bool) -> None:
        """Refuse a fit that taught nothing, or ``is_lost`` for its first epoch."""
        result = trained[0].result if trained else None
        if result is not None and result.n_epochs and not is_lost:
            return
        if is_lost or (result is not None and result.outcome == "diverged"):
            raise ValueError(
                f"{type(self).__name__}: the loss is not finite in the first epoch. "
                "Lower learning_rate_init, use standardize=True, or look for extreme "
                "values in X and y."
            )
        raise KeyboardInterrupt  # nothing learned that could be kept

    def _attributes(
        self, ensemble: Ensemble, goal: Goal, names: NDArray[Any] | None
    ) -> dict[str, Any]:
        """Give the attributes that prediction needs."""
        architecture = ensemble.first.architecture
        found: dict[str, Any] = {
            "_ensemble": ensemble,
            "n_layers_": len(architecture.hidden) + 2,
            "n_outputs_": goal.n_outputs - goal.n_beside,
            "n_features_in_": goal.n_features,
            "_reader": goal.reader,
            **goal.attributes,
        }
        if len(ensemble.members) == 1:
            found["coefs_"], found["intercepts_"] = ensemble.first.layers(
                ensemble.temperature, goal.loss
            )
        if names is not None:
            found["feature_names_in_"] = names
        return found

    def _check_X(self, X: Any) -> Any:
        """Check rows to predict for, of any kind.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Rows to predict for.
        """
        self._check_fitted()
        check_same_features(self, X)
        members = self._ensemble.members
        center = members[0].inputs.center
        X = self._read(self._reader, X, self.n_features_in_, lambda: center)
        names = getattr(self, "feature_names_in_", None)
        for inputs in [each.inputs for each in members]:
            refuse_far("X", X, inputs, names)
            if inputs.is_none:  # and those of the others
                break
        return X

    def _check_fitted(self) -> None:
        if "_ensemble" not in self.__dict__:
            check_is_fitted(self, "_ensemble")

    def _draw_seed(self, random_state: Any) -> int:
        return int(check_random_state(random_state).randint(2**31 - 1))

    def __sklearn_is_fitted__(self) -> bool:
        return "_ensemble" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags

    # What subclasses decide.
    def _without_intervals(self, goal: Goal) -> Goal:
        """Leave out what only held-out rows could put to use."""
        return goal

    def _target_scaling(self, parts: Parts, goal: Goal) -> Scaling:
        return Scaling.none(parts.learn.targets.shape[1])

    def _scores(self, means: Floats, fitted: Fitted, held_out: Table) -> list[float]:
        raise NotImplementedError

    def _choice(self, goal: Goal) -> EpochChoice | None:
        """Give what chooses the epoch of several networks, where not each its own."""
        return None

    def _temperature(self, goal: Goal, judges: Judges, n_members: int) -> float:
        """Learn from held-out rows what to divide outputs by."""
        return 1.0

    def _calibrate(
        self, ensemble: Ensemble, judges: Judges, given: FitInput
    ) -> dict[str, Any]:
        """Learn from held-out rows how far predictions are off."""
        raise NotImplementedError

    def _uncalibrated(self) -> dict[str, Any]:
        """Give what stands for `_calibrate` where no rows were held out."""
        raise NotImplementedError


def member_seed(seed: int, number: int) -> int:
    """Return the seed of a member; the first has that of the ensemble."""
    if not number:
        return seed
    return int(np.random.default_rng([seed, number]).integers(2**31 - 1))
