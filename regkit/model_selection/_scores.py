"""Scoring many models on the same rows."""

import time
from collections.abc import Callable
from typing import Any

from regkit._sklearn import is_scored_by_predictions, score
from regkit.model_selection._composition import complete, predictor, transform_rows


class FoldScores:
    """Scores last steps on some rows of a fold.

    The rows are transformed once for all models, if scores depend on predictions only.
    Scorers that can look at the estimator get it whole, with rows of their own each
    time, since transformers may change rows in place.

    Parameters
    ----------
    fitted : estimator
        Everything around the last step, fitted.
    rows : callable
        Gives X and y.
    params : dict
        For the scorer.
    scorer, error_score : object
        The search's.
    """

    def __init__(
        self,
        fitted: Any,
        rows: Callable[[], tuple[Any, Any]],
        params: dict[str, Any],
        scorer: Any,
        error_score: Any,
    ) -> None:
        started = time.perf_counter()
        self._fitted, self._rows = fitted, rows
        self._how = (scorer, params, error_score)
        self._transformed: tuple[Any, Any] | None = None
        if is_scored_by_predictions(scorer, params):
            X, y = rows()
            try:
                self._transformed = transform_rows(fitted, X), y
            except Exception:  # which scoring will meet again, and report
                self._transformed = None
        self.seconds = time.perf_counter() - started

    def __call__(self, model: Any) -> Any:
        """Return the score, or scores by name, of a fitted last step."""
        if self._transformed is not None:
            return score(predictor(self._fitted, model), *self._transformed, *self._how)
        return score(complete(self._fitted, model), *self._rows(), *self._how)
