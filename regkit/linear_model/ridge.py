"""Ridge: least squares with an L2 penalty."""

from dataclasses import field, replace
from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from regkit._describe import Constraints, takes_parameters
from regkit._sklearn import Interval, RealInterval, StrOptions
from regkit._types import Floats
from regkit.linear_model._fit_parameters import PATH_SOLVERS
from regkit.linear_model._least_squares import MatrixProblem
from regkit.linear_model._limits import as_floats
from regkit.linear_model._problem import Limits
from regkit.linear_model._single_alpha import LeastSquaresModel
from regkit.solvers.alpha_scales import mean_scale
from regkit.solvers.folds.in_memory import PathSettings
from regkit.solvers.results import PathResult
from regkit.solvers.ridge.cholesky import Systems
from regkit.solvers.ridge.route import solve_ridge

RIDGE_SOLVERS = PATH_SOLVERS | {"cholesky", "svd", "conjugate_gradient"}
# Entries of the targets, repeated for several alphas, that are solved at once.
_BLOCK = 1 << 25
# Iterations of path solvers that may decide for themselves.
_MAX_ITER = 1000


@takes_parameters
class RidgeRegressor(LeastSquaresModel):
    r"""Linear regression with an L2 penalty, solved exactly.

    Minimizes over the coefficients :math:`\beta` and the intercept :math:`b`

    .. math::

        \sum_i w_i (y_i - x_i^\top \beta - b)^2 + \alpha \sum_j f_j \beta_j^2
        \quad \text{subject to} \quad l_j \le \beta_j \le u_j,

    where :math:`w` are the `sample_weight` as given, :math:`f` the `penalty_factor`
    and :math:`l, u` the `bounds`. Coefficients are shrunk, those of correlated columns
    toward each other.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
        Strength of the penalty, non-negative, on the scale of scikit-learn's `Ridge`;
        an array gives each target its own. 0 gives ordinary least squares.
    solver : {"auto", "cholesky", "svd", "conjugate_gradient", "active_set", \
            "coordinate_descent"}, default="auto"
        How to solve; "auto" picks the cheapest way that is exact. "svd" needs a dense
        X. Bounds and ``positive=True`` need "auto" or one of the last two.
    tol : float, default=1e-8
        Iterative solvers have converged when the duality gap of the objective divided
        by :math:`2 \sum_i w_i` is at most `tol` times its value for the model without
        features, :math:`\sum_i w_i (y_i - \bar y)^2 / (2 \sum_i w_i)`, with
        :math:`\bar y` the weighted mean of y, or 0 without intercept.
    max_iter : int or None, default=1000
        Iterations allowed to iterative solvers; None lets them decide.
    warm_start : bool, default=False
        Whether to start from the previous `coef_` when its shape fits; direct
        solvers have no use for it.

    Attributes
    ----------
    n_iter_ : int or ndarray of shape (n_targets,)
        Iterations run; 1 for direct solvers.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap reached, in the units of the objective divided by twice the sum
        of the weights: how far above the optimum it can be at most.
    solver_ : str
        What ran: "cholesky", "dual_cholesky", "svd", "conjugate_gradient",
        "least_squares", "active_set", "coordinate_descent" or "qr"; several names,
        joined by "+", where several did.

    See Also
    --------
    ElasticNetRegressor : With an L1 penalty as well.
    LassoRegressor : With the L1 penalty alone.

    Notes
    -----
    With n rows of weight 1, this is `ElasticNetRegressor` with ``l1_ratio=0`` and
    ``alpha / n``.

    References
    ----------
    .. [1] A. E. Hoerl and R. W. Kennard, "Ridge regression: biased estimation for
       nonorthogonal problems", Technometrics 12, 1970.
    .. [2] C. Saunders, A. Gammerman and V. Vovk, "Ridge regression learning algorithm
       in dual variables", International Conference on Machine Learning, 1998.

    Examples
    --------
    >>> from regkit.linear_model import RidgeRegressor
    >>> X = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [3.0, 1.0]]
    >>> model = RidgeRegressor(alpha=0.1).fit(X, [0.0, 2.0, 4.0, 5.0])
    >>> model.coef_.round(4)
    array([ 1.7028, -0.1844])
    >>> print(model.intercept_.round(4))
    0.288
    """

    alpha: Any = field(default=1.0, kw_only=False)
    max_iter: Any = 1000

    _parameter_constraints: ClassVar[Constraints] = {
        "alpha": [RealInterval(0, None, closed="left"), "array-like"],
        "solver": [StrOptions(set(RIDGE_SOLVERS))],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
    }

    def _counterpart(self, alpha: Any, l1_ratio: float) -> Any:
        # Nothing else needs scikit-learn's linear models.
        from sklearn.linear_model import Ridge

        options = {"positive": self.positive, "fit_intercept": self.fit_intercept}
        return Ridge(alpha, **options)

    def _l1_ratio(self) -> float:
        return 0.0

    def _settings(self) -> PathSettings:
        return PathSettings(float(self.tol), self.max_iter or _MAX_ITER, self.solver)

    def _solve(
        self, problem: Any, alphas: Floats, known: Systems | None = None
    ) -> PathResult:
        """Solve for one alpha per target; ``known`` may spare a factorization."""
        if self._needs_path_solver(problem.limits):
            scaled = mean_scale(alphas, problem.design.total_weight)
            found = super()._solve(problem, scaled)
            return replace(found, alphas=alphas)
        return self._solve_squares(problem, alphas, known=known)

    def _solve_many(self, problem: Any, alphas: Floats) -> PathResult:
        if self._needs_path_solver(problem.limits):
            scaled = mean_scale(alphas, problem.design.total_weight)
            found = super()._solve_many(problem, scaled)
            return replace(found, alphas=alphas)
        # All alphas share the decomposition of X.
        step = max(1, _BLOCK // problem.targets.size)
        blocks = [alphas[k : k + step] for k in range(0, len(alphas), step)]
        results = [
            self._solve_squares(
                problem,
                block.ravel(),
                columns=np.tile(np.arange(block.shape[1]), len(block)),
            )
            for block in blocks
        ]
        return PathResult.concat(results).reshaped(*alphas.shape)

    def _solve_squares(
        self, problem: MatrixProblem, alphas: Floats, **options: Any
    ) -> PathResult:
        """Solve by the spectrum of X, which needs no bounds."""
        design, factor = problem.design, problem.limits.factor
        found = solve_ridge(
            design,
            problem.targets,
            mean_scale(alphas, design.total_weight),
            np.ones(problem.n_features) if factor is None else factor,
            solver=self.solver,
            tol=float(self.tol),
            max_iter=self.max_iter,
            **options,
        )
        return replace(found, alphas=alphas)

    def _alphas(self, n_targets: int) -> Floats:
        """Return one alpha per target."""
        alphas = as_floats("alpha", self.alpha)
        if alphas.ndim == 0:
            alphas = np.full(n_targets, float(alphas))
        if alphas.ndim > 1:
            raise ValueError(
                "alpha must be a number or have one entry per target, got an array of "
                f"shape {alphas.shape}."
            )
        if alphas.shape != (n_targets,):
            raise ValueError(
                "alpha must be a number or have one entry per target. Number of "
                f"targets and number of penalties do not correspond: {alphas.size} != "
                f"{n_targets}."
            )
        wrong = np.flatnonzero(~((alphas >= 0) & np.isfinite(alphas)))
        if wrong.size:
            raise ValueError(
                "alpha must hold finite non-negative numbers: "
                f"alpha[{wrong[0]}] is {alphas[wrong[0]]:g}."
            )
        return alphas

    def _needs_path_solver(self, limits: Limits) -> bool:
        """Whether only the solvers of the elastic net can solve it."""
        self._check_solver(limits)
        return limits.bounded or self.solver in PATH_SOLVERS - {"auto"}

    def _check_solver(self, limits: Limits) -> None:
        """Refuse a solver that cannot keep to bounds, where there are any."""
        if limits.bounded and self.solver not in PATH_SOLVERS:
            raise ValueError(
                f"solver={self.solver!r} does not support positive=True or bounds; use "
                "solver='auto', 'active_set' or 'coordinate_descent' with them."
            )
