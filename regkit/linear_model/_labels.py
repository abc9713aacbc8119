"""Class labels as users pass them: encoded, counted and weighted."""

import sys
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from regkit._types import Floats
from regkit.rows.inputs import in_numpy, missing_y


class Labels(NamedTuple):
    """The classes of y, and the class of every row."""

    classes: NDArray[Any]
    """(n_classes,) sorted, two or more."""
    codes: NDArray[np.int64]
    """(n_samples,) places in `classes`."""


def encode_labels(name: str, y: Any) -> Labels:
    """Find the classes of y.

    Parameters
    ----------
    name : str
        Of the estimator or function, for messages.
    y : array-like of shape (n_samples,) or (n_samples, 1)
        Strings, booleans, integers, objects or categories.

    Returns
    -------
    labels : Labels

    Raises
    ------
    ValueError, TypeError
        When labels are missing, continuous, of kinds that cannot be sorted, or all the
        same.
    """
    if y is None:
        raise missing_y(name)
    if sp.issparse(y):
        raise TypeError("y must be dense, got a sparse matrix; pass y.toarray().")
    values = _checked(y)
    classes, codes = unique_labels(values)
    refuse_unknown(values)
    _require_two(name, classes, f"its {len(values)} rows have")
    return Labels(classes, codes)


def of_lone_rows(classes: NDArray[Any]) -> str:
    """Say what a cross-validation does with the only row of each of some classes."""
    shown = ", ".join(map(repr, classes[:5].tolist()))
    if len(classes) == 1:
        return (
            f"y has a single row of the class {shown}. It is learned from and never "
            "held out, so nothing shows how well this class is predicted."
        )
    more = f" and {len(classes) - 5} more" if len(classes) > 5 else ""
    return (
        f"y has a single row of each of the classes {shown}{more}. Such rows are "
        "learned from and never held out, so nothing shows how well these classes are "
        "predicted."
    )


