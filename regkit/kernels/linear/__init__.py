"""Kernels of the linear models: columns, factors, active sets and certificates."""
