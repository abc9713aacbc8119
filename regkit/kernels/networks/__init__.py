"""Kernels of dropout networks, from vector operations to the whole training loop."""