def classes_of_parts(name: str, parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Return the classes of rows whose parts have these, two or more.

    Raises
    ------
    ValueError
        When parts have labels of kinds that cannot be sorted, or there is one class.
    """
    kinds = {part.dtype.kind for part in parts}
    if len(kinds) > 1:  # numbers beside strings would all become strings
        parts = [part.astype(object) for part in parts]
    classes, _ = unique_labels(np.concatenate(parts))
    if classes.dtype == object:
        classes = np.array(classes.tolist(), dtype=object)
    _require_two(name, classes, "all of its rows have")
    return classes


def distinct_labels(y: Any) -> NDArray[Any]:
    """Return the classes of some rows."""
    values = _checked(y)
    refuse_unknown(values)
    return unique_labels(values)[0]


def codes_among(classes: NDArray[Any], y: Any) -> Floats:
    """Return the places of labels in ``classes``.

    Raises
    ------
    ValueError
        When a label is none of them.
    """
    present, codes = unique_labels(_checked(y))
    known = {label: place for place, label in enumerate(classes.tolist())}
    places = np.empty(len(present))
    for k, label in enumerate(present.tolist()):
        if label not in known:
            raise ValueError(
                f"y has the label {label!r}, which it did not have when it was read "
                "first; a source must give the same rows in every pass."
            )
        places[k] = known[label]
    return places[codes]


def _checked(y: Any) -> NDArray[Any]:
    values: NDArray[Any] = column_or_1d(in_numpy("y", y), warn=True)
    refuse_missing(values)
    if values.dtype.kind in "fc":
        assert_all_finite(values, input_name="y")
    return values


def kinds_of(values: NDArray[Any]) -> str:
    """Name the types of objects that cannot be sorted."""
    return " and ".join(sorted({type(value).__name__ for value in values}))


def unique_labels(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the labels, sorted, and the places of the values among them.

    Raises
    ------
    ValueError
        When they are of kinds that cannot be sorted.
    """
    try:
        classes, codes = np.unique(values, return_inverse=True)
    except TypeError:
        raise ValueError(
            f"y mixes labels of different kinds, {kinds_of(values)}: convert them to "
            "one kind, for example strings."
        ) from None
    return classes, codes.reshape(-1).astype(np.int64)


def _require_two(name: str, classes: NDArray[Any], who: str) -> None:
    if len(classes) == 1:
        raise ValueError(
            f"{name} needs at least 2 classes in y, but {who} one class, "
            f"{classes.tolist()[0]!r}."
        )


def refuse_missing(values: NDArray[Any]) -> None:
    """Raise where a label (n,) is missing, naming its row."""
    if values.dtype.kind not in "Of":
        return
    pandas = sys.modules.get("pandas")
    if values.dtype.kind == "f":
        missing = np.flatnonzero(np.isnan(values))
    elif pandas is not None:
        missing = np.flatnonzero(pandas.isna(values))
    else:
        missing = np.flatnonzero([v is None or v != v for v in values])
    if missing.size:
        raise ValueError(
            f"y must not hold missing labels: Input y contains NaN or None at row "
            f"{missing[0]}."
        )


def refuse_unknown(values: NDArray[Any]) -> None:
    """Raise where values (n,) are no labels to scikit-learn, as its metrics would."""
    if values.dtype == object and not isinstance(values.flat[0], str):
        raise ValueError(
            "Unknown label type: y is an array of objects, the first of them "
            f"{type(values.flat[0]).__name__}: convert it to numbers or strings, for "
            "example by y.astype(str)."
        )
    check_classification_targets(values)


def class_weighted(
    class_weight: Any, labels: Labels, sample_weight: Floats | None
) -> Floats | None:
    """Multiply the rows' weights by those of their classes.

    Parameters
    ----------
    class_weight : None, "balanced" or dict
        "balanced" gives every class the same total weight.
    labels : Labels
    sample_weight : ndarray of shape (n_samples,) or None

    Returns
    -------
    weight : ndarray of shape (n_samples,) or None
        None for equal weights.

    Raises
    ------
    ValueError
        When a weight is not a non-negative number, or a key is not a class.
    """
    if class_weight is None:
        return sample_weight
    counts = class_totals(labels, sample_weight)
    factors = class_factors(class_weight, labels.classes, counts)
    weight: Floats = factors[labels.codes]
    return weight if sample_weight is None else weight * sample_weight


def class_factors(class_weight: Any, classes: NDArray[Any], counts: Floats) -> Floats:
    """Return what the weights of rows of each class are multiplied by.

    ``counts`` (n_classes,) are the sums of the rows' weights; the others as for
    `class_weighted`, without None.
    """
    if not isinstance(class_weight, str):
        return _factors_of(class_weight, classes)
    with np.errstate(divide="ignore"):
        factors: Floats = counts.sum() / (len(counts) * counts)
    factors[counts == 0.0] = 0.0  # refused by `refuse_empty_classes`
    return factors


def _factors_of(class_weight: dict[Any, Any], classes: NDArray[Any]) -> Floats:
    for label, factor in class_weight.items():
        is_number = isinstance(factor, Real) and not isinstance(factor, bool)
        if not is_number or not 0.0 <= float(factor) < np.inf:
            raise ValueError(
                "class_weight must hold finite non-negative numbers: the weight of "
                f"class {label!r} is {factor!r}."
            )
    given = [label for label in classes.tolist() if label in class_weight]
    unknown = [label for label in class_weight if label not in given]
    # More keys than classes are usual where a part of the rows lacks a class.
    if unknown and len(given) < len(classes):
        raise ValueError(
            f"class_weight names the class {unknown[0]!r}, which y does not have: its "
            f"classes are {classes.tolist()!r}."
        )
    return np.array([float(class_weight.get(label, 1.0)) for label in classes.tolist()])


def refuse_empty_classes(labels: Labels, weight: Floats | None, where: str) -> None:
    """Raise where a class has no row of positive weight.

    Parameters
    ----------
    labels : Labels
    weight : ndarray of shape (n_samples,) or None
    where : str
        What has to have them, and what to do, for the message.

    Raises
    ------
    ValueError
        Naming the class.
    """
    refuse_without_weight(labels.classes, class_totals(labels, weight), where)


def class_totals(labels: Labels, weight: Floats | None) -> Floats:
    """Return the sum of the weights of each class's rows."""
    counts = np.bincount(labels.codes, weight, len(labels.classes))
    return counts.astype(np.float64)


def refuse_without_weight(classes: NDArray[Any], counts: Floats, where: str) -> None:
    """Raise where the weights of a class's rows sum to zero; see above."""
    empty = np.flatnonzero(~(counts > 0.0))
    if empty.size:
        raise ValueError(
            f"The class {classes.tolist()[empty[0]]!r} has no row of positive "
            f"weight{where}."
        )


def refuse_far_weights(classes: NDArray[Any], totals: Floats) -> None:
    """Raise where float64 cannot hold the classes' total weights beside each other.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
    totals : ndarray of shape (n_classes,)
        Sums of the rows' weights, `sample_weight` times `class_weight`.

    Raises
    ------
    ValueError
        Naming the class.
    """
    most, least = np.argmax(totals), np.argmin(totals)
    names = classes.tolist()
    with np.errstate(over="ignore"):
        is_finite = np.isfinite(totals.sum())
    if not is_finite:
        raise ValueError(
            "class_weight times sample_weight is too large for float64: the weights of "
            f"class {names[most]!r} sum to {totals[most]:g}; make them smaller."
        )
    if totals[least] < np.finfo(np.float64).tiny * totals[most]:
        raise ValueError(
            "class_weight times sample_weight spans too many orders for float64: the "
            f"weights of class {names[least]!r} sum to {totals[least]:g}, those of "
            f"class {names[most]!r} to {totals[most]:g}."
        )
