"""Which rows each fold trains on and holds out, and where arguments of `fit` go."""

from collections.abc import Iterator
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)

from regkit._sklearn import raise_for_params, routing_enabled, takes_weights
from regkit._types import Floats, Indices
from regkit.solvers.folds.fold import Fold


def each_fold(
    cv: Any, X: Any, y: Any, sample_weight: Floats | None, split_params: Any
) -> Iterator[Fold]:
    """Ask a splitter for one fold after the other, and check it.

    Parameters
    ----------
    cv : splitter
        As `check_cv` returns it.
    X, y, sample_weight : object
        The checked data.
    split_params : dict
        Passed on to ``cv.split``: `groups` and whatever else was routed there.

    Yields
    ------
    fold : Fold

    Raises
    ------
    ValueError
        When there is no fold, or one has nothing to train on or nothing to hold out.
    """
    if isinstance(cv, type) or hasattr(cv, "cv"):
        _check_splitter(cv)
    n_rows, k = X.shape[0], -1
    if sparse.issparse(X) and type(cv).__module__.startswith("sklearn."):
        # Those count the rows alone, and would have them stored by rows for it.
        X = np.broadcast_to(np.float64(0.0), (n_rows, 1))
    for k, pair in enumerate(cv.split(X, y, **split_params)):
        parts = []
        for kind, given in zip(("training", "held-out"), pair, strict=True):
            name, rows = f"{kind} rows of fold {k}", np.asarray(given)
            if rows.size and rows.dtype.kind not in "biu":
                raise ValueError(
                    f"cv must give the {name} as a list of integers or a mask, got "
                    f"{rows.ravel()[0].item()!r}."
                )
            try:
                chosen: Indices = np.arange(n_rows)[rows if rows.size else []]
            except IndexError as error:
                raise ValueError(
                    f"cv gives {name} that X, with {n_rows} rows, does not have: "
                    f"{error}."
                ) from None
            if chosen.ndim != 1:
                raise ValueError(
                    f"cv must give the {name} in one dimension, got shape "
                    f"{chosen.shape}."
                )
            if not chosen.size:
                raise ValueError(f"cv gives no {name}: every fold needs some.")
            parts.append(chosen)
        fold = Fold(*parts)
        if sample_weight is not None and not sample_weight[fold.train].any():
            raise ValueError(
                f"cv leaves nothing to train on: all training rows of fold {k} have "
                "sample_weight 0."
            )
        yield fold
    if k < 0:
        raise ValueError("cv gives no folds.")


def _check_splitter(cv: Any) -> None:
    """Refuse what `check_cv` lets through, and `split` could not explain."""
    if isinstance(cv, type):
        raise ValueError(
            f"cv must be a splitter, not its class: write {cv.__name__}() for "
            f"{cv.__name__}."
        )
    pairs = getattr(cv, "cv", None)  # of a list of folds
    for k, pair in enumerate(pairs if isinstance(pairs, list) else []):
        if not hasattr(pair, "__len__") or len(pair) != 2:
            raise ValueError(
                f"cv must give training rows and held-out rows of each fold, got "
                f"{pair!r} for fold {k}."
            )


def fold_labels(
    cv: Any, y: Floats | None, n_rows: int, split_params: dict[str, Any]
) -> NDArray[np.int64]:
    """Return the fold in which each row is held out, -1 for none.

    Raises
    ------
    ValueError
        When `each_fold` would raise; when a row is held out twice, or a fold leaves
        rows out that it does not hold out: then folds cannot share one pass over the
        rows.
    """
    labels = np.full(n_rows, -1)
    rows = np.broadcast_to(np.zeros(1), (n_rows, 1))
    for k, fold in enumerate(each_fold(cv, rows, y, None, split_params)):
        is_free = bool(np.all(labels[fold.test] == -1))
        labels[fold.test] = k
        is_complement = not np.any(labels[fold.train] == k)
        n_used = len(fold.train) + len(fold.test)
        if not is_free or not is_complement or n_used != n_rows:
            raise ValueError(
                f"cv must hold every row out at most once, and train on all others, "
                f"for rows that are read in chunks: fold {k} of {cv!r} does not."
            )
    return labels


def route(
    estimator: Any, params: dict[str, Any], sample_weight: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arguments of `fit` for the splitter, and those for the scorer.

    Without metadata routing, `groups` goes to the splitter, and the weights to the
    scorer.

    Parameters
    ----------
    estimator : estimator
        With `get_metadata_routing`.
    params : dict
        Further arguments of `fit`.
    sample_weight : object
        As passed to `fit`.

    Returns
    -------
    split_params, score_params : dict

    Raises
    ------
    ValueError
        When other arguments than `groups` are passed without metadata routing.
    """
    if routing_enabled():
        routed = process_routing(
            estimator, "fit", sample_weight=sample_weight, **params
        )
        score = routed["scorer"]["score"] if estimator.scoring is not None else {}
        return routed["splitter"]["split"] if "splitter" in routed else {}, score
    if params.keys() - {"groups"}:
        others = {name: value for name, value in params.items() if name != "groups"}
        raise_for_params(others, estimator, "fit")
    is_weighted = sample_weight is not None and takes_weights(estimator.scoring)
    return params, {"sample_weight": sample_weight} if is_weighted else {}


def for_scorer(params: dict[str, Any], sample_weight: Floats | None) -> dict[str, Any]:
    """Return a scorer one weight per row where `fit` was passed one number for all.

    Parameters
    ----------
    params : dict
        For the scorer, from `route`.
    sample_weight : ndarray of shape (n_samples,) or None
        As `check_fit_data` returns it.

    Returns
    -------
    params : dict
    """
    if isinstance(params.get("sample_weight"), Real):
        return params | {"sample_weight": sample_weight}
    return params


def make_router(estimator: Any, has_folds: bool = True) -> MetadataRouter:
    """Describe the routes to an estimator's splitter and scorer.

    Parameters
    ----------
    estimator : estimator
        With the parameters `cv` and `scoring`.
    has_folds : bool, default=True
        Whether there is a splitter at all.

    Returns
    -------
    router : MetadataRouter
    """
    router = MetadataRouter(owner=estimator).add_self_request(estimator)
    if has_folds:
        router.add(
            splitter=check_cv(estimator.cv),
            method_mapping=MethodMapping().add(caller="fit", callee="split"),
        )
    if estimator.scoring is not None:
        router.add(
            scorer=check_scoring(estimator, scoring=estimator.scoring),
            method_mapping=MethodMapping().add(caller="fit", callee="score"),
        )
    return router
