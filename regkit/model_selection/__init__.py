"""Choosing parameters: a search along paths, and the one-standard-error rule."""

from regkit.model_selection.path_search import PathSearchCV
from regkit.model_selection.protocol import PathEstimator
from regkit.model_selection.standard_error import one_standard_error

__all__ = ["PathEstimator", "PathSearchCV", "one_standard_error"]
