"""Elastic net: least squares with a mix of L1 and L2 penalties."""

from typing import Any, ClassVar

from regkit.linear_model._parameters import ALPHA, COMMON, L1_RATIO
from regkit.linear_model._single_alpha import LeastSquaresModel


class ElasticNetRegressor(LeastSquaresModel):
    r"""Linear regression with L1 and L2 penalties, solved to a certified optimum.

    Minimizes over the coefficients :math:`\beta` and the intercept :math:`b`

    .. math::

        \frac{1}{2n} \sum_i w_i (y_i - x_i^\top \beta - b)^2
        + \alpha \sum_j f_j \left( \rho |\beta_j|
        + \frac{1 - \rho}{2} \beta_j^2 \right)
        \quad \text{subject to} \quad l_j \le \beta_j \le u_j,

    where :math:`w` are the `sample_weight` rescaled to sum to :math:`n`, :math:`f`
    the `penalty_factor`, :math:`l, u` the `bounds` and :math:`\rho` the `l1_ratio`.
    Many coefficients are exactly zero at the optimum; correlated columns share theirs.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, non-negative, on the scale of scikit-learn's
        `ElasticNet`. 0 gives ordinary least squares.
    l1_ratio : float, default=0.5
        Share of the L1 penalty, from 0 to 1: 1 is the Lasso, 0 a ridge penalty.
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
    solver : {"auto", "active_set", "coordinate_descent"}, default="auto"
        How to solve; "auto" picks by the shape of the problem. The answer is the same.
    tol : float, default=1e-8
        The fit has converged when its duality gap is at most `tol` times the
        objective of the model without features,
        :math:`\frac{1}{2n} \sum_i w_i (y_i - \bar y)^2`, with :math:`\bar y` the
        weighted mean of y, or 0 without intercept.
    max_iter : int, default=1000
        Iterations allowed.
    warm_start : bool, default=False
        Whether to start from the previous `coef_` when its shape fits.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in float64.
    sparse_coef_ : sparse matrix of shape (1, n_features) or (n_targets, n_features)
        `coef_` as a CSR matrix.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0 with ``fit_intercept=False``.
    n_iter_ : int or ndarray of shape (n_targets,)
        Iterations run.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap reached, in the units of the objective: how far above the optimum
        the objective can be at most.
    solver_ : str
        What ran: "active_set", "coordinate_descent", "qr" or "least_squares"; several
        names, joined by "+", where several did.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`; only when X has string column names.
    statistics_ : SufficientStatistics
        Of the rows seen; only after `partial_fit`.

    See Also
    --------
    enet_path : The whole path of solutions along alpha.
    LassoRegressor : With the L1 penalty alone.
    RidgeRegressor : With the L2 penalty alone, on another scale of alpha.

    Notes
    -----
    R's glmnet rescales y to unit standard deviation :math:`\sigma_y` (with 1/n)
    before it applies the L2 part. Its ``lambda`` and ``alpha``, :math:`\lambda` and
    :math:`\rho'`, correspond to :math:`\alpha = \lambda (\rho' + (1 - \rho') /
    \sigma_y)` and :math:`\rho = \lambda \rho' / \alpha` here. It standardizes by
    default.

    References
    ----------
    .. [1] H. Zou and T. Hastie, "Regularization and variable selection via the
       elastic net", Journal of the Royal Statistical Society B 67, 2005.
    .. [2] J. Friedman, T. Hastie and R. Tibshirani, "Regularization paths for
       generalized linear models via coordinate descent", Journal of Statistical
       Software 33, 2010.

    Examples
    --------
    >>> from regkit.linear_model import ElasticNetRegressor
    >>> X = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [3.0, 1.0]]
    >>> y = [0.0, 2.0, 4.0, 5.0]
    >>> model = ElasticNetRegressor(alpha=0.1).fit(X, y)
    >>> model.coef_.round(4)
    array([1.5962, 0.    ])
    >>> print(model.intercept_.round(4))
    0.3558
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "alpha": ALPHA,
        "l1_ratio": L1_RATIO,
        **COMMON,
        "warm_start": ["boolean"],
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        standardize: bool = False,
        positive: bool = False,
        bounds: Any = None,
        penalty_factor: Any = None,
        solver: str = "auto",
        tol: float = 1e-8,
        max_iter: int = 1000,
        warm_start: bool = False,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.positive = positive
        self.bounds = bounds
        self.penalty_factor = penalty_factor
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    def _l1_ratio(self) -> float:
        return float(self.l1_ratio)

    def _counterpart(self, alpha: Any, l1_ratio: float) -> Any:
        # Nothing else needs scikit-learn's linear models.
        from sklearn.linear_model import ElasticNet

        return ElasticNet(
            alpha,
            l1_ratio=l1_ratio,
            positive=self.positive,
            fit_intercept=self.fit_intercept,
        )
