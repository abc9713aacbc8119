"""How many examples a sweep runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import settings


def sweep(examples: int) -> Callable[[Any], Any]:
    """Run a property on this many examples in CI, more under a larger profile."""
    # The profile's own count, relative to the 100 of "ci", scales every sweep.
    return settings(max_examples=max(1, examples * settings().max_examples // 100))
