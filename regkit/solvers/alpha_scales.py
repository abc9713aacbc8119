"""The two scales of alpha.

The solvers minimize half the weighted mean of the squared errors plus alpha times the
penalty. Ridge, as scikit-learn has it, puts its alpha beside their sum: divided by
twice the sum of the weights, both are the same problem.
"""

from regkit._types import Floats


def mean_scale(alphas: Floats, total_weight: float) -> Floats:
    """Return alphas beside a sum of squares as the solvers take them."""
    return alphas / total_weight


def sum_scale(alphas: Floats, total_weight: float) -> Floats:
    """Return the solvers' alphas as they are beside a sum of squares."""
    return alphas * total_weight
