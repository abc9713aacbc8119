"""The commands of ``python -m regkit``: arguments, messages, files; no computing."""
