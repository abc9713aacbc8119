"""Regularized models compared on one table: which to take, and what it is worth."""

from __future__ import annotations

from regkit.comparison.compare import compare_regularizers
from regkit.comparison.display import RegularizerComparisonDisplay
from regkit.comparison.findings import ModelResult
from regkit.comparison.results import RegularizerComparison

__all__ = [
    "compare_regularizers",
    "ModelResult",
    "RegularizerComparison",
    "RegularizerComparisonDisplay",
]
