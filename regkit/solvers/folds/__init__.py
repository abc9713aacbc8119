"""Paths of all cross-validation folds, for about the price of one path."""
