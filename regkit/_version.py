"""The version, of which the package's own files ask here."""

__version__ = "0.1.0"
