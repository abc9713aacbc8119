"""Speed and exactness of regkit against its peers: ``python -m benchmarks.linear``."""
