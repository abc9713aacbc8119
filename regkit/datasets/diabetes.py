"""The diabetes data of Efron et al. with its quadratic terms."""

from itertools import combinations
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes

from regkit.datasets._bunch import as_bunch

_DESCRIPTION = """\
Diabetes progression of 442 patients (Efron, Hastie, Johnstone and Tibshirani, "Least
angle regression", Annals of Statistics 32, 2004), quadratic model with 64 columns:
10 baseline variables (age, sex, bmi, bp and six blood serum measurements s1 to s6),
their 45 products in pairs ("age:bmi") and 9 squares ("bmi^2"). Sex has two values, so
its square would repeat it. Each column has mean 0 and sum of squares 1. The target is
a measure of disease progression one year after baseline (25 to 346)."""


def load_diabetes_interactions(
    *, return_X_y: bool = False, as_frame: bool = False
) -> Any:
    """Load the diabetes data with all its quadratic terms: 442 rows, 64 columns.

    The baseline variables are scikit-learn's bundled ones (nothing is downloaded):
    10 main effects, then 45 products in pairs, then 9 squares. The square of sex is
    left out, for sex has two values and its square is a linear function of it. As in
    the paper's quadratic model, every column has mean 0 and sum of squares 1.

    Parameters
    ----------
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a bunch.
    as_frame : bool, default=False
        Return a pandas DataFrame and Series instead of arrays. Needs pandas.

    Returns
    -------
    data : Bunch
        With ``data`` (442, 64), ``target`` (442,), ``feature_names`` (64 names, such
        as ``"bmi"``, ``"age:bmi"``, ``"bmi^2"``) and ``DESCR``; or the pair
        ``(data, target)`` with ``return_X_y=True``.

    Raises
    ------
    ImportError
        With ``as_frame=True`` where pandas is not installed.

    References
    ----------
    B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, "Least angle regression",
    Annals of Statistics 32(2), 407-499, 2004.

    Examples
    --------
    >>> from regkit.datasets import load_diabetes_interactions
    >>> diabetes = load_diabetes_interactions()
    >>> diabetes.data.shape
    (442, 64)
    >>> diabetes.feature_names[9:12], diabetes.feature_names[-1]
    (['s6', 'age:sex', 'age:bmi'], 's6^2')
    """
    bundled = load_diabetes()
    main: list[str] = list(bundled.feature_names)
    columns = dict(zip(main, bundled.data.T, strict=True))
    quadratic = {f"{a}:{b}": columns[a] * columns[b] for a, b in combinations(main, 2)}
    quadratic |= {f"{a}^2": columns[a] ** 2 for a in main if a != "sex"}
    for name, column in quadratic.items():
        centered = column - column.mean()
        columns[name] = centered / np.linalg.norm(centered)
    bunch = as_bunch(
        data=np.column_stack(list(columns.values())),
        target=bundled.target,
        feature_names=list(columns),
        target_name="progression",
        as_frame=as_frame,
        DESCR=_DESCRIPTION,
    )
    return (bunch.data, bunch.target) if return_X_y else bunch
