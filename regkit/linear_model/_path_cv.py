"""Choosing alpha, and the mix of penalties, along whole paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from regkit.linear_model._cv import CrossValidated
from regkit.linear_model._evaluation import Evaluation
from regkit.linear_model._grid import check_l1_ratios
from regkit.linear_model._selection import Choice


class PathCV(CrossValidated):
    """Base of the twins that choose alpha along a path, whatever their loss."""

    def _l1_ratios(self) -> list[float]:
        return check_l1_ratios(self.l1_ratio)

    def _check_one_is_enough(self, n_samples: int) -> None:
        """Refuse an information criterion of one sample."""
        if n_samples == 1:
            raise ValueError(
                f"criterion={self.criterion!r} cannot evaluate a fit to 1 sample."
            )

    def _attributes_of(
        self, best: Evaluation, choices: Sequence[Choice]
    ) -> dict[str, Any]:
        fitted = super()._attributes_of(best, choices)
        if hasattr(self, "l1_ratio"):
            fitted["l1_ratio_"] = best.l1_ratio
        if best.folds and self.store_fold_coefs:
            fitted["fold_coef_path_"] = np.stack([f.coef_path() for f in best.folds])
        return fitted
