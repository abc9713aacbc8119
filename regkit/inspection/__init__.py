"""What a fit did, shown: pictures, and comparisons of regularizers."""

from regkit.inspection.compare import compare_regularizers
from regkit.inspection.comparison import ModelResult, RegularizerComparison
from regkit.inspection.comparison_display import RegularizerComparisonDisplay
from regkit.inspection.fit_display import FitComparisonDisplay
from regkit.inspection.geometry_display import PenaltyGeometryDisplay
from regkit.inspection.interval_display import PredictionIntervalDisplay
from regkit.inspection.loss_display import LossCurveDisplay
from regkit.inspection.path_display import RegularizationPathDisplay
from regkit.inspection.selection_display import AlphaSelectionDisplay

__all__ = [
    "RegularizationPathDisplay",
    "AlphaSelectionDisplay",
    "FitComparisonDisplay",
    "LossCurveDisplay",
    "PredictionIntervalDisplay",
    "PenaltyGeometryDisplay",
    "compare_regularizers",
    "ModelResult",
    "RegularizerComparison",
    "RegularizerComparisonDisplay",
]
