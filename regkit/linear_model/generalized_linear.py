"""Regression of counts and positive amounts: Poisson, Gamma and Tweedie."""

from __future__ import annotations

from dataclasses import field
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import d2_tweedie_score
from sklearn.utils.validation import column_or_1d

from regkit._bases import RegressorMixin
from regkit._describe import described_as, takes_parameters
from regkit._sklearn import check_same_names
from regkit._types import Floats
from regkit.linear_model._base import LinearRegressor
from regkit.linear_model._fit_parameters import FamilyParameters, L1Share
from regkit.linear_model._loss_base import LossEstimator, state_problem
from regkit.linear_model._loss_chunks import ChunkData, Kind, as_rows
from regkit.linear_model._loss_fit import LossModel
from regkit.linear_model._loss_problem import LossProblem
from regkit.linear_model._loss_scores import d2_in_chunks
from regkit.linear_model._problem import FitRows, Setup
from regkit.rows.inputs import check_fit_data, check_y, is_dask, missing_y
from regkit.rows.sources import Encode, RowSource, plain_targets
from regkit.solvers.loss_terms import SeparateTargets
from regkit.solvers.losses import GAMMA, POISSON, Loss, tweedie


class GeneralizedLinearBase(RegressorMixin, LossEstimator, FamilyParameters):
    """What these regressions do whatever way their alpha came about."""

    @described_as(LossEstimator._linear_predictor)
    def predict(self, X: Any, offset: Any = None) -> Any:
        """Predict the expected value of each row.

        Parameters
        ----------
        offset : array-like of shape (n_samples,), default=None
            Added to the linear predictor of each row, as in `fit`: the logarithm of
            its exposure gives expected counts, none gives those per unit of exposure.

        Returns
        -------
        y_pred : ndarray of shape (n_samples,)
            ``exp(X @ coef_ + intercept_ + offset)``; a Dask array or series, not yet
            computed, for a Dask array or data frame.
        """
        source = self._predicted_source(X, offset)
        if source is not None:
            return source.predict(self.predict)
        with np.errstate(over="ignore"):
            return np.exp(self._linear_predictor(X, offset))

    @described_as(LinearRegressor.score)
    def score(
        self, X: Any, y: Any = None, sample_weight: Any = None, offset: Any = None
    ) -> float:
        """Return D², the share of the deviance that is explained.

        It is R² with deviances in place of squared errors.

        Parameters
        ----------
        y : array-like of shape (n_samples,), default=None
            True targets. None where `RowChunks` bring them.
        offset : array-like of shape (n_samples,), default=None
            Offsets of the rows, as in `predict`.

        Returns
        -------
        score : float
            As scikit-learn's ``d2_tweedie_score``: 1 at best, 0 for the mean of y.
        """
        source = self._predicted_source(X, offset)
        power = family_power(self.family, self.power)
        if source is not None:
            predict = self._without_names().predict
            names, score = d2_in_chunks(source, y, sample_weight, predict, power)
            check_same_names(self, names)
            return score
        if y is None:
            raise missing_y(self)
        expected = self.predict(X, offset)
        return float(
            d2_tweedie_score(y, expected, sample_weight=sample_weight, power=power)
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = True
        return tags

    def _open(self, setup: Setup, given: FitRows) -> LossProblem:
        X, y, sample_weight, offset, caller = given
        data = check_fit_data(caller or self, X, y, sample_weight)
        data = data._replace(y=column_or_1d(data.y, warn=True))
        loss = family_loss(self.family, self.power)
        _check_range(data.y, self.family, setup.name, data.sample_weight)
        targets = np.ascontiguousarray(data.y, dtype=np.float64)[None]
        term = SeparateTargets(loss, targets, self._offset(offset, len(data.y)))
        return state_problem(setup, data, term, data.sample_weight)

    def _given(
        self, name: str, source: RowSource, given: FitRows
    ) -> tuple[ChunkData, Kind]:
        y = given.y
        encode: Encode = partial(_amounts, name, self.family)
        if y is not None and not is_dask(y):
            y, encode = encode(y), plain_targets
        loss = family_loss(self.family, self.power)
        kind = Kind(loss, as_rows, None, None)
        data = ChunkData(source, y, given.sample_weight, given.offset, encode)
        return data, kind

    def _counterpart(self, alpha: Any, l1_ratio: float) -> Any:
        # Nothing else needs scikit-learn's linear models.
        from sklearn.linear_model import (
            GammaRegressor,
            PoissonRegressor,
            TweedieRegressor,
        )

        options = {"alpha": alpha, "fit_intercept": self.fit_intercept}
        if self.family == "poisson":
            return PoissonRegressor(**options)
        if self.family == "gamma":
            return GammaRegressor(**options)
        return TweedieRegressor(power=self.power, link="log", **options)


def _amounts(name: str, family: str, y: Any) -> Floats:
    """Check targets of the family; some of them, where they come in parts."""
    amounts = np.ascontiguousarray(column_or_1d(check_y(name, y), warn=True))
    _check_sign(amounts, family, name)
    return amounts.astype(np.float64)


def family_power(family: str, power: float) -> float:
    """Return the exponent of the variance as a power of the mean."""
    return {"poisson": 1.0, "gamma": 2.0}.get(family, float(power))


def family_loss(family: str, power: float) -> Loss:
    """Return the loss of a family."""
    fixed = {"poisson": POISSON, "gamma": GAMMA}
    return fixed[family] if family in fixed else tweedie(float(power))


def _check_range(
    y: Floats, family: str, name: str, sample_weight: Floats | None
) -> None:
    """Raise where y cannot come from the family."""
    _check_sign(y, family, name)
    share: Any = 1.0
    if sample_weight is not None:
        share = sample_weight / sample_weight.sum()
        if np.any(y * sample_weight) and not np.any(y * share):
            raise ValueError(
                "sample_weight spans too many orders for float64: beside the others, "
                "rows in which y is not 0 have none."
            )
    if not np.any(y * share):
        raise ValueError(
            f"y must not be 0 in every row of positive weight: {name} with "
            f"family={str(family)!r} then has no finite intercept."
        )


def _check_sign(y: Floats, family: str, name: str) -> None:
    least = int(np.argmin(y))
    if y[least] < 0.0 or (family == "gamma" and y[least] == 0.0):
        allowed = "positive" if family == "gamma" else "non-negative"
        raise ValueError(
            f"y must be {allowed} for {name} with family={str(family)!r}: "
            f"y[{least}] is {y[least]:g}."
        )


@takes_parameters
class GeneralizedLinearRegressor(GeneralizedLinearBase, LossModel, L1Share):
    r"""Poisson, Gamma or Tweedie regression, solved to a certified optimum.

    With a log link: the expected value of row i is :math:`\mu_i = e^{z_i}`,
    :math:`z_i = x_i^\top \beta + b + o_i`. Minimizes over the coefficients
    :math:`\beta` and the intercept :math:`b`

    .. math::

        \frac{1}{2n} \sum_i w_i d(y_i, \mu_i)
        + \alpha \sum_j f_j \left( \rho |\beta_j|
        + \frac{1 - \rho}{2} \beta_j^2 \right)
        \quad \text{subject to} \quad l_j \le \beta_j \le u_j,

    where :math:`d` is the unit deviance of the family, :math:`w` are the
    `sample_weight` rescaled to sum to :math:`n`, :math:`o` the `offset`, :math:`f` the
    `penalty_factor`, :math:`\rho` the `l1_ratio` and :math:`l, u` the `bounds`.
    With ``l1_ratio=0``, `alpha` is that of scikit-learn's `PoissonRegressor`,
    `GammaRegressor` and `TweedieRegressor`.

    Exposure enters in one of two equal ways: counts with the logarithm of the exposure
    as `offset`, or, for Poisson, counts per unit of exposure with the exposure as
    `sample_weight`.

    Parameters
    ----------
    alpha : float, default=0.01
        Strength of the penalty, non-negative. 0 gives maximum likelihood.
    tol : float, default=1e-8
        The fit has converged when its duality gap is at most `tol` times half the mean
        deviance of the model without features.

    See Also
    --------
    GeneralizedLinearRegressorCV : With alpha chosen by cross-validation.
    glm_path : The whole path of solutions along alpha.

    References
    ----------
    .. [1] P. McCullagh and J. A. Nelder, "Generalized Linear Models", second edition,
       1989.
    .. [2] B. Jørgensen, "Exponential dispersion models", Journal of the Royal
       Statistical Society B 49, 1987.

    Examples
    --------
    Claims of policies that were insured for different times:

    >>> import numpy as np
    >>> from regkit import GeneralizedLinearRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 3))
    >>> years = rng.uniform(0.1, 2.0, size=500)
    >>> claims = rng.poisson(years * np.exp(0.5 * X[:, 0] - 1))
    >>> model = GeneralizedLinearRegressor(alpha=0.02)
    >>> by_offset = model.fit(X, claims, offset=np.log(years)).coef_.copy()
    >>> by_weight = model.fit(X, claims / years, sample_weight=years).coef_
    """

    alpha: float = field(default=0.01, kw_only=False)
