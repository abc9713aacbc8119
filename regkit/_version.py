"""The version, where the package's own files read it."""

__version__ = "0.1.0"
