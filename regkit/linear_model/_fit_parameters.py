"""Parameters of fits that several estimators share, with their descriptions.

Of the classes that one derives from, those listed last have their parameters first.
"""

from dataclasses import field
from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from regkit._describe import Constraints, takes_parameters
from regkit._sklearn import Interval, RealInterval, StrOptions

PATH_SOLVERS = frozenset({"auto", "active_set", "coordinate_descent"})
_TOL: list[Any] = [RealInterval(0, None, closed="left")]
_MAX_ITER: list[Any] = [Interval(Integral, 1, None, closed="left")]


@takes_parameters
class ProblemParameters:
    """Parameters of every linear model about its columns.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Whether to fit an intercept, which is never penalized.
    standardize : bool, default=False
        Whether the penalty acts on the coefficients of the columns scaled to unit
        weighted standard deviation. Coefficients and bounds stay in X's own units.
    positive : bool, default=False
        Whether coefficients must be non-negative.
    bounds : tuple of (lower, upper) or dict, default=None
        Limits of the coefficients: each side a number or an array of shape
        (n_features,), infinite where there is none, with lower <= 0 <= upper. A dict
        names columns of a data frame, as ``{"age": (0, None)}``; None is no limit.
    penalty_factor : array-like of shape (n_features,) or dict, default=None
        Multiplies the penalty of each coefficient; None means 1 for all. 0 leaves a
        coefficient unpenalized, inf excludes its column. Never rescaled. A dict names
        columns of a data frame, as ``{"age": 0}``; the others have 1.
    """

    fit_intercept: bool = True
    standardize: bool = False
    positive: bool = False
    bounds: Any = None
    penalty_factor: Any = None

    _parameter_constraints: ClassVar[Constraints] = {
        "fit_intercept": ["boolean"],
        "standardize": ["boolean"],
        "positive": ["boolean"],
        "bounds": [None, "array-like", dict],
        "penalty_factor": [None, "array-like", dict],
    }


@takes_parameters
class LeastSquaresParameters(ProblemParameters):
    r"""How least squares are solved.

    Parameters
    ----------
    solver : {"auto", "active_set", "coordinate_descent"}, default="auto"
        How to solve; "auto" picks by the shape of the problem. The answer is the same.
    tol : float, default=1e-8
        The fit has converged when its duality gap is at most `tol` times the
        objective of the model without features,
        :math:`\frac{1}{2n} \sum_i w_i (y_i - \bar y)^2`, with :math:`\bar y` the
        weighted mean of y, or 0 without intercept.
    max_iter : int, default=1000
        Iterations allowed.
    """

    solver: str = "auto"
    tol: float = 1e-8
    max_iter: int = 1000

    _parameter_constraints: ClassVar[Constraints] = {
        "solver": [StrOptions(set(PATH_SOLVERS))],
        "tol": _TOL,
        "max_iter": _MAX_ITER,
    }


@takes_parameters
class LossParameters(ProblemParameters):
    """How losses of classes and counts are solved.

    Parameters
    ----------
    tol : float, default=1e-8
        The fit has converged when its duality gap is at most `tol` times the mean loss
        of the model without features.
    max_iter : int, default=1000
        Newton steps allowed.
    """

    tol: float = 1e-8
    max_iter: int = 1000

    _parameter_constraints: ClassVar[Constraints] = {
        "tol": _TOL,
        "max_iter": _MAX_ITER,
    }


@takes_parameters
class OneAlpha:
    """What estimators for one alpha take; each describes its alpha.

    Parameters
    ----------
    warm_start : bool, default=False
        Whether to start from the previous `coef_` when its shape fits.
    """

    alpha: Any = field(default=1.0, kw_only=False)
    warm_start: bool = False

    _parameter_constraints: ClassVar[Constraints] = {
        "alpha": [RealInterval(0, None, closed="left")],
        "warm_start": ["boolean"],
    }


@takes_parameters
class L1Share:
    """How the penalty is mixed.

    Parameters
    ----------
    l1_ratio : float, default=1.0
        Share of the L1 penalty, from 0 to 1: 1 makes many coefficients exactly zero, 0
        is an L2 penalty alone.
    """

    l1_ratio: float = 1.0

    _parameter_constraints: ClassVar[Constraints] = {
        "l1_ratio": [RealInterval(0, 1, closed="both")],
    }

    @property
    def penalty(self) -> str:
        """Kind of penalty, "l1", "l2" or "elasticnet".

        scikit-learn's `SelectFromModel` reads it, to keep what is not zero.
        """
        return kind_of_penalty(self.l1_ratio)


def kind_of_penalty(l1_ratio: Any) -> str:
    """Name a penalty as scikit-learn does; several to choose from are a mix."""
    if np.ndim(l1_ratio) > 0:
        return "elasticnet"
    return {0.0: "l2", 1.0: "l1"}.get(float(l1_ratio), "elasticnet")


@takes_parameters
class ClassParameters:
    """Parameters of linear classifiers about the classes.

    Parameters
    ----------
    class_weight : dict or "balanced", default=None
        Weights of the classes, by label; a row's `sample_weight` is multiplied by that
        of its class. "balanced" gives every class the same total weight.
    """

    class_weight: Any = None

    _parameter_constraints: ClassVar[Constraints] = {
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }


@takes_parameters
class MultinomialParameters:
    """Parameters of logistic regression with more than two classes.

    Parameters
    ----------
    multinomial_penalty : {"separate", "grouped"}, default="separate"
        With more than two classes, what the L1 penalty of a column is of: the sizes of
        its coefficients, or the Euclidean norm of all of them, so that a column is in
        the model for all classes or for none. "grouped" takes no bounds.
    """

    multinomial_penalty: str = "separate"

    _parameter_constraints: ClassVar[Constraints] = {
        "multinomial_penalty": [StrOptions({"separate", "grouped"})],
    }


@takes_parameters
class FamilyParameters:
    """Which distribution counts or amounts have.

    Parameters
    ----------
    family : {"poisson", "gamma", "tweedie"}, default="poisson"
        Distribution of y: counts (y >= 0), positive amounts (y > 0) whose standard
        deviation is proportional to the mean, or amounts that can be 0.
    power : float, default=1.5
        Variance as a power of the mean, from 1 (Poisson) to 2 (Gamma); only for
        ``family="tweedie"``.
    """

    family: str = "poisson"
    power: float = 1.5

    _parameter_constraints: ClassVar[Constraints] = {
        "family": [StrOptions({"poisson", "gamma", "tweedie"})],
        "power": [RealInterval(1, 2, closed="both")],
    }


@takes_parameters
class HingeParameters:
    """Which loss of the margin.

    Parameters
    ----------
    loss : {"squared_hinge", "hinge"}, default="squared_hinge"
        "hinge" is the classical loss of support vector machines, which grows less with
        the distance of a row on the wrong side. It has no second derivative: expect
        about ten times as many steps.
    """

    loss: str = "squared_hinge"

    _parameter_constraints: ClassVar[Constraints] = {
        "loss": [StrOptions({"squared_hinge", "hinge"})],
    }
