"""What a fit did, shown: comparisons of regularizers."""

from regkit.inspection.compare import (
    ModelResult,
    RegularizerComparison,
    compare_regularizers,
)

__all__ = ["ModelResult", "RegularizerComparison", "compare_regularizers"]
