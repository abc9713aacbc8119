"""What a fit did, shown in pictures."""

from regkit.inspection.fit_display import FitComparisonDisplay
from regkit.inspection.geometry_display import PenaltyGeometryDisplay
from regkit.inspection.interval_display import PredictionIntervalDisplay
from regkit.inspection.loss_display import LossCurveDisplay
from regkit.inspection.path_display import RegularizationPathDisplay
from regkit.inspection.prediction_display import PredictedActualDisplay
from regkit.inspection.selection_display import AlphaSelectionDisplay

__all__ = [
    "RegularizationPathDisplay",
    "AlphaSelectionDisplay",
    "FitComparisonDisplay",
    "LossCurveDisplay",
    "PredictionIntervalDisplay",
    "PenaltyGeometryDisplay",
    "PredictedActualDisplay",
]
