"""What the parameters of path functions may be, in scikit-learn's language."""

from numbers import Integral

from regkit._describe import Constraints
from regkit._sklearn import Interval, RealInterval

# Only the path functions take these; the others are those of an estimator.
GRID: Constraints = {
    "alphas": [None, Interval(Integral, 1, None, closed="left"), "array-like"],
    "n_alphas": [Interval(Integral, 1, None, closed="left")],
    "eps": [RealInterval(0, 1, closed="right")],
    "max_nonzero": [None, Interval(Integral, 1, None, closed="left")],
}
