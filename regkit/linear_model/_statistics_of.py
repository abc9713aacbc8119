"""The statistics of rows that are visited chunk by chunk, and problems of them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.designs import make_design
from regkit.linear_model._statistics_checks import check_fold
from regkit.linear_model._wide import MOST_SUMMED_UP
from regkit.linear_model.statistics import SufficientStatistics, of_rows
from regkit.rows.inputs import check_fit_data
from regkit.rows.sources import Block, RowSource, as_source, refuse


class Problem(NamedTuple):
    """What paths are solved of, whether the rows are held or visited."""

    design: Any
    y: Floats
    """The targets, or what stands for them."""
    feature_names: NDArray[Any] | None


def problem_of(
    name: str,
    caller: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    fit_intercept: bool,
    standardize: bool,
) -> Problem:
    """Check rows and make a design of them: from their sums where they are visited.

    Parameters
    ----------
    name : str
        Of the public function, for messages.
    caller : estimator or str
        As for `check_fit_data`.
    X, y, sample_weight : object
        As the user passed them. A memory map, however large, is used in place.
    fit_intercept, standardize : bool

    Returns
    -------
    problem : Problem

    Raises
    ------
    ValueError, TypeError
        When the data is not usable, or visited rows have too many columns to sum up.
    """
    source = None if isinstance(X, np.ndarray) else as_source(X)
    with np.errstate(over="ignore", invalid="ignore"):  # told where gaps are judged
        if source is None:
            data = check_fit_data(caller, X, y, sample_weight)
            design = make_design(data.X, data.sample_weight, fit_intercept, standardize)
            return Problem(design, data.y, data.feature_names)
        if source.n_features > MOST_SUMMED_UP:
            raise ValueError(
                f"{name} takes at most {MOST_SUMMED_UP:,} columns of rows that are "
                f"read in chunks, X has {source.n_features:,}: fit LassoRegressorCV, "
                "ElasticNetRegressorCV, or an estimator for each alpha."
            )
        statistics = statistics_of(source, y, sample_weight)
        summed_up, targets = statistics.problem(fit_intercept, standardize)
        return Problem(summed_up, targets, statistics.feature_names)


def statistics_of(
    source: RowSource,
    y: Any,
    sample_weight: Any,
    labels: NDArray[np.int64] | None = None,
) -> SufficientStatistics:
    """Sum up all rows in one pass.

    Raises
    ------
    ValueError, TypeError
        When a chunk is not usable; the message says which.
    """
    found = sums_of(source, y, sample_weight, labels)
    if not found.total_weight > 0.0:
        raise ValueError("sample_weight must not be all zero.")
    return found


def sums_of(
    source: RowSource,
    y: Any,
    sample_weight: Any,
    labels: NDArray[np.int64] | None = None,
) -> SufficientStatistics:
    """Sum up all rows in one pass; they may all be of weight zero."""
    return source.reduce(sum_up, merged, y, sample_weight, labels)


def in_folds(
    source: RowSource, y: Any, sample_weight: Any, fold: Any
) -> SufficientStatistics:
    """Sum up all rows in the folds that the user says; see `SufficientStatistics`."""
    if np.ndim(fold):
        labels = check_fold(fold, source.targets(y)[1])
        return sums_of(source, y, sample_weight, labels)
    label = int(check_fold(fold, 1)[0])
    found = sums_of(source, y, sample_weight)
    [whole] = found._parts.values()
    found._parts = {label: whole}
    return found


def sum_up(block: Block) -> SufficientStatistics:
    """Return the statistics of a block."""
    try:
        return of_rows(block.data, block.labels)
    except ValueError as error:
        refuse(block, str(error))


def merged(parts: Iterable[SufficientStatistics]) -> SufficientStatistics:
    """Return the statistics of all rows; the parts stay as they are."""
    total = SufficientStatistics()
    for part in parts:
        total.merge(part)
    return total
