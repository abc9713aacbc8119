"""Networks with dropout, as scikit-learn estimators."""

from regkit.neural_network.classifier import DropoutMLPClassifier
from regkit.neural_network.regressor import DropoutMLPRegressor

__all__ = ["DropoutMLPClassifier", "DropoutMLPRegressor"]
